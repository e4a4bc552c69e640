"""A standalone site of all components with made-up content: `python -m imsop.ui.gallery`; tests visit it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from imsop.core.errors import FieldError
from imsop.ui.assets import serve_assets
from imsop.ui.page import Crumb, NavigationEntry
from imsop.ui.parts import Chart, Column, Marker, Series, TimelineEntry, Tone
from imsop.ui.render import render, render_error

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


class Reader(NamedTuple):
    """The gallery's reader. `?locale=de` selects German."""

    locale: str
    user_name: str = "Ada Okafor"
    organization_name: str = "Harbour Foods"
    timezone: str = "Europe/Berlin"
    permissions: frozenset[str] = frozenset({"products:read", "shipments:read"})


class Visitor(NamedTuple):
    """The signed-in user as pages expect it."""

    viewer: Reader | None = None
    csrf_token: str = ""
    request_id: str = "0123456789abcdef"


NAVIGATION = (
    NavigationEntry("Control tower", "/", "layout-dashboard"),
    NavigationEntry("Products", "/products", "box", "products:read", "Stock"),
    NavigationEntry("Inventory", "/inventory", "packages", "products:read", "Stock"),
    NavigationEntry("Warehouses", "/warehouses", "building-warehouse", "warehouses:read", "Stock"),
    NavigationEntry("Purchase orders", "/purchase-orders", "clipboard-list", "products:read", "Buying"),
    NavigationEntry("Suppliers", "/suppliers", "building-factory-2", "products:read", "Buying"),
    NavigationEntry("Shipments", "/shipments", "ship", "shipments:read", "On the way"),
)

COLUMNS = (
    Column("product", "Product", sort="name"),
    Column("warehouse", "Warehouse", sort="warehouse"),
    Column("on_hand", "On hand", "number", sort="on_hand"),
    Column("value", "Value", "number", shown=False),
    Column("cover", "Cover"),
    Column("weeks", "20 weeks"),
    Column("counted", "Counted", "date", shown=False),
    Column("state", "Status"),
)


class Stock(NamedTuple):
    product: str
    sku: str
    warehouse: str
    on_hand: int
    value: Decimal
    cover: float
    weeks: Sequence[int]
    state: str
    tone: Tone
    counted: date = NOW.date()


def _course(length: int, low: int, high: int, seed: int) -> list[int]:
    made = random.Random(seed)  # noqa: S311 - the same gallery each time
    return [made.randint(low, high) for _ in range(length)]


STOCK = [
    Stock("Popcorn holder", "22197", "Rotterdam DC", 5200, Decimal("4420.00"), 0.4, _course(20, 3, 9, 1),
          "to_reorder", "tone-warning"),
    Stock("Jumbo bag red retrospot, extra strong, with a name that goes on", "85099B", "Memphis DC", 0,
          Decimal("0.00"), 0.0, _course(20, 0, 9, 2), "out_of_stock", "tone-bad"),
    Stock("White hanging heart T-light holder", "85123A", "Singapore FTZ", 1_209_400, Decimal("1027990.50"),
          0.95, _course(20, 5, 9, 3), "in_stock", "tone-good"),
    Stock("Pack of 72 retrospot cake cases", "21212", "Felixstowe", 3120, Decimal("1716.00"), 0.6,
          _course(20, 3, 9, 4), "in_stock", "tone-good"),
]  # fmt: skip

MARKERS = [
    Marker("1", "SHP-20412", "/shipments/20412", -63.0, 43.5, "43.5, -63.0", "Late, 3 days", "tone-bad",
           [(-74.0, 40.5), (-63.0, 43.5), (-40.0, 47.0), (-20.0, 49.0), (-5.5, 49.0), (4.0, 52.0)]),
    Marker("2", "SHP-20415", "/shipments/20415", 72.0, 7.5, "7.5, 72.0", "On time", "tone-active",
           [(121.8, 31.0), (119.0, 24.0), (110.0, 12.0), (104.5, 1.2), (97.0, 5.5), (80.0, 5.5), (72.0, 7.5),
            (52.0, 12.5), (43.5, 12.6), (38.0, 20.0), (32.6, 29.9), (32.3, 31.3), (15.0, 36.0), (-5.5, 36.0),
            (-9.8, 39.0), (-5.5, 49.0), (4.0, 52.0)]),
    Marker("3", "SHP-20433", "/shipments/20433", 178.0, 36.0, "36.0, 178.0", "On time", "tone-active",
           [(139.8, 35.0), (178.0, 36.0), (-160.0, 36.5), (-122.5, 37.7)]),
]  # fmt: skip

