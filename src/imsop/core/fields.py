"""The types of fields in requests: each text has a length, each number a range, and no text hides anything.

Money, rates and coordinates are decimal strings (`"12.50"`): a JSON number would be parsed as a float.
"""

from datetime import datetime
from typing import Annotated, Literal

from babel.numbers import list_currencies
from msgspec import Meta

from imsop.core.said import Said
from imsop.core.text import KIND

# Controls other than white space, and what is invisible: two texts that read the same would differ by it. The
# two joiners are letters of Persian, Hindi and emoji, so names hold them, though not behind a Latin letter.
_UNSEEN = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f"
    "\\ufeff\\ufff9-\\uffff\U000e0000-\U000e007f"
)
_JOINERS = r"\u200c\u200d"
_NO_JOINED_LATIN = rf"(?![\s\S]*[\x00-\u05ff][{_JOINERS}])"
# `$` alone would let a line feed follow.
NO_NUL = r"^[^\x00]*$"
_SEEN = rf"^{_NO_JOINED_LATIN}[^{_UNSEEN}]*$"
_HAS_INK = rf"^{_NO_JOINED_LATIN}(?=[\s\S]*[^\s{_UNSEEN}{_JOINERS}])[^{_UNSEEN}]*$"
_CODE = rf"^(?=[\s\S]*[^\s])[^{_UNSEEN}{_JOINERS}]*$"
_PRICE = r"^[0-9]{1,8}(\.[0-9]{1,6})?$(?!\n)"
_AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,4})?$(?!\n)"
_PERCENT = r"^([0-9]{1,2}(\.[0-9]{1,2})?|100(\.0{1,2})?)$(?!\n)"
_RATING = r"^([0-4](\.[0-9]{1,2})?|5(\.0{1,2})?)$(?!\n)"
_WEIGHT = r"^[0-9]{1,9}(\.[0-9]{1,3})?$(?!\n)"
_LATITUDE = r"^-?([0-8]?[0-9](\.[0-9]{1,8})?|90(\.0{1,8})?)$(?!\n)"
_LONGITUDE = r"^-?((1[0-7][0-9]|[0-9]?[0-9])(\.[0-9]{1,8})?|180(\.0{1,8})?)$(?!\n)"
# Every currency there is or was, as imported orders may be old; without the codes for none and for tests.
_CURRENCY = rf"^({'|'.join(sorted(list_currencies() - {'XXX', 'XTS'}))})$(?!\n)"
# ASCII: elsewhere two spellings can be one address. A name by RFC 5321, a host by RFC 1123.
_EMAIL = (
    r"^[!#-'*+/-9=?A-Z^-~-]+(\.[!#-'*+/-9=?A-Z^-~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$(?!\n)"
)
_URL = r"^https?://[^\s\x00]+$(?!\n)"

PATTERN_ADVICE = {
    NO_NUL: Said("must not contain a NUL character"),
    _SEEN: Said("must not contain control characters or invisible ones"),
    _HAS_INK: Said("must contain a visible character, and neither control characters nor invisible ones"),
    _CODE: Said("must contain a visible character, and neither control characters nor invisible ones"),
    _PRICE: Said('must be money as decimal text with up to 6 places, such as "12.50"'),
    _AMOUNT: Said('must be money as decimal text with the decimals of its currency, such as "12.50"'),
    _PERCENT: Said('must be a percentage from 0 to 100 as decimal text with up to 2 places, such as "2.5"'),
    _RATING: Said('must be a rating from 0 to 5 as decimal text with up to 2 places, such as "4.25"'),
    _WEIGHT: Said('must be kilograms as decimal text with up to 3 places, such as "1.250"'),
    _LATITUDE: Said('must be degrees from -90 to 90 as decimal text with up to 8 places, such as "51.9225"'),
    _LONGITUDE: Said(
        'must be degrees from -180 to 180 as decimal text with up to 8 places, such as "4.47917"'
    ),
    _CURRENCY: Said("must be an ISO 4217 code, such as EUR"),
    _EMAIL: Said(
        "must be an e-mail address in ASCII, such as ada@harbour.example; a domain with other letters is "
        "written in its form that begins with xn--"
    ),
    _URL: Said("must be an address that begins with http:// or https://"),
}
"""Advice for a text that does not match the pattern."""

INT4_MAX = 2_147_483_647

_LINE, _TEXT = {KIND: "line"}, {KIND: "text"}
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=_HAS_INK, extra=_LINE)]
ShortName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_HAS_INK, extra=_LINE)]
Code = Annotated[str, Meta(min_length=1, max_length=50, pattern=_CODE, extra=_LINE)]
LongCode = Annotated[str, Meta(min_length=1, max_length=100, pattern=_CODE, extra=_LINE)]
Text20 = Annotated[str, Meta(max_length=20, pattern=_SEEN, extra=_LINE)]
Text50 = Annotated[str, Meta(max_length=50, pattern=_SEEN, extra=_LINE)]
Text100 = Annotated[str, Meta(max_length=100, pattern=_SEEN, extra=_LINE)]
Text255 = Annotated[str, Meta(max_length=255, pattern=_SEEN, extra=_LINE)]
Text = Annotated[str, Meta(max_length=10_000, pattern=_SEEN, extra=_TEXT)]
Reason = Annotated[str, Meta(min_length=1, max_length=255, pattern=_HAS_INK, extra=_LINE)]
Url = Annotated[str, Meta(max_length=255, pattern=_URL)]
LongUrl = Annotated[str, Meta(max_length=500, pattern=_URL)]
Email = Annotated[str, Meta(min_length=3, max_length=255, pattern=_EMAIL)]
Count = Annotated[int, Meta(ge=0, le=INT4_MAX)]
PositiveCount = Annotated[int, Meta(ge=1, le=INT4_MAX)]
SignedCount = Annotated[int, Meta(ge=-INT4_MAX, le=INT4_MAX)]
Price = Annotated[str, Meta(pattern=_PRICE, description="Money per unit, as decimal text.")]
Amount = Annotated[
    str, Meta(pattern=_AMOUNT, description="Money, as decimal text with the decimals of its currency.")
]
Percent = Annotated[str, Meta(pattern=_PERCENT, description="From 0 to 100, as decimal text.")]
Rating = Annotated[str, Meta(pattern=_RATING, description="From 0 to 5, as decimal text.")]
Weight = Annotated[str, Meta(pattern=_WEIGHT, description="Kilograms, as decimal text.")]
Latitude = Annotated[str, Meta(pattern=_LATITUDE, description="Degrees north, as decimal text.")]
Longitude = Annotated[str, Meta(pattern=_LONGITUDE, description="Degrees east, as decimal text.")]
Currency = Annotated[str, Meta(max_length=3, pattern=_CURRENCY, description="ISO 4217 code.")]
Instant = Annotated[datetime, Meta(tz=True)]
PartnerStatus = Literal["active", "inactive", "blocked"]
