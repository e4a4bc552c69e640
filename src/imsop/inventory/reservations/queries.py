"""SQL of reservations. They are written by two functions of the database only."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection, fetch_all
from imsop.inventory.reservations.models import Released, Reserving


async def reserve_stock(
    connection: Connection,
    organization_id: UUID,
    wishes: Sequence[tuple[UUID, int, UUID | None]],
    kind: str,
    reason: str | None,
    created_by: UUID | None,
) -> list[Reserving]:
    """Holds stock, all or nothing. A wish: the balance, how much, and the sales order's line it is for."""
    return await fetch_all(
        connection,
        Reserving,
        """
        SELECT outcome, line, id, inventory_id, quantity, available
        FROM reserve_stock($1, $2::uuid[], $3::int[], $4, $5::uuid[], $6, $7)
        """,
        organization_id,
        [inventory_id for inventory_id, _, _ in wishes],
        [quantity for _, quantity, _ in wishes],
        kind,
        [sales_order_item_id for _, _, sales_order_item_id in wishes],
        reason,
        created_by,
    )


async def release_reservations(
    connection: Connection, organization_id: UUID, reservation_ids: Sequence[UUID]
) -> list[Released]:
    """Frees what these still hold. One that a rival freed meanwhile is not among the returned."""
    return await fetch_all(
        connection,
        Released,
        "SELECT id, inventory_id, quantity FROM release_reservations($1, $2::uuid[])",
        organization_id,
        list(reservation_ids),
    )
