"""Routes of the caller's organization."""

from uuid import UUID

from litestar import Response, get, patch

from imsop.core.http import VERSIONED, IfMatch, versioned
from imsop.core.listing import Page
from imsop.identity.guard import allow
from imsop.identity.organizations import actions, queries
from imsop.identity.organizations.events import ORGANIZATION_CHANGED
from imsop.identity.organizations.models import Organization, OrganizationChanges
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.identity.signing_in.actions import limited_guessing


@get("/organizations", opt=allow(Permission.ORGANIZATION_READ))
async def list_organizations(request: TenantRequest) -> Page[Organization]:
    """The organizations you can see: your own."""
    connection, actor = await request.begin()
    organization = await queries.get_organization(connection, actor.organization_id)
    return Page([organization] if organization else [], None)


@get(
    "/organizations/{organization_id:uuid}",
    opt=allow(Permission.ORGANIZATION_READ),
    response_headers=VERSIONED,
)
async def get_organization(request: TenantRequest, organization_id: UUID) -> Response[Organization]:
    return versioned(await request.cached("organization", organization_id, actions.get_organization))


@patch(
    "/organizations/{organization_id:uuid}",
    opt=allow(Permission.ORGANIZATION_WRITE, 409, 412, 428, 429, emits=(ORGANIZATION_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_organization(
    request: TenantRequest, organization_id: UUID, data: OrganizationChanges, if_match: IfMatch
) -> Response[Organization]:
    async with limited_guessing(request):
        connection, actor = await request.begin()
        return versioned(await actions.edit_organization(connection, actor, organization_id, data, if_match))


ROUTES = [
    list_organizations,
    get_organization,
    edit_organization,
]
