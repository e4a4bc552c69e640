"""Extracts all user-facing texts from templates and code, and updates the translations.

Run by `make messages`: new texts get an empty translation, removed texts are dropped.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

import imsop
from imsop.core.errors import DomainError
from imsop.ui.language import DEFAULT, FORMATS, catalogue_path

_SOURCE = Path(imsop.__file__).parent
_TEMPLATES = ("ui/templates/**.html", "ui/templates/**.typ", "web/pages/**.html", "web/pages/**.typ")
_METHODS = [("**.py", "python"), *((pattern, "jinja2") for pattern in _TEMPLATES)]
_OPTIONS = {pattern: {"trimmed": "true", "silent": "false"} for pattern in _TEMPLATES}

_REFUSALS = dict.fromkeys(
    [refusal.__name__ for refusal in DomainError.__subclasses__()] + ["Said", "changed_meanwhile"]
) | {"of": (2,), "FieldError": (2,), "require_version": (3,)}
"""What refuses, and which of its arguments is the text, if not the first."""


def texts() -> Catalog:
    """All user-facing texts, in English."""
    found = Catalog()
    for _file, _line, message, _comments, context in extract_from_dir(
        _SOURCE, _METHODS, _OPTIONS, keywords={**DEFAULT_KEYWORDS, "N_": None, **_REFUSALS}
    ):
        found.add(message, context=context)
    return found


def translations(code: str) -> Catalog:
    with catalogue_path(code).open("rb") as source:
        return read_po(source, locale=code)


def bring_up_to_date(code: str) -> list[str]:
    """Rewrites the language's .po file, sorted; returns the texts that lack a translation."""
    known = translations(code)
    found = Catalog(locale=code)
    for message in texts():
        if message.id:
            translated = known.get(message.id)
            found.add(message.id, translated.string if translated else "")
    missing = [str(message.id) for message in found if message.id and not _is_complete(message.string)]
    with catalogue_path(code).open("wb") as target:
        target.write(_HEADER.format(code=code, plurals=found.plural_forms).encode())
        write_po(target, found, width=110, omit_header=True, sort_output=True)
    return missing


_HEADER = """\
msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def _is_complete(translated: str | Iterable[str] | None) -> bool:
    return bool(translated) and all(translated or ())


if __name__ == "__main__":
    for language in FORMATS.keys() - {DEFAULT}:
        for text in bring_up_to_date(language):
            sys.stdout.write(f"{language}: not translated: {text}\n")
