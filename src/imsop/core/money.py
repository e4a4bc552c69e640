"""How many decimals amounts of a currency have, by ISO 4217, and rounding to them."""

from decimal import ROUND_HALF_UP, Decimal

from babel.core import get_global

AMOUNT_LIMIT = Decimal(10**12)
"""Every amount is below it; the columns are checked for the same."""
_WITH_CENTS = "AFN ALL IRR KPW LAK LBP MGA MMK MRO RSD SLL SOS STD SYP TMM YER ZMK ZWD"
_OFFICIAL = dict.fromkeys(_WITH_CENTS.split(), 2) | {"IQD": 3}
"""Where Unicode's data give the decimals that people use, and ISO 4217 has more: invoices may use those."""


def decimals_of(currency: str) -> int:
    """Decimals of an amount: JPY has none, KWD three, most currencies two."""
    fractions = get_global("currency_fractions")
    return _OFFICIAL.get(currency) or int(fractions.get(currency, fractions["DEFAULT"])[0])


def rounded(value: Decimal, currency: str) -> Decimal:
    """The amount in the currency's decimals, rounded half up, as PostgreSQL's round() does."""
    return value.quantize(unit_of(currency), ROUND_HALF_UP)


def unit_of(currency: str) -> Decimal:
    """The smallest amount: 0.01 for most currencies."""
    return Decimal(1).scaleb(-decimals_of(currency))
