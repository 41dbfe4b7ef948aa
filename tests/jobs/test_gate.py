"""What the gate lets through, what it stops, and the scores that it gives."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from expectations import SUITES
from expectations.derived import KEY, derive
from jobs import gate
from jobs.errors import NightFailed
from jobs.gate import Asked
from jobs.outcomes import Judged, Score, Verdict
from jobs.settings import GateSettings
from jobs.silver import normalise
from jobs.sources import SOURCES
from tests.jobs.pictures import NIGHT, picture

REFERENCED = ("residents", "taxpayers", "bank_accounts", "sellers")


@pytest.fixture(scope="module")
def silver(spark: SparkSession) -> dict[str, DataFrame]:
    """Silver tables that hold the good row of every source that others refer to."""
    return {name: normalise(name, picture(spark, name, {})).persist() for name in REFERENCED}


def judge(
    frame: DataFrame,
    source: str,
    references: dict[str, DataFrame] | None = None,
    *,
    business_date: dt.date = NIGHT,
    produced_after: float | None = None,
    settings: GateSettings | None = None,
) -> Judged:
    asked = Asked(business_date, references or {}, (), produced_after, settings or GateSettings())
    return gate.judge(SOURCES[source], normalise(source, frame).persist(), asked, DataFrame.persist)


def judged(frame: DataFrame, source: str, references: dict[str, DataFrame] | None = None) -> Verdict:
    return judge(frame, source, references).verdict


def score(verdict: Verdict, dimension: str) -> Score:
    return next(score for score in verdict.scores if score.dimension == dimension)


@pytest.mark.parametrize("source", ["sellers", "seller_sales"])
def test_a_flawless_picture_passes_in_all_four_dimensions(
    spark: SparkSession, silver: dict[str, DataFrame], source: str
) -> None:
    verdict = judged(picture(spark, source, {}), source, silver)

    assert (verdict.answer, verdict.reason) == ("pass", "")
    assert [score.dimension for score in verdict.scores] == ["dung", "du", "sach", "song"]
    for found in verdict.scores:
        assert (found.score, found.rows, found.failed_rows, found.gate, found.top_failures) == (1.0, 1, 0, "pass", "")


@pytest.mark.parametrize(
    ("source", "changes", "reason"),
    [
        ("residents", ({}, {"personal_id": None}), "Số định danh phải có: 1/2 dòng không đạt"),
        ("residents", ({}, {}, {}), "Số định danh không được trùng: 3/3 dòng không đạt"),
        ("taxpayers", ({}, {}), "Mã số thuế không được trùng: 2/2 dòng không đạt"),
        ("declarations", (), "Bảng phải có dữ liệu: 1/1 dòng không đạt"),
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
    apart = [{"address": f"Số {number}, phố Huế, Hà Nội", "province_code": "01"} for number in range(len(rows))]
    told = [{**place, **row} for place, row in zip(apart, rows, strict=True)]
    verdict = judged(picture(spark, "taxpayers", *told), "taxpayers", silver)

    assert verdict.answer == "warn"
    assert verdict.reason.startswith("Mã số thuế phải gồm 10, 10-3 hoặc 12 chữ số: 1/5 dòng không đạt; ")
    truth = score(verdict, "dung")
    assert (truth.gate, truth.failed_rows) == ("warn", 3)
    assert truth.top_failures.startswith("Mã số thuế phải đúng chữ số kiểm tra: 3/5 dòng không đạt; ")
    assert "Số định danh phải có trong CSDLQG về dân cư: 1/5 dòng không đạt" in truth.top_failures
    clean = score(verdict, "sach")
    assert clean.gate == "warn"
    assert "Trạng thái mã số thuế phải thuộc danh mục: 1/5 dòng không đạt" in clean.top_failures


def test_a_province_code_is_held_against_the_address(spark: SparkSession) -> None:
    elsewhere = ("Hà Tĩnh", "Hải Dương", "tỉnh Bình Định")
    rows = [
        {"personal_id": f"07919000001{number}", "permanent_address": f"Số {number}, phố Lê Lợi, {province}"}
        for number, province in enumerate(elsewhere, start=2)
    ]
    told = score(judged(picture(spark, "residents", {}, *rows), "residents"), "dung").top_failures
    assert "Mã tỉnh phải là tỉnh ghi trong địa chỉ: 3/4 dòng không đạt" in told


def test_score_is_the_share_of_judgements_that_hold(spark: SparkSession) -> None:
    verdict = judged(picture(spark, "seller_sales", {}, {"period": "2026-09", "order_count": None}), "seller_sales")

    # One field must be there in two rows. That the table has rows, no month is missing and every platform reports
    # counts for both of them; of the number of rows nothing can be said on a first night.
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


def test_a_row_bears_the_codes_of_the_rules_that_it_breaks_and_the_counts_agree(
    spark: SparkSession, silver: dict[str, DataFrame]
) -> None:
    rows = (
        {},
        {"msisdn": "0912345679", "id_number": "023456789", "subscriber_name": "test"},
        {"msisdn": "0912345670", "date_of_birth": "1991-05-20"},
        {"msisdn": "0912345671", "activated_on": dt.date(2020, 1, 1), "subscriber_name": None},
        {"msisdn": "84912345671", "activated_on": dt.date(2024, 1, 1), "id_number": "079190999999"},
    )
    found = judge(picture(spark, "telecom_subscribers", *rows), "telecom_subscribers", silver)

    assert found.broken is not None
    broken = {row.record_key: row.rules for row in found.broken.collect()}
    assert broken == {
        "0912345679|2024-03-01": ["subscriber_name.real_name", "document_current"],
        "0912345670|2024-03-01": ["three_fields"],
        "0912345671|2020-01-01": ["subscriber_name.present", "number_current"],
        "84912345671|2024-01-01": ["resident_exists"],
    }
    counted = Counter(rule for rules in broken.values() for rule in rules)
    assert {finding.rule: finding.failed for finding in found.verdict.findings if finding.failed} == counted


def test_an_account_in_use_is_of_a_living_person_of_that_name(spark: SparkSession) -> None:
    people = (
        {"personal_id": "079190000011", "status": "deceased"},
        {"personal_id": "079190000012", "full_name": "Trần Văn Bình"},
    )
    residents = {"residents": normalise("residents", picture(spark, "residents", *people)).persist()}
    rows = (
        {"account_number": "1111"},
        {"account_number": "2222", "status": "closed"},
        {"account_number": "3333", "holder_id_number": "079190000012"},
        {"account_number": "4444", "holder_id_number": "079190000012", "holder_name": "BINH TRAN VAN"},
    )
    found = judge(picture(spark, "bank_accounts", *rows), "bank_accounts", residents)

    assert found.broken is not None
    broken = {row.record_key.partition("|")[2]: row.rules for row in found.broken.collect()}
    assert broken == {"1111": ["holder_alive"], "3333": ["holder_agrees"]}


@pytest.fixture(scope="module")
def undated(spark: SparkSession) -> Verdict:
    """What becomes of a declaration without its date where warnings hold a source back."""
    settings = GateSettings.model_validate({"policy": {"declarations": {"warning": "hold"}}})
    return judge(picture(spark, "declarations", {"filed_on": None}), "declarations", settings=settings).verdict


def test_a_picture_is_judged_by_the_settings_that_are_asked_for(undated: Verdict) -> None:
    assert undated.answer == "hold"


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        ({}, "warn"),
        ({"declarations": {"warning": "pass"}}, "pass"),
        ({"declarations": {"warning": "hold"}}, "hold"),
        ({"residents": {"warning": "hold"}}, "warn"),
        ({"declarations": {"warning": "stop"}}, "stop"),
    ],
)
def test_what_is_done_about_a_broken_rule_is_a_setting(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, undated: Verdict, policy: dict[str, Any], answer: str
) -> None:
    # No policy changes what is found.
    monkeypatch.setattr(gate, "examine", lambda name, frame: undated.findings)
    verdict = gate.audit("declarations", spark.range(1), GateSettings.model_validate({"policy": policy}))

    assert verdict.answer == answer
    assert verdict.passed == (answer in ("pass", "warn"))
    assert ("Ngày nộp tờ khai phải có: 1/1 dòng không đạt" in verdict.reason) == (answer != "pass")


@pytest.mark.parametrize(("hours", "in_time"), [(None, True), (0.5, True), (36.0, True), (36.5, False)])
def test_a_delivery_is_produced_by_the_agreed_hour(hours: float | None, in_time: bool) -> None:
    assert gate.in_time("bank_inflows", hours, GateSettings()) == in_time


@pytest.mark.parametrize(("hours", "gate"), [(36.0, "pass"), (36.5, "warn")])
def test_a_late_delivery_colours_the_score(spark: SparkSession, hours: float, gate: str) -> None:
    verdict = judge(picture(spark, "bank_inflows", {}), "bank_inflows", produced_after=hours).verdict
    assert score(verdict, "song").gate == gate


def test_a_suite_costs_as_many_jobs_however_many_rules_it_has(spark: SparkSession) -> None:
    context = spark.sparkContext
    jobs = {}
    for source in ("declarations", "sellers"):
        derived = derive(source, normalise(source, picture(spark, source, {})), {}, NIGHT, DataFrame.persist)
        asked = {str(expectation.configuration.kwargs.get("column", KEY)) for expectation in SUITES[source]()}
        facts = {name: F.lit(True) for name in asked - set(derived.columns)}
        frame = derived.withColumns(facts).persist()
        frame.count()
        context.setJobGroup(source, source)
        gate.examine(source, frame)
        jobs[source] = len(context.statusTracker().getJobIdsForGroup(source))
    context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    assert len(SUITES["declarations"]()) + 10 < len(SUITES["sellers"]())
    assert jobs["sellers"] == jobs["declarations"] > 0


def test_the_business_date_is_the_only_today(spark: SparkSession) -> None:
    frame = picture(spark, "declarations", {})

    def gate_on(day: dt.date, dimension: str) -> str:
        return score(judge(frame, "declarations", business_date=day).verdict, dimension).gate

    # Updated on 14 November: a hundred days before, a hundred and one, and two days after.
    assert gate_on(dt.date(2027, 2, 22), "song") == "pass"
    assert gate_on(dt.date(2027, 2, 23), "song") == "warn"
    assert gate_on(dt.date(2026, 11, 12), "dung") == "warn"


def test_an_expectation_that_cannot_be_evaluated_ends_the_night_in_one_line(spark: SparkSession) -> None:
    with pytest.raises(NightFailed, match=r"^gate of declarations: \w+ could not be evaluated$"):
        gate.audit("declarations", picture(spark, "declarations", {}), GateSettings())


def test_a_blank_text_is_none(spark: SparkSession) -> None:
    rows = normalise("residents", picture(spark, "residents", {"full_name": " ", "permanent_address": ""}))
    (row,) = derive("residents", rows, {}, NIGHT, DataFrame.persist).collect()
    assert (row.full_name, row.permanent_address) == (None, None)
