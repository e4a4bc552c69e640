"""What became of the lines of orders."""

from msgspec import Struct


class LinesDue(Struct, frozen=True):
    """Agreed lines that were due: all, those complete by then, and those of them in full."""

    due: int
    on_time: int
    on_time_in_full: int
