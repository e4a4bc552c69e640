"""Forms about a purchase order."""

from collections.abc import Mapping
from typing import Any

from litestar import Response

from imsop.identity.request import TenantRequest
from imsop.purchasing.orders.models import PurchaseOrder
from imsop.suppliers.suppliers.queries import get_supplier
from imsop.ui.language import N_
from imsop.ui.page import Crumb
from imsop.web.pages.line_forms import Refused, show_form


async def show_order_form(
    request: TenantRequest,
    template: str,
    order: PurchaseOrder,
    refused: Refused | None,
    values: Mapping[str, str] | None = None,
    **context: Any,
) -> Response[bytes]:
    """A form about a purchase order, with its supplier: see `show_form`."""
    connection, actor = await request.begin()
    return await show_form(
        request,
        template,
        refused,
        values,
        order=order,
        supplier=await get_supplier(connection, actor.organization_id, order.supplier_id),
        crumbs=[
            Crumb(N_("Purchase orders"), "/purchase-orders"),
            Crumb(order.po_number, f"/purchase-orders/{order.id}", is_name=True),
        ],
        **context,
    )
