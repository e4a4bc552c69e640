"""The list of products and its export."""

from collections.abc import Callable
from typing import Literal

from litestar import Response, get

from imsop.catalog.products import queries as products_queries
from imsop.catalog.products.models import Product, ProductStatus
from imsop.core.fields import Text100
from imsop.core.listing import Cursor
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.stock import queries as inventory
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import Flag
from imsop.web.pages.lists import export, show

COLUMNS = (
    Column("sku", N_("SKU"), sort="sku"),
    Column("name", N_("Name"), sort="name"),
    Column("category", N_("Category")),
    Column("on_hand", N_("On hand"), "number"),
    Column("available", N_("Available"), "number"),
    Column("reorder_level", N_("Reorder level"), "number"),
    Column("unit", N_("Unit"), shown=False),
    Column("gtin", N_("GTIN"), shown=False),
    Column("unit_cost", N_("Unit cost"), "number"),
    Column("selling_price", N_("Selling price"), "number", shown=False),
    Column("status", N_("Status")),
)


CELLS: dict[str, Callable[[Product], object]] = {
    "sku": lambda row: row.sku,
    "name": lambda row: row.name,
    "category": lambda row: row.category,
    "unit_of_measure": lambda row: row.unit_of_measure,
    "units_per_pack": lambda row: row.units_per_pack,
    "gtin": lambda row: row.gtin,
    "unit_cost": lambda row: row.unit_cost,
    "selling_price": lambda row: row.selling_price,
    "reorder_level": lambda row: row.reorder_level,
    "reorder_quantity": lambda row: row.reorder_quantity,
    "status": lambda row: row.status,
    "id": lambda row: row.id,
}


ProductSort = Literal["sku", "-sku", "name", "-name"]


@get("/products", opt=allow(Permission.PRODUCTS_READ), include_in_schema=False)
async def products_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: ProductStatus | None = None,
    category: Text100 | None = None,
    out_of_stock: Flag | None = None,
    sort: ProductSort = "sku",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, products_queries.PRODUCTS, COLUMNS,
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), status=status, category=category,
        out_of_stock=True if out_of_stock else None,
    )  # fmt: skip
    stock = await inventory.sum_stock(connection, actor.organization_id, [row.id for row in shown.rows])
    categories = [
        (name, name) for name in await products_queries.list_categories(connection, actor.organization_id)
    ]
    return render(
        request, "pages/catalog/products.html", saved=saved, shown=shown, stock=stock, categories=categories
    )


@get(["/products.csv", "/products.xlsx"], opt=allow(Permission.PRODUCTS_READ), include_in_schema=False)
async def export_products(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: ProductStatus | None = None,
    category: Text100 | None = None,
    out_of_stock: Flag | None = None,
    sort: ProductSort = "sku",
    decimal: DecimalMark | None = None,
) -> Streamed:
    return await export(
        request,
        products_queries.PRODUCTS,
        CELLS,
        sort=sort,
        q=spellings_of(q),
        status=status,
        category=category,
        decimal=decimal,
        out_of_stock=True if out_of_stock else None,
    )


PAGES = [products_page, export_products]
