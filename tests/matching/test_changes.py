"""What has changed of a table, and which records that reaches."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from matching import changes

SCHEMA = "record string, phone string, code string"


def rows(frame: DataFrame) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in frame.collect()), key=str)


def test_a_key_has_moved_where_its_rows_are_not_the_same(spark: SparkSession) -> None:
    then = spark.createDataFrame(
        [("same", "1", None), ("twice", "1", "a"), ("twice", "2", "a"), ("gone", "1", "a"), ("swapped", "1", None)],
        SCHEMA,
    )
    now = spark.createDataFrame(
        [("same", "1", None), ("twice", "2", "a"), ("twice", "3", "a"), ("new", "1", "a"), ("swapped", None, "1")],
        SCHEMA,
    )
    moved = changes.moved(now, then, "record")
    assert rows(moved) == rows(
        spark.createDataFrame(
            [
                *[("gone", "1", "a", False), ("new", "1", "a", True)],
                *[("swapped", "1", None, False), ("swapped", None, "1", True)],
                *[("twice", "1", "a", False), ("twice", "2", "a", False)],
                *[("twice", "2", "a", True), ("twice", "3", "a", True)],
            ],
            f"{SCHEMA}, is_now boolean",
        )
    )
    assert rows(changes.differing(now, then, "record")) == [("gone",), ("new",), ("swapped",), ("twice",)]


def test_a_row_more_of_a_kind_has_moved_too(spark: SparkSession) -> None:
    once, twice = (spark.createDataFrame([("a", "1", None)] * count, SCHEMA) for count in (1, 2))
    assert {row.record for row in changes.moved(twice, once, "record").collect()} == {"a"}


def test_records_are_reached_by_keys_of_their_kind_alone(spark: SparkSession) -> None:
    records = spark.createDataFrame([("by_phone", "1", "9"), ("by_code", "2", "7"), ("by_none", "7", None)], SCHEMA)
    changed = spark.createDataFrame([("1", "7"), (None, None)], "phone string, code string")
    keys = [changes.keys("phone", (changed, F.col("phone"))), changes.keys("code", (changed, F.col("code")))]
    asks = {"phone": F.array("phone"), "code": F.array("code")}
    assert rows(changes.reached(records, asks, keys)) == [("by_code",), ("by_phone",)]
