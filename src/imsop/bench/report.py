"""Formats benchmark results as text."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from statistics import median, quantiles

from imsop.bench.comparison import CONNECTIONS, PGBENCH_CLIENTS, Measured
from imsop.bench.exports import Exported
from imsop.bench.pages import PAGE_SECONDS
from imsop.bench.pages import Measured as Page
from imsop.bench.volume import Volume

FIRST_VIEW_BYTES = 150_000
"""Limit of the compressed size of a first view, without charts, which are loaded on demand."""

_ROW = "{:<32} {:>8} {:>9} {:>20} {:>8} {:>8} {:>9} {:>9} {:>6} {:>6}"
_HEAD = _ROW.format(
    "", "HTTP", "pgbench", "ratio", "p50", "p99", "server", "database", "server", "db"
) + "\n" + _ROW.format(
    "operation (messages)", "per s", "per s", "median (min-max)", "ms", "ms", "CPU ms", "CPU ms", "MB", "MB"
)  # fmt: skip


def table(results: list[Measured], volume: Volume) -> Iterator[str]:
    """The report: what was measured, a row for each operation, and possible disturbances."""
    yield (
        f"{volume.organizations} organizations x {volume.products:,} products x"
        f" {volume.warehouses} warehouses,"
        f" {volume.purchase_orders:,} purchase orders and {volume.shipments:,} shipments each;"
        f" {CONNECTIONS} HTTP connections to 1 worker, {PGBENCH_CLIENTS} of pgbench;"
        f" {len(results[0].pairs)} rounds"
    )
    yield ""
    yield _HEAD
    for result in results:
        yield _row(result)
    yield ""
    pairs = [pair for result in results for pair in result.pairs]
    load = max(pair.served.own_cpu_seconds / pair.served.seconds for pair in pairs)
    others = [pair.others for pair in pairs]
    yield f"The load generator took at most {load:.0%} of a core."
    yield _disturbed(others)


def _disturbed(others: list[float]) -> str:
    return f"Other processes took {median(others):.0%} of the machine, and {max(others):.0%} at worst."


def _row(result: Measured) -> str:
    pairs = result.pairs
    ratios = [pair.ratio for pair in pairs]
    percentiles = quantiles([seconds for pair in pairs for seconds in pair.served.latencies], n=100)
    return _ROW.format(
        f"{result.operation.code} {result.operation.title} ({result.messages})",
        f"{median(pair.served.rate for pair in pairs):,.0f}",
        f"{median(pair.pgbench_rate for pair in pairs):,.0f}",
        f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
        f"{percentiles[49] * 1000:.1f}",
        f"{percentiles[98] * 1000:.1f}",
        f"{median(pair.server_cpu_seconds for pair in pairs) * 1000:.2f}",
        f"{median(pair.database_cpu_seconds for pair in pairs) * 1000:.2f}",
        f"{pairs[-1].server_memory_bytes / 2**20:.0f}",
        f"{pairs[-1].database_memory_bytes / 2**20:.0f}",
    )


_PAGE = "{:>7} {:>7} {:>7} {:>7} {:>7} {:>6} {:>6} {:>5}  {}"
_PAGE_HEAD = (
    _PAGE.format("page", "page", "JSON", "server", "db", "page", "first", "SQL", "")
    + "\n"
    + _PAGE.format("p50 ms", "p95 ms", "p50 ms", "CPU ms", "CPU ms", "KB", "KB", "", "")
)


def pages(measured: Mapping[str, list[Page]], *, all_of_them: bool) -> Iterator[str]:
    """The report by organization: each page, its slowest URL, and all URLs over a limit."""
    for organization, of_it in measured.items():
        yield f"\n{organization}: {len(of_it)} addresses\n\n{_PAGE_HEAD}"
        for _, of_route in groupby(of_it, key=lambda page: page.asked.route):
            plain, *others = of_route
            slowest = max(others, key=lambda page: page.median, default=plain)
            yield from (
                _page(page)
                for page in (plain, *others)
                if all_of_them or page in (plain, slowest) or faults(page)
            )
    yield ""
    together = [page for of_it in measured.values() for page in of_it]
    yield f"{sum(bool(faults(page)) for page in together)} of {len(together)} are not as promised."
    yield _disturbed([page.others for page in together])


def faults(page: Page) -> list[str]:
    """The limits that a page exceeds."""
    late = f"slower than {PAGE_SECONDS * 1000:.0f} ms"
    heavy = f"heavier than {FIRST_VIEW_BYTES // 1000} KB"
    return [late] * (page.median > PAGE_SECONDS) + [heavy] * (page.first_view_bytes > FIRST_VIEW_BYTES)


def _page(page: Page) -> str:
    return _PAGE.format(
        f"{page.median * 1000:.1f}",
        f"{quantiles(page.seconds, n=20, method='inclusive')[-1] * 1000:.1f}",
        f"{median(page.json_seconds) * 1000:.1f}" if page.json_seconds else "",
        f"{page.server_cpu_seconds * 1000:.1f}",
        f"{page.database_cpu_seconds * 1000:.1f}",
        f"{page.page_bytes / 1000:.1f}",
        f"{page.first_view_bytes / 1000:.0f}",
        page.messages or "",
        " ".join([page.asked.address, *(f"<- {fault}" for fault in faults(page))]),
    )


def exports(measured: list[Exported]) -> Iterator[str]:
    """The report: each export, and latencies of concurrent requests during it."""
    for one in measured:
        percentiles, quiet = quantiles(one.others, n=100), quantiles(one.quiet, n=100)
        yield (
            f"{one.kind.upper()}: {one.rows:,} rows, {one.file_bytes / 2**20:,.0f} MB in {one.seconds:.1f} s"
            f" ({one.first_byte_seconds:.2f} s to the first byte), {one.cpu_seconds:.1f} s of server CPU;"
            f" memory {one.memory_before_bytes / 2**20:.0f} MB before,"
            f" {one.memory_peak_bytes / 2**20:.0f} MB at most"
        )
        yield (
            f"  others meanwhile: p50 {percentiles[49] * 1000:.1f} ms, p99 {percentiles[98] * 1000:.1f} ms,"
            f" at most {max(one.others) * 1000:.0f} ms; before: p50 {quiet[49] * 1000:.1f} ms,"
            f" p99 {quiet[98] * 1000:.1f} ms"
        )
