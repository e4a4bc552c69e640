"""Approvals of purchase orders: asked for, decided and withdrawn. The order is locked by the caller."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from imsop.core.database import Connection
from imsop.core.errors import Conflict, DomainError, FieldError, Forbidden
from imsop.core.events import Change
from imsop.core.said import Said
from imsop.documents.lifecycle import Changes, Held
from imsop.identity.actor import Actor
from imsop.identity.people.queries import list_user_names
from imsop.purchasing.approval_rules.queries import list_active_rules
from imsop.purchasing.approvals import queries
from imsop.purchasing.approvals.models import Approval, Approver, Asked, Decision
from imsop.purchasing.approvals.rules import (
    Ask,
    Covered,
    Facts,
    asks_anew,
    asks_of,
    covered_by,
    status_of,
)
from imsop.purchasing.orders.models import PurchaseOrderWithItems


async def get_approval(connection: Connection, actor: Actor, order_id: UUID) -> Approval | None:
    """How far the order's last request for approval is; None if none was needed."""
    asked = await queries.list_last_round(connection, actor.organization_id, order_id)
    if not asked:
        return None
    status = status_of(asked)
    approvers: list[Approver] = []
    if status == "requested":
        approvers = await queries.list_approvers(connection, actor.organization_id, order_id)
    return Approval(status, asked, approvers)


async def list_waiting(connection: Connection, actor: Actor, order_id: UUID) -> list[Asked]:
    """All that was asked when the order was last submitted, if a part of it still waits."""
    asked = await queries.list_last_round(connection, actor.organization_id, order_id)
    return asked if asked and status_of(asked) == "requested" else []


async def ask(connection: Connection, actor: Actor, order: Held) -> bool:
    """Asks for the approvals that rules require; False if they require none.

    Raises Conflict, naming who can approve, while an approval is waiting.
    """
    if waiting := await list_waiting(connection, actor, order.id):
        approvers = await queries.list_approvers(connection, actor.organization_id, order.id)
        raise Conflict(
            Said(
                "%(name)s waits for an approval since %(at)s; it can be given by: %(names)s",
                name=order.name,
                at=_at(actor, waiting[0].requested_at),
                names=_named(approvers),
            ),
            errors=[FieldError("approval", "is requested")],
        )
    found = await _evaluate(connection, actor, order.id)
    if found is None or not found[1]:
        return False
    facts, asks = found
    await queries.insert_asked(
        connection, actor.organization_id, order.id, asks, facts.total_amount, facts.currency, actor.user_id
    )
    return True


async def decide(
    connection: Connection, actor: Actor, order: Held, decision: Decision, reason: str | None = None
) -> Changes:
    """Decides on all that the actor may of what waits. A rejection withdraws what is asked of others.

    Raises Forbidden, naming who can, for one's own order and for whom no rule names; Conflict if nothing of
    it waits.
    """
    waiting = await list_waiting(connection, actor, order.id)
    if not waiting:
        raise await nothing_waits(connection, actor, order)
    approvers = await queries.list_approvers(connection, actor.organization_id, order.id)
    mine = {one.approval_id for one in approvers if one.user_id == actor.user_id}
    if not mine:
        raise await _not_by(connection, actor, order, waiting, approvers)
    organization_id = actor.organization_id
    await queries.decide(connection, organization_id, order.id, mine, decision, actor.user_id, reason)
    if decision == "rejected":
        await withdraw(connection, actor, order.id, waiting)
    return {"approval": Change("requested", decision)}


async def is_approved(connection: Connection, actor: Actor, order_id: UUID) -> bool:
    """Whether every approval that was asked for is there."""
    asked = await queries.list_last_round(connection, actor.organization_id, order_id)
    return bool(asked) and status_of(asked) == "approved"


async def withdraw(connection: Connection, actor: Actor, order_id: UUID, asked: Iterable[Asked]) -> None:
    """Withdraws what of it still waits."""
    await queries.decide(
        connection, actor.organization_id, order_id, [one.id for one in asked], "withdrawn", actor.user_id
    )


async def withdraw_if_outgrown(
    connection: Connection,
    actor: Actor,
    asked: Sequence[Asked],
    before: PurchaseOrderWithItems,
    after: PurchaseOrderWithItems,
) -> bool:
    """Withdraws what was asked of a draft if an edit made another order of it; True if so.

    It is another with another supplier, currency or product, with a higher total, if a rule asks for more or
    none asks any longer, and after the first of several approvals with any other line.
    """
    found = await _evaluate(connection, actor, after.id)
    asks = found[1] if found else []
    covered = covered_by(asked[0].total_amount, [], asked)
    stands = (
        asks
        and (before.supplier_id, before.currency) == (after.supplier_id, after.currency)
        and {line.product_id for line in after.items} <= {line.product_id for line in before.items}
        and after.total_amount <= asked[0].total_amount
        and not asks_anew(covered, after.total_amount, asks)
        and (all(one.decision is None for one in asked) or _terms(before) == _terms(after))
    )
    if not stands:
        await withdraw(connection, actor, after.id, asked)
    return not stands


