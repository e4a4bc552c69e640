"""The number of statements per request, in a golden file: a change is visible in review.

Counts the request's own transaction; authentication, if not cached, has another one before it.
"""

import os
import re
from pathlib import Path
from typing import Any

from imsop.migrations import revisions
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.golden import require_golden, write_golden
from tests.installation.test_upgrade import RELEASED
from tests.pages.browsing import signed_in
from tests.pages.plenty import EACH, pages_of, plenty
from tests.rules import rows
from tests.rules.catalogue import Catalogue
from tests.rules.operations import (
    OWN,
    PUBLIC,
    STREAMS,
    Operation,
    documented,
    filled_in,
    row_of_its_own,
    send,
    turn,
)
from tests.rules.recording import Recorder, Statement, recording
from tests.rules.rows import Rows

GOLDEN = Path(__file__).with_name("statements.json")
GOLDEN_PAGES = Path(__file__).with_name("page_statements.json")
OF_ONE_LINE = {"POST /api/v1/customer-returns/{document_id}/dispose"}
"""The sample's only line is disposed of once."""
UUID_IN_PATH = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def test_the_number_of_statements_per_request(database: TestDatabase, catalogue: Catalogue) -> None:
    counted = {}
    texts: set[str] = set()
    async with recording(database.installation) as recorder:
        admin = await factories.sign_up(recorder.app)
        ours = rows.fill(catalogue, admin.organization_id, admin.user_id)
        found = {str(operation): operation for operation in await documented(recorder.app)}
        names = sorted(found.keys() - PUBLIC - OWN - STREAMS, key=turn)
        operations = {name: found[name] for name in names}
        for name, operation in operations.items():
            path = await row_of_its_own(operations, operation, admin, ours)
            said = await statements(recorder, operation, path, admin, ours)
            texts |= set(said)
            counted[name] = len(said)
            longer = lengthened(operation.body)
            if operation.body != longer and name not in OF_ONE_LINE:
                path = await row_of_its_own(operations, operation, admin, ours)
                many = len(await statements(recorder, operation, path, admin, ours, longer))
                assert many == counted[name], f"{name}: {many} statements for more lines"
    require_golden(GOLDEN, counted)
    if os.environ.get("IMSOP_WRITE_RELEASED"):
        write_golden(RELEASED, {"revision": revisions()[-1], "statements": sorted(texts)})


async def test_each_page_is_as_many_statements_as_agreed(database: TestDatabase) -> None:
    counted: list[dict[str, int]] = []
    async with recording(database.installation) as recorder:
        for each in (EACH, EACH + 2):  # however many rows there are
            admin, ids = await plenty(recorder.app, each)
            here = await signed_in(admin)
            counts = {}
            for address in sorted(pages_of(recorder.app, ids)):
                await recorder.taken()
                reply = await here.get(address)
                assert reply.status_code == 200, address
                counts[UUID_IN_PATH.sub("{id}", address)] = len(
                    of_the_request(await recorder.taken(), address)
                )
            counted.append(counts)
    few, many = counted
    assert many == few
    require_golden(GOLDEN_PAGES, few)


def lengthened(body: dict[str, Any]) -> dict[str, Any]:
    """The body with three times the lines."""
    lines = {field: value for field, value in body.items() if isinstance(value, list)}
    return body | {field: value * 3 for field, value in lines.items() if isinstance(value[0], dict)}


async def statements(
    recorder: Recorder, operation: Operation, path: str, admin: Member, ours: Rows, body: Any = None
) -> list[str]:
    reply = await send(admin, operation, path, filled_in(body or operation.body, ours))
    assert reply.status_code < 300, f"{operation}: {reply.text}"
    return of_the_request(await recorder.taken(), str(operation))


def of_the_request(taken: list[Statement], name: str) -> list[str]:
    """The statements of the last transaction; empty if the response needed none."""
    said = [statement.sql for statement in taken]
    begun = max((place for place, sql in enumerate(said) if sql.startswith("BEGIN")), default=None)
    if begun is None:
        return []
    assert said[-1] == "COMMIT", f"{name}: {said}"
    return said[begun + 1 : -1]
