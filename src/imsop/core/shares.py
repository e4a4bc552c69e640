"""Proportions and their confidence intervals."""

from math import sqrt
from typing import NamedTuple

LEAST = 5
"""With fewer, one more would move the proportion by a fifth."""
_Z = 1.959964  # of the normal distribution, for 95 %


class Share(NamedTuple):
    """`part` out of `whole`."""

    part: int
    whole: int

    @property
    def rest(self) -> int:
        return self.whole - self.part

    @property
    def value(self) -> float | None:
        """The proportion, between 0 and 1; None below LEAST."""
        return self.part / self.whole if self.whole >= LEAST else None

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % confidence interval (Wilson, 1927, score interval); `whole` must be at least 1."""
        p, n, z = self.part / self.whole, self.whole, _Z
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        return max(middle - reach, 0.0), min(middle + reach, 1.0)
