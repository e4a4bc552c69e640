"""Strict reading of requests: bodies decoded once, query parameters known, single and well formed."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Litestar, MediaType, Response
from litestar.exceptions import HTTPException
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from imsop.core.errors import FieldError, InvalidInput, field_error, field_errors
from imsop.core.said import Said
from imsop.identity.request import TenantRequest
from imsop.ui.language import N_
from imsop.web.edge.problems import INVALID, with_head

# msgspec reads query text leniently ("null" as None, "5.0" as 5, "1700000000" as an instant); these do not.
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


class StrictRequest(TenantRequest):
    """A request whose body is decoded in one pass, straight into what its handler takes."""

    async def json(self) -> Any:
        media_type, parameters = self.content_type
        if media_type.lower() != "application/json":
            raise HTTPException(status_code=415, detail="send the body as Content-Type: application/json")
        if parameters.get("charset", "utf-8").lower() != "utf-8" or "content-encoding" in self.headers:
            raise HTTPException(status_code=415, detail="send the body in UTF-8, without a Content-Encoding")
        handler = self.scope["route_handler"]
        taken = handler.parsed_data_field.raw  # type: ignore[union-attr]
        decoder = handler.opt.get("decoder")
        if decoder is None:
            decoder = handler.opt["decoder"] = msgspec.json.Decoder(taken)
        body = await self.body()
        try:
            try:
                return decoder.decode(body)
            except msgspec.ValidationError as error:
                wrong = field_errors(error, msgspec.json.decode(body), taken)
                raise InvalidInput(INVALID, errors=wrong) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HTTPException(status_code=400, detail="the body is not valid JSON in UTF-8") from error


def without_blanks(query: bytes) -> bytes:
    """The query without parameters that have no value: a form sends its empty fields, too."""
    return b"&".join(part for part in query.split(b"&") if not part.endswith(b"=") and part)


def require_strict_query(query: bytes, types: Mapping[str, Any]) -> None:
    """Refuses unknown, repeated and malformed query parameters, all at once."""
    errors = []
    seen = set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in types:
            errors.append(
                FieldError(
                    name,
                    Said("unknown parameter; allowed: %(names)s", names=", ".join(sorted(types)) or "none"),
                )
            )
        elif name in seen:
            errors.append(FieldError(name, "given more than once"))
        elif "\0" in value or "\ufffd" in value or not query.isascii():
            errors.append(FieldError(name, "is not UTF-8 text"))
        elif (message := _mismatch(value, types[name])) is not None:
            errors.append(FieldError(name, message))
        seen.add(name)
    if errors:
        raise InvalidInput(INVALID, errors=errors)


def _mismatch(value: str, parameter: "_Parameter") -> str | None:
    """What is wrong with a parameter's text. Litestar reads it too, but ignores msgspec's constraints."""
    if parameter.shape is not None and not parameter.shape[0].fullmatch(value):
        return parameter.shape[1]
    try:
        msgspec.convert(value, parameter.type, strict=False)
    except msgspec.ValidationError as error:
        return field_error(str(error), parameter.type).message
    return None


class _Parameter(NamedTuple):
    type: Any
    shape: tuple[re.Pattern[str], str] | None


def prepare_routes(app: Litestar) -> None:
    """Notes on each route, once, what every request needs: its parameters, how headers are spelled."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        allowed = with_head(", ".join(sorted(route.methods)))
        for method, (handler, model) in route.route_handler_map.items():
            fields = handler.parsed_fn_signature.parameters
            handler.opt["header_aliases"] = {
                p.field_name: p.field_alias for p in model.expected_header_params
            }
            handler.opt.setdefault("query_types", {}).update(
                {
                    p.field_alias: _Parameter(fields[p.field_name].raw, _shape(fields[p.field_name]))
                    for p in model.expected_query_params
                }
            )
            if method == "OPTIONS" and handler.fn.__qualname__.startswith("HTTPRoute."):
                # Litestar's own answer is made before the path's last handler is known: Allow is short.
                handler._fn = _options(allowed)  # type: ignore[assignment]  # noqa: SLF001


def _options(allowed: str) -> Callable[..., Response[None]]:
    return lambda scope: Response(  # noqa: ARG005 - called as Litestar calls its own
        None, status_code=204, headers={"Allow": allowed}, media_type=MediaType.TEXT
    )


def _shape(field: FieldDefinition) -> tuple[re.Pattern[str], str] | None:
    types = [inner.annotation for inner in (field.inner_types if field.is_union else ()) or (field,)]
    if str in types:
        return None
    return next((_SHAPES[known] for known in types if known in _SHAPES), _NOT_NULL)
