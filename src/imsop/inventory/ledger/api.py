"""Routes of the ledger."""

from typing import Literal
from uuid import UUID

from litestar import Response, get, post

from imsop.core.fields import Instant, ShortName
from imsop.core.http import CREATED, created
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.ledger import actions, queries
from imsop.inventory.ledger.models import InventoryTransaction, NewInventoryTransaction
from imsop.inventory.ledger.rules import MovementKind, TransactionType


@get("/inventory-transactions", opt=allow(Permission.INVENTORY_READ))
async def list_inventory_transactions(
    request: TenantRequest,
    inventory_id: UUID | None = None,
    product_id: UUID | None = None,
    sku: ShortName | None = None,
    transaction_type: TransactionType | None = None,
    movement_kind: MovementKind | None = None,
    reference_id: ShortName | None = None,
    occurred_from: Instant | None = None,
    occurred_before: Instant | None = None,
    sort: Literal["occurred_at", "-occurred_at"] = "-occurred_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[InventoryTransaction]:
    """The ledger, newest first. `GET /inventory` gives the `inventory_id` of a product in a warehouse."""
    connection, actor = await request.begin()
    return await queries.TRANSACTIONS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        inventory_id=inventory_id,
        product_id=product_id,
        sku=sku,
        transaction_type=transaction_type,
        movement_kind=movement_kind,
        reference_id=reference_id,
        occurred_from=occurred_from,
        occurred_before=occurred_before,
    )


@post(
    "/inventory-transactions",
    opt=allow(Permission.INVENTORY_WRITE, 409),
    response_headers=CREATED[1:],
)
async def record_inventory_transaction(
    request: TenantRequest, data: NewInventoryTransaction
) -> Response[InventoryTransaction]:
    """Post a stock movement. The ledger is append-only: a mistake is corrected by another movement."""
    connection, actor = await request.begin()
    return created(
        await actions.record_transaction(connection, actor, data), "/api/v1/inventory-transactions"
    )


@get("/inventory-transactions/{transaction_id:uuid}", opt=allow(Permission.INVENTORY_READ))
async def get_inventory_transaction(request: TenantRequest, transaction_id: UUID) -> InventoryTransaction:
    connection, actor = await request.begin()
    return await actions.get_transaction(connection, actor, transaction_id)


ROUTES = [
    list_inventory_transactions,
    record_inventory_transaction,
    get_inventory_transaction,
]
