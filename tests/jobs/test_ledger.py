"""The ledger: which run is the last."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import ledger, tables
from jobs.errors import UserError
from jobs.storage import Lake
from tests.jobs.a_night import fill

NIGHT = dt.date(2026, 11, 20)
VERSIONS = {"code": "0.1.0", "configuration": "c", "rules": "r", "tables": {}}


def test_the_last_run_is_that_of_the_newest_date_whatever_the_clock_said(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path / "warehouse"))
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=7)
    first = replace(ledger.begin(lake, NIGHT, VERSIONS, None, None), started_at=ahead).ended("succeeded")
    ledger.write(lake, first)
    # The clock has been set back since.
    again = ledger.begin(lake, NIGHT, VERSIONS, None, None).ended("succeeded")
    ledger.write(lake, again)
    found = ledger.last_finished(lake)
    assert found is not None and found["run_id"] == again.run_id
    following = replace(ledger.begin(lake, NIGHT + dt.timedelta(days=1), VERSIONS, None, None), started_at=ahead)
    ledger.write(lake, replace(following, status="succeeded", ended_at=dt.datetime.now(dt.UTC)))
    found, before = ledger.finished(lake, following.run_id)
    assert ledger.last_up_to(lake, following.business_date) == found
    assert before is not None and before["run_id"] == again.run_id


def test_tables_without_a_ledger_are_not_taken_for_a_new_warehouse(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path / "warehouse"))
    assert ledger.last_finished(lake) is None
    fill(lake, tables.FLAGGED_SELLERS, ())
    with pytest.raises(UserError, match="has tables but no ops/runs"):
        ledger.last_finished(lake)


def test_a_copy_that_lacks_what_its_last_run_left_is_not_worked_on(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path / "warehouse"))
    fill(lake, tables.FLAGGED_SELLERS, ())
    path = tables.FLAGGED_SELLERS.path
    there, ahead = ({"versions": {**VERSIONS, "tables": {path: version}}} for version in (0, 1))
    ledger.begin(lake, NIGHT, VERSIONS, there, None)
    runs = lake.read(tables.RUNS).count()
    with pytest.raises(UserError, match=f"not whole: of {path} it has not the version that its last run left"):
        ledger.begin(lake, NIGHT, VERSIONS, ahead, None)
    assert lake.read(tables.RUNS).count() == runs
