"""Totals of order lines: Decimal, never float."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from imsop.core.errors import FieldError, InvalidInput
from imsop.core.said import Said

MAX_AMOUNT = Decimal("999999999999.99")
"""The maximum of numeric(14, 2)."""
_CENT = Decimal("0.01")


class OrderLine(Protocol):
    """A line of either kind of order in a request; money is decimal text."""

    @property
    def quantity_ordered(self) -> int: ...
    @property
    def unit_price(self) -> str | None: ...
    @property
    def line_total(self) -> str | None: ...


def totals(items: Sequence[OrderLine]) -> tuple[list[Decimal | None], Decimal]:
    """The total of each line and their sum. Raises InvalidInput for totals above MAX_AMOUNT."""
    line_totals = [_line_total(item) for item in items]
    too_large = [
        FieldError(
            f"items[{place}].line_total",
            Said("comes to %(total)s; the maximum is %(most)s", total=total, most=MAX_AMOUNT),
        )
        for place, total in enumerate(line_totals)
        if total is not None and total > MAX_AMOUNT
    ]
    total_amount = sum((total for total in line_totals if total is not None), Decimal(0))
    if total_amount > MAX_AMOUNT and not too_large:
        too_large = [
            FieldError(
                "items",
                Said(
                    "together they come to %(total)s; the maximum is %(most)s",
                    total=total_amount,
                    most=MAX_AMOUNT,
                ),
            )
        ]
    if too_large:
        raise InvalidInput("an amount is too large; split the order", errors=too_large)
    return line_totals, total_amount


def line_total(quantity: int, unit_price: Decimal | None) -> Decimal | None:
    """Quantity times price, rounded half up to cents, as PostgreSQL's round() does; None without a price."""
    return None if unit_price is None else (quantity * unit_price).quantize(_CENT, ROUND_HALF_UP)


def _line_total(item: OrderLine) -> Decimal | None:
    """The agreed total, else the computed one."""
    if item.line_total is not None:
        return Decimal(item.line_total)
    return line_total(item.quantity_ordered, None if item.unit_price is None else Decimal(item.unit_price))
