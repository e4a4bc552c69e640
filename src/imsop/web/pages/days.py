"""Days, as people mean them: those of their organization's timezone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from imsop.core.errors import InvalidInput
from imsop.core.instants import today

CHARTED_DAYS = 180
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
"""Nothing that is kept happened before, nothing will after; datetime's own ends lack a timezone's hours."""


def require_no_future(field: str, day: date | None, timezone: str) -> date | None:
    """The same. Raises InvalidInput, naming the field, for a day that has not begun."""
    if day is not None and day > today(timezone):
        raise InvalidInput.of(field, "is in the future; omit it to mean now")
    return day


def beginning(day: date, timezone: str) -> datetime:
    """The first instant of a day."""
    within = min(max(day, _FIRST), _LAST)
    return datetime.combine(within, time.min, ZoneInfo(timezone)).astimezone(UTC)


def charted(as_of: date | None, newest: datetime | None, timezone: str) -> tuple[date, date]:
    """The first and last day of a chart: it ends on the day asked for, else today.

    Of what has not changed for longer than a chart shows, it ends with the newest change.
    """
    last = as_of or today(timezone)
    if as_of is None and newest is not None:
        changed = newest.astimezone(ZoneInfo(timezone)).date()
        last = changed if last - changed >= timedelta(days=CHARTED_DAYS) else last
    last = min(max(last, _FIRST), _LAST)
    return last - timedelta(days=CHARTED_DAYS - 1), last


def end(day: date, timezone: str) -> datetime:
    """The first instant after a day."""
    return beginning(min(day, _LAST) + timedelta(days=1), timezone)
