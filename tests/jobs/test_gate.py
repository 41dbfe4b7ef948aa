"""What the gate lets through, what it stops, and the scores that it gives."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.errors import NightFailed
from jobs.gate import judge
from jobs.outcomes import Score, Verdict
from jobs.silver import normalise
from jobs.sources import SOURCES
from tests.jobs.pictures import NIGHT, picture

REFERENCED = ("residents", "taxpayers", "bank_accounts", "sellers")


@pytest.fixture(scope="module")
def silver(spark: SparkSession) -> dict[str, DataFrame]:
    """Silver tables that hold the good row of every source that others refer to."""
    return {name: normalise(name, picture(spark, name, {})).persist() for name in REFERENCED}


def judged(frame: DataFrame, source: str, references: dict[str, DataFrame] | None = None) -> Verdict:
    return judge(SOURCES[source], frame, references or {}, NIGHT)


def score(verdict: Verdict, dimension: str) -> Score:
    return next(score for score in verdict.scores if score.dimension == dimension)


@pytest.mark.parametrize("source", SOURCES)
def test_a_flawless_picture_passes_in_all_four_dimensions(
    spark: SparkSession, silver: dict[str, DataFrame], source: str
) -> None:
    verdict = judged(picture(spark, source, {}), source, silver)

    assert verdict.passed
    assert verdict.reason == ""
    assert [score.dimension for score in verdict.scores] == ["dung", "du", "sach", "song"]
    for found in verdict.scores:
        assert (found.score, found.rows, found.failed_rows, found.gate, found.top_failures) == (1.0, 1, 0, "pass", "")


@pytest.mark.parametrize(
    ("source", "changes", "reason"),
    [
        ("residents", ({}, {"personal_id": None}), "Số định danh phải có: 1/2 dòng không đạt"),
        ("residents", ({}, {}, {}), "Số định danh không được trùng: 3/3 dòng không đạt"),
        ("taxpayers", ({}, {}), "Mã số thuế không được trùng: 2/2 dòng không đạt"),
        ("sellers", (), "Bảng phải có dữ liệu: 1/1 dòng không đạt"),
    ],
)
def test_a_broken_identity_key_or_an_empty_picture_stops_the_source(
    spark: SparkSession, source: str, changes: tuple[dict[str, Any], ...], reason: str
) -> None:
    verdict = judged(picture(spark, source, *changes), source)

    assert not verdict.passed
    assert verdict.reason == reason
    assert "fail" in {found.gate for found in verdict.scores}


def test_forms_check_digits_and_references_colour_the_score_and_stop_nothing(
    spark: SparkSession, silver: dict[str, DataFrame]
) -> None:
    rows = (
        {},
        {"tax_code": "0100233489"},  # check digit
        {"tax_code": "12345"},  # form, and no check digit either
        {"tax_code": "0312345678-888", "id_number": "079190999999"},  # a resident whom nobody knows; check digit
        {"tax_code": "079190000011", "status": "77", "phone": "abc"},
    )
    verdict = judged(picture(spark, "taxpayers", *rows), "taxpayers", silver)

    assert verdict.passed
    assert verdict.reason == ""
    truth = score(verdict, "dung")
    assert (truth.gate, truth.failed_rows) == ("warn", 3)
    assert truth.top_failures.startswith("Mã số thuế phải đúng chữ số kiểm tra: 3/5 dòng không đạt; ")
    assert "Số định danh phải có trong CSDLQG về dân cư: 1/5 dòng không đạt" in truth.top_failures
    clean = score(verdict, "sach")
    assert clean.gate == "warn"
    assert "Trạng thái mã số thuế phải thuộc danh mục: 1/5 dòng không đạt" in clean.top_failures


def test_score_is_the_share_of_judgements_that_hold(spark: SparkSession) -> None:
    verdict = judged(picture(spark, "seller_sales", {}, {"period": "2026-09", "order_count": None}), "seller_sales")

    # Three fields must be there in two rows, and that the table has rows at all counts for both of them.
    complete = score(verdict, "du")
    assert complete.score == pytest.approx(7 / 8)
    assert (complete.rows, complete.failed_rows, complete.gate) == (2, 1, "warn")
    assert complete.top_failures == "Số đơn hàng phải có: 1/2 dòng không đạt"


def test_values_appear_in_no_verdict(spark: SparkSession) -> None:
    verdict = judged(picture(spark, "residents", {"full_name": None, "old_id_number": "987"}, {}), "residents")

    told = verdict.reason + "".join(found.top_failures for found in verdict.scores)
    told += "".join(found.result for found in verdict.findings)
    assert "079190000011" not in told
    assert "987" not in told


def test_a_reference_to_a_source_that_is_not_there_is_held_against_no_one(
    spark: SparkSession, silver: dict[str, DataFrame]
) -> None:
    orphans = picture(spark, "seller_sales", {"shop_id": "nobody"})

    assert score(judged(orphans, "seller_sales"), "dung").gate == "pass"
    found = score(judged(orphans, "seller_sales", silver), "dung")
    assert (found.gate, found.top_failures) == (
        "warn",
        "Gian hàng phải có trong danh sách gian hàng: 1/1 dòng không đạt",
    )


def test_sex_and_birth_year_are_held_against_the_personal_id(spark: SparkSession) -> None:
    rows = (
        {},
        {"personal_id": "079190000012", "gender": "M"},
        {"personal_id": "079190000013", "date_of_birth": "1991-00-00"},
        {"personal_id": "079305000014", "date_of_birth": "2005-01-31"},
        {"personal_id": "079190000015", "date_of_birth": None},
    )
    found = score(judged(picture(spark, "residents", *rows), "residents"), "dung")
    assert "Năm sinh và giới tính phải khớp số định danh: 2/4 dòng không đạt" in found.top_failures


def test_the_business_date_is_the_only_today(spark: SparkSession) -> None:
    frame = picture(spark, "sellers", {})

    def gate_on(day: dt.date, dimension: str) -> str:
        return score(judge(SOURCES["sellers"], frame, {}, day), dimension).gate

    assert gate_on(dt.date(2026, 11, 21), "song") == "pass"
    assert gate_on(dt.date(2026, 11, 22), "song") == "warn"
    assert gate_on(dt.date(2026, 11, 12), "dung") == "warn"


def test_an_expectation_that_cannot_be_evaluated_ends_the_night_in_one_line(spark: SparkSession) -> None:
    with pytest.raises(NightFailed, match=r"^gate of sellers: \w+ could not be evaluated$"):
        judged(picture(spark, "sellers", {}).drop("shop_name"), "sellers")
