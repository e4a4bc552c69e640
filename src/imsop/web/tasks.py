"""Every kind of background job there is."""

from imsop.analytics.metrics.jobs import DAILY_FIGURES
from imsop.core.worker import AnyTask
from imsop.documents.mails.jobs import SEND_MAIL
from imsop.inventory.days.jobs import DAILY_STOCK
from imsop.purchasing.performance.jobs import SUPPLIER_METRICS
from imsop.stewardship.housekeeping import HOUSEKEEPING

TASKS: tuple[AnyTask, ...] = (HOUSEKEEPING, DAILY_STOCK, SUPPLIER_METRICS, DAILY_FIGURES, SEND_MAIL)
TASKS_BY_NAME = {task.name: task for task in TASKS}
