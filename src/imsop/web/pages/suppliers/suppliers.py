"""Pages of suppliers: the list, its export, and the supplier with its delivery performance."""

from collections.abc import Callable
from typing import Any, Literal, get_args
from uuid import UUID

from litestar import Response, get

from imsop.core.database import Connection
from imsop.core.fields import PartnerStatus
from imsop.core.instants import today
from imsop.core.listing import Cursor, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.core.shares import Share
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders.queries import PURCHASE_ORDER_SUMMARIES
from imsop.purchasing.performance import queries as performance
from imsop.purchasing.performance.lead_times import Bar, LeadTimes
from imsop.suppliers.suppliers import actions
from imsop.suppliers.suppliers import queries as suppliers_queries
from imsop.suppliers.suppliers.models import Supplier
from imsop.ui.language import N_, DecimalMark, get_language
from imsop.ui.page import Crumb
from imsop.ui.parts import Chart, Column, Series
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.analytics.events import EVENT_WORDS
from imsop.web.pages.documents import ORDER_COLUMNS, RECENT, chart_of_quarters, link
from imsop.web.pages.editor import history_of
from imsop.web.pages.lists import export, show
from imsop.web.pages.purchasing.supplier_products import terms_of
from imsop.web.pages.suppliers.supplier_editor import EDITOR

COLUMNS = (
    Column("name", N_("Name"), sort="name"),
    Column("country", N_("Country")),
    Column("status", N_("Status")),
    Column("on_time", N_("On time"), "number"),
    Column("lines_due", N_("Lines due"), "number"),
    Column("open_orders", N_("Open purchase orders"), "number"),
    Column("late_orders", N_("Late"), "number"),
    Column("lead_time", N_("Agreed lead time"), "number"),
    Column("rating", N_("Rating"), "number"),
    Column("payment_terms", N_("Payment terms"), shown=False),
    Column("contact", N_("Contact"), shown=False),
    Column("email", N_("E-mail address"), shown=False),
)


OF_ORDERS = ("on_time", "lines_due", "open_orders", "late_orders")
"""Columns that need the permission to read purchase orders."""


CELLS: dict[str, Callable[[Supplier], object]] = {
    "name": lambda row: row.name,
    "status": lambda row: row.status,
    "country": lambda row: row.country,
    "city": lambda row: row.city,
    "address": lambda row: row.address,
    "postal_code": lambda row: row.postal_code,
    "contact_person": lambda row: row.contact_person,
    "email": lambda row: row.email,
    "phone": lambda row: row.phone,
    "payment_terms": lambda row: row.payment_terms,
    "lead_time_days": lambda row: row.lead_time_days,
    "rating": lambda row: row.rating,
    "id": lambda row: row.id,
}


PRODUCT_COLUMNS = (
    Column("product", N_("Product")),
    Column("lines", N_("Lines due"), "number"),
    Column("received", N_("Received"), "number"),
    Column("on_time", N_("On time"), "number"),
    Column("price", N_("Last price"), "number"),
    Column("last", N_("Last received"), "date"),
)


PRODUCTS = 12
"""Products shown of a supplier, the most often ordered."""


NameSort = Literal["name", "-name"]


@get("/suppliers", opt=allow(Permission.SUPPLIERS_READ), include_in_schema=False)
async def suppliers_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: PartnerStatus | None = None,
    sort: NameSort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    reads_orders = Permission.PURCHASE_ORDERS_READ in actor.permissions
    shown = await show(
        connection, actor, suppliers_queries.SUPPLIERS,
        [column for column in COLUMNS if reads_orders or column.name not in OF_ORDERS],
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), status=status,
    )  # fmt: skip
    totals = {}
    if reads_orders:
        totals = await performance.list_supplier_totals(
            connection, actor.organization_id, [row.id for row in shown.rows], today(actor.timezone)
        )
    return render(
        request,
        "pages/suppliers/suppliers.html",
        saved=saved,
        shown=shown,
        states=get_args(PartnerStatus),
        totals=totals,
        on_time={id_: Share(row.lines_on_time, row.lines_due) for id_, row in totals.items()},
    )


