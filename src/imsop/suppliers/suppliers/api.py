"""Routes of the suppliers."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.fields import Name, PartnerStatus
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.suppliers.suppliers import actions, queries
from imsop.suppliers.suppliers.events import SUPPLIER_CHANGED, SUPPLIER_CREATED, SUPPLIER_DELETED
from imsop.suppliers.suppliers.models import NewSupplier, Supplier, SupplierChanges, SupplierMetrics


@get("/suppliers", opt=allow(Permission.SUPPLIERS_READ))
async def list_suppliers(
    request: TenantRequest,
    q: SearchQuery | None = None,
    name: Name | None = None,
    status: PartnerStatus | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Supplier]:
    connection, actor = await request.begin()
    return await queries.SUPPLIERS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        name=name,
        status=status,
    )


@post(
    "/suppliers",
    opt=allow(Permission.SUPPLIERS_WRITE, 409, emits=(SUPPLIER_CREATED,)),
    response_headers=CREATED,
)
async def create_supplier(request: TenantRequest, data: NewSupplier) -> Response[Supplier]:
    connection, actor = await request.begin()
    return created(await actions.create_supplier(connection, actor, data), "/api/v1/suppliers")


@get("/suppliers/{supplier_id:uuid}", opt=allow(Permission.SUPPLIERS_READ), response_headers=VERSIONED)
async def get_supplier(request: TenantRequest, supplier_id: UUID) -> Response[Supplier]:
    connection, actor = await request.begin()
    return versioned(await actions.get_supplier(connection, actor, supplier_id))


@patch(
    "/suppliers/{supplier_id:uuid}",
    opt=allow(Permission.SUPPLIERS_WRITE, 409, 412, 428, emits=(SUPPLIER_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_supplier(
    request: TenantRequest, supplier_id: UUID, data: SupplierChanges, if_match: IfMatch
) -> Response[Supplier]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_supplier(connection, actor, supplier_id, data, if_match))


@delete(
    "/suppliers/{supplier_id:uuid}", opt=allow(Permission.SUPPLIERS_WRITE, 409, emits=(SUPPLIER_DELETED,))
)
async def delete_supplier(request: TenantRequest, supplier_id: UUID) -> None:
    """Delete a supplier without documents; set one with history to inactive (`status`)."""
    connection, actor = await request.begin()
    await actions.delete_supplier(connection, actor, supplier_id)


@get("/suppliers/{supplier_id:uuid}/metrics", opt=allow(Permission.SUPPLIERS_READ))
async def list_supplier_metrics(
    request: TenantRequest,
    supplier_id: UUID,
    sort: Literal["-period_start", "period_start"] = "-period_start",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[SupplierMetrics]:
    """Delivery performance of the supplier, one row per period."""
    connection, actor = await request.begin()
    await actions.get_supplier(connection, actor, supplier_id)
    return await queries.SUPPLIER_METRICS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), supplier_id=supplier_id
    )


ROUTES = [
    list_suppliers,
    create_supplier,
    get_supplier,
    edit_supplier,
    delete_supplier,
    list_supplier_metrics,
]


ROUTES = [
    list_suppliers,
    create_supplier,
    get_supplier,
    edit_supplier,
    delete_supplier,
    list_supplier_metrics,
]
