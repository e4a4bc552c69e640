"""The list of all background tasks."""

from imsop.analytics.metrics.jobs import DAILY_FIGURES
from imsop.core.jobs import Task
from imsop.documents.mails.jobs import SEND_MAIL
from imsop.identity.password_resets.jobs import SEND_PASSWORD_RESET
from imsop.inventory.days.jobs import DAILY_STOCK
from imsop.inventory.reservations.jobs import ALLOCATE
from imsop.purchasing.performance.jobs import SUPPLIER_METRICS
from imsop.stewardship.audit.sealing import SEAL_AUDIT
from imsop.stewardship.housekeeping import HOUSEKEEPING

TASKS: tuple[Task, ...] = (
    HOUSEKEEPING, SEAL_AUDIT, DAILY_STOCK, SUPPLIER_METRICS, DAILY_FIGURES, SEND_MAIL, SEND_PASSWORD_RESET,
    ALLOCATE,
)  # fmt: skip
