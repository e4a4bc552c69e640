"""Snapshots as values behave as PostgreSQL's."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imsop.core.snapshot import MAX_CHARACTERS, Snapshot
from tests.conftest import TestDatabase

XID = st.integers(1, 40)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    xmin = draw(XID)
    xmax = draw(st.integers(xmin, 60))
    return Snapshot(xmin, xmax, tuple(x for x in range(xmin, xmax) if draw(st.booleans())))


@pytest.fixture(scope="module")
def connection(database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        yield connection


@settings(max_examples=60)
@given(snapshot=snapshots())
def test_a_snapshot_sees_what_postgresql_says_it_sees(
    connection: psycopg.Connection, snapshot: Snapshot
) -> None:
    seen = connection.execute(
        "SELECT xid FROM generate_series(1, 70) AS xid"
        " WHERE pg_visible_in_snapshot(xid::text::xid8, %s::pg_snapshot) ORDER BY 1",
        [str(snapshot)],
    ).fetchall()
    assert [xid for (xid,) in seen] == [xid for xid in range(1, 71) if snapshot.sees(xid)]


@settings(max_examples=60)
@given(snapshot=snapshots())
def test_its_text_form_round_trips(snapshot: Snapshot) -> None:
    assert Snapshot.parse(str(snapshot)) == snapshot


@settings(max_examples=200)
@given(
    text=st.from_regex(r"\A[0-9]{1,3}:[0-9]{1,3}:([0-9]{1,2}(,[0-9]{1,2}){0,3})?\Z")
    | st.text("0123456789:, -+", max_size=12)
)
def test_parsed_texts_are_valid_in_postgresql(connection: psycopg.Connection, text: str) -> None:
    snapshot = Snapshot.parse(text)
    if snapshot is not None:
        read = connection.execute("SELECT %s::pg_snapshot::text", [text]).fetchone()
        assert read == (str(snapshot),)


NONE = (
    " ",
    "1",
    "1:2",
    "0:2:",
    "3:2:",
    "1:5:5",
    "2:5:1",
    "1:5:3,2",
    "1:5:3,3",
    "1:5:,",
    "1:5:2,",
    " 1:5:",
    "1:5: 2",
    "-1:5:",
    "+1:5:",
    "1_0:50:",
    "\N{ARABIC-INDIC DIGIT ONE}:5:",
    f"1:{2**63}:",
    "1:5:" + "9" * 30,
    "1:99999:" + ",".join(str(xid) for xid in range(1, MAX_CHARACTERS)),
)


def test_invalid_texts_are_not_parsed() -> None:
    assert [text for text in ("", *NONE) if Snapshot.parse(text) is not None] == []
