"""Per-route data that the edge needs, computed once from the path and the handler's signature."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Litestar, MediaType, Response
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from imsop.core.text import Clean, cleaner_of
from imsop.identity.guard import declared_by
from imsop.ui.language import N_
from imsop.web.edge.intake import (
    FORM,
    JSON,
    MAX_FORM_BYTES,
    MAX_PUBLIC_FORM_BYTES,
    MAX_PUBLIC_JSON_BYTES,
    Takes,
)

_OPT = "prepared"
_FOR_PROGRAMS = ("/api/", "/health/", "/metrics", "/assets/")

# msgspec parses query text leniently ("null" as None, "5.0" as 5, "1700000000" as a timestamp); these do not.
_SHAPES: dict[type, tuple[re.Pattern[str], str]] = {
    datetime: (
        re.compile(r"\d{4}-\d{2}-\d{2}[Tt][\d:.]{8,}([Zz]|[+-]\d{2}:\d{2})", re.ASCII),
        N_("expected an RFC 3339 instant with its offset, such as 2026-01-31T08:00:00Z"),
    ),
    date: (re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), N_("expected a date, such as 2026-01-31")),
    int: (re.compile(r"-?\d{1,18}", re.ASCII), N_("expected a whole number")),
    bool: (re.compile(r"true|false"), N_("expected true or false")),
    UUID: (re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), N_("expected a UUID")),
}
_NOT_NULL = (re.compile(r"(?!null$).*", re.IGNORECASE | re.DOTALL), N_("null is not allowed here"))


class Parameter(NamedTuple):
    """A query parameter of a route."""

    type: Any
    shape: tuple[re.Pattern[str], str] | None


class Prepared(NamedTuple):
    """Facts about a route that the edge needs, computed once from its handler's signature."""

    parameters: Mapping[str, Parameter]
    header_aliases: Mapping[str, str]
    """Header names by the handler's argument names."""
    takes: Takes | None
    """None if the route accepts no body: then none is read."""
    json_type: Any
    """The type to decode JSON into, or None."""
    decode: Callable[[bytearray], Any] | None
    clean: Clean | None
    """What gives the texts of the decoded JSON their one spelling."""


_UNPREPARED = Prepared({}, {}, None, None, None, None)


def prepared(handler: BaseRouteHandler) -> Prepared:
    found: Prepared = handler.opt.get(_OPT, _UNPREPARED)
    return found


def is_program(path: str) -> bool:
    """True if programs call the path (API, health, metrics), so that its errors are JSON and not pages."""
    return f"/{path.lstrip('/')}".startswith(_FOR_PROGRAMS)


def with_head(allowed: str) -> str:
    """Adds HEAD to an Allow header with GET: every GET route accepts it (imsop.web.edge.observe)."""
    return allowed.replace("GET", "GET, HEAD")


def prepare_routes(app: Litestar, *, max_json_bytes: int) -> None:
    """At startup, stores a `Prepared` in each handler's `opt`, and replaces Litestar's OPTIONS handlers,
    whose Allow header is incomplete.
    """
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        allowed = with_head(", ".join(sorted(route.methods)))
        for method, (handler, model) in route.route_handler_map.items():
            signature = handler.parsed_fn_signature.parameters
            data = handler.parsed_data_field
            handler.opt[_OPT] = Prepared(
                {
                    p.field_alias: Parameter(signature[p.field_name].raw, _shape(signature[p.field_name]))
                    for p in model.expected_query_params
                },
                {p.field_name: p.field_alias for p in model.expected_header_params},
                _takes(route.path, method, handler, max_json_bytes),
                data.raw if data else None,
                declared_by(handler).decode or (msgspec.json.Decoder(data.raw).decode if data else None),
                cleaner_of(data.raw) if data else None,
            )
            if method == "OPTIONS" and handler.fn.__qualname__.startswith("HTTPRoute."):
                # Litestar builds its own response before the path's last handler is registered, so its Allow
                # is incomplete.
                handler._fn = _options(allowed)  # type: ignore[assignment]  # noqa: SLF001


def _takes(path: str, method: str, handler: HTTPRouteHandler, max_json_bytes: int) -> Takes | None:
    """Pages accept forms; API routes with a `data` argument accept JSON."""
    is_public = declared_by(handler).access == "public"
    if is_program(path):
        if handler.parsed_data_field is None:
            return None
        most = min(max_json_bytes, MAX_PUBLIC_JSON_BYTES) if is_public else max_json_bytes
        return Takes(JSON, most, optional=method == "POST" and _may_be_empty(handler))
    if method != "POST":
        return None
    return Takes(FORM, MAX_PUBLIC_FORM_BYTES if is_public else MAX_FORM_BYTES)


def _may_be_empty(handler: HTTPRouteHandler) -> bool:
    """True if the route takes a JSON object none of whose fields is required."""
    data = handler.parsed_data_field
    taken = data.raw if data is not None else None
    return (
        isinstance(taken, type)
        and issubclass(taken, msgspec.Struct)
        and not any(field.required for field in msgspec.structs.fields(taken))
    )


def _options(allowed: str) -> Callable[..., Response[None]]:
    return lambda scope: Response(  # noqa: ARG005 - called as Litestar calls its own
        None, status_code=204, headers={"Allow": allowed}, media_type=MediaType.TEXT
    )


def _shape(field: FieldDefinition) -> tuple[re.Pattern[str], str] | None:
    types = [inner.annotation for inner in (field.inner_types if field.is_union else ()) or (field,)]
    if str in types:
        return None
    return next((_SHAPES[known] for known in types if known in _SHAPES), _NOT_NULL)
