from importlib.resources import files
from typing import Any

from alembic import op

from imsop.migrations import sql_revision

revision = "0014"
down_revision = "0013"

_ours = sql_revision(__file__)


def upgrade() -> None:
    """The queue's own tables, as procrastinate 3.10 ships them, in a schema of their own; then what is ours.

    A later procrastinate brings changes of its own to this schema: they become a migration here.
    """
    connection: Any = op.get_bind().connection.driver_connection
    shipped = (files("procrastinate") / "sql" / "schema.sql").read_text()
    connection.execute("CREATE SCHEMA queue; SET LOCAL search_path = queue;" + shipped)
    connection.execute("SET LOCAL search_path = public")
    _ours()
