"""Filters of lists by a row of another kind: by its id, as in links, or by its name, as people type it."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from imsop.catalog.products import queries as products
from imsop.core.database import Connection
from imsop.core.errors import FieldError, InvalidInput
from imsop.core.fields import NO_NUL
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses import queries as warehouses
from imsop.sales.customers import queries as customers
from imsop.suppliers.suppliers import queries as suppliers
from imsop.ui.language import N_
from imsop.web.pages.pickers import Named, Picker, as_id, find_row, found_route

IdOrName = Annotated[str, Meta(max_length=400, pattern=NO_NUL)]
"""Of one row. As long as a product's name with its SKU."""


class RowFilter(NamedTuple):
    """A query parameter that names a row; its field suggests rows while their name is typed."""

    parameter: str
    label: str
    picker: Picker


SUPPLIER = RowFilter("supplier_id", N_("Supplier"), Picker(suppliers.find_names, suppliers.names_of))
CUSTOMER = RowFilter("customer_id", N_("Customer"), Picker(customers.find_names, customers.names_of))
WAREHOUSE = RowFilter("warehouse_id", N_("Warehouse"), Picker(warehouses.find_names, warehouses.names_of))
PRODUCT = RowFilter("product_id", N_("Product"), Picker(products.find_names, products.names_of))


class Picked(NamedTuple):
    """What a list is filtered by, of some filters."""

    filters: Sequence[RowFilter]
    ids: dict[str, Any]
    """A UUID by parameter; None if it is not given, or refused."""
    texts: dict[str, str]
    """The fields' contents: names, and what was refused as it was typed."""
    errors: list[FieldError]

    @property
    def status(self) -> int:
        """Of the response that shows the list."""
        return InvalidInput.status if self.errors else 200


async def pick(
    connection: Connection, actor: Actor, filters: Sequence[RowFilter], **given: str | None
) -> Picked:
    """Looks up the row of each filter. One that names no row or several has an error and filters nothing."""
    picked = Picked(filters, {}, {}, [])
    for parameter, _, picker in filters:
        text = (given[parameter] or "").strip()
        picked.ids[parameter], picked.texts[parameter] = None, text
        row = await _row(connection, actor, picker, text) if text else None
        if isinstance(row, str):
            picked.errors.append(FieldError(parameter, row))
        elif row is not None:
            picked.ids[parameter], picked.texts[parameter] = row
    return picked


async def _row(connection: Connection, actor: Actor, picker: Picker, text: str) -> Named | str:
    if row_id := as_id(text):
        names = await picker.names(connection, actor.organization_id, [row_id])
        if row_id in names:
            return row_id, names[row_id]
    return await find_row(connection, actor, picker, text)


async def require(
    connection: Connection, actor: Actor, filters: Sequence[RowFilter], **given: str | None
) -> dict[str, Any]:
    """The rows' ids by parameter. Raises InvalidInput where `pick` reports errors."""
    picked = await pick(connection, actor, filters, **given)
    if picked.errors:
        raise InvalidInput.of_all(picked.errors)
    return picked.ids


def filter_routes(path: str, read: Permission, filters: Sequence[RowFilter]) -> Iterator[HTTPRouteHandler]:
    """For each filter of the list at `path`, a route that suggests rows to those who may read the list."""
    for parameter, _, picker in filters:
        yield found_route(f"{path}/filters/{parameter}", read, parameter, picker)
