"""SQL of stock at the end of each day: daily balances, maintained by a job, plus newer ledger entries."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one, rows_affected


async def lock_timezone(connection: Connection, organization_id: UUID) -> str | None:
    """Locks the organization's row and returns its timezone; None if another transaction holds the lock."""
    timezone: str | None = await connection.fetchval(
        "SELECT o.timezone FROM organizations o WHERE o.id = $1 FOR NO KEY UPDATE SKIP LOCKED",
        organization_id,
    )
    return timezone


class Touched(Struct, frozen=True):
    """The range of days whose balances were written; null if none were."""

    first: date | None
    last: date | None
    rows: int


async def keep_balances(connection: Connection, organization_id: UUID, timezone: str) -> Touched:
    """Brings the daily balances up to date with the ledger.

    One statement, so it sees one snapshot of the ledger, whose entries of a balance are numbered in commit
    order. A balance is rewritten from the first day with a new entry on.
    """
    touched = await fetch_one(
        connection,
        Touched,
        """
        WITH known AS MATERIALIZED (
            SELECT i.id, i.version, coalesce((
                       SELECT d.through_version FROM inventory_daily_balances d
                       WHERE d.organization_id = $1 AND d.inventory_id = i.id
                       ORDER BY d.day DESC LIMIT 1), 0) AS through_version
            FROM inventory i
            WHERE i.organization_id = $1
        ), behind AS MATERIALIZED (
            SELECT k.id, k.version, min((t.occurred_at AT TIME ZONE $2)::date) AS first_day
            FROM known k
            JOIN inventory_transactions t ON t.organization_id = $1 AND t.inventory_id = k.id
                AND t.balance_version > k.through_version
            WHERE k.version > k.through_version
            GROUP BY k.id, k.version
        ), moved AS (
            SELECT b.id, b.version, b.first_day, (t.occurred_at AT TIME ZONE $2)::date AS day,
                   sum(t.quantity) AS quantity
            FROM behind b
            JOIN inventory_transactions t ON t.organization_id = $1 AND t.inventory_id = b.id
                AND t.occurred_at >= (b.first_day - 1)::timestamp AT TIME ZONE $2 -- by the index
                AND (t.occurred_at AT TIME ZONE $2)::date >= b.first_day -- as a midnight may come twice
            GROUP BY b.id, b.version, b.first_day, 4
        ), kept AS (
            INSERT INTO inventory_daily_balances
                (organization_id, inventory_id, day, quantity_on_hand, through_version)
            SELECT $1, m.id, m.day,
                   coalesce((SELECT d.quantity_on_hand FROM inventory_daily_balances d
                             WHERE d.organization_id = $1 AND d.inventory_id = m.id AND d.day < m.first_day
                             ORDER BY d.day DESC LIMIT 1), 0)
                   + sum(m.quantity) OVER (PARTITION BY m.id ORDER BY m.day),
                   m.version
            FROM moved m
            ON CONFLICT (organization_id, inventory_id, day) DO UPDATE
                SET quantity_on_hand = excluded.quantity_on_hand, through_version = excluded.through_version
            RETURNING day
        )
        SELECT min(k.day) AS first, max(k.day) AS last, count(*) AS rows FROM kept k
        """,
        organization_id,
        timezone,
    )
    return touched or Touched(None, None, 0)


async def get_last_total_day(connection: Connection, organization_id: UUID) -> date | None:
    last: date | None = await connection.fetchval(
        "SELECT max(d.day) FROM warehouse_daily_totals d WHERE d.organization_id = $1", organization_id
    )
    return last


# Stock of each balance of organization $1 at the end of each day from $2 to $3, from the daily balances.
HELD_BY_DAY = """
    SELECT i.warehouse_id, each.day::date AS day, kept.on_hand,
           i.product_id, p.category,
           p.unit_cost, p.status, p.reorder_level,
           sum(kept.on_hand) OVER (PARTITION BY i.product_id, each.day) AS of_product
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    CROSS JOIN LATERAL (
        SELECT d.quantity_on_hand AS on_hand, greatest(d.day, $2::date) AS first,
               coalesce(lead(d.day) OVER (ORDER BY d.day) - 1, $3::date) AS last
        FROM inventory_daily_balances d
        WHERE d.organization_id = $1 AND d.inventory_id = i.id AND d.day <= $3::date
          AND d.day >= coalesce((
              SELECT before.day FROM inventory_daily_balances before
              WHERE before.organization_id = $1 AND before.inventory_id = i.id
                AND before.day <= $2::date
              ORDER BY before.day DESC LIMIT 1), $2::date)
    ) AS kept
    CROSS JOIN LATERAL generate_series(kept.first, kept.last, interval '1 day') AS each (day)
    WHERE i.organization_id = $1
"""


async def keep_totals(connection: Connection, organization_id: UUID, first: date, last: date) -> int:
    """Recomputes the totals of each warehouse for these days; returns the number of rows written."""
    status = await connection.execute(
        """
        INSERT INTO warehouse_daily_totals
            (organization_id, warehouse_id, day, quantity_on_hand, value)
        SELECT $1, held.warehouse_id, held.day, sum(held.on_hand),
               coalesce(sum(held.on_hand * held.unit_cost), 0)
        FROM ("""
        + HELD_BY_DAY
        + """) AS held
        GROUP BY held.warehouse_id, held.day
        ON CONFLICT (organization_id, warehouse_id, day) DO UPDATE
            SET quantity_on_hand = excluded.quantity_on_hand, value = excluded.value
        """,
        organization_id,
        first,
        last,
    )
    return rows_affected(status)


