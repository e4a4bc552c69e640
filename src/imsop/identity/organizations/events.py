"""Events of the organization."""

from imsop.core.events import Changed, Named, declare

ORGANIZATION_CREATED = declare("organization.created", Named)
ORGANIZATION_CHANGED = declare("organization.changed", Changed)
