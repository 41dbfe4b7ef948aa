"""`ct18 catch-up`: which nights were missed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import tables
from jobs.catch_up import missed
from jobs.errors import UserError
from jobs.storage import Lake
from tests.jobs import a_night
from tests.jobs.zone import Zone, day

DONE = dt.date(2026, 11, 28)


@pytest.fixture
def landing(tmp_path: Path) -> str:
    """Full deliveries of what no night can do without, the last on the 29th; changes, and folders of nothing before."""
    zone = Zone(tmp_path / "landing")
    for number, source in enumerate(("residents", "taxpayers", "sellers", "seller_sales"), start=26):
        zone.files(source, day(number), {})
    zone.files("taxpayers", day(20), {}, mode="delta")
    for source, date in (("seller_sales", "2026-11-30"), ("residents", "2024-01-01"), ("no_source", "2026-11-01")):
        (zone.root / source / f"business_date={date}").mkdir(parents=True)
    return str(zone.root)


def warehouse(spark: SparkSession, path: Path, *ended: tuple[int, str]) -> Lake:
    """A warehouse whose runs, a day after the other, ended so."""
    lake = Lake(spark, str(path / "warehouse"))
    dates = [(DONE + dt.timedelta(days=day), status) for day, status in ended]
    rows = tuple({**a_night.run(date, {}, status), "run_id": str(n)} for n, (date, status) in enumerate(dates))
    a_night.fill(lake, tables.RUNS, rows)
    return lake


def days(*numbers: int) -> list[dt.date]:
    return [DONE + dt.timedelta(days=each) for each in numbers]


def test_every_day_after_the_newest_finished_night_was_missed(
    spark: SparkSession, tmp_path: Path, landing: str
) -> None:
    lake = warehouse(spark, tmp_path, (-1, "succeeded"), (0, "degraded"), (1, "failed"))
    assert missed(lake, landing, DONE + dt.timedelta(days=4)) == days(1, 2, 3, 4)
    assert missed(lake, landing, DONE) == []


def test_of_a_new_warehouse_the_first_night_is_that_by_which_all_it_needs_has_come(
    spark: SparkSession, tmp_path: Path, landing: str
) -> None:
    lake = Lake(spark, str(tmp_path / "warehouse"))
    assert missed(lake, landing, dt.date(2026, 11, 30)) == [dt.date(2026, 11, 29), dt.date(2026, 11, 30)]
    with pytest.raises(UserError, match="no full delivery up to 2026-11-28 of seller_sales"):
        missed(lake, landing, dt.date(2026, 11, 28))


def test_no_night_goes_back(spark: SparkSession, tmp_path: Path, landing: str) -> None:
    lake = warehouse(spark, tmp_path, (0, "succeeded"))
    with pytest.raises(UserError, match="lies before the newest finished one, 2026-11-28"):
        missed(lake, landing, DONE - dt.timedelta(days=1))
