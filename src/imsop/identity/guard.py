"""What a route declares, and the permission check made from it."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from litestar.handlers import BaseRouteHandler

from imsop.core.errors import Forbidden
from imsop.core.events import EventType
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission

_OPT = "declared"

_ADMINISTRATION = frozenset(
    {
        Permission.ORGANIZATION_WRITE,
        Permission.USERS_WRITE,
        Permission.ROLES_WRITE,
        Permission.API_KEYS_WRITE,
    }
)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a route says of itself, as `opt=allow(…)`, `PUBLIC` or `OWN`."""

    access: Literal["permission", "own", "public"] = "permission"
    """`own`: the caller's own account, so being signed in is enough, and an API key is refused."""
    permission: Permission | None = None
    """Needed where access is by permission. A route that names none is refused to everyone."""
    problems: tuple[int, ...] = ()
    """Statuses of refusals, beside those that every route has."""
    replies_kept: bool = True
    """Whether the reply to a POST is stored for its Idempotency-Key; not where it holds a secret."""
    decode: Callable[[bytearray], Any] | None = None
    """Reads the JSON body, where msgspec alone would report too little."""
    emits: tuple[EventType[Any], ...] = ()
    """The business events of a write; a test compares them with what it emits."""
    events: Mapping[str, type] = {}
    """Of a stream: the shape of each event's data, by the event's name."""

    @property
    def changes_access(self) -> bool:
        """Whether a write may change who gets in and what they may do."""
        return self.access == "own" or self.permission in _ADMINISTRATION


PUBLIC: dict[str, Any] = {_OPT: Declared(access="public")}
"""`opt` of the few routes that anybody may call; tests/rules lists them."""

OWN: dict[str, Any] = {_OPT: Declared(access="own")}


def allow(permission: Permission, *problems: int, **more: Any) -> dict[str, Any]:
    """`opt` of a route that needs a permission; `more` are fields of Declared."""
    return {_OPT: Declared(permission=permission, problems=problems, **more)}


def public(*problems: int, **more: Any) -> dict[str, Any]:
    """`opt` of a route that anybody may call, with its refusals."""
    return {_OPT: Declared(access="public", problems=problems, **more)}


def own(*problems: int, **more: Any) -> dict[str, Any]:
    """`opt` of a route about the caller's own account, with its refusals."""
    return {_OPT: Declared(access="own", problems=problems, **more)}


def declared_by(handler: BaseRouteHandler) -> Declared:
    """The route's declaration; one that declares nothing is refused to everyone."""
    found: Declared = handler.opt.get(_OPT, _NOTHING)
    return found


_NOTHING = Declared()


def require_permission(actor: Actor, route: Declared) -> None:
    """Raises Forbidden unless the actor may call the route."""
    if route.access == "own":
        if actor.credential == "api_key":
            raise Forbidden("this concerns a user's own account; an API key has none")
        return
    if route.permission not in actor.permissions:
        raise Forbidden(Said("this requires the permission %(permission)s", permission=route.permission))
