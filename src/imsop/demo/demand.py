"""What customers want: by season, trend, weekday and taste."""

from bisect import bisect
from datetime import date, timedelta
from itertools import accumulate
from math import cos, exp, pi, sqrt
from random import Random
from typing import NamedTuple

from imsop.demo.company import Company, Product
from imsop.demo.partners import Customer

_WEEKDAYS = (1.42, 1.32, 1.22, 1.16, 1.10, 0.55, 0.23)
"""Orders on each, Monday first, against the mean."""
_MEAN_EXTRA_LINES = 3.6
_MOST_LINES = 14
_EXPORT_LINES = (8, 14)
_QUANTITY_SIGMA = 0.6
"""Of the logarithm of a line's value."""
_SAMPLE_ORDERS = 4000
"""Drawn to learn what is wanted in the mean: enough for 2 % on the products that matter."""
_DISCONTINUED_SINCE_DAYS = 150
_MEASURED_DAYS_AGO = 183
"""When everything was still wanted."""


class Wish(NamedTuple):
    """A line of an order before anybody asked whether there is stock."""

    product: int
    quantity: int


class Expectation(NamedTuple):
    """Of a product in one warehouse: base units a day in the mean, and the variance of that."""

    per_day: float
    variance: float

    def needed(self, days: float, factor: float) -> float:
        """For so many days: the mean and so many standard deviations of it."""
        return self.per_day * days + factor * sqrt(self.variance * days)


class Demand:
    """`today` is where trends are measured from: they have brought demand to what it is now."""

    def __init__(self, company: Company, customers: list[Customer], today: date) -> None:
        self.company = company
        self.customers = customers
        self.today = today
        self.sold = [number for number, product in enumerate(company.products) if product.kind != "material"]
        self._customer_weights = list(accumulate(customer.weight for customer in customers))
        self._weights: dict[tuple[int, int], tuple[list[float], float]] = {}

    def season(self, category: str, day: date) -> float:
        """Of the year, 1 in the mean."""
        season = self.company.seasons[category]
        months_from_peak = day.month + day.day / 31 - 0.5 - season.peak_month
        return 1 + season.swing * cos(2 * pi * months_from_peak / 12)

    def is_over(self, product: Product, day: date) -> bool:
        """Whether nobody wants it any more."""
        return product.discontinued and (self.today - day).days < _DISCONTINUED_SINCE_DAYS

    def _level(self, product: Product, day: date) -> float:
        """Against a mean day of the year that ends today."""
        if self.is_over(product, day):
            return 0.0
        years = (day - self.today).days / 365.25
        growth: float = (1 + self.company.seasons[product.category].growth) ** years
        return growth * self.season(product.category, day)

    def _product_weights(self, day: date) -> tuple[list[float], float]:
        """Cumulated, in the order of `sold`, and how busy the day's month is. The same all month."""
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
        """The lines of an order; at the counter (no customer) a few pieces."""
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
        """By product and warehouse, without its season: from sample orders, the same every time."""
        day = (self.today - timedelta(days=_MEASURED_DAYS_AGO)).replace(day=15)
        rng = Random("expectations")  # noqa: S311 - a simulation's dice
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
        """What is made needs materials at the plant, batch by batch: seldom, and then many days' worth."""
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
    """Knuth's method (The Art of Computer Programming, 2, 3.4.1): the means here are small."""
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
