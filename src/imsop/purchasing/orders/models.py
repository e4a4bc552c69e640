"""Structs of purchase orders, in the API and for pages."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Amount, Currency, Instant, LongCode, PositiveCount, Price, Text
from imsop.documents.drafts import Partner

PurchaseOrderStatus = Literal["draft", "submitted", "confirmed", "shipped", "received", "cancelled"]
NOT_TRADED = frozenset({"discontinued", "archived"})
"""Statuses of products that are no longer bought."""


class PurchaseOrder(Struct, frozen=True):
    """An order to a supplier. `total_amount` is the sum of its lines' totals, in `currency`."""

    id: UUID
    po_number: str
    supplier_id: UUID
    status: PurchaseOrderStatus
    order_date: date
    expected_delivery_date: date | None
    actual_delivery_date: date | None
    total_amount: Decimal
    currency: str
    lines: int
    lines_without_price: int
    """Lines whose total is unknown, so that it is not part of `total_amount`."""
    partner: Partner | None
    """The supplier as agreed; null in a draft, which follows the master data."""
    notes: str | None
    created_by: UUID | None
    created_at: Instant
    updated_at: Instant


class ListedPurchaseOrder(PurchaseOrder, frozen=True):
    """An order with the names of its products, in the order of its lines."""

    products: list[str]


class PurchaseOrderItem(Struct, frozen=True):
    """A line. Quantities are whole base units of the product.

    `line_total` is as agreed, so it may differ from `quantity_ordered` times `unit_price`.
    `promised_delivery_date` is the supplier's first promise.
    """

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_received: int
    unit_price: Decimal | None
    line_total: Decimal | None
    expected_delivery_date: date | None
    promised_delivery_date: date | None
    actual_delivery_date: date | None


class PurchaseOrderWithItems(PurchaseOrder, frozen=True):
    items: list[PurchaseOrderItem]


class PurchaseOrderSummary(Struct, frozen=True):
    """An order in a list: with its supplier's name and the number of its lines."""

    id: UUID
    po_number: str
    supplier_id: UUID
    supplier_name: str
    status: PurchaseOrderStatus
    order_date: date
    expected_delivery_date: date | None
    actual_delivery_date: date | None
    total_amount: Decimal
    currency: str
    lines: int
    lines_without_price: int


class PurchaseOrderLine(Struct, frozen=True):
    """A line on its order's page: with its product and its due date (`due_on`)."""

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    unit_of_measure: str | None
    quantity_ordered: int
    quantity_received: int
    unit_price: Decimal | None
    line_total: Decimal | None
    expected_delivery_date: date | None
    promised_delivery_date: date | None
    actual_delivery_date: date | None
    due_on: date | None


class LineTotals(Struct, frozen=True):
    """Totals over all lines of an order; quantities in base units."""

    lines: int
    quantity_ordered: int
    quantity_received: int
    lines_received: int
    """Lines received in full."""


class PurchaseOrderHistoryEntry(Struct, frozen=True):
    """A change of status. `occurred_at` is when it happened, `created_at` when it was recorded."""

    id: UUID
    from_status: PurchaseOrderStatus | None
    to_status: PurchaseOrderStatus
    changes: dict[str, Any] | None
    note: str | None
    changed_by: UUID | None
    occurred_at: Instant
    created_at: Instant


class NewPurchaseOrderItem(Struct, frozen=True, forbid_unknown_fields=True):
    """A new line. `line_total` defaults to `quantity_ordered` times `unit_price`, rounded to the
    decimals of the currency.
    """

    product_id: UUID
    quantity_ordered: PositiveCount
    unit_price: Price | None = None
    line_total: Amount | None = None
    expected_delivery_date: date | None = None


MAX_LINES = 1000
"""Lines of an order: more than users have, and a bound on the work of one request."""


NewLines = Annotated[
    list[NewPurchaseOrderItem],
    Meta(max_length=MAX_LINES, description="All lines of the order, numbered from 1 in this order."),
]


class NewPurchaseOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """A new order. Without a `po_number` it gets the next of the order date's year, such as PO-2026-000123.

    Without a `currency` it uses the organization's.
    """

    supplier_id: UUID
    order_date: date
    po_number: LongCode | None = None
    expected_delivery_date: date | None = None
    currency: Currency | UnsetType = UNSET
    notes: Text | None = None
    items: NewLines = []


class PurchaseOrderChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """A PATCH of a draft. `items`, where given, replaces all lines."""

    supplier_id: UUID | UnsetType = UNSET
    po_number: LongCode | UnsetType = UNSET
    order_date: date | UnsetType = UNSET
    expected_delivery_date: date | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    notes: Text | UnsetType | None = UNSET
    items: NewLines | UnsetType = UNSET
