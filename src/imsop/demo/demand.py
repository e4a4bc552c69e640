"""Simulates customer demand: season, trend, weekday and preferences."""

from bisect import bisect
from datetime import date, timedelta
from itertools import accumulate
from math import cos, exp, pi, sqrt
from random import Random
from typing import NamedTuple

from imsop.demo.company import Company, Product
from imsop.demo.partners import Customer

_WEEKDAYS = (1.42, 1.32, 1.22, 1.16, 1.10, 0.55, 0.23)
"""Orders by weekday, Monday first, relative to the mean."""
_MEAN_EXTRA_LINES = 3.6
_MOST_LINES = 14
_EXPORT_LINES = (8, 14)
_QUANTITY_SIGMA = 0.6
"""Standard deviation of the logarithm of a line's value."""
_SAMPLE_ORDERS = 4000
"""Sample size for estimating mean demand: accurate to 2 % for the products that matter."""
_DISCONTINUED_SINCE_DAYS = 150
_MEASURED_DAYS_AGO = 183
"""A day on which no product was discontinued yet."""


class Wish(NamedTuple):
    """An order line as wanted, regardless of stock."""

    product: int
    quantity: int


class Expectation(NamedTuple):
    """Expected demand for a product in one warehouse: mean in base units a day, and variance."""

    per_day: float
    variance: float

    def needed(self, days: float, factor: float) -> float:
        """Demand over `days`: the mean plus `factor` standard deviations."""
        return self.per_day * days + factor * sqrt(self.variance * days)


class Demand:
    """Generates orders. `today` is the reference of trends, on which demand has its current level."""

    def __init__(self, company: Company, customers: list[Customer], today: date) -> None:
        self.company = company
        self.customers = customers
        self.today = today
        self.sold = [number for number, product in enumerate(company.products) if product.kind != "material"]
        self._customer_weights = list(accumulate(customer.weight for customer in customers))
        self._weights: dict[tuple[int, int], tuple[list[float], float]] = {}

    def season(self, category: str, day: date) -> float:
        """The seasonal factor of a category, 1 on average."""
        season = self.company.seasons[category]
        months_from_peak = day.month + day.day / 31 - 0.5 - season.peak_month
        return 1 + season.swing * cos(2 * pi * months_from_peak / 12)

    def is_over(self, product: Product, day: date) -> bool:
        """True if the product is discontinued, and by `day` its demand has ended."""
        return product.discontinued and (self.today - day).days < _DISCONTINUED_SINCE_DAYS

    def _level(self, product: Product, day: date) -> float:
        """Demand relative to a mean day of the year that ends today."""
        if self.is_over(product, day):
            return 0.0
        years = (day - self.today).days / 365.25
        growth: float = (1 + self.company.seasons[product.category].growth) ** years
        return growth * self.season(product.category, day)

    def _product_weights(self, day: date) -> tuple[list[float], float]:
        """Cumulative weights in the order of `sold`, and the month's overall level; cached by month."""
        month = (day.year, day.month)
        if month not in self._weights:
            middle = day.replace(day=15)
            products = [self.company.products[number] for number in self.sold]
            weights = [product.popularity * self._level(product, middle) for product in products]
            self._weights[month] = (
                list(accumulate(weights)),
                sum(weights) / sum(product.popularity for product in products),
            )
        return self._weights[month]

    def orders_on(self, day: date, rng: Random) -> int:
        _, busy = self._product_weights(day)
        mean = self.company.orders_per_day * busy * _WEEKDAYS[day.weekday()]
        return _poisson(rng, mean)

    def customer(self, rng: Random) -> int:
        return bisect(self._customer_weights, rng.random() * self._customer_weights[-1])

    def wishes(self, customer: Customer | None, day: date, rng: Random) -> list[Wish]:
        """The lines of an order; a counter sale (no customer) has a few pieces."""
        weights, _ = self._product_weights(day)
        if customer is not None and customer.place.port:
            count = rng.randint(*_EXPORT_LINES)
        else:
            count = min(_MOST_LINES, 1 + int(rng.expovariate(1 / _MEAN_EXTRA_LINES)))
        wanted: dict[int, int] = {}
        for _ in range(count * 3):
            number = self.sold[min(bisect(weights, rng.random() * weights[-1]), len(self.sold) - 1)]
            product = self.company.products[number]
            if number in wanted or (customer and product.category not in customer.categories):
                continue
            wanted[number] = self._quantity(product, customer, rng)
            if len(wanted) == count:
                break
        return [Wish(number, quantity) for number, quantity in wanted.items()]

    def _quantity(self, product: Product, customer: Customer | None, rng: Random) -> int:
        if customer is None:
            return rng.randint(1, 4)
        value = self.company.line_value * customer.size * rng.lognormvariate(0, _QUANTITY_SIGMA)
        pack_price = float(product.selling_price or 1) * product.pack
        return max(1, round(value / pack_price)) * product.pack

    def expectations(self, days_made_at_once: int) -> list[list[Expectation]]:
        """Expected demand per day by product and warehouse, without season: estimated from sample orders
        with a fixed seed.
        """
        day = (self.today - timedelta(days=_MEASURED_DAYS_AGO)).replace(day=15)
        rng = Random("expectations")  # noqa: S311 - a simulation's random numbers
        warehouses = range(len(self.company.warehouses))
        units = [[0.0 for _ in warehouses] for _ in self.company.products]
        squares = [[0.0 for _ in warehouses] for _ in self.company.products]
        for _ in range(_SAMPLE_ORDERS):
            customer = self.customers[self.customer(rng)]
            for wish in self.wishes(customer, day, rng):
                season = self.season(self.company.products[wish.product].category, day)
                units[wish.product][customer.warehouse] += wish.quantity / season
                squares[wish.product][customer.warehouse] += wish.quantity**2 / season
        part = self.company.orders_per_day * self._product_weights(day)[1] / _SAMPLE_ORDERS
        expected = [
            [Expectation(unit * part, square * part) for unit, square in zip(*product, strict=True)]
            for product in zip(units, squares, strict=True)
        ]
        self._add_materials(expected, days_made_at_once)
        return expected

    def _add_materials(self, expected: list[list[Expectation]], days_made_at_once: int) -> None:
        """Adds the plant's demand for materials, which is lumpy: by batches, for many days at once."""
        numbers = {product.sku: number for number, product in enumerate(self.company.products)}
        for number, product in enumerate(self.company.products):
            made_per_day = sum(each.per_day for each in expected[number])
            for sku, quantity in product.recipe:
                per_day = made_per_day * quantity / 1000
                material = expected[numbers[sku]]
                material[0] = Expectation(
                    material[0].per_day + per_day, material[0].variance + days_made_at_once * per_day**2
                )


def _poisson(rng: Random, mean: float) -> int:
    """A Poisson random number by Knuth's method (The Art of Computer Programming, 2, 3.4.1)."""
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
