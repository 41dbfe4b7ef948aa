"""Relations of records, on literal rows."""

from pyspark.sql import SparkSession

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
