"""Structs of returns from customers."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from imsop.core.fields import Count, Instant, PositiveCount, Reason, Text, Text100
from imsop.sales.orders.models import MAX_LINES

CustomerReturnStatus = Literal["authorized", "received", "closed", "cancelled"]


class CustomerReturn(Struct, frozen=True):
    """Goods that a customer sends back: of an order, or without one.

    Authorized first; what is received is held in quarantine until each unit is restocked or scrapped.
    """

    id: UUID
    return_number: str
    status: CustomerReturnStatus
    sales_order_id: UUID | None
    so_number: str | None
    customer_id: UUID | None
    customer_name: str | None
    warehouse_id: UUID
    warehouse_name: str
    customer_reference: str | None
    notes: str | None
    quantity: int
    quantity_received: int
    received_at: Instant | None
    created_by: UUID | None
    created_at: Instant
    updated_at: Instant


class CustomerReturnLine(Struct, frozen=True):
    """A line, in base units. `quantity` is authorized, `quantity_quarantined` waits for a decision."""

    id: UUID
    line_number: int
    sales_order_item_id: UUID | None
    product_id: UUID
    sku: str
    product_name: str
    units_per_pack: int | None
    quantity: int
    quantity_received: int
    quantity_restocked: int
    quantity_scrapped: int
    quantity_quarantined: int
    reason: str


class CustomerReturnWithLines(CustomerReturn, frozen=True):
    lines: list[CustomerReturnLine]


class NewCustomerReturnLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the order, or a product if there is no order."""

    quantity: PositiveCount
    reason: Reason
    sales_order_item_id: UUID | None = None
    product_id: UUID | None = None


class NewCustomerReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """A return to authorize, and the warehouse that it is to come to. With `sales_order_id`, its lines name
    the order's lines; the customer is then the order's.
    """

    warehouse_id: UUID
    lines: Annotated[list[NewCustomerReturnLine], Meta(min_length=1, max_length=MAX_LINES)]
    sales_order_id: UUID | None = None
    customer_id: UUID | None = None
    customer_reference: Text100 | None = None
    notes: Text | None = None


class ReceivedLine(Struct, frozen=True, forbid_unknown_fields=True):
    id: UUID
    quantity: Count


class Receiving(Struct, frozen=True, forbid_unknown_fields=True):
    """What came back, by default all that was authorized, and when, by default now. Of lines that it does not
    name nothing came.
    """

    lines: Annotated[list[ReceivedLine], Meta(min_length=1, max_length=MAX_LINES)] | None = None
    received_at: Instant | None = None


class DisposedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a line goes back to stock, and how much is scrapped, with the reason."""

    id: UUID
    restock: Count = 0
    scrap: Count = 0
    reason: Reason | None = None


class Disposal(Struct, frozen=True, forbid_unknown_fields=True):
    lines: Annotated[list[DisposedLine], Meta(min_length=1, max_length=MAX_LINES)]
