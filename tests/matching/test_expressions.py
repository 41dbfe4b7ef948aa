"""Building blocks of Column expressions."""

from __future__ import annotations

import math

from pyspark.sql import SparkSession

from matching.expressions import literals


def test_a_literal_array_holds_its_values_to_the_letter(spark: SparkSession) -> None:
    texts = ["Cao Bằng", "it's", 'a "b"', "back\\slash", "two\nlines", "$1 {x} ;", ""]
    numbers = [0.1, -1 / 3, 1e-300, 5e15, 0.0, -math.inf]
    row = spark.range(1).select(literals(texts).alias("texts"), literals(numbers).alias("numbers")).first()
    assert row is not None
    assert (row.texts, row.numbers) == (texts, numbers)
