"""What users send is found in no log: by any route or form, and in no error of a request or a job."""

import ast
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from imsop.core.logging import FIELDS
from imsop.web.edge.observe import Observed
from imsop.web.pages import ROUTES
from tests.conftest import TestDatabase
from tests.factories import PASSWORD, Member, eventually
from tests.pages.browsing import Browser
from tests.rules import rows
from tests.rules.catalogue import Catalogue
from tests.rules.operations import OWN, PUBLIC, STREAMS, Operation, documented, filled_in
from tests.rules.rows import Rows
from tests.rules.source import modules

NAME, PHONE, EMAIL = "Xyzerika Xyzmuster", "+49 170 5550199", "xyzerika@xyzmuster.example"
ESCAPE = "\x1b[31m"
TEXT = f"call {NAME} at {PHONE} or {EMAIL} before noon"
MARKS = ("xyz", "5550199", "\x1b", "\\u001b", "x1b")
"""What no log may contain, in lower case."""
LOGGERS = {"debug", "info", "warning", "error", "exception", "critical"}

SERVER = """
import os, socket, sys, uvicorn
from imsop.catalog.products import actions
from imsop.core import worker
from imsop.core.installation import Installation
from imsop.core.jobs import OrganizationTask
from imsop.core.settings import Settings
from imsop.web import app as web

create_product = actions.create_product

async def failing(connection, actor, new):
    if new.sku.startswith("Xyzboom"):
        try:
            await connection.execute("SELECT $1::text::int", new.sku)
        except Exception as error:
            raise RuntimeError(f"no {new}", {"nested": [new]}) from error
    return await create_product(connection, actor, new)

async def fail(work):
    async with work.transaction() as connection:
        await connection.execute("SELECT $1::text::int", work.arguments["text"])

actions.create_product = failing
worker.RETRY_BASE_SECONDS = 1  # the last attempt is logged as an error
web.TASKS = (OrganizationTask("fail", "Fail", fail, attempts=2),)
dsn, operator = os.environ["APP_DSN"], os.environ["OPERATOR_DSN"]
settings = Settings(bcrypt_cost=4, log_json=sys.argv[2] == "json")
app = web.create_app(settings, Installation(dsn, dsn, operator))
config = uvicorn.Config(app, log_config=None, access_log=False)
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
"""


class Process:
    """The application as a separate process, its log, and a member who is signed in there."""

    def __init__(self, address: str, log: Path) -> None:
        self.address, self._log = address, log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def leaked(self) -> list[str]:
        return [line for line in self.log.splitlines() if any(mark in line.lower() for mark in MARKS)]

    async def member(self, app: Observed) -> Member:
        email = f"xyz{uuid4().hex}@xyzmuster.example"
        person = {"email": email, "password": PASSWORD, "first_name": "Xyzerika", "last_name": "Xyzmuster"}
        headers = {"X-Request-ID": "Xyzerika-Xyzmuster-5550199", "User-Agent": TEXT, "Referer": TEXT}
        http = httpx.AsyncClient(base_url=self.address, timeout=60, headers=headers)
        made = (
            await http.post("/api/v1/organizations", json={"name": f"Xyz {uuid4().hex}", **person})
        ).json()
        token = (await http.post("/api/v1/auth/token", json={"email": email, "password": PASSWORD})).json()
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        return Member(
            app, http, made["organization"]["id"], made["administrator"]["id"], email, token["access_token"]
        )


@pytest.fixture(params=["json", "text"])
def process(request: pytest.FixtureRequest, database: TestDatabase, tmp_path: Path) -> Iterator[Process]:
    log = tmp_path / "log"
    environment = os.environ | {
        "APP_DSN": database.app_dsn, "OPERATOR_DSN": database.operator_dsn, "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    with log.open("wb") as output, socket.create_server(("127.0.0.1", 0)) as listener:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(listener.fileno()), request.param],
            stdout=output, stderr=output, env=environment, pass_fds=[listener.fileno()],
        )  # fmt: skip
        address = "http://{}:{}".format(*listener.getsockname())
    try:
        yield Process(address, log)
    finally:
        server.terminate()
        server.wait(60)


