"""Relations of records, on literal rows."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from matching import records

HELD = "struct<subject: string, household: string>"


def test_a_number_that_nobody_had_at_first_is_whose_it_is_now(spark: SparkSession) -> None:
    rows = [
        ("kept", ("R:then", "h1"), "unknown", ("R:now", "h2"), "unknown"),
        ("unknown then", None, "unknown", ("R:now", "h2"), "unknown"),
        ("given later", None, "missing", ("R:now", "h2"), "unknown"),
        ("given later to somebody", None, "missing", None, "unknown"),
        ("never given", None, "missing", None, "missing"),
    ]
    schema = f"record string, holder_sim {HELD}, state_sim string, holder_sim_now {HELD}, state_sim_now string"
    filled = records.filled(spark.createDataFrame(rows, schema), "sim", "sim_now")
    once = records.without_repeats(filled, "sim_now", "sim")
    found = {
        row.record: (row.holder_sim and row.holder_sim.subject, row.state_sim, row.holder_sim_now and "again")
        for row in once.collect()
    }
    assert found == {
        "kept": ("R:then", "unknown", "again"),
        "unknown then": (None, "unknown", "again"),
        "given later": ("R:now", "unknown", None),
        "given later to somebody": (None, "unknown", None),
        "never given": (None, "missing", None),
    }


@pytest.mark.parametrize(("cap", "is_theirs"), [(3, False), (None, True)])
def test_a_code_names_its_holder_however_many_shops_bear_it(
    spark: SparkSession, cap: int | None, is_theirs: bool
) -> None:
    shops = spark.createDataFrame([(f"s{number}", "0301234567") for number in range(4)], "record string, code string")
    directory = spark.createDataFrame([("0301234567", ("T:0301234567", None))], f"key string, holder {HELD}")
    found = records.holders(shops, None, directory, F.col("code"), cap).collect()
    assert len(found) == 4
    assert {row.holder is not None for row in found} == {is_theirs}
    assert {row.cut_key is None for row in found} == {is_theirs}
