"""Normalisation, held against tables of cases: one YAML file a module, in it a table a function."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyspark.sql import Column, SparkSession
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


Results = Callable[[str], dict[str, list[Any]]]


def called(module: str, function: str, *columns: str) -> Column:
    """A function of some columns, dates as text."""
    result = getattr(MODULES[module], function)(*map(F.col, columns))
    return result.cast("string") if function == "birth_date" else result


@pytest.fixture(scope="module")
def results(spark: SparkSession) -> Results:
    """Module → its functions, each with its results on the inputs of its cases; `<function> twice`: on those results.

    All of a module in one query, for a query costs far more than its rows.
    """

    @functools.cache
    def of_module(module: str) -> dict[str, list[Any]]:
        own = {name.partition(".")[2]: cases for name, cases in CASES.items() if name.startswith(f"{module}.")}
        longest = max(map(len, own.values()))
        columns: dict[str, pa.Array] = {"row": pa.array(range(longest))}
        once, twice = {}, {}
        for function, cases in own.items():
            # Several inputs stand in a list.
            rows = [case[0] if isinstance(case[0], list) else [case[0]] for case in cases]
            given = {f"{function} of {at}": [*values] for at, values in enumerate(zip(*rows, strict=True))}
            for column, values in given.items():
                columns[column] = pa.array([*values, *[None] * (longest - len(rows))], pa.string())
            once[function] = called(module, function, *given)
            if f"{module}.{function}" in IDEMPOTENT:
                twice[f"{function} twice"] = called(module, function, function)
        frame = spark.createDataFrame(pa.table(columns)).coalesce(1).withColumns(once).withColumns(twice)
        found = frame.select("row", *once, *twice).orderBy("row").collect()
        return {name: [row[name] for row in found[: len(own[name.split()[0]])]] for name in (*once, *twice)}

    return of_module


@pytest.mark.parametrize("name", CASES)
def test_case_tables(results: Results, name: str) -> None:
    module, function = name.split(".")
    inputs = [case[0] for case in CASES[name]]
    found = [[value, result] for value, result in zip(inputs, results(module)[function], strict=True)]
    assert found == CASES[name]


@pytest.mark.parametrize("name", IDEMPOTENT)
def test_normalised_twice_is_normalised_once(results: Results, name: str) -> None:
    module, function = name.split(".")
    assert results(module)[f"{function} twice"] == results(module)[function]
