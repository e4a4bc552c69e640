"""Validation of timestamps."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from imsop.core.errors import InvalidInput

FIRST_YEAR_KEPT = 1900


def today(timezone: str) -> date:
    return datetime.now(ZoneInfo(timezone)).date()


def past_instant(field: str, instant: datetime) -> datetime:
    """The instant in UTC.

    Raises InvalidInput naming the field if it is in the future or its year is not kept.
    """
    if instant.year < FIRST_YEAR_KEPT:
        raise InvalidInput.of(field, "is outside the years 1900 to 2199")
    return require_no_future(field, instant).astimezone(UTC)


def require_no_future(field: str, instant: datetime) -> datetime:
    """Returns the instant. Raises InvalidInput naming the field if it is in the future."""
    if instant > datetime.now(UTC):
        raise InvalidInput.of(field, "is in the future; omit it to mean now")
    return instant