@get(["/suppliers.csv", "/suppliers.xlsx"], opt=allow(Permission.SUPPLIERS_READ), include_in_schema=False)
async def export_suppliers(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: PartnerStatus | None = None,
    sort: NameSort = "name",
    decimal: DecimalMark | None = None,
) -> Streamed:
    return await export(
        request,
        suppliers_queries.SUPPLIERS,
        CELLS,
        sort=sort,
        q=spellings_of(q),
        status=status,
        decimal=decimal,
    )


@get("/suppliers/{supplier_id:uuid}", opt=allow(Permission.SUPPLIERS_READ), include_in_schema=False)
async def supplier_page(request: TenantRequest, supplier_id: UUID, saved: bool = False) -> Response[bytes]:
    connection, actor = await request.begin()
    supplier = await actions.get_supplier(connection, actor, supplier_id)
    may_read_orders = Permission.PURCHASE_ORDERS_READ in actor.permissions
    return render(
        request,
        "pages/suppliers/supplier.html",
        supplier=supplier,
        saved=saved,
        history=await history_of(connection, actor, EDITOR, supplier_id),
        event_words=EVENT_WORDS,
        crumbs=[Crumb(N_("Suppliers"), "/suppliers")],
        **(await _performance(connection, actor, supplier_id) if may_read_orders else {"totals": None}),
    )


async def _performance(connection: Connection, actor: Actor, supplier_id: UUID) -> dict[str, Any]:
    """Order figures of the supplier's page."""
    day = today(actor.timezone)
    organization_id = actor.organization_id
    lines_at = f"/suppliers/{supplier_id}/lines"
    quarters = await performance.list_quarters(connection, organization_id, supplier_id, day)
    lead_times = LeadTimes(await performance.count_lead_times(connection, organization_id, supplier_id))
    orders = await PURCHASE_ORDER_SUMMARIES.page(
        connection, organization_id, PageRequest("-order_date", RECENT), supplier_id=supplier_id
    )
    gettext = get_language(actor.locale, actor.timezone).gettext
    due = sum(quarter.due for quarter in quarters)
    products = await performance.list_delivered_products(
        connection, organization_id, supplier_id, day, PRODUCTS
    )
    return {
        "totals": (
            await performance.list_supplier_totals(connection, organization_id, [supplier_id], day)
        )[supplier_id],
        "on_time": Share(sum(quarter.on_time for quarter in quarters), due),
        "in_full": Share(sum(quarter.in_full for quarter in quarters), due),
        "quarters": chart_of_quarters(quarters, lines_at, gettext) if quarters else None,
        "lead_times": lead_times,
        "histogram": chart_of_lead_times(lead_times, lines_at, gettext) if lead_times.lines else None,
        "products": products,
        "shares": {row.product_id: Share(row.lines_on_time, row.lines_due) for row in products},
        "product_columns": PRODUCT_COLUMNS,
        "orders_shown": orders.items,
        "order_columns": ORDER_COLUMNS,
        "lines_at": lines_at,
        "today": day,
        **await terms_of(connection, actor, "supplier", supplier_id=supplier_id),
    }  # fmt: skip


def chart_of_lead_times(lead_times: LeadTimes, lines_at: str, gettext: Callable[[str], str]) -> Chart:
    """A histogram of lead times; each bar links to its lines, at the URL `lines_at`."""
    bars = lead_times.bars()
    return Chart(
        "histogram",
        gettext(N_("Lead time")),
        gettext(N_("Days")),
        [
            link(
                _span(bar), lines_at, outcome="timed",
                lead_time_from=bar.from_days, lead_time_before=bar.before_days,
            )
            for bar in bars
        ],
        [Series(gettext(N_("Lines")), [bar.lines for bar in bars])],
    )  # fmt: skip


def _span(bar: Bar) -> str:
    if bar.before_days is None:
        return f"≥ {bar.from_days}"
    last = bar.before_days - 1
    return str(last) if last == bar.from_days else f"{bar.from_days}–{last}"  # noqa: RUF001 - from to


PAGES = [suppliers_page, export_suppliers, supplier_page]
