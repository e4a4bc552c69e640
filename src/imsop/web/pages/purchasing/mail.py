"""Sends a purchase order to its supplier by email: the page that composes it, and the same in the API.

The text proposed is that of an order or a reminder of all that its supplier is late with.

The PDF is rendered with the mail and stored with it, so later views show exactly what was sent.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Literal
from uuid import UUID

from babel import Locale
from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core.database import Connection
from imsop.core.errors import Conflict, DomainError, NotFound, TooManyRequests
from imsop.core.events import Named, emit
from imsop.core.instants import today
from imsop.core.jobs import defer
from imsop.core.listing import Page, PageRequest
from imsop.documents.mails import queries
from imsop.documents.mails.jobs import SEND_MAIL
from imsop.documents.mails.models import Attachment, Mail, NewMail
from imsop.identity.actor import Actor
from imsop.identity.guard import allow, declared_by, require_permission
from imsop.identity.people.queries import get_user
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders import actions
from imsop.purchasing.orders.events import PURCHASE_ORDER_MAILED
from imsop.purchasing.orders.models import PurchaseOrder
from imsop.purchasing.performance.queries import SUPPLIER_LINES
from imsop.suppliers.suppliers.queries import get_supplier
from imsop.ui.language import DEFAULT, FORMATS, N_, Language, get_language
from imsop.ui.page import Crumb
from imsop.ui.render import render
from imsop.ui.typesetting import document_in, filename_of, unprintable_in
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.documents import lines_counted
from imsop.web.pages.forms import attempt, form_of
from imsop.web.pages.prints import PURCHASE_ORDER, purchase_order_paper, take_slot

SHOWN = 50
"""Mails of an order shown, the newest."""
MAILS_PER_HOUR = 200
"""Per organization: a rate limit against abuse of the installation's mail server."""
RETRY_SECONDS = 600
MailLanguage = Literal["en", "de"]
MailText = Literal["order", "reminder"]
_SUBJECT = N_("Purchase order %(number)s")
_BODY = N_("""Dear Sir or Madam,

please find attached our purchase order %(number)s of %(date)s.
Please confirm prices and delivery dates.

Kind regards
%(sender)s
%(organization)s
""")
_REMINDER_SUBJECT = N_("Late deliveries: purchase order %(number)s")
_REMINDER_BODY = N_("""Dear Sir or Madam,

these deliveries are late:

%(lines)s

Please tell us when they will arrive.

Kind regards
%(sender)s
%(organization)s
""")
_LATE_LINE = N_("%(number)s, due on %(day)s: %(quantity)s of %(sku)s %(product)s")
_MORE_LINES = N_("There are more; these have been due the longest.")
LINES_REMINDED = 100
"""Lines named in a reminder at most: those due the longest."""
CHARACTERS_REMINDED = 9_000
"""Characters of these lines at most; a mail has at most 10,000."""
_GERMAN = {
    Locale(reader).territories[code].casefold() for reader in FORMATS for code in ("DE", "AT", "CH", "LI")
} | {"de", "at", "ch", "li"}
"""Countries where German is read, in the spellings that a supplier's country may have."""


class NewPurchaseOrderMail(NewMail, frozen=True, kw_only=True):
    """A mail of a purchase order. The attached order is in this language."""

    language: MailLanguage = "en"


class MailForm(NewPurchaseOrderMail, frozen=True, kw_only=True):
    """The fields of the page's form."""

    form_key: str
    text: MailText = "order"
    """Which text was proposed."""


