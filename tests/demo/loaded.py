"""The loaded demo for tests: loaded once per run, by the first worker that needs it, and copied."""

import asyncio
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from imsop import demo
from imsop.analytics.metrics.jobs import DAILY_FIGURES
from imsop.core.installation import Installation, silent
from imsop.core.jobs import run_for_all
from imsop.core.settings import Settings
from imsop.purchasing.performance.jobs import SUPPLIER_METRICS
from tests.conftest import TestDatabase

SETTINGS = Settings(bcrypt_cost=4)
_LOCK = 0x64656D6F  # "demo", in pg_advisory_lock's space of the maintenance database
_LOADED, _LOADING = "imsop_demo", "imsop_demo_loading"


class Loaded(NamedTuple):
    installation: Installation
    sign_ins: list[tuple[str, str]]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows read as the operator, who sees both organizations."""
        with psycopg.connect(self.installation.operator_dsn) as connection:
            return connection.execute(sql).fetchall()


def load_demo(database: TestDatabase, purpose: str) -> Loaded:
    """A copy of the demo for this worker. The first call of a run takes 16 s."""
    name = f"{urlsplit(database.admin_dsn).path.removeprefix('/')}_{purpose}"
    with psycopg.connect(_elsewhere(database.admin_dsn, "postgres"), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if not server.execute("SELECT true FROM pg_database WHERE datname = %s", [_LOADED]).fetchone():
            server.execute(f"DROP DATABASE IF EXISTS {_LOADING} WITH (FORCE)")  # of a failed load
            loading = _copied(server, "imsop", _LOADING, database)
            reports, _ = demo.load(loading, SETTINGS, silent)
            for task in (SUPPLIER_METRICS, DAILY_FIGURES):
                asyncio.run(run_for_all(loading, task))
            assert ["rows of two simulated years" in report for report in reports] == [True, True]
            server.execute(f"ALTER DATABASE {_LOADING} RENAME TO {_LOADED}")
        ours = _copied(server, _LOADED, name, database)
    _, sign_ins = demo.load(ours, SETTINGS, silent)
    return Loaded(ours, sign_ins)


def _copied(
    server: "psycopg.Connection[Any]", template: str, name: str, database: TestDatabase
) -> Installation:
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy OWNER imsop_owner")
    server.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO imsop_app, imsop_operator")
    dsns = (database.admin_dsn, database.app_dsn, database.operator_dsn)
    return Installation(*(_elsewhere(dsn, name) for dsn in dsns))


def _elsewhere(dsn: str, name: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()
