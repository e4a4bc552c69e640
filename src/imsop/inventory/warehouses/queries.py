"""SQL of warehouses and their zones."""

from collections.abc import Collection
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import BY_CODE, BY_NAME, Listing, Sort
from imsop.inventory.stock.states import STATE
from imsop.inventory.warehouses.models import (
    NewWarehouse,
    NewZone,
    Warehouse,
    WarehouseSummary,
    Zone,
    ZoneType,
)

_WAREHOUSES = """
    SELECT w.id, w.name, w.location, w.country, w.city, w.address, w.capacity, w.manager_id, w.status,
           w.created_at, w.updated_at
    FROM warehouses w
    WHERE w.organization_id = $1
"""


WAREHOUSES = Listing(
    Warehouse,
    _WAREHOUSES,
    filters={
        "name": "w.name_order = reading_order({})",
        "status": "w.status = {}",
        "q": "w.id = ANY (ARRAY(SELECT search_ids($1, 'warehouse', {})))",
    },
    sorts={"name": Sort("w.name_order", "name", str, BY_NAME)},
    tiebreak="w.id",
)


async def get_warehouse(
    connection: Connection, organization_id: UUID, warehouse_id: UUID
) -> Warehouse | None:
    return await fetch_one(
        connection, Warehouse, _WAREHOUSES + " AND w.id = $2", organization_id, warehouse_id
    )


async def find_names(
    connection: Connection, organization_id: UUID, typed: str, limit: int
) -> list[tuple[UUID, str]]:
    """Id and name of warehouses whose name contains `typed`, ignoring case and accents; exact first."""
    records = await connection.fetch(
        """
        SELECT w.id, w.name FROM warehouses w
        WHERE w.organization_id = $1 AND strpos(search_form(w.name), search_form($2)) > 0
        ORDER BY lower(w.name) <> lower($2), w.name_order, w.id LIMIT $3
        """,
        organization_id,
        typed,
        limit,
    )
    return [(record["id"], record["name"]) for record in records]


async def names_of(
    connection: Connection, organization_id: UUID, warehouse_ids: Collection[UUID]
) -> dict[UUID, str]:
    records = await connection.fetch(
        "SELECT w.id, w.name FROM warehouses w WHERE w.organization_id = $1 AND w.id = ANY ($2::uuid[])",
        organization_id,
        list(warehouse_ids),
    )
    return {record["id"]: record["name"] for record in records}


async def insert_warehouse(connection: Connection, organization_id: UUID, new: NewWarehouse) -> UUID:
    warehouse_id: UUID = await connection.fetchval(
        """
        INSERT INTO warehouses (organization_id, name, location, country, city, address, capacity, manager_id,
                                status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        RETURNING id
        """,
        organization_id,
        new.name,
        new.location,
        new.country,
        new.city,
        new.address,
        new.capacity,
        new.manager_id,
        new.status,
    )
    return warehouse_id


async def update_warehouse(connection: Connection, organization_id: UUID, row: Warehouse) -> UUID | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE warehouses
        SET name = $4, location = $5, country = $6, city = $7, address = $8, capacity = $9, manager_id = $10,
            status = $11
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.name,
        row.location,
        row.country,
        row.city,
        row.address,
        row.capacity,
        row.manager_id,
        row.status,
    )
    return updated


async def delete_warehouse(connection: Connection, organization_id: UUID, warehouse_id: UUID) -> str | None:
    """Deletes a warehouse with its zones; returns its name, or None if there was none.

    A foreign key protects a warehouse that ever had stock.
    """
    name: str | None = await connection.fetchval(
        "DELETE FROM warehouses WHERE organization_id = $1 AND id = $2 RETURNING name",
        organization_id,
        warehouse_id,
    )
    return name


_ZONES = """
    SELECT z.id, z.warehouse_id, z.code, z.name, z.zone_type, z.capacity, z.created_at, z.updated_at
    FROM warehouse_zones z
    WHERE z.organization_id = $1
"""


ZONES = Listing(
    Zone,
    _ZONES,
    filters={"warehouse_id": "z.warehouse_id = {}", "zone_type": "z.zone_type = {}"},
    sorts={"code": Sort("z.code_folded", "code", str, BY_CODE)},
    tiebreak="z.id",
)


