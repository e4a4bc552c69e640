"""Structs of mails."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from imsop.core.fields import Email, Instant, Text

_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*"
Subject = Annotated[str, Meta(min_length=1, max_length=255, pattern=rf"^{_LINE}\S{_LINE}\Z")]


class NewMail(Struct, frozen=True, kw_only=True):
    """A mail to send with the document attached. Subject and text are sent as given."""

    recipient: Email
    subject: Subject
    body: Text


class Mail(Struct, frozen=True):
    """A mail. `sent_at`: accepted by the mail server. `refused_at`: refused permanently or for 15 hours.

    While both are null, sending is retried. `error` is that of the last failed attempt.
    """

    id: UUID
    recipient: str
    subject: str
    body: str
    attachment_name: str
    created_by: UUID | None
    created_at: Instant
    sent_at: Instant | None
    refused_at: Instant | None
    error: str | None


class Outgoing(Struct, frozen=True):
    """A mail with its attachment, ready to send."""

    id: UUID
    recipient: str
    reply_to: str | None
    sender_name: str
    subject: str
    body: str
    attachment_name: str
    attachment: bytes


class Attachment(Struct, frozen=True):
    name: str
    content: bytes
