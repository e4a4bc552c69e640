"""Which rules ask for the approval of an order, and what an approval covers: decisions without I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from msgspec import Struct

from imsop.purchasing.approval_rules.models import ApprovalRule, RuleKind
from imsop.purchasing.approvals.models import ApprovalStatus, Asked

_HUNDREDTH = Decimal("0.01")


class LineFacts(Struct, frozen=True):
    """A line, and the price that its supplier last agreed for its product; `last_*` are null without one."""

    sku: str
    category: str | None
    unit_price: Decimal | None
    line_total: Decimal | None
    last_price: Decimal | None
    last_currency: str | None


class Facts(Struct, frozen=True):
    """An order as rules see it."""

    total_amount: Decimal
    currency: str
    is_new_supplier: bool
    """No other order was sent to its supplier, unless it was cancelled."""
    lines: Sequence[LineFacts]


class Ask(Struct, frozen=True):
    """A rule that asks. A `figure` of None is not known, and counts as beyond any other."""

    rule: ApprovalRule
    figure: Decimal | None
    sku: str | None = None


def asks_of(rules: Iterable[ApprovalRule], facts: Facts, own_currency: str) -> list[Ask]:
    """What the rules ask of an order; `own_currency` is the organization's."""
    found = (_ASKS[rule.kind](rule, facts, own_currency) for rule in rules)
    return [ask for ask in found if ask is not None]


def _of_total(rule: ApprovalRule, facts: Facts, own_currency: str) -> Ask | None:
    """Asks from the threshold on, and of every total in another currency: what it is worth is not known."""
    known = facts.currency == own_currency
    if known and rule.threshold is not None and facts.total_amount < rule.threshold:
        return None
    return Ask(rule, facts.total_amount)


def _of_new_supplier(rule: ApprovalRule, facts: Facts, _: str) -> Ask | None:
    return Ask(rule, None) if facts.is_new_supplier else None


def _of_price_rise(rule: ApprovalRule, facts: Facts, _: str) -> Ask | None:
    """Asks of the line whose price rose most. A first price is no rise; one in another currency may be."""
    rises = [
        (percent, line.sku)
        for line in facts.lines
        if line.last_price is not None
        and line.unit_price is not None
        and ((percent := _rise(line, facts.currency)) is None or percent >= (rule.threshold or 0))
    ]
    if not rises:
        return None
    percent, sku = max(rises, key=lambda rise: Decimal("Infinity") if rise[0] is None else rise[0])
    return Ask(rule, None if percent is None else percent.quantize(_HUNDREDTH, ROUND_DOWN), sku)


def _rise(line: LineFacts, currency: str) -> Decimal | None:
    """By how many percent the price is above the last; None if the two cannot be compared."""
    if line.last_price is None or line.unit_price is None or line.last_currency != currency:
        return None
    if line.last_price == 0:
        return None if line.unit_price else Decimal(0)
    return (line.unit_price - line.last_price) * 100 / line.last_price


def _of_category(rule: ApprovalRule, facts: Facts, _: str) -> Ask | None:
    wanted = (rule.category or "").casefold()
    of_it = [line for line in facts.lines if (line.category or "").casefold() == wanted]
    if not of_it:
        return None
    return Ask(rule, sum((line.line_total or Decimal(0) for line in of_it), Decimal(0)), of_it[0].sku)


_ASKS: Mapping[RuleKind, Callable[[ApprovalRule, Facts, str], Ask | None]] = {
    "total": _of_total,
    "new_supplier": _of_new_supplier,
    "price_rise": _of_price_rise,
    "category": _of_category,
}


class Covered(Struct, frozen=True):
    """What needs no approval any more: a total, and of each rule the greatest figure; None is any."""

    total_amount: Decimal
    figures: Mapping[UUID, Decimal | None]


def covered_by(total_amount: Decimal, asks: Iterable[Ask], asked: Iterable[Asked]) -> Covered:
    """A total, with the greatest figure of each rule: of what it asks of the order, and of what it asked."""
    figures: dict[UUID, Decimal | None] = {}
    known = [(ask.rule.id, ask.figure) for ask in asks]
    known += [(one.approval_rule_id, one.figure) for one in asked]
    for rule_id, figure in known:
        others = figures.get(rule_id, figure)
        figures[rule_id] = None if figure is None or others is None else max(figure, others)
    return Covered(total_amount, figures)


def asks_anew(covered: Covered, total_amount: Decimal, asks: Sequence[Ask]) -> bool:
    """Whether an order with this total, of which rules ask so much, needs another approval."""
    if asks and total_amount > covered.total_amount:
        return True
    return any(
        ask.rule.id not in covered.figures or _is_beyond(ask.figure, covered.figures[ask.rule.id])
        for ask in asks
    )


def _is_beyond(figure: Decimal | None, covered: Decimal | None) -> bool:
    return covered is not None and (figure is None or figure > covered)


def status_of(asked: Sequence[Asked]) -> ApprovalStatus:
    """The state of a request: one rejection rejects it, and it is approved once every rule's approval is
    there.
    """
    decisions = {one.decision for one in asked}
    if "rejected" in decisions:
        return "rejected"
    if "withdrawn" in decisions:
        return "withdrawn"
    return "requested" if None in decisions else "approved"
