"""Commands for operators of an installation."""

import os
import shutil
import signal
import subprocess
import tempfile
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit
from uuid import UUID

import typer

from imsop.cli.shared import DataDir, reached, settings_with

if TYPE_CHECKING:
    from imsop.core.installation import Installation
    from imsop.core.settings import Settings

# ruff: noqa: PLC0415 - commands import lazily, which halves their start-up time

NEW_PASSWORD_BYTES = 12
"""Of a password that the operator sets: 96 random bits, in 16 characters."""


def psql(
    command: Annotated[str | None, typer.Option("-c", metavar="SQL", help="Run this and exit")] = None,
    organization: Annotated[
        str | None, typer.Option("--as", help="As the application inside this organization (name or id)")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Open the database as its operator, or with --as as the application inside one organization."""
    with reached(settings_with(data_dir=data_dir)) as opened:
        code = _psql(opened, command, organization)
    raise typer.Exit(code)


def _psql(opened: "Installation", command: str | None, organization: str | None) -> int:
    from imsop.core.embedded import OperatorError

    program = shutil.which("psql", path=opened.bin_dir) or shutil.which("psql")
    if program is None:
        raise OperatorError("psql not found: install the PostgreSQL client")
    dsn, options = opened.operator_dsn, ""
    if organization is not None:
        dsn, options = opened.app_dsn, f"-c app.organization_id={_organization_id(opened, organization)}"
    parts = urlsplit(dsn)
    where = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")).geturl()
    environment = {**os.environ, "PGPASSWORD": unquote(parts.password or ""), "PGOPTIONS": options}
    arguments = ["-X", "-c", command] if command is not None else []
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C cancels a query, which psql handles
    return subprocess.run([program, where, *arguments], env=environment, check=False).returncode


def _organization_id(opened: "Installation", name_or_id: str) -> str:
    import psycopg

    from imsop.core.embedded import OperatorError

    with psycopg.connect(opened.operator_dsn) as connection:
        found = connection.execute(
            "SELECT id::text, name FROM organizations"
            " WHERE deleted_at IS NULL AND lower(%s) IN (id::text, lower(name))",
            [name_or_id],
        ).fetchall()
    if len(found) != 1:
        raise OperatorError(f"{len(found)} organizations are named {name_or_id!r}: give the id of one")
    identity: str = found[0][0]
    return identity


def doctor(data_dir: DataDir = None) -> None:
    """Prove that balances, reservations and the progress of orders equal their ledger; name what does not."""
    import asyncio

    with reached(settings_with(data_dir=data_dir)) as opened:
        healthy = asyncio.run(_examine(opened.operator_dsn))
    raise typer.Exit(0 if healthy else 1)


async def _examine(operator_dsn: str) -> bool:
    from imsop.core.doctor import examine
    from imsop.stewardship.doctor import CHECKS

    healthy = True
    async for outcome in examine(operator_dsn, CHECKS):
        verdict = f"{len(outcome.findings):,} WRONG" if outcome.findings else "ok"
        print(f"{verdict:>10}  {outcome.check}: {outcome.examined:,} examined in {outcome.seconds:.2f} s")
        for finding in outcome.findings:
            healthy = False
            print(f"            {finding.organization}: {finding.subject}: {finding.problem}")
    return healthy


def organization(
    name_or_id: Annotated[str, typer.Argument(help="Name or id")],
    status: Annotated[str | None, typer.Option(help="active, inactive or suspended")] = None,
    tier: Annotated[str | None, typer.Option(help="starter, professional or enterprise")] = None,
    data_dir: DataDir = None,
) -> None:
    """Suspend or activate an organization, or set its tier. Nobody gets into a suspended one."""
    import asyncio

    with reached(settings_with(data_dir=data_dir)) as opened:
        asyncio.run(set_status(opened.operator_dsn, name_or_id, status, tier))


async def set_status(operator_dsn: str, name_or_id: str, status: str | None, tier: str | None) -> None:
    import asyncpg

    from imsop.core.embedded import OperatorError
    from imsop.identity.organizations import queries

    connection = await asyncpg.connect(operator_dsn)
    try:
        async with connection.transaction():
            changed = await queries.set_organization_status(connection, name_or_id, status, tier)
            if len(changed) != 1:
                raise OperatorError(
                    f"{len(changed)} organizations are named {name_or_id!r}: give the id of one"
                )
            await queries.notify_access_changed(connection, changed[0])
    except asyncpg.CheckViolationError:
        raise OperatorError("no such status or tier: see `imsop organization --help`") from None
    finally:
        await connection.close()
    print(f"{name_or_id}: {', '.join(value for value in (status, tier) if value) or 'nothing changed'}")


def reset_password(
    email: Annotated[str, typer.Argument(help="The user's e-mail address")],
    data_dir: DataDir = None,
) -> None:
    """Give a user a new password, which is shown once. Ends the user's sessions and API keys."""
    import asyncio

    settings = settings_with(data_dir=data_dir)
    with reached(settings) as opened:
        password = asyncio.run(replace_password(opened.app_dsn, settings, email))
    print(f"the new password of {email}: {password}")


async def replace_password(app_dsn: str, settings: "Settings", email: str) -> str:
    """Sets a random password and returns it. Raises OperatorError for an unknown address."""
    import secrets

    from imsop.core.database import open_pool, transaction
    from imsop.core.embedded import OperatorError
    from imsop.core.tenancy import Tenant
    from imsop.identity.password_resets import actions
    from imsop.identity.people.passwords import hash_password
    from imsop.identity.signing_in.queries import find_account

    password = secrets.token_urlsafe(NEW_PASSWORD_BYTES)
    password_hash = await hash_password(password, cost=settings.bcrypt_cost)
    pool = await open_pool(app_dsn, min_size=0, max_size=1)
    try:
        async with transaction(pool, None, read_only=True) as connection:
            account = await find_account(connection, email.strip())
        if account is None:
            raise OperatorError(f"nobody has the address {email}")
        operator = Tenant(account.organization_id)
        async with transaction(pool, operator) as connection:
            await actions.replace_password(
                connection, operator, account.user_id, password_hash, revoke_api_keys=True
            )
    finally:
        await pool.close()
    return password


def schema(
    path: Annotated[Path, typer.Argument()] = Path("schema.sql"),
    write: Annotated[bool, typer.Option("--write", help="Write the file")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the file; a difference is an error")
    ] = False,
) -> None:
    """Show the schema that all migrations produce, on a temporary database."""
    from imsop.core import installation
    from imsop.core.schema_dump import dump_schema

    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # the server's account must enter it
        settings = settings_with(data_dir=Path(directory, "schema")).model_copy(update={"database_url": None})
        with installation.opened(settings, fast=True) as opened:
            made = dump_schema(opened)
    if write:
        path.write_text(made)
    elif check:
        difference = list(
            unified_diff(path.read_text().splitlines(), made.splitlines(), str(path), lineterm="")
        )
        print("\n".join(difference) or f"{path} matches the migrations")
        raise typer.Exit(1 if difference else 0)
    else:
        print(made, end="")


def jobs(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed")] = False,
    retry: Annotated[UUID | None, typer.Option(metavar="ID", help="Run a failed job again")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest")] = 50,
    data_dir: DataDir = None,
) -> None:
    """Show the background jobs of all organizations: what ran, what failed and why."""
    import asyncio

    with reached(settings_with(data_dir=data_dir)) as opened:
        asyncio.run(_jobs(opened.operator_dsn, failed=failed, retry=retry, limit=limit))


async def _jobs(operator_dsn: str, *, failed: bool, retry: UUID | None, limit: int) -> None:
    import asyncpg

    from imsop.core.embedded import OperatorError
    from imsop.stewardship.jobs import queries

    connection = await asyncpg.connect(operator_dsn)
    try:
        if retry is not None and not await queries.begin_again(connection, retry):
            raise OperatorError(f"no job {retry} that failed")
        for job in await queries.list_newest(connection, failed=failed, limit=limit):
            print(
                f"{job.id}  {job.created_at:%Y-%m-%d %H:%M:%S}  {job.status:<9} {job.attempts}x"
                f"  {job.task:<24} {job.organization or 'installation'}  {job.error or ''}".rstrip()
            )
    finally:
        await connection.close()


COMMANDS = (psql, doctor, organization, reset_password, schema, jobs)
