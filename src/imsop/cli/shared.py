"""Helpers of commands: settings, the installation to connect to, and progress."""

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from imsop.core.installation import Installation
    from imsop.core.settings import Settings

# ruff: noqa: PLC0415 - commands import lazily, which halves their start-up time

DataDir = Annotated[Path | None, typer.Option(help="Database, passwords and logs [.imsop, IMSOP_DATA_DIR]")]


def settings_with(**given: Any) -> "Settings":
    """The environment's settings, overridden by the options given. Raises OperatorError if one is invalid."""
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


@contextmanager
def reached(settings: "Settings") -> Iterator["Installation"]:
    """The installation of the data directory: the running one, else its database is started for the block."""
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


def load(
    opened: "Installation", settings: "Settings", demo: bool, real_data: Path | None, progress: "Bars"
) -> list[tuple[str, str]]:
    """Loads the demo and real data, if absent; returns email and password of every loaded user."""
    loads: list[tuple[list[str], list[tuple[str, str]]]] = []
    if demo:
        loads.append(importlib.import_module("imsop.demo").load(opened, settings, progress))
    if real_data:
        loads.append(importlib.import_module("imsop.realdata").load(opened, settings, real_data, progress))
    for reports, _ in loads:
        print(*reports, sep="\n", flush=True)
    return [sign_in for _, sign_ins in loads for sign_in in sign_ins]


class Bars:
    """A Progress: a bar on a terminal, an occasional line elsewhere."""

    _LINE_SECONDS = 5.0

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._what = ""
        self._began = self._said = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Reports `done` out of `total` for the activity `what`."""
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
