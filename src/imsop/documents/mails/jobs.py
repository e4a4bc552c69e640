"""Sends mails, one job each."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from uuid import UUID

import aiosmtplib
import structlog

from imsop.core.jobs import OrganizationTask, Work
from imsop.core.settings import MailServer, Settings
from imsop.documents.mails import queries
from imsop.documents.mails.models import Outgoing
from imsop.ui.language import N_

TIMEOUT_SECONDS = 30
MAX_ERROR = 500

log = structlog.get_logger()


async def _send_mail(work: Work) -> None:
    """The mail is locked while it is given to the server, so it is given once at a time.

    Where the process dies between the server's answer and the commit it is given again, under the same
    Message-ID, by which receivers know it.
    """
    mail_id = UUID(work.arguments["mail_id"])
    server = Settings().mail_server()
    refusal: aiosmtplib.SMTPException | OSError | None = None
    async with work.transaction() as connection:
        mail = await queries.lock_waiting(connection, work.organization_id, mail_id)
        if mail is None:
            return
        if server is None:
            raise RuntimeError("IMSOP_SMTP_URL is not set")
        try:
            await _give(server, mail)
        except (aiosmtplib.SMTPException, OSError) as error:
            refusal = error
        else:
            await queries.mark_sent(connection, work.organization_id, mail_id)
        if refusal is not None:
            await queries.mark_failed(
                connection,
                work.organization_id,
                mail_id,
                str(refusal)[:MAX_ERROR],
                for_good=_is_for_good(refusal),
            )
    if refusal is not None and not _is_for_good(refusal):
        raise refusal


def _is_for_good(refusal: Exception) -> bool:
    """RFC 5321, 4.2.1: a reply that begins with 5 stays what it is. A wrong password can be put right."""
    if isinstance(refusal, aiosmtplib.SMTPAuthenticationError):
        return False
    if isinstance(refusal, aiosmtplib.SMTPRecipientsRefused):
        return all(recipient.code >= 500 for recipient in refusal.recipients)
    return isinstance(refusal, aiosmtplib.SMTPResponseException) and refusal.code >= 500


async def _give(server: MailServer, mail: Outgoing) -> None:
    message = EmailMessage()
    message["From"] = formataddr((mail.sender_name, server.sender))
    message["To"] = mail.recipient
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{mail.id}@{server.sender.rpartition('@')[2]}>"
    message.set_content(mail.body)
    message.add_attachment(
        mail.attachment, maintype="application", subtype="pdf", filename=mail.attachment_name
    )
    await aiosmtplib.send(
        message,
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls == "implicit",
        start_tls=server.tls == "starttls",
        timeout=TIMEOUT_SECONDS,
    )


SEND_MAIL = OrganizationTask("send_mail", N_("Send an e-mail"), _send_mail)
