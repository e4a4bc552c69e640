"""Pages as responses: headers, size, language, errors."""

import re

import httpx
import pytest
from jinja2 import TemplateNotFound, UndefinedError
from litestar.testing import RequestFactory

from imsop.ui.gallery import Reader, Visitor
from imsop.ui.page import Page
from imsop.ui.render import environment


def page(path: str = "/products", query: str = "", **cookies: str) -> Page:
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    request = RequestFactory().get(path, headers={"Cookie": cookie})
    request.scope["query_string"] = query.encode()
    return Page(request, (), Visitor(Reader("en")))


async def test_the_content_security_policy_allows_only_own_assets(visitor: httpx.AsyncClient) -> None:
    reply = await visitor.get("/")
    policy = dict(part.split(" ", 1) for part in reply.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in reply.headers["content-security-policy"]
    for inline in (r"<script(?![^>]* src=)", r"<style", r"\sstyle=", r"\son\w+=", r"javascript:", r"hx-on"):
        assert not re.search(inline, reply.text), inline
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", reply.text)


async def test_an_unchanged_page_is_not_sent_again(visitor: httpx.AsyncClient) -> None:
    first = await visitor.get("/")
    assert first.headers["cache-control"] == "private, no-cache"
    again = await visitor.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    dark = await visitor.get(
        "/", headers={"If-None-Match": first.headers["etag"], "Cookie": "imsop_theme=dark"}
    )
    assert dark.status_code == 200
    assert "cookie" in first.headers["vary"].lower()


async def test_a_page_is_compressed_if_gzip_is_accepted(visitor: httpx.AsyncClient) -> None:
    plain = await visitor.get("/")
    zipped = await visitor.get("/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.text == plain.text
    assert int(zipped.headers["content-length"]) < len(plain.content) / 3


async def test_display_settings_are_rendered_by_the_server(visitor: httpx.AsyncClient) -> None:
    chosen = await visitor.get("/", headers={"Cookie": "imsop_theme=dark; imsop_density=compact"})
    assert re.search(r'<html lang="en" data-theme="dark" data-density="compact">', chosen.text)
    forged = await visitor.get("/", headers={"Cookie": 'imsop_theme="><script>'})
    assert '<html lang="en">' in forged.text


async def test_navigation_shows_what_the_reader_may_see(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get("/")).text
    assert 'href="/products"' in text
    assert 'href="/warehouses"' not in text
    assert re.findall(r'href="([^"]+)" aria-current="page"', text) == ["/"]


@pytest.mark.parametrize("status", [403, 404, 405, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("query", ["", "?signed-in"])
async def test_every_error_has_a_page(visitor: httpx.AsyncClient, status: int, query: str) -> None:
    reply = await visitor.get(f"/errors/{status}{query}")
    assert reply.status_code == status
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "etag" not in reply.headers
    assert len(re.findall("<h1>", reply.text)) == 1
    assert ("only 10 are available" in reply.text) is (status < 500)
    assert ('id="frame"' in reply.text) is bool(query)


def test_a_url_keeps_its_other_parameters() -> None:
    seen = page(query="q=b%26o&sort=name&cursor=abc")
    assert seen.url(sort="-name") == "/products?q=b%26o&sort=-name"
    assert seen.url(q=None, sort=None) == "/products"
    assert seen.url(q="50 %") == "/products?sort=name&q=50+%25"


def test_a_url_leads_to_the_first_rows_unless_it_has_a_cursor() -> None:
    leafed = page(query="q=bolt&before=abc")
    assert leafed.url(cursor="def") == "/products?q=bolt&cursor=def"
    assert leafed.url_at("/products.csv") == "/products.csv?q=bolt"
    assert page(query="q=bolt&cursor=abc").url(before="def") == "/products?q=bolt&before=def"


def test_a_page_is_at_its_list_when_it_is_a_row_of_it() -> None:
    assert page("/products/17").is_at("/products")
    assert not page("/products-of-others").is_at("/products")
    assert not page("/products").is_at("/")


def test_undefined_variables_in_templates_are_errors() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ absent }}").render()
    for name in ("ui/absent.html", "ui/../language.py", "../ui/templates/base.html"):
        with pytest.raises(TemplateNotFound):
            environment().get_template(name)


def test_text_is_escaped() -> None:
    assert environment().from_string("{{ name }}").render(name="<b>") == "&lt;b&gt;"
