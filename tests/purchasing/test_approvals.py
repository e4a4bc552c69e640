"""Orders that wait for an approval: which rules ask, who may decide, and what an edit does to it."""

import asyncio
from typing import Any

import pytest

from imsop.core.database import Connection
from imsop.purchasing.orders import amending
from imsop.purchasing.orders.lifecycle import LIFECYCLE
from imsop.purchasing.orders.models import PurchaseOrderChanges
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, elsewhere
from tests.purchasing.approving import RULES, asked, drafted, line, role_id, rule, verb
from tests.purchasing.buying import ORDERS, now, said
from tests.rivals import somebody_waits_for


async def _crew(admin: Member) -> tuple[Member, Member]:
    """A buyer, and a planner, who approves."""
    return await factories.member(admin, "buyer"), await factories.member(admin, "planner")


async def _submitted(buyer: Member, *prices: str, **fields: Any) -> tuple[str, str | None]:
    """The state of an order that is submitted, and of its approval."""
    order = accepted(await verb(buyer, await drafted(buyer, *prices, **fields), "submit"))
    return order["status"], order["approval"] and order["approval"]["status"]


async def _known(admin: Member) -> str:
    """A supplier for planners, who order but keep no suppliers."""
    found: str = (await factories.supplier(admin))["id"]
    return found


SENT, WAITS = ("submitted", None), ("draft", "requested")


# Which rules ask


async def test_without_rules_nothing_is_asked(admin: Member) -> None:
    assert await _submitted(admin, "1000000") == SENT


@pytest.mark.parametrize(("price", "outcome"), [("499.999", SENT), ("500", WAITS), ("500.001", WAITS)])
async def test_a_total_asks_from_its_threshold_on(admin: Member, price: str, outcome: object) -> None:
    await rule(admin, "total", threshold="5000")
    assert await _submitted(admin, price) == outcome


async def test_a_total_in_another_currency_always_asks(admin: Member) -> None:
    """There are no rates, and what is not known is not small."""
    await rule(admin, "total", threshold="5000")
    assert await _submitted(admin, "0.01", currency="JPY") == WAITS


async def test_a_supplier_is_new_until_an_order_is_sent_to_it(admin: Member) -> None:
    supplier_id = (await factories.supplier(admin))["id"]
    dropped = await drafted(admin, "1", supplier_id=supplier_id)
    accepted(await verb(admin, dropped, "submit"))
    accepted(await verb(admin, dropped, "cancel"))
    await rule(admin, "new_supplier")
    buyer, planner = await _crew(admin)
    first = await asked(buyer, "1", supplier_id=supplier_id)
    accepted(await verb(planner, first, "approve"))
    assert await _submitted(buyer, "1", supplier_id=supplier_id) == SENT


@pytest.mark.parametrize(
    ("price", "outcome"), [("1.80", SENT), ("2", SENT), ("2.199999", SENT), ("2.20", WAITS), ("9", WAITS)]
)
async def test_a_price_asks_from_its_rise_on(admin: Member, price: str, outcome: object) -> None:
    supplier_id = (await factories.supplier(admin))["id"]
    old = accepted(await verb(admin, await drafted(admin, "2", supplier_id=supplier_id), "submit"))
    await rule(admin, "price_rise", threshold="10")
    again = {"supplier_id": supplier_id, "items": [line(old["items"][0]["product_id"], 1, price)]}
    assert await _submitted(admin, **again) == outcome
    elsewhere_bought = await _submitted(admin, items=again["items"])
    assert elsewhere_bought == SENT  # a first price is no rise


async def test_a_rise_is_above_what_the_supplier_confirmed_last(admin: Member) -> None:
    supplier_id = (await factories.supplier(admin))["id"]
    old = accepted(await verb(admin, await drafted(admin, "2", supplier_id=supplier_id), "submit"))
    confirmed = {"lines": [{"id": old["items"][0]["id"], "unit_price": "3"}]}
    accepted(await admin.post(f"{ORDERS}/{old['id']}/confirm", confirmed))
    await rule(admin, "price_rise", threshold="10")
    product_id = old["items"][0]["product_id"]
    assert await _submitted(admin, supplier_id=supplier_id, items=[line(product_id, 1, "3.29")]) == SENT
    again = await asked(admin, supplier_id=supplier_id, items=[line(product_id, 1, "3.70")])
    (one,) = again["approval"]["asked"]
    assert (one["figure"], one["sku"]) == ("12.46", old["items"][0]["sku"])  # above 3.29, the last agreed


