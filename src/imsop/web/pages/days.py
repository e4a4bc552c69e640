"""Days, as people mean them: those of their organization's timezone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
"""Nothing that is kept happened before, nothing will after; datetime's own ends lack a timezone's hours."""


def today(timezone: str) -> date:
    return datetime.now(ZoneInfo(timezone)).date()


def beginning(day: date, timezone: str) -> datetime:
    """The first instant of a day."""
    within = min(max(day, _FIRST), _LAST)
    return datetime.combine(within, time.min, ZoneInfo(timezone)).astimezone(UTC)


def end(day: date, timezone: str) -> datetime:
    """The first instant after a day."""
    return beginning(min(day, _LAST) + timedelta(days=1), timezone)
