"""Static data of a demo company."""

from collections.abc import Mapping
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt
from typing import Literal, NamedTuple

_EARTH_RADIUS_KM = 6371.0

ProductKind = Literal["made", "bought", "material"]
"""Made here and sold; bought and sold; bought as material."""
Link = Literal["road", "rail", "ocean"]


class Place(NamedTuple):
    """A city. `port` is its UN/LOCODE if ships call there for this company."""

    city: str
    country: str
    latitude: float
    longitude: float
    port: str | None = None

    @property
    def name(self) -> str:
        return f"{self.city}, {self.country}"


def distance_km(a: Place, b: Place) -> float:
    """Great-circle distance by the haversine formula."""
    half_latitude = sin(radians(b.latitude - a.latitude) / 2) ** 2
    half_longitude = sin(radians(b.longitude - a.longitude) / 2) ** 2
    h = half_latitude + cos(radians(a.latitude)) * cos(radians(b.latitude)) * half_longitude
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(h))


class Warehouse(NamedTuple):
    """A warehouse. `linked_by` is the transport mode of transfers to it."""

    name: str
    place: Place
    capacity: int
    linked_by: Link


class Supplier(NamedTuple):
    """A supplier with its location, speed and reliability.

    `on_time` is the probability that a delivery leaves as promised, two years ago and today, between which it
    changes.
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
    """The supplier that replaced this one a year ago, if any."""

    @property
    def overseas(self) -> bool:
        """True if its goods come by ship."""
        return self.place.port is not None

    @property
    def payment_terms(self) -> str:
        return "Net 60" if self.overseas else "Net 30"


class Season(NamedTuple):
    """Seasonal demand: 1 ± `swing`, highest in `peak_month`, growing by `growth` a year."""

    swing: float
    peak_month: int
    growth: float


class Product(NamedTuple):
    """A product. Quantities are base units; `pack` of them are bought, made and sold together."""

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
    """Selling off for some months: no longer bought or made."""


class CustomerKind(NamedTuple):
    """A kind of customer: suffixes of its names by locale, size of its orders, share of all customers."""

    suffixes: Mapping[str, tuple[str, ...]]
    size: float
    weight: float


class Company(NamedTuple):
    """One demo organization: products, suppliers, warehouses, customers and parameters of its business."""

    name: str
    domain: str
    industry: str
    country: str
    timezone: str
    currency: str
    opens_utc: int
    """The hour at which its warehouses open."""
    warehouses: tuple[Warehouse, ...]
    suppliers: tuple[Supplier, ...]
    products: tuple[Product, ...]
    seasons: Mapping[str, Season]
    customers: int
    customer_places: tuple[tuple[str, Place], ...]
    """Locale of its people, and the city."""
    customer_kinds: tuple[CustomerKind, ...]
    export_customers: tuple[tuple[str, Place], ...]
    """Reached by ship: few, far away and large."""
    orders_per_day: float
    line_value: float
    """Value of a median order line, in the company's currency."""
    counter_sales: float
    """Share of orders that are counter sales."""
    road_carriers: tuple[str, ...]
    ocean_carriers: tuple[tuple[str, str], ...]
    """Name, and the four-letter prefix of its container numbers."""
