"""Business events of the audit trail."""

from typing import Any

from msgspec import Struct

from imsop.core.events import declare


class Asked(Struct, frozen=True):
    """What was asked for, by the list's filters."""

    filters: dict[str, Any]


AUDIT_READ = declare("audit.read", Asked)
