"""The context of every page: its reader, its location, and its display settings."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlencode

from litestar import Request

from imsop.ui.language import FORMATS, Language, get_language, preferred
from imsop.ui.parts import Column

PLACES = ("cursor", "before")
"""Where in a list its reader is: they mean nothing in another order, nor among other rows."""


class Viewer(Protocol):
    """The signed-in user, as pages need it."""

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
    """The reader of a page: signed in (`viewer`) or anonymous."""

    @property
    def viewer(self) -> Viewer | None: ...
    @property
    def csrf_token(self) -> str: ...
    @property
    def request_id(self) -> str: ...


class NavigationEntry(NamedTuple):
    """A link in the navigation, for everybody unless it has a permission. Mark label and group with N_."""

    label: str
    href: str
    icon: str
    permission: str | None = None
    group: str = ""
    shortcut: str = ""
    """The keys that lead there (frontend/js/shortcuts.js)."""


class Crumb(NamedTuple):
    """A breadcrumb. Its label is marked with N_, unless `is_name` says that it is a row's own name."""

    label: str
    href: str
    is_name: bool = False


class Page:
    """The request as templates see it, under the name `page`."""

    def __init__(
        self, request: Request[Any, Any, Any], navigation: Sequence[NavigationEntry], reader: Reader
    ) -> None:
        self._navigation = navigation
        self._query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.viewer = reader.viewer
        self.path: str = request.scope["path"]
        self.query: Mapping[str, str] = defaultdict(str, self._query)
        self.csrf_token = reader.csrf_token
        self.request_id = reader.request_id
        self._cookies: Mapping[str, str] = request.cookies
        self.theme = self._chosen("theme", ("light", "dark"))
        self.density = self._chosen("density", ("compact",))
        self.frame = self._chosen("frame", ("folded",))
        self.keys = self._chosen("keys", ("off",))
        self.language = self._language(request)

    @property
    def layout(self) -> str:
        """The base template of a page that is also public: with the frame only if the reader is signed in."""
        return "ui/base.html" if self.viewer else "ui/alone.html"

    @property
    def navigation(self) -> Iterator[tuple[str, Iterable[NavigationEntry]]]:
        """The navigation entries that this reader may see, by group."""
        permissions = self.viewer.permissions if self.viewer else ()
        seen = [
            entry for entry in self._navigation if not entry.permission or entry.permission in permissions
        ]
        return groupby(seen, key=lambda entry: entry.group)

    def is_at(self, href: str) -> bool:
        """True if the current page is `href` or below it."""
        return self.path == href or (href != "/" and self.path.startswith(f"{href}/"))

    def may(self, permission: str) -> bool:
        return self.viewer is not None and permission in self.viewer.permissions

    def shown(self, list_name: str, columns: Sequence[Column]) -> list[Column]:
        """The columns to display: the first, and those the user chose, else those with `Column.shown`.

        The choice is a cookie, written by frontend/js/frame.js.
        """
        chosen = self._cookies.get(f"imsop_columns_{list_name}")
        names = None if chosen is None else chosen.split(".")
        first, *others = columns
        return [first, *(c for c in others if (c.shown if names is None else c.name in names))]

    def url(self, **changes: object) -> str:
        """This page's URL with parameters changed; None removes one.

        Paging parameters are dropped, so that it leads to the first rows, unless `changes` contains one.
        """
        return self.url_at(self.path, **changes)

    def url_at(self, path: str, **changes: object) -> str:
        """Another path with this page's query parameters, changed as in `url`."""
        replaced = {*PLACES, *changes}
        kept = [(name, value) for name, value in self._query if name not in replaced]
        added = [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{path}?{urlencode(kept + added)}" if kept or added else path

    def _chosen(self, name: str, choices: Collection[str]) -> str:
        """The value of a display switch from its cookie (frontend/js/frame.js), or an empty string."""
        cookie = self._cookies.get(f"imsop_{name}", "")
        return cookie if cookie in choices else ""

    def _language(self, request: Request[Any, Any, Any]) -> Language:
        """The account's; without one, that chosen on the sign-in page, else the browser's."""
        if self.viewer:
            return get_language(self.viewer.locale, self.viewer.timezone)
        accepted = request.headers.get("accept-language", "")
        return get_language(self._chosen("language", FORMATS) or preferred(accepted), "UTC")
