"""Events of approval rules."""

from imsop.core.events import Changed, Named, declare

APPROVAL_RULE_CREATED = declare("approval_rule.created", Named)
APPROVAL_RULE_CHANGED = declare("approval_rule.changed", Changed)
APPROVAL_RULE_DELETED = declare("approval_rule.deleted", Named)
