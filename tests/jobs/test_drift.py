"""Drift: what is measured of a picture, and when it is unlike those of the nights before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from jobs import drift
from jobs.drift import Measured
from jobs.settings import DriftSettings
from jobs.sources import SOURCES
from tests.jobs.pictures import NIGHT, UPDATED, picture

SETTINGS = DriftSettings()
BEFORE = NIGHT - dt.timedelta(days=1)
ROWS = 400

Change = Callable[[int], dict[str, Any]]


def good(number: int) -> dict[str, Any]:
    """Accounts of three banks, each with a holder and number of its own."""
    bank = ("970436", "970415", "970422")[number % 3]
    holder = {"holder_name": f"NGUYEN VAN {chr(65 + number % 26)}", "holder_id_number": f"0791900{number:05d}"}
    return {"bank_code": bank, "account_number": f"00{number:08d}", **holder, "_delivery_date": BEFORE}


def measured(spark: SparkSession, change: Change, before: list[Row], rows: int = ROWS) -> list[Measured]:
    frame = picture(spark, "bank_accounts", *({**good(number), **change(number)} for number in range(rows)))
    return drift.measure(SOURCES["bank_accounts"], frame, before, SETTINGS)


@pytest.fixture(scope="module")
def before(spark: SparkSession) -> list[Row]:
    """The profile of the night before, as it comes back from its table."""
    names = ("column", "measure", "rows", "figures", "distance", "limit")
    found = measured(spark, lambda number: {}, [])
    return [
        Row(business_date=BEFORE, source="bank_accounts", **{name: getattr(one, name) for name in names})
        for one in found
    ]


def test_the_first_night_has_nothing_to_be_compared_with(spark: SparkSession) -> None:
    found = measured(spark, lambda number: {}, [])
    assert not any(one.drifted or one.distance is not None for one in found)
    assert set(drift.facts(found, [], SETTINGS).values()) == {None}


def test_a_profile_holds_frequent_values_and_no_personal_ones(before: list[Row]) -> None:
    figures = {(row.column, row.measure): row.figures for row in before}
    assert figures[None, "rows"] == {"rows": ROWS}
    assert figures["bank_code", "values"] == pytest.approx({"970436": 0.335, "970415": 0.3325, "970422": 0.3325})
    assert figures["holder_id_number", "values"] == {}
    assert figures["holder_id_number", "lengths"] == {"12": 1.0}
    assert figures["holder_name", "patterns"] == {"A A A": 1.0}
    assert figures["account_number", "distinct"] == {"distinct": 1.0}
    assert ("updated_at", "values") not in figures


@pytest.mark.parametrize(
    ("name", "change", "drifted"),
    [
        ("nothing", lambda number: {}, set()),
        ("a few nulls", lambda number: {"phone": None} if number < 20 else {}, set()),
        (
            "many nulls",
            lambda number: {"phone": None} if number < 80 else {},
            {("phone", "nulls"), ("phone", "values"), ("phone", "lengths"), ("phone", "patterns")},
        ),
        (
            "zeros lost",
            lambda number: {"account_number": f"{number:d}"},
            {("account_number", "lengths")},
        ),
        ("names in small letters", lambda number: {"holder_name": "Lê Văn A"}, {("holder_name", "patterns")}),
        ("a bank is gone", lambda number: {"bank_code": "970436"}, {("bank_code", "values")}),
    ],
)
def test_what_drifts(
    spark: SparkSession, before: list[Row], name: str, change: Change, drifted: set[tuple[str, str]]
) -> None:
    found = measured(spark, change, before)
    assert {(one.column, one.measure) for one in found if one.drifted} >= drifted
    assert drift.facts(found, before, SETTINGS)["_shape_kept"] == (not drifted)


@pytest.mark.parametrize(("rows", "as_before"), [(400, True), (330, True), (310, False), (490, True), (510, False)])
def test_the_number_of_rows(spark: SparkSession, before: list[Row], rows: int, as_before: bool) -> None:
    found = measured(spark, lambda number: {}, before, rows)
    assert drift.facts(found, before, SETTINGS)["_rows_as_before"] == as_before


@pytest.mark.parametrize(
    ("delivered", "updated", "moves"),
    [
        (BEFORE, UPDATED, None),  # no new full delivery
        (NIGHT, UPDATED, False),
        (NIGHT, UPDATED + dt.timedelta(hours=1), True),
    ],
)
def test_a_new_full_delivery_brings_newer_updates(
    spark: SparkSession, before: list[Row], delivered: dt.date, updated: dt.datetime, moves: bool | None
) -> None:
    found = measured(spark, lambda number: {"_delivery_date": delivered, "updated_at": updated}, before)
    assert drift.facts(found, before, SETTINGS)["_updates_move"] is moves


def test_only_the_last_accepted_nights_of_a_source_count() -> None:
    nights = [
        Row(source=source, business_date=NIGHT - dt.timedelta(days=days), column="phone", measure="nulls")
        for source in ("sellers", "residents")
        for days in (30, 3, 2, 1)
    ]
    kept = drift.of_source(nights, "sellers", 2)
    assert [(row.source, (NIGHT - row.business_date).days) for row in kept] == [("sellers", 2), ("sellers", 1)]


@pytest.mark.parametrize(("rows", "drifted"), [(ROWS, True), (2 * ROWS, False)])
def test_how_often_values_come_again_is_told_of_samples_of_like_size(
    spark: SparkSession, before: list[Row], rows: int, drifted: bool
) -> None:
    # The more rows are looked at, the smaller is the share of values that are new.
    seldom = {"rows": rows, "figures": {"distinct": 0.2}}
    former = [Row(**{**row.asDict(), **(seldom if row.measure == "distinct" else {})}) for row in before]
    found = measured(spark, lambda number: {}, former)
    assert any(one.drifted for one in found if one.measure == "distinct") == drifted
