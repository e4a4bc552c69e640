"""Every kind of background job there is."""

from imsop.core.worker import AnyTask
from imsop.inventory.days.jobs import DAILY_STOCK
from imsop.stewardship.housekeeping import HOUSEKEEPING

TASKS: tuple[AnyTask, ...] = (HOUSEKEEPING, DAILY_STOCK)
TASKS_BY_NAME = {task.name: task for task in TASKS}
