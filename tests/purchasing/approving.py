"""Approval rules and drafts that they ask about, for tests."""

from typing import Any

import httpx

from tests import factories
from tests.factories import Member, accepted
from tests.purchasing.buying import ORDERS

RULES = "approval-rules"


async def role_id(admin: Member, name: str) -> str:
    (role,) = (await admin.read("roles", name=name))["items"]
    found: str = role["id"]
    return found


async def rule(admin: Member, kind: str, **fields: Any) -> dict[str, Any]:
    """A rule whose approvers are the planners, unless `fields` name others."""
    if "approver_user_id" not in fields:
        fields.setdefault("approver_role_id", await role_id(admin, "planner"))
    return await admin.create(RULES, {"kind": kind} | fields)


async def drafted(buyer: Member, *prices: str, quantity: int = 10, **fields: Any) -> dict[str, Any]:
    """A draft with one line of this quantity at each price, of a product of its own."""
    if "supplier_id" not in fields:
        fields["supplier_id"] = (await factories.supplier(buyer))["id"]
    lines = [line((await factories.product(buyer))["id"], quantity, price) for price in prices]
    return await buyer.create(ORDERS, {"order_date": "2026-03-02", "items": lines} | fields)


def line(product_id: str, quantity: int, price: str) -> dict[str, Any]:
    return {"product_id": product_id, "quantity_ordered": quantity, "unit_price": price}


async def verb(member: Member, order: dict[str, Any], name: str, **headers: str) -> httpx.Response:
    body = {"reason": "too dear"} if name in ("reject", "cancel") else None
    return await member.post(f"{ORDERS}/{order['id']}/{name}", body, **headers)


async def asked(buyer: Member, *prices: str, **fields: Any) -> dict[str, Any]:
    """A draft that was submitted and waits for an approval."""
    order: dict[str, Any] = accepted(await verb(buyer, await drafted(buyer, *prices, **fields), "submit"))
    assert (order["status"], order["approval"]["status"]) == ("draft", "requested")
    return order
