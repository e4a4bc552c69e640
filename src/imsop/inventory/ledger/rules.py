"""Kinds of stock movements, and their direction."""

from typing import Literal

from imsop.core.errors import InvalidInput
from imsop.core.said import Said

TransactionType = Literal["receipt", "shipment", "adjustment", "return"]


MovementKind = Literal[
    "goods_receipt",
    "transfer_in",
    "production",
    "sale",
    "transfer_out",
    "consumption",
    "opening_balance",
    "count",
    "scrap",
    "correction",
    "reversal",
    "customer_return",
    "supplier_return",
]


# The first kind of each type is its default. Direction 0 allows either sign.
_DIRECTIONS: dict[TransactionType, dict[MovementKind, int]] = {
    "receipt": {"goods_receipt": 1, "transfer_in": 1, "production": 1},
    "shipment": {"sale": -1, "transfer_out": -1, "consumption": -1},
    "adjustment": {"correction": 0, "count": 0, "scrap": -1, "opening_balance": 1, "reversal": 0},
    "return": {"customer_return": 1, "supplier_return": -1},
}


_TYPES = {kind: type_ for type_, kinds in _DIRECTIONS.items() for kind in kinds}


def type_of(kind: MovementKind) -> TransactionType:
    """The transaction type of a kind of movement."""
    return _TYPES[kind]


def usual_kind(transaction_type: TransactionType) -> MovementKind:
    """The default kind of a transaction type."""
    return next(iter(_DIRECTIONS[transaction_type]))


def require_possible(transaction_type: TransactionType, kind: MovementKind, quantity: int) -> None:
    """Raises InvalidInput if the kind is not of the type, or the quantity's sign is wrong or it is zero.

    The ledger's CHECKs enforce the same; this error names the field.
    """
    kinds = _DIRECTIONS[transaction_type]
    if kind not in kinds:
        raise InvalidInput.of(
            "movement_kind",
            Said(
                "with type %(type)s it must be one of: %(kinds)s",
                type=transaction_type,
                kinds=", ".join(kinds),
            ),
        )
    if quantity == 0:
        raise InvalidInput.of("quantity", "must not be 0")
    if kinds[kind] * quantity < 0:
        raise InvalidInput.of(
            "quantity",
            Said("must be positive: a %(kind)s adds to stock", kind=kind)
            if kinds[kind] > 0
            else Said("must be negative: a %(kind)s takes from stock", kind=kind),
        )
