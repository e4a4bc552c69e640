"""What people see: pages over all rooms, rendered on the server, with permissions as in the API."""

from imsop.identity.permissions import Permission
from imsop.ui.language import N_
from imsop.ui.page import NavigationEntry
from imsop.web.pages import account, entry, products, search

NAVIGATION = (NavigationEntry(N_("Products"), "/products", "box", Permission.PRODUCTS_READ, N_("Stock")),)
ROUTES = [route for module in (entry, account, search, products) for route in module.PAGES]
