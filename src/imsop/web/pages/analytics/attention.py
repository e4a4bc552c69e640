"""What needs attention first: late, unallocated and lacking, in the order of its consequence."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from imsop.core.database import Connection
from imsop.core.listing import PageRequest
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.stock import queries as stock_queries
from imsop.purchasing.approvals.queries import APPROVALS
from imsop.purchasing.supply import queries as supply_queries
from imsop.sales.demand import queries as demand_queries
from imsop.shipping.punctuality import queries as punctuality_queries
from imsop.ui.language import N_, Language
from imsop.ui.words import WORDS
from imsop.web.pages.shipping.shipments import delay_reason

OF_EACH = 4
"""Rows shown of each group; its heading leads to all."""


class Row(NamedTuple):
    label: str
    href: str
    reason: str
    amount: Decimal | None = None
    currency: str = ""


class Group(NamedTuple):
    """Rows that want the same: the worst of them, and how many there are."""

    label: str
    href: str
    total: int
    rows: Sequence[Row]


Read = Callable[[Connection, Actor, date, Language], Awaitable[list[Row]]]


async def _late_orders(connection: Connection, actor: Actor, today: date, language: Language) -> list[Row]:
    return [
        Row(
            row.so_number,
            f"/sales-orders/{row.id}",
            _joined(days_late(row.expected_delivery_date, today, language), row.customer_name),
            row.total_amount,
            row.currency,
        )
        for row in await demand_queries.list_late(connection, actor.organization_id, today, OF_EACH)
    ]


async def _short_orders(connection: Connection, actor: Actor, _: date, language: Language) -> list[Row]:
    rows = []
    for row in await demand_queries.list_short(connection, actor.organization_id, OF_EACH):
        missing = language.ngettext(
            "%(units)s unit unallocated", "%(units)s units unallocated", row.missing
        ) % {"units": language.number(row.missing)}
        reason = _joined(missing, row.customer_name)
        rows.append(Row(row.so_number, f"/sales-orders/{row.id}", reason, row.amount, row.currency))
    return rows


async def _overdue_orders(connection: Connection, actor: Actor, today: date, language: Language) -> list[Row]:
    return [
        Row(
            row.po_number,
            f"/purchase-orders/{row.id}",
            _joined(days_late(row.expected_delivery_date, today, language), row.supplier_name),
            row.total_amount,
            row.currency,
        )
        for row in await supply_queries.list_late(connection, actor.organization_id, today, OF_EACH)
    ]


async def _late_shipments(connection: Connection, actor: Actor, today: date, language: Language) -> list[Row]:
    return [
        Row(
            row.reference_id or row.tracking_number or language.gettext("Shipment"),
            f"/shipments/{row.id}",
            _joined(
                days_late(row.expected_delivery_date, today, language),
                delay_reason(row.payload),
                row.destination,
            ),
        )
        for row in await punctuality_queries.list_late(connection, actor.organization_id, today, OF_EACH)
    ]


async def _stocked_out(connection: Connection, actor: Actor, _: date, language: Language) -> list[Row]:
    rows = []
    for row in await stock_queries.list_stocked_out(connection, actor.organization_id, OF_EACH):
        waited_for = (
            language.ngettext(
                "customers wait for %(units)s unit", "customers wait for %(units)s units", row.to_send
            )
            % {"units": language.number(row.to_send)}
            if row.to_send
            else None
        )
        reason = _joined(language.gettext(N_("No stock in any warehouse")), waited_for)
        rows.append(Row(f"{row.sku} {row.name}", f"/products/{row.product_id}", reason))
    return rows


async def _to_approve(connection: Connection, actor: Actor, _: date, language: Language) -> list[Row]:
    page = await APPROVALS.page(
        connection, actor.organization_id, PageRequest("requested_at", OF_EACH), waiting_for=actor.user_id
    )
    return [
        Row(
            row.po_number,
            f"/purchase-orders/{row.purchase_order_id}",
            _joined(language.gettext(WORDS[row.kind].label), row.supplier_name),
            row.total_amount,
            row.currency,
        )
        for row in page.items
    ]


class Kind(NamedTuple):
    label: str
    href: str
    permission: Permission
    read: Read


KINDS = {
    "approve": Kind(
        N_("Waiting for my approval"), "/approvals", Permission.PURCHASE_ORDERS_APPROVE, _to_approve
    ),
    "late": Kind(
        N_("Late to customers"), "/sales-orders?late=true", Permission.SALES_ORDERS_READ, _late_orders
    ),
    "short": Kind(
        N_("Unallocated orders"), "/sales-orders?short=true", Permission.SALES_ORDERS_READ, _short_orders
    ),
    "overdue": Kind(
        N_("Late from suppliers"),
        "/purchase-orders?late=true",
        Permission.PURCHASE_ORDERS_READ,
        _overdue_orders,
    ),
    "delayed": Kind(
        N_("Late shipments"),
        "/shipments?status=in_transit&late=true",
        Permission.SHIPMENTS_READ,
        _late_shipments,
    ),
    "out": Kind(N_("Out of stock"), "/products?out_of_stock=true", Permission.INVENTORY_READ, _stocked_out),
}


async def attention(
    connection: Connection,
    actor: Actor,
    today: date,
    language: Language,
    order: Sequence[str],
    counts: dict[str, int],
) -> list[Group]:
    """The non-empty groups that the actor may read, in the sequence of these keys; `counts` is the number
    of rows by key.
    """
    found = []
    for key in order:
        kind = KINDS[key]
        if kind.permission in actor.permissions and counts.get(key):
            rows = await kind.read(connection, actor, today, language)
            found.append(Group(kind.label, kind.href, counts[key], rows))
    return found


def days_late(expected: date, today: date, language: Language) -> str:
    late = (today - expected).days
    return language.ngettext("%(days)s day late", "%(days)s days late", late) % {
        "days": language.number(late)
    }


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
