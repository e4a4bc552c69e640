"""Takes away the framework's caches that are keyed by what clients send (decision 12).

Litestar remembers the last 1,024 form bodies, query strings, cookie headers, path parameters and paths, and
128 URLs: whole passwords, and gigabytes where someone wants them to be. A test looks at every cache in the
process after hostile requests, so one that a new release adds is noticed.
"""

import sys
from typing import Any

from litestar import Litestar
from litestar.datastructures.url import URL

_KEYED_BY_CLIENTS = frozenset(
    {
        "parse_url_encoded_form_data",
        "parse_query_string",
        "parse_cookie_string",
        "parse_path_params",
        "create_query_default_dict",
    }
)


def take_away_caches(app: Litestar) -> None:
    """Replaces the cached functions by the plain ones, wherever a module of Litestar's imported them."""
    for name, module in list(sys.modules.items()):
        if name.startswith("litestar."):
            for function in _KEYED_BY_CLIENTS & vars(module).keys():
                cached: Any = getattr(module, function)
                setattr(module, function, getattr(cached, "__wrapped__", cached))
    for method in ("_new", "from_components"):
        cached = vars(URL)[method].__func__
        setattr(URL, method, classmethod(getattr(cached, "__wrapped__", cached)))
    router = app.asgi_router
    router.handle_routing = router._handle_routing  # type: ignore[assignment]  # noqa: SLF001
