"""The ledger: which run is the last."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from jobs import ledger
from jobs.storage import Lake

NIGHT = dt.date(2026, 11, 20)
VERSIONS = {"code": "0.1.0", "configuration": "c", "rules": "r", "tables": {}}


def test_the_last_run_is_that_of_the_newest_date_whatever_the_clock_said(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path / "warehouse"))
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=7)
    first = replace(ledger.begin(lake, NIGHT, VERSIONS), started_at=ahead).ended("succeeded")
    ledger.write(lake, first)
    # The clock has been set back since.
    again = ledger.begin(lake, NIGHT, VERSIONS).ended("succeeded")
    ledger.write(lake, again)
    found = ledger.last_finished(lake)
    assert found is not None and found["run_id"] == again.run_id
    following = replace(ledger.begin(lake, NIGHT + dt.timedelta(days=1), VERSIONS), started_at=ahead)
    ledger.write(lake, replace(following, status="succeeded", ended_at=dt.datetime.now(dt.UTC)))
    found, before = ledger.finished(lake, following.run_id)
    assert ledger.last_up_to(lake, following.business_date) == found
    assert before is not None and before["run_id"] == again.run_id
