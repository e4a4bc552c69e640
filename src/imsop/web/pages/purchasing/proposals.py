"""Prices and days proposed for lines of a draft that lack them: shown with their source, taken when asked."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from imsop.core.database import Connection
from imsop.core.fields import Price
from imsop.identity.actor import Actor
from imsop.purchasing.orders.models import (
    ChangedPurchaseOrderItem,
    PurchaseOrder,
    PurchaseOrderItem,
    PurchaseOrderLine,
)
from imsop.purchasing.supplier_products.actions import propose_terms
from imsop.purchasing.supplier_products.models import Proposal
from imsop.web.pages.forms import filled_form


class Proposed(NamedTuple):
    """A line of a draft with what is proposed for it; `has_price` and `has_day`: what it lacks of that."""

    line: PurchaseOrderLine
    proposal: Proposal
    has_price: bool
    has_day: bool
    has_quantity: bool
    """Whether less than the minimum, or a part of a pack, is ordered."""


class Taken(Struct, frozen=True, forbid_unknown_fields=True):
    """What was taken for a line."""

    unit_price: Price | None = None
    expected_delivery_date: date | None = None


async def proposals_of(
    connection: Connection, actor: Actor, order: PurchaseOrder, lines: Sequence[PurchaseOrderLine]
) -> list[Proposed]:
    """The lines for which something is proposed; none of an order that was sent."""
    if order.status != "draft" or not lines:
        return []
    wanted = [(line.product_id, line.quantity_ordered) for line in lines]
    found = await propose_terms(
        connection, actor, order.supplier_id, wanted, order.order_date, order.currency
    )
    proposed = [
        Proposed(
            line,
            proposal,
            line.unit_price is None and proposal.unit_price is not None,
            line.due_on is None and proposal.expected_delivery_date is not None,
            proposal.order_quantity != line.quantity_ordered,
        )
        for line, proposal in zip(lines, found, strict=True)
    ]
    return [one for one in proposed if one.has_price or one.has_day or one.has_quantity]


def with_taken(item: PurchaseOrderItem, fields: Mapping[str, str]) -> ChangedPurchaseOrderItem:
    """The line with what was taken for it, of what it lacks. Raises InvalidInput."""
    taken = filled_form(
        {
            "unit_price": fields.get(f"price-{item.id}", ""),
            "expected_delivery_date": fields.get(f"expected-{item.id}", ""),
        },
        Taken,
    )
    price = None if item.unit_price is None else str(item.unit_price)
    total = None if item.line_total is None else str(item.line_total)
    return ChangedPurchaseOrderItem(
        product_id=item.product_id,
        quantity_ordered=item.quantity_ordered,
        unit_price=price if price is not None else taken.unit_price,
        line_total=total,
        expected_delivery_date=item.expected_delivery_date or taken.expected_delivery_date,
    )
