"""Movements by the hundred thousand: staged in a temporary table, posted through the ledger's one door."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.errors import Conflict, FieldError

_CHUNK_MOVEMENTS = 100_000
"""Posted by one call. A call writes each balance once, and every version but the last is in the way of what
comes later in the transaction: so calls are few. 100,000 movements take 100 MB of the server's memory."""


class _Refused(Struct, frozen=True):
    line: int
    reference_id: str | None
    available: int


async def stage_movements(connection: Connection) -> None:
    """Makes `staged_movements`, gone when the transaction ends. Lines are posted in the order inserted."""
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_movements (
            line int GENERATED ALWAYS AS IDENTITY, product_id uuid, warehouse_id uuid, quantity int,
            transaction_type text, movement_kind text, reference_id text, notes text, occurred_at timestamptz
        ) ON COMMIT DROP
        """
    )


async def post_staged_movements(
    connection: Connection,
    organization_id: UUID,
    created_by: UUID | None,
    progress: Callable[[int, int], None],
) -> int:
    """Posts all of `staged_movements` and returns their number; tells how many of how many are done.

    Raises Conflict, naming the lines, where stock would fall below zero: the caller rolls back.
    """
    await connection.execute("CREATE UNIQUE INDEX ON staged_movements (line)")
    await connection.execute("ANALYZE staged_movements")
    total: int = await connection.fetchval("SELECT count(*) FROM staged_movements")
    for first in range(1, total + 1, _CHUNK_MOVEMENTS):
        last = min(first + _CHUNK_MOVEMENTS - 1, total)
        if refused := await _post(connection, organization_id, created_by, first, last):
            raise Conflict(
                f"{len(refused)} movements would take more than there is",
                errors=[
                    FieldError(f"movement {r.line} ({r.reference_id})", f"only {r.available} available")
                    for r in refused
                ],
            )
        progress(last, total)
    return total


async def _post(
    connection: Connection, organization_id: UUID, created_by: UUID | None, first: int, last: int
) -> list[_Refused]:
    return await fetch_all(
        connection,
        _Refused,
        """
        WITH chunk AS MATERIALIZED (
            SELECT array_agg(s.product_id ORDER BY s.line) AS product_ids,
                   array_agg(s.warehouse_id ORDER BY s.line) AS warehouse_ids,
                   array_agg(s.quantity ORDER BY s.line) AS quantities,
                   array_agg(s.transaction_type ORDER BY s.line) AS transaction_types,
                   array_agg(s.movement_kind ORDER BY s.line) AS movement_kinds,
                   array_agg(NULL::uuid) AS reservation_ids,
                   array_agg(s.reference_id ORDER BY s.line) AS reference_ids,
                   array_agg(s.notes ORDER BY s.line) AS notes,
                   array_agg(s.occurred_at ORDER BY s.line) AS occurred_at
            FROM staged_movements s WHERE s.line BETWEEN $3 AND $4
        )
        SELECT p.line + $3 - 1 AS line, c.reference_ids[p.line] AS reference_id, p.available
        FROM chunk c
        CROSS JOIN LATERAL post_movements(
            $1, c.product_ids, c.warehouse_ids, c.quantities, c.transaction_types, c.movement_kinds,
            c.reservation_ids, c.reference_ids, c.notes, c.occurred_at, $2) p
        WHERE p.outcome <> 'posted'
        """,
        organization_id,
        created_by,
        first,
        last,
    )
