"""Routes of the catalog."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.catalog.products import actions, queries
from imsop.catalog.products.events import PRODUCT_CHANGED, PRODUCT_CREATED, PRODUCT_DELETED
from imsop.catalog.products.models import Gtin, NewProduct, Product, ProductChanges, ProductStatus
from imsop.core.fields import ShortName, Text100
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission


@get("/products", opt=allow(Permission.PRODUCTS_READ))
async def list_products(
    request: TenantRequest,
    q: SearchQuery | None = None,
    sku: ShortName | None = None,
    gtin: Gtin | None = None,
    status: ProductStatus | None = None,
    category: Text100 | None = None,
    sort: Literal["sku", "-sku", "name", "-name"] = "sku",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Product]:
    connection, actor = await request.begin()
    return await queries.PRODUCTS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        sku=sku,
        gtin=gtin and gtin.zfill(14),
        status=status,
        category=category,
    )


@post(
    "/products", opt=allow(Permission.PRODUCTS_WRITE, 409, emits=(PRODUCT_CREATED,)), response_headers=CREATED
)
async def create_product(request: TenantRequest, data: NewProduct) -> Response[Product]:
    connection, actor = await request.begin()
    return created(await actions.create_product(connection, actor, data), "/api/v1/products")


@get("/products/{product_id:uuid}", opt=allow(Permission.PRODUCTS_READ), response_headers=VERSIONED)
async def get_product(request: TenantRequest, product_id: UUID) -> Response[Product]:
    return versioned(await request.cached("product", product_id, actions.get_product))


@patch(
    "/products/{product_id:uuid}",
    opt=allow(Permission.PRODUCTS_WRITE, 409, 412, 428, emits=(PRODUCT_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_product(
    request: TenantRequest, product_id: UUID, data: ProductChanges, if_match: IfMatch
) -> Response[Product]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_product(connection, actor, product_id, data, if_match))


@delete("/products/{product_id:uuid}", opt=allow(Permission.PRODUCTS_WRITE, 409, emits=(PRODUCT_DELETED,)))
async def delete_product(request: TenantRequest, product_id: UUID) -> None:
    """Delete a product that nothing refers to; archive one that has history (`status`)."""
    connection, actor = await request.begin()
    await actions.delete_product(connection, actor, product_id)


ROUTES = [
    list_products,
    create_product,
    get_product,
    edit_product,
    delete_product,
]


ROUTES = [
    list_products,
    create_product,
    get_product,
    edit_product,
    delete_product,
]
