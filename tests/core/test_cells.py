"""Text in CSV files: never a formula, and read back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsop.core import cells

FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
TELLING = st.text(st.sampled_from("=+-@\uff1d;,\t\r\n '\"a1"))


def cells_as_read(text: str, delimiter: str) -> list[str]:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([1, cells.written(text), "x"])
    rows = csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=delimiter)
    return [cell for row in rows for cell in row]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(TELLING)
def test_no_reader_sees_a_formula(delimiter: str, text: str) -> None:
    assert not [cell for cell in cells_as_read(text, delimiter) if cell.lstrip().startswith(FORMULAS)]


@given(TELLING)
def test_what_was_exported_is_read_back(text: str) -> None:
    assert cells.read(cells.written(text)) == text


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("", "Öl; Fass 200 l", "A-1", "it's", "'tis", "1 + 1 = 2"):
        assert cells.written(text) == text
    assert cells.written("+49 40 123") == "'+49 40 123"
