"""A tiny run of all of `imsop bench`. Its measurements are never asserted."""

from dataclasses import replace

import psycopg
import pytest
import uvloop

from imsop.bench import report
from imsop.bench.comparison import compare, filled
from imsop.bench.operations import chosen
from imsop.bench.plans import examine_installation, faults
from imsop.bench.volume import Volume
from imsop.core.embedded import OperatorError
from imsop.core.installation import silent

TINY = Volume(
    organizations=2,
    products=60,
    warehouses=2,
    purchase_orders=20,
    shipments=20,
    positions_per_shipment=5,
    customers=10,
    sales_orders=20,
)
MANY_SHIPMENTS = replace(TINY, shipments=3_000)


def test_operations_are_compared_with_pgbench() -> None:
    """A read, and a write with read-back."""
    operations = chosen("r1,W5")
    results = compare(operations, TINY, seconds=1, rounds=1, progress=silent)
    assert [result.operation for result in results] == operations
    for result in results:
        (pair,) = result.pairs
        assert pair.served.rate > 0
        assert pair.pgbench_rate > 0
        assert pair.server_cpu_seconds > 0
        assert pair.database_cpu_seconds > 0
        assert pair.others < 1
    lines = list(report.table(results, TINY))
    assert [operation.title for operation in operations if operation.title not in "\n".join(lines)] == []


def test_frequent_reads_use_indexes_and_a_missing_one_is_reported() -> None:
    """For those reads that this volume is sufficient for; the command uses ten times the demo's."""
    with filled(MANY_SHIPMENTS, silent) as (opened, _, members):

        def faults_of(operation: str) -> list[str]:
            examined = uvloop.run(examine_installation(opened, members[-1], MANY_SHIPMENTS))
            assert {one.operation[:2] for one in examined} == {"R1", "R2", "R3", "R4", "R5"}
            assert all(one.plan for one in examined)
            told = [fault for one in examined if one.operation.startswith(operation) for fault in one.faults]
            return [fault for fault in told if "shipments" in fault]

        assert [faults_of("R4"), faults_of("R5 search 'no such thing'")] == [[], []]
        with psycopg.connect(opened.admin_dsn, autocommit=True) as connection:
            connection.execute("DROP INDEX shipments_tracking_number_idx, shipments_search_idx")
        assert [] not in [faults_of("R4"), faults_of("R5 search 'no such thing'")]


def test_sequential_scans_and_discarded_rows_are_faults() -> None:
    whole = {"Node Type": "Seq Scan", "Relation Name": "products", "Actual Rows": 5.0}
    assert faults(whole) == ["reads all of products"]
    assert faults(whole | {"Relation Name": "warehouses"}) == []
    wasteful = {
        "Node Type": "Index Scan",
        "Relation Name": "products",
        "Actual Rows": 1,
        "Rows Removed by Filter": 501,
    }
    assert faults({"Node Type": "Limit", "Actual Rows": 1, "Plans": [wasteful]}) == [
        "Index Scan products: throws away 501 rows for 1"
    ]
    assert faults(wasteful | {"Rows Removed by Filter": 500}) == []


def test_an_unknown_operation_is_reported() -> None:
    with pytest.raises(OperatorError, match="unknown operation R9; known: R1, R2"):
        chosen("R9")
