"""Parties that merge and split from one night to the next."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from jobs import party_events

NIGHT = dt.date(2026, 11, 20)
KEY = "a key of the tests"
LINKS = pa.schema([(name, pa.string()) for name in ("platform", "shop_id", "personal_id", "tax_code", "decision")])

Links = dict[str, tuple[str | None, str | None, str]]


def links(spark: SparkSession, shops: Links) -> DataFrame:
    rows = [("san_a", shop, *of_shop) for shop, of_shop in shops.items()]
    return spark.createDataFrame(
        pa.Table.from_pylist([dict(zip(LINKS.names, row, strict=True)) for row in rows], LINKS)
    )


def person(number: str, decision: str = "link") -> tuple[str | None, str | None, str]:
    return number, None, decision


NOBODY = (None, None, "none")


# Shops before and now → what becomes of which shop.
CASES: list[tuple[Links, Links, dict[str, str]]] = [
    ({"a": person("1"), "b": person("1")}, {"a": person("1"), "b": person("1")}, {}),
    ({"a": NOBODY}, {"a": person("1")}, {"a": "merged"}),
    ({"a": person("1"), "b": person("1")}, {"a": person("1"), "b": NOBODY}, {"b": "split"}),
    # Though it was its only one.
    ({"a": person("1")}, {"a": NOBODY}, {"a": "split"}),
    ({"a": person("1"), "b": person("2")}, {"a": person("1"), "b": person("1")}, {"b": "merged"}),
    ({"a": person("1"), "b": person("1")}, {"a": person("2"), "b": person("1")}, {"a": "split"}),
    ({"a": (None, "0100233488", "link")}, {"a": person("1")}, {"a": "merged"}),
    # Whoever is in review owns nothing yet.
    ({"a": person("1", "review")}, {"a": person("2", "review")}, {}),
    ({"a": person("1")}, {"b": person("1")}, {}),
]


def of_all_cases(side: int) -> Links:
    """Shops of all cases before (0) or now (1): with their owners, each called after the case that it is of."""
    return {
        f"{number}{shop}": (person_id and f"{number}-{person_id}", code and f"{number}-{code}", decision)
        for number, case in enumerate(CASES)
        for shop, (person_id, code, decision) in case[side].items()
    }


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> list[Row]:
    """What becomes of the shops of all cases in one night."""
    return party_events.events(links(spark, of_all_cases(0)), links(spark, of_all_cases(1)), KEY, NIGHT).collect()


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_shop_that_changes_hands_is_an_event(found: list[Row], number: int) -> None:
    own = [row for row in found if row.shop_id.startswith(str(number))]
    assert {row.shop_id[1:]: row.event for row in own} == CASES[number][2]
    assert all(row.business_date == NIGHT and row.from_party_key != row.to_party_key for row in own)


def test_events_name_the_keys_of_the_parties(spark: SparkSession) -> None:
    went = {"a": person("1"), "b": person("2")}
    (moved,) = party_events.events(
        links(spark, went), links(spark, {"a": person("1"), "b": person("1")}), KEY, NIGHT
    ).collect()
    (back,) = party_events.events(
        links(spark, {"b": person("1")}), links(spark, {"b": person("2")}), KEY, NIGHT
    ).collect()
    assert (moved.from_party_key, moved.to_party_key) == (back.to_party_key, back.from_party_key)
