"""Commands that run IMSOP."""

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imsop.cli.shared import Bars, DataDir, load, reached, settings_with

if TYPE_CHECKING:
    from imsop.core.settings import Settings

# ruff: noqa: PLC0415 - commands import lazily, which halves their start-up time


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Load two demo organizations first")] = False,
    real_data: Annotated[Path | None, typer.Option(help="Load two more from this directory")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on [8000, IMSOP_PORT]; 0: any free")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run IMSOP: database, migrations, pages. Ctrl-C stops all of it."""
    from imsop.core import installation

    settings = settings_with(data_dir=data_dir, port=port)
    _require_loopback(settings, demo or real_data is not None)
    progress = Bars()
    with suppress(KeyboardInterrupt), installation.opened(
        settings, progress=progress, keep_running=True
    ) as opened:  # fmt: skip
        try:
            from imsop import serving
            from imsop.web.pages.identity.signing_in import DemoAccount

            listener = serving.bound(settings)
            sign_ins = load(opened, settings, demo, real_data, progress)
            demo_accounts = [DemoAccount(*account) for account in sign_ins]
            serving.serve(
                settings, opened, listener, demo_accounts, lambda address: _welcome(address, sign_ins)
            )
        finally:
            for impatience in (signal.SIGINT, signal.SIGTERM):  # let the database stop cleanly
                signal.signal(impatience, signal.SIG_IGN)


def _require_loopback(settings: "Settings", demo: bool) -> None:
    from imsop.core.embedded import OperatorError
    from imsop.core.settings import is_local

    if demo and not is_local(settings.host):
        raise OperatorError("the demo's password is public, so it listens on loopback only: unset IMSOP_HOST")


def _welcome(address: str, sign_ins: list[tuple[str, str]]) -> None:
    lines = [f"\nIMSOP is ready: {address}"]
    lines += [f"  sign in as {email} with password {password}" for email, password in sign_ins]
    sys.stdout.write("\n".join([*lines, "Ctrl-C stops it.\n"]))  # unbuffered: the log writes there too
    sys.stdout.flush()


def migrate(
    new_passwords: Annotated[
        bool, typer.Option("--new-passwords", help="Set existing roles' passwords to this data directory's")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the database to this version, without serving."""
    from imsop.core import installation

    settings = settings_with(data_dir=data_dir)
    with installation.opened(settings, progress=Bars(), new_passwords=new_passwords) as opened:
        left = installation.pending_migrations(opened.app_dsn)
    print("up to date" if not left else f"pending: {', '.join(left)}")


def worker(data_dir: DataDir = None) -> None:
    """Run background jobs apart from the pages, of an installation that runs elsewhere. Ctrl-C stops it."""
    import asyncio

    from imsop.core.logging import configure_logging
    from imsop.core.worker import work
    from imsop.web.tasks import TASKS

    settings = settings_with(data_dir=data_dir)
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    with suppress(KeyboardInterrupt), reached(settings) as opened:
        asyncio.run(work(opened, TASKS))


COMMANDS = (up, worker, migrate)
