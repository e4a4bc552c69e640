"""Structs of credentials, tokens and sign-up in the API."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from imsop.identity.organizations.models import Organization, OrganizationStatus
from imsop.identity.people.models import User, UserStatus


class Account(Struct, frozen=True):
    """The account of an email address, as sign-in needs it (find_account)."""

    user_id: UUID
    organization_id: UUID
    password_hash: str
    user_status: UserStatus
    organization_status: OrganizationStatus

    @property
    def is_active(self) -> bool:
        return self.user_status == "active" and self.organization_status == "active"


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """Credentials of a sign-in. Any text is accepted: a malformed password is wrong, not invalid."""

    email: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(max_length=1000)]


class AccessToken(Struct, frozen=True):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Meta(description="Seconds.")]


class SignedUp(Struct, frozen=True):
    organization: Organization
    administrator: User
