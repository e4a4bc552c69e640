"""Events of users. They name the changed fields, without values, as those are personal data."""

from imsop.core.events import Changed, Named, declare

USER_CREATED = declare("user.created", Named)
USER_CHANGED = declare("user.changed", Changed)
USER_DELETED = declare("user.deleted", Named)
