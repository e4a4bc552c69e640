"""The fonts of printed documents, and the letters that they have."""

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

import typst
from fontTools.ttLib import TTFont

FONTS = files("font_source_sans_pro") / "files"
_BUNDLED = [str(FONTS), str(files("manimgx_fonts")), str(files("manimgx_fonts_cjk"))]
USUAL = "Source Sans Pro"
_SHAPING = ("Cc", "Cf", "Zl", "Zp", "Zs")
"""Categories of characters that nothing is drawn for."""
_VARIANTS = frozenset({*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)})
"""Selectors of a variant of the letter before them."""


@lru_cache(maxsize=1)
def fonts() -> typst.Fonts:
    """The bundled fonts, and the system's for scripts that those lack."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=_BUNDLED)


def unprintable(text: str) -> str:
    """The letters of the text that no font has, each once: a box would be printed in their place."""
    if text.isascii():
        return ""
    return "".join(letter for letter in dict.fromkeys(text) if not _is_printable(letter))


def _is_printable(letter: str) -> bool:
    code = ord(letter)
    if code in _VARIANTS or unicodedata.category(letter) in _SHAPING:
        return True
    return any(code in _letters_of(*font) for font in _font_files())


@lru_cache(maxsize=1)
def _font_files() -> list[tuple[str, int]]:
    """A file per family, the usual one first: weights, and the fonts in a file, have the same letters."""
    families = {font.family: font for font in fonts().fonts()}.values()
    usual_first = sorted(families, key=lambda font: font.family != USUAL)
    return list({font.path: (font.path, font.index) for font in usual_first if font.path}.values())


@cache
def _letters_of(path: str, index: int) -> frozenset[int]:
    """Code points of a font; read when asked for, as the largest takes 0.3 s."""
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())
