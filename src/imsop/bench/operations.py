"""The measured operations: requests with random keys."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from imsop.bench.volume import FIRST_NUMBER, Kind, Member, Volume
from imsop.core.embedded import OperatorError


class Keys(NamedTuple):
    """The rows that one request refers to: a number for each kind."""

    member: Member
    numbers: dict[Kind, int]
    now: datetime

    @classmethod
    def drawn(cls, members: list[Member], volume: Volume, kinds: tuple[Kind, ...]) -> "Keys":
        """A random organization and random rows, uniformly distributed."""
        numbers = {kind: FIRST_NUMBER + int(random.random() * volume.counted(kind)) for kind in kinds}  # noqa: S311
        return cls(members[int(random.random() * len(members))], numbers, datetime.now(UTC))  # noqa: S311

    def id_of(self, kind: Kind) -> str:
        return f"{self.member.id_prefix(kind)}{self.numbers[kind]}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request of the benchmark: a POST if it has a `body`, else a GET.

    It needs a random row of each of `kinds`; `path` and `body` make the request from their ids (`Keys`).
    """

    code: str
    title: str
    kinds: tuple[Kind, ...]
    path: Callable[[Keys], str]
    body: Callable[[Keys], str] | None = None

    def request(self, keys: Keys) -> bytes:
        """The request as HTTP/1.1 bytes."""
        body = self.body(keys) if self.body else None
        return request(self.path(keys), keys.member.token, body=body)


def request(address: str, token: str, *headers: str, body: str | None = None) -> bytes:
    """A request as HTTP/1.1 bytes."""
    lines = [f"{'GET' if body is None else 'POST'} {address} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"authorization: Bearer {token}", *headers]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", body or ""]).encode()


OPERATIONS = (
    Operation(
        "R1",
        "stock by SKU",
        ("product",),
        lambda keys: f"/api/v1/inventory?sku={keys.numbers['product']}",
    ),
    Operation(
        "R2",
        "a page of 50 products",
        (),
        lambda keys: "/api/v1/products?limit=50",  # noqa: ARG005 - the organization is the key
    ),
    Operation(
        "R3",
        "purchase order by number",
        ("purchase_order",),
        lambda keys: f"/api/v1/purchase-orders?po_number={keys.numbers['purchase_order']}",
    ),
    Operation(
        "R4",
        "shipment by tracking number",
        ("shipment",),
        lambda keys: f"/api/v1/shipments?tracking_number={keys.numbers['shipment']}",
    ),
    Operation(
        "R5",
        "search by order number",
        ("sales_order",),
        lambda keys: f"/api/v1/search?q={keys.numbers['sales_order']}",
    ),
    Operation(
        "W2",
        "one tracking position",
        ("shipment",),
        lambda keys: f"/api/v1/shipments/{keys.id_of('shipment')}/tracking",
        lambda keys: (
            '{"location":"At sea","latitude":"52.50000000","longitude":"3.75000000",'
            f'"status":"in_transit","timestamp":"{keys.now.isoformat()}"}}'
        ),
    ),
    Operation(
        "W5",
        "a stock movement",
        ("product", "warehouse"),
        lambda keys: "/api/v1/inventory-transactions",  # noqa: ARG005
        lambda keys: (
            f'{{"product_id":"{keys.id_of("product")}","warehouse_id":"{keys.id_of("warehouse")}",'
            '"transaction_type":"receipt","quantity":1,"reference_id":"bench"}'
        ),
    ),
)


def chosen(codes: str) -> list[Operation]:
    """The operations with these codes, such as `R1,W2`; all if empty.

    Raises OperatorError for unknown ones.
    """
    wanted = codes.upper().split(",") if codes else [operation.code for operation in OPERATIONS]
    known = {operation.code: operation for operation in OPERATIONS}
    if unknown := [code for code in wanted if code not in known]:
        raise OperatorError(f"unknown operation {unknown[0]}; known: {', '.join(known)}")
    return [known[code] for code in wanted]
