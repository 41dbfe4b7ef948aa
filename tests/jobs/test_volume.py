"""Months without a gap, every platform, one unit, shops that sell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest
from pyspark.sql import SparkSession

from jobs import volume

NIGHT = dt.date(2026, 11, 15)
MONTHS = [f"2026-{month:02d}" for month in range(1, 12)]

# Platform, period, amount.
Sale = tuple[str, str, int]


def sales(months: Iterable[str], platform: str = "a", amount: int = 1_000_000, rows: int = 30) -> list[Sale]:
    return [(platform, month, amount + row) for month in months for row in range(rows)]


SOUND = sales(MONTHS[:10])

CASES: dict[str, tuple[list[Sale], set[str]]] = {
    "sound": (SOUND, set()),
    "a month is missing": (sales(MONTHS[:4] + MONTHS[5:10]), {"_months_complete"}),
    "a month of one small platform": (SOUND + sales(["2026-01", "2026-03"], "small", rows=3), set()),
    "a month in thousands": (sales(MONTHS[:9]) + sales(MONTHS[9:10], amount=1_000_000_000), {"_units_kept"}),
    "a month ten times better": (sales(MONTHS[:9]) + sales(MONTHS[9:10], amount=10_000_000), set()),
    "a platform stops": (SOUND + sales(MONTHS[:9], "b"), {"_platforms_report"}),
    # October ended fifteen days ago: it may come late; of September all have been heard.
    "the newest month is not due": (sales(MONTHS[:9]) + sales(MONTHS[:10], "b"), set()),
    "a platform stopped long ago": (SOUND + sales(MONTHS[:3], "b"), set()),
    "quarters and years beside months": (SOUND + sales(["2026-Q1", "2026-Q2", "2026-Q3", "2025"]), set()),
    "a quarter is missing": (sales(["2025-Q4", "2026-Q2"]), {"_months_complete"}),
    "nothing": ([], set()),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_the_months(spark: SparkSession, name: str) -> None:
    rows, broken = CASES[name]
    schema = "platform string, period string, gross_revenue_vnd bigint"
    night = dt.date(2026, 11, 25) if name == "a platform stops" else NIGHT

    told = volume.facts("seller_sales", spark.createDataFrame(rows, schema), night)
    assert told == {fact: fact not in broken for fact in ("_months_complete", "_units_kept", "_platforms_report")}


def test_of_a_source_without_periods_nothing_is_said(spark: SparkSession) -> None:
    assert volume.facts("sellers", spark.range(1), NIGHT) == {}


def test_the_share_of_active_shops_that_sell(spark: SparkSession) -> None:
    shops = [("a", "1", "active"), ("a", "2", "active"), ("b", "1", "active"), ("b", "2", "closed")]
    sellers = spark.createDataFrame(shops, "platform string, shop_id string, status string")
    sold = spark.createDataFrame([("a", "1"), ("a", "1"), ("b", "1"), ("b", "2")], "platform string, shop_id string")

    assert volume.selling_share(sold, sellers) == pytest.approx(2 / 3)
    assert volume.selling_share(sold, sellers.limit(0)) == 1.0
