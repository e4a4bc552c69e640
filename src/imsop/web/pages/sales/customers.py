"""Pages of customers: the list, its export, and the customer with its orders and our delivery performance."""

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
from imsop.sales.customers import actions
from imsop.sales.customers import queries as customers_queries
from imsop.sales.customers.models import Customer
from imsop.sales.orders.queries import SALES_ORDER_SUMMARIES
from imsop.sales.performance import queries as performance
from imsop.ui.language import N_, DecimalMark, get_language
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.analytics.events import EVENT_WORDS
from imsop.web.pages.documents import ORDER_COLUMNS, RECENT, chart_of_quarters
from imsop.web.pages.editor import history_of
from imsop.web.pages.lists import export, show
from imsop.web.pages.sales.customer_editor import EDITOR

COLUMNS = (
    Column("name", N_("Name"), sort="name"),
    Column("number", N_("Number")),
    Column("country", N_("Country")),
    Column("city", N_("City"), shown=False),
    Column("status", N_("Status")),
    Column("orders", N_("Orders"), "number"),
    Column("open_orders", N_("Open orders"), "number"),
    Column("late_orders", N_("Late"), "number"),
    Column("last_order", N_("Last order"), "date"),
    Column("payment_terms", N_("Payment terms"), shown=False),
    Column("contact", N_("Contact"), shown=False),
    Column("email", N_("E-mail address"), shown=False),
)


OF_ORDERS = ("orders", "open_orders", "late_orders", "last_order")
"""Columns that need the permission to read sales orders."""


CELLS: dict[str, Callable[[Customer], object]] = {
    "name": lambda row: row.name,
    "customer_number": lambda row: row.customer_number,
    "status": lambda row: row.status,
    "country": lambda row: row.country,
    "city": lambda row: row.city,
    "address": lambda row: row.address,
    "postal_code": lambda row: row.postal_code,
    "contact_person": lambda row: row.contact_person,
    "email": lambda row: row.email,
    "phone": lambda row: row.phone,
    "payment_terms": lambda row: row.payment_terms,
    "id": lambda row: row.id,
}


NameSort = Literal["name", "-name"]


@get("/customers", opt=allow(Permission.CUSTOMERS_READ), include_in_schema=False)
async def customers_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: PartnerStatus | None = None,
    sort: NameSort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    reads_orders = Permission.SALES_ORDERS_READ in actor.permissions
    shown = await show(
        connection, actor, customers_queries.CUSTOMERS,
        [column for column in COLUMNS if reads_orders or column.name not in OF_ORDERS],
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), status=status,
    )  # fmt: skip
    orders = {}
    if reads_orders:
        orders = await performance.list_orders_of(
            connection, actor.organization_id, [row.id for row in shown.rows], today(actor.timezone)
        )
    return render(
        request,
        "pages/sales/customers.html",
        saved=saved,
        shown=shown,
        states=get_args(PartnerStatus),
        of_orders=orders,
    )


@get(["/customers.csv", "/customers.xlsx"], opt=allow(Permission.CUSTOMERS_READ), include_in_schema=False)
async def export_customers(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: PartnerStatus | None = None,
    sort: NameSort = "name",
    decimal: DecimalMark | None = None,
) -> Streamed:
    return await export(
        request,
        customers_queries.CUSTOMERS,
        CELLS,
        sort=sort,
        q=spellings_of(q),
        status=status,
        decimal=decimal,
    )


@get("/customers/{customer_id:uuid}", opt=allow(Permission.CUSTOMERS_READ), include_in_schema=False)
async def customer_page(request: TenantRequest, customer_id: UUID, saved: bool = False) -> Response[bytes]:
    connection, actor = await request.begin()
    customer = await actions.get_customer(connection, actor, customer_id)
    may_read_orders = Permission.SALES_ORDERS_READ in actor.permissions
    return render(
        request,
        "pages/sales/customer.html",
        customer=customer,
        saved=saved,
        history=await history_of(connection, actor, EDITOR, customer_id),
        event_words=EVENT_WORDS,
        crumbs=[Crumb(N_("Customers"), "/customers")],
        **(await _performance(connection, actor, customer_id) if may_read_orders else {"lines": None}),
    )


async def _performance(connection: Connection, actor: Actor, customer_id: UUID) -> dict[str, Any]:
    """Order figures of the customer's page."""
    day = today(actor.timezone)
    organization_id = actor.organization_id
    lines_at = f"/customers/{customer_id}/lines"
    lines = await performance.count_lines(connection, organization_id, customer_id, day)
    quarters = await performance.list_quarters(connection, organization_id, customer_id, day)
    counted = await performance.list_orders_of(connection, organization_id, [customer_id], day)
    orders = await SALES_ORDER_SUMMARIES.page(
        connection, organization_id, PageRequest("-order_date", RECENT), customer_id=customer_id
    )
    gettext = get_language(actor.locale, actor.timezone).gettext
    return {
        "lines": lines,
        "on_time": Share(lines.lines_on_time, lines.lines_due),
        "quarters": chart_of_quarters(quarters, lines_at, gettext) if quarters else None,
        "counted": counted[customer_id],
        "orders_shown": orders.items,
        "order_columns": ORDER_COLUMNS,
        "lines_at": lines_at,
        "today": day,
    }


PAGES = [customers_page, export_customers, customer_page]
