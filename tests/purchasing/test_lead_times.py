from collections import Counter
from itertools import pairwise

import pytest

from imsop.purchasing.performance.lead_times import BARS, Bar, LeadTimes


def lead_times(*days: int) -> LeadTimes:
    return LeadTimes(dict(sorted(Counter(days).items())))


def test_statistics_weight_every_line() -> None:
    told = lead_times(2, 4, 4, 4, 5, 5, 7, 9)
    assert (told.lines, told.mean) == (8, 5.0)
    assert told.deviation == pytest.approx(2.1381, abs=0.0001)
    assert (told.percentile(50), told.percentile(90)) == (4.5, pytest.approx(7.6))  # percentile_cont's


def test_one_line_has_no_deviation_and_no_lines_have_no_statistics() -> None:
    assert (lead_times(12).mean, lead_times(12).percentile(90), lead_times(12).deviation) == (12, 12.0, None)
    nothing = lead_times()
    assert (nothing.mean, nothing.deviation, nothing.percentile(50), nothing.bars()) == (None, None, None, [])


def test_bars_are_contiguous_and_contain_every_line() -> None:
    assert lead_times(3, 3, 5).bars() == [Bar(3, 4, 2), Bar(4, 5, 0), Bar(5, 6, 1)]
    wide = lead_times(*range(14, 300, 3)).bars()
    assert all(before.before_days == after.from_days for before, after in pairwise(wide))
    assert sum(bar.lines for bar in wide) == len(range(14, 300, 3))
    assert wide[0].from_days <= 14 < (wide[0].before_days or 0)
    assert len(wide) <= BARS


def test_the_last_bar_contains_the_long_tail() -> None:
    bars = lead_times(*[10] * 50, *range(11, 21), 900).bars()
    assert bars[-1] == Bar(bars[-2].before_days or 0, None, bars[-1].lines)
    assert sum(bar.lines for bar in bars) == 61
    assert len(bars) == BARS
