"""State of a simulation: calendar, stock, books, and scheduled work."""

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter
from random import Random
from typing import Any
from uuid import UUID

from imsop.demo.company import Company, Product, Supplier
from imsop.demo.documents import (
    Books,
    BusinessEvent,
    Movement,
    PurchaseLine,
    ReorderRule,
    SalesLine,
    SalesOrder,
)
from imsop.demo.partners import Customer
from imsop.identity.roles.permissions import SystemRole
from imsop.inventory.ledger.rules import MovementKind

YEARS = 2
DAYS = 365 * YEARS + 1
_HOLIDAYS = {(1, 1), (12, 25), (12, 26)}
_SECONDS_OF_WORK = (4, 45)
"""Between two bookings."""


class World:
    """The simulated company.

    `end` is the first instant beyond the simulation: midnight UTC at the start of today.
    """

    def __init__(self, company: Company, customers: list[Customer], today: date, seed: str) -> None:
        self.company = company
        self.customers = customers
        self.today = today
        self.first_day = today - timedelta(days=DAYS)
        self.last_day = today - timedelta(days=1)
        self.end = datetime.combine(today, time(), UTC)
        self.rng = Random(f"{seed} {company.name} {today}")  # noqa: S311 - a simulation's random numbers
        self.day = self.first_day
        self.now = self.at(self.first_day, -company.opens_utc)
        self.books = Books()
        self.stock = Stock(company)
        self.rules: list[ReorderRule] = []
        self.scarce: dict[int, date] = {}
        self.open_orders: dict[UUID, SalesOrder] = {}
        self._agenda: dict[date, list[tuple[float, Callable[[], None]]]] = defaultdict(list)
        self._numbers: dict[str, int] = defaultdict(int)
        numbers = {product.sku: number for number, product in enumerate(company.products)}
        self.recipes = [
            [(numbers[sku], quantity) for sku, quantity in product.recipe] for product in company.products
        ]
        """By product: the materials in 1,000 units of it."""
        self._suppliers = {supplier.key: number for number, supplier in enumerate(company.suppliers)}

    # Time

    def at(self, day: date, hours_after_opening: float) -> datetime:
        opening = datetime.combine(day, time(self.company.opens_utc), UTC)
        return opening + timedelta(hours=hours_after_opening)

    def begin_phase(self, hours_after_opening: float) -> None:
        """Advances the clock to this hour of the day, unless it is later already."""
        self.now = max(self.now, self.at(self.day, hours_after_opening))

    def tick(self) -> datetime:
        """Advances the clock to the next booking, which keeps the ledger in order."""
        self.now += timedelta(seconds=self.rng.randint(*_SECONDS_OF_WORK))
        return self.now

    def working_day_after(self, day: date, days: int) -> date:
        """The given day or the next working day, plus this number of working days."""
        while not is_working(day):
            day += timedelta(days=1)
        for _ in range(days):
            day += timedelta(days=1)
            while not is_working(day):
                day += timedelta(days=1)
        return day

    def schedule(self, day: date, hours_after_opening: float, what: Callable[[], None]) -> None:
        """Schedules work for that day, or the next one if it has passed."""
        self._agenda[max(day, self.day + timedelta(days=1))].append((hours_after_opening, what))

    def do_what_is_due(self) -> None:
        for hours_after_opening, what in sorted(self._agenda.pop(self.day, []), key=itemgetter(0)):
            self.begin_phase(hours_after_opening)
            what()

    @property
    def elapsed(self) -> float:
        """The elapsed share of the simulation: 0 on the first day, 1 on the last."""
        return (self.day - self.first_day).days / DAYS

    # Names and numbers

    def new_id(self, at: datetime) -> UUID:
        """A UUID of version 7 (RFC 9562) for that instant, so that keys are in chronological order."""
        milliseconds = int(at.timestamp() * 1000)
        value = milliseconds << 80 | 7 << 76 | self.rng.getrandbits(12) << 64
        return UUID(int=value | 2 << 62 | self.rng.getrandbits(62))

    def new_number(self, prefix: str) -> str:
        """The next document number, by year as in the product."""
        series = f"{prefix}-{self.day.year}"
        self._numbers[series] += 1
        return f"{series}-{self._numbers[series]:06}"

    def product(self, number: int) -> Product:
        return self.company.products[number]

    def supplier_of(self, number: int) -> int | None:
        """The current supplier of the product; None if it is made here."""
        key = self.company.products[number].supplier
        if key is None:
            return None
        supplier: Supplier = self.company.suppliers[self._suppliers[key]]
        if supplier.replaced_by is not None and self.elapsed > 1 / YEARS:
            key = supplier.replaced_by
        return self._suppliers[key]

    def hub_of(self, number: int) -> int:
        """The warehouse where the product arrives or is made."""
        key = self.company.products[number].supplier
        return 0 if key is None else self.company.suppliers[self._suppliers[key]].warehouse

    def is_scarce(self, number: int) -> bool:
        return number in self.scarce and self.day >= self.scarce[number]

    # Books

    def move(
        self,
        product: int,
        warehouse: int,
        quantity: int,
        kind: MovementKind,
        reference: str | None,
        note: str | None = None,
        line: PurchaseLine | SalesLine | None = None,
        receipt_line: int | None = None,
        return_line: int | None = None,
    ) -> None:
        """Moves stock and appends to the ledger. Stock never falls below what is reserved."""
        on_hand = self.stock.on_hand[warehouse]
        on_hand[product] += quantity
        if on_hand[product] < self.stock.reserved[warehouse][product]:
            raise RuntimeError(f"{kind} of {quantity} leaves less than is reserved: {reference}")
        self.books.movements.append(
            Movement(
                product,
                warehouse,
                quantity,
                kind,
                reference,
                note,
                self.tick(),
                line.id if isinstance(line, PurchaseLine) else None,
                line.id if isinstance(line, SalesLine) else None,
                receipt_line,
                return_line,
            )
        )

    def tell(
        self,
        event_type: str,
        entity_id: UUID | str,
        by: SystemRole,
        at: datetime | None = None,
        **metadata: Any,
    ) -> None:
        """Records a business event; the kind of its entity is the first part of its type."""
        if at is None or at < self.end:
            entity_type = event_type.partition(".")[0]
            self.books.events.append(
                BusinessEvent(event_type, entity_type, str(entity_id), by, metadata, at or self.now)
            )


