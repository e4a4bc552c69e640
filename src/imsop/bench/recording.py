"""Records an operation's statements as a pgbench script.

The real application serves a real request, and its statements are recorded with their arguments; so pgbench
always runs what the application runs. An argument that is one of the request's keys becomes a random variable
of pgbench; one that an earlier statement returned becomes that result; all others are bound constants.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Litestar

from imsop.bench.operations import Keys, Operation
from imsop.bench.volume import FIRST_NUMBER, Member, Volume
from imsop.core.database import Connection
from imsop.core.embedded import OperatorError
from imsop.core.installation import Installation
from imsop.core.logging import configure_logging
from imsop.core.settings import Settings
from imsop.web.app import create_litestar
from imsop.web.edge.observe import Observed

_PLACE = re.compile(r"\$([0-9]+)")
_ID = re.compile("([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class Statement(NamedTuple):
    """One message to the database. `types` are those of its arguments, `columns` those of its result."""

    sql: str
    arguments: tuple[Any, ...]
    types: tuple[str, ...]
    columns: tuple[str, ...]


@asynccontextmanager
async def recorded(installation: Installation) -> AsyncIterator["Recorder"]:
    """Runs the application in this process, with one connection, and records its statements."""
    configure_logging(level="ERROR", as_json=False)
    app = create_litestar(Settings(pool_min=1, pool_max=1, jobs=False), installation)
    async with app.lifespan():
        yield Recorder(app, Observed(app))


class Recorder:
    def __init__(self, app: Litestar, served: Observed) -> None:
        self._app = app
        self._served = served

    async def statements(self, operation: Operation, keys: Keys) -> list[Statement]:
        """The statements of the request's own transaction, without that of authentication before it."""
        heard = await self._heard(operation.request(keys))
        begun = max(place for place, one in enumerate(heard) if one.query.startswith("BEGIN"))
        async with self._app.state.pool.acquire() as connection, connection.transaction():
            # outside of one, asyncpg's prepare leaves one half open
            return [await _described(connection, one.query, tuple(one.args)) for one in heard[begun:]]

    async def messages(self, request: bytes) -> int:
        """Number of messages of a request to the database, with warm authentication."""
        return len(await self._heard(request))

    async def _heard(self, request: bytes) -> list[Any]:
        heard: list[Any] = []
        pool = self._app.state.pool
        async with pool.acquire() as connection:
            connection.add_query_logger(heard.append)
        for _ in range(2):  # in the first run, asyncpg looks up types in between
            heard.clear()
            await self._request(request)
        async with pool.acquire() as connection:
            connection.remove_query_logger(heard.append)
        return heard

    async def _request(self, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *headers = head.split(b"\r\n")
        method, target, _ = first.decode().split(" ")
        path, _, query = target.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [tuple(line.split(b": ", 1)) for line in headers], "client": None, "state": {},
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._served(scope, receive, send)  # type: ignore[arg-type]
        if sent[0]["status"] >= 300:
            raise OperatorError(f"{method} {target} was refused: {sent[1]['body'].decode()}")


async def _described(connection: Connection, sql: str, arguments: tuple[Any, ...]) -> Statement:
    if not arguments:
        return Statement(sql, (), (), ())
    prepared = await connection.prepare(sql)
    return Statement(
        sql,
        arguments,
        tuple(parameter.name for parameter in prepared.get_parameters()),
        tuple(column.name for column in prepared.get_attributes()),
    )


class Script(NamedTuple):
    """The pgbench script of an operation: a file for each organization, and constants shared by all."""

    files: list[Path]
    variables: dict[str, str]


def write_scripts(
    directory: Path, operation: Operation, keys: Keys, statements: list[Statement], members: list[Member],
    volume: Volume,
) -> Script:  # fmt: skip
    """Writes the files. Raises OperatorError for a key or an argument of unknown origin."""
    variables = {
        f"{what}_{member.number}": str(identity)
        for member in members
        for what, identity in (("organization", member.organization_id), ("user", member.user_id))
    }
    files = []
    for member in members:
        text = _Writer(keys, member, variables).script(statements)
        if missing := [kind for kind in operation.kinds if f":{kind}" not in text]:
            raise OperatorError(f"no statement of {operation.code} names the {missing[0]} of the request")
        drawn = "".join(
            f"\\set {kind} random({FIRST_NUMBER}, {FIRST_NUMBER + volume.counted(kind) - 1})\n"
            for kind in operation.kinds
        )
        files.append(directory / f"{operation.code}-{member.number}.sql")
        files[-1].write_text(drawn + text)
    return Script(files, variables)


class _Writer:
    """Rewrites recorded statements for one organization, with keys drawn by pgbench."""

    def __init__(self, keys: Keys, member: Member, variables: dict[str, str]) -> None:
        self._recorded = keys.member
        self._member = member
        self._variables = variables
        self._expressions: dict[object, str] = {
            keys.member.organization_id: f":organization_{member.number}",
            keys.member.user_id: f":user_{member.number}",
            keys.now: "now()",
        }
        for kind, number in keys.numbers.items():
            self._expressions[str(number)] = f":{kind}"
            self._expressions[f"%{number}%"] = f"('%' || :{kind} || '%')"
            self._expressions[UUID(keys.id_of(kind))] = f"('{member.id_prefix(kind)}' || :{kind})"
        self._returning: list[str] | None = None  # the latest statement that returns an id

    def script(self, statements: list[Statement]) -> str:
        written = []
        for statement in statements:
            written.append([self._text(statement), ";"])
            if "id" in statement.columns:
                self._returning = written[-1]
        return "".join(f"{text}{ending}\n" for text, ending in written)

    def _text(self, statement: Statement) -> str:
        values = [
            f"{self._expression(value)}::{type_name}"
            for value, type_name in zip(statement.arguments, statement.types, strict=True)
        ]
        text = _PLACE.sub(lambda place: values[int(place[1]) - 1], statement.sql)
        # The tenant of BEGIN; SET LOCAL …, which takes no parameters.
        text = text.replace(str(self._recorded.organization_id), str(self._member.organization_id))
        return text.replace(str(self._recorded.user_id), str(self._member.user_id))

    def _expression(self, value: object) -> str:
        if isinstance(value, list) and any(self._varies(element) for element in value):
            return f"ARRAY[{', '.join(self._expression(element) for element in value)}]"
        if value is None:
            return "NULL"
        if isinstance(value, str) and value.startswith("[{"):  # JSON that contains ids
            parts = enumerate(_ID.split(value))
            written = (self._expression(UUID(text)) if at % 2 else self._constant(text) for at, text in parts)
            return f"({' || '.join(written)})"
        if not self._varies(value):
            return self._constant(value)
        if (key := self._expressions.get(value)) is not None:
            return key
        if self._returning is None:
            raise OperatorError(f"where does the application have {value} from?")
        self._returning[1] = " \\gset"
        return ":id"

    def _varies(self, value: object) -> bool:
        """True for an id that is no key of the request: an earlier statement returned it."""
        return isinstance(value, UUID) or (not isinstance(value, list | dict) and value in self._expressions)

    def _constant(self, value: object) -> str:
        """A bound variable, as a literal might be planned differently."""
        name = f"constant_{len(self._variables)}"
        self._variables[name] = as_text(value)
        return f":{name}"


def as_text(value: object) -> str:
    """A value in PostgreSQL's text format."""
    if isinstance(value, list):
        elements = ("NULL" if element is None else f'"{as_text(element)}"' for element in value)
        return "{" + ",".join(elements) + "}"
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
