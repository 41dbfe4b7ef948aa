"""Identifiers and phones against other people's libraries, on numbers drawn with a fixed seed."""

import random

import phonenumbers
import pyarrow as pa
import stdnum.exceptions
import stdnum.vn.mst
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from matching import identifiers, phones

MOBILE = phonenumbers.PhoneNumberType.MOBILE


def table(spark: SparkSession, values: list[str], result: Column) -> dict[str, object]:
    """Value to result of an expression of column `c`."""
    frame = spark.createDataFrame(pa.table({"c": values})).select("c", result.alias("result"))
    return {row.c: row.result for row in frame.collect()}


def issued(code: str) -> bool:
    """Whether python-stdnum finds a tax code well-formed."""
    try:
        stdnum.vn.mst.validate(code)
    except stdnum.exceptions.ValidationError:
        return False
    return True


def test_tax_code_grade_agrees_with_stdnum(spark: SparkSession) -> None:
    draw = random.Random(18)
    codes = [f"{draw.randrange(10**10):010d}" for _ in range(2000)]
    codes += [f"{code}-{draw.randrange(1000):03d}" for code in codes[:500]] + [
        "0100233488",
        "0000000000",
        "0100233488-000",
    ]
    found = table(spark, codes, identifiers.tax_code_grade(F.col("c")))
    assert {code: grade == "ok" for code, grade in found.items()} == {code: issued(code) for code in codes}


def test_mobile_prefixes_agree_with_phonenumbers(spark: SparkSession) -> None:
    numbers = [f"0{head:03d}345678" for head in range(300, 1000)]
    found = table(spark, numbers, phones.phone_grade(F.col("c")))
    known = {n[:3] for n in numbers if phonenumbers.number_type(phonenumbers.parse(n, "VN")) == MOBILE}
    # phonenumbers lists four prefixes more than are in use.
    assert {n[:3] for n, grade in found.items() if grade == "ok"} == known - {"030", "031", "051", "095"}


def test_every_written_form_of_a_mobile_is_one_number(spark: SparkSession) -> None:
    number = phonenumbers.parse("0912345678", "VN")
    formats = phonenumbers.PhoneNumberFormat
    forms = [
        phonenumbers.format_number(number, form) for form in (formats.E164, formats.INTERNATIONAL, formats.NATIONAL)
    ]
    assert set(table(spark, forms, phones.phone(F.col("c"))).values()) == {"0912345678"}


def test_one_edit_variants_are_those_that_is_one_edit_accepts(spark: SparkSession) -> None:
    found = table(spark, ["079090001234", "024567891", "11"], identifiers.one_edit_variants(F.col("c")))
    for code, variants in found.items():
        swaps = sum(left != right for left, right in zip(code, code[1:], strict=False))
        assert len(set(variants)) == len(variants) == 9 * len(code) + swaps
        assert code not in variants
    pairs = spark.createDataFrame(list(found.items()), "l string, v array<string>").select(
        "l", F.explode("v").alias("r")
    )
    assert pairs.filter(identifiers.is_one_edit(F.col("l"), F.col("r"))).count() == pairs.count()
