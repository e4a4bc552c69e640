"""Allocation of available stock to order lines."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

Strategy = Literal["fewest_splits", "single_warehouse"]


class Wanted(Struct, frozen=True):
    """The quantity of a product that a line needs."""

    line_id: UUID
    product_id: UUID
    quantity: int


class Free(Struct, frozen=True):
    """The available quantity of a product in a warehouse: on hand and not reserved."""

    inventory_id: UUID
    warehouse_id: UUID | None
    product_id: UUID
    available: int


class Share(Struct, frozen=True):
    """A quantity for a line from one balance."""

    line_id: UUID
    inventory_id: UUID
    quantity: int


class Waiting(Wanted, frozen=True):
    """A line of the queue for a product, and the only warehouse it may be served from; None for any."""

    warehouse_id: UUID | None


def serve(queue: Sequence[Waiting], free: Sequence[Free]) -> list[Share]:
    """Serves the lines of a queue in their order, each from as few warehouses as possible.

    A later line gets what those before it leave, or may not have.
    """
    left = {balance.inventory_id: balance.available for balance in free}
    shares: list[Share] = []
    for line in queue:
        here = [
            replace(balance, available=left[balance.inventory_id])
            for balance in free
            if left[balance.inventory_id]
            and balance.product_id == line.product_id
            and line.warehouse_id in (None, balance.warehouse_id)
        ]
        taken = allocate([line], here)
        for share in taken:
            left[share.inventory_id] -= share.quantity
        shares += taken
    return shares


def allocate(
    wanted: Sequence[Wanted], free: Sequence[Free], strategy: Strategy = "fewest_splits"
) -> list[Share]:
    """Allocates everything from one warehouse if one has everything; else each line from as few as possible,
    or, by the strategy single_warehouse, what the one warehouse has that has most of it.

    Of several warehouses with everything, it takes the one that keeps most stock. Lines are served in order;
    what is not available stays unallocated.
    """
    left = {balance.inventory_id: balance.available for balance in free}
    only = _warehouse_of_all(wanted, free)
    if only is None and strategy == "single_warehouse":
        only = _warehouse_of_most(wanted, free)
    shares = []
    for line in wanted:
        missing = line.quantity
        balances = [
            balance
            for balance in free
            if balance.product_id == line.product_id and only in (None, balance.warehouse_id)
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
    needed, held = _by_product(wanted), _by_warehouse(free)
    spare = {
        warehouse: _spare(needed, products)
        for warehouse, products in held.items()
        if all(products.get(product, 0) >= quantity for product, quantity in needed.items())
    }
    return max(spare, key=lambda warehouse: (spare[warehouse], warehouse), default=None)


def _warehouse_of_most(wanted: Sequence[Wanted], free: Sequence[Free]) -> UUID | None:
    needed, held = _by_product(wanted), _by_warehouse(free)
    served = {
        warehouse: sum(min(quantity, products.get(product, 0)) for product, quantity in needed.items())
        for warehouse, products in held.items()
    }
    return max(served, key=lambda warehouse: (served[warehouse], warehouse), default=None)


def _by_product(wanted: Sequence[Wanted]) -> dict[UUID, int]:
    needed: dict[UUID, int] = {}
    for line in wanted:
        needed[line.product_id] = needed.get(line.product_id, 0) + line.quantity
    return needed


def _by_warehouse(free: Sequence[Free]) -> dict[UUID, dict[UUID, int]]:
    held: dict[UUID, dict[UUID, int]] = {}
    for balance in free:
        if balance.warehouse_id is not None:
            held.setdefault(balance.warehouse_id, {})[balance.product_id] = balance.available
    return held


def _spare(needed: Mapping[UUID, int], held: Mapping[UUID, int]) -> int:
    return min((held[product] - quantity for product, quantity in needed.items()), default=0)
