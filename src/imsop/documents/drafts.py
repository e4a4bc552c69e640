"""Drafts of purchase and sales orders: the code that both share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, Protocol, TypedDict, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput, NotFound
from imsop.core.events import Change, Changed, EventType, Named, difference, emit
from imsop.core.money import decimals_of
from imsop.core.said import Said
from imsop.documents.lines import OrderLine, line_total, totals
from imsop.documents.numbers import NumberedKind, next_number
from imsop.identity.actor import Actor

_COUNTED = frozenset({"lines", "lines_without_price"})
"""Fields of an order that follow from its lines."""


class References(Struct, frozen=True):
    """The result of looking up the partner and products that an order refers to.

    `partner_status` is None if the order names no supplier or customer, or an unknown one.
    """

    partner_status: str | None
    product_statuses: list[str | None]
    """Of each line's product, in their order; None if it does not exist."""


class Partner(TypedDict):
    """A supplier or customer as it was when the order was agreed; the master data may have changed since."""

    name: str
    contact_person: str | None
    email: str | None
    phone: str | None
    address: str | None
    postal_code: str | None
    city: str | None
    country: str | None
    payment_terms: str | None


class NewLine(OrderLine, Protocol):
    """A line in a request: an `OrderLine` with its product and expected delivery date."""

    @property
    def product_id(self) -> UUID: ...
    @property
    def expected_delivery_date(self) -> date | None: ...


class NewOrder(Protocol):
    """An order in a request."""

    @property
    def order_date(self) -> date: ...
    @property
    def expected_delivery_date(self) -> date | None: ...
    @property
    def currency(self) -> str | UnsetType: ...
    @property
    def items(self) -> Sequence[Any]: ...


Order = TypeVar("Order", bound=Struct)
Full = TypeVar("Full", bound=Struct)


class Queries(Protocol):
    """The SQL of one kind of order: the interface of its `queries` module."""

    async def get_order(self, connection: Connection, organization_id: UUID, order_id: UUID, /) -> Any: ...
    async def look_up_references(
        self, connection: Connection, organization_id: UUID, partner_id: Any, product_ids: Sequence[UUID], /
    ) -> References: ...
    async def insert_order(
        self, connection: Connection, organization_id: UUID, new: Any, number: str, currency: str,
        total_amount: Decimal, created_by: UUID, /,
    ) -> UUID: ...  # fmt: skip
    async def update_draft(self, connection: Connection, organization_id: UUID, row: Any, /) -> bool: ...
    async def delete_draft(
        self, connection: Connection, organization_id: UUID, order_id: UUID, /
    ) -> str | None: ...
    async def list_items(self, connection: Connection, organization_id: UUID, order_id: UUID, /) -> Any: ...
    async def insert_items(
        self, connection: Connection, organization_id: UUID, order_id: UUID, items: Any, line_totals: Any, /
    ) -> None: ...
    async def delete_items(
        self, connection: Connection, organization_id: UUID, order_id: UUID, /
    ) -> None: ...
    async def insert_history(
        self, connection: Connection, organization_id: UUID, order_id: UUID, from_status: str | None,
        to_status: str, changed_by: UUID, /,
    ) -> None: ...  # fmt: skip


