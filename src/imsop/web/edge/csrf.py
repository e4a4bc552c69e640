"""Protection against cross-site request forgery.

Browsers send the session cookie whichever site causes the request; only our own pages know the CSRF token. It
is derived from the cookie's secret, so it is not stored, ends with the session, and reveals nothing of the
secret. Most browsers also send the origin of a request, which is checked first.
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
    """The CSRF token for the session or form cookie."""
    return hashlib.sha256(b"csrf:" + cookie.encode()).hexdigest()


def require_csrf_token(request: Request[Any, Any, Any], cookie: str, fields: Mapping[str, str]) -> None:
    """Raises Forbidden unless the request contains the cookie's token, as a header or as a form field.

    Without a cookie there is no token: a constant one could be sent by any site.
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
    """True if the browser reports a cross-site request; older browsers and programs report nothing.

    Checks Sec-Fetch-Site first: a proxy may have replaced the Host that Origin is compared with.
    """
    if (site := request.headers.get("sec-fetch-site")) is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")
