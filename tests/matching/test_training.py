"""A training that is laid down and read again, and two of them side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from pyspark.sql import SparkSession

from matching import subjects
from matching.comparisons import MODELS, NAME
from matching.levels import Statistics
from matching.model import Parameters, level_m, start
from matching.training import Training, from_json, shifts

COUNTRY = Statistics(
    1_000, same_accent=0.9, same_given=0.02, same_birth_year=0.016, same_house=1e-6, same_group=1e-5, deceased=0.02
)
SHARES = {"province34": {"79": 0.1}, "kind": {"resident": 0.98}}


@pytest.fixture
def training(spark: SparkSession) -> Training:
    """Every model as it starts, one of them a little moved."""
    counted = spark.createDataFrame([("name_sorted", "an", 3)], "attribute string, value string, subjects bigint")
    parameters = {kind: start(kind, 1_000) for kind in MODELS}
    parameters["shop"] = replace(parameters["shop"], m=_moved(parameters["shop"]), reuse=1 / 3, records=17)
    return Training(COUNTRY, SHARES, counted, parameters)


def _moved(parameters: Parameters, by: float = 1.7) -> Mapping[str, np.ndarray]:
    m = {name: levels.copy() for name, levels in parameters.m.items()}
    m[NAME.name][:, NAME.code("given")] *= by
    return m


def test_what_is_laid_down_is_read_again_to_the_last_bit(training: Training) -> None:
    read = from_json(training.to_json(), training.frequencies)
    assert read is not None
    assert read.to_json() == training.to_json()
    assert (read.statistics, read.shares) == (training.statistics, training.shares)
    for kind, parameters in training.parameters.items():
        found = read.parameters[kind]
        assert (found.classes, found.reuse, found.lending) == (parameters.classes, parameters.reuse, parameters.lending)
        for comparison in MODELS[kind]:
            assert (level_m(found, comparison) == level_m(parameters, comparison)).all()


def test_a_training_of_other_levels_or_models_is_none(training: Training) -> None:
    texts = training.to_json()
    shop = json.loads(texts["shop"])
    fewer = {**shop, "m": {**shop["m"], "name": [levels[1:] for levels in shop["m"]["name"]]}}
    unknown = {**shop, "m": {**shop["m"], "shoe_size": [[1.0], [1.0]]}}
    one_class = {**shop, "m": {name: levels[:1] for name, levels in shop["m"].items()}}
    assert from_json({**texts, "shop": json.dumps(one_class)}, training.frequencies) is None
    assert from_json({**texts, "shop": json.dumps(fewer)}, training.frequencies) is None
    assert from_json({**texts, "shop": json.dumps(unknown)}, training.frequencies) is None
    assert from_json({kind: text for kind, text in texts.items() if kind != "sim"}, training.frequencies) is None


def test_the_level_that_moved_farthest_stands_first(training: Training) -> None:
    before = replace(training, parameters={**training.parameters, "shop": start("shop", 1_000)})
    first, second = shifts(before, training)[:2]
    assert (first.model, first.comparison, first.level) == ("shop", "name", "given")
    assert first.bits == pytest.approx(np.log2(1.7))
    assert first.after == pytest.approx(1.7 * first.before)
    assert second.bits == 0


def test_a_name_that_nobody_bore_at_the_training_counts_as_borne_by_one(spark: SparkSession) -> None:
    schema = (
        "subject string, kind string, person_id string, cmnd string, name_clean string, name_accent string, "
        "name_key string, name_sorted string, name_sg string, company_key string, birth_date date, birth_year int, "
        "province34 string, address_key string, house_key string, household string, deceased boolean, "
        "phones array<string>"
    )

    def person(subject: str, name: str | None, province: str | None, home: str | None) -> tuple[object, ...]:
        nothing = (None,) * 4
        return (
            subject, "resident", None, None, name, name, name, name, name, None, None, None, province, None, None, home,
            False, nothing[0],
        )  # fmt: skip

    then = spark.createDataFrame(
        [
            person("a", "an", "79", "h"),
            person("b", "an", "79", "h"),
            person("c", "binh", "01", None),
            person("d", None, None, None),
        ],
        schema,
    )
    counted, shares = subjects.frequencies(then), subjects.shares(then)
    now = spark.createDataFrame([person("a", "an", "79", "h"), person("e", "chi", "48", "h")], schema)
    homes = subjects.households(now)
    rows = {row.subject: row for row in subjects.with_frequencies(now, homes, counted, shares, 4).collect()}
    assert (rows["a"].n_name, rows["a"].n_sg, rows["a"].p_province, rows["a"].p_kind) == (2, 2, 0.5, 1.0)
    assert (rows["e"].n_name, rows["e"].n_sg, rows["e"].p_province) == (1, 1, 0.25)
    assert rows["a"].household_size == 2
