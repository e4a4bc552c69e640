"""Orders, receipts, reversals, returns, closings and amendments at random, against a model after each."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from imsop.core.doctor import examine
from imsop.purchasing.doctor import CHECKS
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.purchasing.buying import ORDERS, RECEIPTS, RETURNS, arrived, now, sent, stock_of

T = TypeVar("T")
LINES = (10, 6)
NAME = f"Bought at random {uuid4()}"
_LINE = st.integers(0, len(LINES) - 1)


class Purchasing(RuleBasedStateMachine):
    """One order after the other, of one organization, over the API."""

    database: TestDatabase
    runner: asyncio.Runner
    admin: Member

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def draft_an_order(self) -> None:
        self.order = self.run(sent(self.admin, *LINES))
        self.ordered = list(LINES)
        self.received, self.returned, self.closed = [0, 0], [0, 0], [0, 0]
        self.rejected = [0, 0]
        self.receipts: list[tuple[str, list[tuple[int, int]]]] = []
        self.status = "confirmed"

    def _open(self, line: int) -> int:
        return max(self.ordered[line] - self.received[line] - self.closed[line], 0)

    def _settle(self) -> None:
        is_received = sum(self.received) > 0 and not any(self._open(line) for line in (0, 1))
        self.status = "received" if is_received else "confirmed"

    def _post(self, path: str, body: Any) -> int:
        return self.run(self.admin.post(path, body)).status_code

    @rule(line=_LINE, quantity=st.integers(1, 12), rejected=st.integers(0, 2))
    def receive(self, line: int, quantity: int, rejected: int) -> None:
        quantities = [0, 0]
        quantities[line] = quantity
        body = arrived(self.order, *quantities)
        if rejected:
            body["lines"][0] |= {"quantity_rejected": rejected, "reason": "broken"}
        whole = quantity + rejected
        reply = self.run(self.admin.post(RECEIPTS, body))
        possible = self.received[line] + whole <= self.ordered[line] - self.closed[line]
        if self.status == "cancelled":
            possible = False
        assert (reply.status_code == 201) == possible, reply.text
        if possible:
            self.received[line] += whole
            self.receipts.append((reply.json()["id"], [(line, whole)]))
            self._settle()

    @rule()
    def receive_the_rest(self) -> None:
        rest = [self._open(line) for line in (0, 1)]
        if self.status != "confirmed" or not sum(rest):
            return
        reply = self.run(self.admin.post(RECEIPTS, arrived(self.order, *rest)))
        assert reply.status_code == 201, reply.text
        moved = [(line, quantity) for line, quantity in enumerate(rest) if quantity]
        self.receipts.append((reply.json()["id"], moved))
        for line, quantity in moved:
            self.received[line] += quantity
        self._settle()

    @rule(place=st.integers(0, 9))
    def reverse(self, place: int) -> None:
        if not self.receipts:
            return
        receipt_id, lines = self.receipts[place % len(self.receipts)]
        status = self._post(f"{RECEIPTS}/{receipt_id}/reverse", {"reason": "wrong"})
        possible = all(self.received[line] - whole >= self.returned[line] for line, whole in lines)
        assert (status == 201) == possible, (status, lines, self.received, self.returned)
        if possible:
            for line, whole in lines:
                self.received[line] -= whole
            self.receipts.remove((receipt_id, lines))
            self._settle()

    @rule(line=_LINE, quantity=st.integers(1, 8))
    def send_back(self, line: int, quantity: int) -> None:
        wanted = {
            "purchase_order_item_id": self.order["items"][line]["id"],
            "quantity": quantity,
            "reason": "broken",
        }
        head = {"purchase_order_id": self.order["id"], "warehouse_id": self.order["warehouse_id"]}
        status = self._post(RETURNS, head | {"lines": [wanted]})
        possible = self.returned[line] + quantity <= self.received[line]
        assert (status == 201) == possible
        if possible:
            self.returned[line] += quantity

    @rule(line=_LINE)
    def close(self, line: int) -> None:
        body = {"reason": "nothing more", "lines": [self.order["items"][line]["id"]]}
        status = self._post(f"{ORDERS}/{self.order['id']}/close", body)
        left = sum(self._open(one) for one in (0, 1)) - self._open(line)
        possible = (
            self.status == "confirmed" and self._open(line) > 0 and (left > 0 or sum(self.received) > 0)
        )
        assert (status == 200) == possible, status
        if possible:
            self.closed[line] += self._open(line)
            self._settle()

    @rule(line=_LINE, quantity=st.integers(1, 14))
    def amend(self, line: int, quantity: int) -> None:
        quantities = [*self.ordered]
        quantities[line] = quantity
        items = [
            {"id": one["id"], "product_id": one["product_id"], "quantity_ordered": new, "unit_price": "2"}
            for one, new in zip(self.order["items"], quantities, strict=True)
        ]
        reply = self.run(self.admin.edit(f"{ORDERS}/{self.order['id']}", items=items))
        possible = self.status == "confirmed" and quantity >= self.received[line]
        assert (reply.status_code == 200) == possible, reply.text
        if possible:
            if quantity != self.ordered[line]:
                self.closed[line] = 0
            self.ordered[line] = quantity
            self._settle()

    @rule()
    def cancel(self) -> None:
        status = self._post(f"{ORDERS}/{self.order['id']}/cancel", {"reason": "no longer needed"})
        possible = self.status == "confirmed" and not sum(self.received)
        assert (status == 200) == possible, status
        if possible:
            self.draft_an_order()

    @invariant()
    def agrees_with_the_model(self) -> None:
        order = self.run(now(self.admin, self.order))
        assert order["status"] == self.status
        for line, item in enumerate(order["items"]):
            open_ = self._open(line) if self.status == "confirmed" else 0
            assert item["quantity_ordered"] == self.ordered[line]
            assert item["quantity_received"] == self.received[line]
            assert item["quantity_returned"] == self.returned[line]
            assert item["quantity_closed"] == self.closed[line]
            assert item["quantity_open"] == open_
            on_hand, available = self.run(stock_of(self.admin, order, line))
            assert on_hand == self.received[line] - self.returned[line]
            assert 0 <= available <= on_hand
        assert order["total_amount"] == f"{2 * sum(self.ordered)}.00"

    def teardown(self) -> None:
        self.run(self._examine())

    async def _examine(self) -> None:
        findings = [
            finding
            async for outcome in examine(self.database.operator_dsn, CHECKS)
            for finding in outcome.findings
            if finding.organization == NAME
        ]
        assert findings == []


async def _serve(database: TestDatabase, app: asyncio.Future[Any], over: asyncio.Event) -> None:
    """The application, opened and closed in one task."""
    async with factories.running(database.installation) as running:
        app.set_result(running)
        await over.wait()


def test_an_order_and_its_receipts_agree_with_a_model(database: TestDatabase) -> None:
    with asyncio.Runner() as runner:
        loop, over = runner.get_loop(), asyncio.Event()
        app = loop.create_future()
        serving = loop.create_task(_serve(database, app, over))
        Purchasing.database, Purchasing.runner = database, runner
        Purchasing.admin = runner.run(_signed_up(app))
        try:
            run_state_machine_as_test(
                Purchasing,
                settings=settings(
                    max_examples=50, stateful_step_count=30, deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            over.set()
            loop.run_until_complete(serving)


async def _signed_up(app: asyncio.Future[Any]) -> Member:
    return await factories.sign_up(await app, name=NAME)
