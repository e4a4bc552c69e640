from typing import Any

import pytest

from imsop.web.search import ids_of
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


@pytest.mark.parametrize(
    ("query", "sku"),
    [("%%%", "%%%B"), ("___", "___B"), ("\\\\\\", "\\\\\\B"), ("100%", "A100%B"), ("_100", "A_100B")],
)
async def test_wildcards_are_ordinary_characters(admin: Member, query: str, sku: str) -> None:
    await factories.product(admin, sku="PLAIN-1000")
    assert await _found(admin, query) == []
    await factories.product(admin, sku=sku)
    assert await _found(admin, query) == [("product", sku)]


async def test_short_queries_match_prefixes_of_codes(admin: Member) -> None:
    """By prefix of any code or number; a substring needs three letters or digits in a row."""
    await factories.product(admin, sku="Q-1")
    await factories.product(admin, sku="AQ-1")
    await factories.customer(admin, name="Sound of Q-1", customer_number="Q-15")
    await admin.create("shipments", {"shipment_type": "inbound", "reference_id": "Q-16", "items": []})
    await admin.create(
        "shipments",
        {"shipment_type": "outbound", "tracking_number": "Q-17", "reference_id": "X", "items": []},
    )
    found = [("customer", "Sound of Q-1"), ("product", "Q-1"), ("shipment", "Q-16"), ("shipment", "X")]
    assert await _found(admin, "q-1") == found
    assert await _found(admin, "Q") == found
    assert await _found(admin, " ") == []


async def test_an_exact_match_is_found_among_many_substring_matches(admin: Member) -> None:
    """Whatever the number of matches, only some hundreds are ranked."""
    async with admin.transaction() as connection:
        await connection.execute(
            "INSERT INTO customers (organization_id, name, customer_number)"
            " SELECT $1, 'Of many', 'C' || n || '-777' FROM generate_series(1, 1000) n",
            admin.organization_id,
        )
    await factories.customer(admin, name="The one", customer_number="777")
    assert (await _found(admin, "777"))[0] == ("customer", "The one")


async def test_only_rows_that_the_actor_may_see_are_found(admin: Member, stranger: Member) -> None:
    await factories.product(admin, sku="SECRET-SAUCE")
    await factories.supplier(admin, name="Secret Supplies")
    buyer = await factories.member_with(admin, "organization:read", "suppliers:read")
    assert await _found(buyer, "secret") == [("supplier", "Secret Supplies")]
    assert await _found(stranger, "secret") == []


async def test_the_search_function_is_limited_to_the_transactions_organization(
    admin: Member, stranger: Member
) -> None:
    await factories.product(admin, sku="SECRET-SALT")
    async with stranger.transaction() as connection:
        found = await connection.fetch(
            "SELECT kind FROM search_everything($1, 'secret', '%secret%', '{product}', 5)",
            admin.organization_id,
        )
    assert found == []


async def test_a_list_filtered_by_search_uses_a_custom_plan(admin: Member) -> None:
    """PostgreSQL assumes ten elements in an array of unknown length; such a plan read 80,000 movements."""
    actor = await admin.actor()
    async with admin.transaction() as connection:
        await ids_of(connection, actor, "product", "anything")
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
    async with admin.transaction() as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
