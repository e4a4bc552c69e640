"""Printed documents: purchase orders, packing slips, labels of products and shipments.

The recipient's address is part of a document: permission for the document includes it.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from babel import Locale
from litestar import Response, get
from msgspec import Meta

from imsop.catalog.products import actions as catalog
from imsop.core.database import Connection
from imsop.core.instants import today
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.organizations.queries import get_organization
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders import actions as purchasing
from imsop.purchasing.orders.queries import ORDER_LINES
from imsop.shipping.shipments import actions as shipping
from imsop.shipping.shipments import queries as shipments
from imsop.shipping.transit.queries import Ends, get_ends
from imsop.suppliers.suppliers.queries import get_supplier
from imsop.ui.barcodes import gtin_14
from imsop.ui.language import FORMATS
from imsop.ui.typesetting import typeset
from imsop.web.edge.streamed import while_connected
from imsop.web.pages.documents import Flag

PURCHASE_ORDER = "pages/purchase_order.typ"

Copies = Annotated[int, Meta(ge=1, le=500, description="One label a page.")]
LabelSize = Literal["62x29", "100x50"]
"""In millimetres: an address label of office printers, and a label for shelves and cartons."""
_ON_LETTER = {"us", "usa", "ca", "mx", "united states of america"} | {
    Locale(language).territories[code].casefold() for language in FORMATS for code in ("US", "CA", "MX")
}
"""Countries that use Letter paper, in the spellings that an organization's country may have."""


@get(
    "/purchase-orders/{order_id:uuid}/order.pdf",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def print_purchase_order(
    request: TenantRequest, order_id: UUID, anyway: Flag | None = None
) -> Response[bytes]:
    connection, actor = await request.begin()
    paper = await purchase_order_paper(connection, actor, order_id)
    await request.finish()
    return await _printed(request, PURCHASE_ORDER, paper["order"].po_number, anyway, **paper)


async def purchase_order_paper(connection: Connection, actor: Actor, order_id: UUID) -> dict[str, Any]:
    """The template parameters of PURCHASE_ORDER."""
    tenant = actor.organization_id
    order = await purchasing.DRAFTS.require(connection, actor, order_id)
    found = ORDER_LINES.stream(connection, tenant, "line_number", purchase_order_id=order_id)
    lines = [line async for line in found]
    supplier = await get_supplier(connection, tenant, order.supplier_id)
    organization = await get_organization(connection, tenant)
    names = await list_user_names(connection, tenant, [order.created_by] if order.created_by else [])
    return {
        "order": order,
        "lines": lines,
        "supplier": order.partner or supplier,
        "organization": organization,
        "ordered_by": next(iter(names.values()), None),
        "letter": _is_on_letter(organization.country if organization else None),
    }


@get(
    "/shipments/{shipment_id:uuid}/packing-slip.pdf",
    opt=allow(Permission.SHIPMENTS_READ),
    include_in_schema=False,
)
async def print_packing_slip(
    request: TenantRequest, shipment_id: UUID, anyway: Flag | None = None
) -> Response[bytes]:
    connection, actor = await request.begin()
    shipment, ends = await _shipment(connection, actor, shipment_id)
    found = shipments.CARGO.stream(connection, actor.organization_id, "id", shipment_id=shipment_id)
    cargo = [item async for item in found]
    organization = await get_organization(connection, actor.organization_id)
    await request.finish()
    return await _printed(
        request,
        "pages/packing_slip.typ",
        f"packing-slip-{shipment.reference_id or shipment.id}",
        anyway,
        shipment=shipment,
        ends=ends,
        cargo=cargo,
        letter=_is_on_letter(organization.country if organization else None),
    )


@get("/shipments/{shipment_id:uuid}/label.pdf", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def print_shipment_label(
    request: TenantRequest, shipment_id: UUID, copies: Copies = 1, anyway: Flag | None = None
) -> Response[bytes]:
    connection, actor = await request.begin()
    shipment, ends = await _shipment(connection, actor, shipment_id)
    await request.finish()
    return await _printed(
        request,
        "pages/shipment_label.typ",
        f"label-{shipment.reference_id or shipment.id}",
        anyway,
        shipment=shipment,
        ends=ends,
        copies=copies,
    )


@get("/products/{product_id:uuid}/label.pdf", opt=allow(Permission.PRODUCTS_READ), include_in_schema=False)
async def print_product_label(
    request: TenantRequest,
    product_id: UUID,
    size: LabelSize = "62x29",
    copies: Copies = 1,
    anyway: Flag | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    product = await catalog.get_product(connection, actor, product_id)
    await request.finish()
    return await _printed(
        request,
        "pages/product_label.typ",
        f"label-{product.sku}",
        anyway,
        product=product,
        gtin=gtin_14(product.gtin),
        large=size == "100x50",
        copies=copies,
    )


async def _printed(
    request: TenantRequest, template: str, name: str, anyway: Flag | None, /, **context: Any
) -> Response[bytes]:
    """Renders a document in one of its organization's slots; cancelled if the client disconnects.

    Without `anyway`, it is a page of the texts that cannot be printed, if there are any.

    Raises TooManyRequests or Unavailable if no slot becomes free.
    """
    await take_slot(request)
    document = typeset(request, template, name, anyway=anyway is not None, **context)
    return await while_connected(request.receive, document)


async def take_slot(request: TenantRequest) -> None:
    """Acquires a slot for rendering a document, held until the request is over.

    Call it before using a database connection. Raises TooManyRequests or Unavailable on timeout.
    """
    slot = await request.app.state.prints.take(request.actor.organization_id)
    request.when_over(slot.release)


async def _shipment(
    connection: Connection, actor: Actor, shipment_id: UUID
) -> tuple[shipments.ShipmentDocument, Ends]:
    tenant = actor.organization_id
    shipment = await shipments.get_document(connection, tenant, today(actor.timezone), shipment_id)
    ends = await get_ends(connection, tenant, shipment_id)
    if shipment is None or ends is None:
        raise shipping.no_such_shipment()
    return shipment, ends


def _is_on_letter(country: str | None) -> bool:
    return (country or "").strip().casefold() in _ON_LETTER


PAGES = [print_purchase_order, print_packing_slip, print_shipment_label, print_product_label]
