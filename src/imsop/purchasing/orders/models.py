"""Structs of purchase orders, in the API and for pages."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import (
    Amount,
    Count,
    Currency,
    Instant,
    LongCode,
    PositiveCount,
    Price,
    Text,
    Text100,
)
from imsop.documents.drafts import Partner
from imsop.purchasing.approvals.models import Approval

PurchaseOrderStatus = Literal["draft", "submitted", "confirmed", "shipped", "received", "cancelled"]
ReceiptStatus = Literal["none", "partial", "full", "over"]
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
    warehouse_id: UUID | None
    """Where to deliver."""
    supplier_reference: str | None
    notes: str | None
    revision: int
    """How often it was amended after it was sent."""
    receipt_status: ReceiptStatus
    received_percent: int
    """Share of the quantity due that came in, rounded down."""
    created_by: UUID | None
    created_at: Instant
    updated_at: Instant


class ListedPurchaseOrder(PurchaseOrder, frozen=True):
    """An order with the names of its products, in the order of its lines."""

    products: list[str]


class PurchaseOrderItem(Struct, frozen=True):
    """A line. Quantities are whole base units of the product.

    Due is `quantity_confirmed`, else `quantity_ordered`; open is what of it neither came in nor was closed.
    `line_total` is as agreed, so it may differ from `quantity_ordered` times `unit_price`.
    `promised_delivery_date` is the supplier's first promise.
    """

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_confirmed: int | None
    quantity_received: int
    quantity_returned: int
    quantity_closed: int
    quantity_open: int
    unit_price: Decimal | None
    confirmed_unit_price: Decimal | None
    line_total: Decimal | None
    expected_delivery_date: date | None
    promised_delivery_date: date | None
    actual_delivery_date: date | None


class PurchaseOrderWithItems(PurchaseOrder, frozen=True):
    items: list[PurchaseOrderItem]
    approval: Approval | None = None
    """The last that was asked for; null if none was. A draft whose approval is requested waits for it."""


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
    received_percent: int
    quantity_open: int


class PurchaseOrderLine(Struct, frozen=True):
    """A line on its order's page: with its product and its due date (`due_on`)."""

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    supplier_sku: str | None
    """The supplier's number of the product; of an order that was sent, as it was then."""
    unit_of_measure: str | None
    quantity_ordered: int
    quantity_due: int
    quantity_received: int
    quantity_open: int
    quantity_closed: int
    quantity_returned: int
    unit_price: Decimal | None
    line_total: Decimal | None
    expected_delivery_date: date | None
    promised_delivery_date: date | None
    actual_delivery_date: date | None
    due_on: date | None


class Progress(Struct, frozen=True):
    """What came in of an order, over all its lines; quantities in base units (see purchase_progress in
    SQL).
    """

    lines: int = 0
    lines_open: int = 0
    quantity_due: int = 0
    quantity_received: int = 0
    quantity_returned: int = 0
    quantity_open: int = 0
    receipt_status: ReceiptStatus = "none"
    received_percent: int = 0


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
    warehouse_id: UUID | None = None
    supplier_reference: Text100 | None = None
    notes: Text | None = None
    items: NewLines = []


class ChangedPurchaseOrderItem(NewPurchaseOrderItem, frozen=True, forbid_unknown_fields=True):
    """A line of an edited order. `id`: the line that it changes, of an order that was sent; else a new one.

    In a draft, all lines are replaced, and `id` has no effect.
    """

    id: UUID | None = None


ChangedLines = Annotated[
    list[ChangedPurchaseOrderItem], Meta(max_length=MAX_LINES, description="All lines of the order.")
]


class PurchaseOrderChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """A PATCH of a draft, or of an order that was sent, as its next revision.

    `items`, where given, are all lines. Supplier, number, order date and currency stay as they were sent.
    """

    supplier_id: UUID | UnsetType = UNSET
    po_number: LongCode | UnsetType = UNSET
    order_date: date | UnsetType = UNSET
    expected_delivery_date: date | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    warehouse_id: UUID | UnsetType | None = UNSET
    supplier_reference: Text100 | UnsetType | None = UNSET
    notes: Text | UnsetType | None = UNSET
    items: ChangedLines | UnsetType = UNSET


class ConfirmedLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What the supplier confirmed of a line; what is left out is confirmed as ordered."""

    id: UUID
    quantity: Count | None = None
    unit_price: Price | None = None
    promised_delivery_date: date | None = None


class Confirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """A supplier's confirmation. Lines that it does not name are confirmed as ordered."""

    lines: Annotated[list[ConfirmedLine], Meta(max_length=MAX_LINES)] = []
