"""Amounts are kept in the decimals of their currency, and say what they leave out."""

from decimal import Decimal
from typing import Any

import pytest

from imsop.core.money import decimals_of, rounded
from tests import factories
from tests.factories import Member, accepted

KINDS = ["purchase", "sales"]


async def order(admin: Member, kind: str, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A draft with a line of a new product for each of these."""
    items = [{"product_id": (await factories.product(admin))["id"]} | line for line in lines]
    supplier = {"supplier_id": (await factories.supplier(admin))["id"]} if kind == "purchase" else {}
    body = {"order_date": "2026-03-02", "items": items} | supplier | fields
    return await admin.create(f"{kind}-orders", body)


def amounts(of: dict[str, Any]) -> tuple[list[str | None], str]:
    return [item["line_total"] for item in of["items"]], of["total_amount"]


def test_decimals_are_those_of_iso_4217() -> None:
    few = {"JPY": 0, "ISK": 0, "USD": 2, "HUF": 2, "RSD": 2, "KWD": 3, "IQD": 3, "CLF": 4}
    assert {currency: decimals_of(currency) for currency in few} == few
    assert [str(rounded(Decimal("0.0005"), currency)) for currency in few] == [
        *("0", "0", "0.00", "0.00", "0.00", "0.001", "0.001", "0.0005")
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("currency", "price", "each", "together"),
    [
        ("JPY", "0.50", "1", "3"),
        ("USD", "0.50", "0.50", "1.50"),
        ("KWD", "0.0005", "0.001", "0.003"),
        ("KWD", "1.25", "1.250", "3.750"),
    ],
)
async def test_lines_add_up_in_the_decimals_of_the_currency(
    admin: Member, kind: str, currency: str, price: str, each: str, together: str
) -> None:
    line = {"quantity_ordered": 1, "unit_price": price}
    made = await order(admin, kind, line, line, line, currency=currency)
    assert amounts(made) == ([each] * 3, together)
    assert amounts(await admin.read(f"{kind}-orders/{made['id']}")) == ([each] * 3, together)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("currency", "total", "kept"),
    [("JPY", "0.5", None), ("JPY", "7.00", "7"), ("USD", "0.125", None), ("KWD", "0.125", "0.125")],
)
async def test_an_agreed_total_has_no_more_decimals_than_its_currency(
    admin: Member, kind: str, currency: str, total: str, kept: str | None
) -> None:
    made = await order(admin, kind, currency=currency)
    items = [
        {"product_id": (await factories.product(admin))["id"], "quantity_ordered": 1, "line_total": total}
    ]
    reply = await admin.edit(f"{kind}-orders/{made['id']}", items=items)
    if kept is None:
        assert [error["field"] for error in accepted(reply, 422)["errors"]] == ["items[0].line_total"]
    else:
        assert amounts(accepted(reply)) == ([kept], kept)


@pytest.mark.parametrize("kind", KINDS)
async def test_another_currency_rounds_what_was_computed_and_refuses_what_was_agreed(
    admin: Member, kind: str
) -> None:
    computed = await order(admin, kind, {"quantity_ordered": 3, "unit_price": "0.45"}, currency="USD")
    assert amounts(computed) == (["1.35"], "1.35")
    path = f"{kind}-orders/{computed['id']}"
    assert amounts(accepted(await admin.edit(path, currency="KWD"))) == (["1.350"], "1.350")
    assert amounts(accepted(await admin.edit(path, currency="JPY"))) == (["1"], "1")

    agreed = await order(admin, kind, {"quantity_ordered": 3, "line_total": "1.25"}, currency="USD")
    refused = await admin.edit(f"{kind}-orders/{agreed['id']}", currency="JPY")
    assert accepted(refused, 422)["errors"][0]["field"] == "items[0].line_total"


@pytest.mark.parametrize("kind", KINDS)
async def test_unit_prices_have_up_to_six_decimals(admin: Member, kind: str) -> None:
    made = await order(admin, kind, {"quantity_ordered": 40_000, "unit_price": "0.000125"}, currency="USD")
    (line,) = made["items"]
    assert (line["unit_price"], line["line_total"]) == ("0.000125", "5.00")
    product = await factories.product(admin, unit_cost="0.000125", selling_price="99999999.999999")
    assert (product["unit_cost"], product["selling_price"]) == ("0.000125", "99999999.999999")
    seven = {"quantity_ordered": 1, "unit_price": "0.0000125"} | {"product_id": product["id"]}
    refused = await admin.edit(f"{kind}-orders/{made['id']}", items=[seven])
    assert accepted(refused, 422)["errors"][0]["field"] == "items[0].unit_price"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_counts_its_lines_without_a_price(admin: Member, kind: str) -> None:
    priced, free, unpriced = ({"quantity_ordered": 1, "unit_price": price} for price in ("20", "0", None))
    made = await order(admin, kind, priced, unpriced, free)
    assert (made["total_amount"], made["lines"], made["lines_without_price"]) == ("20.00", 3, 1)
    (listed,) = (await admin.read(f"{kind}-orders"))["items"]
    assert (listed["lines"], listed["lines_without_price"]) == (3, 1)
    agreed = {"product_id": made["items"][0]["product_id"], "quantity_ordered": 2, "line_total": "7.50"}
    edited = accepted(await admin.edit(f"{kind}-orders/{made['id']}", items=[agreed]))
    assert (edited["total_amount"], edited["lines"], edited["lines_without_price"]) == ("7.50", 1, 0)
