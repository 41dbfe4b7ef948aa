"""What a user's blocking rule is taken for."""

from __future__ import annotations

from pyspark.sql import SparkSession

from matching.linkage.keys import user_key


def test_a_rule_names_columns_as_they_are_called_or_gives_expressions_of_them(spark: SparkSession) -> None:
    columns = "`họ và tên` string, `tên.gọi` string, town string"
    frame = spark.createDataFrame([("trần", "an", "huế"), ("trần", None, "huế")], columns)
    rules = ["họ và tên, tên.gọi", "town", "left(town, 1), upper(`tên.gọi`)"]
    keys = frame.select(*(user_key(rule, frame.columns).alias(str(i)) for i, rule in enumerate(rules))).collect()
    assert [[key is not None for key in row] for row in keys] == [[True, True, True], [False, True, False]]
