"""The figures of a comparison, as text."""

from collections.abc import Iterator
from statistics import median, quantiles

from imsop.bench.comparison import CONNECTIONS, PGBENCH_CLIENTS, Measured
from imsop.bench.volume import Volume

_ROW = "{:<32} {:>8} {:>9} {:>20} {:>8} {:>8} {:>9} {:>9} {:>6} {:>6}"
_HEAD = _ROW.format(
    "", "HTTP", "pgbench", "ratio", "p50", "p99", "server", "database", "server", "db"
) + "\n" + _ROW.format(
    "operation (messages)", "per s", "per s", "median (min-max)", "ms", "ms", "CPU ms", "CPU ms", "MB", "MB"
)  # fmt: skip


def table(results: list[Measured], volume: Volume) -> Iterator[str]:
    """Lines: what was measured, a row for each operation, and what could spoil them."""
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
    yield f"Other processes took {median(others):.0%} of the machine, and {max(others):.0%} at worst."


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
