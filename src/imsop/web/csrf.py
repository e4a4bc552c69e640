"""Forms and scripts of our own pages say so: a browser sends the cookie for any page, the token for ours.

The token is made from the cookie's secret, so it needs no place to be kept, ends with the session, and says
nothing about the secret. What another site makes a browser send has the cookie at most.
"""

import hashlib
import secrets
from typing import Any

from litestar import Request
from litestar.enums import RequestEncodingType

from imsop.core.errors import Forbidden

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
_FORMS = frozenset({RequestEncodingType.URL_ENCODED.value, RequestEncodingType.MULTI_PART.value})


def csrf_token(cookie: str) -> str:
    """What our pages send along with that cookie."""
    return hashlib.sha256(b"csrf:" + cookie.encode()).hexdigest()


async def require_csrf_token(request: Request[Any, Any, Any], cookie: str) -> None:
    """Raises Forbidden unless the request has the cookie's token, as a header or as a field of its form.

    A form's body is read here and kept for its handler. A request that sets headers sets this one as well.
    """
    sent = request.headers.get(HEADER)
    if sent is None and request.content_type[0] in _FORMS and "idempotency-key" not in request.headers:
        await request.body()  # kept whole: of a multipart form, form() alone would keep the parts only
        sent = str((await request.form()).get(FIELD, ""))
    if not secrets.compare_digest((sent or "").encode(), csrf_token(cookie).encode()):
        raise Forbidden("this form was not made by this session; load the page again and repeat")
