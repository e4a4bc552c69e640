"""The words that stand on each page, kept in a file where a review sees them change."""

import re
from pathlib import Path

import httpx
from babel.messages.catalog import Catalog

from imsop.ui import catalogue
from imsop.web.edge.observe import Observed
from tests import factories
from tests.golden import require_golden
from tests.pages.browsing import signed_in
from tests.pages.plenty import pages_of, plenty
from tests.pages.tables import texts

GOLDEN = Path(__file__).with_name("words.json")
NEW = {
    "customers": factories.customer,
    "products": factories.product,
    "suppliers": factories.supplier,
    "warehouses": factories.warehouse,
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def written(page: httpx.Response, known: Catalog) -> set[str]:
    """The catalogue's texts on a page, as far as they stand there whatever the data: none is filled in."""
    assert page.status_code == 200, page.url
    return {text for text in texts(page) if text and known.get(text)}


async def test_pages_say_what_they_said(app: Observed) -> None:
    """Of an organization with something in every list, and of one that has nothing but new rows."""
    known = catalogue.texts()
    (admin, ids), beginner = await plenty(app), await factories.sign_up(app)
    here, there = await signed_in(admin), await signed_in(beginner)
    pages, empty = {}, {}
    for path in pages_of(app, ids):
        name = _ID.sub("{id}", path)
        pages[name] = await here.get(path)
        if name == path:
            empty[name] = await there.get(path)
    for noun, new in NEW.items():
        empty[f"/{noun}/{{id}}"] = await there.get(f"/{noun}/{(await new(beginner))['id']}")
    found = {name: written(page, known) for name, page in pages.items()}
    everywhere = set.intersection(*(found[name] for name, page in pages.items() if "<html" in page.text))
    words = {"every page": everywhere} | {name: said - everywhere for name, said in found.items()}
    words |= {f"{name}, empty": written(page, known) - found[name] for name, page in empty.items()}
    require_golden(GOLDEN, {name: sorted(said) for name, said in sorted(words.items()) if said})
