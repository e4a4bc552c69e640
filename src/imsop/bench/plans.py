"""The plans of what the application reads, on volume, as the application's role inside one organization."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import uvloop

from imsop.bench.comparison import filled
from imsop.bench.operations import OPERATIONS, Keys
from imsop.bench.recording import Statement, as_text, recorded
from imsop.bench.volume import FIRST_NUMBER, Member, Volume
from imsop.core import tenancy
from imsop.core.database import Connection, open_pool
from imsop.core.installation import Installation, Progress
from imsop.core.tenancy import Tenant

DEMO = Volume(
    organizations=2,
    products=400,
    warehouses=3,
    movements_per_balance=20,
    purchase_orders=3_000,
    lines_per_order=4,
    shipments=1_500,
    positions_per_shipment=40,
)
"""What an organization of the demo has, rounded up."""

SMALL = frozenset({"organizations", "warehouses", "warehouse_zones", "permissions", "roles"})
"""Tables that do not grow with trade: reading one whole may be the best plan there is."""
REMOVED_PER_RETURNED = 10
"""Rows that a filter may throw away for each that it keeps, for its plan to count as served by an index."""


class Examined(NamedTuple):
    """The plan of a statement, and what is wrong with it."""

    operation: str
    how: str
    plan: str
    faults: list[str]


def examine(volume: Volume, progress: Progress) -> list[Examined]:
    """The plans of every reading operation, each planned for its arguments and for any arguments."""
    with filled(volume, progress) as (opened, _settings, members):
        return uvloop.run(_examine(opened, members))


async def _examine(opened: Installation, members: list[Member]) -> list[Examined]:
    examined = []
    async with (
        await open_pool(opened.app_dsn, min_size=1, max_size=1) as pool,
        pool.acquire() as connection,
        recorded(opened) as recorder,
    ):
        for operation in (one for one in OPERATIONS if one.body is None):
            numbers = dict.fromkeys(operation.kinds, FIRST_NUMBER + 1)
            keys = Keys(members[-1], numbers, datetime.now(UTC))
            for statement in await recorder.statements(operation, keys):
                if statement.arguments:
                    title = f"{operation.code} {operation.title}"
                    examined += [
                        Examined(title, how, *await _explained(connection, keys.member, statement, mode))
                        for how, mode in _PLANNINGS
                    ]
    return examined


_PLANNINGS = (
    ("for its arguments", "SET LOCAL plan_cache_mode = force_custom_plan"),
    ("for any arguments", "SET LOCAL plan_cache_mode = force_generic_plan"),
)


async def _explained(
    connection: Connection, member: Member, statement: Statement, mode: str
) -> tuple[str, list[str]]:
    """The plan as PostgreSQL tells it, and its faults.

    Explained as a prepared statement: an EXPLAIN with arguments is always planned for them.
    """
    call = f"EXECUTE examined ({', '.join(_literal(value) for value in statement.arguments)})"
    await tenancy.begin(connection, Tenant(member.organization_id, member.user_id), read_only=True)
    await connection.execute(mode)
    await connection.execute("PREPARE examined AS " + statement.sql)
    lines = await connection.fetch("EXPLAIN (ANALYZE, BUFFERS) " + call)
    told = await connection.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + call)
    await connection.execute("DEALLOCATE examined")
    await connection.execute("ROLLBACK")
    return "\n".join(line for (line,) in lines), faults(msgspec.json.decode(told)[0]["Plan"])


def _literal(value: object) -> str:
    return "NULL" if value is None else "'" + as_text(value).replace("'", "''") + "'"


def faults(plan: dict[str, Any]) -> list[str]:
    """What keeps a plan (of EXPLAIN ANALYZE, as JSON) from counting as served by indexes."""
    found = []
    for node in _nodes(plan):
        table = node.get("Relation Name", "")
        if node["Node Type"] == "Seq Scan" and table not in SMALL:
            found.append(f"reads all of {table}")
        removed = sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
        if removed > REMOVED_PER_RETURNED * max(1, node["Actual Rows"]):
            found.append(f"{node['Node Type']} {table}: throws away {removed} rows for {node['Actual Rows']}")
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
