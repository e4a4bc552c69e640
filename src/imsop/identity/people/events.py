"""Events of users. Who someone is, is not told: only which fields changed."""

from imsop.core.events import Changed, Named, declare

USER_CREATED = declare("user.created", Named)
USER_CHANGED = declare("user.changed", Changed)
USER_DELETED = declare("user.deleted", Named)
