"""SQL of how far an organization has come in starting to use the product."""

from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_one


class Started(Struct, frozen=True):
    """Whether there is any of what an organization begins with."""

    products: bool
    suppliers: bool
    customers: bool
    warehouses: bool
    stock: bool
    people: bool
    """More than the one who founded it."""
    documents: bool

    @property
    def has_records(self) -> bool:
        """Whether there is anything that figures could tell of."""
        return self.stock or self.documents


async def get_started(connection: Connection, organization_id: UUID) -> Started:
    started = await fetch_one(
        connection,
        Started,
        """
        SELECT EXISTS (SELECT FROM products p WHERE p.organization_id = $1) AS products,
               EXISTS (SELECT FROM suppliers s WHERE s.organization_id = $1) AS suppliers,
               EXISTS (SELECT FROM customers c WHERE c.organization_id = $1) AS customers,
               EXISTS (SELECT FROM warehouses w WHERE w.organization_id = $1) AS warehouses,
               EXISTS (SELECT FROM inventory i WHERE i.organization_id = $1) AS stock,
               (SELECT count(*) > 1 FROM (SELECT FROM users u
                WHERE u.organization_id = $1 AND u.deleted_at IS NULL LIMIT 2) AS people) AS people,
               EXISTS (SELECT FROM purchase_orders o WHERE o.organization_id = $1)
                   OR EXISTS (SELECT FROM sales_orders o WHERE o.organization_id = $1)
                   OR EXISTS (SELECT FROM shipments s WHERE s.organization_id = $1) AS documents
        """,
        organization_id,
    )
    return started or Started(*[False] * 7)
