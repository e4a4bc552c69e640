"""Printed documents: a Jinja template produces Typst source, which is compiled to PDF.

A template is written like those of pages, with the suffix `.typ`. Each value is escaped as text; a value in a
place where Typst does not read text, such as `[{{ row.name }}]`, makes compilation fail.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, cast

import typst
from jinja2 import Environment
from litestar import Request, Response

from imsop.ui.barcodes import GTIN, OWN_REFERENCE, Barcode, bars, matrix
from imsop.ui.fonts import FONTS, fonts, unprintable
from imsop.ui.language import Language, current_language
from imsop.ui.page import Page
from imsop.ui.render import environment, page_of, render

_AT_ONCE = ThreadPoolExecutor(2, thread_name_prefix="typesetting")
"""Not those of everybody: whoever signs in would wait for a document."""
_REMEMBERED = 10
"""Compilations after which Typst forgets one, 40 MB for 300 lines; the next document is never the same."""
_unprintable: ContextVar[dict[str, str]] = ContextVar("unprintable")
"""Texts of the document that is being rendered, with those of their letters that no font has."""


async def typeset(
    request: Request[Any, Any, Any], template: str, name: str, /, *, anyway: bool = False, **context: Any
) -> Response[bytes]:
    """Renders a document as PDF in its reader's language, shown inline by the browser under that file name.

    If texts have letters that cannot be printed, it is a page that names them, unless `anyway`. End the
    request's transaction first. If the request is cancelled while it waits for a thread, nothing is rendered.
    """
    page = page_of(request)
    document = await _in_thread(_typeset, page, template, context, anyway)
    if not isinstance(document, bytes):
        return render(request, "ui/unprintable.html", texts=document)
    return Response(
        document,
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
    return cast("bytes", await _in_thread(_typeset, page, template, context, True))


async def unprintable_in(
    language: Language, request: Request[Any, Any, Any], template: str, /, **context: Any
) -> Mapping[str, str]:
    """The document's texts with letters that cannot be printed, with these letters."""
    page = page_of(request)
    page.language = language
    texts: Mapping[str, str]
    _, texts = await _in_thread(_written, page, template, context)
    return texts


async def _in_thread(work: Callable[..., Any], *arguments: object) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_AT_ONCE, work, *arguments)


def filename_of(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name) + ".pdf"


def _written(page: Page, template: str, context: dict[str, Any]) -> tuple[str, Mapping[str, str]]:
    """The document's Typst source, and its unprintable texts."""
    language, texts = current_language.set(page.language), _unprintable.set({})
    try:
        written = _environment().get_template(template).render(page=page, **context)
        return written, _unprintable.get()
    finally:
        current_language.reset(language)
        _unprintable.reset(texts)


def _typeset(page: Page, template: str, context: dict[str, Any], anyway: bool) -> bytes | Mapping[str, str]:
    """The PDF; or the unprintable texts, if there are any and it is not wanted anyway."""
    written, texts = _written(page, template, context)
    if texts and not anyway:
        return texts
    try:
        compiler = typst.Compiler(written.encode(), root=str(FONTS), font_paths=fonts())
        return cast("bytes", compiler.compile())
    finally:
        _AT_ONCE.submit(_forget)


def _forget() -> None:
    for _ in range(_REMEMBERED):
        typst.compile(b"", font_paths=fonts())


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = environment().overlay(autoescape=False, finalize=_put)
    made.filters = made.filters | {"bars": bars, "matrix": matrix}
    made.globals = made.globals | {"GTIN": GTIN, "OWN_REFERENCE": OWN_REFERENCE}
    return made


def _put(value: object) -> str:
    """Escapes a value for Typst: numbers stay numbers, barcodes become drawings, the rest becomes text."""
    match value:
        case int():
            return str(value)
        case Barcode():
            size = f"width: {value.width_mm}mm, height: {value.height_mm}mm"
            return f'#image(bytes({_quoted(value.svg)}), format: "svg", {size}, fit: "stretch");'
    text = str(value)
    if letters := unprintable(text):
        _unprintable.get({})[text] = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters)
    return f"#{_quoted(text)};"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
