"""Quantities as people type them: pieces, packs, or both."""

import re

from imsop.core.errors import InvalidInput
from imsop.core.fields import INT4_MAX
from imsop.core.said import Said

_PIECES = re.compile(r"[0-9]{1,10}")
_PACKS = re.compile(r"([0-9]{1,10})\s*p", re.IGNORECASE)
_TIMES = re.compile(r"([0-9]{1,10})\s*[x*\u00d7]\s*([0-9]{1,10})", re.IGNORECASE)


def base_units(field: str, typed: str, units_per_pack: int | None) -> int:
    """Base units of `120`, `5p` (packs) or `5x24`. Raises InvalidInput naming the field and how to type
    it.
    """
    text = typed.strip()
    if _PIECES.fullmatch(text):
        quantity = int(text)
    elif packs := _PACKS.fullmatch(text):
        if not units_per_pack:
            raise InvalidInput.of(field, "this product has no pack; type the quantity in units")
        quantity = int(packs[1]) * units_per_pack
    elif times := _TIMES.fullmatch(text):
        quantity = int(times[1]) * int(times[2])
    else:
        raise InvalidInput.of(field, "must be a whole number such as 120, packs such as 5p, or 5x24")
    if quantity > INT4_MAX:
        raise InvalidInput.of(field, Said("must be at most %(most)s", most=INT4_MAX))
    return quantity
