"""Real processes: `imsop` as a user starts it, and data directories for it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from imsop.core.embedded import EmbeddedServer

IMSOP = Path(sys.executable).with_name("imsop")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("IMSOP_", "PG"))}
IMSOP_ROLES = "rolname LIKE 'imsop\\_%' AND rolname <> 'imsop_admin'"
_START_SECONDS = 150  # with the demo, beside other workers
_END_SECONDS = 60


class Up:
    """A running `imsop up`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._ready = threading.Event()
        # A child that outlives its parent keeps the pipe open. Neither the end of the run nor closing the
        # pipe, which takes the reader's lock, may wait for it.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "IMSOP is ready" in line:
                self._ready.set()
        self._ready.set()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def address(self) -> str:
        """Its URL; waits until it is ready."""
        assert self._ready.wait(_START_SECONDS)
        found = re.search(r"IMSOP is ready: (\S+)", self.output)
        assert found, self.output
        return found.group(1)

    def answers(self) -> bool:
        with urlopen(f"{self.address}/health/ready", timeout=60) as reply:
            return bool(reply.status == 200)

    def end(self, wish: signal.Signals = signal.SIGINT) -> int:
        """Sends the signal; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(wish)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(_END_SECONDS)
        self._reader.join(_END_SECONDS)
        assert not self._reader.is_alive(), f"something it started still holds its output:\n{self.output}"
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def imsop_up(data_dir: Path, *options: str, **environment: str) -> Iterator[Up]:
    process = subprocess.Popen(
        [IMSOP, "up", "--port", "0", "--data-dir", data_dir, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT | environment,
    )
    up = Up(process)
    try:
        yield up
    finally:
        try:
            up.end()
        finally:
            process.kill()  # no effect if it has exited


def imsop(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [IMSOP, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_START_SECONDS,
        env=ENVIRONMENT | environment,
    )


@contextmanager
def open_directory() -> Iterator[Path]:
    """A temporary directory that the server's account can enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="imsop-test-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def servers_in(data_dir: Path) -> list[int]:
    """Ids of the PostgreSQL processes of the data directory."""
    cluster = data_dir / "postgres" / "data"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text() == "postgres\n" and (process / "cwd").samefile(cluster):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def url_of(server: EmbeddedServer, database: str) -> str:
    """The URL that an administrator of the server would give IMSOP."""
    return server.url("imsop_admin", "administrator", database)
