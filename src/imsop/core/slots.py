"""A semaphore shared between organizations, for scarce resources held long, such as exports and prints."""

import asyncio
from collections import Counter, defaultdict
from uuid import UUID

from imsop.core.errors import TooManyRequests, Unavailable

WAIT_SECONDS = 5.0
"""Timeout of waiting for a slot: most are held for a fraction of a second."""
RETRY_SECONDS = 5


class Slots:
    """At most `total` holders at once, of which one organization has at most `each`. Waiters queue FIFO."""

    def __init__(self, total: int, each: int) -> None:
        self._all = asyncio.Semaphore(total)
        self._own: defaultdict[UUID, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(each))
        self._interested: Counter[UUID] = Counter()
        """Holders and waiters of each organization; entries without any are removed."""
        self.held = 0
        """Slots in use, by all organizations."""

    async def take(self, organization_id: UUID) -> "Slot":
        """Acquires a slot, which its holder must release.

        Raises TooManyRequests or Unavailable on timeout.
        """
        own = self._own[organization_id]
        self._interested[organization_id] += 1
        try:
            try:
                await asyncio.wait_for(own.acquire(), WAIT_SECONDS)
            except TimeoutError:
                raise TooManyRequests(
                    "your organization is running as many of these as it may; wait for one to finish",
                    RETRY_SECONDS,
                ) from None
            try:
                await asyncio.wait_for(self._all.acquire(), WAIT_SECONDS)
            except BaseException as error:
                own.release()
                if isinstance(error, TimeoutError):
                    raise Unavailable(
                        "the server is running as many of these as it can; try again shortly"
                    ) from None
                raise
        except BaseException:
            self._lose_interest(organization_id)
            raise
        self.held += 1
        return Slot(self, organization_id)

    def give_back(self, organization_id: UUID) -> None:
        """Releases one slot of the organization; called by Slot.release."""
        self.held -= 1
        self._all.release()
        self._own[organization_id].release()
        self._lose_interest(organization_id)

    def _lose_interest(self, organization_id: UUID) -> None:
        self._interested[organization_id] -= 1
        if not self._interested[organization_id]:
            del self._interested[organization_id], self._own[organization_id]


class Slot:
    """One slot in use until `release`, which is idempotent."""

    def __init__(self, slots: Slots, organization_id: UUID) -> None:
        self._slots: Slots | None = slots
        self._organization_id = organization_id

    def release(self) -> None:
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.give_back(self._organization_id)
