from typing import Any

import pytest

from imsop.core.doctor import examine
from imsop.inventory.days.jobs import keep_daily_stock
from imsop.stewardship.doctor import CHECKS
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.inventory import stock
from tests.inventory.stock import ordered
from tests.states import in_state


async def _findings(database: TestDatabase) -> list[tuple[str, str]]:
    return [
        (outcome.check, finding.problem)
        async for outcome in examine(database.operator_dsn, CHECKS)
        for finding in outcome.findings
    ]


async def test_a_healthy_installation_has_no_findings(database: TestDatabase, admin: Member) -> None:
    product_id, _, inventory_id = await stock.shelf(admin, 10)
    bought = await ordered(admin, "purchase-orders", product_id)
    await in_state(admin, "purchase_orders", bought.id, "confirmed")
    arrived = {"purchase_order_item_id": str(bought.lines[0]), "quantity_accepted": 4}
    warehouse = (await factories.warehouse(admin))["id"]
    await admin.create(
        "goods-receipts", {"purchase_order_id": str(bought.id), "warehouse_id": warehouse, "lines": [arrived]}
    )
    order = await ordered(admin, "sales-orders", product_id)
    async with admin.transaction() as connection:
        await stock.reserve(connection, admin, inventory_id, 3, order.lines[0])
        await keep_daily_stock(connection, admin.organization_id)
    outcomes = [outcome async for outcome in examine(database.operator_dsn, CHECKS)]
    assert len(outcomes) == len(CHECKS)
    assert all(outcome.examined > 0 and not outcome.findings for outcome in outcomes)


SPOILT = [
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
    (
        "UPDATE purchase_order_items SET quantity_received = 1 WHERE product_id = $1",
        "UPDATE purchase_order_items SET quantity_received = 0 WHERE product_id = $1",
        "what came in for each purchase order line equals its ledger",
        "received 1, ledger 0; returned 0, ledger 0",
    ),
    (
        "UPDATE sales_order_items SET quantity_shipped = 1 WHERE product_id = $1",
        "UPDATE sales_order_items SET quantity_shipped = 0 WHERE product_id = $1",
        "what left for each sales order line equals its ledger",
        "shipped 1, ledger 0; returned 0, ledger 0",
    ),
    (
        "UPDATE sales_order_items SET quantity_reserved = 4 WHERE product_id = $1",
        "UPDATE sales_order_items SET quantity_reserved = 3 WHERE product_id = $1",
        "what is reserved for each sales order line equals its reservations",
        "reserved 4, reservations 3",
    ),
]


SPOILT_ELSEWHERE = {  # with the days themselves, in test_daily_stock.py
    "stock at the end of each day equals its ledger",
    "the daily total of each warehouse equals its daily balances",
    # with the receipts themselves, in tests/purchasing/test_receiving.py
    "each line of a goods receipt or of a return to a supplier is in the ledger with its quantity",
}


def test_every_check_is_made_to_find_something() -> None:
    assert {check for _, _, check, _ in SPOILT} | SPOILT_ELSEWHERE == {check.name for check in CHECKS}


@pytest.mark.parametrize(("wrong", "right", "check", "problem"), SPOILT)
async def test_a_figure_changed_behind_the_ledger_s_back_is_named(
    database: TestDatabase,
    superuser: Any,
    admin: Member,
    wrong: str,
    right: str,
    check: str,
    problem: str,
) -> None:
    product_id, _, inventory_id = await stock.shelf(admin, 10)
    await ordered(admin, "purchase-orders", product_id)
    order = await ordered(admin, "sales-orders", product_id)
    async with admin.transaction() as connection:
        await stock.reserve(connection, admin, inventory_id, 3, order.lines[0])
    subject = product_id if "product_id" in wrong else inventory_id
    try:
        await superuser.execute(wrong, subject)
        ((found, said),) = await _findings(database)
        assert found == check
        assert said.endswith(problem)
    finally:
        await superuser.execute(right, subject)
    assert await _findings(database) == []
