"""The demo companies' static data."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from searoute.data.ports_dict import node_list

from imsop.demo.catalogue import demo_gtin, foods, tools
from imsop.demo.company import Company, Place, distance_km
from imsop.demo.partners import make_customers

HARBOUR_KM = 10
"""Maximal distance of a port's quays from its coordinates."""


@pytest.fixture(params=[foods, tools])
def company(request: pytest.FixtureRequest) -> Company:
    make: Callable[[], Company] = request.param
    return make()


def check_digit(digits: str) -> str:
    """GS1 General Specifications, 7.9: weights 3 and 1 from the right, up to the next ten."""
    weighted = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return str(-weighted % 10)


def test_a_gtin_ends_in_its_check_digit() -> None:
    assert demo_gtin(1001, 1) == "9521001000017"
    for item in range(1, 2000):
        gtin = demo_gtin(2002, item)
        assert gtin[-1] == check_digit(gtin[:-1])


def test_products_that_are_sold_have_a_gtin_of_their_own(company: Company) -> None:
    sold = [product for product in company.products if product.kind != "material"]
    gtins = [product.gtin or "" for product in sold]
    assert len(set(gtins)) == len(gtins) > 90
    assert all(gtin.startswith("952") for gtin in gtins), "the prefix that GS1 keeps for demonstrations"
    assert all(gtin[-1] == check_digit(gtin[:-1]) for gtin in gtins)
    assert all((product.selling_price or Decimal(0)) > product.unit_cost for product in sold)


def test_skus_are_unique_and_recipes_and_suppliers_exist(company: Company) -> None:
    skus = {product.sku for product in company.products}
    assert len(skus) == len(company.products)
    suppliers = {supplier.key for supplier in company.suppliers}
    assert {supplier.replaced_by for supplier in company.suppliers} - {None} < suppliers
    for product in company.products:
        assert {sku for sku, _ in product.recipe} <= skus
        assert product.supplier in suppliers or (product.kind == "made" and product.recipe)


def test_ports_are_real_and_at_their_coordinates(company: Company) -> None:
    ports = {
        port["port"]: Place("", "", latitude, longitude) for (longitude, latitude), port in node_list.items()
    }
    places = [warehouse.place for warehouse in company.warehouses]
    places += [supplier.place for supplier in company.suppliers]
    places += [place for _, place in company.export_customers]
    called_at = [place for place in places if place.port]
    assert len(called_at) > 20
    for place in called_at:
        assert distance_km(place, ports[place.port or ""]) < HARBOUR_KM, place.name


def test_customers_are_deterministic_and_fictitious(company: Company) -> None:
    customers = make_customers(company)
    assert customers == make_customers(company)
    assert len({customer.name for customer in customers}) == len(customers) == company.customers
    assert len({customer.number for customer in customers}) == len(customers)
    assert all(customer.contact.email.endswith(".example") for customer in customers)
    assert all(" 555 01" in customer.contact.phone for customer in customers)
