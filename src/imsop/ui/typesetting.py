"""Printed documents: a Jinja template produces Typst source, which is compiled to PDF.

A template is written like those of pages, with the suffix `.typ`. Each value is escaped as text; a value in a
place where Typst does not read text, such as `[{{ row.name }}]`, makes compilation fail.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

import typst
from jinja2 import Environment
from litestar import Request, Response

from imsop.ui.barcodes import GTIN, OWN_REFERENCE, Barcode, bars, matrix
from imsop.ui.language import Language, current_language
from imsop.ui.page import Page
from imsop.ui.render import environment, page_of

_AT_ONCE = ThreadPoolExecutor(2, thread_name_prefix="typesetting")
"""Not those of everybody: whoever signs in would wait for a document."""
_REMEMBERED = 10
"""Compilations after which Typst forgets one, 40 MB for 300 lines; the next document is never the same."""
_FONTS = files("font_source_sans_pro") / "files"


async def typeset(
    request: Request[Any, Any, Any], template: str, name: str, /, **context: Any
) -> Response[bytes]:
    """Renders a document as PDF in its reader's language, shown inline by the browser under that file name.

    End the request's transaction first. If the request is cancelled while it waits for a thread, nothing is
    rendered.
    """
    page = page_of(request)
    return Response(
        await document_in(page.language, request, template, **context),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{filename_of(name)}"',
            "Content-Language": page.language.code,
            "Cache-Control": "private, no-cache",
        },
    )


async def document_in(
    language: Language, request: Request[Any, Any, Any], template: str, /, **context: Any
) -> bytes:
    """Renders a document as PDF in the given language, which may differ from the reader's."""
    page = page_of(request)
    page.language = language
    return await asyncio.get_running_loop().run_in_executor(_AT_ONCE, _typeset, page, template, context)


def filename_of(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name) + ".pdf"


def _typeset(page: Page, template: str, context: dict[str, Any]) -> bytes:
    token = current_language.set(page.language)
    try:
        written = _environment().get_template(template).render(page=page, **context)
    finally:
        current_language.reset(token)
    try:
        compiler = typst.Compiler(written.encode(), root=str(_FONTS), font_paths=_fonts())
        return cast("bytes", compiler.compile())
    finally:
        _AT_ONCE.submit(_forget)


def _forget() -> None:
    for _ in range(_REMEMBERED):
        typst.compile(b"", font_paths=_fonts())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = environment().overlay(autoescape=False, finalize=_put)
    made.filters = made.filters | {"bars": bars, "matrix": matrix}
    made.globals = made.globals | {"GTIN": GTIN, "OWN_REFERENCE": OWN_REFERENCE}
    return made


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The bundled fonts, and the system's for scripts that those lack."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=[str(_FONTS)])


def _put(value: object) -> str:
    """Escapes a value for Typst: numbers stay numbers, barcodes become drawings, the rest becomes text."""
    match value:
        case int():
            return str(value)
        case Barcode():
            size = f"width: {value.width_mm}mm, height: {value.height_mm}mm"
            return f'#image(bytes({_quoted(value.svg)}), format: "svg", {size}, fit: "stretch");'
    return f"#{_quoted(str(value))};"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
