"""Proofs over a whole installation.

Each check is a statement that finds what is wrong, and nothing where all is well. Rooms name theirs as
CHECKS; `imsop doctor` runs them all on one snapshot.
"""

import time
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import asyncpg


class Check(NamedTuple):
    """`finds` returns the columns organization, subject and problem; `counts` how many were looked at.

    Both run as imsop_operator, who reads every organization.
    """

    name: str
    counts: str
    finds: str


class Finding(NamedTuple):
    """Something that is not as it must be."""

    organization: str
    subject: str
    problem: str


class Outcome(NamedTuple):
    """What a check came to, over how many rows, and how long it took."""

    check: str
    examined: int
    findings: list[Finding]
    seconds: float


async def examine(operator_dsn: str, checks: Sequence[Check]) -> AsyncIterator[Outcome]:
    """Runs the checks one after the other, all on the same snapshot, beside a working installation."""
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
