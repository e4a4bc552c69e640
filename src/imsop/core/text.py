"""One spelling for text: what reads the same is stored the same, and nothing is stored as null.

Fields say which kind they are (`imsop.core.fields`): a `line` (codes, names, places: whatever stands on one
line) or a `text` of several lines. A line loses white space at its ends and keeps one space where it has more
inside; both are composed (Unicode NFC). What is then empty is None where the field may be.
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct, inspect

KIND = "spelling"
"""The key in a field's `Meta(extra=…)`."""
Clean = Callable[[Any], Any]


def clean_line(text: str) -> str:
    return _composed(" ".join(text.split()))


def clean_text(text: str) -> str:
    return _composed(text.replace("\r\n", "\n").replace("\r", "\n").strip())


def cleaner_of(expected: Any) -> Clean | None:
    """What puts a decoded value of this type into its one spelling; None where nothing in it is text.

    Structs are changed in place: they were decoded a moment ago, and nobody else has them.
    """
    return _cleaner(inspect.type_info(expected))


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _cleaner(of: inspect.Type) -> Clean | None:
    match of:
        case inspect.Metadata(type=inner, extra=extra):
            kind = (extra or {}).get(KIND)
            return {"line": clean_line, "text": clean_text}[kind] if kind else _cleaner(inner)
        case inspect.UnionType(types=types):
            return _of_union(types)
        case inspect.ListType(item_type=item):
            clean = _cleaner(item)
            return clean and (lambda items: [clean(one) for one in items])
        case inspect.StructType(cls=struct):
            return _of_struct(struct)
    return None


def _of_union(types: Sequence[inspect.Type]) -> Clean | None:
    """Of a field that may be left out, null or empty: of its other types, one at most is cleaned."""
    is_optional = any(isinstance(one, inspect.NoneType) for one in types)
    clean = next((found for one in types if (found := _cleaner(one))), None)
    if clean is None:
        return None

    def cleaned(value: Any) -> Any:
        if value is None:
            return None
        found = clean(value)
        return None if found == "" and is_optional else found

    return cleaned


@cache
def _of_struct(struct: type[Struct]) -> Clean | None:
    fields = [
        (field.name, clean) for field in msgspec.structs.fields(struct) if (clean := cleaner_of(field.type))
    ]
    if not fields:
        return None

    def cleaned(value: Struct) -> Struct:
        for name, clean in fields:
            given = getattr(value, name)
            if given is not msgspec.UNSET and (found := clean(given)) is not given:
                msgspec.structs.force_setattr(value, name, found)
        return value

    return cleaned
