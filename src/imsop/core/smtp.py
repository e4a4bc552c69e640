"""Hands a mail to the SMTP server of the settings."""

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

import aiosmtplib

from imsop.core.settings import MailServer

TIMEOUT_SECONDS = 20
"""Timeout of each SMTP command; WHOLE_SECONDS is that of the whole session."""
WHOLE_SECONDS = 60
FAILURES = (aiosmtplib.SMTPException, OSError, ValueError)
"""The errors of `deliver`. OSError includes timeouts; ValueError: not a valid mail."""


def new_message(
    server: MailServer, *, sender_name: str, recipient: str, subject: str, body: str
) -> EmailMessage:
    """A mail with the headers that all mails have but the Message-ID."""
    message = EmailMessage()
    message["From"] = formataddr((" ".join(sender_name.split()), server.sender))
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message.set_content(body)
    return message


async def deliver(server: MailServer, message: EmailMessage, recipient: str) -> None:
    """Sends the mail to this recipient. Raises one of FAILURES."""
    async with asyncio.timeout(WHOLE_SECONDS):
        await aiosmtplib.send(
            message,
            sender=server.sender,
            recipients=[recipient],
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            timeout=TIMEOUT_SECONDS,
        )
