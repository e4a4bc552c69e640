"""Routes of returns from customers."""

from typing import Literal
from uuid import UUID

from litestar import Response, get, post

from imsop.core.fields import ShortName
from imsop.core.http import CREATED, VERSIONED, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.returns import actions, queries
from imsop.sales.returns.events import CUSTOMER_RETURN_AUTHORIZED
from imsop.sales.returns.lifecycle import LIFECYCLE
from imsop.sales.returns.models import (
    CustomerReturn,
    CustomerReturnStatus,
    CustomerReturnWithLines,
    NewCustomerReturn,
)


@get("/customer-returns", opt=allow(Permission.CUSTOMER_RETURNS_READ))
async def list_customer_returns(
    request: TenantRequest,
    return_number: ShortName | None = None,
    status: CustomerReturnStatus | None = None,
    sales_order_id: UUID | None = None,
    customer_id: UUID | None = None,
    warehouse_id: UUID | None = None,
    sort: Literal["-created_at", "created_at"] = "-created_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[CustomerReturn]:
    connection, actor = await request.begin()
    return await queries.RETURNS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        return_number=return_number,
        status=status,
        sales_order_id=sales_order_id,
        customer_id=customer_id,
        warehouse_id=warehouse_id,
    )


@post(
    "/customer-returns",
    opt=allow(Permission.CUSTOMER_RETURNS_WRITE, 409, emits=(CUSTOMER_RETURN_AUTHORIZED,)),
    response_headers=CREATED,
)
async def authorize_customer_return(
    request: TenantRequest, data: NewCustomerReturn
) -> Response[CustomerReturnWithLines]:
    """Authorize a return: of an order up to what was shipped, or of products without an order."""
    connection, actor = await request.begin()
    return created(await actions.authorize_return(connection, actor, data), "/api/v1/customer-returns")


@get(
    "/customer-returns/{return_id:uuid}",
    opt=allow(Permission.CUSTOMER_RETURNS_READ),
    response_headers=VERSIONED,
)
async def get_customer_return(request: TenantRequest, return_id: UUID) -> Response[CustomerReturnWithLines]:
    connection, actor = await request.begin()
    return versioned(await actions.get_return(connection, actor, return_id))


ROUTES = [
    list_customer_returns,
    authorize_customer_return,
    get_customer_return,
    *LIFECYCLE.routes("/customer-returns", actions.get_return, CustomerReturnWithLines),
]
