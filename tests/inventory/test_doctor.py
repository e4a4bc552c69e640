from typing import Any

import pytest

from imsop.core.doctor import examine
from imsop.inventory.days.jobs import keep_daily_stock
from imsop.inventory.doctor import CHECKS
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.inventory import stock


async def _findings(database: TestDatabase) -> list[tuple[str, str]]:
    return [
        (outcome.check, finding.problem)
        async for outcome in examine(database.operator_dsn, CHECKS)
        for finding in outcome.findings
    ]


async def test_a_healthy_installation_has_no_findings(database: TestDatabase, admin: Member) -> None:
    _, _, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        await stock.reserve(connection, admin, inventory_id, 3)
        await keep_daily_stock(connection, admin.organization_id)
    outcomes = [outcome async for outcome in examine(database.operator_dsn, CHECKS)]
    assert len(outcomes) == len(CHECKS)
    assert all(outcome.examined > 0 and not outcome.findings for outcome in outcomes)


@pytest.mark.parametrize(
    ("wrong", "right", "check", "problem"),
    [
        (
            "UPDATE inventory SET quantity_on_hand = 11 WHERE id = $1",
            "UPDATE inventory SET quantity_on_hand = 10 WHERE id = $1",
            "each balance equals its ledger",
            "on hand 11, ledger 10; version 1, ledger rows 1",
        ),
        (
            "UPDATE inventory SET quantity_reserved = 4 WHERE id = $1",
            "UPDATE inventory SET quantity_reserved = 3 WHERE id = $1",
            "each reserved quantity equals its reservations",
            "reserved 4, reservations 3",
        ),
        (
            "UPDATE inventory_transactions SET balance_after = 9 WHERE inventory_id = $1",
            "UPDATE inventory_transactions SET balance_after = 10 WHERE inventory_id = $1",
            "each ledger row carries the balance it left",
            "balance after 9, computed 10; version 1, row number 1",
        ),
    ],
)
async def test_a_figure_changed_behind_the_ledger_s_back_is_named(
    database: TestDatabase,
    superuser: Any,
    admin: Member,
    wrong: str,
    right: str,
    check: str,
    problem: str,
) -> None:
    _, _, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        await stock.reserve(connection, admin, inventory_id, 3)
    try:
        await superuser.execute(wrong, inventory_id)
        ((found, said),) = await _findings(database)
        assert found == check
        assert said.endswith(problem)
    finally:
        await superuser.execute(right, inventory_id)
    assert await _findings(database) == []