class DayStock(Struct, frozen=True):
    day: date
    on_hand: int


async def list_warehouse_days(
    connection: Connection, organization_id: UUID, warehouse_id: UUID, first: date, last: date
) -> list[DayStock]:
    """All stock of a warehouse by day, from the first known day on; as of the job's last run."""
    return await fetch_all(
        connection,
        DayStock,
        """
        SELECT each.day::date AS day, stood.on_hand
        FROM generate_series($3::date, $4::date, interval '1 day') AS each (day)
        CROSS JOIN LATERAL (
            SELECT d.quantity_on_hand AS on_hand FROM warehouse_daily_totals d
            WHERE d.organization_id = $1 AND d.warehouse_id = $2 AND d.day <= each.day::date
            ORDER BY d.day DESC LIMIT 1
        ) AS stood
        ORDER BY each.day
        """,
        organization_id,
        warehouse_id,
        first,
        last,
    )


class DayTotals(Struct, frozen=True):
    """All stock at the end of a day; null before the first known day."""

    day: date
    on_hand: int | None
    value: Decimal | None


async def list_totals(connection: Connection, organization_id: UUID, days: list[date]) -> list[DayTotals]:
    """Totals over all warehouses at the end of each day, by day; as of the job's last run."""
    return await fetch_all(
        connection,
        DayTotals,
        """
        SELECT asked.day, sum(stood.quantity_on_hand)::bigint AS on_hand, sum(stood.value) AS value
        FROM unnest($2::date[]) AS asked (day)
        LEFT JOIN warehouses w ON w.organization_id = $1
        LEFT JOIN LATERAL (
            SELECT d.quantity_on_hand, d.value
            FROM warehouse_daily_totals d
            WHERE d.organization_id = $1 AND d.warehouse_id = w.id AND d.day <= asked.day
            ORDER BY d.day DESC LIMIT 1
        ) AS stood ON true
        GROUP BY asked.day
        ORDER BY asked.day
        """,
        organization_id,
        days,
    )


# Stock of balance `i` at the end of `asked.day` in `asked.timezone`; null before its first entry. Ledger
# entries newer than the daily balances are added, so it is exact.
STOOD = """
    SELECT coalesce(kept.on_hand + since.quantity, kept.on_hand, since.quantity)::int AS on_hand
    FROM (VALUES (1)) AS once
    LEFT JOIN LATERAL (
        SELECT d.quantity_on_hand AS on_hand FROM inventory_daily_balances d
        WHERE d.organization_id = $1 AND d.inventory_id = i.id AND d.day <= asked.day
        ORDER BY d.day DESC LIMIT 1
    ) AS kept ON true
    LEFT JOIN LATERAL (
        SELECT d.through_version FROM inventory_daily_balances d
        WHERE d.organization_id = $1 AND d.inventory_id = i.id
        ORDER BY d.day DESC LIMIT 1
    ) AS known ON true
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS quantity FROM inventory_transactions t
        WHERE i.version > coalesce(known.through_version, 0)
          AND t.organization_id = $1 AND t.inventory_id = i.id
          AND t.balance_version > coalesce(known.through_version, 0)
          AND (t.occurred_at AT TIME ZONE asked.timezone)::date <= asked.day
    ) AS since ON true
"""


# Stock of balance `i` after its ledger entry `t`, in order of occurrence. With backdated entries this differs
# from `balance_after`, which is in order of recording. `o` is the organization.
BALANCE_BY_OCCURRENCE = (
    """
    CASE WHEN i.dated_back_since IS NULL OR t.occurred_at < i.dated_back_since THEN t.balance_after
    ELSE (
        SELECT (coalesce(stood.on_hand, 0) + sum(e.quantity))::int
        FROM (SELECT (t.occurred_at AT TIME ZONE o.timezone)::date - 1 AS day, o.timezone) AS asked
        CROSS JOIN LATERAL ("""
    + STOOD
    + """) AS stood
        JOIN inventory_transactions e ON e.organization_id = $1 AND e.inventory_id = i.id
            AND e.occurred_at >= asked.day::timestamp AT TIME ZONE o.timezone -- by the index
            AND (e.occurred_at AT TIME ZONE o.timezone)::date > asked.day
            AND (e.occurred_at, e.id) <= (t.occurred_at, t.id)
        GROUP BY stood.on_hand
    ) END"""
)


class AsOf(NamedTuple):
    """The end of a day in a timezone."""

    day: date
    timezone: str


async def list_product_days(
    connection: Connection, organization_id: UUID, product_id: UUID, first: date, last: date, timezone: str
) -> list[DayStock]:
    """Stock of a product over all warehouses at the end of each day; exact."""
    return await fetch_all(
        connection,
        DayStock,
        """
        SELECT asked.day, coalesce(sum(stood.on_hand), 0)::bigint AS on_hand
        FROM (SELECT each.day::date AS day, $5::text AS timezone
              FROM generate_series($3::date, $4::date, interval '1 day') AS each (day)) AS asked
        LEFT JOIN inventory i ON i.organization_id = $1 AND i.product_id = $2
        LEFT JOIN LATERAL ("""
        + STOOD
        + """) AS stood ON true
        GROUP BY asked.day
        ORDER BY asked.day
        """,
        organization_id,
        product_id,
        first,
        last,
        timezone,
    )
