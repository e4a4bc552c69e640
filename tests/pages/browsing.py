"""An HTTP client that behaves like a browser: cookies, forms with their CSRF tokens, redirects."""

import re
from html import unescape

import httpx

from tests.factories import HOST, PASSWORD, Member, new_address


class Browser(httpx.AsyncClient):
    """A browser session, signed in or not."""

    async def fill(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Submits a form of that page, with its hidden fields, as a browser without JavaScript does."""
        form = re.search(rf'<form[^>]* action="{re.escape(action)}".*?</form>', page.text, re.DOTALL)
        assert form, f"no form for {action}"
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
        return await self.post(
            action, data={name: unescape(value) for name, value in hidden.items()} | fields
        )


def browser(member: Member, *, address: str | None = None) -> Browser:
    """A new browser without cookies, on the member's application."""
    transport = httpx.ASGITransport(member.app, client=(address or new_address(), 4711))  # type: ignore[arg-type]
    return Browser(transport=transport, base_url=HOST)


async def signed_in(member: Member) -> Browser:
    """A browser in which the member is signed in."""
    here = browser(member)
    reply = await here.fill(await here.get("/sign-in"), "/sign-in", email=member.email, password=PASSWORD)
    assert reply.status_code == 303, reply.text
    return here


async def csrf_token_of(here: Browser) -> str:
    """A CSRF token of this session, for a form that none of its pages contains."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await here.get("/profile")).text)
    assert found
    return found[1]
