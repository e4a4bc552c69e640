"""Structs of suppliers' delivery performance."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.purchasing.orders.models import PurchaseOrderStatus


class SupplierLine(Struct, frozen=True):
    """A line of an order to a supplier, compared with its due date.

    `lead_time_days` runs from the order date to the day the line was complete; null before that, and if the
    order is dated after it. `sorted_on` is `due_on`, or the order date of a line without one.
    """

    id: UUID
    purchase_order_id: UUID
    po_number: str
    supplier_id: UUID
    supplier_name: str
    order_date: date
    status: PurchaseOrderStatus
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_received: int
    quantity_open: int
    line_total: Decimal | None
    currency: str
    due_on: date | None
    actual_delivery_date: date | None
    lead_time_days: int | None
    sorted_on: date


class QuarterOfLines(Struct, frozen=True):
    """Lines due in the quarter that starts on `begins_on`: all, on time, in full."""

    begins_on: date
    due: int
    on_time: int
    in_full: int


class SupplierTotals(Struct, frozen=True):
    """Open orders of a supplier. Late: the expected or promised date has passed."""

    supplier_id: UUID
    orders: int
    open_orders: int
    late_orders: int
    open_lines: int
    overdue_lines: int
    lines_due: int
    lines_on_time: int


class DeliveredProduct(Struct, frozen=True):
    """A product that a supplier delivers: its lines, and the latest price in that order's currency."""

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
    """The number of this supplier's products."""
