"""Decisions on supplier products: which prices contradict each other, and what is proposed for an order."""

from collections.abc import Sequence
from datetime import date, timedelta

from imsop.core.errors import FieldError, InvalidInput
from imsop.core.said import Said
from imsop.purchasing.supplier_products.models import (
    Candidate,
    LeadTimeSource,
    Proposal,
    SupplierProductPrice,
)


def require_apart(prices: Sequence[SupplierProductPrice]) -> None:
    """Raises InvalidInput naming each price that ends before it begins, or that shares a day with an earlier
    one of its currency and quantity.
    """
    faults = []
    for place, price in enumerate(prices):
        if price.valid_to is not None and price.valid_to < price.valid_from:
            message = Said("is before the %(field)s, %(day)s", field="valid_from", day=price.valid_from)
            faults.append(FieldError(f"prices[{place}].valid_to", message))
        elif any(_overlap(price, other) for other in prices[:place]):
            faults.append(
                FieldError(
                    f"prices[{place}].valid_from",
                    Said(
                        "another price in %(currency)s from %(quantity)s on is valid on a day of this one",
                        currency=price.currency,
                        quantity=price.from_quantity,
                    ),
                )
            )
    if faults:
        raise InvalidInput.of_all(faults)


def _overlap(one: SupplierProductPrice, other: SupplierProductPrice) -> bool:
    return (
        (one.currency, one.from_quantity) == (other.currency, other.from_quantity)
        and one.valid_from <= (other.valid_to or date.max)
        and other.valid_from <= (one.valid_to or date.max)
    )


def propose(found: Candidate, day: date) -> Proposal:
    """The agreed price, else the last one ordered at, else none; the lead time as agreed for the product,
    else with the supplier, else as measured.
    """
    is_agreed = found.agreed_price is not None
    is_last = not is_agreed and found.last_price is not None
    days, days_source = _lead_time(found)
    return Proposal(
        product_id=found.product_id,
        quantity=found.quantity,
        order_date=day,
        unit_price=found.agreed_price if is_agreed else found.last_price,
        currency=found.currency,
        price_source="agreed" if is_agreed else "last_ordered" if is_last else "none",
        price_from_quantity=found.agreed_from_quantity,
        price_valid_from=found.agreed_from,
        price_valid_to=found.agreed_to,
        price_ordered_on=found.last_ordered_on if is_last else None,
        purchase_order_id=found.last_order_id if is_last else None,
        po_number=found.last_order_number if is_last else None,
        supplier_product_id=found.supplier_product_id,
        supplier_sku=found.supplier_sku,
        minimum_quantity=found.minimum_quantity,
        units_per_pack=found.units_per_pack,
        order_quantity=found.order_quantity,
        lead_time_days=days,
        lead_time_source=days_source,
        expected_delivery_date=None if days is None else day + timedelta(days=days),
    )


def _lead_time(found: Candidate) -> tuple[int | None, LeadTimeSource]:
    if found.days_for_product is not None:
        return found.days_for_product, "agreed_for_product"
    if found.days_with_supplier is not None:
        return found.days_with_supplier, "agreed_with_supplier"
    return found.days_measured, "none" if found.days_measured is None else "measured"
