"""Pages of supplier products: the list, its export, and one with its prices."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from litestar import Response, get

from imsop.core.database import Connection
from imsop.core.instants import today
from imsop.core.listing import Cursor, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.supplier_products import actions, queries
from imsop.purchasing.supplier_products.api import SupplierSkuSort
from imsop.purchasing.supplier_products.models import SupplierProduct
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.analytics.events import EVENT_WORDS
from imsop.web.pages.editor import history_of
from imsop.web.pages.lists import export, show
from imsop.web.pages.purchasing.supplier_prices import prices_before
from imsop.web.pages.purchasing.supplier_product_editor import EDITOR
from imsop.web.pages.row_filters import PRODUCT, SUPPLIER, IdOrName, filter_routes, pick, require

ROW_FILTERS = (SUPPLIER, PRODUCT)
LISTED = 12
"""Shown on the page of a supplier or product; a link leads to all."""

COLUMNS = (
    Column("product", N_("Product")),
    Column("supplier", N_("Supplier")),
    Column("supplier_sku", N_("Supplier's number"), sort="supplier_sku"),
    Column("supplier_product_name", N_("Supplier's name for it"), shown=False),
    Column("pack", N_("Units per pack"), "number"),
    Column("minimum", N_("Minimum quantity"), "number"),
    Column("lead_time", N_("Lead time"), "number"),
    Column("price", N_("Price today"), "number"),
    Column("preferred", N_("Preferred")),
)


IN_CARD = {"product", "supplier", "supplier_sku", "minimum", "lead_time", "price", "preferred"}
"""Columns on the page of a supplier or product, which has room for few."""


PRICE_COLUMNS = (
    Column("from_quantity", N_("From quantity"), "number"),
    Column("price", N_("Unit price"), "number"),
    Column("valid_from", N_("Valid from"), "date"),
    Column("valid_to", N_("Valid to"), "date"),
)


CELLS: dict[str, Callable[[SupplierProduct], object]] = {
    "sku": lambda row: row.sku,
    "product_name": lambda row: row.product_name,
    "supplier": lambda row: row.supplier_name,
    "supplier_sku": lambda row: row.supplier_sku,
    "supplier_product_name": lambda row: row.supplier_product_name,
    "units_per_pack": lambda row: row.units_per_pack,
    "minimum_quantity": lambda row: row.minimum_quantity,
    "lead_time_days": lambda row: row.lead_time_days,
    "is_preferred": lambda row: row.is_preferred,
    "note": lambda row: row.note,
    "supplier_id": lambda row: row.supplier_id,
    "product_id": lambda row: row.product_id,
    "id": lambda row: row.id,
}


@get("/supplier-products", opt=allow(Permission.PURCHASE_ORDERS_READ), include_in_schema=False)
async def supplier_products_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    sort: SupplierSkuSort = "supplier_sku",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    shown = await show(
        connection, actor, queries.SUPPLIER_PRODUCTS, COLUMNS,
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), **picked.ids,
    )  # fmt: skip
    return render(
        request,
        "pages/purchasing/supplier_products.html",
        status=picked.status,
        saved=saved,
        shown=shown,
        picked=picked,
        prices=await queries.current_prices(
            connection, actor.organization_id, [row.id for row in shown.rows], today(actor.timezone)
        ),
    )


@get(
    ["/supplier-products.csv", "/supplier-products.xlsx"],
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def export_supplier_products(
    request: TenantRequest,
    q: SearchQuery | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    sort: SupplierSkuSort = "supplier_sku",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    return await export(
        request, queries.SUPPLIER_PRODUCTS, CELLS, sort=sort, q=spellings_of(q), **rows, decimal=decimal
    )


@get(
    "/supplier-products/{supplier_product_id:uuid}",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def supplier_product_page(
    request: TenantRequest, supplier_product_id: UUID, saved: bool = False
) -> Response[bytes]:
    connection, actor = await request.begin()
    history = await history_of(connection, actor, EDITOR, supplier_product_id)
    return render(
        request,
        "pages/purchasing/supplier_product.html",
        row=await actions.get_supplier_product(connection, actor, supplier_product_id),
        saved=saved,
        price_columns=PRICE_COLUMNS,
        today=today(actor.timezone),
        history=history,
        undoes_prices=prices_before(history, actor) is not None,
        event_words=EVENT_WORDS,
        crumbs=[Crumb(N_("Supplier products"), "/supplier-products")],
    )


async def terms_of(connection: Connection, actor: Actor, hidden: str, **of: UUID) -> dict[str, Any]:
    """Template parameters of the terms on the page of a supplier or product, without the column `hidden`."""
    page = await queries.SUPPLIER_PRODUCTS.page(
        connection, actor.organization_id, PageRequest("supplier_sku", LISTED), **of
    )
    return {
        "term_rows": page.items,
        "term_columns": [one._replace(sort=None) for one in COLUMNS if one.name in IN_CARD - {hidden}],
        "term_prices": await queries.current_prices(
            connection, actor.organization_id, [row.id for row in page.items], today(actor.timezone)
        ),
    }


PAGES = [
    supplier_products_page,
    export_supplier_products,
    supplier_product_page,
    *filter_routes("/supplier-products", Permission.PURCHASE_ORDERS_READ, ROW_FILTERS),
]
