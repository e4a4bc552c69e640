"""Routes of the audit trail."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get
from litestar.params import QueryParameter

from imsop.core.fields import Instant, ShortName
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.stewardship.audit import queries
from imsop.stewardship.audit.actions import filters_asked
from imsop.stewardship.audit.events import AUDIT_READ
from imsop.stewardship.audit.models import AuditEntry


@get("/audit-entries", opt=allow(Permission.AUDIT_READ, emits=(AUDIT_READ,)))
async def list_audit_entries(
    request: TenantRequest,
    table: ShortName | None = None,
    record_id: UUID | None = None,
    user_id: UUID | None = None,
    request_id: ShortName | None = None,
    since: Annotated[Instant | None, QueryParameter(name="from")] = None,
    until: Annotated[Instant | None, QueryParameter(name="to")] = None,
    sort: Literal["-at", "at"] = "-at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[AuditEntry]:
    """Who changed which row, from `from` (inclusive) to `to` (exclusive). Reading is recorded as an event."""
    connection, actor = await request.begin()
    filters: dict[str, Any] = {
        "table": table,
        "record_id": record_id,
        "user_id": user_id,
        "request_id": request_id,
        "from": since,
        "to": until,
    }
    taken = await filters_asked(connection, actor, filters)
    return await queries.ENTRIES.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), **taken
    )


ROUTES = [list_audit_entries]
