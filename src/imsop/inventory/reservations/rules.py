"""Allocation of available stock to order lines."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct


class Wanted(Struct, frozen=True):
    """The quantity of a product that a line needs."""

    line_id: UUID
    product_id: UUID
    quantity: int


class Free(Struct, frozen=True):
    """The available quantity of a product in a warehouse: on hand and not reserved."""

    inventory_id: UUID
    warehouse_id: UUID
    product_id: UUID
    available: int


class Share(Struct, frozen=True):
    """A quantity for a line from one balance."""

    line_id: UUID
    inventory_id: UUID
    quantity: int


def allocate(wanted: Sequence[Wanted], free: Sequence[Free]) -> list[Share]:
    """Allocates everything from one warehouse if one has everything; else each line from as few as possible.

    Of several warehouses with everything, it takes the one that keeps most stock. Lines are served in order;
    what is not available stays unallocated.
    """
    left = {balance.inventory_id: balance.available for balance in free}
    complete = _warehouse_of_all(wanted, free)
    shares = []
    for line in wanted:
        missing = line.quantity
        balances = [
            balance
            for balance in free
            if balance.product_id == line.product_id and complete in (None, balance.warehouse_id)
        ]
        # The smallest balance that suffices, else the largest first.
        for balance in sorted(balances, key=lambda one: _fit(left[one.inventory_id], missing)):
            taken = min(missing, left[balance.inventory_id])
            if taken > 0:
                shares.append(Share(line.line_id, balance.inventory_id, taken))
                left[balance.inventory_id] -= taken
                missing -= taken
    return shares


def _fit(available: int, missing: int) -> tuple[bool, int]:
    return (available < missing, available if available >= missing else -available)


def _warehouse_of_all(wanted: Sequence[Wanted], free: Sequence[Free]) -> UUID | None:
    needed: dict[UUID, int] = {}
    for line in wanted:
        needed[line.product_id] = needed.get(line.product_id, 0) + line.quantity
    held: dict[UUID, dict[UUID, int]] = {}
    for balance in free:
        held.setdefault(balance.warehouse_id, {})[balance.product_id] = balance.available
    spare = {
        warehouse: _spare(needed, products)
        for warehouse, products in held.items()
        if all(products.get(product, 0) >= quantity for product, quantity in needed.items())
    }
    return max(spare, key=lambda warehouse: (spare[warehouse], warehouse), default=None)


def _spare(needed: Mapping[UUID, int], held: Mapping[UUID, int]) -> int:
    return min((held[product] - quantity for product, quantity in needed.items()), default=0)
