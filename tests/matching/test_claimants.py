"""Who claims a record that nobody certainly holds, on literal rows."""

from pyspark.sql import SparkSession

from matching import records


def test_a_record_that_nobody_certainly_holds_is_claimed_by_whoever_declares_its_key(spark: SparkSession) -> None:
    unheld = spark.createDataFrame(
        [
            ("unknown", "0101", None),
            ("doubtful", "0202", "R:known"),
            ("undeclared", "0303", None),
            ("keyless", None, None),
        ],
        "record string, key string, subject string",
    )
    declared = spark.createDataFrame(
        [
            ("0101", "R:trader", 0.92, "shop 1"),
            ("0101", "R:trader", 0.99, "shop 2"),
            ("0202", "R:known", 1.0, "shop 3"),
            ("0202", "R:other", 0.95, "shop 4"),
            ("0909", "R:other", 0.95, "shop 5"),
            (None, "R:other", 0.95, "shop 6"),
        ],
        "key string, subject string, probability double, by string",
    )
    found = {tuple(row) for row in records.claimants(unheld, declared).collect()}
    assert found == {("unknown", "R:trader", 0.99, "shop 2"), ("doubtful", "R:other", 0.95, "shop 4")}
