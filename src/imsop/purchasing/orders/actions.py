"""Actions on purchase orders."""

from uuid import UUID

import msgspec

from imsop.core.database import Connection
from imsop.documents.drafts import Drafts
from imsop.identity.actor import Actor
from imsop.purchasing.approvals.actions import get_approval
from imsop.purchasing.orders import queries
from imsop.purchasing.orders.events import (
    PURCHASE_ORDER_CHANGED,
    PURCHASE_ORDER_CREATED,
    PURCHASE_ORDER_DELETED,
)
from imsop.purchasing.orders.models import NOT_TRADED, PurchaseOrder, PurchaseOrderWithItems
from imsop.ui.language import N_

DRAFTS: Drafts[PurchaseOrder, PurchaseOrderWithItems] = Drafts(
    queries,
    PurchaseOrderWithItems,
    what=N_("purchase order"),
    numbered="purchase_order",
    number="po_number",
    partner="supplier_id",
    partner_refused=N_("this supplier is %(status)s; choose another"),
    not_traded=NOT_TRADED,
    past_draft=N_("this purchase order is %(status)s; only a draft can be edited or deleted"),
    created=PURCHASE_ORDER_CREATED,
    changed=PURCHASE_ORDER_CHANGED,
    deleted=PURCHASE_ORDER_DELETED,
)


async def get_order(connection: Connection, actor: Actor, order_id: UUID) -> PurchaseOrderWithItems:
    """The order with its lines and its approval. Raises NotFound."""
    order = await DRAFTS.get(connection, actor, order_id)
    return msgspec.structs.replace(order, approval=await get_approval(connection, actor, order_id))
