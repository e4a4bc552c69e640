"""Every response has an id and security headers; the log has what happened, without personal data."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psycopg
import pytest
from litestar.routes import HTTPRoute

from imsop.core.logging import MASK, hold_nobodys_data
from imsop.ui.assets import asset
from imsop.web.edge.observe import Observed
from tests.conftest import TestDatabase
from tests.factories import Member, litestar_of, visitor


async def test_a_request_id_of_the_caller_is_kept_if_it_is_a_uuid(app: Observed) -> None:
    for sent in (str(uuid4()), uuid4().hex, str(uuid4()).upper()):
        kept = await visitor(app).get("products", headers={"X-Request-ID": sent})
        assert kept.headers["x-request-id"] == kept.json()["request_id"] == sent
    for odd in ("short", "erika-muster-0170", "a b c d e f g", "<script>alert(1)", "g" * 32, "0" * 33):
        replaced = await visitor(app).get("products", headers={"X-Request-ID": odd})
        assert re.fullmatch("[0-9a-f]{32}", replaced.headers["x-request-id"]), odd


@pytest.mark.parametrize("path", ["products", "/health/live", "/api/docs", "/nowhere", "products/x"])
async def test_every_response_has_an_id_and_security_headers(admin: Member, path: str) -> None:
    reply = await admin.get(path)
    assert reply.headers["x-request-id"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["referrer-policy"] == "same-origin"
    assert reply.headers["cache-control"] == "no-store"


async def test_the_documentation_needs_no_other_host(app: Observed) -> None:
    page = await visitor(app).get("/api/docs")
    assert "http" not in page.text.replace("http-equiv", "")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    linked = [part.split('"')[0] for part in page.text.split('="/api/docs/')[1:]]
    assert len(linked) == 3
    for address in linked:
        asset = await visitor(app).get(f"/api/docs/{address}")
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
    assert (await visitor(app).get("/api/docs/assets/..%2f..%2fetc%2fpasswd")).status_code == 404


_ID = "01a22dab-1129-78f1-be87-6c04df3f2251"


@pytest.mark.parametrize(
    ("field", "value", "is_kept"),
    [
        ("user_id", _ID, True),
        ("user_id", "erika", False),
        ("status", 200, True),
        ("status", "200", False),
        ("rows", None, True),
        ("method", "GET", True),
        ("method", "ERIKA", False),
        ("route", "/products/{product_id:uuid}", True),
        ("route", "/products/\x1b[31m", False),
        ("rows", {"nested": ["Erika"]}, False),
        ("email", "a@b.example", False),
        ("anything_else", 1, False),
    ],
)
def test_only_listed_fields_in_their_form_are_logged(field: str, value: object, is_kept: bool) -> None:
    told = hold_nobodys_data(None, "info", {"event": "x", field: value})
    assert told == {"event": "x", field: value if is_kept else MASK}


def test_a_traceback_has_every_class_and_place_and_no_message() -> None:
    inner = asyncpg.UniqueViolationError("Key (email)=(erika@x.example) exists")
    inner.constraint_name = "users_unique"
    inner.__cause__ = ExceptionGroup("Erika", [KeyError("Erika"), OSError(111, "Erika")])
    inner.add_note("Erika")
    try:
        raise inner
    except asyncpg.PostgresError as error:
        told = hold_nobodys_data(None, "error", {"event": "x", "exc_info": error, "error": error})
    assert told["error"] == "UniqueViolationError 23505 users_unique"
    ends = [line for line in told["exception"].splitlines() if line and not line.startswith(" ")]
    assert ends == ["ExceptionGroup", "KeyError", "ConnectionRefusedError ECONNREFUSED", told["error"]]
    assert Path(__file__).name in told["exception"]
    shown = re.sub(r"^    .*\n", "", told["exception"], flags=re.MULTILINE)  # without the lines of code
    assert "erika" not in shown.lower()


LIBRARY = """
import logging
from imsop.core.logging import configure_logging
configure_logging(level="INFO", as_json=True)
logging.getLogger("a.library").info("chatter")
try:
    raise ValueError("sent by ada@works.example")
except ValueError:
    logging.getLogger("a.library").exception("lost %s", "imsop_at_abc")
