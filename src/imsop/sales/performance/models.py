"""Structs of our delivery performance towards customers."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.sales.orders.models import SalesOrderStatus


class CustomerLine(Struct, frozen=True):
    """A line of a customer's order, compared with its due date.

    `sorted_on` is `due_on`, or the order date of a line without one.
    """

    id: UUID
    sales_order_id: UUID
    so_number: str
    customer_id: UUID | None
    customer_name: str | None
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
    """Lines due in the quarter that starts on `begins_on`: all, and those on time."""

    begins_on: date
    due: int
    on_time: int


class CustomerOrders(Struct, frozen=True):
    """A customer's orders: all, undelivered and late ones. Late: the expected date has passed."""

    customer_id: UUID
    orders: int
    open_orders: int
    late_orders: int
    last_order_on: date | None


class CustomerLines(Struct, frozen=True):
    """A customer's open lines, and the outcomes of its due lines."""

    open_lines: int
    overdue_lines: int
    lines_due: int
    lines_on_time: int
