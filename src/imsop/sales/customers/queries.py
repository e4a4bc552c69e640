"""SQL of customers."""

from collections.abc import Collection
from uuid import UUID

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import BY_NAME, Listing, Sort
from imsop.core.searching import spellings_of
from imsop.sales.customers.models import Customer, NewCustomer

_CUSTOMERS = """
    SELECT c.id, c.customer_number, c.name, c.email, c.phone, c.country, c.city, c.address, c.postal_code,
           c.contact_person, c.status, c.payment_terms, c.created_at, c.updated_at
    FROM customers c
    WHERE c.organization_id = $1
"""


CUSTOMERS = Listing(
    Customer,
    _CUSTOMERS,
    filters={
        "customer_number": "c.customer_number_folded = folded({})",
        "name": "c.name_order = reading_order({})",
        "status": "c.status = {}",
        "q": "c.id = ANY (ARRAY(SELECT search_ids($1, 'customer', {})))",
    },
    sorts={"name": Sort("c.name_order", "name", str, BY_NAME)},
    tiebreak="c.id",
)


async def get_customer(connection: Connection, organization_id: UUID, customer_id: UUID) -> Customer | None:
    return await fetch_one(connection, Customer, _CUSTOMERS + " AND c.id = $2", organization_id, customer_id)


# Customers that share a name are told apart by number, city and email address, which are searched like names.
# Search ignores a hyphen that is a word, so what is returned here can be typed.
_NAMED = """
    SELECT c.id, CASE
        WHEN EXISTS (SELECT FROM customers o
                     WHERE o.organization_id = $1 AND o.name_order = c.name_order AND o.id <> c.id)
        THEN concat_ws(' - ', c.name, c.customer_number, c.city, c.email) ELSE c.name END AS name
    FROM customers c
    WHERE c.organization_id = $1
"""


async def find_names(
    connection: Connection, organization_id: UUID, typed: str, limit: int
) -> list[tuple[UUID, str]]:
    """Id and name of customers found by `typed`, exact first; of all customers if nothing is typed."""
    spellings = spellings_of(typed)
    if spellings is None:
        records = await connection.fetch(
            _NAMED + " ORDER BY c.name_order, c.id LIMIT $2", organization_id, limit
        )
    else:
        records = await connection.fetch(
            _NAMED
            + """ AND c.id = ANY (ARRAY(SELECT search_ids($1, 'customer', $2)))
            ORDER BY c.name_order <> reading_order($3), c.name_order, c.id LIMIT $4
            """,
            organization_id,
            spellings,
            typed,
            limit,
        )
    return [(record["id"], record["name"]) for record in records]


async def names_of(
    connection: Connection, organization_id: UUID, customer_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Names by id, as `find_names` tells them."""
    records = await connection.fetch(
        _NAMED + " AND c.id = ANY ($2::uuid[])", organization_id, list(customer_ids)
    )
    return {record["id"]: record["name"] for record in records}


async def insert_customer(connection: Connection, organization_id: UUID, new: NewCustomer) -> UUID:
    customer_id: UUID = await connection.fetchval(
        """
        INSERT INTO customers (organization_id, customer_number, name, email, phone, country, city, address,
                               postal_code, contact_person, status, payment_terms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        RETURNING id
        """,
        organization_id,
        new.customer_number,
        new.name,
        new.email,
        new.phone,
        new.country,
        new.city,
        new.address,
        new.postal_code,
        new.contact_person,
        new.status,
        new.payment_terms,
    )
    return customer_id


async def update_customer(connection: Connection, organization_id: UUID, row: Customer) -> UUID | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE customers
        SET customer_number = $4, name = $5, email = $6, phone = $7, country = $8, city = $9, address = $10,
            postal_code = $11, contact_person = $12, status = $13, payment_terms = $14
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.customer_number,
        row.name,
        row.email,
        row.phone,
        row.country,
        row.city,
        row.address,
        row.postal_code,
        row.contact_person,
        row.status,
        row.payment_terms,
    )
    return updated


async def delete_customer(connection: Connection, organization_id: UUID, customer_id: UUID) -> str | None:
    """Deletes a customer; returns its name, or None if there was none.

    A foreign key protects one with orders.
    """
    name: str | None = await connection.fetchval(
        "DELETE FROM customers WHERE organization_id = $1 AND id = $2 RETURNING name",
        organization_id,
        customer_id,
    )
    return name
