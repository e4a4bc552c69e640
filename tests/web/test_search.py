"""What is found, by what is typed or scanned, and by whom."""

from typing import Any

import pytest

from imsop.web.search import ids_of
from tests import factories
from tests.factories import Member, accepted
from tests.purchasing.buying import RECEIPTS, RETURNS, arrived, sent
from tests.sales.orders import draft

GTIN = "00060015651000"
GS = "\x1d"


async def _found(member: Member, query: str, **parameters: Any) -> list[tuple[str, str]]:
    items = (await member.read("search", q=query, **parameters))["items"]
    return [(item["kind"], item["title"]) for item in items]


async def _shipment(admin: Member, **fields: Any) -> dict[str, Any]:
    return await admin.create("shipments", {"shipment_type": "outbound", "items": []} | fields)


async def test_everything_is_found_by_part_of_its_name_or_number(admin: Member) -> None:
    await factories.product(admin, sku="AXLE-77", name="Rear axle, hardened")
    await factories.supplier(admin, name="Hardened Steel Works")
    await factories.customer(admin, name="Orchard Hard Cider", customer_number="C-1877")
    await _shipment(admin, shipment_type="inbound", reference_id="ASN-hard-1")
    assert await _found(admin, "HARD") == [
        ("product", "AXLE-77"),
        ("supplier", "Hardened Steel Works"),
        ("customer", "Orchard Hard Cider"),
        ("shipment", "ASN-hard-1"),
    ]
    assert await _found(admin, "1877") == [("customer", "Orchard Hard Cider")]
    assert await _found(admin, "ax") == [("product", "AXLE-77")]
    assert await _found(admin, "nothing like it") == []
    assert await _found(admin, "  ") == []


async def test_places_people_and_categories_are_found(admin: Member) -> None:
    warehouse = await factories.warehouse(admin, name="Maasvlakte", city="Rotterdam")
    zone = {"warehouse_id": warehouse["id"], "code": "ZQ-7", "name": "Frozen", "zone_type": "storage"}
    await admin.create("warehouse-zones", zone)
    await factories.product(admin, sku="A-1", category="Frozen fish")
    clerk = await factories.member(admin, "buyer")
    assert await _found(admin, "rotterdam") == [("warehouse", "Maasvlakte")]
    assert await _found(admin, "zq-7") == [("warehouse_zone", "ZQ-7")]
    assert ("category", "Frozen fish") in await _found(admin, "frozen fish")
    assert await _found(admin, clerk.email) == [("user", clerk.email)]
    best = (await admin.read("search", q="frozen fish"))["items"][0]
    assert (best["kind"], best["id"], best["is_exact"]) == ("category", None, True)


async def test_receipts_and_returns_are_found_by_their_numbers_the_suppliers_and_their_order(
    admin: Member,
) -> None:
    supplier = await factories.supplier(admin, name="Hardened Steel Works")
    order = await sent(admin, 10, supplier_id=supplier["id"])
    receipt = await admin.create(RECEIPTS, arrived(order, 8, delivery_note="LS 4711/A"))
    back = {"purchase_order_item_id": order["items"][0]["id"], "quantity": 2, "reason": "bent"}
    returned = await admin.create(
        RETURNS,
        {
            "purchase_order_id": order["id"],
            "warehouse_id": order["warehouse_id"],
            "lines": [back],
            "supplier_reference": "RMA-88",
        },
    )
    as_receipt = ("goods_receipt", receipt["receipt_number"])
    as_return = ("supplier_return", returned["return_number"])
    assert await _found(admin, receipt["receipt_number"]) == [as_receipt]
    assert await _found(admin, "LS4711A") == [as_receipt]
    assert await _found(admin, "rma 88") == [as_return]
    whole = [("purchase_order", order["po_number"]), as_receipt, as_return]
    assert await _found(admin, order["po_number"]) == whole
    assert await _found(admin, f"steel {order['po_number']}") == whole
    for path, wanted in ((RECEIPTS, receipt), (RETURNS, returned)):
        assert [row["id"] for row in (await admin.read(path, q="hardened"))["items"]] == [wanted["id"]]
        assert (await admin.read(path, q="nothing like it"))["items"] == []
    stranger = await factories.sign_up(admin.app)
    assert await _found(stranger, receipt["receipt_number"]) == []


