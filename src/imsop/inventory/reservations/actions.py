"""Reserves stock for order lines, and releases it."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict
from imsop.identity.actor import Actor
from imsop.inventory.reservations import queries
from imsop.inventory.reservations.jobs import defer_allocation
from imsop.inventory.reservations.models import Wish
from imsop.inventory.reservations.rules import Share, Strategy, Wanted, allocate

ATTEMPTS = 5
"""Attempts to reserve, each of which may lose a race against another transaction."""


async def reserve_for_lines(
    connection: Connection,
    actor: Actor,
    wanted: Sequence[Wanted],
    strategy: Strategy = "fewest_splits",
    warehouse_id: UUID | None = None,
) -> list[Share]:
    """Reserves available stock for these sales order lines as `allocate` decides; returns what it reserved.
    With `warehouse_id`, only stock of that warehouse.

    Reads available stock without locks, then reserves under the locks of the balances, all or nothing; after
    losing a race it starts again. The caller has locked the order. Raises Conflict after ATTEMPTS lost races.
    """
    products = list({line.product_id for line in wanted})
    for _ in range(ATTEMPTS):
        free = await queries.list_free(connection, actor.organization_id, products)
        shares = allocate(wanted, [one for one in free if warehouse_id in (None, one.warehouse_id)], strategy)
        wishes = [Wish(share.inventory_id, share.quantity, "sales_order", share.line_id) for share in shares]
        held = await queries.reserve_stock(connection, actor.organization_id, wishes, actor.user_id)
        if all(one.outcome == "held" for one in held):
            return shares
    raise Conflict("others are reserving the same stock; try again")


async def release_of_lines(connection: Connection, actor: Actor, line_ids: Sequence[UUID]) -> None:
    """Releases all reservations of these sales order lines; orders that wait for the stock are then served.
    The caller has locked their orders.
    """
    reservations = await queries.list_reservations_of_lines(connection, actor.organization_id, line_ids)
    if reservations:
        await queries.release_reservations(
            connection, actor.organization_id, [reservation.id for reservation in reservations]
        )
        products = [reservation.product_id for reservation in reservations]
        await defer_allocation(connection, actor.organization_id, products)
