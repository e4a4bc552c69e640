"""Text in the cells of a CSV file, which spreadsheets run as a formula if it looks like one.

One rule, for export and for import: an apostrophe is put before what looks like a formula (OWASP, CSV
injection), at the start of a cell and wherever a reader that splits at semicolons, tabs or lines would begin
one. Reading takes exactly these away.
"""

import re

# Of ASCII and full width. Spreadsheets skip white space before them; readers that do not split at commas
# take quotation marks away.
_FORMULA = r"['\"\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_START = r"(?:(?<=[;\t\r\n])|\A)"
_TO_WRITE = re.compile(rf"{_START}(?={_FORMULA})")
_TO_READ = re.compile(rf"{_START}'(?={_FORMULA})")


def written(text: str) -> str:
    """The text as it is exported: no reader takes any part of it for a formula."""
    return _TO_WRITE.sub("'", text)


def read(cell: str) -> str:
    """The text that was exported as this cell."""
    return _TO_READ.sub("", cell)