async def test_orders_are_found_by_their_partner_and_by_its_number(admin: Member) -> None:
    fiedler = await factories.customer(admin, name="Fiedler & Söhne")
    other = await factories.customer(admin, name="Somebody else")
    order = await draft(admin, customer_id=fiedler["id"], items=[])
    async with admin.transaction() as connection:  # no form asks for it yet
        await connection.execute(
            "UPDATE sales_orders SET customer_reference = '4500 17-99'"
            " WHERE organization_id = $1 AND id = $2",
            admin.organization_id,
            order["id"],
        )
    await draft(admin, customer_id=other["id"], items=[])
    for query in ("fiedler", "4500 17-99", "45001799", f"sohne {order['so_number']}"):
        assert ("sales_order", order["so_number"]) in await _found(admin, query), query
        listed = (await admin.read("sales-orders", q=query))["items"]
        assert [row["so_number"] for row in listed] == [order["so_number"]], query
    await admin.edit(f"customers/{fiedler['id']}", name="Fiedler Nachfolger")
    assert ("sales_order", order["so_number"]) in await _found(admin, "nachfolger")


async def test_shipments_are_found_by_place_carrier_order_and_tracking_number(admin: Member) -> None:
    warehouse = await factories.warehouse(admin, name="Antwerpen Haven")
    product = await factories.product(admin)
    order = await draft(
        admin, items=[{"product_id": product["id"], "quantity_ordered": 1, "unit_price": "1.00"}]
    )
    accepted(await admin.post(f"sales-orders/{order['id']}/confirm", {}))
    shipment = await _shipment(
        admin,
        reference_id="ASN-1",
        tracking_number="1Z 999-AA1 01 2345",
        carrier="Maersk Line",
        origin_warehouse_id=warehouse["id"],
        destination_location="Kaohsiung",
        sales_order_id=order["id"],
    )
    await _shipment(admin, reference_id="ASN-2")
    for query in (
        "antwerpen", "kaohsiung maersk", "1Z999AA1012345", "1z 999 aa1 01 2345", "1Z-999-AA1-01-2345",
        "asn-1", order["so_number"],
    ):  # fmt: skip
        listed = (await admin.read("shipments", q=query))["items"]
        assert [row["id"] for row in listed] == [shipment["id"]], query


@pytest.mark.parametrize("query", ["zz-29", "ZZ-29", "zz29", "zz", "29 oil"])
async def test_a_code_is_found_by_itself(admin: Member, query: str) -> None:
    await factories.product(admin, sku="zz-29", name="29 oil")
    await factories.product(admin, sku="yzz-9", name="oil")
    assert await _found(admin, query) == [("product", "zz-29")]
    assert [row["sku"] for row in (await admin.read("products", q=query))["items"]] == ["zz-29"]


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        (
            "Łódź Müller Crème Ölhandel",
            ["lodz", "MULLER", "creme", "Ölhandel", "olhandel lodz", "Mu\u0308ller"],
        ),
        ("Große Straße, Ærø", ["GROSSE", "strasse", "straße", "aero", "ÆRØ"]),
        ("İstanbul G\u0306\u0131da", ["istanbul", "gida"]),
        ("北京仓库", ["北京仓库", "仓库", "仓", "京仓"]),
        ("ボルト \uff2d\uff18", ["ボルト", "ﾎﾞﾙﾄ", "m8", "ルト"]),
        ("서울 창고", ["서울", "창고", "창"]),
        ("กุ้งแช่แข็ง", ["กุ้ง", "แช่แข็ง", "แช่"]),
        ("مُسْتَوْدَع أحمد", ["مستودع", "احمد", "أحمد", "مس"]),
        ("Склад Ёлка", ["склад", "ЁЛКА", "елка", "ла"]),
        ("Αποθήκη Σίσυφος", ["αποθηκη", "ΣΙΣΥΦΟΣ"]),
        ("מַחְסָן", ["מחסן"]),
        ("गोदाम", ["गोदाम", "दाम"]),
    ],
)
async def test_names_are_found_in_every_script_without_accents_and_case(
    admin: Member, name: str, queries: list[str]
) -> None:
    name = (await factories.customer(admin, name=name))["name"]
    await factories.customer(admin, name="Plain Ltd")
    for query in queries:
        assert await _found(admin, query) == [("customer", name)], query
        assert [row["name"] for row in (await admin.read("customers", q=query))["items"]] == [name], query


