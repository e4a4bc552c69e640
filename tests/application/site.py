"""Users of the demo, and a crawler of the application's pages."""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx
from litestar.routes import HTTPRoute

from imsop.demo.people import PASSWORD
from imsop.web.edge.csrf import SESSION_COOKIE
from imsop.web.edge.observe import Observed
from imsop.web.pages import ROUTES
from tests import factories
from tests.factories import Member, accepted, litestar_of, visitor

PARTS = {
    "/search/found",
    "/control-tower/markers",
    "/control-tower/news",
    "/shipments/{shipment_id:uuid}/timeline",
    "/products/similar",
    "/suppliers/similar",
    "/customers/similar",
    "/supplier-products/choices/supplier_id",
    "/supplier-products/choices/product_id",
    "/supplier-products/filters/supplier_id",
    "/supplier-products/filters/product_id",
    "/warehouses/choices/manager_id",
    "/zones/choices/warehouse_id",
    "/approval-rules/choices/approver_role_id",
    "/approval-rules/choices/approver_user_id",
    "/approval-rules/choices/deputy_user_id",
    "/zones/filters/warehouse_id",
    "/goods-receipts/filters/warehouse_id",
    "/supplier-returns/filters/warehouse_id",
    "/customer-returns/filters/customer_id",
    "/customer-returns/filters/warehouse_id",
    "/shipments/filters/warehouse_id",
    "/inventory/filters/product_id",
    "/inventory/filters/warehouse_id",
    "/purchase-orders/filters/supplier_id",
    "/purchase-orders/filters/product_id",
    "/sales-orders/filters/customer_id",
    "/sales-orders/filters/product_id",
    "/shipments/filters/supplier_id",
    "/shipments/filters/product_id",
}
"""Fragments, fetched by scripts; every other path without a suffix is a page."""
WITHOUT_ACCOUNT = {"/sign-in", "/forgotten-password", "/reset-password"}
"""Pages for readers who are not signed in, to which no other page links."""
ALIKE = 3  # URLs followed per page and parameter names: rows differ, and with a document's state its links
FIRST = (
    "/purchase-orders?status=submitted",
    "/purchase-orders?status=received",
    "/",
    "/search?q=a",
)
"""Where crawling begins; ALIKE is of what each leads to, as a document's state decides on its links."""
MOST = 6  # followed per page, whatever the parameters
_LINK = re.compile(r'(?:href|hx-get|data-live)="(/[^"]*)"')
_VARIABLE = re.compile(r"\\\{\w+:uuid\\\}")


def whole_pages() -> list[str]:
    """The paths of all pages, with their path parameters."""
    paths = {path for route in ROUTES if "GET" in route.http_methods for path in route.paths}
    return sorted(path for path in paths - PARTS if not PurePath(path).suffix)


@cache
def _shape(path: str) -> re.Pattern[str]:
    return re.compile(_VARIABLE.sub(r"[0-9a-f-]{36}", re.escape(path)))


class Followed(NamedTuple):
    """The result of crawling: URLs by path, and broken links."""

    addresses: dict[str, list[str]]
    broken: list[str]

    def richest(self, path: str) -> str:
        """The largest response among the URLs of a page."""
        return self.addresses[path][0]


@dataclass
class Site:
    app: Observed
    address: str
    members: dict[str, Member] = field(default_factory=dict)
    _states: dict[str, Any] = field(default_factory=dict)
    _followed: dict[str, Followed] = field(default_factory=dict)

    def path_of(self, address: str) -> str:
        """The path template of a URL's route; for a file in several formats, the first."""
        for route in litestar_of(self.app).routes:
            if isinstance(route, HTTPRoute) and _shape(route.path).fullmatch(address):
                return min(route.route_handler_map["GET"][0].paths)
        return address

    async def signed_in(self, who: str) -> dict[str, Any]:
        """Options of a browser context in which the user, given by name or email, is signed in."""
        if who not in self._states:
            password = factories.PASSWORD if who in self.members else PASSWORD
            email = self.members[who].email if who in self.members else who
            async with httpx.AsyncClient(base_url=self.address) as http:
                form = await http.get("/sign-in")
                (token,) = re.findall(r'name="csrf_token" value="([^"]+)"', form.text)
                sent = {"csrf_token": token, "email": email, "password": password, "next": "/"}
                entered = await http.post("/sign-in", data=sent)
                assert entered.status_code == 303, entered.text
                cookie = {"name": SESSION_COOKIE, "value": http.cookies[SESSION_COOKIE]}
            place = {"domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Lax", "expires": -1}
            self._states[who] = {"cookies": [cookie | place], "origins": []}
        return {"base_url": self.address, "storage_state": self._states[who]}

    async def member(self, email: str) -> Member:
        """A user of the demo, at the API."""
        http = visitor(self.app)
        sent = {"email": email, "password": PASSWORD}
        token = accepted(await http.post("auth/token", json=sent))["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        actor = await litestar_of(self.app).state.access.authenticate(token, "bearer")
        return Member(self.app, http, actor.organization_id, actor.user_id, email, token)

    async def followed(self, who: str) -> Followed:
        if who not in self._followed:
            self._followed[who] = await _follow(self, who)
        return self._followed[who]


async def _follow(site: Site, who: str) -> Followed:
    """Crawls from the control tower; fragments and files are requested once."""
    state = (await site.signed_in(who))["storage_state"]
    cookies = {SESSION_COOKIE: state["cookies"][0]["value"]}
    queue = [(address, "/") for address in FIRST]
    met = set(FIRST)
    seen: Counter[tuple[str, ...]] = Counter()
    found: dict[str, list[tuple[int, str]]] = {}
    broken = []
    async with httpx.AsyncClient(base_url=site.address, cookies=cookies, timeout=30) as http:
        for address, shown_on in queue:
            parts = urlsplit(address)
            path = site.path_of(parts.path)
            names = sorted({name for name, _ in parse_qsl(parts.query)})
            alike = path, *names, shown_on if shown_on in FIRST else ""
            if seen[alike] == (ALIKE if path in whole_pages() else 1) or seen[path, "all"] == MOST:
                continue
            seen.update([alike, (path, "all")])
            async with http.stream("GET", address) as reply:
                if reply.status_code == 303:  # an exact match, say; it is followed
                    if (target := reply.headers["location"]) not in met:
                        met.add(target)
                        queue.append((target, address))
                    continue
                if reply.status_code != 200:
                    broken.append(f"{reply.status_code}: {address} on {shown_on}")
                if path not in whole_pages():
                    continue  # a successful response is enough
                text = (await reply.aread()).decode()
            found.setdefault(path, []).append((len(text), address))
            for link in (unescape(link).partition("#")[0] for link in _LINK.findall(text)):
                if link not in met:
                    met.add(link)
                    queue.append((link, address))
    return Followed(
        {path: [a for _, a in sorted(ones, reverse=True)] for path, ones in found.items()}, broken
    )
