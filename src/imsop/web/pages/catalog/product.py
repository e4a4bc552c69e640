"""The product page: stock and its history, open orders of both sides, shipments, suppliers."""

from datetime import date
from typing import Any
from uuid import UUID

from litestar import Response, get

from imsop.catalog.products import actions
from imsop.catalog.products.models import Product
from imsop.core.database import Connection
from imsop.core.instants import today
from imsop.core.listing import PageRequest
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.days import queries as days_queries
from imsop.inventory.days.queries import AsOf
from imsop.inventory.ledger.queries import LEDGER
from imsop.inventory.stock import queries as stock_queries
from imsop.inventory.stock.models import Stock
from imsop.purchasing.supply import queries as purchasing
from imsop.sales.demand import queries as sales
from imsop.shipping.transit import queries as shipping
from imsop.ui.language import N_, Language, get_language
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.pages import days
from imsop.web.pages.analytics.events import EVENT_WORDS
from imsop.web.pages.catalog.product_editor import EDITOR
from imsop.web.pages.editor import history_of
from imsop.web.pages.inventory.ledger import COLUMNS as LEDGER_COLUMNS
from imsop.web.pages.inventory.stock import COLUMNS as STOCK_LIST_COLUMNS
from imsop.web.pages.inventory.stock import NOW_ONLY, stock_chart
from imsop.web.pages.purchasing.supplier_products import terms_of

LISTED = 15
"""Rows of each section; where there is a full list, a link leads to it."""


OPEN_LISTED = 50


STOCK_COLUMNS = tuple(
    Column("warehouse", N_("Warehouse")) if column.name == "product" else column
    for column in STOCK_LIST_COLUMNS
    if column.name in {"product", "on_hand", "reserved", "available", "value", "last_counted"}
)


MOVEMENT_COLUMNS = tuple(column for column in LEDGER_COLUMNS if column.name in {"warehouse", "quantity"})


ON_ORDER_COLUMNS = (
    Column("order", N_("Purchase order")),
    Column("supplier", N_("Supplier")),
    Column("ordered", N_("Ordered"), "number"),
    Column("outstanding", N_("Outstanding"), "number"),
    Column("due", N_("Due"), "date"),
    Column("status", N_("Status")),
)


PROMISED_COLUMNS = (
    Column("order", N_("Sales order")),
    Column("customer", N_("Customer")),
    Column("outstanding", N_("To ship"), "number"),
    Column("reserved", N_("Reserved"), "number"),
    Column("due", N_("Due"), "date"),
    Column("status", N_("Status")),
)


UNDER_WAY_COLUMNS = (
    Column("shipment", N_("Shipment")),
    Column("type", N_("Type")),
    Column("quantity", N_("Quantity"), "number"),
    Column("route", N_("Route")),
    Column("expected", N_("Expected"), "date"),
    Column("status", N_("Status")),
)


SOURCE_COLUMNS = (
    Column("supplier", N_("Supplier")),
    Column("price", N_("Last price"), "number"),
    Column("ordered", N_("Last ordered"), "date"),
    Column("lines", N_("Order lines"), "number"),
    Column("lead_time", N_("Lead time in days"), "number"),
)


@get("/products/{product_id:uuid}", opt=allow(Permission.PRODUCTS_READ), include_in_schema=False)
async def product_page(
    request: TenantRequest, product_id: UUID, as_of: date | None = None, saved: bool = False
) -> Response[bytes]:
    """Sections the reader lacks permissions for are left out. `as_of` affects stock only."""
    connection, actor = await request.begin()
    as_of = days.require_no_future("as_of", as_of, actor.timezone)
    product = await actions.get_product(connection, actor, product_id)
    language = get_language(actor.locale, actor.timezone)
    return render(
        request,
        "pages/catalog/product.html",
        product=product,
        saved=saved,
        history=await history_of(connection, actor, EDITOR, product_id),
        event_words=EVENT_WORDS,
        as_of=as_of,
        today=today(actor.timezone),
        crumbs=[Crumb(N_("Products"), "/products")],
        **await _stock(connection, actor, product, as_of, language),
        **await _orders(connection, actor, product_id),
    )


async def _stock(
    connection: Connection, actor: Actor, product: Product, as_of: date | None, language: Language
) -> dict[str, Any]:
    """Stock per warehouse, its chart, and the last movements."""
    if Permission.INVENTORY_READ not in actor.permissions:
        return {"stock": None}
    until = days.end(as_of, actor.timezone) if as_of else None
    movements = await LEDGER.page(
        connection,
        actor.organization_id,
        PageRequest("-occurred_at", LISTED),
        product_id=product.id,
        occurred_before=until,
    )
    newest = movements.items[0].occurred_at if movements.items else None
    charted = await days_queries.list_product_days(
        connection,
        actor.organization_id,
        product.id,
        *days.charted(as_of, newest, actor.timezone),
        actor.timezone,
    )
    stock = await stock_queries.list_stock_of_product(
        connection, actor.organization_id, product.id, AsOf(as_of, actor.timezone) if as_of else None
    )
    return {
        "stock": stock,
        "state": await _state(connection, actor, product, stock),
        "stock_columns": [c for c in STOCK_COLUMNS if as_of is None or c.name not in NOW_ONLY],
        "movements": movements.items,
        "movement_columns": MOVEMENT_COLUMNS,
        "chart": stock_chart(
            language.gettext(N_("Stock at the end of each day")),
            language.gettext(N_("On hand")),
            charted,
            language.gettext(N_("Reorder level")),
            product.reorder_level,
            language,
        )
        if movements.items
        else None,
    }


async def _state(connection: Connection, actor: Actor, product: Product, stock: list[Stock]) -> str:
    """The state of the product as a whole; one that never was in a warehouse has no balance to tell it."""
    states = {row.state for row in stock}
    if states or product.status != "active":
        return product.status if not states else "in_stock" if "in_stock" in states else states.pop()
    is_out = await stock_queries.is_stocked_out(connection, actor.organization_id, product.id)
    return "out_of_stock" if is_out else "no_demand"


async def _orders(connection: Connection, actor: Actor, product_id: UUID) -> dict[str, Any]:
    """Open orders of both sides, shipments and suppliers; None where the reader may not see them."""
    organization_id, permissions = actor.organization_id, actor.permissions
    buys = Permission.PURCHASE_ORDERS_READ in permissions
    sells = Permission.SALES_ORDERS_READ in permissions
    ships = Permission.SHIPMENTS_READ in permissions
    return {
        "on_order": await purchasing.list_on_order(connection, organization_id, product_id, OPEN_LISTED)
        if buys
        else None,
        "on_order_columns": ON_ORDER_COLUMNS,
        "sources": await purchasing.list_sources(connection, organization_id, product_id) if buys else None,
        "source_columns": SOURCE_COLUMNS,
        **(await terms_of(connection, actor, "product", product_id=product_id) if buys else {}),
        "promised": await sales.list_promised(connection, organization_id, product_id, OPEN_LISTED)
        if sells
        else None,
        "promised_columns": PROMISED_COLUMNS,
        "under_way": await shipping.list_under_way(connection, organization_id, product_id, OPEN_LISTED)
        if ships
        else None,
        "under_way_columns": UNDER_WAY_COLUMNS,
    }


PAGES = [product_page]