async def test_a_price_in_another_currency_than_the_last_asks(admin: Member) -> None:
    supplier_id = (await factories.supplier(admin))["id"]
    old = accepted(await verb(admin, await drafted(admin, "2", supplier_id=supplier_id), "submit"))
    await rule(admin, "price_rise", threshold="10")
    items = [line(old["items"][0]["product_id"], 1, "0.01")]
    order = await asked(admin, supplier_id=supplier_id, items=items, currency="JPY")
    assert order["approval"]["asked"][0]["figure"] is None


async def test_a_category_asks_whatever_its_case(admin: Member) -> None:
    await rule(admin, "category", category="Chemicals")
    acid = (await factories.product(admin, category="chemicals"))["id"]
    bolt = (await factories.product(admin, category="Chemicals, safe"))["id"]
    assert await _submitted(admin, items=[line(bolt, 1, "9")]) == SENT
    order = await asked(admin, items=[line(bolt, 1, "9"), line(acid, 2, "3")])
    assert order["approval"]["asked"][0]["figure"] == "6.00"


async def test_an_inactive_rule_asks_nothing(admin: Member) -> None:
    made = await rule(admin, "total", threshold="0")
    assert await _submitted(admin, "1") == WAITS
    accepted(await admin.edit(f"{RULES}/{made['id']}", status="inactive"))
    assert await _submitted(admin, "1") == SENT
    accepted(await admin.delete(f"{RULES}/{made['id']}"), 409)  # it asked


# Who may decide


async def test_an_approval_submits_the_order(admin: Member) -> None:
    made = await rule(admin, "total", threshold="5000")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "700")
    (one,) = order["approval"]["asked"]
    assert (one["approval_rule_id"], one["kind"], one["threshold"]) == (made["id"], "total", "5000")
    assert (one["figure"], one["total_amount"], one["currency"]) == ("7000.00", "7000.00", order["currency"])
    assert (one["requested_by"], one["decision"]) == (str(buyer.user_id), None)
    assert [who["user_id"] for who in order["approval"]["approvers"]] == [str(planner.user_id)]
    approved = accepted(await verb(planner, order, "approve"))
    assert (approved["status"], approved["approval"]["status"]) == ("submitted", "approved")
    assert approved["partner"]["name"]  # names are kept, as by submitting
    (one,) = approved["approval"]["asked"]
    assert (one["decision"], one["decided_by"]) == ("approved", str(planner.user_id))
    history = (await admin.read(f"{ORDERS}/{order['id']}/history"))["items"]
    assert [(entry["from_status"], entry["to_status"], entry["changed_by"]) for entry in history] == [
        ("draft", "submitted", str(planner.user_id)),
        ("draft", "draft", str(planner.user_id)),
        ("draft", "draft", str(buyer.user_id)),
        (None, "draft", str(buyer.user_id)),
    ]
    assert history[1]["changes"] == {"approval": {"old": "requested", "new": "approved"}}


