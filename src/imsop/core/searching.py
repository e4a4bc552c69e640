"""Search terms: how a typed code or a scanner's input is spelled for the database to search.

Words, accents, case and slips are the business of migration 0018, the same way for what is stored.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta
from stdnum import ean, gs1_128
from stdnum.exceptions import ValidationError

from imsop.core.fields import NO_NUL

SearchQuery = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=NO_NUL,
        description="Words in any order, a code in any grouping, or a barcode as a scanner sends it.",
    ),
]

_SEPARATOR = "\x1d"
"""What a scanner sends for FNC1, the end of a GS1 element of variable length."""
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9]")
"""The AIM identifier of the kind of barcode, before its content."""
_GROUPING = re.compile(r"[\s./()-]")
"""By what codes are grouped for people; `search_code` leaves out the same."""
_DIGITAL_LINK = re.compile(r"https?://.*/0[12]/(\d{8,14})\b")
_GTIN, _SSCC, _CONTENT, _OWN_REFERENCE = "01", "00", "02", "91"
_NAMING = (_GTIN, _CONTENT, _SSCC, "400", "401", "402", _OWN_REFERENCE)
"""Application identifiers of what things are called: goods, logistic units, orders, our own labels."""
_REFERENCE_LEAST = 5
"""Characters of a reference after a bare 91: of a shorter one, everything would be a match."""


def spellings_of(typed: str | None) -> list[str] | None:
    """The spellings to search for, best first: the first that finds anything answers. None for nothing typed.

    A GTIN is spelled in its 14 digits, as it is stored. Our own reference without a mark of GS1 comes last:
    any text that begins with 91 could be one.
    """
    text = unicodedata.normalize("NFKC", typed or "").strip()
    if not text:
        return None
    content = _SYMBOLOGY.sub("", text, count=1) if _SYMBOLOGY.match(text) else text
    elements = list(_elements(content))
    is_marked = content != text or _SEPARATOR in text or text.startswith("(")
    joined = _GROUPING.sub("", content)
    spelled = [
        *_numbers(content),
        *(value for key, value in elements if is_marked or key in (_GTIN, _CONTENT)),
        content,
        *([joined] if any(sign.isdigit() for sign in joined) else []),
        *(value for key, value in elements if key == _OWN_REFERENCE and len(value) >= _REFERENCE_LEAST),
    ]
    return list(dict.fromkeys(spelled))


def unaccented(text: str) -> str:
    """Without accents and in lower case, for what is compared here and not in the database."""
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def _numbers(content: str) -> Iterator[str]:
    """A GTIN or an SSCC that stands alone, or in the address of a GS1 Digital Link."""
    if link := _DIGITAL_LINK.match(content):
        content = link[1]
    if ean.is_valid(content):
        yield ean.compact(content).zfill(14)
    elif re.fullmatch(r"00\d{18}", content) and ean.calc_check_digit(content[2:-1]) == content[-1]:
        yield content[2:]


def _elements(content: str) -> Iterator[tuple[str, str]]:
    """The GS1 elements that name something, where all of the text is made of GS1 elements."""
    bare = content.replace("(", _SEPARATOR).replace(")", "").replace(" ", "")
    try:
        elements = gs1_128.info(bare, _SEPARATOR)
    except (ValidationError, ValueError):
        return
    yield from ((key, elements[key]) for key in _NAMING if key in elements)
