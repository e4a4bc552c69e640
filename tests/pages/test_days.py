"""Dates on pages are in the organization's timezone. One of these two is always on another date than UTC."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.pages.browsing import signed_in
from tests.pages.tables import table
from tests.pages.test_shipments import listed
from tests.states import purchase_order, sales_order, shipment


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
async def test_an_order_is_late_once_its_due_date_is_over_in_the_timezone(app: Observed, zone: str) -> None:
    admin = await factories.sign_up(app, timezone=zone)
    supplier = (await factories.supplier(admin))["id"]
    day = datetime.now(ZoneInfo(zone)).date()
    for number, due in (("LATE", day - timedelta(days=1)), ("DUE", day)):
        await purchase_order(admin, supplier, "confirmed", number=number, expected=due)
        await sales_order(admin, None, "confirmed", number=number, expected=due)
        await shipment(admin, "in_transit", reference_id=number, expected_delivery_date=f"{due}")
    here = await signed_in(admin)
    for path, name in (("/purchase-orders", "Purchase orders"), ("/sales-orders", "Sales orders")):
        assert [row["Number"] for row in table(await here.get(f"{path}?late=true"), name)] == ["LATE"]
    page = await here.get("/shipments?late=true")
    assert (len(listed(page)), "LATE" in page.text) == (1, True)
    exported = await here.get("/shipments.csv?late=true")
    assert exported.headers["content-disposition"] == f'attachment; filename="shipments-{day}.csv"'