@pytest.mark.parametrize(
    "scanned",
    [
        "060015651000", "0060015651000", GTIN, "60015651000", f"01{GTIN}", f"(01){GTIN}", f"(01) {GTIN}",
        f"]C101{GTIN}", f"]C1 01{GTIN}", f"]d201{GTIN}", f"]Q301{GTIN}", f"]E0{GTIN[1:]}",
        f"01{GTIN}17271231", f"]d201{GTIN}10LOT-7{GS}17271231", f"]d210LOT-7{GS}01{GTIN}", f"{GS}01{GTIN}",
        f"(01){GTIN}(10)LOT-7(21)9", f"(10)LOT-7(01){GTIN}", f"02{GTIN}3712",
        f"https://id.gs1.org/01/{GTIN}/10/LOT-7", "\uff10\uff160015651000",
    ],
)  # fmt: skip
async def test_a_product_is_found_by_every_gs1_form_of_its_gtin(admin: Member, scanned: str) -> None:
    product = await factories.product(admin, gtin="060015651000")
    await factories.product(admin, gtin=factories.gtin("0060015651001"))
    (item,) = (await admin.read("search", q=scanned))["items"]
    assert item["id"] == product["id"]
    assert [row["id"] for row in (await admin.read("products", q=scanned))["items"]] == [product["id"]]


@pytest.mark.parametrize("mark", ["91", "(91)", "]C191", "]d291", ""])
async def test_a_shipment_is_found_by_its_label_and_by_its_unit(admin: Member, mark: str) -> None:
    await _shipment(admin, reference_id="ASN-2026-000017", tracking_number="340123450000000017")
    await _shipment(admin, reference_id="ASN-2026-000018")
    assert await _found(admin, f"{mark}ASN-2026-000017") == [("shipment", "ASN-2026-000017")]
    for scanned in ("00340123450000000017", "(00)340123450000000017", "]C100340123450000000017"):
        assert await _found(admin, scanned) == [("shipment", "ASN-2026-000017")], scanned


async def test_a_shipment_without_a_number_is_found_by_what_its_label_says_instead(admin: Member) -> None:
    shipment = await _shipment(admin, shipment_type="inbound")
    (item,) = (await admin.read("search", q=f"]C191{shipment['id']}"))["items"]
    assert (item["id"], item["is_exact"]) == (shipment["id"], True)


async def test_every_word_is_found_somewhere_in_any_order(admin: Member) -> None:
    for sku, name in (("A", "Tuna in oil"), ("B", "Oil of olives, with tuna"), ("C", "Tuna in brine")):
        await factories.product(admin, sku=sku, name=name, category="Fish")
    assert {sku for _, sku in await _found(admin, "tuna oil")} == {"A", "B"}
    assert {sku for _, sku in await _found(admin, "OIL   Tuna - fish")} >= {"A", "B"}
    assert await _found(admin, "tuna oil vinegar") == []


@pytest.mark.parametrize("slip", ["anchovi", "anchvy", "anchhovy", "acnhovy", "anchovy filets", "bnchovy"])
async def test_one_slip_in_a_long_word_is_forgiven_where_nothing_matches(admin: Member, slip: str) -> None:
    await factories.product(admin, sku="ANCH-ONE", name="Anchovy fillets")
    assert await _found(admin, slip) == [("product", "ANCH-ONE")]
    assert [row["sku"] for row in (await admin.read("products", q=slip))["items"]] == ["ANCH-ONE"]


async def test_no_slip_is_forgiven_in_codes_in_short_words_twice_or_beside_a_match(admin: Member) -> None:
    await factories.product(admin, sku="ANCHOVY-1005", name="Anchovy fillets")
    await factories.product(admin, sku="B", name="Anchova")
    for query in ("anchovy-1006", "bnchovi", "filets anchvy"):
        assert await _found(admin, query) == [], query
    assert await _found(admin, "anchova") == [("product", "B")]
    await factories.product(admin, sku="C", name="Tuna")
    assert await _found(admin, "tona") == []


async def test_the_exact_code_comes_first(admin: Member) -> None:
    for sku in ("PART-100X", "X-PART-100", "PART-100"):
        await factories.product(admin, sku=sku)
    assert await _found(admin, "part-100") == [
        ("product", "PART-100"),
        ("product", "PART-100X"),
        ("product", "X-PART-100"),
    ]
    assert await _found(admin, "part-100", limit=1) == [("product", "PART-100")]
    exact = [item["is_exact"] for item in (await admin.read("search", q="PART 100"))["items"]]
    assert exact == [True, False, False]


