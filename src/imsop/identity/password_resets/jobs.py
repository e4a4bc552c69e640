"""The job that sends the link by which a user sets a new password."""

from email.utils import make_msgid
from urllib.parse import urlencode
from uuid import UUID

from imsop.core.jobs import OrganizationTask, Work
from imsop.core.settings import Settings
from imsop.core.smtp import deliver, new_message
from imsop.identity.credentials.tokens import new_secret, token_hash
from imsop.identity.organizations.queries import get_organization
from imsop.identity.password_resets import queries
from imsop.identity.people.queries import get_user
from imsop.ui.language import N_, get_language

MARK = "imsop_pr_"
LIFETIME_SECONDS = 60 * 60
_SUBJECT = N_("Set a new password")
_BODY = N_("""Somebody, probably you, asked for a new password for %(email)s at %(organization)s.

Set one here, within an hour:
%(link)s

If you did not ask for it, ignore this e-mail: your password stays as it is.
""")


async def _send_password_reset(work: Work) -> None:
    """Makes the link and sends it; only the mail contains its token.

    The token is committed before it is sent, so that no lock is held meanwhile. A repeated run sends another
    link, which replaces the first.
    """
    user_id = UUID(work.arguments["user_id"])
    server = Settings().mail_server()
    if server is None:
        raise RuntimeError("IMSOP_SMTP_URL is not set")
    token = new_secret(MARK, work.organization_id)
    async with work.transaction() as connection:
        user = await get_user(connection, work.organization_id, user_id)
        organization = await get_organization(connection, work.organization_id)
        if user is None or organization is None or user.status != "active":
            return
        await queries.put_reset(
            connection, work.organization_id, user_id, token_hash(token), LIFETIME_SECONDS
        )
    language = get_language(user.locale, organization.timezone)
    link = f"{work.arguments['site']}/reset-password?{urlencode({'token': token})}"
    body = language.gettext(_BODY) % {"email": user.email, "organization": organization.name, "link": link}
    message = new_message(
        server,
        sender_name="IMSOP",
        recipient=user.email,
        subject=language.gettext(_SUBJECT),
        body=body,
    )
    message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
    await deliver(server, message, user.email)


SEND_PASSWORD_RESET = OrganizationTask(
    "send_password_reset", N_("Send a link for a new password"), _send_password_reset
)
