"""SQL of the two ends of a shipment, as they stand on its papers."""

from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_one


class Ends(Struct, frozen=True):
    """Lines of an address, the name first; none where nothing is known."""

    sender: list[str]
    recipient: list[str]


async def get_ends(connection: Connection, organization_id: UUID, shipment_id: UUID) -> Ends | None:
    """A warehouse of ours, else the supplier or customer, else the place that the shipment names."""
    return await fetch_one(
        connection,
        Ends,
        """
        SELECT CASE
                   WHEN s.origin_warehouse_id IS NOT NULL
                   THEN array_remove(ARRAY[o.name, origin.name, origin.address, origin.city,
                                           origin.country], NULL)
                   WHEN s.supplier_id IS NOT NULL
                   THEN array_remove(ARRAY[supplier.name, supplier.address,
                                           nullif(concat_ws(' ', supplier.postal_code, supplier.city), ''),
                                           supplier.country], NULL)
                   ELSE array_remove(ARRAY[s.origin_location], NULL)
               END::text[] AS sender,
               CASE
                   WHEN s.destination_warehouse_id IS NOT NULL
                   THEN array_remove(ARRAY[o.name, destination.name, destination.address,
                                           destination.city, destination.country], NULL)
                   WHEN so.customer_id IS NOT NULL
                   THEN array_remove(ARRAY[customer.name, customer.contact_person, customer.address,
                                           nullif(concat_ws(' ', customer.postal_code, customer.city), ''),
                                           customer.country], NULL)
                   ELSE array_remove(ARRAY[s.destination_location], NULL)
               END::text[] AS recipient
        FROM shipments s
        JOIN organizations o ON o.id = $1
        LEFT JOIN warehouses origin ON origin.organization_id = $1 AND origin.id = s.origin_warehouse_id
        LEFT JOIN warehouses destination
            ON destination.organization_id = $1 AND destination.id = s.destination_warehouse_id
        LEFT JOIN suppliers supplier ON supplier.organization_id = $1 AND supplier.id = s.supplier_id
        LEFT JOIN sales_orders so ON so.organization_id = $1 AND so.id = s.sales_order_id
        LEFT JOIN customers customer ON customer.organization_id = $1 AND customer.id = so.customer_id
        WHERE s.organization_id = $1 AND s.id = $2
        """,
        organization_id,
        shipment_id,
    )
