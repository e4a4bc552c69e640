"""What every page knows beside its own content: who reads it, where it stands, how it is to look."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlencode

from litestar import Request

from imsop.ui.language import Language, get_language, preferred
from imsop.ui.parts import Column

PLACES = ("cursor", "before")
"""Where in a list its reader is: they mean nothing in another order, nor among other rows."""


class Viewer(Protocol):
    """Whoever is signed in, as pages see them."""

    @property
    def user_name(self) -> str: ...
    @property
    def organization_name(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def permissions(self) -> Collection[str]: ...


class Reader(Protocol):
    """Whoever a page is made for: signed in (`viewer`) or not."""

    @property
    def viewer(self) -> Viewer | None: ...
    @property
    def csrf_token(self) -> str: ...
    @property
    def request_id(self) -> str: ...


class NavigationEntry(NamedTuple):
    """A place in the navigation. Label and group are marked with N_; without a permission anybody sees it."""

    label: str
    href: str
    icon: str
    permission: str | None = None
    group: str = ""
    shortcut: str = ""
    """The keys that lead there (frontend/js/shortcuts.js)."""


class Crumb(NamedTuple):
    """A page above this one. Its label is marked with N_, unless it `is_name`: what a row is called."""

    label: str
    href: str
    is_name: bool = False


class Page:
    """The request, as templates see it: `page`."""

    def __init__(
        self, request: Request[Any, Any, Any], navigation: Sequence[NavigationEntry], reader: Reader
    ) -> None:
        self._navigation = navigation
        self._query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.viewer = viewer = reader.viewer
        self.path: str = request.scope["path"]
        self.query: Mapping[str, str] = defaultdict(str, self._query)
        self.csrf_token = reader.csrf_token
        self.request_id = reader.request_id
        self._cookies: Mapping[str, str] = request.cookies
        self.theme = self._chosen("theme", ("light", "dark"))
        self.density = self._chosen("density", ("compact",))
        self.frame = self._chosen("frame", ("folded",))
        self.keys = self._chosen("keys", ("off",))
        self.language = _language(request, viewer)

    @property
    def layout(self) -> str:
        """The template that this reader's pages extend where they may be read without signing in, too."""
        return "ui/base.html" if self.viewer else "ui/alone.html"

    @property
    def navigation(self) -> Iterator[tuple[str, Iterable[NavigationEntry]]]:
        """The entries that this reader may see, in their groups."""
        permissions = self.viewer.permissions if self.viewer else ()
        seen = [
            entry for entry in self._navigation if not entry.permission or entry.permission in permissions
        ]
        return groupby(seen, key=lambda entry: entry.group)

    def is_at(self, href: str) -> bool:
        """Whether this page is that one or below it."""
        return self.path == href or (href != "/" and self.path.startswith(f"{href}/"))

    def may(self, permission: str) -> bool:
        return self.viewer is not None and permission in self.viewer.permissions

    def shown(self, list_name: str, columns: Sequence[Column]) -> list[Column]:
        """The columns of that list that this reader has chosen (frontend/js/frame.js), or the usual."""
        chosen = self._cookies.get(f"imsop_columns_{list_name}")
        names = None if chosen is None else chosen.split(".")
        first, *others = columns
        return [first, *(c for c in others if (c.shown if names is None else c.name in names))]

    def url(self, **changes: object) -> str:
        """This page's address with parameters changed; None takes one away.

        It leads to the first rows of what is then listed, unless it is given where to begin.
        """
        return self.url_at(self.path, **changes)

    def url_at(self, path: str, **changes: object) -> str:
        """Another address with this page's parameters, changed so."""
        replaced = {*PLACES, *changes}
        kept = [(name, value) for name, value in self._query if name not in replaced]
        added = [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{path}?{urlencode(kept + added)}" if kept or added else path

    def _chosen(self, name: str, choices: Collection[str]) -> str:
        """What the reader has chosen with a switch (frontend/js/frame.js), or nothing."""
        cookie = self._cookies.get(f"imsop_{name}", "")
        return cookie if cookie in choices else ""


def _language(request: Request[Any, Any, Any], viewer: Viewer | None) -> Language:
    if viewer:
        return get_language(viewer.locale, viewer.timezone)
    return get_language(preferred(request.headers.get("accept-language", "")), "UTC")
