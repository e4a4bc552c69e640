"""A site that shows every component with made-up content: `python -m imsop.ui.gallery`; tests visit it."""

from typing import Any, NamedTuple

from litestar import Litestar, Request, Response, get

from imsop.ui.assets import serve_assets
from imsop.ui.language import N_
from imsop.ui.page import NavigationEntry
from imsop.ui.render import render, render_error


class Reader(NamedTuple):
    """Who reads the gallery. `?locale=de` reads German."""

    locale: str
    user_name: str = "Ada Okafor"
    organization_name: str = "Harbour Foods"
    timezone: str = "Europe/Berlin"
    permissions: frozenset[str] = frozenset({"products:read", "shipments:read"})


NAVIGATION = (
    NavigationEntry(N_("Gallery"), "/", "layout-dashboard"),
    NavigationEntry(N_("Products"), "/products", "box", "products:read", N_("Stock")),
    NavigationEntry(N_("Warehouses"), "/warehouses", "building-warehouse", "warehouses:read", N_("Stock")),
    NavigationEntry(N_("Shipments"), "/shipments", "ship", "shipments:read", N_("On the way")),
)


def _signed_in(request: Request[Any, Any, Any]) -> None:
    request.scope["state"]["actor"] = Reader(request.query_params.get("locale", "en"))
    request.scope["state"]["csrf_token"] = "0" * 64


@get("/")
async def gallery(request: Request[Any, Any, Any]) -> Response[bytes]:
    _signed_in(request)
    return render(request, "ui/gallery.html")


@get("/errors/{status:int}")
async def error(request: Request[Any, Any, Any], status: int) -> Response[bytes]:
    if "signed-in" in request.query_params:
        _signed_in(request)
    return render_error(request, status, "only 10 are available")


def create_gallery() -> Litestar:
    app = Litestar([gallery, error, serve_assets], openapi_config=None)
    app.state.navigation = NAVIGATION
    return app


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(create_gallery(), port=8010)
