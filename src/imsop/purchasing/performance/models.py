"""How suppliers keep their promises."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.purchasing.orders.models import PurchaseOrderStatus


class SupplierLine(Struct, frozen=True):
    """A line of an order to a supplier, and how it stands to the day it is held to.

    `lead_time_days` runs from the order to the day the line was complete; null before, and where the order
    is dated after it. `sorted_on` is `due_on`, or the order's day where the line is held to none.
    """

    id: UUID
    purchase_order_id: UUID
    po_number: str
    order_date: date
    status: PurchaseOrderStatus
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_received: int
    line_total: Decimal | None
    currency: str
    due_on: date | None
    actual_delivery_date: date | None
    lead_time_days: int | None
    sorted_on: date


class QuarterOfLines(Struct, frozen=True):
    """Lines due in the quarter that begins then, how many came on time, how many in full."""

    begins_on: date
    due: int
    on_time: int
    in_full: int


class SupplierTotals(Struct, frozen=True):
    """What is on order from a supplier. Late: the day that was expected or promised is over."""

    supplier_id: UUID
    orders: int
    open_orders: int
    late_orders: int
    open_lines: int
    overdue_lines: int
    lines_due: int
    lines_on_time: int


class DeliveredProduct(Struct, frozen=True):
    """A product that a supplier delivers: its lines, the newest price in that order's currency."""

    product_id: UUID
    sku: str
    name: str
    lines: int
    quantity_received: int
    last_received_on: date | None
    unit_price: Decimal | None
    currency: str
    lines_due: int
    lines_on_time: int
    products: int
    """How many products of this supplier there are."""
