"""`imsop up` as an operator uses it, in real processes."""

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.installation.processes import ENVIRONMENT, IMSOP, Up, imsop, imsop_up, postmaster, servers_in

WARM_START_CPU_SECONDS = 3.0  # instead of wall time, as other workers keep the machine busy


def _admin_dsn(data_dir: Path) -> str:
    dsn: str = json.loads((data_dir / "runtime.json").read_text())["admin_dsn"]
    return dsn


def _add_organization(data_dir: Path, name: str) -> str:
    with psycopg.connect(_admin_dsn(data_dir)) as connection:
        row = connection.execute(
            "INSERT INTO organizations (name) VALUES (%s) RETURNING id::text", [name]
        ).fetchone()
    assert row
    identity: str = row[0]
    return identity


def _workers(up: Up) -> list[psutil.Process]:
    """The serving processes, and Python's resource tracker."""
    found = [
        child for child in psutil.Process(up.process.pid).children() if child.name().startswith("python")
    ]
    assert len(found) >= 2
    return found


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running() and process.status() != "zombie"]


def test_an_empty_directory_becomes_a_running_installation(empty: Path) -> None:
    with imsop_up(empty) as up:
        assert up.answers()
        assert up.end() == 0
    assert not servers_in(empty)
    assert not (empty / "runtime.json").exists()


def test_sigterm_stops_everything_cleanly(installed: Path) -> None:
    with imsop_up(installed) as up:
        assert up.answers()
        assert up.end(signal.SIGTERM) == 0
    assert not servers_in(installed)
    assert "database system is shut down" in (installed / "postgres" / "server.log").read_text()


def test_a_warm_start_takes_less_than_three_seconds_of_work(installed: Path) -> None:
    with imsop_up(installed) as up:
        assert up.answers()
        times = psutil.Process(up.process.pid).cpu_times()
        assert times.user + times.system < WARM_START_CPU_SECONDS


def test_a_second_start_is_refused_and_the_first_keeps_running(installed: Path) -> None:
    with imsop_up(installed) as first:
        assert first.answers()
        second = imsop("up", "--port", "0", "--data-dir", installed)
        assert second.returncode == 1
        assert f"already runs in {installed} (process {first.process.pid})" in second.stderr
        assert first.answers()


def test_a_taken_port_is_named_before_anything_is_loaded(installed: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = imsop("up", "--demo", "--port", str(port), "--data-dir", installed)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert not servers_in(installed)


def test_several_processes_serve_and_end_together(installed: Path) -> None:
    with imsop_up(installed, IMSOP_WORKERS="2") as up:
        assert up.answers()
        workers = _workers(up)
        assert up.end() == 0
    assert not psutil.wait_procs(workers, timeout=60)[1]
    assert not servers_in(installed)


def test_after_kill_9_of_everything_nothing_committed_is_lost(installed: Path) -> None:
    with imsop_up(installed) as up:
        assert up.answers()
        organization = _add_organization(installed, "Kept")
        for pid in servers_in(installed):
            with suppress(ProcessLookupError):  # the first to die may take others along
                os.kill(pid, signal.SIGKILL)
        assert up.end(signal.SIGKILL) == -signal.SIGKILL
    with imsop_up(installed) as up:
        assert up.answers()
        with psycopg.connect(_admin_dsn(installed)) as connection:
            assert connection.execute("SELECT id::text FROM organizations").fetchall() == [(organization,)]


def test_after_kill_9_of_the_parent_all_processes_stop(installed: Path) -> None:
    with imsop_up(installed, IMSOP_WORKERS="2") as up:
        assert up.answers()
        workers = _workers(up)
        up.process.kill()
        deadline = time.monotonic() + 60
        while servers_in(installed) or _alive(workers):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert "database system is shut down" in (installed / "postgres" / "server.log").read_text()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_after_kill_9_of_the_database_it_is_started_again(installed: Path, workers: str) -> None:
    """Requests meanwhile get 503 with Retry-After, and later ones what they ask for."""
    wrong = {"email": "a@b.example", "password": "wrong"}
    environment = {
        "IMSOP_WORKERS": workers,
        "IMSOP_SIGN_IN_ATTEMPTS_PER_ACCOUNT": "1000",
        "IMSOP_SIGN_IN_ATTEMPTS_PER_ADDRESS": "1000",
    }
    with imsop_up(installed, **environment) as up, httpx.Client(base_url=up.address) as client:
        assert client.post("/api/v1/auth/token", json=wrong).status_code == 401
        os.kill(postmaster(installed), signal.SIGKILL)
        deadline = time.monotonic() + 60
        # A backend may outlive the postmaster for a moment, and still answer.
        while (refused := client.post("/api/v1/auth/token", json=wrong)).status_code == 401:
            assert time.monotonic() < deadline
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        while client.post("/api/v1/auth/token", json=wrong).status_code == 503:
            assert time.monotonic() < deadline
        assert client.post("/api/v1/auth/token", json=wrong).status_code == 401
        assert up.answers()
        assert up.end() == 0
    assert "the database stopped unexpectedly" in up.output
    assert "the database runs again" in up.output
    assert not servers_in(installed)


def _jobs(installed: Path, *options: str) -> list[str]:
    done = imsop("jobs", "--data-dir", installed, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _wait_for_success(installed: Path, *, of: str) -> None:
    deadline = time.monotonic() + 60
    while not any(" succeeded 1x " in line and of in line for line in _jobs(installed)):
        assert time.monotonic() < deadline, of


def test_background_jobs_run_in_the_serving_process(installed: Path) -> None:
    with imsop_up(installed) as up:
        assert up.answers()
        _wait_for_success(installed, of="housekeeping")


def test_background_jobs_run_in_a_worker_and_failed_ones_are_retried(installed: Path) -> None:
    with imsop_up(installed, IMSOP_JOBS="false") as up:
        assert up.answers()
        with psycopg.connect(_admin_dsn(installed)) as connection:
            connection.execute(
                "INSERT INTO queue.procrastinate_jobs (queue_name, task_name, status, error)"
                " VALUES ('housekeeping', 'housekeeping', 'failed', 'out of paper')"
            )
        (line,) = _jobs(installed)
        assert line.endswith("failed    0x  housekeeping             installation  out of paper")
        assert _jobs(installed, "--failed") == [line]
        job_id = line.split()[0]
        assert "waiting   0x  housekeeping" in _jobs(installed, "--retry", job_id)[0]
        assert imsop("jobs", "--data-dir", installed, "--retry", job_id).returncode == 1
        worker = subprocess.Popen([IMSOP, "worker", "--data-dir", installed], env=ENVIRONMENT)
        try:
            _wait_for_success(installed, of=job_id)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
        finally:
            worker.kill()


def test_the_database_is_opened_as_operator_or_inside_one_organization(installed: Path) -> None:
    count = ["-c", "SELECT current_user, count(*), min(name) FROM organizations"]
    with imsop_up(installed) as up:
        assert up.answers()
        _add_organization(installed, "Foods")
        tools = _add_organization(installed, "Tools")
        assert "imsop_operator |     2" in imsop("psql", "--data-dir", installed, *count).stdout
        inside = imsop("psql", "--data-dir", installed, "--as", "tools", *count).stdout
        assert "imsop_app    |     1 | Tools" in inside
        unknown = imsop("psql", "--data-dir", installed, "--as", "Nobody", *count)
        assert unknown.returncode == 1
        assert unknown.stderr == "imsop: 0 organizations are named 'Nobody': give the id of one\n"
    stopped = imsop("psql", "--data-dir", installed, "--as", tools, *count)  # starts the database for it
    assert "imsop_app    |     1 | Tools" in stopped.stdout
    assert not servers_in(installed)


def test_psql_does_not_create_a_database(empty: Path) -> None:
    done = imsop("psql", "--data-dir", empty, "-c", "SELECT 1")
    assert done.returncode == 1
    assert "nothing is installed" in done.stderr
    assert not empty.exists()


def test_the_demo_listens_on_loopback_only(empty: Path) -> None:
    done = imsop("up", "--demo", "--data-dir", empty, IMSOP_HOST="0.0.0.0")
    assert done.returncode == 1
    assert "loopback only" in done.stderr


def test_a_wrong_setting_is_named_without_its_value(empty: Path) -> None:
    done = imsop(
        "up", "--data-dir", empty, IMSOP_DATABASE_URL="postgresql://u:hidden@db.example/x?sslmode=disable"
    )
    assert done.returncode == 1
    assert "IMSOP_DATABASE_URL" in done.stderr
    assert "verify-full" in done.stderr
    assert "hidden" not in done.stderr
