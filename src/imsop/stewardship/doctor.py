"""All checks of `imsop doctor`."""

from imsop.inventory import doctor as of_inventory
from imsop.purchasing import doctor as of_purchasing
from imsop.sales import doctor as of_sales

CHECKS = [*of_inventory.CHECKS, *of_purchasing.CHECKS, *of_sales.CHECKS]
