"""`imsop bench pages` and `imsop bench export`: measurements and reports."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from imsop.bench import exports, pages, report
from imsop.bench.addresses import Asked, asked, last_page, worst_of
from imsop.bench.comparison import filled
from imsop.bench.pages import Measured
from imsop.bench.volume import Volume
from imsop.core.installation import silent
from imsop.core.listing import PageRequest
from imsop.inventory.ledger.queries import LEDGER
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, litestar_of

TINY = Volume(
    organizations=1, products=3, warehouses=1, purchase_orders=2, shipments=2, customers=1, sales_orders=2
)


def addresses(app: Observed, worst: dict[str, str]) -> dict[str, list[Asked]]:
    by_route: dict[str, list[Asked]] = {}
    for one in asked(litestar_of(app), worst):
        by_route.setdefault(one.route, []).append(one)
    return by_route


def test_every_page_is_measured_with_each_filter_in_each_order(app: Observed) -> None:
    found = addresses(app, {"warehouse_id": "W", "day": "2026-01-31", "category": "Fruit"})
    assert {"/", "/profile", "/search", "/ledger", "/warehouses/{warehouse_id:uuid}"} <= found.keys()
    assert not [route for route in found if route.startswith(("/api/", "/health", "/metrics", "/sign-in"))]
    products = {one.address for one in found["/products"]}
    assert {"/products", "/products?sort=-name", "/products?category=Fruit&sort=sku"} <= products
    assert {"/products?status=archived&sort=name", "/products?q=%C3%BC&sort=-sku"} <= products
    ledger = {one.address for one in found["/ledger"]}
    assert {
        "/ledger?warehouse_id=W&sort=occurred_at",
        "/ledger?occurred_to=2026-01-31&sort=-occurred_at",
    } <= ledger
    assert not [address for address in ledger if "product_id" in address or "cursor" in address]
    assert {one.address for one in found["/warehouses/{warehouse_id:uuid}"]} == {
        "/warehouses/W",
        "/warehouses/W?as_of=2026-01-31",
    }


def test_a_page_is_paired_with_the_json_of_the_same_data(app: Observed) -> None:
    json = {
        one.address: one.json
        for of_route in addresses(app, {"sales_order_id": "S", "type": "order"}).values()
        for one in of_route
    }
    assert json["/products"] == "/api/v1/products"
    assert json["/products?status=active&sort=name"] == "/api/v1/products?status=active&sort=name"
    assert json["/sales-orders/S"] == "/api/v1/sales-orders/S"
    assert json["/ledger"] == "/api/v1/inventory-transactions"
    assert json["/products?q=a&sort=sku"] == "/api/v1/products?q=a&sort=sku"
    assert json["/"] is None


async def test_the_worst_row_is_the_one_with_most_data(admin: Member, database: TestDatabase) -> None:
    quiet, busy = await factories.product(admin), await factories.product(admin)
    north = await factories.warehouse(admin)
    for product, times in ((quiet, 1), (busy, 3)):
        for _ in range(times):
            moved = {"product_id": product["id"], "warehouse_id": north["id"], "quantity": 1}
            await admin.create("inventory-transactions", moved | {"transaction_type": "receipt"})
    worst = worst_of(database.admin_dsn, admin.organization_id)
    assert (worst["product_id"], worst["warehouse_id"]) == (busy["id"], north["id"])
    assert worst["email"] == admin.email
    assert "supplier_id" not in worst


async def test_the_last_page_of_a_list_is_the_first_of_the_reverse_order(admin: Member) -> None:
    product, north = await factories.product(admin), await factories.warehouse(admin)
    for day in range(1, 8):
        moved = {"product_id": product["id"], "warehouse_id": north["id"], "quantity": day}
        happened = {"transaction_type": "receipt", "occurred_at": f"2026-03-0{day}T12:00:00Z"}
        await admin.create("inventory-transactions", moved | happened)
    async with admin.transaction() as connection:
        last = await LEDGER.page(connection, admin.organization_id, PageRequest("occurred_at", 3))
        link = f'<a href="/ledger?sort=occurred_at&amp;cursor={last.next_cursor}">'
        address = last_page("/ledger", "occurred_at", link)
        assert address
        query = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        end = await LEDGER.page(
            connection, admin.organization_id, PageRequest(query["sort"], 3, query["cursor"])
        )
    assert [row.quantity for row in end.items] == [2, 1]
    assert end.next_cursor is None
    assert last_page("/ledger", "occurred_at", "<a href='/ledger'>all there is</a>") is None


def measured(**changes: Any) -> Measured:
    usual = Measured(
        Asked("/ledger", "/ledger", None), [0.04, 0.04, 0.9], [], 0.01, 0.02, 0.0, 6_000, 80_000, 9
    )
    return usual._replace(**changes)


@pytest.mark.parametrize(
    ("page", "faults"),
    [
        (measured(), []),  # one of three was disturbed
        (measured(seconds=[0.051, 0.051, 0.001]), ["slower than 50 ms"]),
        (measured(first_view_bytes=150_001), ["heavier than 150 KB"]),
    ],
)
def test_a_page_over_a_limit_is_reported(page: Measured, faults: list[str]) -> None:
    assert report.faults(page) == faults


def test_a_late_page_is_measured_again_only_if_it_was_disturbed() -> None:
    late = measured(seconds=[0.06], others=0.5)
    assert late.is_late_for_others
    assert not late._replace(others=0.01).is_late_for_others
    assert not late._replace(database_cpu_seconds=0.05).is_late_for_others
    assert not late._replace(seconds=[0.04]).is_late_for_others


def test_the_slowest_url_of_each_page_and_all_late_ones_are_shown() -> None:
    def at(address: str, milliseconds: float) -> Measured:
        return measured(asked=Asked("/ledger", address, None), seconds=[milliseconds / 1000] * 3)

    pages_of_one = [at("/ledger", 5), at("/ledger?q=a", 60), at("/ledger?q=b", 70), at("/ledger?q=c", 10)]
    lines = "\n".join(report.pages({"Harbour Foods": pages_of_one}, all_of_them=False))
    assert [address in lines for address in ("ledger\n", "q=a", "q=b", "q=c")] == [True, True, True, False]
    assert "2 of 4 are not as promised" in lines
    assert "q=c" in "\n".join(report.pages({"Harbour Foods": pages_of_one}, all_of_them=True))


def test_pages_are_measured_over_http_and_no_session_remains() -> None:
    with filled(TINY, silent) as (opened, settings, _):

        def sessions() -> Any:
            with psycopg.connect(opened.admin_dsn) as connection:
                return connection.execute("SELECT count(*) FROM sessions").fetchone()

        before = sessions()
        found = pages.measure(opened, settings, requests=2, below="/warehouses", progress=silent)
        assert sessions() == before
    (of_it,) = found.values()
    plain = next(page for page in of_it if page.asked.address == "/warehouses")
    assert len(plain.seconds) == len(plain.json_seconds) == 2
    assert plain.messages >= 4  # BEGIN, the rows, their number, COMMIT
    assert plain.page_bytes < 20_000
    assert 60_000 < plain.first_view_bytes < 150_000
    assert not report.faults(plain._replace(seconds=[0.0, 0.0]))


def test_exports_are_measured_with_concurrent_requests() -> None:
    found = exports.measure(1, silent, products=200)
    assert [(one.kind, one.rows) for one in found] == [("csv", 1_000), ("xlsx", 1_000)]
    for one in found:
        assert one.file_bytes > 10_000
        assert 0 < one.first_byte_seconds <= one.seconds
        assert one.memory_peak_bytes >= one.memory_before_bytes > 10_000_000
        assert one.others
    assert len(list(report.exports(found))) == 2 * len(found)
