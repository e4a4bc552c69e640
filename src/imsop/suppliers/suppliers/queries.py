"""SQL of suppliers."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import BY_NAME, Listing, Sort
from imsop.core.searching import spellings_of
from imsop.suppliers.suppliers.models import NewSupplier, Supplier, SupplierMetrics

_SUPPLIERS = """
    SELECT s.id, s.name, s.email, s.phone, s.country, s.city, s.address, s.postal_code, s.contact_person,
           s.status, s.rating, s.payment_terms, s.lead_time_days, s.over_receipt_percent, s.created_at,
           s.updated_at
    FROM suppliers s
    WHERE s.organization_id = $1
"""


SUPPLIERS = Listing(
    Supplier,
    _SUPPLIERS,
    filters={
        "name": "s.name_order = reading_order({})",
        "status": "s.status = {}",
        "q": "s.id = ANY (ARRAY(SELECT search_ids($1, 'supplier', {})))",
    },
    sorts={"name": Sort("s.name_order", "name", str, BY_NAME)},
    tiebreak="s.id",
)


SUPPLIER_METRICS = Listing(
    SupplierMetrics,
    """
    SELECT m.id, m.supplier_id, m.period_start, m.period_end, m.lines_due, m.on_time_rate, m.in_full_rate,
           m.on_time_in_full_rate, m.lead_time_mean_days, m.lead_time_stddev_days, m.lead_time_p50_days,
           m.lead_time_p90_days, m.rejected_rate, m.price_variance, m.sample_size, m.rule, m.created_at
    FROM supplier_metrics m
    WHERE m.organization_id = $1
    """,
    filters={"supplier_id": "m.supplier_id = {}"},
    sorts={"period_start": Sort("m.period_start", "period_start", date)},
    tiebreak="m.id",
)


async def get_supplier(connection: Connection, organization_id: UUID, supplier_id: UUID) -> Supplier | None:
    return await fetch_one(connection, Supplier, _SUPPLIERS + " AND s.id = $2", organization_id, supplier_id)


# Suppliers that share a name are told apart by city and email address, which are searched like names. Search
# ignores a hyphen that is a word, so what is returned here can be typed.
_NAMED = """
    SELECT s.id, CASE
        WHEN EXISTS (SELECT FROM suppliers o
                     WHERE o.organization_id = $1 AND o.name_order = s.name_order AND o.id <> s.id)
        THEN concat_ws(' - ', s.name, s.city, s.email) ELSE s.name END AS name
    FROM suppliers s
    WHERE s.organization_id = $1
"""


async def find_names(
    connection: Connection, organization_id: UUID, typed: str, limit: int
) -> list[tuple[UUID, str]]:
    """Id and name of suppliers found by `typed`, exact first; of all suppliers if nothing is typed."""
    spellings = spellings_of(typed)
    if spellings is None:
        records = await connection.fetch(
            _NAMED + " ORDER BY s.name_order, s.id LIMIT $2", organization_id, limit
        )
    else:
        records = await connection.fetch(
            _NAMED
            + """ AND s.id = ANY (ARRAY(SELECT search_ids($1, 'supplier', $2)))
            ORDER BY s.name_order <> reading_order($3), s.name_order, s.id LIMIT $4
            """,
            organization_id,
            spellings,
            typed,
            limit,
        )
    return [(record["id"], record["name"]) for record in records]


async def names_of(
    connection: Connection, organization_id: UUID, supplier_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Names by id, as `find_names` tells them."""
    records = await connection.fetch(
        _NAMED + " AND s.id = ANY ($2::uuid[])", organization_id, list(supplier_ids)
    )
    return {record["id"]: record["name"] for record in records}


async def insert_supplier(connection: Connection, organization_id: UUID, new: NewSupplier) -> UUID:
    supplier_id: UUID = await connection.fetchval(
        """
        INSERT INTO suppliers (organization_id, name, email, phone, country, city, address, postal_code,
                               contact_person, status, rating, payment_terms, lead_time_days,
                               over_receipt_percent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        RETURNING id
        """,
        organization_id,
        new.name,
        new.email,
        new.phone,
        new.country,
        new.city,
        new.address,
        new.postal_code,
        new.contact_person,
        new.status,
        new.rating,
        new.payment_terms,
        new.lead_time_days,
        new.over_receipt_percent,
    )
    return supplier_id


async def update_supplier(connection: Connection, organization_id: UUID, row: Supplier) -> UUID | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE suppliers
        SET name = $4, email = $5, phone = $6, country = $7, city = $8, address = $9, postal_code = $10,
            contact_person = $11, status = $12, rating = $13, payment_terms = $14, lead_time_days = $15,
            over_receipt_percent = $16
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.name,
        row.email,
        row.phone,
        row.country,
        row.city,
        row.address,
        row.postal_code,
        row.contact_person,
        row.status,
        row.rating,
        row.payment_terms,
        row.lead_time_days,
        row.over_receipt_percent,
    )
    return updated


async def delete_supplier(connection: Connection, organization_id: UUID, supplier_id: UUID) -> str | None:
    """Deletes a supplier with its metrics; returns its name, or None.

    Foreign keys protect one with documents.
    """
    name: str | None = await connection.fetchval(
        "DELETE FROM suppliers WHERE organization_id = $1 AND id = $2 RETURNING name",
        organization_id,
        supplier_id,
    )
    return name
