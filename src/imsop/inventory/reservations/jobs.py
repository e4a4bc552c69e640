"""The job that reserves stock for orders that wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from imsop.core.database import Connection
from imsop.core.events import emit
from imsop.core.jobs import Busy, OrganizationTask, Work
from imsop.inventory.reservations import queries
from imsop.inventory.reservations.events import SALES_ORDER_ALLOCATED, Allocated
from imsop.inventory.reservations.models import Wish
from imsop.inventory.reservations.rules import serve
from imsop.ui.language import N_

log = structlog.get_logger()


@dataclass(frozen=True)
class _System:
    """The author of what a job does."""

    organization_id: UUID
    user_id: UUID | None = None


async def allocate_product(connection: Connection, organization_id: UUID, product_id: UUID) -> int:
    """Serves the queue of a product with what is available of it; returns the units reserved.

    Locks the waiting orders in id order, then the balances. Raises Busy if others took the stock meanwhile.
    """
    await queries.lock_waiting_orders(connection, organization_id, product_id)
    queue = await queries.list_waiting(connection, organization_id, [product_id])
    shares = serve(queue, await queries.list_free(connection, organization_id, [product_id]))
    if not shares:
        return 0
    wishes = [Wish(share.inventory_id, share.quantity, "sales_order", share.line_id) for share in shares]
    held = await queries.reserve_stock(connection, organization_id, wishes, None)
    if any(one.outcome != "held" for one in held):
        raise Busy
    units: dict[UUID, int] = {}
    for share in shares:
        units[share.line_id] = units.get(share.line_id, 0) + share.quantity
    served: dict[tuple[UUID, str], int] = {}
    for line in await queries.list_served_orders(connection, organization_id, list(units)):
        order = line.sales_order_id, line.so_number
        served[order] = served.get(order, 0) + units[line.id]
    for (order_id, name), quantity in served.items():
        told = Allocated(name, quantity)
        await emit(connection, _System(organization_id), SALES_ORDER_ALLOCATED, order_id, told)
    return sum(units.values())


async def _allocate(work: Work) -> None:
    given = work.arguments.get("product_id")
    if given is not None:
        products: Sequence[UUID] = [UUID(given)]
    else:
        async with work.transaction() as connection:
            products = await queries.list_products_to_allocate(connection, work.organization_id)
    units = 0
    for product_id in products:
        async with work.transaction() as connection:
            units += await allocate_product(connection, work.organization_id, product_id)
    log.info("waiting orders served", organization_id=str(work.organization_id), rows=units)


ALLOCATE = OrganizationTask(
    "allocate_stock", N_("Stock for orders that wait for it"), _allocate, every="*/15 * * * *"
)


async def defer_allocation(
    connection: Connection, organization_id: UUID, product_ids: Sequence[UUID]
) -> None:
    """Enqueues the allocation of those of these products that orders wait for.

    Call it after taking all other locks: see `imsop.core.jobs.defer`.
    """
    if product_ids:
        await queries.defer_allocation(connection, organization_id, ALLOCATE.name, product_ids)
