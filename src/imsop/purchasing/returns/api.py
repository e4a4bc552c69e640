"""Routes of returns to suppliers."""

from typing import Literal
from uuid import UUID

from litestar import Response, get, post

from imsop.core.fields import Instant, ShortName
from imsop.core.http import CREATED, created
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.receipts.models import Reversal
from imsop.purchasing.returns import actions, queries
from imsop.purchasing.returns.events import SUPPLIER_RETURN_POSTED, SUPPLIER_RETURN_REVERSED
from imsop.purchasing.returns.models import (
    NewSupplierReturn,
    SupplierReturn,
    SupplierReturnWithLines,
)


@get("/supplier-returns", opt=allow(Permission.GOODS_RECEIPTS_READ))
async def list_supplier_returns(
    request: TenantRequest,
    q: SearchQuery | None = None,
    return_number: ShortName | None = None,
    purchase_order_id: UUID | None = None,
    warehouse_id: UUID | None = None,
    returned_from: Instant | None = None,
    returned_before: Instant | None = None,
    sort: Literal["-returned_at", "returned_at"] = "-returned_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[SupplierReturn]:
    connection, actor = await request.begin()
    return await queries.RETURNS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        return_number=return_number,
        purchase_order_id=purchase_order_id,
        warehouse_id=warehouse_id,
        returned_from=returned_from,
        returned_before=returned_before,
    )


@post(
    "/supplier-returns",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, 409, emits=(SUPPLIER_RETURN_POSTED,)),
    response_headers=CREATED,
)
async def return_goods(request: TenantRequest, data: NewSupplierReturn) -> Response[SupplierReturnWithLines]:
    """Return goods to the supplier of an order: first what is held in quarantine of the lines, then
    available stock.

    422 names each line of which more would go back than came in; 409 where stock is short.
    """
    connection, actor = await request.begin()
    return created(await actions.return_goods(connection, actor, data), "/api/v1/supplier-returns")


@get("/supplier-returns/{return_id:uuid}", opt=allow(Permission.GOODS_RECEIPTS_READ))
async def get_supplier_return(request: TenantRequest, return_id: UUID) -> SupplierReturnWithLines:
    connection, actor = await request.begin()
    return await actions.get_return(connection, actor, return_id)


@post(
    "/supplier-returns/{return_id:uuid}/reverse",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, 409, emits=(SUPPLIER_RETURN_REVERSED,)),
    response_headers=CREATED,
)
async def reverse_supplier_return(
    request: TenantRequest, return_id: UUID, data: Reversal
) -> Response[SupplierReturnWithLines]:
    """Take a return, or lines of it, back by a return that reverses it, which is returned."""
    connection, actor = await request.begin()
    return created(
        await actions.reverse_return(connection, actor, return_id, data), "/api/v1/supplier-returns"
    )


ROUTES = [list_supplier_returns, return_goods, get_supplier_return, reverse_supplier_return]
