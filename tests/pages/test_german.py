"""Pages in German: no text with a German translation is shown in English."""

import re
from collections.abc import Iterator

import httpx
import pytest

from imsop.ui import catalogue
from imsop.ui.words import WORDS
from imsop.web.edge.observe import Observed
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.plenty import pages_of, plenty
from tests.pages.tables import texts

OWN_NAMES = {"English"}  # the language menu shows each language's own name


@pytest.fixture(scope="module")
def english() -> re.Pattern[str]:
    """Matches each text whose German translation differs, and each code that has a label."""
    sources, german = set(WORDS), set()
    for message in catalogue.translations("de"):
        ids, strings = (
            [form] if isinstance(form, str) else list(form) for form in (message.id, message.string)
        )
        sources |= set(ids) - set(strings)
        german |= set(strings)
    forms = sorted(sources - german - OWN_NAMES - {""})
    return re.compile("|".join(re.sub(r"%\\\(\w+\\\)s", ".+", re.escape(form)) for form in forms))


async def german_reader(admin: Member) -> Browser:
    assert (await admin.edit("me", locale="de")).status_code == 200
    here = await signed_in(admin)
    assert '<html lang="de"' in (await here.get("/profile")).text
    return here


async def test_error_messages_are_in_the_readers_language(admin: Member, english: re.Pattern[str]) -> None:
    here = await german_reader(admin)
    nowhere = "01a20000-0000-7000-8000-000000000000"
    told = {
        "/nowhere": "Unter dieser Adresse gibt es nichts",
        f"/products/{nowhere}": "Ein Produkt mit dieser Kennung gibt es nicht",
        "/products?sort=colour": "muss eines sein von: ",
        "/products?cursor=x": "ist keine Stelle dieser Liste; beginnen Sie von vorn",
        "/products?colour=red": "ist kein Parameter; zulässig: ",
        "/ledger?occurred_from=now": "braucht ein Datum, etwa 2026-01-31",
    }
    for path, reason in told.items():
        page = await here.get(path)
        assert page.status_code >= 400, path
        assert reason in page.text, path
        assert not list(left_in_english(page, english))
    form = await here.get("/profile")
    short = await here.fill(form, "/profile/password", current_password="x", new_password="short")
    assert "ist zu kurz; mindestens nötige Zeichen: 8" in short.text
    wrong = await here.fill(form, "/profile/password", current_password="x", new_password="long enough")
    assert "ist nicht Ihr Passwort" in wrong.text
    missing = await here.fill(form, "/profile/password", current_password="", new_password="long enough")
    for page in (short, wrong, missing):
        assert page.status_code == 422
        assert not list(left_in_english(page, english))


def left_in_english(page: httpx.Response, english: re.Pattern[str]) -> Iterator[str]:
    yield from (f"{page.url}: {text}" for text in texts(page) if english.fullmatch(text))


async def test_no_page_shows_a_german_reader_english(app: Observed, english: re.Pattern[str]) -> None:
    admin, ids = await plenty(app)
    here = await german_reader(admin)
    found: list[str] = []
    walked = pages_of(app, ids)
    assert len(walked) >= 28
    for path, taken in walked.items():
        page = await here.get(path, params={"q": "Product"} if path.startswith("/search") else {})
        assert page.status_code == 200, path
        found += left_in_english(page, english)
        if "status" in taken:
            found += left_in_english(await here.get(path, params={"status": "inactive"}), english)
    assert not found, "\n".join(found)
