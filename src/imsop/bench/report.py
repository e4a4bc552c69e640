"""The figures of a comparison, as text."""

import statistics
from collections.abc import Iterator

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
        f" {len(results[0].rates)} rounds"
    )
    yield ""
    yield _HEAD
    for result in results:
        yield _row(result)
    yield ""
    share = max(share for result in results for share in result.load_shares)
    yield f"The load generator took at most {share:.0%} of a core."


def _row(result: Measured) -> str:
    percentiles = statistics.quantiles(result.latencies, n=100)
    ratios = result.ratios
    return _ROW.format(
        f"{result.operation.code} {result.operation.title} ({result.messages})",
        f"{statistics.median(result.rates):,.0f}",
        f"{statistics.median(result.pgbench_rates):,.0f}",
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
        f"{percentiles[49] * 1000:.1f}",
        f"{percentiles[98] * 1000:.1f}",
        f"{statistics.median(result.server_cpu_seconds) * 1000:.2f}",
        f"{statistics.median(result.database_cpu_seconds) * 1000:.2f}",
        f"{result.server_memory_bytes / 2**20:.0f}",
        f"{result.database_memory_bytes / 2**20:.0f}",
    )
