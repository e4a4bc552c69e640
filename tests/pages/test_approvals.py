"""Approvals on pages: the order that waits, the list of what waits for me, and the rules."""

from tests import factories
from tests.documents.test_lifecycle import offered
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.tables import table
from tests.purchasing.approving import asked, rule
from tests.purchasing.buying import ORDERS, now


async def test_an_approver_sees_why_and_approves(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    buyer, planner = [await factories.member(admin, role) for role in ("buyer", "planner")]
    order = await asked(buyer, "1")
    path = f"/{ORDERS}/{order['id']}"
    there, here = await signed_in(buyer), await signed_in(planner)
    waits = await there.get(path)
    assert offered(waits) == {"cancel"}
    assert planner.email in waits.text
    page = await here.get(path)
    assert offered(page) == {"approve", "reject", "cancel"}
    assert "Total US$10.00; a rule asks from US$5.00" in page.text
    done = await here.fill(page, f"{path}/approve")
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=approve")
    assert (await now(admin, order))["status"] == "submitted"
    assert offered(await here.get(path)) == {"confirm", "close", "cancel"}
    again = await (await signed_in(await factories.member(admin, "planner"))).fill(page, f"{path}/approve")
    assert again.status_code in (403, 412)


async def test_an_order_is_sent_back_with_a_reason(admin: Member) -> None:
    """By somebody who may approve and not write."""
    clerk = await factories.member_with(
        admin, "organization:read", "purchase_orders:read", "purchase_orders:approve"
    )
    await rule(admin, "new_supplier", approver_user_id=str(clerk.user_id))
    order = await asked(admin, "1")
    path = f"/{ORDERS}/{order['id']}"
    here = await signed_in(clerk)
    page = await here.get(path)
    assert offered(page) == {"approve", "reject"}
    unsaid = await here.fill(page, f"{path}/reject", reason="")
    assert (unsaid.status_code, 'id="field-reason-error"' in unsaid.text) == (422, True)
    assert (await here.fill(unsaid, f"{path}/reject", reason="Ask Bolt & Co")).status_code == 303
    back = await (await signed_in(admin)).get(path)
    assert "Ask Bolt &amp; Co" in back.text
    assert offered(back) == {"submit", "cancel"}


async def test_what_waits_for_me_is_listed_with_its_sum(admin: Member) -> None:
    await rule(admin, "total", threshold="5")
    await rule(admin, "new_supplier")
    buyer, planner = [await factories.member(admin, role) for role in ("buyer", "planner")]
    orders = [await asked(buyer, price) for price in ("1", "2.50")]
    here = await signed_in(planner)
    page = await here.get("/approvals")
    numbers = [row["Purchase order"] for row in table(page, "Approvals")]
    assert numbers == [order["po_number"] for order in orders for _ in range(2)]
    assert "2 orders wait for you: US$35.00" in page.text
    there = await signed_in(buyer)
    assert "po_number" not in (await there.get("/approvals")).text
    assert len(table(await there.get("/approvals", params={"waiting": "true"}), "Approvals")) == 4


async def test_rules_are_kept_and_tried_on_a_page(admin: Member) -> None:
    here = await signed_in(admin)
    planner = await factories.member(admin, "planner")
    page = await here.get("/approval-rules/new")
    wrong = await here.fill(page, "/approval-rules/new", kind="total", approver_role_id="Planner")
    assert (wrong.status_code, 'id="field-threshold-error"' in wrong.text) == (422, True)
    fields = {"kind": "total", "threshold": "5000", "approver_role_id": "Planner"}
    assert (await here.fill(page, "/approval-rules/new", **fields)).status_code == 303
    (row,) = table(await here.get("/approval-rules"), "Approval rules")
    assert (row["Kind"], row["From"], row["Who approves"]) == ("Total", "US$5,000.00", "Planner")
    (made,) = (await admin.read("approval-rules"))["items"]
    edit = f"/approval-rules/{made['id']}/edit"
    saved = await here.fill(await here.get(edit), edit, **(fields | {"threshold": "6000,50"}))
    assert saved.status_code == 303
    asks = await here.get("/approval-rules", params={"total": "7000", "by": admin.email})
    assert planner.email in asks.text
    own = await here.get("/approval-rules", params={"total": "7000", "by": planner.email})
    assert own.text.count(planner.email) == 1  # in the field
    assert planner.email not in (await here.get("/approval-rules", params={"total": "6000.49"})).text
    assert (await here.get("/approval-rules", params={"total": "1", "by": "Nobody"})).status_code == 422
