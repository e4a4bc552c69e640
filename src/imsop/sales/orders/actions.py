"""Actions on sales orders."""

from imsop.documents.drafts import Drafts
from imsop.sales.orders import queries
from imsop.sales.orders.events import SALES_ORDER_CHANGED, SALES_ORDER_CREATED, SALES_ORDER_DELETED
from imsop.sales.orders.models import NOT_TRADED, SalesOrder, SalesOrderWithItems
from imsop.ui.language import N_

DRAFTS: Drafts[SalesOrder, SalesOrderWithItems] = Drafts(
    queries,
    SalesOrderWithItems,
    what=N_("sales order"),
    numbered="sales_order",
    number="so_number",
    partner="customer_id",
    partner_refused=N_("this customer is %(status)s; choose another"),
    not_traded=NOT_TRADED,
    past_draft=N_("this sales order is %(status)s; only a draft can be edited or deleted"),
    created=SALES_ORDER_CREATED,
    changed=SALES_ORDER_CHANGED,
    deleted=SALES_ORDER_DELETED,
)
