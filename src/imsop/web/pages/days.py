"""Calendar days in the organization's timezone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from imsop.core.errors import InvalidInput
from imsop.core.instants import today

CHARTED_DAYS = 180
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
"""No record is outside of these; datetime's own limits leave no room for timezone offsets."""


def require_no_future(field: str, day: date | None, timezone: str) -> date | None:
    """Returns the day. Raises InvalidInput, naming the field, for a future day."""
    if day is not None and day > today(timezone):
        raise InvalidInput.of(field, "is in the future; omit it to mean now")
    return day


def beginning(day: date, timezone: str) -> datetime:
    """The first instant of a day, in UTC."""
    within = min(max(day, _FIRST), _LAST)
    return datetime.combine(within, time.min, ZoneInfo(timezone)).astimezone(UTC)


def charted(as_of: date | None, newest: datetime | None, timezone: str) -> tuple[date, date]:
    """The first and last day of a chart: it ends on `as_of`, else today.

    If nothing has changed for longer than a chart shows, it ends with the newest change instead.
    """
    last = as_of or today(timezone)
    if as_of is None and newest is not None:
        changed = newest.astimezone(ZoneInfo(timezone)).date()
        last = changed if last - changed >= timedelta(days=CHARTED_DAYS) else last
    last = min(max(last, _FIRST), _LAST)
    return last - timedelta(days=CHARTED_DAYS - 1), last


def end(day: date, timezone: str) -> datetime:
    """The first instant after a day, in UTC."""
    return beginning(min(day, _LAST) + timedelta(days=1), timezone)
