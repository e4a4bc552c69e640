"""What people see: pages over all rooms, rendered on the server, with permissions as in the API."""

from imsop.identity.permissions import Permission
from imsop.ui.language import N_
from imsop.ui.page import NavigationEntry
from imsop.web.pages import account, entry, people, products, search, shipments

_STOCK, _ADMINISTRATION = N_("Stock"), N_("Administration")
_MOVING = N_("On the move")
NAVIGATION = (
    NavigationEntry(N_("Products"), "/products", "box", Permission.PRODUCTS_READ, _STOCK),
    NavigationEntry(N_("Shipments"), "/shipments", "ship", Permission.SHIPMENTS_READ, _MOVING),
    NavigationEntry(N_("Users"), "/users", "users", Permission.USERS_READ, _ADMINISTRATION),
    NavigationEntry(N_("Roles"), "/roles", "user-shield", Permission.ROLES_READ, _ADMINISTRATION),
    NavigationEntry(N_("API keys"), "/api-keys", "key", Permission.API_KEYS_READ, _ADMINISTRATION),
)
ROUTES = [route for module in (entry, account, search, products, shipments, people) for route in module.PAGES]
