"""Removes the framework's caches that are keyed by client input (decision 12).

Litestar caches the last 1,024 form bodies, query strings, cookie headers, path parameters and paths, and 128
URLs: passwords in plain text, and gigabytes if an attacker wants. A test inspects all caches of the process
after hostile requests, so it detects one that a new release adds.
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
    """Replaces cached functions by their uncached originals in every Litestar module that imported them."""
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
