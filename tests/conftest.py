"""One server for the whole run, migrated once; each worker gets a copy of its database."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from imsop.core import installation
from imsop.core.installation import Passwords
from imsop.core.settings import Settings

_run = ExitStack()  # what the controlling process holds until the run is over
_data_dir_key = pytest.StashKey[str]()


@dataclass(frozen=True)
class TestDatabase:
    """A migrated database of this worker's own."""

    __test__ = False

    app_dsn: str
    operator_dsn: str
    owner_dsn: str
    admin_dsn: str
    socket_dir: str
    port: int


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Async tests run on asyncio with the loop that serves."""
    return "asyncio", {"use_uvloop": True}


@contextmanager
def _server() -> Iterator[str]:
    # Not pytest's own temporary directory: as root the server runs as another account, closed out of there.
    data_dir = Path(tempfile.mkdtemp(prefix="imsop-test-"))
    data_dir.chmod(0o755)
    try:
        with installation.opened(Settings(data_dir=data_dir), fast=True):
            yield str(data_dir)
    finally:
        shutil.rmtree(data_dir)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the process that controls the workers, before each of them: the server they share."""
    if _data_dir_key not in node.config.stash:
        node.config.stash[_data_dir_key] = _run.enter_context(_server())
    node.workerinput["data_dir"] = node.config.stash[_data_dir_key]


def pytest_unconfigure(config: pytest.Config) -> None:
    _run.close()


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Iterator[TestDatabase]:
    """The worker's database; what a test commits stays for the next, so each has its own organization."""
    with ExitStack() as stack:
        given = getattr(request.config, "workerinput", {})
        data_dir = Path(given.get("data_dir") or stack.enter_context(_server()))
        template = installation.running(Settings(data_dir=data_dir)).admin_dsn
        admin_dsn = copied(template, given.get("workerid", "alone"))
        ready = installation.prepare(admin_dsn, Passwords.kept_in(data_dir))
        location = parse_qs(urlsplit(admin_dsn).query)
        yield TestDatabase(
            ready.app_dsn,
            ready.operator_dsn,
            ready.owner_dsn,
            ready.admin_dsn,
            location["host"][0],
            int(location["port"][0]),
        )


def copied(template_dsn: str, name: str) -> str:
    """A copy of the migrated database; making one takes a tenth of migrating again."""
    copy = f"imsop_{name}"
    parts = urlsplit(template_dsn)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {copy} TEMPLATE imsop STRATEGY file_copy OWNER imsop_owner")
    return parts._replace(path=f"/{copy}").geturl()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that does not run proves nothing: the run fails if one was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
