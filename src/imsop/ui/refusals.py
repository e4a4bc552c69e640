"""Translations of the API's English error messages, for pages."""

import re

from imsop.core.said import SEPARATOR, Said
from imsop.ui.language import N_, current_language
from imsop.ui.words import WORDS

_SHAPES = (
    (re.compile(r"Expected `str` of length >= (?P<n>\d+)"), N_("is too short; minimum characters: %(n)s")),
    (re.compile(r"Expected `str` of length <= (?P<n>\d+)"), N_("is too long; maximum characters: %(n)s")),
    (re.compile(r"Expected `\w+` >= (?P<n>-?\d+)"), N_("must be at least %(n)s")),
    (re.compile(r"Expected `\w+` <= (?P<n>-?\d+)"), N_("must be at most %(n)s")),
    (re.compile(r"Expected .*", re.DOTALL), N_("is of the wrong type")),
    (
        re.compile(r"Invalid enum value .*; allowed: (?P<names>.*)", re.DOTALL),
        N_("must be one of: %(names)s"),
    ),
    (re.compile(r"Invalid enum value .*", re.DOTALL), N_("is not an allowed value")),
    (re.compile(r"Object missing required field .*"), N_("is required")),
    (re.compile(r"Object contains unknown field .*"), N_("is not a known field")),
)
"""What msgspec says of a value that does not fit its type is for those who write programs."""


def said(text: str) -> str:
    """The message in the language of the page being rendered."""
    gettext = current_language.get().gettext
    if isinstance(text, Said):
        word = WORDS.get(text.template)
        translated = gettext(word.label if word else text.template)
        return (
            translated % {name: _filled(value) for name, value in text.filled.items()}
            if text.filled
            else translated
        )
    for shape, plain in _SHAPES:
        if found := shape.fullmatch(text):
            return gettext(plain) % found.groupdict() if found.groupdict() else gettext(plain)
    return gettext(text)


def _filled(value: object) -> object:
    if isinstance(value, list):
        return SEPARATOR.join(str(_filled(part)) for part in value)
    return said(value) if isinstance(value, Said) else value
