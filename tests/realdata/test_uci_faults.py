"""All faults of the retailer's files are reported, and nothing is loaded."""

from functools import partial
from pathlib import Path

import pytest

from imsop.core.database import Pool
from imsop.core.embedded import OperatorError
from imsop.core.errors import InvalidInput
from imsop.core.installation import silent
from imsop.demo.people import is_founded, load_organizations
from imsop.realdata import uci
from tests.conftest import TestDatabase
from tests.realdata.gifts import CUSTOMERS, LINES, PRODUCTS, SALE, gifts, line
from tests.realdata.loaded import SETTINGS, faults, load


async def test_every_faulty_value_is_named_and_nothing_is_loaded(pool: Pool, tmp_path: Path) -> None:
    broken = {
        "invoice_no": "5" * 101,
        "line_no": "0",
        "line_kind": "gift",
        "stock_code": "",
        "description": "x" * 256,
        "quantity": "1.5",
        "unit_price_gbp": "2,55",
        "invoice_at": "2010-02-30T08:26:00",
    }
    others = [
        SALE | {"line_no": "2", "quantity": "0", "unit_price_gbp": "1000000"},
        SALE | {"line_no": "3", "quantity": "1000000", "unit_price_gbp": "0.00001"},
        SALE | {"line_no": "4", "invoice_at": "01/12/2010 08:26", "quantity": ""},
        SALE | {"line_no": "5", "invoice_at": "1899-12-01T08:26:00"},
    ]
    with pytest.raises(InvalidInput) as refused:
        await load(uci, pool, gifts(tmp_path, [SALE, SALE | broken, *others]))
    assert refused.value.detail.endswith("sales_lines.csv.gz: 15 faults, nothing was loaded")
    units = "is not a whole number of up to 6 digits, other than zero"
    price = "is not a price of up to 6 digits and 4 decimal places"
    instant = "is not a date and time from 2000 to 2199 that exists, as 2010-12-01T08:26:00"
    assert faults(refused) == [
        ("row 3: description", f"is longer than 255 characters: {'x' * 256!r}"),
        ("row 3: invoice_at", f"{instant}: '2010-02-30T08:26:00'"),
        ("row 3: invoice_no", f"is longer than 100 characters: {'5' * 101!r}"),
        ("row 3: line_kind", "is none of sale, cancel, stock_adjust, fee, bad_debt: 'gift'"),
        ("row 3: line_no", "is not a whole number from 1 to 999999: '0'"),
        ("row 3: quantity", f"{units}: '1.5'"),
        ("row 3: stock_code", "is missing"),
        ("row 3: unit_price_gbp", f"{price}: '2,55'"),
        ("row 4: quantity", f"{units}: '0'"),
        ("row 4: unit_price_gbp", f"{price}: '1000000'"),
        ("row 5: quantity", f"{units}: '1000000'"),
        ("row 5: unit_price_gbp", f"{price}: '0.00001'"),
        ("row 6: invoice_at", f"{instant}: '01/12/2010 08:26'"),
        ("row 6: quantity", "is missing"),
        ("row 7: invoice_at", f"{instant}: '1899-12-01T08:26:00'"),
    ]
    assert not await is_founded(pool, uci.DOMAIN)
    await load(uci, pool, gifts(tmp_path / "mended", [SALE]))


async def test_rows_that_contradict_each_other_or_themselves_are_named(pool: Pool, tmp_path: Path) -> None:
    lines = [
        SALE,
        SALE,
        line("5002", 1, "sale", "LANTERN", 1),
        line("5002", 2, "sale", "LANTERN", 1, customer_id="90002"),
        line("5003", 1, "sale", "LANTERN", 1, customer_id="4711"),
        line("5004", 1, "sale", "LANTERN", -1, unit_price_gbp="-0.5"),
        line("C5005", 1, "cancel", "LANTERN", 1),
        line("C5005", 2, "cancel", "LANTERN", -1, unit_price_gbp="-1.0"),
    ]
    with pytest.raises(InvalidInput) as refused:
        await load(uci, pool, gifts(tmp_path, lines))
    assert refused.value.detail.endswith("sales_lines.csv.gz: 9 faults, nothing was loaded")
    sign = "a sale has a positive quantity, a cancellation a negative one"
    assert faults(refused) == [
        ("row 2: line_no", "the invoice has this line more than once: '1'"),
        ("row 3: line_no", "the invoice has this line more than once: '1'"),
        ("row 4: customer_id", "the invoice has more than one customer: '90001'"),
        ("row 5: customer_id", "the invoice has more than one customer: '90002'"),
        ("row 6: customer_id", "is not in customers.csv: '4711'"),
        ("row 7: quantity", f"{sign}: '-1'"),
        ("row 7: unit_price_gbp", "only a bad debt has a negative price: '-0.5'"),
        ("row 8: quantity", f"{sign}: '1'"),
        ("row 9: unit_price_gbp", "only a bad debt has a negative price: '-1.0'"),
    ]
    assert not await is_founded(pool, uci.DOMAIN)


