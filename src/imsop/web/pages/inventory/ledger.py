"""Pages of the ledger of stock movements."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal, get_args

from litestar import Response, get

from imsop.core.fields import ShortName
from imsop.core.listing import Cursor
from imsop.core.searching import SearchQuery
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.ledger.models import LedgerEntry
from imsop.inventory.ledger.queries import LEDGER
from imsop.inventory.ledger.rules import MovementKind, TransactionType
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages import days
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import PRODUCT, WAREHOUSE, IdOrName, pick, require
from imsop.web.search import ids_of

ROW_FILTERS = (PRODUCT, WAREHOUSE)

COLUMNS = (
    Column("occurred_at", N_("Occurred"), "date", sort="occurred_at"),
    Column("product", N_("Product")),
    Column("sku", N_("SKU"), shown=False),
    Column("warehouse", N_("Warehouse")),
    Column("kind", N_("Movement")),
    Column("quantity", N_("Quantity"), "number"),
    Column("balance_after", N_("Balance after"), "number"),
    Column("reference", N_("Reference")),
    Column("notes", N_("Note")),
    Column("created_at", N_("Recorded"), "date", shown=False),
)


CELLS: dict[str, Callable[[LedgerEntry], object]] = {
    "occurred_at": lambda row: row.occurred_at,
    "sku": lambda row: row.sku,
    "product_name": lambda row: row.product_name,
    "warehouse_name": lambda row: row.warehouse_name,
    "transaction_type": lambda row: row.transaction_type,
    "movement_kind": lambda row: row.movement_kind,
    "quantity": lambda row: row.quantity,
    "balance_after": lambda row: row.balance_after,
    "reference": lambda row: row.reference_id,
    "note": lambda row: row.notes,
    "recorded_at": lambda row: row.created_at,
    "id": lambda row: row.id,
}


LedgerSort = Literal["occurred_at", "-occurred_at"]


@get("/ledger", opt=allow(Permission.INVENTORY_READ), include_in_schema=False)
async def ledger_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    product_id: IdOrName | None = None,
    warehouse_id: IdOrName | None = None,
    transaction_type: TransactionType | None = None,
    movement_kind: MovementKind | None = None,
    reference: ShortName | None = None,
    occurred_from: date | None = None,
    occurred_to: date | None = None,
    sort: LedgerSort = "-occurred_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    """`first` and `last` are inclusive."""
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, product_id=product_id, warehouse_id=warehouse_id)
    filters = _filters(
        actor, occurred_from, occurred_to, product_ids=await ids_of(connection, actor, "product", q),
        transaction_type=transaction_type, movement_kind=movement_kind, reference_id=reference, **picked.ids,
    )  # fmt: skip
    shown = await show(connection, actor, LEDGER, COLUMNS, sort=sort, cursor=cursor, before=before, **filters)
    return render(
        request,
        "pages/inventory/ledger.html",
        status=picked.status,
        shown=shown,
        picked=picked,
        types=get_args(TransactionType),
        kinds=get_args(MovementKind),
    )


@get(["/ledger.csv", "/ledger.xlsx"], opt=allow(Permission.INVENTORY_READ), include_in_schema=False)
async def export_ledger(
    request: TenantRequest,
    q: SearchQuery | None = None,
    product_id: IdOrName | None = None,
    warehouse_id: IdOrName | None = None,
    transaction_type: TransactionType | None = None,
    movement_kind: MovementKind | None = None,
    reference: ShortName | None = None,
    occurred_from: date | None = None,
    occurred_to: date | None = None,
    sort: LedgerSort = "-occurred_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, product_id=product_id, warehouse_id=warehouse_id)
    filters = _filters(
        actor, occurred_from, occurred_to, product_ids=await ids_of(connection, actor, "product", q),
        transaction_type=transaction_type, movement_kind=movement_kind, reference_id=reference, **rows,
    )  # fmt: skip
    return await export(request, LEDGER, CELLS, sort=sort, **filters, decimal=decimal)


def _filters(
    actor: Actor,
    first: date | None,
    last: date | None,
    **exact: object,
) -> dict[str, Any]:
    return exact | {
        "occurred_from": first and days.beginning(first, actor.timezone),
        "occurred_before": last and days.end(last, actor.timezone),
    }


PAGES = [ledger_page, export_ledger]
