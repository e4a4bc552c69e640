"""SQL of products."""

from collections.abc import Collection
from uuid import UUID

from imsop.catalog.products.models import NewProduct, Product
from imsop.core.database import Connection, fetch_one
from imsop.core.listing import BY_CODE, BY_NAME, Listing, Sort
from imsop.core.searching import spellings_of

_PRODUCTS = """
    SELECT p.id, p.sku, p.name, p.description, p.category, p.unit_of_measure, p.units_per_pack, p.gtin,
           p.unit_cost, p.selling_price, p.reorder_level, p.reorder_quantity, p.status, p.former_skus,
           p.created_at, p.updated_at
    FROM products p
    WHERE p.organization_id = $1
"""


PRODUCTS = Listing(
    Product,
    _PRODUCTS,
    filters={
        "sku": "p.sku_folded = folded({})",
        "gtin": "p.gtin = {}",
        "status": "p.status = {}",
        "category": "p.category = {}",
        "q": "p.id = ANY (ARRAY(SELECT search_ids($1, 'product', {})))",
        "out_of_stock": """({}::bool AND p.id IN (
            SELECT o.product_id FROM products_out_of_stock o WHERE o.organization_id = $1))""",
    },
    sorts={
        "sku": Sort("p.sku_folded", "sku", str, BY_CODE),
        "name": Sort("p.name_order", "name", str, BY_NAME),
    },
    tiebreak="p.id",
)


async def get_product(connection: Connection, organization_id: UUID, product_id: UUID) -> Product | None:
    return await fetch_one(connection, Product, _PRODUCTS + " AND p.id = $2", organization_id, product_id)


async def get_product_by_sku(connection: Connection, organization_id: UUID, sku: str) -> Product | None:
    """The product of that SKU, whatever its case."""
    return await fetch_one(
        connection, Product, _PRODUCTS + " AND p.sku_folded = folded($2)", organization_id, sku
    )


# Search ignores a hyphen that is a word, so what is returned here can be typed.
_NAMED = """
    SELECT p.id, p.name || ' - ' || p.sku AS name FROM products p
    WHERE p.organization_id = $1
"""


async def find_names(
    connection: Connection, organization_id: UUID, typed: str, limit: int
) -> list[tuple[UUID, str]]:
    """Id, name and SKU of products found by `typed`, exact first; of all products if nothing is typed."""
    spellings = spellings_of(typed)
    if spellings is None:
        records = await connection.fetch(
            _NAMED + " ORDER BY p.name_order, p.id LIMIT $2", organization_id, limit
        )
    else:
        records = await connection.fetch(
            _NAMED
            + """ AND p.id = ANY (ARRAY(SELECT search_ids($1, 'product', $2)))
            ORDER BY p.sku_folded <> folded($3), p.name_order <> reading_order($3), p.name_order, p.id
            LIMIT $4
            """,
            organization_id,
            spellings,
            typed,
            limit,
        )
    return [(record["id"], record["name"]) for record in records]


async def names_of(
    connection: Connection, organization_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Names by id, as `find_names` tells them."""
    records = await connection.fetch(
        _NAMED + " AND p.id = ANY ($2::uuid[])", organization_id, list(product_ids)
    )
    return {record["id"]: record["name"] for record in records}


async def list_categories(connection: Connection, organization_id: UUID) -> list[str]:
    """Categories in use, in alphabetical order."""
    records = await connection.fetch(
        """
        SELECT DISTINCT p.category FROM products p
        WHERE p.organization_id = $1 AND p.category IS NOT NULL
        ORDER BY p.category
        """,
        organization_id,
    )
    return [record["category"] for record in records]


async def insert_product(connection: Connection, organization_id: UUID, new: NewProduct) -> UUID:
    product_id: UUID = await connection.fetchval(
        """
        INSERT INTO products (organization_id, sku, name, description, category, unit_of_measure,
                              units_per_pack, gtin, unit_cost, selling_price, reorder_level, reorder_quantity,
                              status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        RETURNING id
        """,
        organization_id,
        new.sku,
        new.name,
        new.description,
        new.category,
        new.unit_of_measure,
        new.units_per_pack,
        new.gtin,
        new.unit_cost,
        new.selling_price,
        new.reorder_level,
        new.reorder_quantity,
        new.status,
    )
    return product_id


async def update_product(connection: Connection, organization_id: UUID, row: Product) -> UUID | None:
    """Writes the row if its `updated_at` still matches; None otherwise."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE products
        SET sku = $4, name = $5, description = $6, category = $7, unit_of_measure = $8, units_per_pack = $9,
            gtin = $10, unit_cost = $11, selling_price = $12, reorder_level = $13, reorder_quantity = $14,
            status = $15
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.sku,
        row.name,
        row.description,
        row.category,
        row.unit_of_measure,
        row.units_per_pack,
        row.gtin,
        row.unit_cost,
        row.selling_price,
        row.reorder_level,
        row.reorder_quantity,
        row.status,
    )
    return updated


async def delete_product(connection: Connection, organization_id: UUID, product_id: UUID) -> str | None:
    """Deletes a product; returns its SKU, or None if there was none.

    A foreign key protects referenced ones.
    """
    sku: str | None = await connection.fetchval(
        "DELETE FROM products WHERE organization_id = $1 AND id = $2 RETURNING sku",
        organization_id,
        product_id,
    )
    return sku
