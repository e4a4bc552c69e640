"""Events of API keys."""

from imsop.core.events import Named, declare

API_KEY_CREATED = declare("api_key.created", Named)
API_KEY_REVOKED = declare("api_key.revoked", Named)
