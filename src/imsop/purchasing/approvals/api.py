"""Routes of approvals: what was asked, and what was decided. They are decided by verbs of the order."""

from typing import Literal
from uuid import UUID

from litestar import get

from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.approvals import queries
from imsop.purchasing.approvals.models import Asked


@get("/approvals", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_approvals(
    request: TenantRequest,
    purchase_order_id: UUID | None = None,
    waiting: Literal["true", "mine"] | None = None,
    sort: Literal["requested_at", "-requested_at"] = "requested_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Asked]:
    """What rules asked for, the oldest first: a row for each rule and time that an order was submitted.

    `waiting`: what nobody has decided yet; `mine`, only what the caller may decide.
    """
    connection, actor = await request.begin()
    return await queries.APPROVALS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        purchase_order_id=purchase_order_id,
        waiting=True if waiting == "true" else None,
        waiting_for=actor.user_id if waiting == "mine" else None,
    )


ROUTES = [list_approvals]
