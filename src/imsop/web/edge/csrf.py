"""Forms and scripts of our own pages say so: a browser sends the cookie for any page, the token for ours.

The token is made from the cookie's secret, so it needs no place to be kept, ends with the session, and says
nothing about the secret. What another site makes a browser send has the cookie at most, and most browsers say
where it comes from.
"""

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.enums import RequestEncodingType

from imsop.core.errors import Forbidden
from imsop.ui.language import N_

SESSION_COOKIE = "imsop_session"
HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
_FORMS = frozenset({RequestEncodingType.URL_ENCODED.value, RequestEncodingType.MULTI_PART.value})


def csrf_token(cookie: str) -> str:
    """What our pages send along with that cookie."""
    return hashlib.sha256(b"csrf:" + cookie.encode()).hexdigest()


async def require_csrf_token(request: Request[Any, Any, Any], cookie: str) -> None:
    """Raises Forbidden unless the request has the cookie's token, as a header or as a field of its form.

    A form's body is read here and kept for its handler. A request that sets headers sets this one as well.
    Without a cookie there is no token to have: a constant one would be anybody's to send.
    """
    if _from_elsewhere(request):
        raise Forbidden(N_("this was sent from another site; open the page here and try again"))
    if not cookie:
        raise Forbidden(
            N_(
                "this form came without its cookie; try again from this page. If that does not help, the "
                "browser blocks our cookies, and without them nobody can sign in"
            )
        )
    sent = request.headers.get(HEADER)
    if sent is None and request.content_type[0] in _FORMS and "idempotency-key" not in request.headers:
        await request.body()  # kept whole: of a multipart form, form() alone would keep the parts only
        sent = str((await request.form()).get(FIELD, ""))
    if not secrets.compare_digest((sent or "").encode(), csrf_token(cookie).encode()):
        raise Forbidden(N_("this form belongs to another session; reload the page and try again"))


def _from_elsewhere(request: Request[Any, Any, Any]) -> bool:
    """Whether the browser says that another site is behind this; older ones say nothing, and no script's do.

    Sec-Fetch-Site first: a proxy may have put another Host in the place of the one that Origin speaks of.
    """
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
