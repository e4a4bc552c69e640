"""The actor of a request: a signed-in user or API key, with its organization and permissions."""

from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant
from imsop.core.tenancy import Tenant
from imsop.identity.credentials.tokens import CredentialKind
from imsop.identity.people.models import Locale


class Actor(Struct, frozen=True):
    """An authenticated user of an organization, by session or API key, with the permissions in effect."""

    organization_id: UUID
    user_id: UUID
    credential_id: UUID
    credential: CredentialKind
    permissions: frozenset[str]
    user_name: str
    locale: Locale
    organization_name: str
    timezone: str
    currency: str
    expires_at: Instant | None

    @property
    def tenant(self) -> Tenant:
        return Tenant(self.organization_id, self.user_id, self.credential_id)
