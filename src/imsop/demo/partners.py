"""Generates customers and contacts: plausible names of nobody."""

import re
import unicodedata
from random import Random
from typing import NamedTuple

from mimesis import Address, Person
from mimesis.locales import Locale

from imsop.demo.company import Company, Place, distance_km

_EXPORT_SIZE = 3.0
_EXPORT_WEIGHT = 1.2
_DIALLING_CODES = {
    "da": 45, "de": 49, "en": 1, "en-gb": 44, "es": 34, "es-mx": 52, "fr": 33, "it": 39, "nl": 31, "no": 47,
    "pl": 48, "pt-br": 55, "sv": 46, "tr": 90,
}  # fmt: skip


class Contact(NamedTuple):
    person: str
    email: str
    phone: str
    address: str
    postal_code: str


class Customer(NamedTuple):
    """A customer.

    `size` scales its order lines, `weight` how often it orders; `categories` is what it buys.
    """

    number: str
    name: str
    place: Place
    contact: Contact
    warehouse: int
    size: float
    weight: float
    discount_percent: int
    categories: frozenset[str]

    @property
    def overseas(self) -> bool:
        """True if it is reached by ship."""
        return self.place.port is not None

    @property
    def payment_terms(self) -> str:
        return "Net 60" if self.overseas else "Net 30"


def make_customers(company: Company) -> list[Customer]:
    """The same customers every time, with unique names."""
    rng = Random(f"customers of {company.name}")  # noqa: S311 - a simulation's random numbers
    people = {
        locale: Person(Locale(locale), seed=number)
        for number, locale in enumerate(dict.fromkeys(locale for locale, _ in company.customer_places))
    }
    customers: list[Customer] = []
    taken: set[str] = set()
    kinds = [kind.weight for kind in company.customer_kinds]
    while len(customers) < company.customers - len(company.export_customers):
        locale, place = rng.choice(company.customer_places)
        kind = rng.choices(company.customer_kinds, kinds)[0]
        name = f"{people[locale].last_name()} {rng.choice(kind.suffixes[locale])}"
        if name not in taken:
            taken.add(name)
            size, weight = kind.size * rng.uniform(0.7, 1.4), rng.uniform(0.4, 1.6)
            customers.append(_customer(company, rng, len(customers), name, place, locale, size, weight))
    for name, place in company.export_customers:
        customers.append(
            _customer(company, rng, len(customers), name, place, "en", _EXPORT_SIZE, _EXPORT_WEIGHT)
        )
    return customers


def _customer(
    company: Company,
    rng: Random,
    index: int,
    name: str,
    place: Place,
    locale: str,
    size: float,
    weight: float,
) -> Customer:
    # Ships leave from where goods arrive, trucks from any warehouse.
    arrivals = {supplier.warehouse for supplier in company.suppliers}
    near = sorted(arrivals) if place.port else range(len(company.warehouses))
    warehouse = min(near, key=lambda number: distance_km(place, company.warehouses[number].place))
    categories = sorted(company.seasons)
    return Customer(
        number=f"C-{10_000 + index * 7}",
        name=name,
        place=place,
        contact=make_contact(name, locale, index),
        warehouse=warehouse,
        size=size,
        weight=weight,
        discount_percent=rng.choice((0, 0, 2, 3, 5)) + (5 if size > 2 else 0),
        categories=frozenset(
            rng.sample(categories, rng.randint(max(2, len(categories) - 4), len(categories)))
        ),
    )


def make_contact(organization: str, locale: str, seed: int) -> Contact:
    """A contact person. The domain ends in .example and the number in 555 01xx, so neither reaches anyone."""
    person, address = Person(Locale(locale), seed=seed), Address(Locale(locale), seed=seed)
    name = person.full_name()
    return Contact(
        person=name,
        email=f"{_slug(name.split()[-1])}@{_slug(organization)}.example",
        phone=f"+{_DIALLING_CODES[locale]} 555 01{seed * 37 % 100:02}",
        address=address.address(),
        postal_code=address.postal_code(),
    )


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
