"""Alembic's environment: runs each revision in its own transaction, on the connection it is passed."""

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"],
    transaction_per_migration=True,
    on_version_apply=lambda **_: given["applied"](),
)
with context.begin_transaction():
    context.run_migrations()
