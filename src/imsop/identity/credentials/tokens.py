"""Bearer tokens, session cookies and API keys: random text that says which organization to look in.

The database keeps only a SHA-256 of each. The secret has 192 random bits, so a plain fast hash is enough, and
a lookup by that hash tells a guesser nothing by its timing.
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
    """What a presented token says of itself. Whether it is true only the database knows."""

    kind: CredentialKind
    organization_id: UUID
    hash: bytes


def new_token(kind: CredentialKind, organization_id: UUID) -> str:
    """A fresh secret of this kind; whoever holds it is the user."""
    packed = secrets.token_bytes(SECRET_BYTES) + organization_id.bytes
    return _MARKS[kind] + base64.urlsafe_b64encode(packed).decode()


def parse_token(text: str) -> Token | None:
    """The parts of a token, or None where it cannot be one of ours."""
    for kind, mark in _MARKS.items():
        if text.startswith(mark):
            try:
                packed = base64.b64decode(text[len(mark) :], altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                return None
            if len(packed) != 16 + SECRET_BYTES:
                return None
            return Token(kind, UUID(bytes=packed[SECRET_BYTES:]), token_hash(text))
    return None


def token_hash(text: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(text.encode()).digest()


def shown_prefix(text: str) -> str:
    """What may be shown of an API key for ever: enough to recognise it by, too little to use."""
    return text[:SHOWN_PREFIX_CHARACTERS]
