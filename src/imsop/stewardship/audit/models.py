"""Structs of the audit trail."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant

AuditAction = Literal["insert", "update", "delete"]


class AuditEntry(Struct, frozen=True):
    """One row that one statement changed. Never changed, never deleted.

    `old` and `new` have the columns that an update changed; of an insert and a delete the whole row, without
    what must not be disclosed, which an update shows as `***`.
    """

    id: UUID
    at: Instant
    table_name: str
    record_id: UUID
    action: AuditAction
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    user_id: UUID | None
    credential_id: UUID | None
    """The session or API key."""
    request_id: str | None
    source: str
    """`page`, `api`, `job:` and its task, or the database role that wrote by other means."""
    address: str | None
    sealed: bool
    """Whether a seal protects it; a few minutes at most after it was written."""


AUDITED = (
    "api_keys", "approval_rules", "customer_return_items", "customer_returns", "customers",
    "inventory_reservations", "mails", "organizations", "password_resets", "products",
    "purchase_order_approvals", "purchase_order_items", "purchase_orders", "role_permissions", "roles",
    "sales_order_items", "sales_orders", "sessions", "shipment_items", "shipments",
    "supplier_product_prices", "supplier_products", "suppliers", "user_roles", "users", "warehouse_zones",
    "warehouses",
)  # fmt: skip
"""Tables whose changes are recorded, as the migrations say by `audit_table`."""
