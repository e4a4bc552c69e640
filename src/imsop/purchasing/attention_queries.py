"""SQL of purchase orders that somebody should look at."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all


class LatePurchaseOrder(Struct, frozen=True):
    id: UUID
    po_number: str
    supplier_name: str
    expected_delivery_date: date


async def list_late(
    connection: Connection, organization_id: UUID, today: date, limit: int
) -> list[LatePurchaseOrder]:
    """Open orders whose expected day is over, the latest first."""
    return await fetch_all(
        connection,
        LatePurchaseOrder,
        """
        SELECT o.id, o.po_number, s.name AS supplier_name, o.expected_delivery_date
        FROM purchase_orders o
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
        WHERE o.organization_id = $1 AND o.status IN ('submitted', 'confirmed', 'shipped')
          AND o.expected_delivery_date < $2
        ORDER BY o.expected_delivery_date, o.id
        LIMIT $3
        """,
        organization_id,
        today,
        limit,
    )
