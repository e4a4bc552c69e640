"""The command line: a thin layer that parses options, opens the installation and calls other modules."""

import os
import signal
import sys
from typing import Annotated

import typer

import imsop
from imsop.cli import auditing, measuring, operating, running

# ruff: noqa: PLC0415 - commands import lazily, which halves their start-up time

app = typer.Typer(
    help=imsop.__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


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


for _command in (*running.COMMANDS, *operating.COMMANDS):
    app.command()(_command)
app.add_typer(measuring.bench, name="bench")
app.add_typer(auditing.audit, name="audit")
