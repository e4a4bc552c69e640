"""Server-rendered pages over all rooms, with the same permissions as in the API."""

from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_
from imsop.ui.page import NavigationEntry
from imsop.web.pages import prints, search
from imsop.web.pages.analytics import control_tower, events
from imsop.web.pages.catalog import product, product_editor, products
from imsop.web.pages.identity import account, credentials, forgotten, people, roles, signing_in
from imsop.web.pages.inventory import ledger, stock, warehouse_editor, warehouses, zone_editor, zones
from imsop.web.pages.purchasing import (
    approval_rules,
    approvals,
    confirmation,
    receipts,
    receiving,
    replenishment,
    returning,
    returns,
    supplier_prices,
    supplier_product_editor,
    supplier_products,
)
from imsop.web.pages.purchasing import lines as supplier_lines
from imsop.web.pages.purchasing import mail as purchase_order_mail
from imsop.web.pages.purchasing import orders as purchase_orders
from imsop.web.pages.sales import customer_editor, customers
from imsop.web.pages.sales import lines as customer_lines
from imsop.web.pages.sales import orders as sales_orders
from imsop.web.pages.sales import returns as customer_returns
from imsop.web.pages.shipping import sending, shipments
from imsop.web.pages.stewardship import audit, jobs
from imsop.web.pages.suppliers import supplier_editor, suppliers
from imsop.web.places import APPROVAL_RULES, PLACES, ZONES, Place

_STOCK, _BUYING, _SELLING = N_("Stock"), N_("Purchasing"), N_("Sales")
_ADMINISTRATION = N_("Administration")
_MOVING = N_("Logistics")


def _entry(place: Place, group: str, shortcut: str = "") -> NavigationEntry:
    return NavigationEntry(place.plural, place.path, place.icon, place.permission, group, shortcut)


NAVIGATION = (
    NavigationEntry(N_("Control tower"), "/", "layout-dashboard", Permission.ORGANIZATION_READ, "", "g t"),
    _entry(PLACES["product"], _STOCK, "g p"),
    NavigationEntry(N_("Inventory"), "/inventory", "packages", Permission.INVENTORY_READ, _STOCK, "g i"),
    NavigationEntry(N_("Ledger"), "/ledger", "history", Permission.INVENTORY_READ, _STOCK),
    _entry(PLACES["warehouse"], _STOCK),
    _entry(ZONES, _STOCK),
    NavigationEntry(
        N_("Replenishment"), "/replenishment", "trending-down", Permission.PURCHASE_ORDERS_READ, _BUYING
    ),
    _entry(PLACES["purchase_order"], _BUYING, "g o"),
    NavigationEntry(N_("Approvals"), "/approvals", "circle-check", Permission.PURCHASE_ORDERS_READ, _BUYING),
    _entry(PLACES["goods_receipt"], _BUYING, "g r"),
    _entry(PLACES["supplier_return"], _BUYING),
    _entry(PLACES["supplier"], _BUYING),
    _entry(PLACES["supplier_product"], _BUYING),
    _entry(PLACES["sales_order"], _SELLING, "g s"),
    _entry(PLACES["customer_return"], _SELLING),
    _entry(PLACES["customer"], _SELLING),
    _entry(PLACES["shipment"], _MOVING, "g h"),
    NavigationEntry(N_("Events"), "/events", "activity", Permission.ANALYTICS_READ, _MOVING),
    _entry(APPROVAL_RULES, _ADMINISTRATION),
    NavigationEntry(N_("Users"), "/users", "users", Permission.USERS_READ, _ADMINISTRATION),
    NavigationEntry(N_("Roles"), "/roles", "user-shield", Permission.ROLES_READ, _ADMINISTRATION),
    NavigationEntry(N_("API keys"), "/api-keys", "key", Permission.API_KEYS_READ, _ADMINISTRATION),
    NavigationEntry(N_("Audit trail"), "/audit", "history", Permission.AUDIT_READ, _ADMINISTRATION),
    NavigationEntry(N_("Jobs"), "/jobs", "settings-automation", Permission.JOBS_READ, _ADMINISTRATION),
)
_SHORTCUTS = (
    NavigationEntry(
        N_("Late purchase orders"), "/purchase-orders?late=true", "clock", Permission.PURCHASE_ORDERS_READ
    ),
    NavigationEntry(
        N_("Late sales orders"), "/sales-orders?late=true", "clock", Permission.SALES_ORDERS_READ
    ),
    NavigationEntry(N_("Late shipments"), "/shipments?late=true", "clock", Permission.SHIPMENTS_READ),
    NavigationEntry(
        N_("Products below reorder level"), "/replenishment?state=to_reorder", "trending-down",
        Permission.PURCHASE_ORDERS_READ,
    ),
    NavigationEntry(N_("Profile and password"), "/profile", "user"),
    NavigationEntry(N_("Sessions"), "/profile/sessions", "device-desktop"),
)  # fmt: skip
_ACTIONS = tuple(
    NavigationEntry(editor.new_title, f"{editor.path}/new", "plus", editor.write)
    for editor in (
        product_editor.EDITOR, supplier_editor.EDITOR, customer_editor.EDITOR, warehouse_editor.EDITOR,
        zone_editor.EDITOR, supplier_product_editor.EDITOR, approval_rules.EDITOR,
    )
)  # fmt: skip
OFFERED = search.Offer(pages=NAVIGATION + _SHORTCUTS, actions=_ACTIONS)
_MODULES = (
    signing_in, forgotten, control_tower, account, search, products, product, stock, ledger, warehouses,
    zones, replenishment, purchase_orders, suppliers, supplier_lines, sales_orders, customers, customer_lines,
    shipments, events, people, roles, credentials, prints, product_editor, supplier_editor, customer_editor,
    warehouse_editor, zone_editor, jobs, purchase_order_mail, receipts, receiving, returns,
    returning, confirmation, sending, customer_returns, supplier_products, supplier_product_editor,
    supplier_prices, approvals, approval_rules, audit,
)  # fmt: skip
ROUTES = [route for module in _MODULES for route in module.PAGES]
