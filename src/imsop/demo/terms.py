"""Writes what is bought from whom: each product's supplier, with its number, minimum and price breaks."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from imsop.core.bulk import stage_records
from imsop.demo.company import Company
from imsop.demo.loading import Loading, rows_written

_MINIMUM_PACKS = 5
_BREAKS = ((1, Decimal("1.04")), (4, Decimal("1.00")), (20, Decimal("0.97")))
"""Multiples of the minimum, and their price in terms of the unit cost."""
_PRICE = Decimal("0.0001")


async def write_supplier_products(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_supplier_products (
            supplier_id uuid, product_id uuid, supplier_sku text, minimum_quantity int
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_supplier_products",
        (
            (loading.supplier_ids[supplier], loading.product_ids[product], number, _minimum(loading, product))
            for product, supplier, number in _sold(loading.company)
        ),
    )
    status = await loading.connection.execute(
        """
        INSERT INTO supplier_products (organization_id, supplier_id, product_id, supplier_sku,
                                       minimum_quantity, is_preferred)
        SELECT $1::uuid, s.supplier_id, s.product_id, s.supplier_sku, s.minimum_quantity, true
        FROM staged_supplier_products s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_supplier_prices(loading: Loading) -> int:
    """Prices since the books begin, until further notice."""
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_supplier_prices (
            product_id uuid, from_quantity int, unit_price numeric
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(loading.connection, "staged_supplier_prices", _prices(loading))
    status = await loading.connection.execute(
        """
        INSERT INTO supplier_product_prices (organization_id, supplier_product_id, currency, from_quantity,
                                             unit_price, valid_from)
        SELECT $1::uuid, t.id, $2, s.from_quantity, s.unit_price, $3
        FROM staged_supplier_prices s
        JOIN supplier_products t ON t.organization_id = $1 AND t.product_id = s.product_id
        """,
        loading.organization_id,
        loading.company.currency,
        loading.books.purchase_orders[0].ordered_on,
    )
    return rows_written(staged, status)


def _prices(loading: Loading) -> Iterator[tuple[UUID, int, Decimal]]:
    for product, _, _ in _sold(loading.company):
        cost = loading.company.products[product].unit_cost
        for multiple, share in _BREAKS:
            price = (cost * share).quantize(_PRICE)
            yield loading.product_ids[product], _minimum(loading, product) * multiple, price


def _sold(company: Company) -> Iterator[tuple[int, int, str]]:
    """Each product that is bought, its supplier now, and the supplier's number of it."""
    places = {supplier.key: place for place, supplier in enumerate(company.suppliers)}
    for place, product in enumerate(company.products):
        if product.supplier is not None and not product.discontinued:
            supplier = company.suppliers[places[product.supplier]]
            key = supplier.replaced_by or supplier.key
            initials = "".join(word[0] for word in company.suppliers[places[key]].name.split())
            yield place, places[key], f"{initials.upper()}-{1000 + place * 7}"


def _minimum(loading: Loading, product: int) -> int:
    return loading.company.products[product].pack * _MINIMUM_PACKS
