"""Weights of a pair that depend on several relations at once, on literal rows."""

import math
from typing import Any

import pytest
from pyspark.sql import SparkSession

from matching import comparisons as c
from matching import levels
from matching.comparisons import MODELS, RELATIONS
from matching.levels import RECORD, SUBJECT, Statistics, compare
from matching.records import HOLDER

MODEL = "shop"
MEMBERS = 4
COUNTRY = Statistics(
    1_000_000, same_accent=0.9, same_given=0.02, same_birth_year=0.016, same_house=1e-6, same_group=1e-5, deceased=0.02
)

_TYPES = {
    **{"r_birth_date": "date", "s_birth_date": "date", "r_birth_year": "int", "s_birth_year": "int"},
    **{"r_like_person": "boolean", "s_deceased": "boolean", "s_phones": "array<string>", "rules": "array<string>"},
    **{"s_household_size": "bigint", "s_n_name": "bigint", "s_n_sg": "bigint"},
    **{"s_p_province": "double", "s_p_kind": "double"},
}


def _log_u(spark: SparkSession, fields: dict[str, str] | None = None, **holders: tuple[str, str]) -> float:
    """Logarithm of the chance of a shop's relations and fields for a subject of a household of four."""
    relations = [comparison.name for comparison in MODELS[MODEL] if comparison in RELATIONS]
    led = {f"r_holder_{name}": holders.get(name) for name in (*relations, "masked_phone")}
    row: dict[str, Any] = {"record": "shop", "subject": "R:lan", "rules": ["id"], "s_kind": "resident"}
    row |= {"s_household": "h1", "s_household_size": MEMBERS, "s_deceased": False, "s_n_name": 3, "s_n_sg": 40}
    row |= {"s_p_province": 0.1, "s_p_kind": 0.98, **led, **{f"r_state_{name}": "missing" for name in relations}}
    row |= fields or {}
    columns = [
        "record",
        "subject",
        "rules",
        *(f"r_{name}" for name in RECORD[1:]),
        *(f"s_{name}" for name in SUBJECT[1:]),
    ]
    columns += [*led, *(f"r_state_{name}" for name in relations)]
    kinds = {name: HOLDER if name in led else _TYPES.get(name, "string") for name in columns}
    schema = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    pairs = spark.createDataFrame([tuple(row.get(name) for name in columns)], schema)
    found = compare(pairs, MODEL, COUNTRY).first()
    assert found is not None
    return float(found.log_u)


def test_a_member_of_the_household_who_helps_again_is_no_further_coincidence(spark: SparkSession) -> None:
    by_one = _log_u(spark, account=("R:long", "h1"), sim=("R:long", "h1"))
    by_two = _log_u(spark, account=("R:long", "h1"), sim=("R:ly", "h1"))
    assert by_two - by_one == pytest.approx(math.log(MEMBERS - 1))
    own = _log_u(spark, account=("R:lan", "h1"), sim=("R:lan", "h1"))
    assert own == pytest.approx(2 * -math.log(COUNTRY.subjects))


def test_an_id_but_for_one_digit_is_a_slip_where_nobody_has_it_and_a_neighbours_where_somebody_has(
    spark: SparkSession,
) -> None:
    declared = {"r_person_id": "079188000012", "s_person_id": "079188000013", "r_state_id": "unknown"}
    slip, neighbour = _log_u(spark, declared), _log_u(spark, declared, id=("R:hoa", "h2"))
    assert slip == pytest.approx(math.log(119 / 1.26e10))
    assert neighbour == pytest.approx(math.log(119 / COUNTRY.subjects))


def test_who_lives_in_one_group_of_houses_shares_the_whole_address(spark: SparkSession) -> None:
    group = "8 my duc trung dong tay ninh"
    alike = {"r_address_key": group, "s_address_key": group}
    assert _log_u(spark, alike) == pytest.approx(math.log(COUNTRY.same_group))
    # A commune is no group of houses.
    commune = {"r_address_key": "trung dong tay ninh", "s_address_key": "trung dong tay ninh"}
    assert _log_u(spark, commune) > math.log(0.1)


def test_where_all_subjects_are_alike_a_record_that_differs_has_a_probability_all_the_same(spark: SparkSession) -> None:
    for comparison, share, chance in (
        (c.PROVINCE, "s_p_province", levels._chance_province),
        (c.KIND, "s_p_kind", levels._chance_kind),
    ):
        row = (comparison.code("different"), 1.0)
        frame = spark.createDataFrame([row], f"g_{comparison.name} int, {share} double")
        (u,) = frame.select(chance(Statistics(5, 1.0, 0.1, 0.1, 0.1, 0.1, 0.0))).first() or (0.0,)
        assert u == pytest.approx(1 / 5)
