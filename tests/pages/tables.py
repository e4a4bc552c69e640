"""Reads the tables and links of a page."""

import re
from html import unescape

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
