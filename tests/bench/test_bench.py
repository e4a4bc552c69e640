"""A tiny run of everything `imsop bench` does. Its figures are looked at by people, never asserted."""

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


def test_operations_are_measured_beside_pgbench() -> None:
    """One that reads, and one that reads again what it wrote."""
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


def test_what_is_read_most_is_planned_with_indexes_and_one_that_is_missing_is_told() -> None:
    """Of what the volume here is enough for; the command looks at ten times the demo's."""
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


def test_a_plan_that_reads_a_whole_table_or_throws_rows_away_is_a_fault() -> None:
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


def test_an_operation_that_is_not_there_is_told() -> None:
    with pytest.raises(OperatorError, match="unknown operation R9; known: R1, R2"):
        chosen("R9")
