"""Statistics of a supplier's lead times."""

from collections.abc import Mapping
from itertools import chain, repeat
from statistics import mean, quantiles, stdev
from typing import NamedTuple

WIDTHS_DAYS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Possible widths of a histogram bar, in round numbers."""


BARS = 12
"""As many as fit on a phone. The last bar collects the long tail."""


class Bar(NamedTuple):
    """A histogram bar: lines with lead times of `from_days` to less than `before_days` (None: open-ended)."""

    from_days: int
    before_days: int | None
    lines: int


class LeadTimes:
    """A distribution of lead times. `lines_by_days`: number of lines by days, shortest first."""

    def __init__(self, lines_by_days: Mapping[int, int]) -> None:
        self._lines_by_days = lines_by_days
        self._days = list(chain.from_iterable(repeat(days, lines) for days, lines in lines_by_days.items()))
        self.lines = len(self._days)

    @property
    def mean(self) -> float | None:
        return mean(self._days) if self._days else None

    @property
    def deviation(self) -> float | None:
        """Sample standard deviation (n - 1); None for fewer than two lines."""
        return stdev(self._days) if self.lines > 1 else None

    def percentile(self, percent: int) -> float | None:
        """The percentile in days, linearly interpolated as PostgreSQL's percentile_cont does.

        Hyndman and Fan, 1996, type 7. None without lines.
        """
        if self.lines < 2:
            return float(self._days[0]) if self._days else None
        return quantiles(self._days, n=100, method="inclusive")[percent - 1]

    def bars(self) -> list[Bar]:
        """The histogram from the shortest lead time on, in bars of equal width that cover 95 % of lines."""
        if not self._days:
            return []
        longest = self.percentile(95) or 0
        width = next((w for w in WIDTHS_DAYS if longest < (self._days[0] // w + BARS) * w), WIDTHS_DAYS[-1])
        first = self._days[0] // width * width
        last = min(self._days[-1] // width * width, first + (BARS - 1) * width)
        lines = dict.fromkeys(range(first, last + 1, width), 0)
        for days, number in self._lines_by_days.items():
            lines[min(days // width * width, last)] += number
        has_end = self._days[-1] < last + width
        return [
            Bar(begin, begin + width if has_end or begin < last else None, number)
            for begin, number in lines.items()
        ]