@get("/purchase-orders/{order_id:uuid}/mails", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_purchase_order_mails(request: TenantRequest, order_id: UUID) -> Page[Mail]:
    """E-mails that were sent of the order, newest first."""
    connection, actor = await request.begin()
    await actions.DRAFTS.require(connection, actor, order_id)
    return Page(
        await queries.list_mails_of_purchase_order(connection, actor.organization_id, order_id, SHOWN), None
    )


@post(
    "/purchase-orders/{order_id:uuid}/mails",
    opt=allow(Permission.PURCHASE_ORDERS_WRITE, 409, emits=(PURCHASE_ORDER_MAILED,)),
)
async def send_purchase_order(request: TenantRequest, order_id: UUID, data: NewPurchaseOrderMail) -> Mail:
    """Send the order as PDF to its supplier.

    It is sent in the background; `sent_at` is set once it has been.
    """
    await take_slot(request)
    connection, actor = await request.begin()
    mail_id = await _send(request, connection, actor, order_id, data)
    mail = await queries.get_mail(connection, actor.organization_id, mail_id)
    if mail is None:
        raise NotFound("no e-mail with this id")
    return mail


@get(
    "/purchase-orders/{order_id:uuid}/mail",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def mail_page(
    request: TenantRequest,
    order_id: UUID,
    language: MailLanguage | None = None,
    text: MailText = "order",
) -> Response[bytes]:
    connection, actor = await request.begin()
    require_permission(actor, declared_by(send_mail))
    return await _compose(request, connection, actor, order_id, language, text)


@post(
    "/purchase-orders/{order_id:uuid}/mail",
    opt=allow(Permission.PURCHASE_ORDERS_WRITE, emits=(PURCHASE_ORDER_MAILED,)),
    status_code=303,
    include_in_schema=False,
)
async def send_mail(request: StrictRequest, order_id: UUID) -> Response[Any]:
    await take_slot(request)
    connection, actor = await request.begin()
    try:
        form = form_of(request, MailForm)
        async with attempt(connection):
            await _send(request, connection, actor, order_id, form)
    except DomainError as refusal:
        sent = request.fields()
        return await _compose(request, connection, actor, order_id, None, "order", refusal, sent)
    return Redirect(f"/purchase-orders/{order_id}#mails", status_code=303)


@get(
    "/purchase-orders/{order_id:uuid}/mails/{mail_id:uuid}/document.pdf",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def mailed_document(request: TenantRequest, order_id: UUID, mail_id: UUID) -> Response[bytes]:
    """The document as it was sent."""
    connection, actor = await request.begin()
    found = await queries.get_attachment(connection, actor.organization_id, order_id, mail_id)
    if found is None:
        raise NotFound("no e-mail with this id")
    return Response(
        found.content,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{found.name}"',
            "Cache-Control": "private, no-cache",
        },
    )


async def _send(
    request: TenantRequest,
    connection: Connection,
    actor: Actor,
    order_id: UUID,
    new: NewPurchaseOrderMail,
) -> UUID:
    """Stores the mail with the document as it is now, and enqueues its job; returns the mail's id.

    Takes no slot.

    Raises NotFound; Conflict for a draft and if mail is not configured; TooManyRequests.
    """
    if request.app.state.settings.mail_server() is None:
        raise Conflict("this installation sends no e-mail: set IMSOP_SMTP_URL, or send the PDF yourself")
    paper = await purchase_order_paper(connection, actor, order_id)
    order: PurchaseOrder = paper["order"]
    if order.status == "draft":
        raise Conflict("a draft is not sent: submit the order first")
    since = datetime.now(UTC) - timedelta(hours=1)
    if await queries.count_mails(connection, actor.organization_id, since) >= MAILS_PER_HOUR:
        raise TooManyRequests("too many e-mails within an hour; try again later", RETRY_SECONDS)
    content = await document_in(get_language(new.language, actor.timezone), request, PURCHASE_ORDER, **paper)
    author = await get_user(connection, actor.organization_id, actor.user_id)
    mail_id = await queries.insert_mail(
        connection,
        actor.organization_id,
        order_id,
        new,
        Attachment(filename_of(order.po_number), content),
        actor.organization_name,
        author.email if author else None,
        actor.user_id,
    )
    await emit(connection, actor, PURCHASE_ORDER_MAILED, order_id, Named(order.po_number))
    await defer(connection, actor.organization_id, SEND_MAIL, key=str(mail_id), mail_id=str(mail_id))
    return mail_id


async def _compose(
    request: TenantRequest,
    connection: Connection,
    actor: Actor,
    order_id: UUID,
    chosen: MailLanguage | None,
    text: MailText,
    refusal: DomainError | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """The form with proposed values for the supplier, or with the `sent` ones after an error."""
    paper = await purchase_order_paper(connection, actor, order_id)
    order: PurchaseOrder = paper["order"]
    supplier = await get_supplier(connection, actor.organization_id, order.supplier_id)
    country = (supplier.country if supplier else None) or ""
    code = chosen or ("de" if country.strip().casefold() in _GERMAN else DEFAULT)
    language = get_language(code, actor.timezone)
    late = await _late_lines(connection, actor, order.supplier_id, language) if text == "reminder" else None
    values = _proposed(order, actor, language, late) | {
        "recipient": (supplier.email if supplier else None) or "",
        "language": code,
        "text": text,
    }
    return render(
        request,
        "pages/purchasing/mail.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        order=order,
        values={**values, **(sent or {})},
        form_key=(sent or {}).get("form_key") or secrets.token_urlsafe(16),
        texts=await unprintable_in(language, request, PURCHASE_ORDER, **paper),
        can_send=request.app.state.settings.mail_server() is not None,
        crumbs=[
            Crumb(N_("Purchase orders"), "/purchase-orders"),
            Crumb(order.po_number, f"/purchase-orders/{order_id}", is_name=True),
        ],
    )


async def _late_lines(connection: Connection, actor: Actor, supplier_id: UUID, language: Language) -> str:
    """What the supplier is late with, a line each, of all its orders."""
    late = await SUPPLIER_LINES.page(
        connection,
        actor.organization_id,
        PageRequest("due_on", LINES_REMINDED),
        supplier_id=supplier_id,
        **lines_counted("overdue", today(actor.timezone), None),
    )
    lines = [
        language.gettext(_LATE_LINE)
        % {
            "number": line.po_number,
            "quantity": language.number(line.quantity_open),
            "sku": line.sku,
            "product": line.product_name,
            "day": language.day(line.sorted_on),
        }
        for line in late.items
    ]
    fitting = [
        line
        for line, used in zip(lines, accumulate(map(len, lines)), strict=True)
        if used < CHARACTERS_REMINDED
    ]
    is_cut = late.next_cursor or len(fitting) < len(lines)
    return "\n".join([*fitting, language.gettext(_MORE_LINES)] if is_cut else fitting)


def _proposed(order: PurchaseOrder, actor: Actor, language: Language, late: str | None) -> dict[str, str]:
    """Subject and text: of the order, or of a reminder of these `late` lines."""
    said = {
        "number": order.po_number,
        "date": language.day(order.order_date),
        "lines": late or "",
        "sender": actor.user_name,
        "organization": actor.organization_name,
    }
    subject, body = (_SUBJECT, _BODY) if late is None else (_REMINDER_SUBJECT, _REMINDER_BODY)
    return {"subject": language.gettext(subject) % said, "body": language.gettext(body) % said}


ROUTES = [list_purchase_order_mails, send_purchase_order]
PAGES = [mail_page, send_mail, mailed_document]
