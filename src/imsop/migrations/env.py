"""Run by alembic: each revision in its own transaction, on the connection it was handed."""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo

given = context.config.attributes


def _report(ctx: MigrationContext, step: MigrationInfo, heads: object, run_args: Any) -> None:  # noqa: ARG001
    given["report"](step.up_revision_id)


context.configure(connection=given["connection"], transaction_per_migration=True, on_version_apply=_report)
with context.begin_transaction():
    context.run_migrations()
