"""Structs of approval rules in the API."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Amount, Count, Instant, ShortName

RuleKind = Literal["total", "new_supplier", "price_rise", "category"]
RuleStatus = Literal["active", "inactive"]
Threshold = Annotated[
    Amount,
    Meta(
        description="From where on the rule asks: money of the organization for a total, percent for a rise "
        "in price. Other kinds have none."
    ),
]


class ApprovalRule(Struct, frozen=True):
    """When a purchase order needs an approval, and whose: that of a role's users, or of a person.

    `threshold` is money of the organization for a total, percent for a rise in price. The deputy may always
    approve in the approver's place. Nobody approves what they ordered themselves.
    """

    id: UUID
    kind: RuleKind
    threshold: Decimal | None
    category: str | None
    approver_role_id: UUID | None
    approver_user_id: UUID | None
    deputy_user_id: UUID | None
    position: int
    status: RuleStatus
    created_at: Instant
    updated_at: Instant


class NewApprovalRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule: of a threshold or a category, as its kind requires; of a role or a person."""

    kind: RuleKind
    threshold: Threshold | None = None
    category: ShortName | None = None
    approver_role_id: UUID | None = None
    approver_user_id: UUID | None = None
    deputy_user_id: UUID | None = None
    position: Count = 0
    status: RuleStatus = "active"


class ApprovalRuleChanges(Struct, frozen=True, forbid_unknown_fields=True):
    kind: RuleKind | UnsetType = UNSET
    threshold: Threshold | UnsetType | None = UNSET
    category: ShortName | UnsetType | None = UNSET
    approver_role_id: UUID | UnsetType | None = UNSET
    approver_user_id: UUID | UnsetType | None = UNSET
    deputy_user_id: UUID | UnsetType | None = UNSET
    position: Count | UnsetType = UNSET
    status: RuleStatus | UnsetType = UNSET
