"""Checks the plans of the application's reads on volume, run as imsop_app inside one organization."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import asyncpg
import msgspec
import uvloop

from imsop.bench.comparison import filled
from imsop.bench.operations import OPERATIONS, Keys, Operation
from imsop.bench.recording import Statement, as_text, recorded
from imsop.bench.volume import FIRST_NUMBER, Member, Volume
from imsop.core import tenancy
from imsop.core.database import Connection
from imsop.core.installation import APP, Installation, Progress
from imsop.core.listing import DEFAULT_PAGE
from imsop.core.tenancy import Tenant

DEMO = Volume(
    organizations=2,
    products=400,
    warehouses=4,
    movements_per_balance=30,
    purchase_orders=2_000,
    lines_per_order=3,
    shipments=8_000,
    positions_per_shipment=1,
    customers=500,
    sales_orders=5_000,
)
"""The size of a demo organization, rounded up."""
SEARCHED = ("1", "1000", "ustomer 1a", "no such thing", "1a2b%", "___")
"""Search terms: short and long; matching all, some or no rows; with wildcards."""

SMALL = frozenset({"organizations", "warehouses", "warehouse_zones", "permissions", "roles"})
"""Tables that do not grow with trade: a sequential scan may be their best plan."""
REMOVED_PER_RETURNED = 10
"""Rows that a filter may discard per row kept (at least a page) and still count as served by an index."""


class Examined(NamedTuple):
    """The plan of a statement, and its faults."""

    operation: str
    how: str
    plan: str
    faults: list[str]


def examine(volume: Volume, progress: Progress) -> list[Examined]:
    """The plans of every reading operation, each as a custom and as a generic plan."""
    with filled(volume, progress) as (opened, _settings, members):
        return uvloop.run(examine_installation(opened, members[-1], volume))


async def examine_installation(opened: Installation, member: Member, volume: Volume) -> list[Examined]:
    """The same on an existing installation, for one of its organizations."""
    examined = []
    async with _session(opened) as session, recorded(opened) as recorder:
        for operation in _readings():
            numbers = {kind: FIRST_NUMBER + volume.counted(kind) // 7 for kind in operation.kinds}
            keys = Keys(member, numbers, datetime.now(UTC))
            for statement in await recorder.statements(operation, keys):
                if statement.arguments:
                    for how, mode in _PLANNINGS:
                        plan = await session.plan(keys.member, statement, mode)
                        examined.append(Examined(f"{operation.code} {operation.title}", how, *plan))
    return examined


def _readings() -> Iterator[Operation]:
    yield from (operation for operation in OPERATIONS if operation.body is None)
    for fragment in SEARCHED:
        path = f"/api/v1/search?{urlencode({'q': fragment})}"
        yield Operation("R5", f"search {fragment!r}", (), lambda _, path=path: path)  # type: ignore[misc]


_PLANNINGS = (
    ("for its arguments", "SET LOCAL plan_cache_mode = force_custom_plan"),
    ("for any arguments", "SET LOCAL plan_cache_mode = force_generic_plan"),
)


@asynccontextmanager
async def _session(opened: Installation) -> AsyncIterator["_Session"]:
    connection = await asyncpg.connect(opened.admin_dsn)
    try:
        await connection.execute(
            "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_analyze = on;"
            " SET auto_explain.log_buffers = on; SET auto_explain.log_nested_statements = on;"
            " SET client_min_messages = log"
        )
        yield _Session(connection)
    finally:
        await connection.close()


class _Session:
    """Runs statements as imsop_app, and collects their plans by auto_explain, nested functions included."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._heard: list[str] = []
        connection.add_log_listener(lambda _, message: self._heard.append(message.message))

    async def plan(self, member: Member, statement: Statement, mode: str) -> tuple[str, list[str]]:
        """The plans as text, and their faults."""
        told = await self._ran(member, statement, mode, "text")
        plans = await self._ran(member, statement, mode, "json")
        found = [fault for plan in plans for fault in faults(msgspec.json.decode(plan)["Plan"])]
        return "\n".join(told), found

    async def _ran(self, member: Member, statement: Statement, mode: str, form: str) -> list[str]:
        """Runs a prepared statement: with literals it would always get a custom plan."""
        connection = self._connection
        await connection.execute(
            f"RESET SESSION AUTHORIZATION; SET auto_explain.log_format = {form};"
            f" SET SESSION AUTHORIZATION {APP}"
        )
        await tenancy.begin(connection, Tenant(member.organization_id, member.user_id), read_only=True)
        await connection.execute(f"{mode}; PREPARE examined AS {statement.sql}")
        self._heard.clear()
        arguments = ", ".join(_literal(value) for value in statement.arguments)
        await connection.execute(f"EXECUTE examined ({arguments})")
        await connection.execute("DEALLOCATE examined; ROLLBACK")
        return [message.partition("plan:\n")[2] for message in self._heard]


def _literal(value: object) -> str:
    return "NULL" if value is None else "'" + as_text(value).replace("'", "''") + "'"


def faults(plan: dict[str, Any]) -> list[str]:
    """Faults of a plan (EXPLAIN ANALYZE as JSON): sequential scans and filters that discard many rows."""
    found = []
    for node in _nodes(plan):
        table = node.get("Relation Name", "")
        if node["Node Type"] == "Seq Scan" and table not in SMALL:
            found.append(f"reads all of {table}")
        removed = sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
        if removed > REMOVED_PER_RETURNED * max(DEFAULT_PAGE, node["Actual Rows"]):
            found.append(f"{node['Node Type']} {table}: throws away {removed} rows for {node['Actual Rows']}")
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
