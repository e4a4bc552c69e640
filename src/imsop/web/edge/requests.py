"""Strict parsing of requests: bodies decoded once; query parameters known, single and well formed."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from imsop.core.errors import FieldError, InvalidInput, field_error, field_errors
from imsop.core.said import Said
from imsop.identity.request import TenantRequest, carried
from imsop.ui.language import N_
from imsop.web.edge.intake import MAX_PARAMETERS, form_fields
from imsop.web.edge.problems import INVALID
from imsop.web.edge.routes import Parameter, prepared


class StrictRequest(TenantRequest):
    """A request whose body the edge has read already, within its limits (`intake.py`)."""

    async def body(self) -> bytes:
        return bytes(carried(self.scope).body)

    async def json(self) -> Any:
        """The body, decoded in one pass into the type of the handler's `data`."""
        handler: HTTPRouteHandler = self.scope["route_handler"]  # type: ignore[assignment]
        route = prepared(handler)
        if route.decode is None:
            raise RuntimeError(f"{handler} takes no JSON")
        body = carried(self.scope).body
        try:
            try:
                decoded = route.decode(body)
                return route.clean(decoded) if route.clean else decoded
            except msgspec.ValidationError as error:
                wrong = field_errors(error, msgspec.json.decode(body), route.json_type)
                raise InvalidInput(INVALID, errors=wrong) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HTTPException(status_code=400, detail="the body is not valid JSON in UTF-8") from error

    def fields(self) -> dict[str, str]:
        """The fields of the submitted form."""
        return form_fields(carried(self.scope).body)


def without_blanks(query: bytes) -> bytes:
    """The query string without empty parameters: browsers submit empty form fields, too."""
    return b"&".join(part for part in query.split(b"&") if not part.endswith(b"=") and part)


def require_strict_query(query: bytes, parameters: Mapping[str, Parameter]) -> None:
    """Raises InvalidInput naming all unknown, repeated and malformed query parameters."""
    if not query:
        return
    try:
        sent = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        message = Said("at most %(most)s parameters are read", most=MAX_PARAMETERS)
        raise InvalidInput.of("query", message) from None
    is_ascii = query.isascii()
    times = Counter(name for name, _ in sent)
    errors: list[FieldError] = []
    unknown: list[str] = []
    for name, value in dict(sent).items():
        if name not in parameters:
            unknown.append(name)
        elif times[name] > 1:
            errors.append(FieldError(name, "given more than once"))
        elif "\0" in value or "\ufffd" in value or not is_ascii:
            errors.append(FieldError(name, "is not UTF-8 text"))
        elif (fault := _mismatch(value, parameters[name])) is not None:
            errors.append(FieldError(name, fault))
    errors += [
        FieldError(name, _unknown(parameters, is_first=not place)) for place, name in enumerate(unknown)
    ]
    if errors:
        raise InvalidInput(INVALID, errors=errors)


def _unknown(parameters: Mapping[str, Parameter], *, is_first: bool) -> str:
    """Lists the allowed names only in the first error: in each, the response would be far too large."""
    if not is_first:
        return N_("unknown parameter")
    return Said("unknown parameter; allowed: %(names)s", names=", ".join(sorted(parameters)) or "none")


def _mismatch(value: str, parameter: Parameter) -> str | None:
    """The error of a parameter's text, if any.

    Litestar validates it too, but ignores msgspec's constraints.
    """
    if parameter.shape is not None and not parameter.shape[0].fullmatch(value):
        return parameter.shape[1]
    try:
        msgspec.convert(value, parameter.type, strict=False)
    except msgspec.ValidationError as error:
        return field_error(str(error), parameter.type).message
    return None
