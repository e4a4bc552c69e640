"""Operating system side of a database server: account, processes, port."""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_ORPHAN_SECONDS = 30
_READY_LINE = 7  # of postmaster.pid; the lines before are pid, directory, start, port, socket, host, memory
_PR_SET_PDEATHSIG = 1


def server_account(cluster: Path) -> pwd.struct_passwd | None:
    """The account to run the server as; None means ours. PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    owner = cluster.stat().st_uid if cluster.exists() else 0
    if owner == 0:
        return pwd.getpwnam("nobody")
    try:
        return pwd.getpwuid(owner)
    except KeyError:  # made by a user that this machine does not name; running needs no name
        return pwd.struct_passwd((str(owner), "x", owner, cluster.stat().st_gid, "", "/", "/bin/false"))


def can_reach(path: Path, account: pwd.struct_passwd) -> bool:
    """True if the account can enter every directory of the path and read its end."""

    def allows(part: Path, owner_bit: int) -> bool:
        status = part.stat()
        if status.st_uid == account.pw_uid:
            return bool(status.st_mode & owner_bit)
        if status.st_gid == account.pw_gid:
            return bool(status.st_mode & (owner_bit >> 3))
        return bool(status.st_mode & (owner_bit >> 6))

    real = path.resolve()
    return all(allows(part, stat.S_IXUSR) for part in (real, *real.parents)) and allows(real, stat.S_IRUSR)


def free_port() -> int:
    """A loopback port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop_with_parent(parent: int, wish: signal.Signals) -> Callable[[], None]:
    """A function for the child to call: the kernel sends it the signal when its parent dies."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # resolved here: nothing may be loaded after a fork

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, wish)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def is_ready(pid_file: Path, pid: int) -> bool:
    """True if this server process has reported that it accepts connections."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"


def end_orphans(cluster: Path) -> None:
    """Terminates what an earlier server left running in the cluster, then removes a stale pid file.

    The caller holds the data directory, so no such process is in use. After kill -9 the pid in postmaster.pid
    may have been reused, which makes PostgreSQL refuse to start; the file is removed only after a scan of all
    processes has found none in the cluster.
    """
    for wish in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        deadline = time.monotonic() + _ORPHAN_SECONDS
        asked: set[int] = set()
        while orphans := set(_servers_in(cluster)):
            for pid in orphans - asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, wish)
            asked |= orphans
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            break
    pid_file = cluster / "postmaster.pid"
    if pid_file.exists() and Path("/proc", pid_file.read_text().split("\n", 1)[0]).exists():
        pid_file.unlink()


def _servers_in(cluster: Path) -> Iterator[int]:
    wanted = cluster.stat()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().startswith("postgres"):
                directory = (process / "cwd").stat()
                if (directory.st_dev, directory.st_ino) == (wanted.st_dev, wanted.st_ino):
                    yield int(process.name)
        except OSError:  # gone meanwhile, or of another user, unlike ours
            continue
