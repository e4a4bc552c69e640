"""Reserves stock for order lines, and releases it."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict
from imsop.identity.actor import Actor
from imsop.inventory.reservations import queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.reservations.rules import Wanted, allocate

ATTEMPTS = 5
"""Attempts to reserve, each of which may lose a race against another transaction."""


async def reserve_for_lines(connection: Connection, actor: Actor, wanted: Sequence[Wanted]) -> int:
    """Reserves available stock for these sales order lines as `allocate` decides; returns the units reserved.

    Reads available stock without locks, then reserves under the locks of the balances, all or nothing; after
    losing a race it starts again. The caller has locked the order. Raises Conflict after ATTEMPTS lost races.
    """
    products = list({line.product_id for line in wanted})
    for _ in range(ATTEMPTS):
        shares = allocate(wanted, await queries.list_free(connection, actor.organization_id, products))
        wishes = [Wish(share.inventory_id, share.quantity, "sales_order", share.line_id) for share in shares]
        held = await queries.reserve_stock(connection, actor.organization_id, wishes, actor.user_id)
        if all(one.outcome == "held" for one in held):
            return sum(share.quantity for share in shares)
    raise Conflict("others are reserving the same stock; try again")


async def release_of_order(connection: Connection, actor: Actor, order_id: UUID) -> None:
    """Releases all reservations of a sales order's lines. The caller has locked the order."""
    reservations = await queries.list_reservations_of_lines(connection, actor.organization_id, order_id)
    if reservations:
        await queries.release_reservations(connection, actor.organization_id, reservations)
