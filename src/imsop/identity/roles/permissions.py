"""All permissions, and those of the system roles.

The first migration inserts the same names; a test compares both.
"""

from enum import StrEnum
from typing import Literal

from imsop.ui.language import N_


class Permission(StrEnum):
    """`resource:action`. Write permission does not include read permission: roles have both.

    Approving is apart from writing: whoever orders need not be who approves.
    """

    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_WRITE = "organization:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    ROLES_READ = "roles:read"
    ROLES_WRITE = "roles:write"
    API_KEYS_READ = "api_keys:read"
    API_KEYS_WRITE = "api_keys:write"
    PRODUCTS_READ = "products:read"
    PRODUCTS_WRITE = "products:write"
    SUPPLIERS_READ = "suppliers:read"
    SUPPLIERS_WRITE = "suppliers:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    WAREHOUSES_READ = "warehouses:read"
    WAREHOUSES_WRITE = "warehouses:write"
    INVENTORY_READ = "inventory:read"
    INVENTORY_WRITE = "inventory:write"
    PURCHASE_ORDERS_READ = "purchase_orders:read"
    PURCHASE_ORDERS_WRITE = "purchase_orders:write"
    CUSTOMER_RETURNS_READ = "customer_returns:read"
    CUSTOMER_RETURNS_WRITE = "customer_returns:write"
    PURCHASE_ORDERS_APPROVE = "purchase_orders:approve"
    GOODS_RECEIPTS_READ = "goods_receipts:read"
    GOODS_RECEIPTS_WRITE = "goods_receipts:write"
    SALES_ORDERS_READ = "sales_orders:read"
    SALES_ORDERS_WRITE = "sales_orders:write"
    SHIPMENTS_READ = "shipments:read"
    SHIPMENTS_WRITE = "shipments:write"
    ANALYTICS_READ = "analytics:read"
    ANALYTICS_WRITE = "analytics:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    AUDIT_READ = "audit:read"


SystemRole = Literal["administrator", "planner", "buyer", "warehouse", "sales", "analyst", "viewer"]


_P = Permission


# Read permissions for all staff: business data, but neither users nor administration.
_BUSINESS_READ = frozenset(
    permission
    for permission in Permission
    if permission.endswith(":read")
    and permission not in {_P.USERS_READ, _P.ROLES_READ, _P.API_KEYS_READ, _P.JOBS_READ, _P.AUDIT_READ}
)


SYSTEM_ROLES: dict[SystemRole, tuple[str, frozenset[Permission]]] = {
    "administrator": (N_("Everything, including people, roles and keys"), frozenset(Permission)),
    "planner": (
        N_("Plans stock: products, reorder rules, orders on both sides"),
        _BUSINESS_READ
        | {
            _P.PRODUCTS_WRITE,
            _P.PURCHASE_ORDERS_WRITE,
            _P.PURCHASE_ORDERS_APPROVE,
            _P.SALES_ORDERS_WRITE,
            _P.CUSTOMER_RETURNS_WRITE,
            _P.SHIPMENTS_WRITE,
        },
    ),
    "buyer": (
        N_("Buys: suppliers, products and purchase orders"),
        _BUSINESS_READ
        | {_P.SUPPLIERS_WRITE, _P.PRODUCTS_WRITE, _P.PURCHASE_ORDERS_WRITE, _P.SHIPMENTS_WRITE},
    ),
    "warehouse": (
        N_("Moves stock: warehouses, inventory, receipts and shipments"),
        _BUSINESS_READ
        | {
            _P.WAREHOUSES_WRITE,
            _P.INVENTORY_WRITE,
            _P.GOODS_RECEIPTS_WRITE,
            _P.CUSTOMER_RETURNS_WRITE,
            _P.SHIPMENTS_WRITE,
        },
    ),
    "sales": (
        N_("Sells: customers and sales orders"),
        _BUSINESS_READ | {_P.CUSTOMERS_WRITE, _P.SALES_ORDERS_WRITE, _P.CUSTOMER_RETURNS_WRITE},
    ),
    "analyst": (
        N_("Reads everything of the business, records analytics events"),
        _BUSINESS_READ | {_P.ANALYTICS_WRITE},
    ),
    "viewer": (N_("Reads everything of the business"), _BUSINESS_READ),
}