class ZoneOfWarehouse(Struct, frozen=True):
    """A zone in the list over all warehouses."""

    id: UUID
    warehouse_id: UUID
    warehouse_name: str
    code: str
    name: str
    zone_type: ZoneType
    capacity: int | None


# An organization has few zones: a scan is fine for every filter and sort.
ZONES_OF_WAREHOUSES = Listing(
    ZoneOfWarehouse,
    """
    SELECT z.id, z.warehouse_id, w.name AS warehouse_name, z.code, z.name, z.zone_type, z.capacity
    FROM warehouse_zones z
    JOIN warehouses w ON w.organization_id = $1 AND w.id = z.warehouse_id
    WHERE z.organization_id = $1
    """,
    filters={
        "q": "z.id = ANY (ARRAY(SELECT search_ids($1, 'warehouse_zone', {})))",
        "warehouse_id": "z.warehouse_id = {}",
        "zone_type": "z.zone_type = {}",
    },
    sorts={
        "warehouse": Sort("w.name_order", "warehouse_name", str, BY_NAME),
        "code": Sort("z.code_folded", "code", str, BY_CODE),
        "name": Sort("z.name_order", "name", str, BY_NAME),
    },
    tiebreak="z.id",
)


async def get_zone(connection: Connection, organization_id: UUID, zone_id: UUID) -> Zone | None:
    return await fetch_one(connection, Zone, _ZONES + " AND z.id = $2", organization_id, zone_id)


async def insert_zone(connection: Connection, organization_id: UUID, new: NewZone) -> UUID:
    zone_id: UUID = await connection.fetchval(
        """
        INSERT INTO warehouse_zones (organization_id, warehouse_id, code, name, zone_type, capacity)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id
        """,
        organization_id,
        new.warehouse_id,
        new.code,
        new.name,
        new.zone_type,
        new.capacity,
    )
    return zone_id


async def update_zone(connection: Connection, organization_id: UUID, row: Zone) -> UUID | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE warehouse_zones SET code = $4, name = $5, zone_type = $6, capacity = $7
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.code,
        row.name,
        row.zone_type,
        row.capacity,
    )
    return updated


async def delete_zone(connection: Connection, organization_id: UUID, zone_id: UUID) -> str | None:
    """Deletes a zone; returns its code, or None if there was none."""
    code: str | None = await connection.fetchval(
        "DELETE FROM warehouse_zones WHERE organization_id = $1 AND id = $2 RETURNING code",
        organization_id,
        zone_id,
    )
    return code


WAREHOUSE_SUMMARIES = Listing(
    WarehouseSummary,
    """
    SELECT w.id, w.name, w.location, w.city, w.country, w.capacity, w.status,
           (SELECT count(*) FROM warehouse_zones z
            WHERE z.organization_id = $1 AND z.warehouse_id = w.id) AS zones,
           held.on_hand, held.value, held.without_cost, held.products, held.out_of_stock
    FROM warehouses w
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(i.quantity_on_hand), 0) AS on_hand,
               CASE WHEN bool_or(i.quantity_on_hand > 0)
                    THEN sum(i.quantity_on_hand * p.unit_cost) FILTER (WHERE i.quantity_on_hand > 0)
                    ELSE 0 END AS value,
               count(*) FILTER (WHERE i.quantity_on_hand > 0 AND p.unit_cost IS NULL) AS without_cost,
               count(*) FILTER (WHERE i.quantity_on_hand > 0) AS products,
               count(*) FILTER (WHERE """
    + STATE
    + """ = 'out_of_stock') AS out_of_stock
        FROM inventory i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        WHERE i.organization_id = $1 AND i.warehouse_id = w.id
    ) AS held ON true
    WHERE w.organization_id = $1
    """,
    filters={
        "q": "w.id = ANY (ARRAY(SELECT search_ids($1, 'warehouse', {})))",
        "status": "w.status = {}",
    },
    sorts={"name": Sort("w.name_order", "name", str, BY_NAME)},
    tiebreak="w.id",
)