async def test_a_place_comes_before_what_only_belongs_to_it(admin: Member) -> None:
    there = await factories.supplier(admin, name="Maasstad", city="Rotterdam")
    await factories.warehouse(admin, name="Rotterdam plant")
    assert [kind for kind, _ in await _found(admin, "rotterdam")] == ["warehouse", "supplier"]
    product = await factories.product(admin, name="Rotterdam cheese")
    items = (await admin.read("search", q="rotterdam"))["items"]
    assert [item["id"] for item in items][0::2] == [product["id"], there["id"]]


async def test_the_kind_of_what_is_named_exactly_comes_first(admin: Member) -> None:
    await factories.product(admin, sku="P", name="Made for Ada Works")
    await factories.customer(admin, name="Ada Works")
    assert await _found(admin, "ada works") == [("customer", "Ada Works"), ("product", "P")]


@pytest.mark.parametrize(
    ("query", "sku"),
    [("%%%", "%%%B"), ("___", "___B"), ("\\\\\\", "\\\\\\B"), ("100%", "A100%B"), ("_100", "A_100B")],
)
async def test_wildcards_are_ordinary_characters(admin: Member, query: str, sku: str) -> None:
    await factories.product(admin, sku="PLAIN-1000")
    assert await _found(admin, query) == []
    await factories.product(admin, sku=sku)
    assert await _found(admin, query) == [("product", sku)]


async def test_what_is_named_exactly_is_found_among_many_that_contain_it(admin: Member) -> None:
    """However many: no more than some hundreds are ranked."""
    async with admin.transaction() as connection:
        await connection.execute(
            "INSERT INTO customers (organization_id, name, customer_number)"
            " SELECT $1, 'Of many', 'C' || n || '-777' FROM generate_series(1, 1000) n",
            admin.organization_id,
        )
    await factories.customer(admin, name="The one", customer_number="777")
    assert (await _found(admin, "777"))[0] == ("customer", "The one")


async def test_a_renamed_sku_still_finds_the_product_and_says_so(admin: Member) -> None:
    product = await factories.product(admin, sku="OLD-12", name="Anchovies")
    for sku in ("NEW-13", "NEWER-14"):
        await admin.edit(f"products/{product['id']}", sku=sku)
    (item,) = (await admin.read("search", q="old12"))["items"]
    assert (item["title"], item["formerly"], item["is_exact"]) == ("NEWER-14", "OLD-12", True)
    (item,) = (await admin.read("search", q="newer-14"))["items"]
    assert item["formerly"] is None
    stored = await admin.read(f"products/{product['id']}")
    assert stored["former_skus"] == ["NEW-13", "OLD-12"]
    await admin.edit(f"products/{product['id']}", sku="OLD-12")
    assert (await admin.read(f"products/{product['id']}"))["former_skus"] == ["NEWER-14", "NEW-13"]
    taker = await factories.product(admin, sku="NEW-13")
    items = (await admin.read("search", q="NEW-13"))["items"]
    assert [item["id"] for item in items] == [taker["id"], product["id"]]


async def test_a_list_of_what_refers_to_things_found_is_planned_for_how_many_they_are(admin: Member) -> None:
    """PostgreSQL takes an array of unknown length for ten; a plan for that read 80,000 movements for 50."""
    actor = await admin.actor()
    async with admin.transaction() as connection:
        assert await ids_of(connection, actor, "product", "anything") == []
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
    async with admin.transaction() as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"


async def test_only_what_the_actor_may_see_is_found(admin: Member, stranger: Member) -> None:
    await factories.product(admin, sku="SECRET-SAUCE", category="Secret")
    await factories.supplier(admin, name="Secret Supplies")
    buyer = await factories.member_with(admin, "organization:read", "suppliers:read")
    assert await _found(buyer, "secret") == [("supplier", "Secret Supplies")]
    assert await _found(stranger, "secret") == []


async def test_the_functions_themselves_answer_only_for_the_transaction_s_organization(
    admin: Member, stranger: Member
) -> None:
    await factories.product(admin, sku="SECRET-SALT")
    async with stranger.transaction() as connection:
        for question in (
            "SELECT kind FROM search_things($1, '{secret}', '{product,category}', 5)",
            "SELECT * FROM search_ids($1, 'product', '{secret}')",
        ):
            assert await connection.fetch(question, admin.organization_id) == []
