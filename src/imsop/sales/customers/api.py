"""Routes of customers."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.fields import Name, PartnerStatus, ShortName
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.customers import actions, queries
from imsop.sales.customers.events import CUSTOMER_CHANGED, CUSTOMER_CREATED, CUSTOMER_DELETED
from imsop.sales.customers.models import Customer, CustomerChanges, NewCustomer


@get("/customers", opt=allow(Permission.CUSTOMERS_READ))
async def list_customers(
    request: TenantRequest,
    q: SearchQuery | None = None,
    customer_number: ShortName | None = None,
    name: Name | None = None,
    status: PartnerStatus | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Customer]:
    connection, actor = await request.begin()
    return await queries.CUSTOMERS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        customer_number=customer_number,
        name=name,
        status=status,
    )


@post(
    "/customers",
    opt=allow(Permission.CUSTOMERS_WRITE, 409, emits=(CUSTOMER_CREATED,)),
    response_headers=CREATED,
)
async def create_customer(request: TenantRequest, data: NewCustomer) -> Response[Customer]:
    connection, actor = await request.begin()
    return created(await actions.create_customer(connection, actor, data), "/api/v1/customers")


@get("/customers/{customer_id:uuid}", opt=allow(Permission.CUSTOMERS_READ), response_headers=VERSIONED)
async def get_customer(request: TenantRequest, customer_id: UUID) -> Response[Customer]:
    connection, actor = await request.begin()
    return versioned(await actions.get_customer(connection, actor, customer_id))


@patch(
    "/customers/{customer_id:uuid}",
    opt=allow(Permission.CUSTOMERS_WRITE, 409, 412, 428, emits=(CUSTOMER_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_customer(
    request: TenantRequest, customer_id: UUID, data: CustomerChanges, if_match: IfMatch
) -> Response[Customer]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_customer(connection, actor, customer_id, data, if_match))


@delete(
    "/customers/{customer_id:uuid}", opt=allow(Permission.CUSTOMERS_WRITE, 409, emits=(CUSTOMER_DELETED,))
)
async def delete_customer(request: TenantRequest, customer_id: UUID) -> None:
    """Delete a customer that has no orders; with orders, set its `status` to `inactive` instead."""
    connection, actor = await request.begin()
    await actions.delete_customer(connection, actor, customer_id)


ROUTES = [
    list_customers,
    create_customer,
    get_customer,
    edit_customer,
    delete_customer,
]
