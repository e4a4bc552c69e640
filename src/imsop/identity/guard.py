"""Declarations of routes (`opt=`), and the permission checks based on them."""

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
    """A route's declaration, made with `opt=allow(…)`, `PUBLIC` or `OWN`."""

    access: Literal["permission", "own", "public"] = "permission"
    """`own`: any signed-in user, for their own account; API keys are refused."""
    permission: Permission | None = None
    """Required with access `permission`. A route without one is refused to everybody."""
    problems: tuple[int, ...] = ()
    """Error statuses for OpenAPI, in addition to those of every route."""
    replies_kept: bool = True
    """True if replies to a POST are stored under its Idempotency-Key; False if they contain secrets."""
    decode: Callable[[bytearray], Any] | None = None
    """Decodes the JSON body, where msgspec's own errors would say too little."""
    emits: tuple[EventType[Any], ...] = ()
    """Business events that a write may emit, or a recorded read; a test compares them with those emitted."""
    events: Mapping[str, type] = {}
    """For streams: the struct of each event's data, by event name."""

    @property
    def changes_access(self) -> bool:
        """True if a write may change who has access, or to what."""
        return self.access == "own" or self.permission in _ADMINISTRATION


PUBLIC: dict[str, Any] = {_OPT: Declared(access="public")}
"""`opt` of the few public routes; tests/rules lists them."""

OWN: dict[str, Any] = {_OPT: Declared(access="own")}


def allow(permission: Permission, *problems: int, **more: Any) -> dict[str, Any]:
    """The Litestar `opt` of a route that requires a permission.

    `problems` are its error statuses beside the common ones, `more` other fields of Declared.
    """
    return {_OPT: Declared(permission=permission, problems=problems, **more)}


def public(*problems: int, **more: Any) -> dict[str, Any]:
    """`opt` of a public route, with its error statuses."""
    return {_OPT: Declared(access="public", problems=problems, **more)}


def own(*problems: int, **more: Any) -> dict[str, Any]:
    """`opt` of a route about the caller's own account, with its error statuses."""
    return {_OPT: Declared(access="own", problems=problems, **more)}


def declared_by(handler: BaseRouteHandler) -> Declared:
    """The route's declaration; without one, the route is refused to everybody."""
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
