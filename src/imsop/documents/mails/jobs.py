"""The job that delivers mails, one job per mail."""

from email.message import EmailMessage
from uuid import UUID

import aiosmtplib

from imsop.core.jobs import OrganizationTask, Work
from imsop.core.settings import MailServer, Settings
from imsop.core.smtp import FAILURES, deliver, new_message
from imsop.documents.mails import queries
from imsop.documents.mails.models import Outgoing
from imsop.ui.language import N_

MAX_ERROR = 500


async def _send_mail(work: Work) -> None:
    """Sends a mail; its row stays locked meanwhile, so that no other worker sends it.

    At-least-once delivery: if the process dies between the server's answer and the commit, the mail is sent
    again with the same Message-ID, by which receivers recognize duplicates. Transient failures are retried
    for 15 hours, then the mail counts as refused.
    """
    mail_id = UUID(work.arguments["mail_id"])
    server = Settings().mail_server()
    refusal: Exception | None = None
    async with work.transaction() as connection:
        mail = await queries.lock_waiting(connection, work.organization_id, mail_id)
        if mail is None:
            return
        if server is None:
            raise RuntimeError("IMSOP_SMTP_URL is not set")
        try:
            await deliver(server, _message(server, mail), mail.recipient)
        except FAILURES as error:
            refusal = error
        else:
            await queries.mark_sent(connection, work.organization_id, mail_id)
        if refusal is not None:
            await queries.mark_failed(
                connection,
                work.organization_id,
                mail_id,
                (str(refusal) or type(refusal).__name__)[:MAX_ERROR],
                for_good=work.is_last or _is_for_good(refusal),
            )
    if refusal is not None and not _is_for_good(refusal):
        raise refusal


def _is_for_good(refusal: Exception) -> bool:
    """True for a permanent failure of this mail (RFC 5321, 4.2.1: 5yz), not of the current connection."""
    if isinstance(refusal, aiosmtplib.SMTPRecipientsRefused):
        return all(recipient.code >= 500 for recipient in refusal.recipients)
    if isinstance(refusal, aiosmtplib.SMTPDataError):
        return refusal.code >= 500
    return isinstance(refusal, ValueError)


def _message(server: MailServer, mail: Outgoing) -> EmailMessage:
    message = new_message(
        server, sender_name=mail.sender_name, recipient=mail.recipient, subject=mail.subject, body=mail.body
    )
    if mail.reply_to:
        message["Reply-To"] = mail.reply_to
    message["Message-ID"] = f"<{mail.id}@{server.sender.rpartition('@')[2]}>"
    message.add_attachment(
        mail.attachment, maintype="application", subtype="pdf", filename=mail.attachment_name
    )
    return message


SEND_MAIL = OrganizationTask("send_mail", N_("Send an e-mail"), _send_mail, attempts=7)