def planted(schema: dict[str, Any], document: dict[str, Any], sample: Any) -> Any:
    """A body of this schema: the sample, and marked text in every text field that it leaves out."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("anyOf") or schema.get("oneOf") or [schema]
    schema = next((kind for kind in kinds if kind.get("type") != "null"), schema)
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    match schema.get("type"):
        case "object":
            given = sample if isinstance(sample, dict) else {}
            texts = {
                name: text
                for name, each in schema.get("properties", {}).items()
                if (text := planted(each, document, given.get(name))) is not None
            }
            return texts | {name: value for name, value in given.items() if name not in texts}
        case "array" if isinstance(sample, list):
            return [planted(schema["items"], document, each) for each in sample]
        case "string" if sample is None and "enum" not in schema and "format" not in schema:
            return _text(schema)
    return sample


def _text(schema: dict[str, Any]) -> str | None:
    """A marked text that the schema accepts, if there is one."""
    texts = (TEXT, NAME, PHONE, EMAIL, "https://xyzmuster.example/", "Xyz")
    limit = schema.get("maxLength", 10_000)
    pattern = schema.get("pattern", "")
    return next((text for text in texts if len(text) <= limit and re.search(pattern, text)), None)


async def send_all(
    owner: Member, operations: list[Operation], document: dict[str, Any], ours: Rows
) -> set[int]:
    """Calls every route with marked text in every text field, parameter and id; the statuses."""
    statuses = set()
    for operation in operations:
        item = document["paths"][operation.path][operation.method.lower()]
        content = item.get("requestBody", {}).get("content", {}).get("application/json")
        sample = {} if str(operation) in PUBLIC | OWN else operation.body
        bodies: list[Any] = [None]
        if content is not None:
            valid = planted(content["schema"], document, filled_in(sample, ours))
            bodies = [valid, dict.fromkeys(valid, TEXT) | {NAME: {"nested": [TEXT]}}, TEXT]
        asked = {query["name"]: TEXT for query in operation.queries}
        for body in bodies:
            for path, queries in (
                (operation.of(ours), operation.query),
                (operation.of(ours), asked | {NAME: TEXT}),
                (re.sub(r"\{\w+\}", NAME, operation.path), {}),
            ):
                reply = await owner.http.request(
                    operation.method, path, params=queries, json=body, headers={"If-Match": "*"}
                )
                statuses.add(reply.status_code)
    return statuses


async def fill_all_forms(here: Browser, ours: Rows) -> int:
    """Sends every form of every page with marked text in every field; how many there were."""
    sent = 0
    for path in sorted({path for route in ROUTES if "GET" in route.http_methods for path in route.paths}):
        address = re.sub(
            r"/([a-z-]+)/\{\w+:uuid\}",
            lambda found: f"/{found[1]}/{ours.ids.get(found[1].replace('-', '_'), uuid4())}",
            path,
        )
        await here.get(address, params={"q": TEXT, NAME: TEXT})
        page = await here.get(address)
        for form in re.findall(r'<form[^>]* action="[^"]*" method="post".*?</form>', page.text, re.DOTALL):
            action = unescape(re.findall(r'action="([^"]*)"', form)[0])
            if action == "/sign-out":
                continue
            hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
            typed = re.findall(r'<(?:input|textarea)[^>]* name="([^"]+)"', form)
            fields = {name: TEXT if len(name) % 2 else NAME for name in typed}
            fields |= {name: unescape(value) for name, value in hidden}
            await here.post(action, data=fields)
            await here.post(action, data=fields | {NAME: TEXT})
            sent += 1
    return sent


@pytest.fixture
async def owner(process: Process, app: Observed) -> AsyncIterator[Member]:
    member = await process.member(app)
    yield member
    await member.http.aclose()


async def test_what_is_sent_to_any_route_is_in_no_log(
    process: Process, app: Observed, owner: Member, catalogue: Catalogue
) -> None:
    document = (await owner.http.get("/api/openapi.json")).json()
    ours = rows.fill(catalogue, owner.organization_id, owner.user_id)
    operations = [
        each
        for each in await documented(app)
        if str(each) not in STREAMS | {"POST /api/v1/organizations", "DELETE /api/v1/auth/token"}
    ]
    statuses = await send_all(owner, operations, document, ours)
    assert statuses >= {200, 201, 404, 422}
    assert 500 not in statuses
    assert process.leaked() == []
    lines = process.log.count("request")
    assert lines > len(operations)


async def test_what_is_typed_into_any_form_is_in_no_log(
    process: Process, owner: Member, catalogue: Catalogue
) -> None:
    ours = rows.fill(catalogue, owner.organization_id, owner.user_id)
    async with Browser(base_url=process.address, timeout=60, headers={"X-Request-ID": NAME}) as here:
        await here.fill(await here.get("/sign-in"), "/sign-in", email=owner.email, password=TEXT)
        form = await here.get("/sign-in", params={"next": f"/{NAME}"})
        await here.fill(form, "/sign-in", email=owner.email, password=PASSWORD)
        assert await fill_all_forms(here, ours) > 10
    assert process.leaked() == []


async def test_an_error_of_a_request_tells_where_it_was_and_not_with_what(
    process: Process, owner: Member
) -> None:
    request_id = str(uuid4())
    product = {"sku": f"Xyzboom {PHONE}", "name": NAME}
    headers = {"X-Request-ID": request_id}
    failed = await owner.http.post("/api/v1/products", json=product, headers=headers)
    assert failed.status_code == 500
    assert process.leaked() == []
    for told in ("RuntimeError", "InvalidTextRepresentationError 22P02", request_id, "api.py"):
        assert told in process.log, told


async def test_an_error_of_a_job_tells_where_it_was_and_not_with_what(
    process: Process, owner: Member, database: TestDatabase
) -> None:
    with psycopg.connect(database.admin_dsn, autocommit=True) as superuser:
        arguments = json.dumps({"text": TEXT, "nested": {"name": [NAME]}})
        superuser.execute(
            "SELECT defer_job(%s, 'fail', %s::jsonb, %s, NULL)",
            [owner.organization_id, arguments, f"Xyz {PHONE}"],
        )

    async def failed() -> bool:
        return "InvalidTextRepresentationError 22P02" in process.log

    await eventually(failed)
    assert process.leaked() == []


async def test_a_request_cannot_write_terminal_escapes_to_the_log(process: Process, owner: Member) -> None:
    host, port = process.address.removeprefix("http://").split(":")
    for head in (
        f"GET /{ESCAPE} HTTP/1.1",
        f"{ESCAPE} / HTTP/1.1",
        f"GET /?{ESCAPE} HTTP/1.1",
        f"POST /api/v1/auth/token HTTP/1.1\r\nContent-Type: application/json; charset={ESCAPE}",
        "POST /api/v1/auth/token HTTP/1.1\r\nContent-Type: application/json; charset=\x9b31m",
        f"GET / HTTP/1.1\r\nX-Request-ID: {ESCAPE}",
        f"GET / HTTP/1.1\r\nCookie: imsop_session={ESCAPE}",
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
        await asyncio.wait_for(reader.read(), 30)
        writer.close()
    assert (await owner.http.get("/%1b[31m", params={"q": ESCAPE})).status_code == 404

    async def logged() -> bool:
        return "(no route)" in process.log

    await eventually(logged)
    assert process.leaked() == []


def test_every_line_of_the_log_is_made_of_listed_fields() -> None:
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=args, keywords=keywords
                ) if level in LOGGERS:
                    names = {keyword.arg for keyword in keywords}
                    is_literal = len(args) == 1 and isinstance(args[0], ast.Constant)
                    if not is_literal or not names <= FIELDS.keys() | {"error", "exc_info"}:
                        wrong.append(f"{module.name}:{node.lineno}")
    assert wrong == []
