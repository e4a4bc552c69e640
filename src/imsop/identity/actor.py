"""Who acts: the signed-in user or key behind a request, with its organization and permissions."""

from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant
from imsop.core.tenancy import Tenant
from imsop.identity.credentials.tokens import CredentialKind
from imsop.identity.people.models import Locale


class Actor(Struct, frozen=True):
    """Who is asking: a user of an organization, by a session or a key, and what they may do."""

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
        return Tenant(self.organization_id, self.user_id)
