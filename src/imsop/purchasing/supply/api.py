"""The route of what to order."""

from typing import Literal

from litestar import get

from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.supply.models import Replenishment
from imsop.purchasing.supply.queries import REPLENISHMENT


@get("/replenishment", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_replenishment(
    request: TenantRequest,
    q: SearchQuery | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Replenishment]:
    """Active products with a reorder level: stock, what is on order, demand, and what to order."""
    connection, actor = await request.begin()
    return await REPLENISHMENT.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
    )


ROUTES = [list_replenishment]
