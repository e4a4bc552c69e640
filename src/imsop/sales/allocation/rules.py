"""What can be promised: the queue of a product is served now and by what comes in, day by day."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from msgspec import Struct

from imsop.inventory.reservations.rules import Free, Waiting, serve


class Incoming(Struct, frozen=True):
    """What is open of a purchase line; without a warehouse it is not known where it will come in."""

    line_id: UUID
    product_id: UUID
    purchase_order_id: UUID
    po_number: str
    warehouse_id: UUID | None
    quantity: int
    due_on: date | None


class Served(Struct, frozen=True):
    """A quantity that a line of the queue gets: now, or from a purchase line."""

    line_id: UUID
    quantity: int
    source: Incoming | None


def serve_over_time(
    queue: Sequence[Waiting], free: Sequence[Free], incoming: Sequence[Incoming]
) -> list[Served]:
    """Serves a queue with what is free now and then with what comes in, in the order given, by the rule that
    reserves stock on arrival: who waits first is served first.
    """
    missing = {line.line_id: line.quantity for line in queue}
    arrivals: list[tuple[Incoming | None, Sequence[Free]]] = [(None, free)]
    arrivals += [
        (one, [Free(one.line_id, one.warehouse_id, one.product_id, one.quantity)]) for one in incoming
    ]
    served = []
    for source, stock in arrivals:
        waiting = [
            Waiting(line.line_id, line.product_id, missing[line.line_id], line.warehouse_id)
            for line in queue
            if missing[line.line_id]
        ]
        for share in serve(waiting, stock):
            missing[share.line_id] -= share.quantity
            served.append(Served(share.line_id, share.quantity, source))
    return served
