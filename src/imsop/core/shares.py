"""Shares of a count, and how far chance may have moved them."""

from math import sqrt
from typing import NamedTuple

LEAST = 5
"""Fewer say nothing of a share: one more would move it by a fifth."""
_Z = 1.959964  # the normal distribution's, for 95 %


class Share(NamedTuple):
    """So many of all."""

    part: int
    whole: int

    @property
    def rest(self) -> int:
        return self.whole - self.part

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None where there are too few to tell."""
        return self.part / self.whole if self.whole >= LEAST else None

    @property
    def interval(self) -> tuple[float, float]:
        """Where it lies in truth, with 95 % confidence; of at least one (Wilson, 1927, score interval)."""
        p, n, z = self.part / self.whole, self.whole, _Z
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        return max(middle - reach, 0.0), min(middle + reach, 1.0)
