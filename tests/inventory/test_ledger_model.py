"""Random movements and reservations, compared with a model after every step."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from imsop.core import tenancy
from imsop.core.tenancy import Tenant
from imsop.inventory.ledger import queries as ledger_queries
from imsop.inventory.ledger.models import Movement
from imsop.inventory.reservations import queries as reservations_queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.stock import queries as stock_queries
from tests.conftest import TestDatabase
from tests.factories import connected
from tests.inventory.stock import findings

T = TypeVar("T")
SHELVES = 3
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

_KINDS = st.sampled_from(
    [("receipt", "goods_receipt", 1), ("shipment", "sale", -1), ("adjustment", "correction", -1)]
)
_RECEIPT = ("receipt", "goods_receipt", 1)
_LINE = st.tuples(st.integers(0, SHELVES - 1), st.integers(1, 12), _KINDS, st.integers(0, 100), st.booleans())


class Ledger(RuleBasedStateMachine):
    """One organization in one transaction, which is rolled back at the end."""

    database: TestDatabase

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.on_hand: dict[int, int] = dict.fromkeys(range(SHELVES), 0)
        self.reserved: dict[int, int] = dict.fromkeys(range(SHELVES), 0)
        self.held: dict[UUID, tuple[int, int]] = {}
        self.moves: list[tuple[int, int, datetime]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open_shelves(self) -> None:
        """With stock on all but the last, or most attempts would be short."""
        self.run(self._open())
        self.post([(shelf, 40, _RECEIPT, 50, False) for shelf in range(SHELVES - 1)])

    async def _open(self) -> None:
        self.connection = await self.opened.enter_async_context(connected(self.database.app_dsn))
        self.organization_id = uuid4()
        await tenancy.begin(self.connection, Tenant(self.organization_id))
        await self.connection.execute(
            "INSERT INTO organizations (id, name) VALUES ($1, $2)",
            self.organization_id,
            str(self.organization_id),
        )
        self.warehouse_id: UUID = await self.connection.fetchval(
            "INSERT INTO warehouses (organization_id, name) VALUES ($1, 'W') RETURNING id",
            self.organization_id,
        )
        self.products: list[UUID] = []
        for number in range(SHELVES):
            product_id = await self.connection.fetchval(
                "INSERT INTO products (organization_id, sku, name) VALUES ($1, $2, $2) RETURNING id",
                self.organization_id,
                f"P{number}",
            )
            self.products.append(product_id)

    @rule(lines=st.lists(_LINE, min_size=1, max_size=4))
    def post(self, lines: list[tuple[int, int, tuple[str, str, int], int, bool]]) -> None:
        movements, draws = [], defaultdict[UUID, int](int)
        for shelf, quantity, (transaction_type, kind, sign), day, drawing in lines:
            reservation_id = self._one_held_on(shelf) if drawing and sign < 0 else None
            if reservation_id is not None:
                draws[reservation_id] += quantity
            movements.append(
                Movement(
                    self.products[shelf],
                    self.warehouse_id,
                    sign * quantity,
                    transaction_type,  # type: ignore[arg-type]
                    kind,  # type: ignore[arg-type]
                    reservation_id,
                    reason="a test",
                    occurred_at=EPOCH + timedelta(days=day),
                )
            )
        possible = self._possible(lines, draws)
        postings = self.run(
            ledger_queries.post_movements(self.connection, self.organization_id, movements, None)
        )
        assert all(posting.outcome == "posted" for posting in postings) == possible
        if possible:
            self._apply(lines, draws)

    def _one_held_on(self, shelf: int) -> UUID | None:
        return next((reservation for reservation, (on, _) in self.held.items() if on == shelf), None)

    def _possible(self, lines: list[Any], draws: dict[UUID, int]) -> bool:
        on_hand = dict(self.on_hand)
        for shelf, quantity, (_, _, sign), _, _ in lines:
            on_hand[shelf] += sign * quantity
            if on_hand[shelf] < 0:
                return False
        reserved = dict(self.reserved)
        for reservation_id, quantity in draws.items():
            shelf, held = self.held[reservation_id]
            if quantity > held:
                return False
            reserved[shelf] -= quantity
        shelves = {line[0] for line in lines}
        return all(on_hand[shelf] >= reserved[shelf] for shelf in shelves) and all(
            self._never_short(shelf, lines) for shelf in shelves
        )

    def _never_short(self, shelf: int, lines: list[Any]) -> bool:
        """True if the balance would be negative at the end of no day, by time of occurrence."""
        moved = defaultdict[int, int](int)
        for on, quantity, instant in self.moves:
            moved[(instant - EPOCH).days] += quantity if on == shelf else 0
        for on, quantity, (_, _, sign), day, _ in lines:
            moved[day] += sign * quantity if on == shelf else 0
        return min(accumulate(moved[day] for day in sorted(moved))) >= 0

    def _apply(self, lines: list[Any], draws: dict[UUID, int]) -> None:
        for shelf, quantity, (_, _, sign), day, _ in lines:
            self.on_hand[shelf] += sign * quantity
            self.moves.append((shelf, sign * quantity, EPOCH + timedelta(days=day)))
        for reservation_id, quantity in draws.items():
            shelf, held = self.held.pop(reservation_id)
            self.reserved[shelf] -= quantity
            if held > quantity:
                self.held[reservation_id] = (shelf, held - quantity)

    @rule(wishes=st.lists(st.tuples(st.integers(0, SHELVES - 1), st.integers(1, 10)), min_size=1, max_size=3))
    def reserve(self, wishes: list[tuple[int, int]]) -> None:
        inventory_ids = self.run(self._inventory_ids())
        lines = [
            Wish(inventory_ids.get(shelf, uuid4()), quantity, "hold", reason="a test")
            for shelf, quantity in wishes
        ]
        outcomes = self.run(
            reservations_queries.reserve_stock(self.connection, self.organization_id, lines, None)
        )
        wished = defaultdict[int, int](int)
        for shelf, quantity in wishes:
            wished[shelf] += quantity
        possible = all(
            quantity <= self.on_hand[shelf] - self.reserved[shelf] for shelf, quantity in wished.items()
        )
        assert all(outcome.outcome == "held" for outcome in outcomes) == possible
        if possible:
            for outcome in outcomes:
                shelf, quantity = wishes[outcome.line - 1]
                assert outcome.id is not None
                self.held[outcome.id] = (shelf, quantity)
                self.reserved[shelf] += quantity

    @rule(count=st.integers(1, 3))
    def release(self, count: int) -> None:
        chosen = [*list(self.held)[:count], uuid4()]
        released = self.run(
            reservations_queries.release_reservations(self.connection, self.organization_id, chosen)
        )
        assert {row.id: row.quantity for row in released} == {
            reservation_id: self.held[reservation_id][1] for reservation_id in chosen[:-1]
        }
        for reservation_id in chosen[:-1]:
            shelf, quantity = self.held.pop(reservation_id)
            self.reserved[shelf] -= quantity

    @rule(day=st.integers(0, 100))
    def look_back(self, day: int) -> None:
        instant = EPOCH + timedelta(days=day)
        then = self.run(
            self.connection.fetch(
                stock_queries.BALANCES_AS_OF.statement((), "warehouse_name", False),
                self.organization_id,
                instant,
                None,
                100,
            )
        )
        for record in then:
            shelf = self.products.index(record["product_id"])
            assert record["quantity_on_hand"] == sum(
                quantity for on, quantity, occurred_at in self.moves if on == shelf and occurred_at <= instant
            )

    @invariant()
    def the_database_agrees_with_the_model(self) -> None:
        records = self.run(
            self.connection.fetch(
                "SELECT product_id, quantity_on_hand, quantity_reserved, quantity_available FROM inventory"
                " WHERE organization_id = $1",
                self.organization_id,
            )
        )
        seen = {self.products.index(record["product_id"]): tuple(record)[1:] for record in records}
        for shelf in range(SHELVES):
            on_hand, reserved = self.on_hand[shelf], self.reserved[shelf]
            assert seen.get(shelf, (0, 0, 0)) == (on_hand, reserved, on_hand - reserved)
        assert self.run(findings(self.connection)) == []

    async def _inventory_ids(self) -> dict[int, UUID]:
        records = await self.connection.fetch(
            "SELECT id, product_id FROM inventory WHERE organization_id = $1", self.organization_id
        )
        return {self.products.index(record["product_id"]): record["id"] for record in records}

    def teardown(self) -> None:
        self.run(self.opened.aclose())
        self.runner.close()


@pytest.mark.timeout(240)
def test_random_movements_and_reservations_agree_with_a_model(database: TestDatabase) -> None:
    machine = type("LedgerOf", (Ledger,), {"database": database})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(max_examples=60, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