class Stock:
    """By warehouse and product: on hand, reserved, inbound, and queued order lines."""

    def __init__(self, company: Company) -> None:
        warehouses, products = len(company.warehouses), len(company.products)
        self.on_hand = [[0] * products for _ in range(warehouses)]
        self.reserved = [[0] * products for _ in range(warehouses)]
        self.coming = [[0] * products for _ in range(warehouses)]
        """In transfers under way."""
        self.waiting: list[list[deque[SalesLine]]] = [
            [deque() for _ in range(products)] for _ in range(warehouses)
        ]
        self.on_order = [0] * products
        self.in_making = [0] * products

    def available(self, warehouse: int, product: int) -> int:
        return self.on_hand[warehouse][product] - self.reserved[warehouse][product]

    def short(self, warehouse: int, product: int) -> int:
        """The quantity that queued orders wait for."""
        return sum(line.missing for line in self.waiting[warehouse][product])

    def outlook(self, warehouse: int, product: int) -> int:
        """Stock that will be available once all inbound has arrived and all queued orders are served."""
        return (
            self.available(warehouse, product)
            + self.coming[warehouse][product]
            - self.short(warehouse, product)
        )

    def position(self, product: int) -> int:
        """The company's stock position: all outlooks, plus open purchase and production orders."""
        outlooks = sum(self.outlook(warehouse, product) for warehouse in range(len(self.on_hand)))
        return outlooks + self.on_order[product] + self.in_making[product]


def is_working(day: date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS
