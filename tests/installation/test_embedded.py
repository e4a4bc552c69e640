"""The embedded server: where it runs, what it survives, and its error messages."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from imsop.core import embedded
from imsop.core.embedded import DataDirectoryInUse, EmbeddedServer, OperatorError
from tests.installation.processes import open_directory, postmaster, servers_in

PASSWORD = "it's a 100% p@ssword/"

WRITER = """
import sys
import psycopg
from pathlib import Path
from imsop.core.embedded import EmbeddedServer

with EmbeddedServer(Path(sys.argv[1]), admin_password=sys.argv[2]) as server:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int PRIMARY KEY)")
        for n in range(1_000_000):
            connection.execute("INSERT INTO kept VALUES (%s)", [n])
            print(n, flush=True)
"""


def _select(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.admin_url) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def test_it_is_durable_private_and_uses_collation_c(empty: Path) -> None:
    with EmbeddedServer(empty, admin_password=PASSWORD) as server:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "jit": "off",
            "log_error_verbosity": "terse",
            "TimeZone": "UTC",
        }.items():
            assert _select(server, f"SHOW {setting}") == value
        locale = (
            "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
        )
        assert _select(server, locale) == "bC.UTF-8"
        methods = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
        assert _select(server, methods) == "scram-sha-256"
        assert server.cluster.stat().st_mode & 0o077 == 0


def test_it_runs_as_nobody_else_does(empty: Path) -> None:
    """Neither as root, nor as an account that other services may have."""
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
        status = Path("/proc", str(postmaster(empty)), "status").read_text()
        ids = {line.partition(":")[0]: set(line.split()[1:]) for line in status.splitlines()}
        owners = {path.lstat().st_uid for path in server.cluster.rglob("*")}
    if os.getuid() != 0:
        assert owners == {os.getuid()}
    else:
        assert ids["Uid"] == ids["Gid"] == {str(owner) for owner in owners}
        assert ids["Groups"] == set()
        assert not owners & {account.pw_uid for account in pwd.getpwall()}


def test_a_cluster_of_nobody_gets_an_account_of_its_own(empty: Path) -> None:
    """Earlier releases ran it as nobody. Of other users than root it is theirs, before and after."""
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
        mine = server.cluster.stat().st_uid
        with psycopg.connect(server.admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        places = [server.socket_dir, server.cluster]
    earlier = "nobody" if os.getuid() == 0 else str(mine)
    subprocess.run(["chown", "-R", earlier, *places], check=True)
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
        assert _select(server, "SELECT n FROM kept") == 1
        assert {path.lstat().st_uid for place in places for path in [place, *place.rglob("*")]} == {mine}


def test_it_is_reached_over_its_socket_only(empty: Path) -> None:
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True):
        process = psutil.Process(postmaster(empty))
        assert process.net_connections("inet") == []
        assert len(process.net_connections("unix")) == 1


@pytest.mark.parametrize("victim", ["server", "owner"])
def test_committed_data_survives_kill_9(empty: Path, victim: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, empty, PASSWORD],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout
        while int(owner.stdout.readline()) < 200:
            continue
        os.kill(postmaster(empty) if victim == "server" else owner.pid, 9)
        acknowledged = [int(line) for line in owner.stdout if line.endswith("\n")]
    with EmbeddedServer(empty, admin_password=PASSWORD) as server:
        newest = _select(server, "SELECT max(n) FROM kept HAVING max(n) = count(*) - 1")
    assert isinstance(newest, int)
    assert newest >= max(acknowledged, default=200)


def test_a_second_server_in_the_same_directory_is_refused(empty: Path) -> None:
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as first:
        with pytest.raises(DataDirectoryInUse, match=f"process {os.getpid()}"):
            EmbeddedServer(empty, admin_password=PASSWORD).__enter__()
        assert _select(first, "SELECT 1") == 1


def test_a_stale_pid_file_with_a_reused_pid_is_ignored(empty: Path) -> None:
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
        pid_file = server.cluster / "postmaster.pid"
        content = pid_file.read_text()
        # PostgreSQL itself ignores a pid of another account.
        account = server.cluster.stat().st_uid if os.getuid() == 0 else None
    with subprocess.Popen(["sleep", "60"], user=account, cwd="/") as stranger:
        pid_file.write_text(content.replace(content.split("\n", 1)[0], str(stranger.pid), 1))
        with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
            assert _select(server, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_an_incomplete_cluster_is_recreated(empty: Path) -> None:
    (empty / "postgres" / "data.unfinished").mkdir(parents=True)
    (empty / "postgres" / "data.unfinished" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
        assert _select(server, "SELECT 1") == 1
    assert not (empty / "postgres" / "data.unfinished").exists()


def test_a_cluster_of_another_version_is_refused(empty: Path) -> None:
    cluster = empty / "postgres" / "data"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(OperatorError, match="created by PostgreSQL 17, not 18"):
        EmbeddedServer(empty, admin_password=PASSWORD).__enter__()


def test_a_long_path_moves_only_the_socket(empty: Path) -> None:
    long = empty.joinpath(*["deep" * 10] * 4)
    with EmbeddedServer(long, admin_password=PASSWORD, fast=True) as server:
        assert _select(server, "SHOW data_directory") == str(long / "postgres" / "data")
        assert len(str(server.socket_dir)) < 40
    server.socket_dir.rmdir()


def test_a_socket_directory_that_others_can_write_to_is_not_used(empty: Path) -> None:
    """Its path is predictable and in a world-writable directory."""
    long = empty.joinpath(*["deep" * 10] * 4)
    foretold = EmbeddedServer(long, admin_password=PASSWORD).socket_dir

    def assert_refused() -> None:
        with pytest.raises(OperatorError, match="not owned by this server alone"):
            EmbeddedServer(long, admin_password=PASSWORD).__enter__()

    foretold.mkdir()
    for mode in (0o777, 0o770, 0o701):
        foretold.chmod(mode)
        assert_refused()
    foretold.rmdir()
    foretold.symlink_to(empty)
    assert_refused()
    foretold.unlink()


def test_root_may_use_a_checkout_in_a_private_home(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an ordinary user nothing is inaccessible: then this checks that both places work as they are."""
    with open_directory() as home:
        programs = home / "programs"
        package = embedded.packaged_bin_dir().parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):
            subprocess.run(["cp", "--recursive", "--link", part, _made(programs)], check=True)
        home.chmod(0o700)
        monkeypatch.setattr(
            embedded, "packaged_bin_dir", lambda: programs / package.name / "pginstall" / "bin"
        )
        monkeypatch.setattr(embedded, "_REACHABLE_HOME", empty.parent / "reachable")
        with EmbeddedServer(home / "data", admin_password=PASSWORD, fast=True) as server:
            assert _select(server, "SELECT 1") == 1
        with EmbeddedServer(home / "data", admin_password=PASSWORD, fast=True) as server:
            assert _select(server, "SELECT 1") == 1


def _made(directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    return directory


def test_a_server_that_dies_is_started_again(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_RESTART_SECONDS", (0,))
    with EmbeddedServer(empty, admin_password=PASSWORD) as server:
        server.keep_running()
        with psycopg.connect(server.admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        for wish in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            before = postmaster(empty)
            os.kill(before, wish)
            _wait_for(lambda: _answers(server))
            assert postmaster(empty) != before
            assert _select(server, "SELECT n FROM kept") == 1
    assert not servers_in(empty)


def test_a_server_that_dies_at_the_end_stays_down(empty: Path) -> None:
    for _ in range(3):
        with EmbeddedServer(empty, admin_password=PASSWORD, fast=True) as server:
            server.keep_running()
            os.kill(postmaster(empty), signal.SIGKILL)
        _wait_for(lambda: not servers_in(empty))
        time.sleep(0.1)
        assert not servers_in(empty)


def _answers(server: EmbeddedServer) -> bool:
    try:
        return _select(server, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
