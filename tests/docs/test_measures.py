"""docs/measures.md, pages and API tell of the same figures."""

import re
from pathlib import Path

import psycopg
from msgspec.structs import fields

from imsop.analytics.metrics import daily
from imsop.purchasing.supply.models import Replenishment
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.tables import due, tiles
from tests.states import shipment

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "measures.md").read_text()
FIGURE = re.compile(r"^\| ([A-Z][^|]+?) \|.*\| `([a-z0-9_.]+)` \| `(/[a-z/-]+)` \|$", re.MULTILINE)
NOT_FIELDS = {"id", "sku", "name", "rank"}


async def test_the_control_tower_shows_each_figure_and_leads_to_its_list(admin: Member) -> None:
    await shipment(admin, "in_transit")
    page = await (await signed_in(admin)).get("/")
    shown = {label: href for label, (_, href) in {**due(page), **tiles(page)}.items()}
    assert {label: href.partition("?")[0] for label, href in shown.items()} == {
        label: path for label, _, path in FIGURE.findall(TEXT)
    }


def test_each_rule_is_in_the_database(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        for _, rule, _ in FIGURE.findall(TEXT):
            relation, _, column = rule.partition(".")
            found = connection.execute(
                "SELECT count(*) FROM pg_class WHERE oid = to_regclass(%(it)s)"
                " UNION ALL SELECT count(*) FROM pg_proc WHERE proname = %(it)s"
                " UNION ALL SELECT count(*) FROM pg_attribute WHERE attname = %(column)s"
                "     AND attrelid = to_regclass(%(it)s)",
                {"it": relation, "column": column},
            ).fetchall()
            assert sum(count for (count,) in found) == 1 + bool(column), rule


def test_each_field_of_replenishment_has_its_formula() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \|", TEXT, re.MULTILINE)
    assert set(told) == {field.name for field in fields(Replenishment)} - NOT_FIELDS


def test_each_daily_figure_has_its_definition() -> None:
    text = (DOCS / "metrics.md").read_text()
    told = set(re.findall(r"`([a-z_…]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE))))
    for name in daily.STOCK + daily.FLOWS + daily.RATIOS:
        assert name in told or re.sub("^(sales|purchase)", "…", name) in told, name
