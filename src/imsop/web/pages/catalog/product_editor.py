"""The edit form of products."""

from typing import get_args

from imsop.catalog.products import actions
from imsop.catalog.products.events import PRODUCT_CHANGED, PRODUCT_CREATED, PRODUCT_DELETED
from imsop.catalog.products.models import NewProduct, ProductChanges, ProductStatus
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.places import PLACES

EDITOR = Editor(
    place=PLACES["product"],
    new_title=N_("New product"),
    write=Permission.PRODUCTS_WRITE,
    sections=(
        Section(
            N_("Identity"),
            (
                Field("sku", N_("SKU"), finds_similar=True),
                Field("name", N_("Name"), finds_similar=True),
                Field("category", N_("Category")),
                Field("description", N_("Description"), "long"),
                Field("status", N_("Status"), "choice", options=get_args(ProductStatus)),
            ),
        ),
        Section(
            N_("Units and packs"),
            (
                Field(
                    "unit_of_measure", N_("Unit"), hint=N_("What stock is counted in, such as piece or kg.")
                ),
                Field("units_per_pack", N_("Units per pack"), "number"),
                Field(
                    "gtin",
                    N_("GTIN"),
                    "number",
                    hint=N_("8, 12, 13 or 14 digits; the last is a check digit."),
                ),
            ),
        ),
        Section(
            N_("Planning"),
            (
                Field(
                    "reorder_level",
                    N_("Reorder level"),
                    "number",
                    hint=N_("Below this, the product is to be ordered."),
                ),
                Field("reorder_quantity", N_("Reorder quantity"), "number"),
            ),
        ),
        Section(
            N_("Prices"),
            (
                Field("unit_cost", N_("Unit cost"), "price"),
                Field("selling_price", N_("Selling price"), "price"),
            ),
        ),
    ),
    new=NewProduct,
    changes=ProductChanges,
    get_row=actions.get_product,
    create=actions.create_product,
    edit=actions.edit_product,
    delete=actions.delete_product,
    name="sku",
    created=PRODUCT_CREATED,
    changed=PRODUCT_CHANGED,
    deleted=PRODUCT_DELETED,
    found_as="product",
)

PAGES = EDITOR.routes()
