"""The command line: thin. It reads the options, opens the installation, and calls what does the work."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

import imsop

if TYPE_CHECKING:
    from imsop.core.installation import Installation
    from imsop.core.settings import Settings

# ruff: noqa: PLC0415 - what a command does not need it does not load: half of what starting one costs

app = typer.Typer(
    help=imsop.__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

DataDir = Annotated[Path | None, typer.Option(help="Database, passwords and logs [.imsop, IMSOP_DATA_DIR]")]


def main() -> None:
    """The `imsop` command."""
    from imsop.core.embedded import OperatorError

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except OperatorError as error:
        print(f"imsop: {error}", file=sys.stderr)
        sys.exit(1)
    except PermissionError as error:
        print(f"imsop: {error.filename} is not open to this user: run as its owner", file=sys.stderr)
        sys.exit(1)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"imsop {imsop.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    from imsop.core.embedded import OperatorError
    from imsop.core.settings import require_known_variables

    try:
        require_known_variables(os.environ)
    except ValueError as error:
        raise OperatorError(str(error)) from None


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Load two demo organizations first")] = False,
    real_data: Annotated[Path | None, typer.Option(help="Load two more from this directory")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on [8000, IMSOP_PORT]; 0: any free")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run IMSOP: database, migrations, pages. Ctrl-C stops all of it."""
    from imsop.core import installation
    from imsop.core.embedded import OperatorError

    settings = _settings(data_dir=data_dir, port=port)
    _require_loopback(settings, demo or real_data is not None)
    progress = _Bars()
    database_died = False

    def stop_too() -> None:
        nonlocal database_died
        database_died = True
        os.kill(os.getpid(), signal.SIGTERM)

    with suppress(KeyboardInterrupt), installation.opened(
        settings, progress=progress, when_it_dies=stop_too
    ) as opened:  # fmt: skip
        try:
            from imsop import serving

            listener = serving.bound(settings)
            sign_ins = _load(opened, settings, demo, real_data, progress)
            serving.serve(settings, opened, listener, lambda address: _welcome(address, sign_ins))
        finally:
            for impatience in (signal.SIGINT, signal.SIGTERM):  # the database is to stop cleanly
                signal.signal(impatience, signal.SIG_IGN)
    if database_died:
        raise OperatorError("the database stopped unexpectedly: start again and it recovers")


def _load(
    opened: "Installation", settings: "Settings", demo: bool, real_data: Path | None, progress: "_Bars"
) -> list[tuple[str, str]]:
    """E-mail and password of everyone who was loaded; what is there already is left as it is."""
    loads: list[tuple[list[str], list[tuple[str, str]]]] = []
    if demo:
        loads.append(importlib.import_module("imsop.demo").load(opened, settings, progress))
    if real_data:
        loads.append(importlib.import_module("imsop.realdata").load(opened, settings, real_data, progress))
    for reports, _ in loads:
        print(*reports, sep="\n", flush=True)
    return [sign_in for _, sign_ins in loads for sign_in in sign_ins]


def _require_loopback(settings: "Settings", demo: bool) -> None:
    from imsop.core.embedded import OperatorError
    from imsop.core.settings import is_local

    if demo and not is_local(settings.host):
        raise OperatorError("the demo's password is public, so it listens on loopback only: unset IMSOP_HOST")


def _welcome(address: str, sign_ins: list[tuple[str, str]]) -> None:
    lines = [f"\nIMSOP is ready: {address}"]
    lines += [f"  sign in as {email} with password {password}" for email, password in sign_ins]
    sys.stdout.write("\n".join([*lines, "Ctrl-C stops it.\n"]))  # at once: the log writes there too
    sys.stdout.flush()


