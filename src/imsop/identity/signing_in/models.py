"""Credentials, tokens and sign-up, as the API takes and gives them."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from imsop.identity.organizations.models import Organization, OrganizationStatus
from imsop.identity.people.models import User, UserStatus


class Account(Struct, frozen=True):
    """What sign-in needs to know of an e-mail address (find_account)."""

    user_id: UUID
    organization_id: UUID
    password_hash: str
    user_status: UserStatus
    organization_status: OrganizationStatus


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What a sign-in presents. Any text goes to the check: a wrong password is wrong, not invalid."""

    email: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(max_length=1000)]


class AccessToken(Struct, frozen=True):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Meta(description="Seconds.")]


class SignedUp(Struct, frozen=True):
    organization: Organization
    administrator: User
