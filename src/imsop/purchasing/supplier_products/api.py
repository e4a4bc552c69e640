"""Routes of supplier products and of what they propose for an order."""

from datetime import date
from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.fields import Currency, LongCode, PositiveCount
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.instants import today
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.supplier_products import actions, queries
from imsop.purchasing.supplier_products.events import (
    SUPPLIER_PRODUCT_CHANGED,
    SUPPLIER_PRODUCT_CREATED,
    SUPPLIER_PRODUCT_DELETED,
)
from imsop.purchasing.supplier_products.models import (
    NewSupplierProduct,
    Proposal,
    SupplierProduct,
    SupplierProductChanges,
    SupplierProductWithPrices,
)
from imsop.suppliers.suppliers.actions import get_supplier

SupplierSkuSort = Literal["supplier_sku", "-supplier_sku"]


@get("/supplier-products", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_supplier_products(
    request: TenantRequest,
    q: SearchQuery | None = None,
    supplier_id: UUID | None = None,
    product_id: UUID | None = None,
    supplier_sku: LongCode | None = None,
    sort: SupplierSkuSort = "supplier_sku",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[SupplierProduct]:
    """What is bought from whom, without prices; `q` searches the product, also by its suppliers' numbers."""
    connection, actor = await request.begin()
    return await queries.SUPPLIER_PRODUCTS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        supplier_id=supplier_id,
        product_id=product_id,
        supplier_sku=supplier_sku,
    )


@post(
    "/supplier-products",
    opt=allow(Permission.SUPPLIERS_WRITE, 409, emits=(SUPPLIER_PRODUCT_CREATED, SUPPLIER_PRODUCT_CHANGED)),
    response_headers=CREATED,
)
async def create_supplier_product(
    request: TenantRequest, data: NewSupplierProduct
) -> Response[SupplierProductWithPrices]:
    """Add a product that a supplier sells; a preferred one replaces the product's former."""
    connection, actor = await request.begin()
    return created(
        await actions.create_supplier_product(connection, actor, data), "/api/v1/supplier-products"
    )


@get(
    "/supplier-products/{supplier_product_id:uuid}",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    response_headers=VERSIONED,
)
async def get_supplier_product(
    request: TenantRequest, supplier_product_id: UUID
) -> Response[SupplierProductWithPrices]:
    connection, actor = await request.begin()
    return versioned(await actions.get_supplier_product(connection, actor, supplier_product_id))


@patch(
    "/supplier-products/{supplier_product_id:uuid}",
    opt=allow(Permission.SUPPLIERS_WRITE, 409, 412, 428, emits=(SUPPLIER_PRODUCT_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_supplier_product(
    request: TenantRequest, supplier_product_id: UUID, data: SupplierProductChanges, if_match: IfMatch
) -> Response[SupplierProductWithPrices]:
    """Edit the terms. `prices`, where given, replace all prices; supplier and product stay."""
    connection, actor = await request.begin()
    return versioned(
        await actions.edit_supplier_product(connection, actor, supplier_product_id, data, if_match)
    )


@delete(
    "/supplier-products/{supplier_product_id:uuid}",
    opt=allow(Permission.SUPPLIERS_WRITE, emits=(SUPPLIER_PRODUCT_DELETED,)),
)
async def delete_supplier_product(request: TenantRequest, supplier_product_id: UUID) -> None:
    """Delete the terms with their prices; orders keep what they agreed."""
    connection, actor = await request.begin()
    await actions.delete_supplier_product(connection, actor, supplier_product_id)


@get("/suppliers/{supplier_id:uuid}/proposals", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_proposals(
    request: TenantRequest,
    supplier_id: UUID,
    product_id: UUID | None = None,
    quantity: PositiveCount | None = None,
    order_date: date | None = None,
    currency: Currency | None = None,
    sort: SupplierSkuSort = "supplier_sku",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Proposal]:
    """What ordering a product from the supplier on a date would cost and take, and why.

    Without a `product_id`, of each product that the supplier sells. The date is today, the quantity the
    minimum and the currency the organization's, unless given; prices are not converted.
    """
    connection, actor = await request.begin()
    if product_id is None:
        page = await queries.SUPPLIER_PRODUCTS.page(
            connection,
            actor.organization_id,
            PageRequest(sort, limit, cursor),
            supplier_id=supplier_id,
        )
        wanted = [(row.product_id, quantity or row.minimum_quantity) for row in page.items]
        following = page.next_cursor
    else:
        wanted, following = [(product_id, quantity or 1)], None
    found = await actions.propose_terms(
        connection,
        actor,
        supplier_id,
        wanted,
        order_date or today(actor.timezone),
        currency or actor.currency,
    )
    if not found:
        await get_supplier(connection, actor, supplier_id)
    return Page(found, following)


ROUTES = [
    list_supplier_products,
    create_supplier_product,
    get_supplier_product,
    edit_supplier_product,
    delete_supplier_product,
    list_proposals,
]
