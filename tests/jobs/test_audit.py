"""What keeps a night from being published. All people and numbers are invented."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs import audit, gate, tables
from jobs.audit import Audited, Totals
from jobs.errors import NightFailed
from jobs.outcomes import Accept, Verdict
from jobs.settings import GateSettings
from tests.jobs.gold_world import BILLION, MILLION, frame

NIGHT = dt.date(2026, 11, 15)
SET = GateSettings()
YEARS = (2026, 2025)

PARTY: dict[str, Any] = {"party_key": "k1", "tax_status": "unregistered", "tax_year": 2026, "shop_count": 2} | {
    "personal_id": "079190000011",
    "revenue_vnd": 3 * BILLION,
}
OTHER = {**PARTY, "party_key": "k2", "personal_id": None, "shop_count": 1, "revenue_vnd": -5 * MILLION}
EXPECTED = {2026: Totals(3, 3 * BILLION - 5 * MILLION)}

CASE: dict[str, Any] = {
    **{"case_id": "c1", "tax_year": 2026, "status": "open", "reason": "UNREGISTERED", "party_type": "individual"},
    **{"revenue_vnd": 3 * BILLION, "threshold_vnd": BILLION, "legal_basis": "NĐ 141/2026/NĐ-CP", "evidence": "{}"},
    "shops": [("san_a", "s1", "Tiệm", 3 * BILLION, "id", 0.99)],
}


def parties(spark: SparkSession, rows: list[dict[str, Any]]) -> str:
    """Why these parties are not published; empty where they are."""
    return verdict("seller_parties", audit.parties(frame(spark, tables.SELLER_PARTIES, rows), EXPECTED)).reason


def cases(flagged: DataFrame, before: int | None = None) -> str:
    """Why these cases are not published; empty where they are."""
    return verdict("flagged_sellers", audit.cases(flagged, YEARS, before, 10.0)).reason


def verdict(name: str, audited: Audited) -> Verdict:
    return gate.audit(name, audited.rows, SET, audited.facts)


def test_parties_that_add_up_are_published(spark: SparkSession) -> None:
    earlier = {**PARTY, "tax_year": 2023, "shop_count": 9}
    assert parties(spark, [PARTY, OTHER, earlier]) == ""


def test_parties_that_do_not_add_up_stop_the_night(spark: SparkSession) -> None:
    # Another's revenue, a shop and a person counted twice, the party itself twice, with a status that no one knows.
    told = parties(spark, [PARTY, {**PARTY, "tax_status": "new", "shop_count": 2}])
    assert told == "; ".join(
        f"{fault}/2 dòng không đạt"
        for fault in (
            "Người bán và năm thuế không được trùng: 2",
            "Người và năm thuế không được trùng: 2",
            "Tình trạng thuế phải thuộc danh mục: 1",
            "Mỗi gian hàng phải thuộc đúng một người bán: 2",
            "Doanh thu người bán phải bằng doanh thu các sàn báo cáo: 2",
        )
    )


def test_what_platforms_reported_is_counted_from_silver(spark: SparkSession) -> None:
    sellers = frame(spark, tables.SELLERS, [{"platform": "a", "shop_id": "1"}, {"platform": "a", "shop_id": "2"}])
    sale = {"platform": "a", "shop_id": "1", "year": 2026, "month": 11, "gross_revenue_vnd": 7}
    sales = [
        *(sale, {**sale, "month": 1, "gross_revenue_vnd": -2}, {**sale, "year": 2025, "gross_revenue_vnd": 11}),
        # A month that has not begun, a shop that is not known, a year that is not judged.
        *({**sale, "month": 12}, {**sale, "shop_id": "3"}, {**sale, "year": 2024}),
    ]
    found = audit.totals(sellers, frame(spark, tables.SELLER_SALES, sales), YEARS, NIGHT)
    assert found == {2026: Totals(2, 5), 2025: Totals(2, 11)}


def test_an_operator_may_accept_an_unusual_number_of_cases_and_nothing_else(spark: SparkSession) -> None:
    many = [{**CASE, "case_id": f"c{number}"} for number in range(30)]
    accept = Accept("gold", NIGHT, "Operator A", "threshold lowered")
    usual, jump, broken = (
        verdict("flagged_sellers", audit.cases(frame(spark, tables.FLAGGED_SELLERS, rows), YEARS, before, 10.0))
        for rows, before in ((many, 30), (many, 1_001), ([{**many[0], "shops": []}], 1_001))
    )
    assert audit.settle({"flagged_sellers": usual}, None, NIGHT) is None
    with pytest.raises(NightFailed, match="^gold is not published: flagged_sellers: Số hồ sơ đang mở"):
        audit.settle({"flagged_sellers": jump}, None, NIGHT)
    with pytest.raises(NightFailed, match="gold is not published"):
        audit.settle({"flagged_sellers": jump}, Accept("sellers", NIGHT, "Operator A", "why"), NIGHT)
    with pytest.raises(NightFailed, match="gold is not published"):
        audit.settle({"flagged_sellers": broken}, accept, NIGHT)
    accepted = audit.settle({"flagged_sellers": jump}, accept, NIGHT)
    assert accepted is not None and accepted.outcome == "taken"
    assert (accepted.reason or "").startswith("accepted by Operator A: threshold lowered (was: flagged_sellers: Số hồ")


def test_cases_that_can_be_defended_are_published(spark: SparkSession) -> None:
    no_threshold = {**CASE, "case_id": "c2", "reason": "FOREIGN_UNREGISTERED", "party_type": "foreign"} | {
        "threshold_vnd": None,
        "revenue_vnd": 1,
    }
    closed = {**CASE, "case_id": "c3", "status": "resolved", "legal_basis": None}
    assert cases(frame(spark, tables.FLAGGED_SELLERS, [CASE, no_threshold, closed])) == ""
    # A night without any case is no fault; there is nothing to judge.
    assert cases(frame(spark, tables.FLAGGED_SELLERS, []), before=3) == ""


def test_a_table_that_has_lost_all_its_rows_is_not_published(spark: SparkSession) -> None:
    nobody = frame(spark, tables.FLAGGED_SELLERS, [])
    assert cases(nobody, before=1_001) == (
        "Số hồ sơ đang mở không được tăng hay giảm bất thường so với đêm trước: 1/1 dòng không đạt"
    )
    another_year = {**PARTY, "tax_year": 2025}
    assert parties(spark, [another_year]) == (
        "Mỗi gian hàng phải thuộc đúng một người bán: 1/1 dòng không đạt; "
        "Doanh thu người bán phải bằng doanh thu các sàn báo cáo: 1/1 dòng không đạt"
    )


def test_cases_that_cannot_stop_the_night(spark: SparkSession) -> None:
    faults: list[dict[str, Any]] = [
        {"case_id": "c1"},
        {"reason": "SPLIT_SHOPS"},
        {"legal_basis": ""},
        {"evidence": "no JSON"},
        {"shops": []},
        {"revenue_vnd": BILLION},
    ]
    rows = [CASE, *({**CASE, "case_id": f"d{number}", **fault} for number, fault in enumerate(faults))]
    told = cases(frame(spark, tables.FLAGGED_SELLERS, rows))
    for fault in (
        *("Mã hồ sơ không được trùng: 2", "Lý do phải thuộc danh mục: 1", "Căn cứ pháp lý phải có: 1"),
        *("Bằng chứng phải có và đọc được: 1", "Hồ sơ phải có gian hàng: 1", "Doanh thu phải vượt ngưỡng của lý do: 1"),
    ):
        assert f"{fault}/7 dòng không đạt" in told


@pytest.mark.parametrize(
    ("now", "before", "published"),
    [(1_001, 100, False), (1_000, 100, True), (101, 1_011, False), (101, 1_010, True), (900, 3, True)],
)
def test_a_night_with_ten_times_more_or_fewer_cases_is_not_published(now: int, before: int, published: bool) -> None:
    assert audit._within(now, before, 10.0) == published


@pytest.mark.parametrize(("before", "published"), [(100, False), (101, True), (None, True)])
def test_the_cases_of_a_night_are_counted_for_that(spark: SparkSession, before: int | None, published: bool) -> None:
    one = frame(spark, tables.FLAGGED_SELLERS, [CASE]).drop("case_id")
    many = spark.range(1_001).selectExpr("cast(id as string) as case_id").crossJoin(one).coalesce(1)
    row = audit.cases(many, YEARS, before, 10.0).rows.first()
    assert row is not None
    assert row["_within_bounds"] == published
