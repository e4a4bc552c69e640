"""The permission check of every route. A route says which one it needs, or that it is public."""

from collections.abc import Mapping
from typing import Any

from imsop.core.errors import Forbidden
from imsop.core.said import Said
from imsop.identity.models import Actor
from imsop.identity.permissions import Permission

PUBLIC: dict[str, Any] = {"public": True}
"""`opt` of the few routes that anybody may call; tests/rules lists them."""

OWN: dict[str, Any] = {"own": True}
"""`opt` of the routes about whoever asks: being signed in is enough. An API key is nobody."""


_ADMINISTRATION = frozenset(
    {
        Permission.ORGANIZATION_WRITE,
        Permission.USERS_WRITE,
        Permission.ROLES_WRITE,
        Permission.API_KEYS_WRITE,
    }
)


def allow(permission: Permission, *problems: int, **more: Any) -> dict[str, Any]:
    """`opt` of a route: the permission it needs, and the refusals it has beside those of every route."""
    return {"permission": permission, "problems": problems, **more}


def changes_access(opt: Mapping[str, Any]) -> bool:
    """Whether what a route writes may change who gets in and what they may do."""
    return bool(opt.get("own")) or opt.get("permission") in _ADMINISTRATION


def require_permission(actor: Actor, opt: Mapping[str, Any]) -> None:
    """Refuses whoever lacks the permission that the route names. One that names none is refused to all."""
    if opt.get("own"):
        if actor.credential == "api_key":
            raise Forbidden("this concerns a user's own account; an API key has none")
        return
    permission = opt.get("permission")
    if permission not in actor.permissions:
        raise Forbidden(Said("this requires the permission %(permission)s", permission=permission))
