"""Free-form JSON from callers, bounded so that a page of it is bounded, too."""

import re

import msgspec

from imsop.core.errors import InvalidInput
from imsop.core.said import Said

MAX_BYTES = 16 * 1024  # a page of 500 stays below 16 MiB
MAX_DEPTH = 50  # encoding is recursive, with a limit somewhere below 1,000
MAX_MAGNITUDE = 1e15
"""PostgreSQL writes numbers in full: 1e308 has 309 digits. Up to here a float is exact and short."""


_NUL = re.compile(rb"(?<!\\)(\\\\)*\\u0000")  # in JSON text, where a literal backslash is doubled


def require_bounded(value: object, field: str) -> None:
    """Raises InvalidInput if the value is too large, too deeply nested, or has extreme numbers."""
    encoded = msgspec.json.encode(value)
    if len(encoded) > MAX_BYTES:
        raise InvalidInput.of(field, Said("may have at most %(most)s bytes", most=MAX_BYTES))
    if _NUL.search(encoded):
        raise InvalidInput.of(field, "must not contain a NUL character")
    depth = 0
    level = [value]
    while level:
        if any(isinstance(part, float) and not _is_short(part) for part in level):
            raise InvalidInput.of(
                field, Said("may contain fractions and powers of ten up to %(most).0e", most=MAX_MAGNITUDE)
            )
        nested = [part for part in level if isinstance(part, dict | list)]
        depth += bool(nested)
        level = [part for whole in nested for part in (whole.values() if isinstance(whole, dict) else whole)]
    if depth > MAX_DEPTH:
        raise InvalidInput.of(field, Said("may be nested at most %(most)s levels deep", most=MAX_DEPTH))


def _is_short(number: float) -> bool:
    return number == 0 or 1 / MAX_MAGNITUDE <= abs(number) <= MAX_MAGNITUDE
