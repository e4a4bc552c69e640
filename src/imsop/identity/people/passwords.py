"""Password hashing with bcrypt, off the event loop."""

import asyncio
from typing import Annotated

import bcrypt
from msgspec import Meta

from imsop.core.errors import InvalidInput
from imsop.core.said import Said

MIN_PASSWORD_CHARACTERS = 8


MAX_PASSWORD_BYTES = 72
"""The limit of bcrypt; a longer password is refused, never truncated."""


Password = Annotated[
    str,
    Meta(
        min_length=MIN_PASSWORD_CHARACTERS,
        max_length=MAX_PASSWORD_BYTES,
        pattern=r"^[^\x00]*$",
        description=f"At most {MAX_PASSWORD_BYTES} bytes in UTF-8.",
    ),
]


async def hash_password(password: str, *, cost: int, field: str = "password") -> str:
    """The bcrypt hash, with 2**cost rounds. Raises InvalidInput above 72 bytes."""
    secret = password.encode()
    if len(secret) > MAX_PASSWORD_BYTES:
        raise InvalidInput.of(
            field,
            Said(
                "is %(length)s bytes long; bcrypt reads only %(most)s",
                length=len(secret),
                most=MAX_PASSWORD_BYTES,
            ),
        )
    return (await asyncio.to_thread(bcrypt.hashpw, secret, bcrypt.gensalt(cost))).decode()


async def verify_password(password: str, password_hash: str | None, *, cost: int) -> bool:
    """True if the password matches.

    For an unknown account (hash is None) it does the same bcrypt work and returns False, so timing reveals
    nothing.
    """
    secret = password.encode()
    fits = len(secret) <= MAX_PASSWORD_BYTES
    against = password_hash.encode() if password_hash is not None and fits else _nobody(cost)
    matches = await asyncio.to_thread(bcrypt.checkpw, secret[:MAX_PASSWORD_BYTES], against)
    return matches and fits and password_hash is not None


def has_cost(password_hash: str, cost: int) -> bool:
    """True if the hash was made with 2**cost rounds."""
    return password_hash.startswith(f"$2b${cost:02}$")


def _nobody(cost: int) -> bytes:
    """A well-formed hash that matches no password: 22 characters of salt, 31 of digest."""
    return f"$2b${cost:02}${'.' * 53}".encode()
