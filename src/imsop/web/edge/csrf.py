"""Protection against requests forged by other sites' pages.

A browser sends the session cookie whoever made it send the request; the token only our own pages have. It is
derived from the cookie's secret, so it is stored nowhere, ends with the session, and reveals nothing of the
secret. Most browsers also say where a request comes from.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from litestar import Request

from imsop.core.errors import Forbidden
from imsop.ui.language import N_

SESSION_COOKIE = "imsop_session"
HEADER = "X-CSRF-Token"
FIELD = "csrf_token"


def csrf_token(cookie: str) -> str:
    """The token that our pages send along with that cookie."""
    return hashlib.sha256(b"csrf:" + cookie.encode()).hexdigest()


def require_csrf_token(request: Request[Any, Any, Any], cookie: str, fields: Mapping[str, str]) -> None:
    """Raises Forbidden unless the request has the cookie's token, as a header or among its form's fields.

    Without a cookie there is no token: a constant one would be anybody's to send.
    """
    if _is_cross_site(request):
        raise Forbidden(N_("this was sent from another site; open the page here and try again"))
    if not cookie:
        raise Forbidden(
            N_(
                "this form came without its cookie; try again from this page. If that does not help, the "
                "browser blocks our cookies, and without them nobody can sign in"
            )
        )
    sent = request.headers.get(HEADER) or fields.get(FIELD, "")
    if not secrets.compare_digest(sent.encode(), csrf_token(cookie).encode()):
        raise Forbidden(N_("this form belongs to another session; reload the page and try again"))


def _is_cross_site(request: Request[Any, Any, Any]) -> bool:
    """True if the browser says that another site sent this; older browsers and programs say nothing.

    Sec-Fetch-Site first: a proxy may have replaced the Host that Origin would be compared with.
    """
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")
