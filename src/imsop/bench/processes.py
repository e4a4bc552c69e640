"""Processes of the benchmark: the application, pgbench, and their resource usage."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from imsop.core.embedded import OperatorError
from imsop.core.installation import Installation
from imsop.core.server_process import stop_with_parent
from imsop.core.settings import Settings

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 20


class Application(NamedTuple):
    """A running `imsop up`."""

    host: str
    port: int
    pid: int


@contextmanager
def application(installation: Installation, settings: Settings) -> Iterator[Application]:
    """Runs `imsop up` on the installation's database, with default settings except for the port.

    Background jobs are off, as those at startup would be measured, too. Logs go to a file, as a service's
    would.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMSOP_")}
    environment |= {"IMSOP_DATABASE_URL": installation.admin_dsn, "IMSOP_JOBS": "false"}
    command = [sys.executable, "-c", "from imsop.cli import main; main()", "up", "--port", "0"]
    with (settings.data_dir / "application.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--data-dir", str(settings.data_dir)],
            stdout=subprocess.PIPE, stderr=log, env=environment, text=True,
            preexec_fn=stop_with_parent(os.getpid(), signal.SIGTERM),  # noqa: PLW1509 - before any thread
        )  # fmt: skip
    with process:
        try:
            yield _ready(process, Path(log.name))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_SECONDS)


def _ready(process: "subprocess.Popen[str]", log: Path) -> Application:
    for line in process.stdout or ():
        if address := re.search(r"http://\S+", line):
            parts = urlsplit(address[0])
            return Application(parts.hostname or "", parts.port or 0, process.pid)
    raise OperatorError(f"the application did not start:\n{log.read_text()[-2000:]}")


class Usage(NamedTuple):
    """CPU time and memory of a process and its children; shared memory counts once."""

    cpu_seconds: float
    memory_bytes: int


def usage(pid: int) -> Usage:
    """Usage of a process and all its children, ended ones included. Linux only."""
    ticks, memory = 0, 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the command's name, which may contain spaces: state, parent, … the times of fields 14 to
            # 17.
            fields = stat.read_text().rpartition(")")[2].split()
            if pid not in (int(stat.parent.name), int(fields[1])):
                continue
            ticks += sum(int(ticks) for ticks in fields[11:13])
            if int(stat.parent.name) == pid:
                ticks += sum(int(ticks) for ticks in fields[13:15])
            rollup = (stat.parent / "smaps_rollup").read_text()
            memory += int(rollup.partition("\nPss:")[2].split()[0]) * 1024
        except (FileNotFoundError, ProcessLookupError, IndexError):  # ended meanwhile
            continue
    return Usage(ticks * _TICK_SECONDS, memory)


def busy_seconds() -> float:
    """CPU time of all processes since boot. Linux only."""
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = (
        int(ticks) for ticks in Path("/proc/stat").read_text().split()[1:9]
    )
    return (user + nice + system + interrupts + soft_interrupts + stolen) * _TICK_SECONDS


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def pgbench(
    installation: Installation,
    scripts: list[Path],
    variables: dict[str, str],
    *,
    clients: int,
    seconds: float,
) -> float:
    """Transactions per second of these scripts, chosen at random; as imsop_app over the socket."""
    dsn = urlsplit(installation.app_dsn)
    where = parse_qs(dsn.query)
    environment = {
        "PATH": os.defpath,
        "PGHOST": where.get("host", [dsn.hostname or ""])[0],
        "PGPORT": where.get("port", [str(dsn.port)])[0],
        "PGUSER": unquote(dsn.username or ""),
        "PGPASSWORD": unquote(dsn.password or ""),
        "PGDATABASE": dsn.path.removeprefix("/"),
    }
    command = [f"{installation.bin_dir}/pgbench", "--no-vacuum", "--protocol=prepared", f"--client={clients}"]
    command += [f"--time={max(1, round(seconds))}"]
    command += [f"--define={name}={value}" for name, value in variables.items()]
    command += [f"--file={script}" for script in scripts]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or rate is None:
        raise OperatorError(f"pgbench failed:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")
    return float(rate[1])
