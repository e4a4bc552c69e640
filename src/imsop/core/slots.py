"""Bounded concurrency, shared between organizations: of exports, prints, whatever is scarce and held long."""

from collections import Counter
from uuid import UUID

from imsop.core.errors import TooManyRequests, Unavailable

RETRY_SECONDS = 5


class Slots:
    """At most `total` holders at once, of which one organization has at most `each`.

    Not waited for: whoever finds none is refused at once and told when to retry. Safe between tasks of one
    event loop, since nothing here awaits.
    """

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._held: Counter[UUID] = Counter()

    @property
    def held(self) -> int:
        """Slots in use, by all organizations."""
        return self._held.total()

    def take(self, organization_id: UUID) -> "Slot":
        """A slot, to be released by its holder. Raises TooManyRequests or Unavailable where none is free."""
        if self._held[organization_id] >= self._each:
            raise TooManyRequests(
                "your organization is running as many of these as it may; wait for one to finish",
                RETRY_SECONDS,
            )
        if self.held >= self._total:
            raise Unavailable("the server is running as many of these as it can; try again shortly")
        self._held[organization_id] += 1
        return Slot(self._held, organization_id)


class Slot:
    """One place in use until `release`, which may be called more than once."""

    def __init__(self, held: Counter[UUID], organization_id: UUID) -> None:
        self._held: Counter[UUID] | None = held
        self._organization_id = organization_id

    def release(self) -> None:
        if self._held is None:
            return
        self._held[self._organization_id] -= 1
        if not self._held[self._organization_id]:
            del self._held[self._organization_id]
        self._held = None
