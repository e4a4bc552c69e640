"""Structs of the approvals that rules ask for."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant
from imsop.purchasing.approval_rules.models import RuleKind

Decision = Literal["approved", "rejected", "withdrawn"]
ApprovalStatus = Literal["requested", "approved", "rejected", "withdrawn"]


class Asked(Struct, frozen=True):
    """An approval that a rule asked for, and what was decided, if it was.

    `threshold` and `category` are the rule's at that time. `figure` is what met it: the order's total, the
    percent of its greatest rise in price (of the product `sku`), or the value of the category; null if it
    cannot be known, as without a price in the same currency. Each time that an order is submitted is a
    `round`.
    """

    id: UUID
    purchase_order_id: UUID
    po_number: str
    supplier_id: UUID
    supplier_name: str
    round: int
    approval_rule_id: UUID
    kind: RuleKind
    threshold: Decimal | None
    category: str | None
    figure: Decimal | None
    sku: str | None
    total_amount: Decimal
    currency: str
    requested_by: UUID
    requested_at: Instant
    decision: Decision | None
    decided_by: UUID | None
    decided_at: Instant | None
    total_approved: Decimal | None
    """The total when it was approved: a draft that waits may become cheaper."""
    reason: str | None


class Approver(Struct, frozen=True):
    """A user who may decide on the approval `approval_id` now."""

    approval_id: UUID
    user_id: UUID
    name: str


class Approval(Struct, frozen=True):
    """How far an order's last request for approval is: why it was asked, and who may decide or did."""

    status: ApprovalStatus
    asked: list[Asked]
    approvers: list[Approver]
    """Who may decide on what nobody has decided yet."""