async def test_an_invoice_has_at_most_one_customer(pool: Pool, tmp_path: Path) -> None:
    lines = [SALE, line("5001", 2, "sale", "MUG", 1, customer_id="")]
    with pytest.raises(InvalidInput) as refused:
        await load(uci, pool, gifts(tmp_path, lines))
    several = "the invoice has more than one customer"
    assert faults(refused) == [
        ("row 2: customer_id", f"{several}: '90001'"),
        ("row 3: customer_id", several),
    ]


async def test_faulty_customers_are_named(pool: Pool, tmp_path: Path) -> None:
    customers = [
        *CUSTOMERS,
        {"customer_id": "90002", "country": ""},
        {"customer_id": "", "country": "y" * 101},
        {"customer_id": "1" * 101, "country": "Spain"},
    ]
    with pytest.raises(InvalidInput) as refused:
        await load(uci, pool, gifts(tmp_path, [SALE], customers=customers))
    assert refused.value.detail.endswith("customers.csv: 5 faults, nothing was loaded")
    assert faults(refused) == [
        ("row 4: country", "is missing"),
        ("row 4: customer_id", "is the id of a row above: '90002'"),
        ("row 5: country", f"is longer than 100 characters: {'y' * 101!r}"),
        ("row 5: customer_id", "is missing"),
        ("row 6: customer_id", f"is longer than 100 characters: {'1' * 101!r}"),
    ]
    assert not await is_founded(pool, uci.DOMAIN)


async def test_faulty_products_are_named(pool: Pool, tmp_path: Path) -> None:
    products = [
        *PRODUCTS,
        {"stock_code": "MUG", "description": "z" * 256, "median_price_gbp": "-1"},
        {"stock_code": "", "description": "", "median_price_gbp": "1e3"},
        {"stock_code": "S" * 101, "description": "", "median_price_gbp": "0.125"},
    ]
    with pytest.raises(InvalidInput) as refused:
        await load(uci, pool, gifts(tmp_path, [SALE], products=products))
    assert refused.value.detail.endswith("products.csv: 6 faults, nothing was loaded")
    assert faults(refused) == [
        ("row 4: description", f"is longer than 255 characters: {'z' * 256!r}"),
        ("row 4: median_price_gbp", "is not a price: '-1'"),
        ("row 4: stock_code", "is the code of a row above: 'MUG'"),
        ("row 5: median_price_gbp", "is not a price: '1e3'"),
        ("row 5: stock_code", "is missing"),
        ("row 6: stock_code", f"is longer than 100 characters: {'S' * 101!r}"),
    ]
    assert not await is_founded(pool, uci.DOMAIN)


@pytest.mark.parametrize("name", ["customers.csv", "products.csv", "sales_lines.csv.gz"])
async def test_a_missing_file_is_named_and_nothing_is_loaded(pool: Pool, tmp_path: Path, name: str) -> None:
    directory = gifts(tmp_path, LINES)
    (directory / uci.SOURCE / name).unlink()
    with pytest.raises(InvalidInput, match=f"{name}: there is no such file"):
        await load(uci, pool, directory)
    assert not await is_founded(pool, uci.DOMAIN)


def test_quantities_beyond_a_balances_range_are_reported(database: TestDatabase, tmp_path: Path) -> None:
    huge = [
        line("5001", number, "sale", "LANTERN", 999_999, unit_price_gbp="0.0") for number in range(1, 2150)
    ]
    loads = {
        uci.DOMAIN: partial(uci.load, settings=SETTINGS, directory=gifts(tmp_path, huge), progress=silent)
    }
    with pytest.raises(OperatorError, match="quantity: the result is out of range"):
        load_organizations(database.installation, loads)
