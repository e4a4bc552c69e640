"""Commands that measure."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imsop.cli.shared import Bars, load, reached, settings_with

if TYPE_CHECKING:
    from imsop.core.installation import Installation
    from imsop.core.settings import Settings

# ruff: noqa: PLC0415 - commands import lazily, which halves their start-up time

bench = typer.Typer(invoke_without_command=True, help="Measure the application against pgbench; see plans")

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
    results = comparison.compare(chosen(operations), volume, seconds=seconds, rounds=rounds, progress=Bars())
    for line in report.table(results, volume):
        print(line)


@bench.command()
def plans(scale: Scale = 10) -> None:
    """Show query plans of frequent reads at a multiple of the demo's volume; a bad plan is an error."""
    from imsop.bench.plans import DEMO, examine

    examined = examine(DEMO.times(scale), Bars())
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
        measured = measure(opened, settings, requests=requests, progress=Bars(), below=below, only=only)
    for line in report.pages(measured, all_of_them=every):
        print(line)
    raise typer.Exit(1 if any(report.faults(page) for of_it in measured.values() for page in of_it) else 0)


@bench.command()
def export(
    rows: Annotated[int, typer.Option(min=50_000, help="Ledger rows, in steps of 50,000")] = 1_000_000,
) -> None:
    """Measure the ledger's export as CSV and XLSX; one that takes over 200 MB is an error."""
    from imsop.bench import exports, report

    measured = exports.measure(rows, Bars())
    for line in report.exports(measured):
        print(line)
    raise typer.Exit(1 if any(one.memory_peak_bytes > exports.MEMORY_BYTES for one in measured) else 0)


@contextmanager
def _measurable(data_dir: Path | None, real_data: Path | None) -> Iterator[tuple["Installation", "Settings"]]:
    from imsop.bench.comparison import empty, settle

    if data_dir is not None:
        settings = settings_with(data_dir=data_dir)
        with reached(settings) as opened:
            yield opened, settings
        return
    if real_data is None:
        print("Measuring the demo; --real-data DIR measures real data (docs/real-data.md).", flush=True)
    with empty(Bars()) as (opened, settings):
        load(opened, settings, real_data is None, real_data, Bars())
        settle(opened)
        yield opened, settings
