import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from imsop.core.embedded import EmbeddedServer
from tests.installation.processes import IMSOP_ROLES, imsop, open_directory


@pytest.fixture(scope="session")
def _installed_once() -> Iterator[Path]:
    with open_directory() as directory:
        done = imsop("migrate", "--data-dir", directory / "data")
        assert done.returncode == 0, done.stderr
        yield directory / "data"


@pytest.fixture
def empty() -> Iterator[Path]:
    """An empty directory."""
    with open_directory() as directory:
        yield directory / "data"


@pytest.fixture
def installed(empty: Path, _installed_once: Path) -> Path:
    """A data directory after a clean shutdown."""
    subprocess.run(["cp", "--archive", _installed_once, empty], check=True)
    return empty


@pytest.fixture(scope="module")
def external() -> Iterator[EmbeddedServer]:
    """A server that somebody else administers; it logs every statement."""
    with open_directory() as directory:
        server = EmbeddedServer(directory / "server", admin_password="administrator", fast=True)
        with server:
            with psycopg.connect(server.admin_url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET log_statement = 'all'")
                connection.execute("SELECT pg_reload_conf()")
            yield server


@pytest.fixture
def bare(external: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """The same without IMSOP's objects; a test names what it creates x… or keeper."""
    yield external
    with psycopg.connect(external.admin_url, autocommit=True) as connection:
        databases = "SELECT datname FROM pg_database WHERE datname LIKE 'x%'"
        for (name,) in connection.execute(databases).fetchall():
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        roles = f"SELECT rolname FROM pg_roles WHERE {IMSOP_ROLES} OR rolname = 'keeper' ORDER BY rolname"
        for (name,) in connection.execute(roles).fetchall():
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")
