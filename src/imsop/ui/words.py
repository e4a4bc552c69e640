"""Display label and colour of each code that the database stores."""

from collections.abc import Mapping
from typing import NamedTuple

from imsop.ui.language import N_
from imsop.ui.parts import Tone


class Word(NamedTuple):
    """`label` is marked with N_ for translation."""

    label: str
    tone: Tone = "tone-quiet"


WORDS: Mapping[str, Word] = {
    # States of rows
    "active": Word(N_("Active"), "tone-good"),
    "inactive": Word(N_("Inactive")),
    "suspended": Word(N_("Suspended"), "tone-bad"),
    "blocked": Word(N_("Blocked"), "tone-bad"),
    "discontinued": Word(N_("Discontinued"), "tone-warning"),
    "archived": Word(N_("Archived")),
    "maintenance": Word(N_("Maintenance"), "tone-warning"),
    "preferred": Word(N_("Preferred"), "tone-good"),
    "true": Word(N_("yes")),
    # States of documents
    "draft": Word(N_("Draft")),
    "submitted": Word(N_("Submitted"), "tone-active"),
    "confirmed": Word(N_("Confirmed"), "tone-active"),
    "shipped": Word(N_("Shipped"), "tone-active"),
    "received": Word(N_("Received"), "tone-good"),
    "delivered": Word(N_("Delivered"), "tone-good"),
    "cancelled": Word(N_("Cancelled")),
    "pending": Word(N_("Pending")),
    "in_transit": Word(N_("In transit"), "tone-active"),
    # Approvals: their states, and what they are asked for
    "requested": Word(N_("Approval requested"), "tone-active"),
    "approved": Word(N_("Approved"), "tone-good"),
    "rejected": Word(N_("Sent back"), "tone-warning"),
    "withdrawn": Word(N_("Withdrawn")),
    "total": Word(N_("Total")),
    "new_supplier": Word(N_("New supplier")),
    "price_rise": Word(N_("Price rise")),
    "category": Word(N_("Category")),
    # States of background jobs
    "waiting": Word(N_("Waiting")),
    "running": Word(N_("Running"), "tone-active"),
    "succeeded": Word(N_("Succeeded"), "tone-good"),
    "failed": Word(N_("Failed"), "tone-bad"),
    # Stock states
    "short": Word(N_("Short"), "tone-bad"),
    "out_of_stock": Word(N_("Out of stock"), "tone-bad"),
    "none_here": Word(N_("In other warehouses")),
    "no_demand": Word(N_("No stock, no demand")),
    "in_stock": Word(N_("In stock"), "tone-good"),
    # States of supply
    "to_reorder": Word(N_("Below reorder level"), "tone-warning"),
    "covered": Word(N_("Covered"), "tone-active"),
    "enough": Word(N_("OK"), "tone-good"),
    # States of due dates
    "on_time": Word(N_("On time"), "tone-good"),
    "late": Word(N_("Late"), "tone-bad"),
    "fewest_splits": Word(N_("From as few warehouses as possible")),
    "single_warehouse": Word(N_("From one warehouse")),
    "insert": Word(N_("Added"), "tone-good"),
    "update": Word(N_("Changed")),
    "delete": Word(N_("Deleted"), "tone-warning"),
    "authorized": Word(N_("Authorized"), "tone-active"),
    "closed": Word(N_("Closed"), "tone-good"),
    "on_hold": Word(N_("On hold"), "tone-warning"),
    "overdue": Word(N_("Overdue"), "tone-bad"),
    # States of order lines
    "open": Word(N_("Open")),
    "partial": Word(N_("Partial"), "tone-active"),
    "none": Word(N_("Nothing received")),
    "full": Word(N_("Received in full"), "tone-good"),
    "over": Word(N_("More than ordered"), "tone-warning"),
    "short_closed": Word(N_("Short-closed"), "tone-warning"),
    # Movements
    "receipt": Word(N_("Receipt"), "tone-good"),
    "shipment": Word(N_("Issue"), "tone-active"),
    "adjustment": Word(N_("Adjustment"), "tone-warning"),
    "return": Word(N_("Return")),
    "goods_receipt": Word(N_("Goods receipt"), "tone-good"),
    "transfer_in": Word(N_("Transfer in")),
    "transfer_out": Word(N_("Transfer out")),
    "production": Word(N_("Production"), "tone-good"),
    "consumption": Word(N_("Consumption")),
    "sale": Word(N_("Sale"), "tone-active"),
    "opening_balance": Word(N_("Opening balance")),
    "count": Word(N_("Count"), "tone-warning"),
    "scrap": Word(N_("Scrap"), "tone-bad"),
    "correction": Word(N_("Correction"), "tone-warning"),
    "reversal": Word(N_("Reversal"), "tone-warning"),
    "customer_return": Word(N_("Customer return")),
    "supplier_return": Word(N_("Supplier return")),
    # Holds
    "sales_order": Word(N_("Sales order"), "tone-active"),
    "quarantine": Word(N_("Quarantine"), "tone-warning"),
    "hold": Word(N_("Hold"), "tone-warning"),
    # Zones
    "receiving": Word(N_("Receiving")),
    "storage": Word(N_("Storage")),
    "picking": Word(N_("Picking")),
    "packing": Word(N_("Packing")),
    "shipping": Word(N_("Shipping")),
    # Shipments
    "inbound": Word(N_("Inbound")),
    "outbound": Word(N_("Outbound")),
    "transfer": Word(N_("Transfer")),
    "air": Word(N_("Air")),
    "air_charter": Word(N_("Air charter")),
    "ocean": Word(N_("Ocean")),
    "road": Word(N_("Road")),
    "rail": Word(N_("Rail")),
    "courier": Word(N_("Courier")),
    "created": Word(N_("Created")),
    "picked_up": Word(N_("Picked up"), "tone-active"),
    "departed": Word(N_("Departed"), "tone-active"),
    "arrived": Word(N_("Arrived"), "tone-active"),
    "customs_hold": Word(N_("Held by customs"), "tone-warning"),
    "customs_released": Word(N_("Released by customs"), "tone-active"),
    "out_for_delivery": Word(N_("Out for delivery"), "tone-active"),
    "delayed": Word(N_("Delayed"), "tone-bad"),
    "exception": Word(N_("Exception"), "tone-bad"),
    # Organizations and people
    "starter": Word(N_("Starter")),
    "professional": Word(N_("Professional")),
    "enterprise": Word(N_("Enterprise")),
    "en": Word(N_("English")),
    "de": Word(N_("German")),
    "browser": Word(N_("Browser")),
    "bearer": Word(N_("Access token")),
    "api_key": Word(N_("API key")),
    "administrator": Word(N_("Administrator"), "tone-active"),
    "planner": Word(N_("Planner")),
    "buyer": Word(N_("Buyer")),
    "warehouse": Word(N_("Warehouse")),
    "sales": Word(N_("Sales")),
    "analyst": Word(N_("Analyst")),
    "viewer": Word(N_("Viewer")),
}
