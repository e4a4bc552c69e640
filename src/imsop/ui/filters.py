"""Jinja filters. Those that produce text use the language of the page being rendered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from imsop.ui.language import Number, current_language, price_decimals
from imsop.ui.parts import Column
from imsop.ui.refusals import said

NOTHING = "—"
"""What stands where a value is not known: an empty cell could be a mistake."""
_SPARK_WIDTH, _SPARK_HEIGHT = 96, 32


def number(value: Number | None, digits: int | None = None) -> str:
    return NOTHING if value is None else current_language.get().number(value, digits)


def short_number(value: Number | None) -> str:
    return NOTHING if value is None else current_language.get().short_number(value)


def money(value: Decimal | None, currency: str) -> str:
    return NOTHING if value is None else current_language.get().money(value, currency)


def price(value: Decimal | None, currency: str, least_decimals: int = 0) -> str:
    return NOTHING if value is None else current_language.get().price(value, currency, least_decimals)


def most_decimals(prices: Iterable[Decimal | None], currency: str) -> int:
    """Decimals with which all prices of a column are shown, so that their decimal points stand in line."""
    return max((price_decimals(value, currency) for value in prices if value is not None), default=0)


def short_money(value: Decimal | None, currency: str) -> str:
    return NOTHING if value is None else current_language.get().short_money(value, currency)


def percent(share: Number | None, digits: int = 1) -> str:
    return NOTHING if share is None else current_language.get().percent(share, digits)


def signed(value: Number, digits: int | None = None) -> str:
    """A number with an explicit sign, for changes."""
    return ("+" if value > 0 else "") + number(value, digits)


def day(value: date | None) -> str:
    return NOTHING if value is None else current_language.get().day(value)


def instant(value: datetime | None) -> str:
    return NOTHING if value is None else current_language.get().instant(value)


def ago(value: datetime, now: datetime) -> str:
    return current_language.get().ago(value, now)


def labelled(columns: Sequence[Column]) -> list[tuple[Column, str]]:
    """Columns with translated labels, so that each label is translated once and not for every cell."""
    return [(column, current_language.get().gettext(column.label)) for column in columns]


def initials(name: str) -> str:
    """Initials of a name: "AO" for "Ada Okafor"."""
    words = [word for word in name.split() if word[0].isalnum()] or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def sparkline(values: Sequence[Number]) -> str:
    """SVG polyline points of the values, scaled to a box of 96 by 32."""
    heights = [float(value) for value in values]
    low = min(heights)
    span = (max(heights) - low) or 1.0
    step = _SPARK_WIDTH / max(len(heights) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{_SPARK_HEIGHT * (0.94 - 0.88 * (height - low) / span):.1f}"
        for place, height in enumerate(heights)
    )


FILTERS: Mapping[str, Callable[..., Any]] = {
    made.__name__: made
    for made in (
        number,
        short_number,
        money,
        price,
        most_decimals,
        short_money,
        percent,
        day,
        instant,
        ago,
        labelled,
        said,
        initials,
        signed,
        sparkline,
    )
}