logging.getLogger("uvicorn").warning("Erika %s" % "Muster")
"""


def test_log_records_of_libraries_have_the_same_format_without_their_values(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(LIBRARY)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    said, formatted = [json.loads(line) for line in done.stderr.splitlines()]
    assert (said["event"], said["level"], said["logger"]) == ("lost %s", "error", "a.library")
    assert said["exception"].endswith("\nValueError\n")
    assert said["where"] == "program:9"
    assert (formatted["event"], formatted["where"]) == ("message of a library", "program:10")


SERVER = """
import os, socket, sys, uvicorn
from imsop.core.installation import Installation
from imsop.core.settings import Settings
from imsop.web.app import create_app
dsn = os.environ["APP_DSN"]
app = create_app(Settings(bcrypt_cost=4, log_json=True), Installation(dsn, dsn, dsn))
config = uvicorn.Config(app, log_config=None, access_log=False)
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
"""


@pytest.fixture
def process(database: TestDatabase, tmp_path: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """The application as a separate process, and its log."""
    log = tmp_path / "log"
    environment = os.environ | {"APP_DSN": database.app_dsn, "PYTHONWARNINGS": "ignore"}
    with log.open("wb") as output, socket.create_server(("127.0.0.1", 0)) as listener:
        address = "http://{}:{}".format(*listener.getsockname())
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(listener.fileno())],
            stdout=output, stderr=output, env=environment, pass_fds=[listener.fileno()],
        )  # fmt: skip
    try:
        with httpx.Client(base_url=f"{address}/api/v1/", timeout=60) as client:
            yield client, log
    finally:
        server.terminate()
        server.wait(60)


def test_the_log_of_a_process_contains_no_personal_data(
    database: TestDatabase, process: tuple[httpx.Client, Path]
) -> None:
    client, log = process
    person = {
        "email": f"Erika.Muster@{uuid4().hex}.example",
        "password": f"secret {uuid4().hex}",
        "first_name": "Erikaxyz",
        "last_name": "Musterxyz",
    }
    signed_up = client.post("organizations", json={"name": uuid4().hex, **person})
    assert signed_up.status_code == 201
    organization_id = signed_up.json()["organization"]["id"]
    credentials = {"email": person["email"], "password": person["password"]}
    token = client.post("auth/token", json=credentials).json()["access_token"]
    client.post("auth/token", json=credentials | {"password": "wrong password"})
    headers = {"Authorization": f"Bearer {token}"}
    key = client.post("api-keys", json={"name": "k", "permissions": []}, headers=headers).json()["key"]
    client.get("users", params={"email": person["email"]}, headers=headers)
    client.get("products", headers={"X-API-Key": key})
    client.get("products", headers={"Authorization": f"Bearer {token}x"})
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'boom for %', NEW.email USING ERRCODE = 'XX000'; END $$;"
            f" CREATE TRIGGER boom BEFORE INSERT ON users FOR EACH ROW WHEN"
            f" (NEW.organization_id = '{organization_id}') EXECUTE FUNCTION boom()"
        )
        try:
            email = f"second@{uuid4().hex}.example"
            failed = client.post(
                "users", json={"email": email, "password": person["password"]}, headers=headers
            )
        finally:
            owner.execute("DROP TRIGGER boom ON users; DROP FUNCTION boom()")
    assert failed.status_code == 500
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {line["event"] for line in lines} >= {"request", "request failed"}
    (failure,) = [line for line in lines if line["event"] == "request failed"]
    assert failure["request_id"] == failed.json()["request_id"]
    assert failure["exception"].endswith("\nInternalServerError XX000\n")
    users = [line for line in lines if line["event"] == "request" and line["route"] == "/api/v1/users"]
    assert {line["organization_id"] for line in users} == {organization_id}
    assert {(line["method"], line["status"]) for line in users} == {("GET", 200), ("POST", 500)}
    for secret in (*person.values(), person["email"].lower(), email, token, token[20:], key, key[20:]):
        assert secret not in text


async def test_head_equals_get_without_the_body(app: Observed, admin: Member) -> None:
    """For each route with GET, successful or not."""
    paths = {
        re.sub(r"\{\w+\}", str(admin.organization_id), route.path_format)
        for route in litestar_of(app).routes
        if isinstance(route, HTTPRoute) and "GET" in route.methods
    }
    assert {"/health/live", "/products", "/api/v1/stream", "/metrics"} <= paths
    varying = {"x-request-id", "content-length"}  # a spreadsheet contains its creation time
    for path in sorted(paths):
        for http in (visitor(app), admin.http):
            read, headed = await http.get(path), await http.head(path)
            assert headed.content == b"", path
            assert headed.status_code == read.status_code, path
            # Except those that contain the current time, or a token or key of their own.
            if path not in ("/metrics", "/sign-in") and not path.endswith("/new"):
                assert headed.headers.keys() == read.headers.keys(), path
                same = read.headers.keys() - varying
                assert [headed.headers[name] for name in same] == [read.headers[name] for name in same], path
    drawn, headed = await visitor(app).get(asset("mark.svg")), await visitor(app).head(asset("mark.svg"))
    assert (headed.content, headed.headers["content-length"]) == (b"", drawn.headers["content-length"])


async def test_head_is_refused_where_get_is(app: Observed) -> None:
    refused = await visitor(app).head("auth/token")
    assert (refused.status_code, refused.content) == (405, b"")
    allowed = (await visitor(app).put("/health/live")).headers["allow"]
    assert {"GET", "HEAD"} <= set(allowed.split(", "))
    assert "HEAD" in (await visitor(app).options("products")).headers["allow"]


async def test_no_response_repeats_its_charset(app: Observed, admin: Member) -> None:
    metrics = await visitor(app, address="127.0.0.1").get("/metrics")
    exported = await admin.get("/products.csv")
    for reply in (metrics, exported):
        assert reply.status_code == 200
        assert reply.headers["content-type"].count("charset") == 1
