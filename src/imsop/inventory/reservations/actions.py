"""Holding stock for order lines, and freeing it."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict
from imsop.identity.actor import Actor
from imsop.inventory.reservations import queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.reservations.rules import Wanted, allocate

ATTEMPTS = 5
"""Looks at what is free, of which each may be overtaken by a rival."""


async def reserve_for_lines(connection: Connection, actor: Actor, wanted: Sequence[Wanted]) -> int:
    """Holds what there is for these sales order lines, by `allocate`; returns how many units.

    What is free is read without a lock and then reserved under the balances' locks, all or nothing; where a
    rival was faster, it is read again. The caller has locked the order. Raises Conflict after five rivals.
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
    """Frees all that is held for a sales order's lines. The caller has locked the order."""
    reservations = await queries.list_reservations_of_lines(connection, actor.organization_id, order_id)
    if reservations:
        await queries.release_reservations(connection, actor.organization_id, reservations)
