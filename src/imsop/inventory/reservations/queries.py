"""SQL of reservations. They are written by two functions of the database only."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from imsop.core.database import Connection, fetch_all
from imsop.inventory.reservations.models import Released, Reserving, Wish


async def reserve_stock(
    connection: Connection, organization_id: UUID, wishes: Sequence[Wish], created_by: UUID | None
) -> list[Reserving]:
    """Holds stock, all wishes or none. Locks the orders of the lines, then the balances, each in id order."""
    return await fetch_all(
        connection,
        Reserving,
        """
        SELECT outcome, line, id, inventory_id, quantity, available
        FROM reserve_stock_v2(
            $1, array(SELECT jsonb_populate_recordset(NULL::stock_wish, $2::text::jsonb)), $3)
        """,
        organization_id,
        msgspec.json.encode(wishes).decode(),
        created_by,
    )


async def release_reservations(
    connection: Connection, organization_id: UUID, reservation_ids: Sequence[UUID]
) -> list[Released]:
    """Frees what these still hold. One that a rival freed meanwhile is not among the returned.

    Locks as reserve_stock does.
    """
    return await fetch_all(
        connection,
        Released,
        """
        SELECT id, inventory_id, quantity, sales_order_item_id
        FROM release_reservations_v2($1, $2::uuid[])
        """,
        organization_id,
        list(reservation_ids),
    )
