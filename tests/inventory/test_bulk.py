"""Bulk posting: the same function, the same errors."""

from uuid import UUID

import pytest

from imsop.core.database import Connection
from imsop.core.errors import Conflict
from imsop.inventory.ledger import bulk
from tests.factories import Member
from tests.inventory import stock


async def stage(connection: Connection, product_id: UUID, warehouse_id: UUID, *quantities: int) -> None:
    await bulk.stage_movements(connection)
    for quantity in quantities:
        await connection.execute(
            """
            INSERT INTO staged_movements (product_id, warehouse_id, quantity, transaction_type, movement_kind,
                                          reference_id, reason, occurred_at)
            VALUES ($1, $2, $3, 'adjustment', 'correction', 'REF', 'a test', now())
            """,
            product_id,
            warehouse_id,
            quantity,
        )


async def test_movements_are_posted_in_staged_order_across_chunks(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_CHUNK_MOVEMENTS", 2)
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 1)
    told: list[tuple[int, int]] = []
    async with admin.transaction() as connection:
        await stage(connection, product_id, warehouse_id, 4, -5, 7, -7, 3)
        posted = await bulk.post_staged_movements(
            connection, admin.organization_id, admin.user_id, lambda done, total: told.append((done, total))
        )
        assert posted == 5
        assert await stock.quantities(connection, admin, inventory_id) == (3, 0)
        rows = await connection.fetch(
            """
            SELECT t.balance_after, t.reference_id, t.occurred_at = now() AS as_staged
            FROM inventory_transactions t
            WHERE t.organization_id = $1 AND t.inventory_id = $2 ORDER BY t.balance_version
            """,
            admin.organization_id,
            inventory_id,
        )
        assert [row["balance_after"] for row in rows] == [1, 5, 0, 7, 0, 3]
        assert {(row["reference_id"], row["as_staged"]) for row in rows[1:]} == {("REF", True)}
        assert await stock.findings(connection) == []
    assert told == [(2, 5), (4, 5), (5, 5)]


async def test_a_movement_beyond_available_stock_is_named(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_CHUNK_MOVEMENTS", 2)
    product_id, warehouse_id, _ = await stock.shelf(admin, 5)
    async with admin.transaction() as connection:
        await stage(connection, product_id, warehouse_id, 1, 1, -8)
        with pytest.raises(Conflict) as refused:
            await bulk.post_staged_movements(
                connection, admin.organization_id, admin.user_id, lambda _done, _total: None
            )
    [fault] = refused.value.errors
    assert (fault.field, fault.message) == ("movement 3 (REF)", "only 7 available")
