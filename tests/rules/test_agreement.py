"""One order in each state: everything that counts or lists orders and lines must agree."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from imsop.analytics.metrics.jobs import DAILY_FIGURES
from imsop.core.jobs import run_now
from imsop.core.listing import PageRequest
from imsop.inventory.stock import queries as stock_queries
from imsop.purchasing.performance import queries as purchase_performance
from imsop.purchasing.performance.jobs import SUPPLIER_METRICS
from imsop.purchasing.supply import queries as supply
from imsop.sales.demand import queries as demand
from imsop.sales.performance import queries as sales_performance
from imsop.shipping.punctuality import queries as punctuality
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of
from tests.pages.tables import due, tiles
from tests.states import Line, ago, ahead, purchase_order, sales_order, shipment

ORDERED = 10
MOST = PageRequest("due_on", 500)


class Case(NamedTuple):
    status: str
    done: int
    due: date

    @property
    def is_late(self) -> bool:
        return self.due < ago(0)

    @property
    def done_on(self) -> date | None:
        """A day late, or on time; complete lines only."""
        return (
            self.due + timedelta(days=1 if self.status == "shipped" else 0) if self.done == ORDERED else None
        )

    @property
    def is_on_time(self) -> bool:
        return self.done_on is not None and self.done_on <= self.due


def cases(*progress: tuple[str, int]) -> list[Case]:
    return [
        Case(status, done, due) for status, done in progress for due in (ago(5), ago(1), ago(0), ahead(4))
    ]


async def listed(owner: Member, path: str, number: str, **filters: str) -> set[str]:
    return {row[number] for row in await csv_of(await signed_in(owner), path, **filters)}


async def test_purchase_orders_and_their_lines(database: TestDatabase, admin: Member) -> None:
    supplier = (await factories.supplier(admin))["id"]
    product = (await factories.product(admin))["id"]
    known: dict[str, Case] = {}
    progress = [("draft", 0), ("submitted", 0), ("confirmed", 0), ("confirmed", 4), ("shipped", 4),
                ("shipped", 10), ("received", 10), ("cancelled", 0)]  # fmt: skip
    for number, case in enumerate(cases(*progress)):
        line = Line(product, ORDERED, case.done, promised=case.due, done_on=case.done_on)
        await purchase_order(
            admin, supplier, case.status, line, number=f"P{number}", expected=case.due, order_date=ago(20)
        )
        known[f"P{number}"] = case

    open_states, agreed = {"submitted", "confirmed", "shipped"}, {"confirmed", "shipped", "received"}
    open_orders = {n for n, c in known.items() if c.status in open_states}
    late_orders = {n for n in open_orders if known[n].is_late}
    open_lines = {n for n in open_orders if known[n].done < ORDERED}
    late_lines = {n for n in open_lines if known[n].is_late}
    due = {n for n, c in known.items() if c.status in agreed and c.is_late}
    on_time = {n for n in due if known[n].is_on_time}

    assert await listed(admin, "/purchase-orders", "po_number", open="true") == open_orders
    assert await listed(admin, "/purchase-orders", "po_number", late="true") == late_orders
    lines = f"/suppliers/{supplier}/lines"
    assert await listed(admin, lines, "po_number", outcome="open") == open_lines
    organization, supplier_id, product_id = admin.organization_id, UUID(supplier), UUID(product)
    async with admin.transaction() as connection:
        late = await supply.list_late(connection, organization, ago(0), 500)
        assert {order.po_number for order in late} == late_orders
        on_order = await supply.list_on_order(connection, organization, product_id, 500)
        assert {line.po_number for line in on_order} == open_lines
        (unfinished,) = await supply.list_unfinished(
            connection, organization, [datetime.now(UTC) + timedelta(days=1)]
        )
        assert unfinished == len(open_orders)
        totals = (
            await purchase_performance.list_supplier_totals(connection, organization, [supplier_id], ago(0))
        )[supplier_id]
        assert (totals.open_orders, totals.late_orders) == (len(open_orders), len(late_orders))
        assert (totals.open_lines, totals.overdue_lines) == (len(open_lines), len(late_lines))
        assert (totals.lines_due, totals.lines_on_time) == (len(due), len(on_time))
        quarters = await purchase_performance.list_quarters(connection, organization, supplier_id, ago(0))
        assert sum(quarter.due for quarter in quarters) == len(due)
        assert sum(quarter.on_time for quarter in quarters) == len(on_time)
        for wanted, names in ({"open": True}, open_lines), ({"agreed": True, "due_before": ago(0)}, due):
            page = await purchase_performance.SUPPLIER_LINES.page(connection, organization, MOST, **wanted)
            assert {line.po_number for line in page.items} == names
    await run_now(database.installation, SUPPLIER_METRICS, organization)
    await run_now(database.installation, DAILY_FIGURES, organization)
    metrics = accepted(await admin.get(f"suppliers/{supplier}/metrics"))["items"]
    assert sum(quarter["lines_due"] for quarter in metrics) == len(due)
    assert await total(admin, "purchase_lines_due") == len(due)
    assert await total(admin, "purchase_lines_on_time") == len(on_time)
    assert await total(admin, "purchase_orders") == len([c for c in known.values() if c.status in agreed])


async def test_sales_orders_and_their_lines(database: TestDatabase, admin: Member) -> None:
    customer = (await factories.customer(admin))["id"]
    product = (await factories.product(admin))["id"]
    known: dict[str, Case] = {}
    progress = [("draft", 0), ("confirmed", 0), ("confirmed", 4), ("shipped", 4), ("shipped", 10),
                ("delivered", 10), ("cancelled", 0)]  # fmt: skip
    for number, case in enumerate(cases(*progress)):
        line = Line(product, ORDERED, case.done, promised=case.due, done_on=case.done_on)
        await sales_order(
            admin, customer, case.status, line, number=f"S{number}", expected=case.due, order_date=ago(20)
        )
        known[f"S{number}"] = case

    agreed = {"confirmed", "shipped", "delivered"}
    open_orders = {n for n, c in known.items() if c.status in {"confirmed", "shipped"}}
    late_orders = {n for n in open_orders if known[n].is_late}
    open_lines = {n for n in open_orders if known[n].done < ORDERED}
    short = {n for n, c in known.items() if c.status == "confirmed"}  # nothing is reserved for them
    due = {n for n, c in known.items() if c.status in agreed and c.is_late}
    on_time = {n for n in due if known[n].is_on_time}

    assert await listed(admin, "/sales-orders", "so_number", open="true") == open_orders
    assert await listed(admin, "/sales-orders", "so_number", late="true") == late_orders
    assert await listed(admin, "/sales-orders", "so_number", short="true") == short
    organization, customer_id, product_id = admin.organization_id, UUID(customer), UUID(product)
    async with admin.transaction() as connection:
        promised = await demand.list_promised(connection, organization, product_id, 500)
        assert {line.so_number for line in promised} == open_lines
        assert {order.so_number for order in await demand.list_short(connection, organization, 500)} == short
        orders = (await sales_performance.list_orders_of(connection, organization, [customer_id], ago(0)))[
            customer_id
        ]
        assert (orders.open_orders, orders.late_orders) == (len(open_orders), len(late_orders))
        counted = await sales_performance.count_lines(connection, organization, customer_id, ago(0))
        late_lines = {n for n in open_lines if known[n].is_late}
        assert (counted.open_lines, counted.overdue_lines) == (len(open_lines), len(late_lines))
        assert (counted.lines_due, counted.lines_on_time) == (len(due), len(on_time))
        quarters = await sales_performance.list_quarters(connection, organization, customer_id, ago(0))
        assert sum(quarter.due for quarter in quarters) == len(due)
        page = await sales_performance.CUSTOMER_LINES.page(connection, organization, MOST, open=True)
        assert {line.so_number for line in page.items} == open_lines
    await run_now(database.installation, DAILY_FIGURES, organization)
    assert await total(admin, "sales_lines_due") == len(due)
    assert await total(admin, "sales_lines_on_time") == len(on_time)
    assert await total(admin, "sales_orders") == len([c for c in known.values() if c.status in agreed])


async def test_stock_of_products(admin: Member) -> None:
    north, south = [await factories.warehouse(admin) for _ in range(2)]
    held = {  # by SKU: status, reorder level, stock in each warehouse that ever had any
        "GONE": ("active", 10, (0, 0)),
        "ENOUGH": ("active", 10, (0, 20)),
        "SPLIT": ("active", 10, (4, 9)),
        "LOW": ("active", 10, (4, 5)),
        "ALMOST": ("active", 10, (0, 5)),
        "FREE": ("active", 0, (0, None)),
        "OLD": ("discontinued", 10, (0, 3)),
    }
    for sku, (status, level, stock) in held.items():
        product = await factories.product(admin, sku=sku, reorder_level=level)
        for warehouse, on_hand in zip((north, south), stock, strict=True):
            if on_hand is not None:
                entry = {"product_id": product["id"], "warehouse_id": warehouse["id"]}
                await admin.create(
                    "inventory-transactions", entry | {"transaction_type": "receipt", "quantity": on_hand + 1}
                )
                await admin.create(
                    "inventory-transactions", entry | {"transaction_type": "adjustment", "quantity": -1}
                )
        accepted(await admin.edit(f"products/{product['id']}", status=status))
    first, second = north["name"], south["name"]
    out = {("GONE", first), ("GONE", second)}
    elsewhere, unwanted = {("ENOUGH", first), ("ALMOST", first)}, {("FREE", first)}
    low = {"GONE", "LOW", "ALMOST"}
    here = await signed_in(admin)
    for state, expected in (("out_of_stock", out), ("none_here", elsewhere), ("no_demand", unwanted)):
        rows = await csv_of(here, "/inventory", state=state)
        assert {(row["sku"], row["warehouse_name"]) for row in rows} == expected
        assert {row["state"] for row in rows} == {state}
    sites = {row["name"]: row["out_of_stock"] for row in await csv_of(here, "/warehouses")}
    assert sites == {
        site["name"]: str(sum(where == site["name"] for _, where in out)) for site in (north, south)
    }
    async with admin.transaction() as connection:
        gone = await stock_queries.list_stocked_out(connection, admin.organization_id, 100)
        assert {row.sku for row in gone} == {"GONE"}
    tower = await here.get("/")
    assert tiles(tower)["Out of stock"][0][0] == "1"
    assert {row["sku"] for row in await csv_of(here, "/products", out_of_stock="true")} == {"GONE"}
    assert due(tower)["To reorder"] == (str(len(low)), "/replenishment?state=to_reorder")
    assert {row["sku"] for row in await csv_of(here, "/replenishment", state="to_reorder")} == low
    for sku, label in (
        ("GONE", "Out of stock"),
        ("LOW", "In stock"),
        ("ENOUGH", "In stock"),
        ("FREE", "No stock, no demand"),
        ("OLD", "Discontinued"),
    ):
        (row,) = (await admin.read("products", sku=sku))["items"]
        assert label in (await here.get(f"/products/{row['id']}")).text.partition("Available")[0], sku


async def test_shipments(admin: Member) -> None:
    known = {}
    for status in ("pending", "in_transit", "delivered", "cancelled"):
        for expected in (ago(2), ago(0), ahead(2)):
            delivered = ago(1) if status == "delivered" else None
            made = await shipment(admin, status, delivered=delivered, expected_delivery_date=f"{expected}")
            known[made["id"]] = (status, expected, delivered)
    late = {
        id_ for id_, (status, expected, delivered) in known.items()
        if status != "cancelled" and expected < (delivered or ago(0))
    }  # fmt: skip
    assert len(late) == 3
    assert {row["id"] for row in await csv_of(await signed_in(admin), "/shipments", late="true")} == late
    async with admin.transaction() as connection:
        overdue = await punctuality.list_late(connection, admin.organization_id, ago(0), 100)
        assert {row.id for row in overdue} == {UUID(id_) for id_ in late if known[id_][0] == "in_transit"}
        month = await punctuality.get_punctuality(connection, admin.organization_id, ago(29), ago(0), None)
    done = {id_ for id_, (status, _, _) in known.items() if status == "delivered"}
    assert (month.delivered, month.on_time) == (len(done), len(done - late))


async def total(owner: Member, figure: str) -> float:
    """Sum over all days, for the whole organization."""
    found = accepted(await owner.get("analytics-metrics", metric_name=figure, limit=500))
    return sum(float(row["metric_value"]) for row in found["items"] if row["dimension_category"] == "")
