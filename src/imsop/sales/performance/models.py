"""How promises to customers are kept."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.sales.orders.models import SalesOrderStatus


class CustomerLine(Struct, frozen=True):
    """A line of a customer's order, and how it stands to the day it is held to.

    `sorted_on` is `due_on`, or the order's day where the line is held to none.
    """

    id: UUID
    sales_order_id: UUID
    so_number: str
    order_date: date
    status: SalesOrderStatus
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_reserved: int
    quantity_shipped: int
    quantity_returned: int
    line_total: Decimal | None
    currency: str
    due_on: date | None
    actual_delivery_date: date | None
    sorted_on: date


class QuarterOfLines(Struct, frozen=True):
    """Lines due in the quarter that begins then, and how many came on time."""

    begins_on: date
    due: int
    on_time: int


class CustomerOrders(Struct, frozen=True):
    """A customer's orders, and those not delivered yet. Late: the day that was expected is over."""

    customer_id: UUID
    orders: int
    open_orders: int
    late_orders: int
    last_order_on: date | None


class CustomerLines(Struct, frozen=True):
    """A customer's lines that are not delivered yet, and how the due ones came."""

    open_lines: int
    overdue_lines: int
    lines_due: int
    lines_on_time: int
