"""Drift: what is measured of a picture, and when it is unlike those of the nights before."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Literal

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


def measured(spark: SparkSession, change: Change, before: list[Row]) -> list[Measured]:
    frame = picture(spark, "bank_accounts", *({**good(number), **change(number)} for number in range(ROWS)))
    return drift.measure(SOURCES["bank_accounts"], frame, before, SETTINGS)


@pytest.fixture(scope="module")
def first(spark: SparkSession) -> list[Measured]:
    """What the first night measures."""
    return measured(spark, lambda number: {}, [])


@pytest.fixture(scope="module")
def before(first: list[Measured]) -> list[Row]:
    """The profile of the night before, as it comes back from its table."""
    names = ("column", "measure", "rows", "figures", "distance", "limit")
    return [
        Row(business_date=BEFORE, source="bank_accounts", **{name: getattr(one, name) for name in names})
        for one in first
    ]


def test_the_first_night_has_nothing_to_be_compared_with(first: list[Measured]) -> None:
    assert not any(one.drifted or one.distance is not None for one in first)
    assert set(drift.facts(first, [], SETTINGS).values()) == {None}


def test_a_profile_holds_frequent_values_and_no_personal_ones(before: list[Row]) -> None:
    figures = {(row.column, row.measure): row.figures for row in before}
    assert figures[None, "rows"] == {"rows": ROWS}
    assert figures["bank_code", "values"] == pytest.approx({"970436": 0.335, "970415": 0.3325, "970422": 0.3325})
    assert figures["holder_id_number", "values"] == {}
    assert figures["holder_id_number", "lengths"] == {"12": 1.0}
    assert figures["holder_name", "patterns"] == {"A A A": 1.0}
    assert figures["account_number", "distinct"] == {"distinct": 1.0}
    assert ("updated_at", "values") not in figures


def test_a_few_nulls_are_no_drift(spark: SparkSession, before: list[Row]) -> None:
    found = measured(spark, lambda number: {"phone": None} if number < 20 else {}, before)
    assert not any(one.drifted for one in found)
    facts = {"_rows_as_before": True, "_shape_kept": True, "_updates_move": None}
    assert drift.facts(found, before, SETTINGS) == facts


# Column → what is done to it, and the measures that show it: many nulls, zeros lost, small letters, a bank gone.
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "phone": (lambda number: {"phone": None} if number < 80 else {}, {"nulls", "values", "lengths", "patterns"}),
    "account_number": (lambda number: {"account_number": f"{number:d}"}, {"lengths"}),
    "holder_name": (lambda number: {"holder_name": "Lê Văn A"}, {"patterns"}),
    "bank_code": (lambda number: {"bank_code": "970436"}, {"values"}),
}


@pytest.fixture(scope="module")
def changed(spark: SparkSession, before: list[Row]) -> list[Measured]:
    """A picture with all of them at once, for each column is measured by itself."""

    def all_of_them(number: int) -> dict[str, Any]:
        return {name: value for change, _ in CHANGES.values() for name, value in change(number).items()}

    return measured(spark, all_of_them, before)


@pytest.mark.parametrize("column", CHANGES)
def test_what_drifts(changed: list[Measured], before: list[Row], column: str) -> None:
    own = [one for one in changed if one.column in (column, None)]
    assert {one.measure for one in own if one.drifted} >= CHANGES[column][1]
    assert drift.facts(own, before, SETTINGS)["_shape_kept"] is False


def test_a_column_that_nothing_is_done_to_does_not_drift(changed: list[Measured]) -> None:
    assert {one.column for one in changed if one.drifted} == set(CHANGES)


def whole(**figures: float) -> list[Measured]:
    """Measures of a picture as a whole."""
    return [Measured(None, name, ROWS, {name: figure}) for name, figure in figures.items()]


@pytest.mark.parametrize(("rows", "as_before"), [(400, True), (330, True), (310, False), (490, True), (510, False)])
def test_the_number_of_rows(before: list[Row], rows: int, as_before: bool) -> None:
    assert drift.facts(whole(rows=rows), before, SETTINGS)["_rows_as_before"] is as_before


@pytest.mark.parametrize(
    ("delivered", "updated", "moves"),
    [
        (BEFORE, UPDATED, None),  # no new full delivery
        (NIGHT, UPDATED, False),
        (NIGHT, UPDATED + dt.timedelta(hours=1), True),
    ],
)
def test_a_new_full_delivery_brings_newer_updates(
    before: list[Row], delivered: dt.date, updated: dt.datetime, moves: bool | None
) -> None:
    days = (delivered - dt.date(1970, 1, 1)).days
    found = whole(rows=ROWS, newest_update=updated.timestamp(), oldest_delivery=days)
    assert drift.facts(found, before, SETTINGS)["_updates_move"] is moves


def test_the_newest_update_and_the_oldest_delivery_are_measured(spark: SparkSession, before: list[Row]) -> None:
    newer = {"_delivery_date": NIGHT, "updated_at": UPDATED + dt.timedelta(hours=1)}
    found = measured(spark, lambda number: newer, before)
    assert drift.facts(found, before, SETTINGS)["_updates_move"] is True


def test_only_the_last_accepted_nights_of_a_source_count() -> None:
    nights = [
        Row(source=source, business_date=NIGHT - dt.timedelta(days=days), column="phone", measure="nulls")
        for source in ("sellers", "residents")
        for days in (30, 3, 2, 1)
    ]
    kept = drift.of_source(nights, "sellers", 2)
    assert [(row.source, (NIGHT - row.business_date).days) for row in kept] == [("sellers", 2), ("sellers", 1)]


def test_how_often_values_come_again_is_told_of_samples_of_like_size(spark: SparkSession, before: list[Row]) -> None:
    # The more rows are looked at, the smaller is the share of values that are new.
    seldom = {"account_number": ROWS, "holder_id_number": 2 * ROWS}
    former = [
        Row(**{**row.asDict(), "rows": seldom[row.column], "figures": {"distinct": 0.2}})
        if row.measure == "distinct" and row.column in seldom
        else row
        for row in before
    ]
    found = measured(spark, lambda number: {}, former)
    assert [one.column for one in found if one.measure == "distinct" and one.drifted] == ["account_number"]


def test_a_text_is_the_same_in_composed_letters_and_with_marks_beside_them(spark: SparkSession) -> None:
    def figures(form: Literal["NFC", "NFD"]) -> list[Mapping[str, float]]:
        """What is measured of one name in this form."""
        name = unicodedata.normalize(form, "Nguyễn Thị Hồng")
        found = measured(spark, lambda number: {"holder_name": name}, [])
        return [one.figures for one in found if one.column == "holder_name"]

    assert figures("NFC") == figures("NFD")
