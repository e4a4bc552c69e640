"""The retailer's three files with made-up rows in the layout of the real ones."""

import csv
import gzip
from pathlib import Path
from typing import TextIO

from imsop.realdata import uci

OTHER_COLUMNS = {
    "customers.csv": {"invoices": "1", "net_gbp": "1.5"},
    "products.csv": {"lines": "1", "units": "1", "first_sold": "", "last_sold": "", "days_sold": "1"},
}
Line = dict[str, str]

CUSTOMERS: list[Line] = [
    {"customer_id": "90001", "country": "United Kingdom"},
    {"customer_id": "90002", "country": "France"},
]
PRODUCTS: list[Line] = [
    {"stock_code": "LANTERN", "description": "Invented lantern", "median_price_gbp": "2.55"},
    {"stock_code": "MUG", "description": "", "median_price_gbp": ""},
]


def line(invoice_no: str, line_no: int, kind: str, code: str, quantity: int, **others: str) -> Line:
    return {
        "invoice_no": invoice_no,
        "line_no": str(line_no),
        "line_kind": kind,
        "stock_code": code,
        "description": "",
        "quantity": str(quantity),
        "unit_price_gbp": "2.5",
        "invoice_at": "2010-12-01T08:26:00",
        "customer_id": "90001",
        "country": "United Kingdom",
    } | others


SECOND = {"invoice_at": "2010-12-02T09:00:00"}
THIRD = {"invoice_at": "2010-12-03T10:00:00"}
SUMMER = {"invoice_at": "2011-07-01T12:30:00", "customer_id": ""}
SALE = line("5001", 1, "sale", "LANTERN", 6, unit_price_gbp="2.5555")
# An invoice with postage; a later one of the same customer; returns of both, partly against them; a cancelled
# charge; lost stock; a bad debt; and a counter sale in summer.
LINES: list[Line] = [
    SALE,
    line("5001", 2, "sale", "CANDLE", 10, unit_price_gbp="0.0", description="Invented candle"),
    line("5001", 3, "fee", "POST", 1, unit_price_gbp="18.0"),
    line("5002", 1, "sale", "LANTERN", 4, **SECOND),
    line("5002", 2, "sale", "CANDLE", 1, unit_price_gbp="0.4", description="Invented candle", **SECOND),
    line("C5003", 1, "cancel", "LANTERN", -3, **THIRD),
    line("C5003", 2, "cancel", "LANTERN", -2, **THIRD),
    line("C5003", 3, "cancel", "LANTERN", -5, **THIRD),
    line("C5004", 1, "cancel", "CANDLE", -1, customer_id="90002", description="Candle, 2nd", **THIRD),
    line("C5005", 1, "cancel", "M", -1, description="Manual", **THIRD),
    line("5006", 1, "stock_adjust", "LOST", -7, description="fell off the shelf", customer_id="", **SECOND),
    line("A5007", 1, "bad_debt", "B", 1, unit_price_gbp="-100.5", customer_id="", **SECOND),
    line("5008", 1, "sale", "MUG", 2, **SUMMER),
]


def gifts(
    directory: Path, lines: list[Line], customers: list[Line] = CUSTOMERS, products: list[Line] = PRODUCTS
) -> Path:
    """A directory of data sets with these lines."""
    source = directory / uci.SOURCE
    source.mkdir(parents=True)
    for name, rows in {"customers.csv": customers, "products.csv": products}.items():
        with (source / name).open("w", newline="") as file:
            write(file, [row | OTHER_COLUMNS[name] for row in rows])
    with gzip.open(source / "sales_lines.csv.gz", "wt", newline="") as file:
        write(file, lines)
    return directory


def write(file: TextIO, rows: list[Line]) -> None:
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
