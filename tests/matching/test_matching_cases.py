"""Normalisation, held against tables of cases: one YAML file a module, in it a table a function."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from matching import dates, identifiers, names, phones, places, text

MODULES = {"text": text, "names": names, "identifiers": identifiers, "phones": phones, "dates": dates, "places": places}
CASES = {
    f"{name}.{function}": cases
    for name in MODULES
    for function, cases in yaml.safe_load((Path(__file__).parent / "cases" / f"{name}.yaml").read_text("utf-8")).items()
}
IDEMPOTENT = [
    *("text.nfc", "text.fold", "text.accent_key", "text.repair", "names.person_key", "names.sorted_words"),
    *(
        "names.company_key",
        "names.person_in_text",
        "identifiers.personal_id",
        "identifiers.cmnd",
        "identifiers.tax_code",
    ),
    *("identifiers.passport", "identifiers.account_number", "phones.phone", "dates.birth_date", "places.address_key"),
]


def applied(spark: SparkSession, name: str, inputs: list[Any]) -> list[Any]:
    """Results of a function on each input (a list where it takes several), dates as text."""
    module, function = name.split(".")
    rows = [tuple(x) if isinstance(x, list) else (x,) for x in inputs]
    columns = {f"c{at}": pa.array(values, pa.string()) for at, values in enumerate(zip(*rows, strict=True))}
    frame = spark.createDataFrame(pa.table({"row": pa.array(range(len(rows))), **columns})).coalesce(1)
    result = getattr(MODULES[module], function)(*map(F.col, columns))
    result = result.cast("string") if name == "dates.birth_date" else result
    return [row.result for row in frame.select("row", result.alias("result")).orderBy("row").collect()]


@pytest.mark.parametrize("name", CASES)
def test_case_tables(spark: SparkSession, name: str) -> None:
    inputs = [case[0] for case in CASES[name]]
    found = [[value, result] for value, result in zip(inputs, applied(spark, name, inputs), strict=True)]
    assert found == CASES[name]


@pytest.mark.parametrize("name", IDEMPOTENT)
def test_normalised_twice_is_normalised_once(spark: SparkSession, name: str) -> None:
    once = applied(spark, name, [case[0] for case in CASES[name]])
    assert applied(spark, name, once) == once
