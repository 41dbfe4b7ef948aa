"""What of a match still stands, by what it rests on."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import tables
from jobs.match import MATCHED
from jobs.settings import Settings
from jobs.standing import gold_stands, match_stands, shaped_by
from jobs.storage import Lake
from tests.jobs import a_night

THEN = dt.date(2026, 11, 20)
NOW = THEN + dt.timedelta(days=1)


def sim(activated: dt.date) -> dict[str, Any]:
    return {"msisdn": "0900000001", "activated_on": activated}


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A warehouse with pictures, a training and links that were decided by it."""
    made = Lake(spark, str(tmp_path))
    for name in MATCHED:
        a_night.fill(made, tables.SILVER[name], (sim(THEN),) if name == "telecom_subscribers" else ())
    a_night.fill(made, tables.TRAINING, ({"model": "subjects", "version": "v1"},))
    a_night.fill(made, tables.MODEL, ({"model": "shop", "version": "v1"},))
    return made


def last_run(lake: Lake, date: dt.date = THEN, settings: Settings | None = None) -> dict[str, Any]:
    versions = shaped_by(settings or Settings(), lake.current_versions())
    return {"business_date": date, "versions": versions, "stages": [{"name": "match"}]}


def test_it_stands_where_nothing_has_changed(lake: Lake) -> None:
    assert match_stands(lake, last_run(lake), NOW, Settings())
    assert not match_stands(lake, None, NOW, Settings())


@pytest.mark.parametrize("source", MATCHED)
def test_it_falls_with_each_picture_that_it_reads(lake: Lake, source: str) -> None:
    before = last_run(lake)
    a_night.fill(lake, tables.SILVER[source], ())
    assert not match_stands(lake, before, NOW, Settings())


def test_sales_and_declarations_are_none_of_its_business(lake: Lake) -> None:
    before = last_run(lake)
    for source in ("seller_sales", "declarations", "bank_inflows"):
        a_night.fill(lake, tables.SILVER[source], ())
    assert match_stands(lake, before, NOW, Settings())


def test_it_falls_with_settings_and_with_the_training(lake: Lake) -> None:
    other = Settings.model_validate({"match": {"link_threshold": 0.95}})
    assert not match_stands(lake, last_run(lake), NOW, other)
    a_night.fill(lake, tables.TRAINING, ({"model": "subjects", "version": "v2"},))
    assert not match_stands(lake, last_run(lake), NOW, Settings())


def test_it_falls_on_the_day_on_which_a_number_becomes_its_next_subscribers(lake: Lake) -> None:
    a_night.fill(lake, tables.TELECOM, (sim(NOW + dt.timedelta(days=1)),))
    before = last_run(lake)
    assert match_stands(lake, before, NOW, Settings())
    assert not match_stands(lake, before, NOW + dt.timedelta(days=1), Settings())


def test_it_falls_where_the_meaning_of_a_code_has_changed(lake: Lake) -> None:
    """Codes of provinces became yesterday's on 1 July 2025."""
    merged = dt.date(2025, 7, 1)
    assert not match_stands(lake, last_run(lake, merged - dt.timedelta(days=1)), merged, Settings())
    assert match_stands(lake, last_run(lake, merged), merged + dt.timedelta(days=1), Settings())


@pytest.mark.parametrize(("stage", "stands"), [("link_decisions", False), ("decisions", True), ("retrain", True)])
def test_it_falls_where_people_have_decided_on_a_link_since(lake: Lake, stage: str, stands: bool) -> None:
    # Maintenance repeats what the run before it says.
    before = {**last_run(lake), "stages": [{"name": "match"}, {"name": stage}, {"name": "maintenance"}]}
    assert match_stands(lake, before, NOW, Settings()) is stands


def test_gold_stands_on_every_picture(lake: Lake) -> None:
    before = last_run(lake)
    assert gold_stands(lake, before, NOW)
    a_night.fill(lake, tables.SELLER_SALES, ())
    assert not gold_stands(lake, before, NOW)


@pytest.mark.parametrize(
    ("then", "now", "stands"),
    [
        ("2026-11-30", "2026-12-01", False),  # sales of December begin to count
        ("2026-12-01", "2026-12-31", True),
        ("2026-03-31", "2026-04-01", False),  # 2025 is no longer judged
        ("2026-04-29", "2026-04-30", True),
        ("2026-04-30", "2026-05-01", False),  # declarations of the first quarter were due
        ("2025-11-15", "2026-11-15", False),
    ],
)
def test_gold_falls_on_the_day_from_which_it_judges_otherwise(lake: Lake, then: str, now: str, stands: bool) -> None:
    dates = map(dt.date.fromisoformat, (then, now))
    assert gold_stands(lake, last_run(lake, next(dates)), next(dates)) is stands
