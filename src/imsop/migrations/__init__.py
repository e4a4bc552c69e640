"""Schema migrations: plain SQL files, each with a short alembic revision that gives its position.

A migration is two files, `versions/0007_name.py` and `versions/0007_name.sql`:

    from imsop.migrations import sql_revision

revision = "0007" down_revision = "0006"

upgrade = sql_revision(__file__)

It runs as the owner of the tables, who has no tenant and so sees no tenant's rows. A migration that reads or
writes them needs `NO FORCE ROW LEVEL SECURITY` before and `FORCE ROW LEVEL SECURITY` after, on each table.

There are no downgrades: a mistake is corrected by the next migration, a disaster by restoring a backup.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERSIONS = Path(__file__).parent / "versions"

# While a migration waits for a lock, everybody queues behind it; so it times out, to be retried when there is
# less load. A file that needs other limits has its own SET LOCAL.
_LIMITS = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10min';"

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)


def sql_revision(revision_file: str) -> Callable[[], None]:
    """Returns an upgrade function that runs the SQL file verbatim, without parameters (`%`, `:`)."""

    def upgrade() -> None:
        from alembic import op  # noqa: PLC0415 - a start with nothing to migrate does not need it

        connection: Any = op.get_bind().connection.driver_connection
        connection.execute(_LIMITS + Path(revision_file).with_suffix(".sql").read_text())

    return upgrade


def revisions(versions: Path = VERSIONS) -> list[str]:
    """All revisions in order, which is that of the file names; read without importing alembic."""
    found = [_REVISION.search(file.read_text()) for file in sorted(versions.glob("[0-9]*.py"))]
    return [match.group(1) for match in found if match]


def pending(current: str | None, versions: Path = VERSIONS) -> list[str]:
    """Revisions to apply to a database at revision `current`; None is an empty database.

    Raises LookupError if `current` is unknown: a newer IMSOP has migrated the database.
    """
    known = revisions(versions)
    if current is None:
        return known
    if current not in known:
        raise LookupError(f"the database is at revision {current}, which this version of IMSOP does not know")
    return known[known.index(current) + 1 :]
