"""Actions on supplier products."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec import UNSET

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import NotFound
from imsop.core.events import Change, Changed, Named, emit, emit_changed
from imsop.identity.actor import Actor
from imsop.purchasing.supplier_products import queries
from imsop.purchasing.supplier_products.events import (
    SUPPLIER_PRODUCT_CHANGED,
    SUPPLIER_PRODUCT_CREATED,
    SUPPLIER_PRODUCT_DELETED,
)
from imsop.purchasing.supplier_products.models import (
    NewSupplierProduct,
    NewSupplierProductPrice,
    Proposal,
    SupplierProduct,
    SupplierProductChanges,
    SupplierProductPrice,
    SupplierProductWithPrices,
)
from imsop.purchasing.supplier_products.rules import propose, require_apart
from imsop.ui.language import N_

_WHAT = N_("supplier product")


async def get_supplier_product(
    connection: Connection, actor: Actor, supplier_product_id: UUID
) -> SupplierProductWithPrices:
    row = await queries.get_supplier_product(connection, actor.organization_id, supplier_product_id)
    if row is None:
        raise NotFound("no supplier product with this id")
    return await _with_prices(connection, actor, row)


async def create_supplier_product(
    connection: Connection, actor: Actor, new: NewSupplierProduct
) -> SupplierProductWithPrices:
    """Creates a supplier product with its prices.

    Raises InvalidInput for prices that overlap, Conflict if the supplier has terms for the product already.
    """
    prices = _priced(actor, new.prices)
    require_apart(prices)
    if new.is_preferred:
        await _clear_preferred(connection, actor, new.product_id)
    row_id = await queries.insert_supplier_product(connection, actor.organization_id, new)
    await queries.insert_prices(connection, actor.organization_id, row_id, prices)
    stored = await get_supplier_product(connection, actor, row_id)
    await emit(connection, actor, SUPPLIER_PRODUCT_CREATED, row_id, Named(_name(stored)))
    return stored


async def edit_supplier_product(
    connection: Connection,
    actor: Actor,
    supplier_product_id: UUID,
    changes: SupplierProductChanges,
    if_match: str,
) -> SupplierProductWithPrices:
    """Edits a supplier product; its row is locked before its prices are replaced.

    Raises NotFound, InvalidInput for prices that overlap, and PreconditionFailed unless its version is
    `if_match`.
    """
    found = await queries.get_supplier_product(connection, actor.organization_id, supplier_product_id)
    found = edits.require_version(found, if_match, _WHAT)
    current = await _with_prices(connection, actor, found)
    fields = edits.changed_fields(changes)
    prices = _priced(actor, fields.pop("prices", ()))
    require_apart(prices)
    if fields.get("is_preferred"):
        await _clear_preferred(connection, actor, found.product_id, found.id)
    edited = msgspec.structs.replace(found, **fields)
    if await queries.update_supplier_product(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile(_WHAT)
    if changes.prices is not UNSET:
        await queries.delete_prices(connection, actor.organization_id, found.id)
        await queries.insert_prices(connection, actor.organization_id, found.id, prices)
    stored = await get_supplier_product(connection, actor, found.id)
    await emit_changed(connection, actor, SUPPLIER_PRODUCT_CHANGED, _name(stored), current, stored)
    return stored


async def delete_supplier_product(connection: Connection, actor: Actor, supplier_product_id: UUID) -> None:
    """Deletes a supplier product with its prices; orders keep what they agreed. Raises NotFound."""
    stored = await get_supplier_product(connection, actor, supplier_product_id)
    if not await queries.delete_supplier_product(connection, actor.organization_id, supplier_product_id):
        raise NotFound("no supplier product with this id")
    await emit(connection, actor, SUPPLIER_PRODUCT_DELETED, supplier_product_id, Named(_name(stored)))


async def propose_terms(
    connection: Connection,
    actor: Actor,
    supplier_id: UUID,
    wanted: Sequence[tuple[UUID, int]],
    day: date,
    currency: str,
) -> list[Proposal]:
    """Proposals for ordering these quantities of products from the supplier, in their order.

    None for products and suppliers that do not exist.
    """
    found = await queries.list_candidates(
        connection, actor.organization_id, supplier_id, wanted, day, currency
    )
    return [propose(candidate, day) for candidate in found]


async def _with_prices(
    connection: Connection, actor: Actor, row: SupplierProduct
) -> SupplierProductWithPrices:
    prices = await queries.list_prices(connection, actor.organization_id, row.id)
    return SupplierProductWithPrices(**msgspec.structs.asdict(row), prices=prices)


async def _clear_preferred(
    connection: Connection, actor: Actor, product_id: UUID, but: UUID | None = None
) -> None:
    """Clears the product's preferred supplier, which is an event of that one, and locks the product."""
    cleared = await queries.clear_preferred(connection, actor.organization_id, product_id, but)
    if cleared is not None:
        former = await get_supplier_product(connection, actor, cleared)
        changed = Changed(_name(former), {"is_preferred": Change(True, False)})
        await emit(connection, actor, SUPPLIER_PRODUCT_CHANGED, cleared, changed)


def _priced(actor: Actor, prices: Sequence[NewSupplierProductPrice]) -> list[SupplierProductPrice]:
    return [
        SupplierProductPrice(
            price.from_quantity,
            Decimal(price.unit_price),
            actor.currency if price.currency is UNSET else price.currency,
            price.valid_from,
            price.valid_to,
        )
        for price in prices
    ]


def _name(row: SupplierProduct) -> str:
    return f"{row.supplier_name} · {row.sku}"
