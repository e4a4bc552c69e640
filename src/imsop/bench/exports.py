"""Measures exports of the whole ledger: duration, memory, and latency of concurrent requests."""

import socket
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from imsop.bench.comparison import filled
from imsop.bench.operations import request
from imsop.bench.processes import Application, application, usage
from imsop.bench.volume import FIRST_NUMBER, Volume
from imsop.core.embedded import OperatorError
from imsop.core.installation import Progress

KINDS = ("csv", "xlsx")
MEMORY_BYTES = 200 * 2**20
"""Limit for a server that exports 1,000,000 rows of the ledger."""
OTHERS_SECONDS = 0.020
"""Interval between concurrent requests during an export."""
QUIET_REQUESTS = 200
CHUNK_BYTES = 2**20
_LAST_CHUNK = b"0\r\n\r\n"  # RFC 9112, 7.1


class Exported(NamedTuple):
    """An export, and latencies of concurrent requests during it; `quiet` are those before it."""

    kind: str
    rows: int
    file_bytes: int
    first_byte_seconds: float
    seconds: float
    cpu_seconds: float
    memory_before_bytes: int
    memory_peak_bytes: int
    quiet: list[float]
    others: list[float]


def measure(rows: int, progress: Progress, *, products: int = 10_000) -> list[Exported]:
    """Measures both formats on a temporary server with a ledger of at least `rows` rows."""
    volume = Volume(organizations=1, products=products)
    each_time = products * volume.warehouses
    volume = replace(volume, movements_per_balance=-(-rows // each_time))
    with filled(volume, progress) as (opened, settings, (member,)), application(opened, settings) as served:
        written = each_time * volume.movements_per_balance
        return [_exported(kind, written, served, member.token) for kind in KINDS]


def _exported(kind: str, rows: int, served: Application, token: str) -> Exported:
    others = _Others(served, token)
    quiet = [others.request() for _ in range(QUIET_REQUESTS)]
    _forget_peak(served.pid)
    before, cpu = _memory(served.pid, "VmRSS"), usage(served.pid).cpu_seconds
    with others:
        began = time.perf_counter()
        with socket.create_connection((served.host, served.port)) as connection:
            connection.sendall(request(f"/ledger.{kind}", token, "connection: close"))
            end = head = connection.recv(CHUNK_BYTES)
            size, first_byte = len(head), time.perf_counter() - began
            while chunk := connection.recv(CHUNK_BYTES):  # unparsed, so as not to delay others
                size, end = size + len(chunk), (end + chunk)[-len(_LAST_CHUNK) :]
        seconds = time.perf_counter() - began
    if not head.startswith(b"HTTP/1.1 200") or not end.endswith(_LAST_CHUNK):
        raise OperatorError(f"the export broke off after {size:,} bytes; it began:\n{head[:500]!r}")
    return Exported(
        kind, rows, size, first_byte, seconds, usage(served.pid).cpu_seconds - cpu,
        before, _memory(served.pid, "VmHWM"), quiet, others.seconds,
    )  # fmt: skip


class _Others(threading.Thread):
    """A thread that requests one product's stock repeatedly until the block is left."""

    def __init__(self, served: Application, token: str) -> None:
        super().__init__()
        self._connection = HTTPConnection(served.host, served.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._enough = threading.Event()
        self.seconds: list[float] = []

    def request(self) -> float:
        began = time.perf_counter()
        self._connection.request("GET", f"/api/v1/inventory?sku={FIRST_NUMBER}", headers=self._headers)
        self._connection.getresponse().read()
        return time.perf_counter() - began

    def run(self) -> None:
        while not self._enough.wait(OTHERS_SECONDS) or len(self.seconds) < 2:
            self.seconds.append(self.request())

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join()
        self._connection.close()


def _memory(pid: int, what: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) * 1024


def _forget_peak(pid: int) -> None:
    """Resets VmHWM, the peak memory (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
