"""Document numbers such as PO-2026-000123: sequential within kind and year."""

from typing import Literal
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError
from imsop.core.said import Said

NumberedKind = Literal[
    "purchase_order",
    "sales_order",
    "goods_receipt",
    "shipment",
    "stock_count",
    "transfer",
    "supplier_return",
    "customer_return",
]


async def next_number(
    connection: Connection, organization_id: UUID, kind: NumberedKind, year: int, field: str
) -> str:
    """The next number of this kind of document; skips numbers that users have entered themselves.

    Locks the counter of the kind and year until the transaction ends. Raises Conflict, naming the field, when
    all six digits are used up.
    """
    number: str | None = await connection.fetchval(
        "SELECT next_document_number($1, $2, $3)", organization_id, kind, year
    )
    if number is None:
        raise Conflict(
            Said("the numbers of %(year)04d are used up; choose your own", year=year),
            errors=[FieldError(field, "is required: no automatic number is left")],
        )
    return number
