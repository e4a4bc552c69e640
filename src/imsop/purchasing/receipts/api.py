"""Routes of goods receipts."""

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
from imsop.purchasing.orders.events import PURCHASE_ORDER_RECEIVED, PURCHASE_ORDER_REOPENED
from imsop.purchasing.receipts import actions, queries
from imsop.purchasing.receipts.events import GOODS_RECEIPT_POSTED, GOODS_RECEIPT_REVERSED
from imsop.purchasing.receipts.models import (
    GoodsReceipt,
    GoodsReceiptWithLines,
    NewGoodsReceipt,
    Reversal,
)


@get("/goods-receipts", opt=allow(Permission.GOODS_RECEIPTS_READ))
async def list_goods_receipts(
    request: TenantRequest,
    q: SearchQuery | None = None,
    receipt_number: ShortName | None = None,
    purchase_order_id: UUID | None = None,
    warehouse_id: UUID | None = None,
    received_from: Instant | None = None,
    received_before: Instant | None = None,
    sort: Literal["-received_at", "received_at"] = "-received_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[GoodsReceipt]:
    connection, actor = await request.begin()
    return await queries.RECEIPTS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        receipt_number=receipt_number,
        purchase_order_id=purchase_order_id,
        warehouse_id=warehouse_id,
        received_from=received_from,
        received_before=received_before,
    )


@post(
    "/goods-receipts",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, 409, emits=(GOODS_RECEIPT_POSTED, PURCHASE_ORDER_RECEIVED)),
    response_headers=CREATED,
)
async def receive_goods(request: TenantRequest, data: NewGoodsReceipt) -> Response[GoodsReceiptWithLines]:
    """Receive goods for a purchase order: posts them to stock and holds what is rejected in quarantine.

    422 names each line that would come in beyond its tolerance; 409 where the same delivery was received
    already, or the order is not open.
    """
    connection, actor = await request.begin()
    return created(await actions.receive_goods(connection, actor, data), "/api/v1/goods-receipts")


@get("/goods-receipts/{receipt_id:uuid}", opt=allow(Permission.GOODS_RECEIPTS_READ))
async def get_goods_receipt(request: TenantRequest, receipt_id: UUID) -> GoodsReceiptWithLines:
    connection, actor = await request.begin()
    return await actions.get_receipt(connection, actor, receipt_id)


@post(
    "/goods-receipts/{receipt_id:uuid}/reverse",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, 409, emits=(GOODS_RECEIPT_REVERSED, PURCHASE_ORDER_REOPENED)),
    response_headers=CREATED,
)
async def reverse_goods_receipt(
    request: TenantRequest, receipt_id: UUID, data: Reversal
) -> Response[GoodsReceiptWithLines]:
    """Take a receipt, or lines of it, back by a receipt that reverses it, which is returned.

    409 where what it brought is reserved, gone or was returned, naming who holds it.
    """
    connection, actor = await request.begin()
    return created(
        await actions.reverse_receipt(connection, actor, receipt_id, data), "/api/v1/goods-receipts"
    )


ROUTES = [list_goods_receipts, receive_goods, get_goods_receipt, reverse_goods_receipt]
