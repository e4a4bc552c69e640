"""Types of request fields: every text has a maximal length, every number a range; none may contain NUL.

Money, rates and coordinates are decimal strings (`"12.50"`): a JSON number would be parsed as a float.
"""

from datetime import datetime
from typing import Annotated, Literal

from babel.numbers import list_currencies
from msgspec import Meta

from imsop.core.said import Said

# `$` alone would match before a trailing line feed.
NO_NUL = r"^[^\x00]*$"
_HAS_INK = r"^[^\x00]*[^\s\x00][^\x00]*$"
_PRICE = r"^[0-9]{1,8}(\.[0-9]{1,4})?$(?!\n)"
_AMOUNT = r"^[0-9]{1,12}(\.[0-9]{1,2})?$(?!\n)"
_RATING = r"^([0-4](\.[0-9]{1,2})?|5(\.0{1,2})?)$(?!\n)"
_WEIGHT = r"^[0-9]{1,9}(\.[0-9]{1,3})?$(?!\n)"
_LATITUDE = r"^-?([0-8]?[0-9](\.[0-9]{1,8})?|90(\.0{1,8})?)$(?!\n)"
_LONGITUDE = r"^-?((1[0-7][0-9]|[0-9]?[0-9])(\.[0-9]{1,8})?|180(\.0{1,8})?)$(?!\n)"
# Every currency there is or was, as imported orders may be old; without the codes for none and for tests.
_CURRENCY = rf"^({'|'.join(sorted(list_currencies() - {'XXX', 'XTS'}))})$(?!\n)"
_EMAIL = r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$(?!\n)"  # ASCII: otherwise two spellings could be one address
_URL = r"^https?://[^\s\x00]+$(?!\n)"

PATTERN_ADVICE = {
    NO_NUL: Said("must not contain a NUL character"),
    _HAS_INK: Said("must contain a visible character and no NUL character"),
    _PRICE: Said('must be money as decimal text with up to 4 places, such as "12.50"'),
    _AMOUNT: Said('must be money as decimal text with up to 2 places, such as "12.50"'),
    _RATING: Said('must be a rating from 0 to 5 as decimal text with up to 2 places, such as "4.25"'),
    _WEIGHT: Said('must be kilograms as decimal text with up to 3 places, such as "1.250"'),
    _LATITUDE: Said('must be degrees from -90 to 90 as decimal text with up to 8 places, such as "51.9225"'),
    _LONGITUDE: Said(
        'must be degrees from -180 to 180 as decimal text with up to 8 places, such as "4.47917"'
    ),
    _CURRENCY: Said("must be an ISO 4217 code, such as EUR"),
    _EMAIL: Said("must be an e-mail address in ASCII, such as ada@harbour.example"),
    _URL: Said("must be an address that begins with http:// or https://"),
}
"""Advice for a text that does not match the pattern."""

INT4_MAX = 2_147_483_647

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=_HAS_INK)]
ShortName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_HAS_INK)]
Code = Annotated[str, Meta(min_length=1, max_length=50, pattern=_HAS_INK)]
Text20 = Annotated[str, Meta(max_length=20, pattern=NO_NUL)]
Text50 = Annotated[str, Meta(max_length=50, pattern=NO_NUL)]
Text100 = Annotated[str, Meta(max_length=100, pattern=NO_NUL)]
Text255 = Annotated[str, Meta(max_length=255, pattern=NO_NUL)]
Text = Annotated[str, Meta(max_length=10_000, pattern=NO_NUL)]
Url = Annotated[str, Meta(max_length=255, pattern=_URL)]
LongUrl = Annotated[str, Meta(max_length=500, pattern=_URL)]
Email = Annotated[str, Meta(min_length=3, max_length=255, pattern=_EMAIL)]
Count = Annotated[int, Meta(ge=0, le=INT4_MAX)]
PositiveCount = Annotated[int, Meta(ge=1, le=INT4_MAX)]
SignedCount = Annotated[int, Meta(ge=-INT4_MAX, le=INT4_MAX)]
Price = Annotated[str, Meta(pattern=_PRICE, description="Money per unit, as decimal text.")]
Amount = Annotated[str, Meta(pattern=_AMOUNT, description="Money, as decimal text.")]
Rating = Annotated[str, Meta(pattern=_RATING, description="From 0 to 5, as decimal text.")]
Weight = Annotated[str, Meta(pattern=_WEIGHT, description="Kilograms, as decimal text.")]
Latitude = Annotated[str, Meta(pattern=_LATITUDE, description="Degrees north, as decimal text.")]
Longitude = Annotated[str, Meta(pattern=_LONGITUDE, description="Degrees east, as decimal text.")]
Currency = Annotated[str, Meta(max_length=3, pattern=_CURRENCY, description="ISO 4217 code.")]
Instant = Annotated[datetime, Meta(tz=True)]
PartnerStatus = Literal["active", "inactive", "blocked"]
