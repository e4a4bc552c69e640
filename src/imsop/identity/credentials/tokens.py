"""Bearer tokens, session cookies and API keys: random text that contains the organization's id.

The database stores only a SHA-256 of each. The secret has 192 random bits, so a fast unsalted hash suffices,
and a lookup by that hash permits no timing attack.
"""

import base64
import binascii
import hashlib
import secrets
from typing import Literal, NamedTuple
from uuid import UUID

SECRET_BYTES = 24


SHOWN_PREFIX_CHARACTERS = 16


CredentialKind = Literal["bearer", "browser", "api_key"]


_MARKS: dict[CredentialKind, str] = {"bearer": "imsop_at_", "browser": "imsop_bs_", "api_key": "imsop_key_"}


class Token(NamedTuple):
    """The parts of a token, unverified: only the database knows whether it is valid."""

    kind: CredentialKind
    organization_id: UUID
    hash: bytes


def new_token(kind: CredentialKind, organization_id: UUID) -> str:
    """A new random token of this kind."""
    return new_secret(_MARKS[kind], organization_id)


def new_secret(mark: str, organization_id: UUID) -> str:
    """New random text that begins with `mark` and contains the organization's id."""
    packed = secrets.token_bytes(SECRET_BYTES) + organization_id.bytes
    return mark + base64.urlsafe_b64encode(packed).decode()


def parse_token(text: str) -> Token | None:
    """The parts of a token; None if it is malformed."""
    for kind, mark in _MARKS.items():
        if (organization_id := organization_of(text, mark)) is not None:
            return Token(kind, organization_id, token_hash(text))
    return None


def organization_of(text: str, mark: str) -> UUID | None:
    """The organization's id in a text of `new_secret`; None if it is malformed or has another mark."""
    if not text.startswith(mark):
        return None
    try:
        packed = base64.b64decode(text[len(mark) :], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=packed[SECRET_BYTES:]) if len(packed) == 16 + SECRET_BYTES else None


def token_hash(text: str) -> bytes:
    """The hash of a token, as stored in the database."""
    return hashlib.sha256(text.encode()).digest()


def shown_prefix(text: str) -> str:
    """The prefix of an API key that may always be shown: enough to recognize it, too little to use it."""
    return text[:SHOWN_PREFIX_CHARACTERS]
