"""Sends a purchase order to its supplier by email: the page that composes it, and the same in the API.

The PDF is rendered with the mail and stored with it, so later views show exactly what was sent.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from babel import Locale
from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core.database import Connection
from imsop.core.errors import Conflict, DomainError, NotFound, TooManyRequests
from imsop.core.events import Named, emit
from imsop.core.jobs import defer
from imsop.core.listing import Page
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
from imsop.suppliers.suppliers.queries import get_supplier
from imsop.ui.language import DEFAULT, FORMATS, N_, Language, get_language
from imsop.ui.page import Crumb
from imsop.ui.render import render
from imsop.ui.typesetting import document_in, filename_of, unprintable_in
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import attempt, form_of
from imsop.web.pages.prints import PURCHASE_ORDER, purchase_order_paper, take_slot

SHOWN = 50
"""Mails of an order shown, the newest."""
MAILS_PER_HOUR = 200
"""Per organization: a rate limit against abuse of the installation's mail server."""
RETRY_SECONDS = 600
MailLanguage = Literal["en", "de"]
_SUBJECT = N_("Purchase order %(number)s")
_BODY = N_("""Dear Sir or Madam,

please find attached our purchase order %(number)s of %(date)s.
Please confirm prices and delivery dates.

Kind regards
%(sender)s
%(organization)s
""")
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
    request: TenantRequest, order_id: UUID, language: MailLanguage | None = None
) -> Response[bytes]:
    connection, actor = await request.begin()
    require_permission(actor, declared_by(send_mail))
    return await _compose(request, connection, actor, order_id, language)


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
        return await _compose(request, connection, actor, order_id, None, refusal, request.fields())
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
    refusal: DomainError | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """The form with proposed values for the supplier, or with the `sent` ones after an error."""
    paper = await purchase_order_paper(connection, actor, order_id)
    order: PurchaseOrder = paper["order"]
    supplier = await get_supplier(connection, actor.organization_id, order.supplier_id)
    country = (supplier.country if supplier else None) or ""
    code = chosen or ("de" if country.strip().casefold() in _GERMAN else DEFAULT)
    values = _proposed(order, actor, get_language(code, actor.timezone)) | {
        "recipient": (supplier.email if supplier else None) or "",
        "language": code,
    }
    return render(
        request,
        "pages/purchasing/mail.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        order=order,
        values={**values, **(sent or {})},
        form_key=(sent or {}).get("form_key") or secrets.token_urlsafe(16),
        texts=await unprintable_in(get_language(code, actor.timezone), request, PURCHASE_ORDER, **paper),
        can_send=request.app.state.settings.mail_server() is not None,
        crumbs=[
            Crumb(N_("Purchase orders"), "/purchase-orders"),
            Crumb(order.po_number, f"/purchase-orders/{order_id}", is_name=True),
        ],
    )


def _proposed(order: PurchaseOrder, actor: Actor, language: Language) -> dict[str, str]:
    said = {
        "number": order.po_number,
        "date": language.day(order.order_date),
        "sender": actor.user_name,
        "organization": actor.organization_name,
    }
    return {"subject": language.gettext(_SUBJECT) % said, "body": language.gettext(_BODY) % said}


ROUTES = [list_purchase_order_mails, send_purchase_order]
PAGES = [mail_page, send_mail, mailed_document]
