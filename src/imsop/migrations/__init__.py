"""Schema changes: plain SQL, each with a revision of a few lines that places it in the order.

A change is two files, `versions/0007_name.py` and `versions/0007_name.sql`:

    from imsop.migrations import sql_revision

    revision = "0007"
    down_revision = "0006"

    upgrade = sql_revision(__file__)

It runs as the owner of the tables, who belongs to no tenant and so sees no tenant's rows. A change that reads
or writes them does so between `NO FORCE ROW LEVEL SECURITY` and `FORCE ROW LEVEL SECURITY` of their tables.

There is no way down: a mistake is corrected by the next change, a disaster by the backup.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERSIONS = Path(__file__).parent / "versions"

# A change that waits for a lock makes everyone behind it wait; it gives up and is tried again when quiet.
# A file that knows better says so itself with SET LOCAL.
_LIMITS = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10min';"

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)


def sql_revision(revision_file: str) -> Callable[[], None]:
    """What runs the SQL file beside a revision as it stands: it has no parameters, `%` and `:` are text."""

    def upgrade() -> None:
        from alembic import op  # noqa: PLC0415 - a start with nothing to migrate does not need it

        connection: Any = op.get_bind().connection.driver_connection
        connection.execute(_LIMITS + Path(revision_file).with_suffix(".sql").read_text())

    return upgrade


def revisions(versions: Path = VERSIONS) -> list[str]:
    """All revisions in their order, which is that of the file names; read without loading alembic."""
    found = [_REVISION.search(file.read_text()) for file in sorted(versions.glob("[0-9]*.py"))]
    return [match.group(1) for match in found if match]


def pending(current: str | None, versions: Path = VERSIONS) -> list[str]:
    """What is still to be done to a database at revision `current`; None is an empty one.

    Raises LookupError when `current` is unknown: a newer IMSOP has been here.
    """
    known = revisions(versions)
    if current is None:
        return known
    if current not in known:
        raise LookupError(f"the database is at revision {current}, which this version of IMSOP does not know")
    return known[known.index(current) + 1 :]
