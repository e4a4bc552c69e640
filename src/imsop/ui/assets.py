"""Static assets (styles, scripts, fonts, icons) that the build makes from frontend/, and their serving."""

import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from litestar import asgi
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import Receive, Scope, Send
from markupsafe import Markup

DIST = Path(__file__).parent / "dist"
_ENCODINGS = {"br": ".br", "gzip": ".gz"}  # in order of preference


class _Made(NamedTuple):
    manifest: dict[str, str]
    icons: dict[str, str]
    files: frozenset[str]


def asset(name: str) -> str:
    """The URL of a source file of frontend/. It contains a content hash, so browsers cache it forever."""
    return f"/assets/{_made().manifest[name]}"


def icon(name: str) -> Markup:
    """An icon as inline SVG: no extra request, no flicker. Names are those in frontend/icons.json."""
    drawn = _made().icons[name]
    return Markup(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{drawn}</svg>')  # noqa: S704


@asgi("/assets", is_mount=True, copy_scope=True)
async def serve_assets(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """ASGI handler: serves the precompressed file with an immutable one-year Cache-Control."""
    name = scope["path"].strip("/")
    if name not in _made().files:
        raise NotFoundException
    if scope["method"] != "GET":  # type: ignore[typeddict-item]
        raise MethodNotAllowedException(headers={"allow": "GET"})
    sent = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
    encoding, content = _read(name, _encoding(sent))
    headers = [
        (b"content-type", _media_type(name).encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"vary", b"accept-encoding"),
    ]
    if encoding:
        headers.append((b"content-encoding", encoding.encode()))
    start: Any = {"type": "http.response.start", "status": 200, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": content, "more_body": False})


def accepts(sent: str, encoding: str) -> bool:
    """True if this Accept-Encoding header allows the encoding."""
    for part in sent.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() == encoding:
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _encoding(sent: str) -> str:
    return next((encoding for encoding in _ENCODINGS if accepts(sent, encoding)), "")


@lru_cache(maxsize=64)
def _read(name: str, encoding: str) -> tuple[str, bytes]:
    """The file's content and its Content-Encoding. Cached for good, as the name contains a content hash."""
    compressed = DIST / f"{name}{_ENCODINGS.get(encoding, '')}"
    if encoding and compressed.is_file():
        return encoding, compressed.read_bytes()
    return "", (DIST / name).read_bytes()


def _media_type(name: str) -> str:
    if name.endswith(".js"):
        return "text/javascript; charset=utf-8"
    if name.endswith(".woff2"):
        return "font/woff2"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _made() -> _Made:
    """The manifest of the latest build; re-read when a build finishes while the server runs."""
    return _read_manifest((DIST / "manifest.json").stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_manifest(_made_at: int) -> _Made:
    manifest = msgspec.json.decode((DIST / "manifest.json").read_bytes(), type=dict[str, str])
    icons = msgspec.json.decode((DIST / "icons.json").read_bytes(), type=dict[str, str])
    return _Made(manifest, icons, frozenset(manifest.values()))
