"""The edit form of supplier products. Their prices have a form of their own."""

from imsop.identity.roles.permissions import Permission
from imsop.purchasing.supplier_products import actions
from imsop.purchasing.supplier_products.events import (
    SUPPLIER_PRODUCT_CHANGED,
    SUPPLIER_PRODUCT_CREATED,
    SUPPLIER_PRODUCT_DELETED,
)
from imsop.purchasing.supplier_products.models import NewSupplierProduct, SupplierProductChanges
from imsop.ui.language import N_
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.pages.row_filters import PRODUCT, SUPPLIER
from imsop.web.places import PLACES

EDITOR = Editor(
    place=PLACES["supplier_product"],
    new_title=N_("New supplier product"),
    write=Permission.SUPPLIERS_WRITE,
    sections=(
        Section(
            N_("Identity"),
            (
                Field("supplier_id", N_("Supplier"), is_fixed=True),
                Field("product_id", N_("Product"), is_fixed=True),
                Field("supplier_sku", N_("Supplier's number")),
                Field("supplier_product_name", N_("Supplier's name for it")),
                Field("is_preferred", N_("Preferred supplier of this product"), "check"),
            ),
        ),
        Section(
            N_("Terms"),
            (
                Field(
                    "units_per_pack",
                    N_("Units per pack"),
                    "number",
                    hint=N_("Of the supplier; empty for the product's own."),
                ),
                Field("minimum_quantity", N_("Minimum quantity"), "number"),
                Field(
                    "lead_time_days",
                    N_("Agreed lead time in days"),
                    "number",
                    hint=N_("For this product; empty for what is agreed with the supplier."),
                ),
                Field("note", N_("Note"), "long"),
            ),
        ),
    ),
    new=NewSupplierProduct,
    changes=SupplierProductChanges,
    get_row=actions.get_supplier_product,
    create=actions.create_supplier_product,
    edit=actions.edit_supplier_product,
    delete=actions.delete_supplier_product,
    name="product_name",
    created=SUPPLIER_PRODUCT_CREATED,
    changed=SUPPLIER_PRODUCT_CHANGED,
    deleted=SUPPLIER_PRODUCT_DELETED,
    changes_others=(SUPPLIER_PRODUCT_CHANGED,),
    pickers={one.parameter: one.picker for one in (SUPPLIER, PRODUCT)},
)

PAGES = EDITOR.routes()
