"""Structs of sales orders, in the API and for pages."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import (
    Amount,
    Currency,
    Instant,
    LongCode,
    PositiveCount,
    Price,
    Text,
    Text100,
)
from imsop.documents.drafts import Partner
from imsop.inventory.reservations.rules import Strategy

SalesOrderStatus = Literal["draft", "confirmed", "shipped", "delivered", "cancelled"]
NOT_TRADED = frozenset({"archived"})
"""Statuses of products that are no longer sold: a discontinued one is sold while there is stock."""


class SalesOrder(Struct, frozen=True):
    """An order from a customer, or from an unnamed one (a counter sale).

    `total_amount` is the sum of its lines' totals, in `currency`.
    """

    id: UUID
    so_number: str
    customer_id: UUID | None
    status: SalesOrderStatus
    order_date: date
    expected_delivery_date: date | None
    actual_delivery_date: date | None
    total_amount: Decimal
    currency: str
    lines: int
    lines_without_price: int
    """Lines whose total is unknown, so that it is not part of `total_amount`."""
    partner: Partner | None
    """The customer as agreed; null in a draft, which follows the master data, and for a counter sale."""
    customer_reference: str | None
    """The customer's own number of the order."""
    warehouse_id: UUID | None
    """The only warehouse it is sent from; null for any."""
    priority: int
    """-9 to 9; of orders that wait for stock, the highest is served first."""
    ship_to: str | None
    """Where it goes if not to the customer's address."""
    ship_complete: bool
    """True if the customer takes it in one delivery only."""
    on_hold_reason: str | None
    """Why nothing is shipped or reserved for it now; null if it is not on hold."""
    notes: str | None
    created_by: UUID | None
    created_at: Instant
    updated_at: Instant


class SalesOrderItem(Struct, frozen=True):
    """A line. Quantities are whole base units of the product.

    `quantity_backordered`, while the order is confirmed, waits for stock; `quantity_closed` will not be sent.
    `line_total` is as agreed, so it may differ from `quantity_ordered` times `unit_price`.
    `promised_delivery_date` is our first promise.
    """

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_reserved: int
    quantity_backordered: int
    quantity_shipped: int
    quantity_closed: int
    quantity_returned: int
    unit_price: Decimal | None
    line_total: Decimal | None
    expected_delivery_date: date | None
    promised_delivery_date: date | None
    actual_delivery_date: date | None


class SalesOrderWithItems(SalesOrder, frozen=True):
    items: list[SalesOrderItem]


class SalesOrderSummary(Struct, frozen=True):
    """An order in a list: with its customer's name, null for a counter sale, and the number of its lines."""

    id: UUID
    so_number: str
    customer_id: UUID | None
    customer_name: str | None
    status: SalesOrderStatus
    order_date: date
    expected_delivery_date: date | None
    actual_delivery_date: date | None
    total_amount: Decimal
    currency: str
    lines: int
    lines_without_price: int


class SalesOrderLine(Struct, frozen=True):
    """A line on its order's page: with its product and its due date (`due_on`).

    `quantity_missing`, while the order is confirmed: neither shipped nor reserved, as stock is short.
    """

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    quantity_ordered: int
    quantity_reserved: int
    quantity_shipped: int
    quantity_closed: int
    quantity_returned: int
    quantity_missing: int
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
    quantity_reserved: int
    quantity_shipped: int
    quantity_returned: int
    quantity_closed: int
    quantity_open: int
    quantity_missing: int


class SalesOrderHistoryEntry(Struct, frozen=True):
    """A change of status. `occurred_at` is when it happened, `created_at` when it was recorded."""

    id: UUID
    from_status: SalesOrderStatus | None
    to_status: SalesOrderStatus
    changes: dict[str, Any] | None
    note: str | None
    changed_by: UUID | None
    occurred_at: Instant
    created_at: Instant


class NewSalesOrderItem(Struct, frozen=True, forbid_unknown_fields=True):
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
    list[NewSalesOrderItem],
    Meta(max_length=MAX_LINES, description="All lines of the order, numbered from 1 in this order."),
]


Priority = Annotated[
    int, Meta(ge=-9, le=9, description="Of orders that wait for stock, the highest is served first.")
]


class NewSalesOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """A new order. Without an `so_number` it gets the next of the order date's year, such as SO-2026-000123.

    Without a `currency` it uses the organization's.
    """

    order_date: date
    customer_id: UUID | None = None
    so_number: LongCode | None = None
    expected_delivery_date: date | None = None
    currency: Currency | UnsetType = UNSET
    customer_reference: Text100 | None = None
    warehouse_id: UUID | None = None
    priority: Priority = 0
    ship_to: Text | None = None
    ship_complete: bool = False
    notes: Text | None = None
    items: NewLines = []


class SalesOrderChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """A PATCH of a draft. `items`, where given, replaces all lines."""

    customer_id: UUID | UnsetType | None = UNSET
    so_number: LongCode | UnsetType = UNSET
    order_date: date | UnsetType = UNSET
    expected_delivery_date: date | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    customer_reference: Text100 | UnsetType | None = UNSET
    warehouse_id: UUID | UnsetType | None = UNSET
    priority: Priority | UnsetType = UNSET
    ship_to: Text | UnsetType | None = UNSET
    ship_complete: bool | UnsetType = UNSET
    notes: Text | UnsetType | None = UNSET
    items: NewLines | UnsetType = UNSET


class Promise(Struct, frozen=True, forbid_unknown_fields=True):
    """How the stock for an order is reserved when it is confirmed; each has a default.

    With `warehouse_id` only from there; without it, from the order's own warehouse if it names one. What is
    not available is backordered, or refuses the confirmation if `allow_backorder` is false.
    """

    strategy: Strategy = "fewest_splits"
    allow_backorder: bool = True
    warehouse_id: UUID | None = None