@app.command()
def migrate(
    new_passwords: Annotated[
        bool, typer.Option("--new-passwords", help="Set existing roles' passwords to this data directory's")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the database to this version, without serving."""
    from imsop.core import installation

    settings = _settings(data_dir=data_dir)
    with installation.opened(settings, progress=_Bars(), new_passwords=new_passwords) as opened:
        left = installation.pending_migrations(opened.app_dsn)
    print("up to date" if not left else f"pending: {', '.join(left)}")


@app.command()
def psql(
    command: Annotated[str | None, typer.Option("-c", metavar="SQL", help="Run this and exit")] = None,
    organization: Annotated[
        str | None, typer.Option("--as", help="As the application inside this organization (name or id)")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Open the database as its operator, or with --as as the application inside one organization."""
    with _reached(_settings(data_dir=data_dir)) as opened:
        code = _psql(opened, command, organization)
    raise typer.Exit(code)


@contextmanager
def _reached(settings: "Settings") -> Iterator["Installation"]:
    """The installation of the data directory, which may be running; if it is not, its database is for now."""
    from imsop.core import installation
    from imsop.core.embedded import DataDirectoryInUse, OperatorError

    if settings.database_url:
        yield installation.running(settings)
        return
    if not (settings.data_dir / "postgres" / "data").exists():
        raise OperatorError(f"nothing is installed in {settings.data_dir}: run `imsop up` first")
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(installation.started(settings))
        except DataDirectoryInUse:
            opened = installation.running(settings)
        yield opened


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Prove that balances, reservations and the progress of orders equal their ledger; name what does not."""
    import asyncio

    with _reached(_settings(data_dir=data_dir)) as opened:
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C cancels a query, which is psql's to do
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


@app.command()
def organization(
    name_or_id: Annotated[str, typer.Argument(help="Name or id")],
    status: Annotated[str | None, typer.Option(help="active, inactive or suspended")] = None,
    tier: Annotated[str | None, typer.Option(help="starter, professional or enterprise")] = None,
    data_dir: DataDir = None,
) -> None:
    """Suspend or activate an organization, or set its tier. Nobody gets into a suspended one."""
    import asyncio

    with _reached(_settings(data_dir=data_dir)) as opened:
        asyncio.run(_set_standing(opened.operator_dsn, name_or_id, status, tier))


async def _set_standing(operator_dsn: str, name_or_id: str, status: str | None, tier: str | None) -> None:
    import asyncpg

    from imsop.core.embedded import OperatorError
    from imsop.identity.organizations import queries

    connection = await asyncpg.connect(operator_dsn)
    try:
        async with connection.transaction():
            changed = await queries.set_organization_standing(connection, name_or_id, status, tier)
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


@app.command()
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
        Path(directory).chmod(0o755)  # the server's account passes through
        settings = _settings(data_dir=Path(directory, "schema")).model_copy(update={"database_url": None})
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


bench = typer.Typer(invoke_without_command=True, help="Measure the application against pgbench; see plans")
app.add_typer(bench, name="bench")

Scale = Annotated[int, typer.Option(min=1, max=100, help="Multiplies products, orders and shipments")]


@bench.callback()
def measure(
    context: typer.Context,
    operations: Annotated[str, typer.Option(help="Only these, by code: R1,W2 [all]")] = "",
    seconds: Annotated[float, typer.Option(min=1, help="Length of each slice")] = 4,
    rounds: Annotated[int, typer.Option(min=1, help="Slices per operation")] = 3,
    scale: Scale = 1,
) -> None:
    """Measure a temporary server under load, against pgbench running the same statements."""
    if context.invoked_subcommand:
        return
    from imsop.bench import comparison, report
    from imsop.bench.operations import chosen
    from imsop.bench.volume import Volume

    volume = Volume().times(scale)
    results = comparison.compare(chosen(operations), volume, seconds=seconds, rounds=rounds, progress=_Bars())
    for line in report.table(results, volume):
        print(line)


@bench.command()
def plans(scale: Scale = 10) -> None:
    """Show query plans of frequent reads at a multiple of the demo's volume; a bad plan is an error."""
    from imsop.bench.plans import DEMO, examine

    examined = examine(DEMO.times(scale), _Bars())
    for one in examined:
        print(f"\n{one.operation}, planned {one.how}: {'; '.join(one.faults) or 'good'}\n{one.plan}")
    raise typer.Exit(1 if any(one.faults for one in examined) else 0)


@bench.command()
def pages(
    data_dir: Annotated[Path | None, typer.Option(help="Measure this installation [a temporary one]")] = None,
    real_data: Annotated[Path | None, typer.Option(help="Load this directory, not the demo")] = None,
    only: Annotated[str | None, typer.Option("--as", help="Only in this organization, by name [all]")] = None,
    below: Annotated[str, typer.Option(help="Only addresses beginning with this, e.g. /ledger")] = "/",
    requests: Annotated[int, typer.Option(min=2, help="Requests per address")] = 15,
    every: Annotated[bool, typer.Option("--all", help="Show every address, not each page's slowest")] = False,
) -> None:
    """Measure every page, with every filter and sort, against its JSON; one over 50 ms is an error."""
    from imsop.bench import report
    from imsop.bench.pages import measure

    with _measurable(data_dir, real_data) as (opened, settings):
        measured = measure(opened, settings, requests=requests, progress=_Bars(), below=below, only=only)
    for line in report.pages(measured, all_of_them=every):
        print(line)
    raise typer.Exit(1 if any(report.faults(page) for of_it in measured.values() for page in of_it) else 0)


@bench.command()
def export(
    rows: Annotated[int, typer.Option(min=50_000, help="Ledger rows, in steps of 50,000")] = 1_000_000,
) -> None:
    """Measure the ledger's export as CSV and XLSX; one that takes over 200 MB is an error."""
    from imsop.bench import exports, report

    measured = exports.measure(rows, _Bars())
    for line in report.exports(measured):
        print(line)
    raise typer.Exit(1 if any(one.memory_peak_bytes > exports.MEMORY_BYTES for one in measured) else 0)


@contextmanager
def _measurable(data_dir: Path | None, real_data: Path | None) -> Iterator[tuple["Installation", "Settings"]]:
    from imsop.bench.comparison import empty, settle

    if data_dir is not None:
        settings = _settings(data_dir=data_dir)
        with _reached(settings) as opened:
            yield opened, settings
        return
    if real_data is None:
        print("Measuring the demo; --real-data DIR measures real data (docs/real-data.md).", flush=True)
    with empty(_Bars()) as (opened, settings):
        _load(opened, settings, real_data is None, real_data, _Bars())
        settle(opened)
        yield opened, settings


def _settings(**given: Any) -> "Settings":
    """The environment's settings, with the options that were given in their place."""
    from pydantic import ValidationError

    from imsop.core.embedded import OperatorError
    from imsop.core.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = [
            f"IMSOP_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)
        ]
        raise OperatorError("; ".join(problems)) from None


class _Bars:
    """Shows progress: a bar on a terminal, now and then a line elsewhere."""

    _LINE_SECONDS = 5.0

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._what = ""
        self._began = self._said = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Of `what`, `done` out of `total`."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._said = what, now, now
        if sys.stdout.isatty():
            self._draw(what, done, total)
        elif done >= total or now - self._said > self._LINE_SECONDS:
            self._said = now
            print(f"{what}: {done:,} of {total:,} ({now - self._began:.1f} s)", flush=True)

    def _draw(self, what: str, done: int, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
            )
            self._bar.start()
            self._task = self._bar.add_task(what)
        self._bar.update(self._task, description=what, completed=done, total=total)
        if done >= total:
            self._bar.stop()
            self._bar = None
