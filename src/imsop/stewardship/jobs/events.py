"""Business events of jobs."""

from imsop.core.events import Named, declare

JOB_RETRIED = declare("job.retried", Named)
