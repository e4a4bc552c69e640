"""Integrity checks over a whole installation.

Each check is a statement that returns violations, and no rows if all is well. Rooms list theirs in CHECKS;
`imsop doctor` runs them all on one snapshot.
"""

import time
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import asyncpg


class Check(NamedTuple):
    """`finds` selects the columns organization, subject and problem; `counts` the number of rows examined.

    Both run as imsop_operator, which can read every organization.
    """

    name: str
    counts: str
    finds: str


class Finding(NamedTuple):
    """One violation."""

    organization: str
    subject: str
    problem: str


class Outcome(NamedTuple):
    """The violations a check found, the number of rows it examined, and its duration."""

    check: str
    examined: int
    findings: list[Finding]
    seconds: float


async def examine(operator_dsn: str, checks: Sequence[Check]) -> AsyncIterator[Outcome]:
    """Runs the checks one by one on a single snapshot; safe on an installation in use."""
    connection = await asyncpg.connect(operator_dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for check in checks:
                began = time.perf_counter()
                examined = await connection.fetchval(check.counts)
                findings = [Finding(*record) for record in await connection.fetch(check.finds)]
                yield Outcome(check.name, examined, findings, time.perf_counter() - began)
    finally:
        await connection.close()
