"""Events of roles."""

from imsop.core.events import Changed, Named, declare

ROLE_CREATED = declare("role.created", Named)
ROLE_CHANGED = declare("role.changed", Changed)
ROLE_DELETED = declare("role.deleted", Named)
