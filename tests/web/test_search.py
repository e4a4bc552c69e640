from typing import Any

import pytest

from tests import factories
from tests.factories import Member


async def _found(member: Member, query: str, **parameters: Any) -> list[tuple[str, str]]:
    items = (await member.read("search", q=query, **parameters))["items"]
    return [(item["kind"], item["title"]) for item in items]


async def test_everything_is_found_by_part_of_its_name_or_number(admin: Member) -> None:
    await factories.product(admin, sku="AXLE-77", name="Rear axle, hardened")
    await factories.supplier(admin, name="Hardened Steel Works")
    await factories.customer(admin, name="Orchard Hard Cider", customer_number="C-1877")
    await admin.create("shipments", {"shipment_type": "inbound", "reference_id": "ASN-hard-1", "items": []})
    assert await _found(admin, "HARD") == [
        ("customer", "Orchard Hard Cider"),
        ("product", "AXLE-77"),
        ("shipment", "ASN-hard-1"),
        ("supplier", "Hardened Steel Works"),
    ]
    assert await _found(admin, "1877") == [("customer", "Orchard Hard Cider")]
    assert await _found(admin, "ax") == [("product", "AXLE-77")]
    assert await _found(admin, "nothing like it") == []


async def test_the_exact_code_comes_first(admin: Member) -> None:
    for sku in ("PART-100X", "X-PART-100", "PART-100"):
        await factories.product(admin, sku=sku)
    assert await _found(admin, "part-100") == [
        ("product", "PART-100"),
        ("product", "PART-100X"),
        ("product", "X-PART-100"),
    ]
    assert await _found(admin, "part-100", limit=1) == [("product", "PART-100")]


@pytest.mark.parametrize("query", ["%%%", "___", "\\\\\\", "100%"])
async def test_wildcards_are_only_characters(admin: Member, query: str) -> None:
    await factories.product(admin, sku="PLAIN-1000")
    assert await _found(admin, query) == []
    await factories.product(admin, sku=f"A{query}B")
    assert await _found(admin, query) == [("product", f"A{query}B")]


async def test_only_what_the_actor_may_see_is_found(admin: Member, stranger: Member) -> None:
    await factories.product(admin, sku="SECRET-SAUCE")
    await factories.supplier(admin, name="Secret Supplies")
    buyer = await factories.member_with(admin, "organization:read", "suppliers:read")
    assert await _found(buyer, "secret") == [("supplier", "Secret Supplies")]
    assert await _found(stranger, "secret") == []


async def test_the_function_itself_answers_only_for_the_transaction_s_organization(
    admin: Member, stranger: Member
) -> None:
    await factories.product(admin, sku="SECRET-SALT")
    async with stranger.transaction() as connection:
        found = await connection.fetch(
            "SELECT kind FROM search_everything($1, 'secret', '%secret%', '{product}', 5)",
            admin.organization_id,
        )
    assert found == []
