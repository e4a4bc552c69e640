"""SQL of mails."""

from datetime import datetime
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.documents.mails.models import Attachment, Mail, NewMail, Outgoing

_MAILS = """
    SELECT m.id, m.recipient, m.subject, m.body, m.attachment_name, m.created_by, m.created_at, m.sent_at,
           m.refused_at, m.error
    FROM mails m
    WHERE m.organization_id = $1
"""


async def get_mail(connection: Connection, organization_id: UUID, mail_id: UUID) -> Mail | None:
    return await fetch_one(connection, Mail, _MAILS + " AND m.id = $2", organization_id, mail_id)


async def count_mails(connection: Connection, organization_id: UUID, since: datetime) -> int:
    """The number of mails created since then, sent or not."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM mails m WHERE m.organization_id = $1 AND m.created_at >= $2",
        organization_id,
        since,
    )
    return count


async def insert_mail(
    connection: Connection,
    organization_id: UUID,
    purchase_order_id: UUID,
    new: NewMail,
    attachment: Attachment,
    sender_name: str,
    reply_to: str | None,
    created_by: UUID | None,
) -> UUID:
    mail_id: UUID = await connection.fetchval(
        """
        INSERT INTO mails (organization_id, purchase_order_id, recipient, reply_to, sender_name, subject,
                           body, attachment_name, attachment, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        RETURNING id
        """,
        organization_id,
        purchase_order_id,
        new.recipient,
        reply_to,
        sender_name,
        new.subject,
        new.body,
        attachment.name,
        attachment.content,
        created_by,
    )
    return mail_id


async def list_mails_of_purchase_order(
    connection: Connection, organization_id: UUID, purchase_order_id: UUID, limit: int
) -> list[Mail]:
    """The newest mails of a purchase order, newest first."""
    return await fetch_all(
        connection,
        Mail,
        _MAILS + " AND m.purchase_order_id = $2 ORDER BY m.created_at DESC, m.id DESC LIMIT $3",
        organization_id,
        purchase_order_id,
        limit,
    )


async def get_attachment(
    connection: Connection, organization_id: UUID, purchase_order_id: UUID, mail_id: UUID
) -> Attachment | None:
    return await fetch_one(
        connection,
        Attachment,
        """
        SELECT m.attachment_name AS name, m.attachment AS content FROM mails m
        WHERE m.organization_id = $1 AND m.purchase_order_id = $2 AND m.id = $3
        """,
        organization_id,
        purchase_order_id,
        mail_id,
    )


async def lock_waiting(connection: Connection, organization_id: UUID, mail_id: UUID) -> Outgoing | None:
    """The mail, locked FOR UPDATE; None if it has been sent or refused."""
    return await fetch_one(
        connection,
        Outgoing,
        """
        SELECT m.id, m.recipient, m.reply_to, m.sender_name, m.subject, m.body, m.attachment_name,
               m.attachment
        FROM mails m
        WHERE m.organization_id = $1 AND m.id = $2 AND m.sent_at IS NULL AND m.refused_at IS NULL
        FOR UPDATE
        """,
        organization_id,
        mail_id,
    )


async def mark_sent(connection: Connection, organization_id: UUID, mail_id: UUID) -> None:
    await connection.execute(
        "UPDATE mails SET sent_at = now(), error = NULL WHERE organization_id = $1 AND id = $2",
        organization_id,
        mail_id,
    )


async def mark_failed(
    connection: Connection, organization_id: UUID, mail_id: UUID, error: str, *, for_good: bool
) -> None:
    """Stores the server's error; `for_good` marks the mail as refused, which ends retries."""
    await connection.execute(
        """
        UPDATE mails SET error = $3, refused_at = CASE WHEN $4 THEN now() END
        WHERE organization_id = $1 AND id = $2 AND sent_at IS NULL
        """,
        organization_id,
        mail_id,
        error,
        for_good,
    )
