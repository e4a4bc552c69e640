"""Records that a simulated company produces: orders, shipments, stock movements, and their histories.

Products, warehouses, suppliers and customers are referenced by index in the company's lists; quantities are
base units; instants are aware and in UTC.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, NamedTuple
from uuid import UUID

from imsop.demo.company import Place
from imsop.demo.partners import Customer
from imsop.demo.routes import Route
from imsop.identity.roles.permissions import SystemRole
from imsop.inventory.ledger.rules import MovementKind

ShipmentStatus = Literal["pending", "in_transit", "delivered", "cancelled"]
ShipmentType = Literal["inbound", "outbound", "transfer"]
TransportMode = Literal["ocean", "road", "rail", "courier"]
HoldKind = Literal["quarantine", "hold"]
StopType = Literal[
    "created", "picked_up", "departed", "arrived", "customs_hold", "customs_released", "out_for_delivery",
    "delivered", "delayed", "cancelled",
]  # fmt: skip

_CENT = Decimal("0.01")


class Movement(NamedTuple):
    """A row of the ledger."""

    product: int
    warehouse: int
    quantity: int
    kind: MovementKind
    reference: str | None
    note: str | None
    occurred_at: datetime
    purchase_line: UUID | None
    sales_line: UUID | None
    receipt_line: int | None = None
    """Place in the books' `receipt_lines`, of goods that came in for an order."""
    return_line: int | None = None
    """Place in the books' `return_lines`, of goods that went back to a supplier."""


class Change(NamedTuple):
    """A row of an order's history."""

    from_status: str | None
    to_status: str
    by: SystemRole
    occurred_at: datetime
    note: str | None


class BusinessEvent(NamedTuple):
    """A row of analytics_events."""

    event_type: str
    entity_type: str
    entity_id: str
    by: SystemRole
    metadata: dict[str, Any]
    created_at: datetime


class Hold(NamedTuple):
    """A reservation without an order, such as for quality inspection."""

    product: int
    warehouse: int
    quantity: int
    kind: HoldKind
    reason: str


def _line_total(quantity: int, unit_price: Decimal) -> Decimal:
    """Rounded half up, as the product does."""
    return (quantity * unit_price).quantize(_CENT, ROUND_HALF_UP)


@dataclass(slots=True, eq=False)
class PurchaseLine:
    id: UUID
    product: int
    ordered: int
    unit_price: Decimal
    expected_on: date
    promised_on: date | None = None
    received: int = 0
    rejected: int = 0
    closed: int = 0
    received_on: date | None = None

    @property
    def total(self) -> Decimal:
        return _line_total(self.ordered, self.unit_price)


@dataclass(slots=True, eq=False)
class PurchaseOrder:
    id: UUID
    number: str
    supplier: int
    ordered_on: date
    lines: list[PurchaseLine]
    expected_on: date
    status: str = "draft"
    received_on: date | None = None
    consignments: int = 0
    """Consignments not yet received."""
    history: list[Change] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))


@dataclass(slots=True, eq=False)
class Posted:
    """A goods receipt, or a return to a supplier."""

    number: str
    order: PurchaseOrder
    warehouse: int
    at: datetime
    delivery_note: str | None = None


class PostedLine(NamedTuple):
    """A line of a receipt or return, numbered from 1 within it."""

    document: Posted
    number: int
    line: PurchaseLine
    quantity: int
    reason: str | None = None


@dataclass(slots=True, eq=False)
class SalesLine:
    id: UUID
    product: int
    ordered: int
    unit_price: Decimal
    reserved: int = 0
    shipped: int = 0
    returned: int = 0
    delivered_on: date | None = None

    @property
    def total(self) -> Decimal:
        return _line_total(self.ordered, self.unit_price)

    @property
    def missing(self) -> int:
        """Neither shipped nor reserved."""
        return self.ordered - self.shipped - self.reserved


@dataclass(slots=True, eq=False)
class SalesOrder:
    """A sales order. `ready_on` is the planned shipping date; `customer` is None for a counter sale."""

    id: UUID
    number: str
    customer: int | None
    warehouse: int
    ordered_on: date
    ready_on: date
    expected_on: date
    lines: list[SalesLine]
    accepts_parts: bool
    status: str = "draft"
    delivered_on: date | None = None
    underway: int = 0
    """Shipments in transit."""
    note: str | None = None
    history: list[Change] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))


class ShipmentLine(NamedTuple):
    product: int
    quantity: int
    purchase_line: PurchaseLine | None = None
    sales_line: SalesLine | None = None


class Stop(NamedTuple):
    """A row of shipment_events."""

    event_type: StopType
    location: str
    source: str
    occurred_at: datetime
    payload: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class Shipment:
    """A shipment. `departs_at` and `arrives_at` may be in the future, which no record reveals."""

    id: UUID
    reference: str
    type: ShipmentType
    mode: TransportMode
    carrier: str
    tracking_number: str
    origin: Place
    destination: Place
    route: Route
    lines: list[ShipmentLine]
    weight_grams: int
    expected_on: date
    departs_at: datetime
    arrives_at: datetime
    status: ShipmentStatus = "pending"
    ship_date: date | None = None
    delivered_on: date | None = None
    purchase_order: PurchaseOrder | None = None
    sales_order: SalesOrder | None = None
    supplier: int | None = None
    origin_warehouse: int | None = None
    destination_warehouse: int | None = None
    stops: list[Stop] = field(default_factory=list)


class Fix(NamedTuple):
    """A row of shipment_tracking."""

    shipment: UUID
    location: str
    latitude: float
    longitude: float
    status: str
    timestamp: datetime


class ReorderRule(NamedTuple):
    """At or below `level`, with open orders counted, `quantity` is ordered or made."""

    level: int
    quantity: int


@dataclass(slots=True)
class Books:
    """All records of a simulated company until the end of the simulation."""

    customers: list[Customer] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    purchase_orders: list[PurchaseOrder] = field(default_factory=list)
    receipt_lines: list[PostedLine] = field(default_factory=list)
    """Of all goods receipts, in chronological order; so are the following."""
    return_lines: list[PostedLine] = field(default_factory=list)
    sales_orders: list[SalesOrder] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    fixes: list[Fix] = field(default_factory=list)
    events: list[BusinessEvent] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    rules: list[ReorderRule] = field(default_factory=list)
    """By product, as of the end."""
    ratings: list[Decimal] = field(default_factory=list)
    """By supplier, 0 to 5."""
    lead_times_days: list[int] = field(default_factory=list)
    """By supplier, from ordering to receipt."""