async def test_a_waiting_order_is_not_submitted_again(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    refused = accepted(await verb(buyer, order, "submit"), 409)
    assert [error["field"] for error in refused["errors"]] == ["approval"]
    assert planner.email in refused["detail"]
    assert await now(buyer, order) == order


async def test_nobody_approves_what_they_drafted_or_submitted(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    drafter, submitter, third = [await factories.member(admin, "planner") for _ in range(3)]
    order = await drafted(drafter, "1", supplier_id=await _known(admin))
    accepted(await verb(submitter, order, "submit"))
    for own in (drafter, submitter):
        for name in ("approve", "reject"):
            refused = accepted(await verb(own, order, name), 403)
            assert third.email in refused["detail"]
            assert own.email not in refused["detail"]
    assert (await now(admin, order))["status"] == "draft"
    assert accepted(await verb(third, order, "approve"))["status"] == "submitted"


async def test_only_whom_a_rule_names_approves(admin: Member) -> None:
    """With the permission: a role of the rule alone is not enough, nor the permission alone."""
    await rule(admin, "total", threshold="1", approver_role_id=await role_id(admin, "buyer"))
    buyer, planner = await _crew(admin)
    colleague = await factories.member(admin, "buyer")
    order = await asked(buyer, "1")
    assert order["approval"]["approvers"] == []
    for other in (planner, admin, colleague):
        assert (await verb(other, order, "approve")).status_code == 403
    assert (await now(admin, order))["status"] == "draft"


async def test_a_deputy_approves_in_place_of_a_person(admin: Member) -> None:
    buyer, head = await _crew(admin)
    deputy, other = [await factories.member(admin, "planner") for _ in range(2)]
    names = {"approver_user_id": str(head.user_id), "deputy_user_id": str(deputy.user_id)}
    await rule(admin, "total", threshold="1", **names)
    order = await asked(buyer, "1")
    assert {who["user_id"] for who in order["approval"]["approvers"]} == set(names.values())
    accepted(await verb(other, order, "approve"), 403)
    assert accepted(await verb(deputy, order, "approve"))["status"] == "submitted"
    heads_own = await asked(head, "1", supplier_id=await _known(admin))
    assert accepted(await verb(deputy, heads_own, "approve"))["status"] == "submitted"


async def test_two_rules_need_two_approvals(admin: Member) -> None:
    buyer, planner = await _crew(admin)
    await rule(admin, "total", threshold="1", approver_user_id=str(admin.user_id))
    await rule(admin, "new_supplier", position=1)
    order = await asked(buyer, "1")
    half = accepted(await verb(planner, order, "approve"))
    assert (half["status"], half["approval"]["status"]) == ("draft", "requested")
    assert [who["user_id"] for who in half["approval"]["approvers"]] == [str(admin.user_id)]
    refused = accepted(await verb(planner, order, "approve"), 409)
    assert planner.email in refused["detail"]
    assert accepted(await verb(admin, order, "approve"))["status"] == "submitted"


async def test_whom_two_rules_name_approves_once(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    await rule(admin, "new_supplier")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    assert len(order["approval"]["asked"]) == 2
    assert accepted(await verb(planner, order, "approve"))["status"] == "submitted"


async def test_sent_back_and_submitted_again(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    await rule(admin, "new_supplier", approver_user_id=str(admin.user_id))
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    back = accepted(await verb(planner, order, "reject"))
    assert (back["status"], back["approval"]["status"], back["approval"]["approvers"]) == (
        "draft",
        "rejected",
        [],
    )
    assert {one["decision"]: one["reason"] for one in back["approval"]["asked"]} == {
        "rejected": "too dear",
        "withdrawn": None,
    }
    refused = accepted(await verb(planner, order, "approve"), 409)
    assert "too dear" in refused["detail"]
    again = accepted(await verb(buyer, order, "submit"))
    assert {one["round"] for one in again["approval"]["asked"]} == {2}
    accepted(await verb(planner, order, "approve"))
    assert accepted(await verb(admin, order, "approve"))["status"] == "submitted"
    kept = (await admin.read("approvals", purchase_order_id=order["id"]))["items"]
    assert [one["round"] for one in kept] == [1, 1, 2, 2]


async def test_sending_back_requires_a_reason(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    for body in ({}, {"reason": ""}):
        reply = accepted(await planner.post(f"{ORDERS}/{order['id']}/reject", body), 422)
        assert [error["field"] for error in reply["errors"]] == ["reason"]


async def test_what_nobody_asked_for_is_not_approved(admin: Member) -> None:
    order = await drafted(admin, "1")
    refused = accepted(await verb(admin, order, "approve"), 409)
    assert [error["field"] for error in refused["errors"]] == ["approval"]
    assert await now(admin, order) == order


async def test_an_approval_does_not_send_what_cannot_be_sent(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    accepted(await admin.edit(f"suppliers/{order['supplier_id']}", status="blocked"))
    refused = accepted(await verb(planner, order, "approve"), 409)
    assert [error["field"] for error in refused["errors"]] == ["supplier_id"]
    assert await now(admin, order) == order


async def test_a_cancelled_draft_waits_no_longer(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    cancelled = accepted(await verb(buyer, order, "cancel"))
    assert (cancelled["status"], cancelled["approval"]["status"]) == ("cancelled", "withdrawn")
    assert (await planner.read("approvals", waiting="mine"))["items"] == []


async def test_a_draft_that_waits_can_be_deleted(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    order = await asked(admin, "1")
    assert (await admin.delete(f"{ORDERS}/{order['id']}")).status_code == 204
    assert (await admin.read("approvals"))["items"] == []


# Edits


def _lines(order: dict[str, Any], quantity: int, price: str) -> list[dict[str, Any]]:
    return [line(one["product_id"], quantity, price) for one in order["items"]]


async def _after(buyer: Member, order: dict[str, Any], **changes: Any) -> str:
    edited = accepted(await buyer.edit(f"{ORDERS}/{order['id']}", **changes))
    assert edited == await now(buyer, order)
    state: str = edited["approval"]["status"]
    return state


async def test_a_date_or_less_leaves_a_request_as_it_is(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    order = await asked(admin, "1")
    assert await _after(admin, order, expected_delivery_date="2026-05-01") == "requested"
    assert await _after(admin, order, supplier_id=order["supplier_id"]) == "requested"
    assert await _after(admin, order, items=_lines(order, 9, "1")) == "requested"
    assert await _after(admin, order, items=_lines(order, 10, "1")) == "requested"


async def test_an_edit_that_raises_the_total_withdraws_the_request(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    assert await _after(buyer, order, items=_lines(order, 10, "1.01")) == "withdrawn"
    accepted(await verb(planner, order, "approve"), 409)
    again = accepted(await verb(buyer, order, "submit"))
    assert [one["figure"] for one in again["approval"]["asked"]] == ["10.10"]


async def test_another_order_under_the_same_number_withdraws_the_request(admin: Member) -> None:
    """Another supplier or product is not what was asked for, though it costs no more."""
    await rule(admin, "total", threshold="5")
    other = await factories.supplier(admin)
    assert await _after(admin, await asked(admin, "1"), supplier_id=other["id"]) == "withdrawn"
    assert await _after(admin, await asked(admin, "1"), currency="JPY") == "withdrawn"
    bolt = (await factories.product(admin))["id"]
    assert await _after(admin, await asked(admin, "1"), items=[line(bolt, 6, "1")]) == "withdrawn"


async def test_a_rule_that_no_longer_asks_lets_the_order_go(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    order = await asked(admin, "1")
    assert await _after(admin, order, items=_lines(order, 4, "1")) == "withdrawn"
    assert accepted(await verb(admin, order, "submit"))["status"] == "submitted"


async def test_after_the_first_approval_any_other_line_withdraws_the_request(admin: Member) -> None:
    buyer, planner = await _crew(admin)
    await rule(admin, "total", threshold="5", approver_user_id=str(admin.user_id))
    await rule(admin, "new_supplier")
    order = await asked(buyer, "1")
    accepted(await verb(planner, order, "approve"))
    assert await _after(buyer, order, notes="by the gate") == "requested"
    assert await _after(buyer, order, items=_lines(order, 10, "1")) == "requested"
    assert await _after(buyer, order, items=_lines(order, 8, "1")) == "withdrawn"


async def test_a_steeper_price_withdraws_the_request(admin: Member) -> None:
    supplier_id = (await factories.supplier(admin))["id"]
    old = accepted(await verb(admin, await drafted(admin, "2", supplier_id=supplier_id), "submit"))
    await rule(admin, "price_rise", threshold="10")
    items = [line(old["items"][0]["product_id"], 10, "3")]
    order = await asked(admin, supplier_id=supplier_id, items=items)
    assert await _after(admin, order, items=_lines(order, 1, "3.01")) == "withdrawn"


# After it was sent


async def _amend(buyer: Member, order: dict[str, Any], quantity: int, price: str, status: int = 200) -> Any:
    items = [
        {"id": one["id"]} | line(one["product_id"], quantity, price)
        for one in (await now(buyer, order))["items"]
    ]
    return accepted(await buyer.edit(f"{ORDERS}/{order['id']}", items=items), status)


async def test_an_amendment_beyond_what_was_approved_is_refused(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    accepted(await verb(planner, order, "approve"))
    refused = await _amend(buyer, order, 11, "1", 409)
    assert [error["field"] for error in refused["errors"]] == ["items"]
    assert (await now(buyer, order))["total_amount"] == "10.00"
    await _amend(buyer, order, 6, "1")
    await _amend(buyer, order, 10, "1")  # approved
    accepted(await buyer.edit(f"{ORDERS}/{order['id']}", expected_delivery_date="2026-05-01"))


async def test_what_was_approved_cheaper_does_not_become_dear_again(admin: Member) -> None:
    """The approver saw what it was then, not what was once asked for."""
    await rule(admin, "total", threshold="5")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    assert await _after(buyer, order, items=_lines(order, 6, "1")) == "requested"
    approved = accepted(await verb(planner, order, "approve"))
    assert approved["approval"]["asked"][0]["total_approved"] == "6.00"
    await _amend(buyer, order, 7, "1", 409)
    await _amend(buyer, order, 6, "1")


async def test_an_amendment_up_to_the_threshold_needs_nobody(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    order = accepted(await verb(admin, await drafted(admin, "0.1"), "submit"))
    await _amend(admin, order, 49, "0.1")
    await _amend(admin, order, 50, "0.1", 409)


async def test_a_confirmation_beyond_what_was_approved_is_refused(admin: Member) -> None:
    """Or a rule would be kept by ordering low and confirming high."""
    await rule(admin, "total", threshold="5")
    order = accepted(await verb(admin, await drafted(admin, "0.1"), "submit"))
    told = {"id": order["items"][0]["id"], "unit_price": "0.5"}
    refused = accepted(await admin.post(f"{ORDERS}/{order['id']}/confirm", {"lines": [told]}), 409)
    assert [error["field"] for error in refused["errors"]] == ["items"]
    less = told | {"unit_price": "0.49"}
    accepted(await admin.post(f"{ORDERS}/{order['id']}/confirm", {"lines": [less]}))


async def test_what_was_sent_before_there_were_rules_may_shrink(admin: Member) -> None:
    order = accepted(await verb(admin, await drafted(admin, "1"), "submit"))
    await rule(admin, "total", threshold="5")
    await rule(admin, "new_supplier")
    await _amend(admin, order, 9, "1")
    await _amend(admin, order, 10, "1", 409)


# At the same moment


async def test_of_two_approvers_one_wins_and_the_other_is_told(admin: Member, database: TestDatabase) -> None:
    await rule(admin, "total", threshold="1")
    buyer, planner = await _crew(admin)
    second = await factories.member(admin, "planner")
    async with factories.running(database.installation) as other:
        for _ in range(4):
            order = await asked(buyer, "1")
            replies = await asyncio.gather(
                verb(planner, order, "approve"), verb(elsewhere(second, other), order, "approve")
            )
            assert sorted(reply.status_code for reply in replies) == [200, 409]
            (refused,) = [reply.json() for reply in replies if reply.status_code == 409]
            assert "already approved by planner-" in refused["detail"]
            history = (await admin.read(f"{ORDERS}/{order['id']}/history"))["items"]
            assert len(history) == 4


async def test_an_approval_waits_for_an_edit_and_sees_it(admin: Member) -> None:
    """The edit raises the total: what was asked is withdrawn before the approver gets the order."""
    await rule(admin, "total", threshold="5")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    changes = PurchaseOrderChanges(notes="more", currency="JPY")
    async with buyer.transaction() as rival:
        await amending.edit_order(rival, await buyer.actor(), order["id"], changes, "*")
        approving = asyncio.create_task(verb(planner, order, "approve"))
        await somebody_waits_for(rival)
    refused = accepted(await approving, 409)
    assert [error["field"] for error in refused["errors"]] == ["approval"]
    assert (await now(buyer, order))["status"] == "draft"


async def test_an_edit_waits_for_an_approval_and_is_an_amendment(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    buyer, planner = await _crew(admin)
    order = await asked(buyer, "1")
    more = {"items": _lines(order, 20, "1")}

    async def approve(rival: Connection) -> None:
        await LIFECYCLE.apply(rival, await planner.actor(), order["id"], "approve")

    async with planner.transaction() as rival:
        await approve(rival)
        patch = buyer.http.patch(f"{ORDERS}/{order['id']}", json=more, headers={"If-Match": "*"})
        editing = asyncio.create_task(patch)
        await somebody_waits_for(rival)
    assert (await editing).status_code in (409, 422)
    kept = await now(buyer, order)
    assert (kept["status"], kept["total_amount"]) == ("submitted", "10.00")


# Lists and rules


async def test_what_waits_for_me_is_listed_oldest_first(admin: Member) -> None:
    await rule(admin, "total", threshold="1")
    buyer, planner = await _crew(admin)
    orders = [await asked(buyer, "1") for _ in range(3)]
    own = await asked(planner, "1", supplier_id=await _known(admin))
    mine = (await planner.read("approvals", waiting="mine"))["items"]
    assert [one["purchase_order_id"] for one in mine] == [order["id"] for order in orders]
    waiting = (await buyer.read("approvals", waiting="true"))["items"]
    assert [one["purchase_order_id"] for one in waiting] == [order["id"] for order in [*orders, own]]
    assert (await buyer.read("approvals", waiting="mine"))["items"] == []


async def test_another_organization_neither_sees_nor_decides(admin: Member, stranger: Member) -> None:
    made = await rule(admin, "total", threshold="1")
    order = await asked(admin, "1")
    assert (await verb(stranger, order, "approve")).status_code == 404
    assert (await verb(stranger, order, "reject")).status_code == 404
    assert (await stranger.read("approvals"))["items"] == []
    assert (await stranger.read(RULES))["items"] == []
    assert (await stranger.get(f"{RULES}/{made['id']}")).status_code == 404
    named = {"kind": "total", "threshold": "1", "approver_user_id": str(admin.user_id)}
    refused = accepted(await stranger.post(RULES, named), 422)
    assert [error["field"] for error in refused["errors"]] == ["approver_user_id"]


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"kind": "total"}, ["threshold"]),
        ({"kind": "price_rise", "threshold": "0"}, ["threshold"]),
        ({"kind": "price_rise", "threshold": "100.5"}, ["threshold"]),
        ({"kind": "new_supplier", "threshold": "1"}, ["threshold"]),
        ({"kind": "category"}, ["category"]),
        ({"kind": "total", "threshold": "1", "category": "Chemicals"}, ["category"]),
        ({"kind": "new_supplier", "approver_role_id": None}, ["approver_role_id"]),
        ({"kind": "new_supplier", "approver_user_id": "{me}"}, ["approver_role_id"]),
    ],
)
async def test_a_rule_has_what_its_kind_needs(
    admin: Member, wrong: dict[str, Any], fields: list[str]
) -> None:
    body = {"approver_role_id": await role_id(admin, "planner")} | wrong
    if "approver_user_id" in body:
        body["approver_user_id"] = str(admin.user_id)
    refused = accepted(await admin.post(RULES, body), 422)
    assert [error["field"] for error in refused["errors"]] == fields


async def test_a_rule_is_edited_by_its_version(admin: Member) -> None:
    made = await rule(admin, "total", threshold="1")
    edited = accepted(await admin.edit(f"{RULES}/{made['id']}", threshold="2.50", position=3))
    assert (edited["threshold"], edited["position"], edited["kind"]) == ("2.50", 3, "total")
    wrong = accepted(await admin.edit(f"{RULES}/{made['id']}", threshold=None), 422)
    assert said(wrong)
    late = await admin.http.patch(f"{RULES}/{made['id']}", json={"position": 1}, headers={"If-Match": '"x"'})
    assert late.status_code == 412
    buyer = await factories.member(admin, "buyer")
    accepted(await buyer.post(RULES, {"kind": "new_supplier"}), 403)
    assert (await admin.delete(f"{RULES}/{made['id']}")).status_code == 204
    assert (await admin.read(RULES))["items"] == []