@dataclass(frozen=True)
class Drafts(Generic[Order, Full]):
    """Creates, edits and deletes drafts of one kind of order.

    `what` and the error messages are catalogue texts.
    """

    queries: Queries
    full: type[Full]
    """The struct of an order with its lines."""
    what: str
    numbered: NumberedKind
    number: str
    """Name of the field with its number."""
    partner: str
    """Name of the field with its supplier or customer."""
    partner_refused: str
    """Why a partner that is not active gets no order; filled in with `status`."""
    not_traded: frozenset[str]
    """Statuses of products that no new line may name."""
    past_draft: str
    """Error message for orders past draft; its parameter is `status`."""
    created: EventType[Named]
    changed: EventType[Changed]
    deleted: EventType[Named]

    async def require(self, connection: Connection, actor: Actor, order_id: UUID) -> Order:
        """The order without its lines. Raises NotFound."""
        order: Order | None = await self.queries.get_order(connection, actor.organization_id, order_id)
        if order is None:
            raise NotFound(Said("no %(what)s with this id", what=Said(self.what)))
        return order

    async def get(self, connection: Connection, actor: Actor, order_id: UUID) -> Full:
        """The order with its lines. Raises NotFound."""
        order = await self.require(connection, actor, order_id)
        items = await self.queries.list_items(connection, actor.organization_id, order_id)
        return self.full(**msgspec.structs.asdict(order), items=items)

    async def create(self, connection: Connection, actor: Actor, new: NewOrder) -> Full:
        """Creates a draft.

        Raises InvalidInput for unknown ids, Conflict for a taken number or a blocked partner.
        """
        _require_days_in_order(new.order_date, new.expected_delivery_date, new.items)
        await self._require_references(connection, actor, getattr(new, self.partner), new.items)
        currency = actor.currency if new.currency is UNSET else str(new.currency)
        line_totals, total_amount = totals(new.items, currency)
        number = getattr(new, self.number) or await next_number(
            connection, actor.organization_id, self.numbered, new.order_date.year, self.number
        )
        order_id = await self.queries.insert_order(
            connection, actor.organization_id, new, number, currency, total_amount, actor.user_id
        )
        await self.queries.insert_items(connection, actor.organization_id, order_id, new.items, line_totals)
        await self.queries.insert_history(
            connection, actor.organization_id, order_id, None, "draft", actor.user_id
        )
        await emit(connection, actor, self.created, order_id, Named(number))
        return await self.get(connection, actor, order_id)

    async def edit(
        self, connection: Connection, actor: Actor, order_id: UUID, changes: Struct, if_match: str
    ) -> Full:
        """Edits a draft.

        Raises NotFound, PreconditionFailed on a version mismatch, and Conflict past draft.
        """
        current = await self.queries.get_order(connection, actor.organization_id, order_id)
        current = edits.require_version(current, if_match, self.what)
        self._require_draft(current)
        fields = edits.changed_fields(changes)
        items = fields.pop("items", None)
        if not fields.keys().isdisjoint({"order_date", "expected_delivery_date"}) or items:
            edited = msgspec.structs.replace(current, **fields)
            _require_days_in_order(edited.order_date, edited.expected_delivery_date, items or [])
        await self._require_references(connection, actor, fields.get(self.partner), items or [])
        currency = fields.get("currency", current.currency)
        if items is None and decimals_of(currency) != decimals_of(current.currency):
            items = await self._list_to_round(connection, actor, current)
        line_totals, total_amount = ([], current.total_amount) if items is None else totals(items, currency)
        edited = msgspec.structs.replace(current, **fields, total_amount=total_amount)
        if not await self.queries.update_draft(connection, actor.organization_id, edited):
            raise edits.changed_meanwhile(self.what)
        if items is not None:
            await self.queries.delete_items(connection, actor.organization_id, order_id)
            await self.queries.insert_items(connection, actor.organization_id, order_id, items, line_totals)
        stored = await self.get(connection, actor, order_id)
        told = difference(current, stored)
        told = {field: change for field, change in told.items() if field not in _COUNTED}
        if items is not None:
            told["items"] = Change(None, len(items))
        if told:
            await emit(connection, actor, self.changed, order_id, Changed(getattr(stored, self.number), told))
        return stored

    async def _list_to_round(self, connection: Connection, actor: Actor, order: Any) -> list[Any]:
        """The order's lines for another currency: totals that were not agreed but computed are left out."""
        items = await self.queries.list_items(connection, actor.organization_id, order.id)
        computed = [msgspec.structs.replace(item, line_total=None) for item in items]
        return [
            without if line_total(without, order.currency) == item.line_total else item
            for item, without in zip(items, computed, strict=True)
        ]

    async def delete(self, connection: Connection, actor: Actor, order_id: UUID) -> None:
        """Deletes a draft. Raises NotFound, and Conflict past draft."""
        number = await self.queries.delete_draft(connection, actor.organization_id, order_id)
        if number is None:
            self._require_draft(await self.require(connection, actor, order_id))
        else:
            await emit(connection, actor, self.deleted, order_id, Named(number))

    async def _require_references(
        self, connection: Connection, actor: Actor, partner_id: UUID | None, items: Sequence[NewLine]
    ) -> None:
        """Raises InvalidInput naming all ids that do not exist, or Conflict for a partner that is not
        active and for products that are no longer traded.

        Takes no locks: a partner blocked a moment later may have a draft from a moment before, which is
        refused when it is sent.
        """
        found = await self.queries.look_up_references(
            connection, actor.organization_id, partner_id, [item.product_id for item in items]
        )
        lines = [
            (f"items[{place}].product_id", status) for place, status in enumerate(found.product_statuses)
        ]
        unknown = [field for field, status in lines if status is None]
        if partner_id is not None and found.partner_status is None:
            unknown.insert(0, self.partner)
        if unknown:
            errors = [FieldError(field, "nothing with this id exists") for field in unknown]
            raise InvalidInput(
                Said(
                    "the order refers to something that does not exist: %(fields)s", fields=", ".join(unknown)
                ),
                errors=errors,
            )
        if found.partner_status not in (None, "active"):
            status = Said(str(found.partner_status))
            raise Conflict(
                Said(self.partner_refused, status=status),
                errors=[FieldError(self.partner, Said("is %(status)s", status=status))],
            )
        if refused := [(field, status) for field, status in lines if status in self.not_traded]:
            raise Conflict(
                "a product of the order is no longer traded; choose another",
                errors=[
                    FieldError(field, Said("is %(status)s", status=Said(status)))
                    for field, status in refused
                    if status
                ],
            )

    def _require_draft(self, order: Any) -> None:
        if order.status != "draft":
            raise Conflict(Said(self.past_draft, status=Said(order.status)))


def _require_days_in_order(ordered_on: date, expected_on: date | None, items: Sequence[NewLine]) -> None:
    """Raises InvalidInput for delivery dates before the order date; only imports may have those."""
    expected = {"expected_delivery_date": expected_on} | {
        f"items[{place}].expected_delivery_date": item.expected_delivery_date
        for place, item in enumerate(items)
    }
    edits.require_days_from(ordered_on, expected, "order_date")


def require_tradable(not_traded: Sequence[str], unpriced: int) -> None:
    """Raises Conflict for an order with products that are no longer traded (SKUs), or lines without price."""
    if not_traded:
        raise Conflict(
            Said("no longer traded: %(skus)s; take it off the order", skus=", ".join(not_traded)),
            errors=[FieldError("items", "has products that are no longer traded")],
        )
    if unpriced:
        raise Conflict(
            Said("lines without a price: %(lines)s; give each a price, 0 if it is free", lines=unpriced),
            errors=[FieldError("items", "has lines without a price")],
        )
