"""Actions on products."""

from uuid import UUID

import msgspec
from msgspec import UNSET
from stdnum import ean

from imsop.catalog.products import queries
from imsop.catalog.products.events import PRODUCT_CHANGED, PRODUCT_CREATED, PRODUCT_DELETED
from imsop.catalog.products.models import NewProduct, Product, ProductChanges
from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import InvalidInput, NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.core.said import Said
from imsop.identity.actor import Actor


async def get_product(connection: Connection, actor: Actor, product_id: UUID) -> Product:
    product = await queries.get_product(connection, actor.organization_id, product_id)
    if product is None:
        raise NotFound("no product with this id")
    return product


async def create_product(connection: Connection, actor: Actor, new: NewProduct) -> Product:
    """Adds a product.

    Raises Conflict for a SKU or GTIN that is taken, InvalidInput for a wrong check digit.
    """
    _require_gtin(new.gtin)
    product_id = await queries.insert_product(connection, actor.organization_id, new)
    await emit(connection, actor, PRODUCT_CREATED, product_id, Named(new.sku))
    return await get_product(connection, actor, product_id)


async def edit_product(
    connection: Connection, actor: Actor, product_id: UUID, changes: ProductChanges, if_match: str
) -> Product:
    """Edits a product. Raises NotFound, and PreconditionFailed unless its version is `if_match`."""
    current = await queries.get_product(connection, actor.organization_id, product_id)
    current = edits.require_version(current, if_match, "product")
    if changes.gtin is not UNSET:
        _require_gtin(changes.gtin)
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if await queries.update_product(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("product")
    stored = await get_product(connection, actor, product_id)
    await emit_changed(connection, actor, PRODUCT_CHANGED, stored.sku, current, stored)
    return stored


async def delete_product(connection: Connection, actor: Actor, product_id: UUID) -> None:
    """Deletes an unreferenced product. Raises NotFound; Conflict if rows refer to it."""
    sku = await queries.delete_product(connection, actor.organization_id, product_id)
    if sku is None:
        raise NotFound("no product with this id")
    await emit(connection, actor, PRODUCT_DELETED, product_id, Named(sku))


def _require_gtin(gtin: str | None) -> None:
    """Raises InvalidInput for a wrong check digit (GS1 General Specifications: modulo 10, weights 3, 1)."""
    if gtin is not None and not ean.is_valid(gtin):
        raise InvalidInput.of(
            "gtin", Said("its last digit should be %(digit)s", digit=ean.calc_check_digit(gtin[:-1]))
        )
