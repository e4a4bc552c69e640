"""How what is typed or scanned is spelled for a search."""

import pytest

from imsop.core.searching import spellings_of, unaccented

GTIN = "00060015651000"


@pytest.mark.parametrize("typed", [None, "", "  ", "\x1d"])
def test_nothing_typed_searches_for_nothing(typed: str | None) -> None:
    assert spellings_of(typed) is None


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("tuna oil", "tuna oil"),
        (" zz-29 ", "zz-29"),
        ("060015651000", GTIN),
        ("060015651001", "060015651001"),  # its last digit is no check digit
        (f"]C101{GTIN}", GTIN),
        (f"10LOT\x1d01{GTIN}", GTIN),
        ("00340123450000000017", "340123450000000017"),
        ("]C191ASN-1", "ASN-1"),
        ("91ASN-1", "91ASN-1"),
        ("(400)PO-77", "PO-77"),
        ("2025", "2025"),
    ],
)
def test_the_first_spelling_is_what_it_most_likely_means(typed: str, first: str) -> None:
    assert (spellings_of(typed) or [])[0] == first


def test_other_spellings_follow() -> None:
    assert spellings_of("1Z 999 AA1") == ["1Z 999 AA1", "1Z999AA1"]
    assert spellings_of("91ASN-12") == ["91ASN-12", "91ASN12", "ASN-12"]
    assert spellings_of("9100") == ["9100"]


def test_names_are_compared_without_accents_and_case() -> None:
    assert unaccented(" Aufträge ") == unaccented("AUFTRAGE")
