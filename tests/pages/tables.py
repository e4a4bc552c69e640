"""Lists, tiles and texts of a page, as its reader sees them."""

import re
from html import unescape
from typing import Literal

import httpx


def table(page: httpx.Response, caption: str) -> list[dict[str, str]]:
    """The rows of the table with that caption, as dicts by column header."""
    assert page.status_code == 200, page.text
    found = re.search(rf"<caption[^>]*>{re.escape(caption)}</caption>(.*?)</table>", page.text, re.DOTALL)
    assert found, f"no list {caption}"
    return [
        {unescape(label): words(cell) for label, cell in _CELL.findall(row)}
        for row in found[1].split("<tr ")[2:]
    ]


def listed(page: httpx.Response, caption: str) -> list[dict[str, str]]:
    """The same, or no rows where the page says that there are none."""
    return [] if is_empty(page) else table(page, caption)


def is_empty(page: httpx.Response) -> bool:
    """Whether a list says, in whatever words, that nothing is in it."""
    assert page.status_code == 200, page.text
    return '<div class="state tone-quiet">' in page.text


def tiles(page: httpx.Response) -> dict[str, tuple[list[str], str]]:
    """Of each tile, by its label, the figures and where it leads."""
    found = {}
    for card in page.text.split('<section class="card tile')[1:]:
        heading, _, rest = card.partition("</section>")[0].partition("</h2>")
        ((href, label),) = _LINK.findall(heading)
        found[words(label)] = figures(words(rest)), unescape(href)
    return found


def due(page: httpx.Response) -> dict[str, tuple[str, str]]:
    """Of each figure of the day, by its label, the number and where it leads, in the order of the page."""
    found = re.search(r'<nav class="due".*?</nav>', page.text, re.DOTALL)
    assert found, page.text
    cards = re.findall(r'href="([^"]*)"><b[^>]*>([^<]*)</b> <span>([^<]*)</span>', found[0])
    return {unescape(label): (number, unescape(href)) for href, number, label in cards}


def figures(text: str) -> list[str]:
    """The numbers and days in a text, as they are written there, without its words."""
    return [word.strip("(),.:") for word in text.split() if any(letter.isdigit() for letter in word)]


def leaf(page: httpx.Response, towards: Literal["prev", "next"]) -> str | None:
    """Where the list goes on, or went before."""
    found = re.search(rf'rel="{towards}" href="([^"]+)"', page.text)
    return unescape(found[1]) if found else None


def texts(page: httpx.Response) -> set[str]:
    """What is read on a page or read aloud of it, piece by piece."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", page.text, flags=re.DOTALL)
    told = re.findall(r'\b(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"', body)
    return {" ".join(unescape(text).split()) for text in re.split(r"<[^>]*>", body) + told}


def words(html: str) -> str:
    """The text of an HTML fragment, without tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def link(page: httpx.Response, words_of_it: str) -> str:
    """The target of the link with this text."""
    for href, inside in _LINK.findall(page.text):
        if words(inside) == words_of_it:
            return unescape(href)
    raise AssertionError(f"no link {words_of_it}")


_CELL = re.compile(r'<td role="cell"[^>]*data-label="([^"]*)"[^>]*>(.*?)</td>', re.DOTALL)
_LINK = re.compile(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
