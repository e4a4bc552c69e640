"""What a demo company is made of, before anything happens there."""

from collections.abc import Mapping
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt
from typing import Literal, NamedTuple

_EARTH_RADIUS_KM = 6371.0

ProductKind = Literal["made", "bought", "material"]
"""Made here and sold; bought and sold; bought and used to make something."""
Link = Literal["road", "rail", "ocean"]


class Place(NamedTuple):
    """A city. `port` is its UN/LOCODE where ships call for this company."""

    city: str
    country: str
    latitude: float
    longitude: float
    port: str | None = None

    @property
    def name(self) -> str:
        return f"{self.city}, {self.country}"


def distance_km(a: Place, b: Place) -> float:
    """Along the great circle, by the haversine formula."""
    half_latitude = sin(radians(b.latitude - a.latitude) / 2) ** 2
    half_longitude = sin(radians(b.longitude - a.longitude) / 2) ** 2
    h = half_latitude + cos(radians(a.latitude)) * cos(radians(b.latitude)) * half_longitude
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(h))


class Warehouse(NamedTuple):
    """`linked_by` is how transfers reach it."""

    name: str
    place: Place
    capacity: int
    linked_by: Link


class Supplier(NamedTuple):
    """Who delivers, from where, how fast and how well.

    `on_time` is the chance that a delivery leaves as promised, two years ago and today: suppliers change.
    """

    key: str
    name: str
    place: Place
    warehouse: int
    preparation_days: int
    on_time: tuple[float, float]
    review_weekdays: tuple[int, ...]
    locale: str
    replaced_by: str | None
    """Who took over when this one was dropped, a year ago."""

    @property
    def overseas(self) -> bool:
        """Its goods come by ship."""
        return self.place.port is not None

    @property
    def payment_terms(self) -> str:
        return "Net 60" if self.overseas else "Net 30"


class Season(NamedTuple):
    """Demand over the year: 1 ± `swing`, highest in `peak_month`, growing by `growth` a year."""

    swing: float
    peak_month: int
    growth: float


class Product(NamedTuple):
    """Quantities are base units; `pack` of them are bought, made and sold together."""

    sku: str
    name: str
    description: str
    category: str
    unit: str
    pack: int
    gtin: str | None
    unit_cost: Decimal
    selling_price: Decimal | None
    weight_grams: int
    kind: ProductKind
    supplier: str | None
    popularity: float
    recipe: tuple[tuple[str, int], ...] = ()
    """SKU and base units of each material in 1,000 units of a made product."""
    discontinued: bool = False
    """Sold off since some months: no longer bought or made."""


class CustomerKind(NamedTuple):
    """What follows the name on the sign, by locale; how large the orders are; how many are of the kind."""

    suffixes: Mapping[str, tuple[str, ...]]
    size: float
    weight: float


class Company(NamedTuple):
    """One organization of the demo."""

    name: str
    domain: str
    industry: str
    country: str
    timezone: str
    currency: str
    opens_utc: int
    """The hour at which its warehouses begin to work."""
    warehouses: tuple[Warehouse, ...]
    suppliers: tuple[Supplier, ...]
    products: tuple[Product, ...]
    seasons: Mapping[str, Season]
    customers: int
    customer_places: tuple[tuple[str, Place], ...]
    """Locale of the people there, and the city."""
    customer_kinds: tuple[CustomerKind, ...]
    export_customers: tuple[tuple[str, Place], ...]
    """Reached by ship: few, far away and large."""
    orders_per_day: float
    line_value: float
    """What a middling order line is worth, in the company's currency."""
    counter_sales: float
    """The part of the orders that somebody fetches at the counter."""
    road_carriers: tuple[str, ...]
    ocean_carriers: tuple[tuple[str, str], ...]
    """Name, and the four letters that its containers' numbers begin with."""
