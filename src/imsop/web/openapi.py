"""The exact OpenAPI document, and a page to read it.

Litestar finds routes and parameters. Schemas come from msgspec, which also does the decoding and encoding, so
they cannot diverge; errors and headers are added here for all routes.
"""

import copy
import hashlib
import inspect
import mimetypes
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute
from swagger_ui_bundle import swagger_ui_path

from imsop.identity.guard import PUBLIC, declared_by
from imsop.web.edge.problems import MEDIA_TYPE, Problem
from imsop.web.edge.routes import prepared

DOCUMENT_PATH = "/api/openapi.json"
_DOCUMENTED_PROBLEMS = (400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 428, 429, 500, 503)
_ALWAYS = {422, 500, 503}
_WITH_BODY = {400, 408, 413, 415}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "An ETag you have; where it is still the current one, the reply is 304 without content.",
    "schema": {"type": "string"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any unique text. Repeating the POST with it returns the first reply.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
_HEADERS: dict[str, dict[str, Any]] = {
    "RequestId": {
        "description": "The request's id, as in the logs: the caller's if it is a UUID.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Version of the row, for If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where the new row is.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
}


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the application."""
    doc = copy.deepcopy(app.openapi_schema.to_schema())
    handlers = _handlers(app)
    bodies = {
        repr(body): body for handler in handlers.values() for body in _bodies(handler) if body is not None
    }
    bodies |= {repr(event): event for handler in handlers.values() for event in _events(handler).values()}
    bodies[repr(Problem)] = Problem
    references, schemas = msgspec.json.schema_components(
        bodies.values(), ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(bodies, references, strict=True))
    doc["components"]["schemas"] = schemas
    doc["components"]["headers"] = _HEADERS
    doc["components"]["responses"] = {
        f"Problem{status}": _problem_response(status, schema_of[repr(Problem)])
        for status in _DOCUMENTED_PROBLEMS
    }
    for (path, method), handler in handlers.items():
        if (operation := doc["paths"].get(path, {}).get(method)) is not None:
            _complete(operation, method, path, handler, schema_of)
    return _with_plain_names(doc, schemas)


def _handlers(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """All documented routes, by path and method."""
    return {
        (route.path_format, method.lower()): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.resolve_include_in_schema()
    }


def _bodies(handler: HTTPRouteHandler) -> tuple[Any, Any]:
    """The types of the request body and the response body; None for no body."""
    taken = handler.parsed_data_field.raw if handler.parsed_data_field else None
    returned: Any = handler.parsed_fn_signature.return_type
    if returned.is_subclass_of(Response):
        returned = returned.inner_types[0] if returned.inner_types else None
    nothing = returned is None or returned.annotation in (None, type(None), bytes, ASGIResponse)
    return taken, None if nothing else returned.raw


def _events(handler: HTTPRouteHandler) -> dict[str, Any]:
    """For a stream: types of the events' data, by event name."""
    return dict(declared_by(handler).events)


def _content(handler: HTTPRouteHandler, given: Any, schema_of: dict[str, Any]) -> dict[str, Any] | None:
    """The content of a successful response.

    OpenAPI 3.1 treats a stream as text; `x-events` describes its events.
    """
    if given is not None:
        return {"application/json": {"schema": schema_of[repr(given)]}}
    if events := _events(handler):
        told = {name: schema_of[repr(event)] for name, event in events.items()}
        return {"text/event-stream": {"schema": {"type": "string"}, "x-events": told}}
    return None


def _problem_response(status: int, schema: dict[str, Any]) -> dict[str, Any]:
    headers = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
    for name, belongs_to in (("WWW-Authenticate", 401), ("Retry-After", 429), ("Retry-After", 503)):
        if status == belongs_to:
            headers[name] = {"$ref": f"#/components/headers/{name}"}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _complete(
    operation: dict[str, Any], method: str, path: str, handler: HTTPRouteHandler, schema_of: dict[str, Any]
) -> None:
    taken, given = _bodies(handler)
    success = str(handler.status_code)
    response = operation["responses"][success]
    response["headers"] = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}} | {
        name: {"$ref": f"#/components/headers/{name}"} for name in response.get("headers", {})
    }
    if (content := _content(handler, given, schema_of)) is not None:
        response["content"] = content
    declared = declared_by(handler)
    problems = _ALWAYS | set(declared.problems)
    if declared.access == "public":
        operation["security"] = []
    else:
        problems |= {401, 403}
    if "{" in path:
        problems.add(404)
    if taken is not None:
        problems |= _WITH_BODY
        takes = prepared(handler).takes
        operation["requestBody"] = {
            "required": takes is None or not takes.optional,
            "content": {"application/json": {"schema": schema_of[repr(taken)]}},
        }
    operation["responses"] = {success: response} | {
        str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(problems)
    }
    if method == "get" and "ETag" in response["headers"]:
        operation["responses"]["304"] = {
            "description": "The version that If-None-Match names is the current one"
        }
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    operation["operationId"] = handler.fn.__name__
    operation["summary"] = handler.fn.__name__.replace("_", " ").capitalize()
    if handler.fn.__doc__:
        operation["description"] = inspect.cleandoc(handler.fn.__doc__)
    operation["tags"] = [path.removeprefix("/api/v1/").split("/")[0]]
    for parameter in operation.get("parameters", ()):
        _complete_parameter(parameter, handler)
    if method == "post" and declared.access != "public" and declared.replies_kept:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)