def _terms(order: PurchaseOrderWithItems) -> list[tuple[object, ...]]:
    return [
        (line.product_id, line.quantity_ordered, line.unit_price, line.line_total) for line in order.items
    ]


async def get_covered(connection: Connection, actor: Actor, order_id: UUID) -> Covered | None:
    """What an order that was sent may come to without another approval; None if no rule is active."""
    found = await _evaluate(connection, actor, order_id)
    if found is None:
        return None
    facts, asks = found
    asked = await queries.list_last_round(connection, actor.organization_id, order_id)
    approved = asked if asked and status_of(asked) == "approved" else []
    totals = [one.total_approved for one in approved if one.total_approved is not None]
    return covered_by(max([facts.total_amount, *totals]), asks, approved)


async def require_covered(
    connection: Connection, actor: Actor, order_id: UUID, covered: Covered | None
) -> None:
    """Raises Conflict if the order, as it is now, needs an approval that it does not have."""
    if covered is None:
        return
    found = await _evaluate(connection, actor, order_id)
    if found and asks_anew(covered, found[0].total_amount, found[1]):
        raise Conflict(
            Said(
                "this needs an approval: %(total)s %(currency)s where %(covered)s was agreed; order what is "
                "beyond it with an order of its own",
                total=found[0].total_amount,
                currency=found[0].currency,
                covered=covered.total_amount,
            ),
            errors=[FieldError("items", "need an approval")],
        )


async def nothing_waits(connection: Connection, actor: Actor, order: Held) -> DomainError:
    """The refusal to decide on an order of which nothing waits: it says who decided and when."""
    asked = await queries.list_last_round(connection, actor.organization_id, order.id)
    decided = [one for one in asked if one.decision in ("rejected", "approved")]
    if not decided or status_of(asked) == "withdrawn":
        return Conflict(
            Said("no approval of %(name)s is waiting; it is asked for by submitting it", name=order.name),
            errors=[FieldError("approval", "is not requested")],
        )
    last = next((one for one in decided if one.decision == "rejected"), decided[-1])
    return await _decided(connection, actor, last)


async def _decided(connection: Connection, actor: Actor, last: Asked) -> Conflict:
    if last.decision is None or last.decided_by is None or last.decided_at is None:
        raise RuntimeError("a decision without who decided")
    names = await list_user_names(connection, actor.organization_id, [last.decided_by])
    name, at = names[last.decided_by], _at(actor, last.decided_at)
    if last.decision == "rejected":
        said = Said(
            "already sent back by %(name)s at %(at)s: %(reason)s", name=name, at=at, reason=last.reason or ""
        )
    else:
        said = Said("already approved by %(name)s at %(at)s", name=name, at=at)
    return Conflict(said, errors=[FieldError("approval", Said("is %(status)s", status=Said(last.decision)))])


async def _not_by(
    connection: Connection,
    actor: Actor,
    order: Held,
    waiting: Sequence[Asked],
    approvers: Sequence[Approver],
) -> DomainError:
    """Why the actor cannot decide: decided already, their own order, or nobody that a rule names."""
    if mine := next((one for one in waiting if one.decided_by == actor.user_id), None):
        return await _decided(connection, actor, mine)
    names = _named(approvers)
    if await queries.is_own_order(connection, actor.organization_id, order.id, actor.user_id):
        return Forbidden(
            Said("nobody approves what they ordered; it can be approved by: %(names)s", names=names)
        )
    return Forbidden(Said("no rule names you; it can be approved by: %(names)s", names=names))


def _named(approvers: Iterable[Approver]) -> str:
    """Their names; says so if there is nobody."""
    return ", ".join(dict.fromkeys(one.name for one in approvers)) or Said("nobody yet")


async def _evaluate(connection: Connection, actor: Actor, order_id: UUID) -> tuple[Facts, list[Ask]] | None:
    """The order as rules see it, and what they ask; None if no rule is active."""
    rules = await list_active_rules(connection, actor.organization_id)
    if not rules:
        return None
    facts = await queries.get_facts(connection, actor.organization_id, order_id)
    return facts, asks_of(rules, facts, actor.currency)


def _at(actor: Actor, instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(actor.timezone)):%Y-%m-%d %H:%M}"
