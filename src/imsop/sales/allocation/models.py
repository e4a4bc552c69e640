"""Structs of promises: what of a quantity can be had when."""

from datetime import date
from uuid import UUID

from msgspec import Struct


class PromisedPart(Struct, frozen=True):
    """A quantity that a purchase order will bring on a day, and its number."""

    quantity: int
    date: date
    source: str
    purchase_order_id: UUID


class UndatedPart(Struct, frozen=True):
    """A quantity of a purchase order that no day can be promised for: it is overdue, or never had a day."""

    quantity: int
    source: str
    purchase_order_id: UUID
    due_on: date | None


class Promise(Struct, frozen=True):
    """What of `quantity` is available now, what comes on which day, and what is missing: its three parts.

    `complete_on` is the day on which all of it can be had, null if some is missing; `on_time` is how much
    by the wanted day, null without one. `undated` is on order without a day, and not part of the promise.
    """

    quantity: int
    available_now: int
    promised: list[PromisedPart]
    missing: int
    complete_on: date | None
    wanted_on: date | None
    on_time: int | None
    undated: list[UndatedPart]


class Availability(Promise, frozen=True):
    """A promise about a product, from one warehouse or all."""

    product_id: UUID
    sku: str
    warehouse_id: UUID | None


class LinePromise(Promise, frozen=True):
    """A promise for what is still to be reserved of an order's line."""

    line_id: UUID
    line_number: int
