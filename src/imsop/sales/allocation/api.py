"""Routes of promises."""

from datetime import date
from uuid import UUID

from litestar import get

from imsop.core.fields import LongCode, PositiveCount
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.allocation import actions
from imsop.sales.allocation.models import Availability, LinePromise


@get("/availability", opt=allow(Permission.INVENTORY_READ))
async def get_availability(
    request: TenantRequest,
    quantity: PositiveCount,
    sku: LongCode,
    date: date | None = None,
    warehouse_id: UUID | None = None,
) -> Availability:
    """What of a quantity can be had now, and on which day from which order, behind all orders that wait.

    `date` is the day it is wanted.
    """
    connection, actor = await request.begin()
    return await actions.get_availability(
        connection,
        actor,
        sku,
        quantity,
        wanted_on=date,
        warehouse_id=warehouse_id,
    )


@get("/sales-orders/{order_id:uuid}/promises", opt=allow(Permission.SALES_ORDERS_READ))
async def list_promises(request: TenantRequest, order_id: UUID) -> list[LinePromise]:
    """What can be promised for each line of an order that is not reserved in full."""
    connection, actor = await request.begin()
    return await actions.get_promises(connection, actor, order_id)


ROUTES = [get_availability, list_promises]
