"""Compares HTTP with pgbench in alternating time slices, so that both meet the same load on the machine."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
import uvloop

from imsop.bench.load import Served, serve_load
from imsop.bench.operations import Keys, Operation
from imsop.bench.processes import Application, application, busy_seconds, parent_of, pgbench, usage
from imsop.bench.recording import Script, recorded, write_scripts
from imsop.bench.volume import FIRST_NUMBER, Member, Volume, load
from imsop.core import installation
from imsop.core.database import open_pool
from imsop.core.installation import Installation, Progress
from imsop.core.settings import Settings

CONNECTIONS = 16
PGBENCH_CLIENTS = 8
WARM_UP_SECONDS = 1.0
UNDISTURBED = 0.05
TRIES = 4


class Pair(NamedTuple):
    """One slice of HTTP and one of pgbench, back to back. CPU time is per request."""

    served: Served
    pgbench_rate: float
    server_cpu_seconds: float
    database_cpu_seconds: float
    server_memory_bytes: int
    database_memory_bytes: int
    others: float
    """The share of the machine's CPU used by unrelated processes."""

    @property
    def ratio(self) -> float:
        return self.served.rate / self.pgbench_rate


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of an operation's rounds, and its number of messages to the database."""

    operation: Operation
    messages: int
    pairs: list[Pair] = field(default_factory=list)


@contextmanager
def empty(progress: Progress) -> Iterator[tuple[Installation, Settings]]:
    """An empty embedded server with production durability; deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="imsop-bench-") as directory:
        Path(directory).chmod(0o755)  # the server's account must enter it
        settings = Settings(data_dir=Path(directory, "data")).model_copy(update={"database_url": None})
        with installation.opened(settings, progress=progress) as opened:
            yield opened, settings


@contextmanager
def filled(volume: Volume, progress: Progress) -> Iterator[tuple[Installation, Settings, list[Member]]]:
    """A server filled with data and vacuumed."""
    with empty(progress) as (opened, settings):
        members = uvloop.run(_load(opened, volume, progress))
        settle(opened)
        yield opened, settings, members


def settle(opened: Installation) -> None:
    """VACUUM ANALYZE and CHECKPOINT, as would happen in the hours after a load."""
    with psycopg.connect(opened.admin_dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


async def _load(opened: Installation, volume: Volume, progress: Progress) -> list[Member]:
    async with await open_pool(opened.app_dsn, min_size=1, max_size=1) as pool:
        return await load(pool, volume, progress)


def compare(
    operations: list[Operation], volume: Volume, *, seconds: float, rounds: int, progress: Progress
) -> list[Measured]:
    """Runs the whole comparison, from an empty directory to the results."""
    with filled(volume, progress) as (opened, settings, members):
        scripts, results = _recorded(opened, settings.data_dir, operations, volume, members)
        with (
            psycopg.connect(opened.operator_dsn) as connection,
            application(opened, settings) as served,
        ):
            bench = _Bench(opened, served, parent_of(connection.info.backend_pid), volume, members)
            for operation in operations:  # warm-up: plans, connections and caches as in production
                bench.http(operation, WARM_UP_SECONDS)
                bench.pgbench(scripts[operation.code], WARM_UP_SECONDS)
            slices = rounds * len(operations)
            for number in range(slices):
                result = results[number % len(operations)]
                bench.measure(result, scripts[result.operation.code], seconds)
                progress("Slices", number + 1, slices)
        return results


def _recorded(
    opened: Installation, data_dir: Path, operations: list[Operation], volume: Volume, members: list[Member]
) -> tuple[dict[str, Script], list[Measured]]:
    """The scripts for pgbench, and empty results with the number of messages that each operation sends."""
    directory = data_dir / "pgbench"
    directory.mkdir()
    scripts, results = {}, []

    async def record() -> None:
        async with recorded(opened) as recorder:
            for place, operation in enumerate(operations):
                # Numbers are distinct, so that each recorded argument identifies its key.
                numbers = {kind: FIRST_NUMBER + nth for nth, kind in enumerate(operation.kinds)}
                keys = Keys(members[place % len(members)], numbers, datetime.now(UTC))
                statements = await recorder.statements(operation, keys)
                scripts[operation.code] = write_scripts(
                    directory, operation, keys, statements, members, volume
                )
                results.append(Measured(operation, len(statements)))

    uvloop.run(record())
    return scripts, results


@dataclass(frozen=True, slots=True)
class _Bench:
    opened: Installation
    served: Application
    database_pid: int
    volume: Volume
    members: list[Member]

    def http(self, operation: Operation, seconds: float) -> Served:
        def next_request() -> bytes:
            return operation.request(Keys.drawn(self.members, self.volume, operation.kinds))

        return uvloop.run(serve_load(self.served.host, self.served.port, CONNECTIONS, seconds, next_request))

    def pgbench(self, script: Script, seconds: float) -> float:
        return pgbench(self.opened, script.files, script.variables, clients=PGBENCH_CLIENTS, seconds=seconds)

    def measure(self, result: Measured, script: Script, seconds: float) -> None:
        """Adds a pair; the order alternates between rounds.

        A pair disturbed by other processes is repeated a few times, and the least disturbed one counts: the
        application is one process, pgbench drives eight, so disturbance does not affect both equally.
        """
        pairs: list[Pair] = []
        while len(pairs) < TRIES and not any(pair.others <= UNDISTURBED for pair in pairs):
            first = len(result.pairs) % 2 == 1
            pairs.append(self._pair(result.operation, script, seconds, pgbench_first=first))
        result.pairs.append(min(pairs, key=lambda pair: pair.others))

    def _pair(self, operation: Operation, script: Script, seconds: float, *, pgbench_first: bool) -> Pair:
        began, busy, own = time.perf_counter(), busy_seconds(), self._own_seconds()
        rate = self.pgbench(script, seconds) if pgbench_first else None
        server, database = usage(self.served.pid), usage(self.database_pid)
        served = self.http(operation, seconds)
        server_after, database_after = usage(self.served.pid), usage(self.database_pid)
        requests = len(served.latencies)
        return Pair(
            served,
            rate or self.pgbench(script, seconds),
            (server_after.cpu_seconds - server.cpu_seconds) / requests,
            (database_after.cpu_seconds - database.cpu_seconds) / requests,
            server_after.memory_bytes,
            database_after.memory_bytes,
            (busy_seconds() - busy - (self._own_seconds() - own))
            / (time.perf_counter() - began)
            / (os.cpu_count() or 1),
        )

    def _own_seconds(self) -> float:
        """CPU time of all that takes part: server, database, load generator, and pgbench if it has ended."""
        parts = usage(self.served.pid).cpu_seconds + usage(self.database_pid).cpu_seconds
        return parts + sum(os.times()[:4])
