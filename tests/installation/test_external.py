"""With an existing server: IMSOP_DATABASE_URL."""

import os
import signal
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx
import psycopg

from imsop.core.embedded import EmbeddedServer
from tests.installation.processes import Up, imsop, imsop_up, url_of


def _sign_up(up: Up, name: str) -> str:
    body = {"name": name, "email": f"admin@{name}.example", "password": "long enough"}
    reply = httpx.post(f"{up.address}/api/v1/organizations", json=body, timeout=30)
    assert reply.status_code == 201, reply.text
    account = {"email": body["email"], "password": body["password"]}
    reply = httpx.post(f"{up.address}/api/v1/auth/token", json=account, timeout=30)
    assert reply.status_code == 200, reply.text
    return f"Bearer {reply.json()['access_token']}"


def _made(up: Up, token: str, sku: str) -> list[str]:
    """The number of products after creating another."""
    products, headers = f"{up.address}/api/v1/products", {"Authorization": token}
    made = httpx.post(products, json={"sku": sku, "name": sku}, headers=headers, timeout=30)
    assert made.status_code == 201, made.text
    return [row["sku"] for row in httpx.get(products, headers=headers, timeout=30).json()["items"]]


def test_all_commands_work_and_the_server_keeps_running(bare: EmbeddedServer, empty: Path) -> None:
    environment = {"IMSOP_DATABASE_URL": url_of(bare, "x1"), "IMSOP_BCRYPT_COST": "4"}
    with imsop_up(empty, **environment, IMSOP_WORKERS="2") as up:
        token = _sign_up(up, "foods")
        assert _made(up, token, "first") == ["first"]
        assert up.end() == 0
    with imsop_up(empty, **environment) as up:
        assert _made(up, token, "second") == ["first", "second"]
    asked = ["--as", "foods", "-c", "SELECT current_user, sku FROM products WHERE sku = 'second'"]
    inside = imsop("psql", "--data-dir", empty, *asked, **environment)
    assert "imsop_app    | second" in inside.stdout, inside.stderr
    examined = imsop("doctor", "--data-dir", empty, **environment)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert [path.name for path in empty.iterdir()] == ["secrets.json"]
    with psycopg.connect(bare.admin_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_reconnects_after_a_crash_of_the_server(empty: Path) -> None:
    with (
        EmbeddedServer(empty.with_name("server"), admin_password="administrator") as durable,
        imsop_up(empty, IMSOP_DATABASE_URL=url_of(durable, "x1"), IMSOP_BCRYPT_COST="4") as up,
    ):
        token = _sign_up(up, "foods")
        assert _made(up, token, "kept") == ["kept"]
        with closing(psycopg.connect(durable.admin_url)) as connection:
            backend = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = 'imsop_app' LIMIT 1"
            ).fetchone()
            assert backend
            os.kill(backend[0], signal.SIGKILL)  # for which PostgreSQL ends every session, and recovers
            with suppress(psycopg.OperationalError):  # until this session has been ended
                while True:
                    connection.execute("SELECT 1")
        products, headers = f"{up.address}/api/v1/products", {"Authorization": token}
        deadline = time.monotonic() + 60
        while (reply := httpx.get(products, headers=headers, timeout=30)).status_code != 200:
            assert reply.status_code == 503, reply.text
            assert time.monotonic() < deadline
        assert _made(up, token, "new") == ["kept", "new"]
