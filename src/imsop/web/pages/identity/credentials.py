"""The page of API keys."""

from collections.abc import Callable
from typing import Literal

from litestar import Response, get

from imsop.core.fields import Text100
from imsop.core.listing import Cursor
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.models import ApiKey
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import export, show

KEY_COLUMNS = (
    Column("name", N_("Key"), sort="name"),
    Column("prefix", N_("Prefix")),
    Column("permissions", N_("Permissions")),
    Column("created", N_("Created"), "date", sort="created_at"),
    Column("used", N_("Last used"), "date"),
    Column("revoked", N_("Revoked"), "date"),
)


KEY_CELLS: dict[str, Callable[[ApiKey], object]] = {
    "name": lambda row: row.name,
    "prefix": lambda row: row.prefix,
    "permissions": lambda row: row.permissions,
    "created_at": lambda row: row.created_at,
    "last_used_at": lambda row: row.last_used_at,
    "revoked_at": lambda row: row.revoked_at,
}


KeySort = Literal["name", "-name", "created_at", "-created_at"]


KeyStatus = Literal["active", "revoked"]


@get("/api-keys", opt=allow(Permission.API_KEYS_READ), include_in_schema=False)
async def api_keys_page(
    request: TenantRequest,
    q: Text100 | None = None,
    status: KeyStatus | None = None,
    sort: KeySort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, credentials_queries.API_KEYS, KEY_COLUMNS,
        sort=sort, cursor=cursor, before=before, part=q, is_revoked=status and status == "revoked",
    )  # fmt: skip
    return render(request, "pages/identity/api_keys.html", shown=shown)


@get(["/api-keys.csv", "/api-keys.xlsx"], opt=allow(Permission.API_KEYS_READ), include_in_schema=False)
async def export_api_keys(
    request: TenantRequest,
    q: Text100 | None = None,
    status: KeyStatus | None = None,
    sort: KeySort = "name",
    decimal: DecimalMark | None = None,
) -> Streamed:
    is_revoked = status and status == "revoked"
    return await export(
        request,
        credentials_queries.API_KEYS,
        KEY_CELLS,
        sort=sort,
        part=q,
        is_revoked=is_revoked,
        decimal=decimal,
    )


PAGES = [api_keys_page, export_api_keys]
