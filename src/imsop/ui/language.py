"""Localization of pages: translations, numbers, money, dates and times.

English texts are literals in templates and code; the catalogue of each other language is in `locale/`.
"""

import gettext as catalogues
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from imsop.core.money import decimals_of, rounded

FORMATS = {"en": "en_GB", "de": "de_DE"}
"""Languages, and whose habits numbers and dates follow: British days and hours cannot be misread."""
DEFAULT = "en"

Number = int | Decimal | float
DecimalMark = Literal["point", "comma"]


class Language:
    """One language in one timezone: translates texts and formats values."""

    def __init__(self, code: str, timezone: str) -> None:
        self.code = code
        self.timezone = ZoneInfo(timezone)
        self._locale = Locale.parse(FORMATS[code])
        self._shortened_from = _shortened_from(self._locale)
        self._catalogue = _catalogue(code)

    @property
    def decimal_mark(self) -> DecimalMark:
        return "comma" if numbers.get_decimal_symbol(self._locale) == "," else "point"

    def gettext(self, message: str) -> str:
        return self._catalogue.gettext(message)

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return self._catalogue.ngettext(singular, plural, count)

    def number(self, value: Number, digits: int | None = None) -> str:
        """Grouped, with exactly `digits` decimals, or by default as many as the value has, up to three."""
        pattern = None if digits is None else _pattern(digits)
        return numbers.format_decimal(value, pattern, self._locale)

    def short_number(self, value: Number) -> str:
        """Abbreviated, such as 1.2M: where space is short and the full figure is one click away."""
        if abs(float(value)) < self._shortened_from:
            return self.number(value, 0)
        return numbers.format_compact_decimal(_shortened(value), locale=self._locale, fraction_digits=1)

    def money(self, value: Number, currency: str) -> str:
        """An amount in the decimals of its currency, rounded half up as amounts are."""
        return self._in_currency(rounded(Decimal(value), currency), currency, decimals_of(currency))

    def price(self, value: Decimal, currency: str, least_decimals: int = 0) -> str:
        """A unit price with all its decimals, at least as many as its currency: 0.0125 is not 0.01."""
        return self._in_currency(value, currency, max(price_decimals(value, currency), least_decimals))

    def _in_currency(self, value: Decimal, currency: str, decimals: int) -> str:
        pattern = self._locale.currency_formats["standard"].pattern
        pattern = pattern.replace(".00", "." + "0" * decimals if decimals else "")
        return numbers.format_currency(value, currency, pattern, self._locale, currency_digits=False)

    def short_money(self, value: Number, currency: str) -> str:
        if abs(float(value)) < self._shortened_from:
            return self._in_currency(Decimal(value), currency, 0)
        return numbers.format_compact_currency(
            _shortened(value), currency, locale=self._locale, fraction_digits=1
        )

    def percent(self, share: Number, digits: int = 1) -> str:
        """A ratio as a percentage: 0.947 as 94.7%."""
        return numbers.format_percent(share, f"{_pattern(digits)}%", self._locale)

    def day(self, value: date) -> str:
        return dates.format_date(value, "medium", self._locale)

    def instant(self, value: datetime) -> str:
        """Date and time in the organization's timezone."""
        return f"{self.day(value.astimezone(self.timezone))}, {self.time(value)}"

    def time(self, value: datetime) -> str:
        return dates.format_time(value, "short", self.timezone, self._locale)

    def ago(self, value: datetime, now: datetime | None = None) -> str:
        """Relative time: "3 hours ago", "in 2 days"."""
        distance: timedelta = value - (now or datetime.now(UTC))
        return dates.format_timedelta(distance, add_direction=True, locale=self._locale)


@lru_cache(maxsize=256)
def get_language(code: str, timezone: str) -> Language:
    return Language(code, timezone)


def preferred(accepted: str) -> str:
    """The supported language that best matches an Accept-Language header."""
    wanted = [part.partition(";")[0].strip() for part in accepted.split(",")]
    return negotiate_locale([name for name in wanted if name], list(FORMATS), sep="-") or DEFAULT


current_language: ContextVar[Language] = ContextVar("current_language")
"""The language of the page that is being rendered."""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's extraction looks for
    """Marks a text for extraction; it is translated where it is rendered."""
    return message


def catalogue_path(code: str) -> Path:
    return Path(__file__).parent / "locale" / f"{code}.po"


@lru_cache(maxsize=8)
def _catalogue(code: str) -> catalogues.NullTranslations:
    if code == DEFAULT:
        return catalogues.NullTranslations()
    compiled = BytesIO()
    with catalogue_path(code).open("rb") as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


def price_decimals(value: Decimal, currency: str) -> int:
    """Decimals that a unit price needs, at least those of its currency."""
    exponent = value.normalize().as_tuple().exponent
    return max(decimals_of(currency), -int(exponent))


def _pattern(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")


def _shortened_from(locale: Locale) -> int:
    """The smallest value that the locale abbreviates: German does not abbreviate thousands."""
    forms = locale.compact_decimal_formats["short"]["other"]
    return min(int(power) for power, form in forms.items() if form.pattern != "0")


def _shortened(value: Number) -> Decimal:
    """Rounded to one decimal of its unit (thousand, million…), so that 999,960 becomes 1M and not 1000K."""
    exact = Decimal(value)
    return round(exact, 1 - exact.adjusted() // 3 * 3)