def _complete_parameter(parameter: dict[str, Any], handler: HTTPRouteHandler) -> None:
    schema = parameter["schema"]
    if parameter["in"] == "query":
        default = {"default": schema["default"]} if "default" in schema else {}
        exact = _parameter_schema(prepared(handler).parameters[parameter["name"]].type)
        parameter["schema"] = exact | default
    elif choices := schema.pop("oneOf", None):  # text or null: an absent header is omitted
        parameter["schema"] = choices[0] | schema
    for flag in ("deprecated", "allowEmptyValue", "allowReserved"):
        if parameter.get(flag) is False:
            del parameter[flag]


def _parameter_schema(parameter_type: Any) -> dict[str, Any]:
    """The schema of msgspec, which decodes it. Parameters are omitted instead of null."""
    schema = msgspec.json.schema(parameter_type)
    if "anyOf" in schema:
        choices = [choice for choice in schema.pop("anyOf") if choice.get("type") != "null"]
        schema = {**choices[0], **schema} if len(choices) == 1 else {**schema, "anyOf": choices}
    if None in schema.get("enum", ()):
        schema["enum"] = [choice for choice in schema["enum"] if choice is not None]
    return {key: value for key, value in schema.items() if key != "default"}


def _with_plain_names(doc: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Renames generics: msgspec's `Page_Product_` becomes `Page_Product`."""
    text = msgspec.json.encode(doc)
    for name in schemas:
        if name.endswith("_"):
            plain = name[:-1].encode()
            text = text.replace(b'"%s"' % name.encode(), b'"%s"' % plain)
            text = text.replace(b'/%s"' % name.encode(), b'/%s"' % plain)
    return msgspec.json.decode(text)  # type: ignore[no-any-return]


# The page: Swagger UI from a package, served from this host, without inline scripts or styles.

_START = b"""window.addEventListener("load", () => {
  SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
                   presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout"});
});
"""


def _named_by_content(name: str, content: bytes) -> tuple[str, bytes]:
    return f"{hashlib.sha256(content).hexdigest()[:12]}-{name}", content


_ASSETS = dict(
    _named_by_content(name, content)
    for name, content in [
        *(
            (name, (swagger_ui_path / name).read_bytes())
            for name in ("swagger-ui-bundle.js", "swagger-ui.css")
        ),
        ("start.js", _START),
    ]
)
_ADDRESS = {name.partition("-")[2]: f"/api/docs/assets/{name}" for name in _ASSETS}
_PAGE = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>IMSOP API</title>
<link rel="stylesheet" href="{_ADDRESS["swagger-ui.css"]}"></head>
<body><div id="swagger-ui"></div>
<script src="{_ADDRESS["swagger-ui-bundle.js"]}"></script>
<script src="{_ADDRESS["start.js"]}"></script></body>
</html>
""".encode()
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@get(DOCUMENT_PATH, opt=PUBLIC, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    state = request.app.state
    if "openapi_document" not in state:
        state["openapi_document"] = msgspec.json.encode(document(request.app))
    return Response(state["openapi_document"], media_type="application/json")


@get("/api/docs", opt=PUBLIC, include_in_schema=False)
async def docs_page() -> Response[bytes]:
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


@get("/api/docs/assets/{name:str}", opt=PUBLIC, include_in_schema=False)
async def docs_asset(name: str) -> Response[bytes]:
    if name not in _ASSETS:
        raise NotFoundException
    return Response(
        _ASSETS[name],
        media_type=mimetypes.guess_type(name)[0],
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


ROUTES = [openapi_json, docs_page, docs_asset]
