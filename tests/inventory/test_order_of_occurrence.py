"""The ledger in order of occurrence shows the stock at each time, whatever was recorded later."""

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from uuid import UUID

import pytest

from imsop.core.listing import PageRequest
from imsop.inventory.days.jobs import keep_daily_stock
from imsop.inventory.ledger.models import Movement
from imsop.inventory.ledger.queries import LEDGER
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member
from tests.inventory import stock

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def correction(product: UUID, warehouse: UUID, quantity: int, occurred_at: datetime) -> Movement:
    return Movement(
        product, warehouse, quantity, "adjustment", "correction", reason="a test", occurred_at=occurred_at
    )


async def course(admin: Member, product: UUID) -> list[tuple[int, int]]:
    """Quantity and balance of each entry of the product, oldest first."""
    async with admin.transaction() as connection:
        page = await LEDGER.page(
            connection, admin.organization_id, PageRequest("occurred_at", 200), product_id=product
        )
    return [(entry.quantity, entry.balance_after) for entry in page.items]


async def test_the_pages_show_the_balance_by_occurrence(admin: Member) -> None:
    product, warehouse = (
        UUID((await factories.product(admin))["id"]),
        UUID((await factories.warehouse(admin))["id"]),
    )
    async with admin.transaction() as connection:
        for quantity, days in ((10, 2), (5, 1), (7, 3)):
            await stock.post(
                connection, admin, correction(product, warehouse, quantity, NOON - timedelta(days=days))
            )
    assert await course(admin, product) == [(7, 7), (10, 17), (5, 22)]
    exported = (await admin.get(f"/ledger.csv?product_id={product}")).text.splitlines()
    place = exported[0].split(",").index("balance_after")
    assert [line.split(",")[place] for line in exported[1:]] == ["22", "17", "7"]


@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Apia", "America/St_Johns"])
async def test_backdated_entries_keep_balances_by_occurrence_exact(app: Observed, timezone: str) -> None:
    """Also with daily balances before, between and after, and with several entries at one instant."""
    admin = await factories.sign_up(app, timezone=timezone)
    product, warehouse, _ = await stock.shelf(admin, 0)
    chance = random.Random(timezone)
    for _ in range(6):
        async with admin.transaction() as connection:
            for _ in range(chance.randint(1, 12)):
                hours = chance.choice([0, 1, 5, 11, 12, 23, 24, 30, 47, 48, 100])
                entry = correction(
                    product, warehouse, chance.choice([-2, 3, 5]), NOON - timedelta(days=3, hours=hours)
                )
                (posted,) = await stock.post(connection, admin, entry)
                assert posted.outcome in ("posted", "short")
        shown = await course(admin, product)
        assert [balance for _, balance in shown] == list(accumulate(quantity for quantity, _ in shown))
        async with admin.transaction() as connection:
            await keep_daily_stock(connection, admin.organization_id)
    assert len(shown) > 10
