"""Lists are composed of literals; all input is bound as parameters."""

import re
from datetime import UTC, datetime

import msgspec
import pytest

from imsop.catalog.products.queries import PRODUCTS
from imsop.core.edits import etag
from imsop.core.errors import InvalidInput
from imsop.core.fields import PATTERN_ADVICE


def test_each_combination_has_its_own_cached_statement() -> None:
    plain = PRODUCTS.statement((), "sku", False)
    assert plain.endswith("ORDER BY p.sku_folded ASC, p.id ASC LIMIT $2")
    filtered = PRODUCTS.statement(("status", "category"), "-name", True)
    assert " AND p.status = $2 AND p.category = $3" in filtered
    assert " AND (p.name_order, p.id) < (reading_order($4::text), $5::uuid)" in filtered
    assert filtered.endswith("ORDER BY p.name_order DESC, p.id DESC LIMIT $6")
    assert PRODUCTS.statement((), "sku", False) is plain


def test_parameters_are_numbered_without_gaps() -> None:
    for filters in ((), ("sku",), tuple(PRODUCTS.filters)):
        for continued in (False, True):
            statement = PRODUCTS.statement(filters, "sku", continued)
            places = {int(place) for place in re.findall(r"\$(\d+)", statement)}
            assert places == set(range(1, len(places) + 1))
            assert len(places) == 1 + len(filters) + 2 * continued + 1


def test_an_unknown_sort_never_reaches_a_statement() -> None:
    with pytest.raises(KeyError):
        PRODUCTS.statement((), "price; DROP TABLE products", False)


def test_a_version_has_microseconds() -> None:
    instant = datetime(2026, 1, 31, 8, 0, 0, 1, tzinfo=UTC)
    assert etag(instant) == '"2026-01-31T08:00:00.000001+00:00"'


@pytest.mark.parametrize("pattern", PATTERN_ADVICE)
def test_every_pattern_has_advice_that_reads_after_its_field(pattern: str) -> None:
    re.compile(pattern)
    assert PATTERN_ADVICE[pattern].split()[0] in {"is", "must", "may"}


def test_a_refusal_names_its_field() -> None:
    refusal = InvalidInput.of("sku", "is odd")
    assert refusal.detail == "sku: is odd"
    assert msgspec.to_builtins(refusal.errors) == [{"field": "sku", "message": "is odd"}]
