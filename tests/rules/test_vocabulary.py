"""Literals in code equal the database's: statuses, kinds, permissions, roles."""

import re
from typing import Any, get_args

from imsop.catalog.products.models import ProductStatus
from imsop.core.errors import InvalidInput
from imsop.core.fields import PartnerStatus
from imsop.documents.numbers import NumberedKind
from imsop.identity.credentials.tokens import CredentialKind
from imsop.identity.organizations.models import OrganizationStatus, SubscriptionTier
from imsop.identity.people.models import Locale, UserStatus
from imsop.identity.roles.permissions import SYSTEM_ROLES, Permission
from imsop.inventory.ledger.rules import MovementKind, TransactionType, require_possible
from imsop.inventory.reservations.models import ReservationKind
from imsop.inventory.warehouses.models import WarehouseStatus, ZoneType
from imsop.purchasing.approval_rules.models import RuleKind, RuleStatus
from imsop.purchasing.approvals.models import Decision
from imsop.purchasing.orders.models import PurchaseOrderStatus
from imsop.sales.orders.models import SalesOrderStatus
from imsop.sales.returns.models import CustomerReturnStatus
from imsop.shipping.shipments.models import ShipmentStatus, ShipmentType, TransportMode
from imsop.shipping.tracking.models import EventType
from imsop.stewardship.audit.models import AuditAction
from tests import factories
from tests.factories import Member
from tests.rules.catalogue import Catalogue

WORDS: dict[tuple[str, str], Any] = {
    ("organizations", "status"): OrganizationStatus,
    ("organizations", "subscription_tier"): SubscriptionTier,
    ("users", "status"): UserStatus,
    ("users", "locale"): Locale,
    ("suppliers", "status"): PartnerStatus,
    ("customers", "status"): PartnerStatus,
    ("products", "status"): ProductStatus,
    ("warehouses", "status"): WarehouseStatus,
    ("warehouse_zones", "zone_type"): ZoneType,
    ("inventory_transactions", "transaction_type"): TransactionType,
    ("inventory_reservations", "kind"): ReservationKind,
    ("document_numbers", "kind"): NumberedKind,
    ("purchase_orders", "status"): PurchaseOrderStatus,
    ("purchase_order_history", "to_status"): PurchaseOrderStatus,
    ("approval_rules", "kind"): RuleKind,
    ("approval_rules", "status"): RuleStatus,
    ("purchase_order_approvals", "kind"): RuleKind,
    ("purchase_order_approvals", "decision"): Decision,
    ("sales_orders", "status"): SalesOrderStatus,
    ("customer_returns", "status"): CustomerReturnStatus,
    ("sales_order_history", "to_status"): SalesOrderStatus,
    ("shipments", "shipment_type"): ShipmentType,
    ("shipments", "status"): ShipmentStatus,
    ("shipments", "transport_mode"): TransportMode,
    ("shipment_events", "event_type"): EventType,
    ("audit_entries", "action"): AuditAction,
}


def listed_in_checks(catalogue: Catalogue) -> dict[tuple[str, str], tuple[str, ...]]:
    """The values of each CHECK of the form `column IN (…)`."""
    listed = {}
    for table, checks in catalogue.checks.items():
        for definition in checks.values():
            if match := re.fullmatch(r"CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)", definition):
                listed[table, match[1]] = tuple(re.findall(r"'([^']*)'::text", match[2]))
    return listed


def test_every_literal_equals_its_check(catalogue: Catalogue) -> None:
    expected = {place: get_args(words) for place, words in WORDS.items()}
    kept = tuple(kind for kind in get_args(CredentialKind) if kind != "api_key")  # keys have their own table
    expected["sessions", "kind"] = kept
    listed = listed_in_checks(catalogue)
    assert {place: set(words) for place, words in listed.items()} == {
        place: set(words) for place, words in expected.items()
    }


def test_movement_kinds_equal_those_of_the_ledger(catalogue: Catalogue) -> None:
    definition = catalogue.checks["inventory_transactions"]["inventory_transactions_kind_of_type"]
    words = set(re.findall(r"'(\w+)'::text", definition))
    assert words == {*get_args(MovementKind), *get_args(TransactionType)}


def test_code_and_ledger_accept_the_same_movements(catalogue: Catalogue) -> None:
    checks = catalogue.checks["inventory_transactions"]
    of_type = checks["inventory_transactions_kind_of_type"].removeprefix("CHECK ")
    of_sign = checks["inventory_transactions_quantity_sign"].removeprefix("CHECK ")
    for type_ in get_args(TransactionType):
        for kind in get_args(MovementKind):
            for quantity in (-1, 0, 1):
                taken = catalogue.rows(
                    f"SELECT {of_type} AND {of_sign} FROM (VALUES (%s, %s, %s))"
                    " AS movement (transaction_type, movement_kind, quantity)",
                    type_,
                    kind,
                    quantity,
                )
                try:
                    require_possible(type_, kind, quantity)
                    possible = True
                except InvalidInput:
                    possible = False
                assert taken == [possible], (type_, kind, quantity)


def test_the_statuses_of_documents_are_the_seeds() -> None:
    assert get_args(PurchaseOrderStatus) == (
        "draft",
        "submitted",
        "confirmed",
        "shipped",
        "received",
        "cancelled",
    )
    assert get_args(SalesOrderStatus) == ("draft", "confirmed", "shipped", "delivered", "cancelled")
    assert get_args(ShipmentStatus) == ("pending", "in_transit", "delivered", "cancelled")
    assert get_args(TransactionType) == ("receipt", "shipment", "adjustment", "return")


def test_permissions_equal_those_in_the_database(catalogue: Catalogue) -> None:
    stored = catalogue.rows("SELECT name, resource, action FROM permissions")
    assert {row[0] for row in stored} == {str(permission) for permission in Permission}
    assert all(name == f"{resource}:{action}" for name, resource, action in stored)


async def test_an_organization_starts_with_the_system_roles(admin: Member) -> None:
    roles = (await admin.read("roles"))["items"]
    assert {role["name"]: (role["description"], set(role["permissions"])) for role in roles} == {
        name: (description, {str(permission) for permission in permissions})
        for name, (description, permissions) in SYSTEM_ROLES.items()
    }
    assert all(role["is_system"] for role in roles)


async def test_a_member_has_the_permissions_of_its_role(admin: Member) -> None:
    for name, (_, permissions) in SYSTEM_ROLES.items():
        actor = await (await factories.member(admin, name)).actor()
        assert actor.permissions == permissions, name


def test_write_permissions_come_with_read_permissions() -> None:
    for name, (_, permissions) in SYSTEM_ROLES.items():
        for permission in permissions:
            assert Permission(permission.replace(":write", ":read")) in permissions, name


def test_the_viewer_writes_nothing() -> None:
    assert not [permission for permission in SYSTEM_ROLES["viewer"][1] if permission.endswith(":write")]
