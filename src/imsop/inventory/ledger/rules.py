"""What kinds of stock movement there are, and which way each goes."""

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


# The first kind of each type is the usual one. A direction of 0 goes either way.
_DIRECTIONS: dict[TransactionType, dict[MovementKind, int]] = {
    "receipt": {"goods_receipt": 1, "transfer_in": 1, "production": 1},
    "shipment": {"sale": -1, "transfer_out": -1, "consumption": -1},
    "adjustment": {"correction": 0, "count": 0, "scrap": -1, "opening_balance": 1, "reversal": 0},
    "return": {"customer_return": 1, "supplier_return": -1},
}


_TYPES = {kind: type_ for type_, kinds in _DIRECTIONS.items() for kind in kinds}


def type_of(kind: MovementKind) -> TransactionType:
    """The type of transaction that a movement of this kind is."""
    return _TYPES[kind]


def usual_kind(transaction_type: TransactionType) -> MovementKind:
    """What a movement of this type is, where nobody says."""
    return next(iter(_DIRECTIONS[transaction_type]))


def require_possible(transaction_type: TransactionType, kind: MovementKind, quantity: int) -> None:
    """Refuses a kind that is not of the type, and a quantity that goes the wrong way or nowhere.

    The ledger's CHECKs say the same; this says it with the field's name.
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
