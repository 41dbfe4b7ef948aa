"""Building blocks of Column expressions."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from jobs import masking
from matching import identifiers, names
from matching.expressions import literals


def test_a_literal_array_holds_its_values_to_the_letter(spark: SparkSession) -> None:
    texts = ["Cao Bằng", "it's", 'a "b"', "back\\slash", "two\nlines", "$1 {x} ;", ""]
    numbers = [0.1, -1 / 3, 1e-300, 5e15, 0.0, -math.inf]
    row = spark.range(1).select(literals(texts).alias("texts"), literals(numbers).alias("numbers")).first()
    assert row is not None
    assert (row.texts, row.numbers) == (texts, numbers)


LONG: dict[str, tuple[Callable[[Column], Column], str]] = {
    "legal forms first": (names.company_key, "cong ty " * 3_000),
    "legal forms last": (names.company_key, "a" + " co ltd" * 3_000),
    "shop words": (names.person_in_text, "Shop " * 3_000),
    "shop words, folded": (names.person_in_shop_name, "shop " * 8_000),
    "a mask": (identifiers.kind, "0" + "**1" * 4_000),
    "what a mask shows": (identifiers.mask_suffix, "0" + "**1" * 4_000),
    "a number": (masking.free_name, "1" * 20_000),
}


@pytest.mark.parametrize(("expression", "text"), LONG.values(), ids=list(LONG))
def test_a_text_of_any_length_ends_no_night(
    spark: SparkSession, expression: Callable[[Column], Column], text: str
) -> None:
    """Java's regular expressions call themselves once a repetition of a group, until the stack ends."""
    frame = spark.createDataFrame([(text,)], "c string")
    assert len(frame.select(expression(F.col("c"))).collect()) == 1
