"""One server for the whole run, migrated once; each worker gets a copy of its database."""

import faulthandler
import os
import shutil
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import uvloop
from aiosmtpd.controller import Controller
from hypothesis import HealthCheck, settings

from imsop.core import installation
from imsop.core.database import Pool
from imsop.core.installation import Installation, Passwords
from imsop.core.settings import Settings
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import Member
from tests.mail_server import MailServer

_run = ExitStack()  # resources of the controlling process, released at the end of the run
_data_dir_key = pytest.StashKey[str]()
_stderr_key = pytest.StashKey[int]()


# No deadlines: examples may be slow on a busy machine.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@dataclass(frozen=True)
class TestDatabase:
    """This worker's migrated database."""

    __test__ = False

    app_dsn: str
    operator_dsn: str
    owner_dsn: str
    admin_dsn: str
    socket_dir: str
    port: int

    @property
    def installation(self) -> Installation:
        return Installation(self.admin_dsn, self.app_dsn, self.operator_dsn)


class Loop(uvloop.Loop):
    """The event loop in use. It records transports that it has to close itself, as they were leaked.

    The loop warns of each; with warnings as errors it would stop closing, and wait forever.
    """

    def __init__(self, left_open: list[str]) -> None:
        super().__init__()
        self._left_open = left_open

    def close(self) -> None:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            super().close()
        self._left_open += [str(warning.message) for warning in said]


@pytest.fixture(scope="session")
def anyio_backend() -> Iterator[tuple[str, dict[str, Any]]]:
    """Async tests run on asyncio with uvloop, as the server does."""
    left_open: list[str] = []
    yield "asyncio", {"loop_factory": partial(Loop, left_open)}
    assert left_open == []


@contextmanager
def _server() -> Iterator[str]:
    # Not pytest's own temporary directory: run by root, the server uses another account, which cannot enter
    # it.
    data_dir = Path(tempfile.mkdtemp(prefix="imsop-test-"))
    data_dir.chmod(0o755)
    try:
        with installation.opened(Settings(data_dir=data_dir), fast=True):
            yield str(data_dir)
    finally:
        shutil.rmtree(data_dir)


class FailuresAtOnce:
    """Prints failures as they happen, so that an aborted run has reported them."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        reporter = self._plugins.get_plugin("terminalreporter")
        if reporter and report.failed:
            why = getattr(report.longrepr, "reprcrash", report.longrepr)
            reporter.write_line(f"\nFAILED {report.nodeid}: {why}", red=True)
            reporter.flush()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_stderr_key] = os.dup(2)  # during a test, fd 2 itself is captured
    config.pluginmanager.register(FailuresAtOnce(config))
    # Litestar 3 will want markers around what handlers take; the lock holds 2, where plain types are enough.
    for style in ("declared using deprecated inferred style", "Reserved kwarg .* declared"):
        config.addinivalue_line("filterwarnings", f"ignore:.*{style}:DeprecationWarning")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controlling process, for each worker: passes the server they share."""
    if _data_dir_key not in node.config.stash:
        node.config.stash[_data_dir_key] = _run.enter_context(_server())
    node.workerinput["data_dir"] = node.config.stash[_data_dir_key]


def pytest_unconfigure(config: pytest.Config) -> None:
    sys.stdout.flush()  # the result, before possible hangs
    _run.close()


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Iterator[TestDatabase]:
    """The worker's database; committed rows stay for later tests, so each test has its own organization."""
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
    """A copy of the migrated database; takes a tenth of the time of migrating again."""
    copy = f"imsop_{name}"
    parts = urlsplit(template_dsn)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {copy} TEMPLATE imsop STRATEGY file_copy OWNER imsop_owner")
    return parts._replace(path=f"/{copy}").geturl()


@pytest.fixture(scope="session")
async def app(database: TestDatabase, anyio_backend: object) -> AsyncIterator[Observed]:
    """The application as one process runs it, on the event loop of all async tests.

    The loop's fixture is requested explicitly, so that it also exists for synchronous tests.
    """
    async with factories.running(database.installation) as running:
        yield running


@pytest.fixture
def pool(app: Observed) -> Pool:
    """The application's connection pool, as imsop_app."""
    return factories.pool_of(app)


@pytest.fixture
async def superuser(database: TestDatabase) -> AsyncIterator[Any]:
    """A connection that bypasses row security."""
    async with factories.connected(database.admin_dsn) as connection:
        yield connection


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server, which this process's settings name."""
    handler = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        monkeypatch.setenv("IMSOP_SMTP_URL", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("IMSOP_MAIL_FROM", "orders@acme.example")
        yield handler
    finally:
        controller.stop()


@pytest.fixture
async def admin(app: Observed) -> Member:
    """The administrator of a new organization."""
    return await factories.sign_up(app)


@pytest.fixture
async def stranger(app: Observed) -> Member:
    """The administrator of another new organization."""
    return await factories.sign_up(app)


NEARLY_MIDNIGHT_SECONDS = 30


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """The date must not change during a test: none starts just before midnight, UTC."""
    left = 86_400 - time.time() % 86_400
    if left < NEARLY_MIDNIGHT_SECONDS:
        time.sleep(left)


ENDING_SECONDS = 180  # the server's own shutdown has 60


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """A test that hangs in teardown, which has no timeout, prints its stacks and is ended."""
    faulthandler.dump_traceback_later(ENDING_SECONDS, exit=True, file=item.config.stash[_stderr_key])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test proves nothing: the run fails if there is one."""
    if not hasattr(session.config, "workerinput"):  # a worker waits for the others, and is ended in any case
        faulthandler.dump_traceback_later(ENDING_SECONDS, exit=True, file=session.config.stash[_stderr_key])
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
