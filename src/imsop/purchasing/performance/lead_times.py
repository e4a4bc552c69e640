"""How long a supplier takes: what is told of lines by the days they took."""

from collections.abc import Mapping
from itertools import chain, repeat
from statistics import mean, quantiles, stdev
from typing import NamedTuple

WIDTHS_DAYS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""What a bar of the histogram may span: what people count in."""


BARS = 12
"""As many as a phone shows side by side. A long tail is gathered in the last."""


class Bar(NamedTuple):
    """Lines that took `from_days` or more and fewer than `before_days`; None where there is no end."""

    from_days: int
    before_days: int | None
    lines: int


class LeadTimes:
    """`lines_by_days`: how many lines took how many days, shortest first."""

    def __init__(self, lines_by_days: Mapping[int, int]) -> None:
        self._lines_by_days = lines_by_days
        self._days = list(chain.from_iterable(repeat(days, lines) for days, lines in lines_by_days.items()))
        self.lines = len(self._days)

    @property
    def mean(self) -> float | None:
        return mean(self._days) if self._days else None

    @property
    def deviation(self) -> float | None:
        """Of the sample, with n - 1 below the line."""
        return stdev(self._days) if self.lines > 1 else None

    def percentile(self, percent: int) -> float | None:
        """Days within which that part of the lines came; between two days in proportion, as PostgreSQL does
        (percentile_cont; Hyndman and Fan, 1996, type 7).
        """
        if self.lines < 2:
            return float(self._days[0]) if self._days else None
        return quantiles(self._days, n=100, method="inclusive")[percent - 1]

    def bars(self) -> list[Bar]:
        """The distribution from the shortest on, in equal steps that take in 19 of 20 lines."""
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
