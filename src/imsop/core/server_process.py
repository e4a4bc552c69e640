"""Operating system side of a database server: account and processes."""

import contextlib
import ctypes
import os
import pwd
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_ORPHAN_SECONDS = 30
_READY_LINE = 7  # of postmaster.pid; the lines before are pid, directory, start, port, socket, host, memory
_PR_SET_PDEATHSIG = 1
_SERVER_ID = 60_900
"""User and group of servers that root starts: a number that systems give to no user and no
service (unused by UIDS-GIDS of systemd are 60578 to 61183)."""


def nobody() -> pwd.struct_passwd:
    """The account that every machine has."""
    return pwd.getpwnam("nobody")


def server_account(cluster: Path) -> pwd.struct_passwd | None:
    """The account to run the server as; None means ours. PostgreSQL refuses to run as root.

    Root runs it as the cluster's owner; a new cluster gets a number that nobody else runs as, without a name.
    """
    if os.getuid() != 0:
        return None
    found = cluster.stat() if cluster.exists() else None
    if found is None or found.st_uid in (0, nobody().pw_uid):
        return _without_name(_SERVER_ID, _SERVER_ID)
    try:
        return pwd.getpwuid(found.st_uid)
    except KeyError:  # running needs no name
        return _without_name(found.st_uid, found.st_gid)


def _without_name(uid: int, gid: int) -> pwd.struct_passwd:
    return pwd.struct_passwd((str(uid), "x", uid, gid, "", "/", "/bin/false"))


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
