"""Routes of balances."""

from typing import Literal
from uuid import UUID

from litestar import get

from imsop.core.errors import InvalidInput
from imsop.core.fields import Instant, ShortName
from imsop.core.instants import require_no_future
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.stock import actions, queries
from imsop.inventory.stock.models import Balance


@get("/inventory", opt=allow(Permission.INVENTORY_READ))
async def list_inventory(
    request: TenantRequest,
    q: SearchQuery | None = None,
    sku: ShortName | None = None,
    product_id: UUID | None = None,
    warehouse_id: UUID | None = None,
    as_of: Instant | None = None,
    recorded_as_of: Instant | None = None,
    sort: Literal["warehouse_name", "-warehouse_name"] = "warehouse_name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Balance]:
    """Stock per product and warehouse: now, or `as_of` an instant.

    `recorded_as_of` leaves out movements recorded later: stock as it was known then.
    """
    connection, actor = await request.begin()
    page = PageRequest(sort, limit, cursor)
    filters = {"q": spellings_of(q), "sku": sku, "product_id": product_id, "warehouse_id": warehouse_id}
    if as_of is None:
        if recorded_as_of is not None:
            raise InvalidInput.of("recorded_as_of", "requires as_of")
        return await queries.BALANCES.page(connection, actor.organization_id, page, **filters)
    known = recorded_as_of and require_no_future("recorded_as_of", recorded_as_of)
    then = require_no_future("as_of", as_of)
    return await queries.BALANCES_AS_OF.page(connection, actor.organization_id, page, then, known, **filters)


@get("/inventory/{inventory_id:uuid}", opt=allow(Permission.INVENTORY_READ))
async def get_inventory(request: TenantRequest, inventory_id: UUID) -> Balance:
    connection, actor = await request.begin()
    return await actions.get_balance(connection, actor, inventory_id)


ROUTES = [
    list_inventory,
    get_inventory,
]
