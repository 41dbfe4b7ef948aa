"""Records of the engine: what of a row's texts is taken for a value."""

from __future__ import annotations

from pyspark.sql import SparkSession

from matching.linkage.records import known
from matching.text import LONGEST


def test_words_for_nothing_known_are_null(spark: SparkSession) -> None:
    nothing = ["unknown", " Unknown ", "N/A", "#N/A", "nan", "NaN", "None", "NULL", "<NA>", "NA", "Không rõ", "CHƯA RÕ"]
    values = ["na", "Na", "Nan", "NAN", "Null", "none", "Nat", "Nil", "Unknown Street", "missing", "other", "0", "-"]
    schema = "id string, c0 string"
    rows = spark.createDataFrame([(str(at), text) for at, text in enumerate([*nothing, None, *values])], schema)
    found = [row["c0"] for row in known(rows, {"a": "text"}).orderBy(rows["id"].cast("int")).collect()]
    assert found == [None] * (len(nothing) + 1) + values


def test_what_children_are_called_before_they_have_a_name_is_none(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [("Baby Boy", "baby boy"), ("Unknown", "n/a"), ("Lan", "baby")], "c0 string, c1 string"
    )
    found = [tuple(row) for row in known(rows, {"given": "given_name", "item": "text"}).collect()]
    assert found == [(None, "baby boy"), (None, None), ("Lan", "baby")]


def test_of_a_text_that_nobody_could_read_the_beginning_is_taken(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("ă" * LONGEST + "b" * 100_000,), ("ă" * LONGEST,)], "c0 string")
    assert [row["c0"] for row in known(rows, {"note": "text"}).collect()] == ["ă" * LONGEST] * 2
