"""Registry of the kinds of rows that have pages: URL, permission, label and icon of each.

A new kind is a noun's package and an entry here: navigation, search, events and links follow.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_

Kind = Literal[
    "product", "supplier", "supplier_product", "customer", "purchase_order", "goods_receipt",
    "supplier_return", "customer_return", "sales_order", "shipment", "warehouse",
]  # fmt: skip
SearchKind = Literal[
    "product", "supplier", "customer", "purchase_order", "goods_receipt", "supplier_return", "sales_order",
    "shipment", "warehouse", "warehouse_zone", "category", "user",
]  # fmt: skip
"""What `search_things` finds."""


class Place(NamedTuple):
    """A kind of rows: the list is at `path`, each row at `path/id`. Labels are catalogue texts."""

    label: str
    plural: str
    icon: str
    path: str
    permission: Permission
    """Required to see them."""


PLACES: Mapping[Kind, Place] = {
    "product": Place(N_("Product"), N_("Products"), "box", "/products", Permission.PRODUCTS_READ),
    "supplier": Place(
        N_("Supplier"), N_("Suppliers"), "building-factory-2", "/suppliers", Permission.SUPPLIERS_READ
    ),
    "supplier_product": Place(
        N_("Supplier product"), N_("Supplier products"), "barcode", "/supplier-products",
        Permission.PURCHASE_ORDERS_READ,
    ),
    "customer": Place(N_("Customer"), N_("Customers"), "users", "/customers", Permission.CUSTOMERS_READ),
    "purchase_order": Place(
        N_("Purchase order"), N_("Purchase orders"), "clipboard-list", "/purchase-orders",
        Permission.PURCHASE_ORDERS_READ,
    ),
    "sales_order": Place(
        N_("Sales order"), N_("Sales orders"), "shopping-cart", "/sales-orders", Permission.SALES_ORDERS_READ
    ),
    "goods_receipt": Place(
        N_("Goods receipt"), N_("Goods receipts"), "package-import", "/goods-receipts",
        Permission.GOODS_RECEIPTS_READ,
    ),
    "supplier_return": Place(
        N_("Return to supplier"), N_("Returns to suppliers"), "package-export", "/supplier-returns",
        Permission.GOODS_RECEIPTS_READ,
    ),
    "customer_return": Place(
        N_("Customer return"), N_("Customer returns"), "package-import", "/customer-returns",
        Permission.CUSTOMER_RETURNS_READ,
    ),
    "shipment": Place(N_("Shipment"), N_("Shipments"), "ship", "/shipments", Permission.SHIPMENTS_READ),
    "warehouse": Place(
        N_("Warehouse"), N_("Warehouses"), "building-warehouse", "/warehouses", Permission.WAREHOUSES_READ
    ),
}  # fmt: skip
ZONES = Place(N_("Zone"), N_("Zones"), "map-pin", "/zones", Permission.WAREHOUSES_READ)
"""A list only: a zone has no page of its own."""
APPROVAL_RULES = Place(
    N_("Approval rule"), N_("Approval rules"), "circle-check", "/approval-rules", Permission.ORGANIZATION_READ
)
"""A list only, in the administration."""
FOUND: Mapping[SearchKind, Place] = {
    "product": PLACES["product"],
    "supplier": PLACES["supplier"],
    "customer": PLACES["customer"],
    "purchase_order": PLACES["purchase_order"],
    "goods_receipt": PLACES["goods_receipt"],
    "supplier_return": PLACES["supplier_return"],
    "sales_order": PLACES["sales_order"],
    "shipment": PLACES["shipment"],
    "warehouse": PLACES["warehouse"],
    "warehouse_zone": ZONES,
    "category": Place(N_("Category"), N_("Categories"), "category", "/products", Permission.PRODUCTS_READ),
    "user": Place(N_("User"), N_("Users"), "user", "/users", Permission.USERS_READ),
}
"""What search finds, in the order in which it is shown. A category is a list of products."""
