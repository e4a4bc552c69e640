"""Totals of order lines, in the decimals of the order's currency: Decimal, never float."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from imsop.core.errors import FieldError, InvalidInput
from imsop.core.money import AMOUNT_LIMIT, decimals_of, rounded, unit_of
from imsop.core.said import Said


class OrderLine(Protocol):
    """A line of either kind of order; in requests, money is decimal text."""

    @property
    def quantity_ordered(self) -> int: ...
    @property
    def unit_price(self) -> str | Decimal | None: ...
    @property
    def line_total(self) -> str | Decimal | None: ...


def totals(items: Sequence[OrderLine], currency: str) -> tuple[list[Decimal | None], Decimal]:
    """The total of each line and their sum.

    Raises InvalidInput for agreed totals with more decimals than the currency has, and for totals that are
    too large.
    """
    if too_fine := [fault for place, item in enumerate(items) if (fault := _too_fine(place, item, currency))]:
        raise InvalidInput.of_all(too_fine)
    line_totals = [line_total(item, currency) for item in items]
    most = AMOUNT_LIMIT - unit_of(currency)
    too_large = [
        FieldError(
            f"items[{place}].line_total",
            Said("comes to %(total)s; the maximum is %(most)s", total=total, most=most),
        )
        for place, total in enumerate(line_totals)
        if total is not None and total > most
    ]
    total_amount = rounded(sum((total for total in line_totals if total is not None), Decimal(0)), currency)
    if total_amount > most and not too_large:
        too_large = [
            FieldError(
                "items",
                Said(
                    "together they come to %(total)s; the maximum is %(most)s", total=total_amount, most=most
                ),
            )
        ]
    if too_large:
        raise InvalidInput("an amount is too large; split the order", errors=too_large)
    return line_totals, total_amount


def line_total(item: OrderLine, currency: str) -> Decimal | None:
    """The agreed total, else the computed one; None if neither is known."""
    if item.line_total is not None:
        return rounded(Decimal(item.line_total), currency)
    price = None if item.unit_price is None else Decimal(item.unit_price)
    return computed_total(item.quantity_ordered, price, currency)


def computed_total(quantity: int, unit_price: Decimal | None, currency: str) -> Decimal | None:
    """Quantity times price, rounded; None without a price."""
    return None if unit_price is None else rounded(quantity * unit_price, currency)


def _too_fine(place: int, item: OrderLine, currency: str) -> FieldError | None:
    """The fault of an agreed total that the currency has no coins for."""
    if item.line_total is None or (exact := Decimal(item.line_total)) == rounded(exact, currency):
        return None
    return FieldError(
        f"items[{place}].line_total",
        Said(
            "%(currency)s has %(decimals)s decimals: round it, to %(rounded)s",
            currency=currency,
            decimals=decimals_of(currency),
            rounded=rounded(exact, currency),
        ),
    )
