"""What a moment could see: PostgreSQL's snapshots as values.

Neither the times of rows nor their ids say in which order they were committed; of two snapshots of one
server, one sees all that the other does. Numbers of transactions are 64 bits wide and never come again.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from imsop.core.database import Connection

MAX_CHARACTERS = 16_000
"""Of a snapshot's text: one number for each transaction that was writing, far more than a server has."""

_TEXT = re.compile(r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19}(?:,[0-9]{1,19})*)?)", re.ASCII)


class Snapshot(NamedTuple):
    """All transactions below `xmin` had ended, none from `xmax` on had; between, all but `in_progress` had.

    The driver takes and gives pg_snapshot as such a tuple.
    """

    xmin: int
    xmax: int
    in_progress: tuple[int, ...]

    def sees(self, xid: int) -> bool:
        """Whether what this transaction wrote was there, as pg_visible_in_snapshot says."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.in_progress)

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.in_progress))}"

    @classmethod
    def parse(cls, text: str) -> "Snapshot | None":
        """From PostgreSQL's own form, or None where it is no snapshot."""
        if len(text) > MAX_CHARACTERS or (match := _TEXT.fullmatch(text)) is None:
            return None
        xmin, xmax = int(match[1]), int(match[2])
        in_progress = tuple(int(xid) for xid in match[3].split(",") if xid)
        rising = all(one < other for one, other in pairwise(in_progress))
        within = not in_progress or (xmin <= in_progress[0] and in_progress[-1] < xmax)
        if not (0 < xmin <= xmax < 2**63 and rising and within):
            return None
        return cls(xmin, xmax, in_progress)


async def current_snapshot(connection: Connection) -> Snapshot:
    """That of the statement, or of the transaction where it sees one moment throughout."""
    return Snapshot(*await connection.fetchval("SELECT pg_current_snapshot()"))