EVENTS = [
    TimelineEntry(NOW, "SHP-20412 is late at Mumbai", "Port congestion, 3 days", "/shipments/1", "tone-bad"),
    TimelineEntry(NOW - timedelta(minutes=6), "PO-8841 received", "48 of 48 cartons", tone="tone-good"),
    TimelineEntry(NOW - timedelta(hours=5), "22197 is to be reordered", "640 on hand", tone="tone-warning"),
    TimelineEntry(
        NOW - timedelta(days=1), "SHP-20415 has left Shanghai", "Due on 9 December", "/shipments/2"
    ),
]

_DAYS = [NOW.date() - timedelta(days=back) for back in range(90, 0, -1)]
_WEEKS = _DAYS[::7]
DEMAND = Chart(
    "stacked", "Demand by week", "Week of", _WEEKS,
    [Series("Export", _course(len(_WEEKS), 60_000, 90_000, 5)),
     Series("Domestic", _course(len(_WEEKS), 20_000, 60_000, 6), "tone-good")],
)  # fmt: skip
OVER_TIME = Chart(
    "step", "Stock over time", "Day", _DAYS,
    [Series("On hand", [6000 - 37 * (place % 45) * 3 for place in range(90)]),
     Series("Reorder level", [1800] * 90, "tone-bad", is_limit=True)],
)  # fmt: skip
LEAD_TIME = Chart(
    "histogram", "Lead time", "Days", [f"{days} to {days + 9}" for days in range(0, 120, 10)],
    [Series("Lines", [1, 3, 9, 22, 41, 63, 48, 29, 14, 6, 2, 1])],
)  # fmt: skip


def _signed_in(request: Request[Any, Any, Any]) -> None:
    reader = Reader(request.query_params.get("locale", "en"))
    request.scope["state"]["carried"] = Visitor(reader, "0" * 64)


@get("/")
async def gallery(request: Request[Any, Any, Any]) -> Response[bytes]:
    _signed_in(request)
    return render(
        request,
        "ui/gallery.html",
        crumbs=[Crumb("Operations", "/operations"), Crumb("Components", "/components")],
        trend=_course(12, 50, 99, 7),
        value=Decimal("1280455.50"),
        columns=COLUMNS,
        stock=STOCK,
        markers=MARKERS,
        events=EVENTS,
        demand=DEMAND,
        over_time=OVER_TIME,
        lead_time=LEAD_TIME,
        errors=[FieldError("email", "is not an e-mail address")],
    )


@get("/plain")
async def plain(request: Request[Any, Any, Any]) -> Response[bytes]:
    """An ordinary page: without a chart."""
    _signed_in(request)
    return render(request, "ui/base.html", title="Plain")


@get("/search/found")
async def found(request: Request[Any, Any, Any], q: str = "") -> Response[bytes]:
    """What the search box asks while somebody types."""
    _signed_in(request)
    groups = [
        ("Products", "box", [(row.product, row.sku, f"/products/{row.sku}") for row in STOCK[:1]]),
        ("Shipments", "ship", [(marker.label, marker.state, marker.href) for marker in MARKERS[:1]]),
    ]
    return render(request, "ui/found.html", q=q, groups=groups)


@get("/stream")
async def stream() -> ServerSentEvent:
    """A stream of positions: one ship moves every second."""

    async def positions() -> AsyncIterator[ServerSentEventMessage]:
        for step in range(600):
            await asyncio.sleep(1)
            told = {
                "shipment_id": "2",
                "longitude": str(72 - step / 10),
                "latitude": "7.5",
                "location": "At sea",
            }
            yield ServerSentEventMessage(event="position", data=msgspec.json.encode(told))

    return ServerSentEvent(positions())


@get("/errors/{status:int}")
async def error(request: Request[Any, Any, Any], status: int) -> Response[bytes]:
    if "signed-in" in request.query_params:
        _signed_in(request)
    else:
        request.scope["state"]["carried"] = Visitor()
    return render_error(request, status, "only 10 are available")


def create_gallery() -> Litestar:
    """An application of the gallery alone, without rooms and without a database."""
    app = Litestar([gallery, plain, found, stream, error, serve_assets], openapi_config=None)
    app.state.navigation = NAVIGATION
    return app


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(create_gallery(), port=8010)
