"""Translations, and localized numbers and dates."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest

from imsop.ui import catalogue
from imsop.ui.language import DEFAULT, FORMATS, get_language, preferred

OTHERS = sorted(FORMATS.keys() - {DEFAULT})


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_of_templates_and_code_is_translated(code: str) -> None:
    wanted = {message.id for message in catalogue.texts() if message.id}
    translated = {message.id: message for message in catalogue.translations(code) if message.id}
    assert len(wanted) > 100
    assert wanted - translated.keys() == set(), "make messages, then translate"
    assert translated.keys() - wanted == set(), "make messages takes off what is gone"
    for identity, message in translated.items():
        assert all(forms(message.string)), identity
        assert not message.fuzzy, identity


@pytest.mark.parametrize("code", OTHERS)
def test_translations_use_the_parameters_of_their_texts(code: str) -> None:
    for message in catalogue.translations(code):
        names = set(re.findall(r"%\(\w+\)s", " ".join(forms(message.id))))
        for form in forms(message.string):
            assert set(re.findall(r"%\(\w+\)s", form)) == names or not message.id, message.id


def test_numbers_and_money_are_localized() -> None:
    english, german = get_language("en", "UTC"), get_language("de", "UTC")
    assert [one.number(1234567) for one in (english, german)] == ["1,234,567", "1.234.567"]
    assert [one.number(Decimal("1234.5"), 2) for one in (english, german)] == ["1,234.50", "1.234,50"]
    assert [one.money(Decimal("542212022.34"), "EUR") for one in (english, german)] == [
        "€542,212,022.34",
        "542.212.022,34\xa0€",
    ]
    assert [one.percent(Decimal("0.9474"), 2) for one in (english, german)] == ["94.74%", "94,74%"]
    assert [english.short_number(value) for value in (950, 1234, 1_280_000)] == ["950", "1.2K", "1.3M"]
    assert english.short_money(Decimal(1_280_455), "GBP") == "£1.3M"
    # German does not abbreviate thousands.
    assert [german.short_number(value) for value in (950, 1234, 1_280_000)] == ["950", "1.234", "1,3\xa0Mio."]
    assert german.short_money(Decimal("827317.9107"), "EUR") == "827.318\xa0€"
    assert german.short_money(Decimal(1_280_455), "EUR") == "1,3\xa0Mio.\xa0€"
    assert [english.short_number(value) for value in (0, -251_554, 999_960)] == ["0", "-251.6K", "1M"]
    assert [english.short_money(Decimal(value), "EUR") for value in (0, 950, 999_960)] == [
        "€0",
        "€950",
        "€1M",
    ]
    for price, shown in (("2.5000", "£2.50"), ("0.0108", "£0.0108"), ("100.0000", "£100.00"), ("0", "£0.00")):
        assert english.price(Decimal(price), "GBP") == shown
    assert english.price(Decimal("150.0000"), "JPY") == "JP¥150"


def test_dates_are_kept_and_timestamps_are_in_the_organizations_timezone() -> None:
    instant = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    assert get_language("en", "UTC").instant(instant) == "28 Mar 2026, 23:30"
    assert get_language("en", "Europe/Berlin").instant(instant) == "29 Mar 2026, 00:30"
    assert get_language("de", "Europe/Berlin").instant(instant) == "29.03.2026, 00:30"
    assert get_language("de", "Pacific/Auckland").day(date(2026, 3, 28)) == "28.03.2026"
    assert get_language("en", "UTC").ago(instant, datetime(2026, 3, 29, 2, 30, tzinfo=UTC)) == "3 hours ago"


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,es", "en"),
        ("fr, de;q=0.5", "de"),
        ("*", "en"),
    ],
)
def test_anonymous_readers_get_the_browsers_language(accepted: str, code: str) -> None:
    assert preferred(accepted) == code


async def test_a_page_is_in_its_readers_language(visitor: httpx.AsyncClient) -> None:
    english, german = [(await visitor.get("/", params={"locale": code})) for code in ("en", "de")]
    assert [reply.headers["content-language"] for reply in (english, german)] == ["en", "de"]
    assert '<html lang="de">' in german.text
    for here, there in (
        ("Skip to content", "Zum Inhalt springen"),
        ("US$1,280,455.50", "1.280.455,50\xa0$"),
    ):
        assert here in english.text
        assert here not in german.text
        assert there in german.text
    refused = await visitor.get("/errors/404", headers={"Accept-Language": "de"})
    assert "Nicht gefunden" in refused.text
