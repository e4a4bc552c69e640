"""PostgreSQL's snapshots as values.

Neither timestamps nor ids of rows tell the order in which they were committed; of two snapshots of one
server, one sees all that the other does. Transaction ids here are 64 bits wide and never reused.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from imsop.core.database import Connection

MAX_CHARACTERS = 16_000
"""Of a snapshot's text: one number for each writing transaction, far more than a server has."""

_TEXT = re.compile(r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19}(?:,[0-9]{1,19})*)?)", re.ASCII)


class Snapshot(NamedTuple):
    """A pg_snapshot, in which asyncpg reads and writes such a tuple.

    Transactions below `xmin` had ended, those from `xmax` on had not; in between, all but `in_progress` had.
    """

    xmin: int
    xmax: int
    in_progress: tuple[int, ...]

    def sees(self, xid: int) -> bool:
        """True if that transaction is visible in the snapshot; same rule as pg_visible_in_snapshot."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.in_progress)

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.in_progress))}"

    @classmethod
    def parse(cls, text: str) -> "Snapshot | None":
        """Parses PostgreSQL's text form; None if it is invalid."""
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
    """The snapshot of this statement; of the whole transaction under REPEATABLE READ."""
    return Snapshot(*await connection.fetchval("SELECT pg_current_snapshot()"))
