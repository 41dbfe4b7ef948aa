"""`ct18 status`: the last nights at a glance, and an exit code for monitoring."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import lock, status, tables
from jobs.errors import UserError
from jobs.storage import Lake
from tests.jobs import a_night

NOON = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, str(tmp_path))


def runs(lake: Lake, *statuses: str) -> list[status.Run]:
    """Runs that ended (or not) so, the oldest first, and what `status` then finds."""
    rows: list[dict[str, Any]] = []
    for number, name in enumerate(statuses):
        began = NOON + dt.timedelta(days=number)
        row = {**a_night.run(began.date(), {}), "run_id": str(number), "status": name, "started_at": began}
        ended = None if name == "running" else began + dt.timedelta(seconds=100 + number)
        error = "source residents has no good picture" if name == "failed" else None
        rows.append({**row, "ended_at": ended, "error": error})
    a_night.fill(lake, tables.RUNS, tuple(rows))
    return status.last_runs(lake, 10)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("failed", "succeeded"), 0),
        (("succeeded", "degraded"), 3),
        (("succeeded", "failed"), 1),
        # Nobody holds the lock: it died.
        (("succeeded", "running"), 1),
    ],
)
def test_the_exit_code_is_that_of_the_newest_run(lake: Lake, statuses: tuple[str, ...], code: int) -> None:
    assert status.exit_code(runs(lake, *statuses)) == code


def test_a_run_at_work_is_no_failure(lake: Lake) -> None:
    with lock.only_run(lake.files, lake.root, "the night 2026-11-16"):
        found = runs(lake, "degraded", "running")
        assert status.exit_code(found) == 3
        assert "running" in status.as_table(found)
    assert "died" in status.as_table(status.last_runs(lake, 10))


def test_the_table_tells_what_to_look_at_and_how_long_stages_took(lake: Lake) -> None:
    found = runs(lake, "succeeded", "failed", "degraded")
    lines = status.as_table(found).splitlines()
    assert [line.split()[0:3:2] for line in lines[1:4]] == [
        ["2026-11-18", "degraded"],
        ["2026-11-17", "failed"],
        ["2026-11-16", "succeeded"],
    ]
    assert "source residents has no good picture" in lines[2]
    assert lines[1].split()[5] == "102"
    match = next(line for line in lines if line.startswith("  match"))
    assert match.split() == ["match", "61.5", "s", "+0%", "6", "→", "6"]


def test_decisions_of_a_day_push_no_night_out(lake: Lake) -> None:
    night = a_night.run(NOON.date(), {})
    rows = [{**night, "run_id": "night", "status": "succeeded", "started_at": NOON, "ended_at": NOON}]
    for number in range(12):
        at = NOON + dt.timedelta(hours=number + 1)
        decided = {"stages": [{"name": "decisions", "seconds": 1.0, "rows_in": None, "rows_out": None}]}
        rows.append({**rows[0], **decided, "run_id": f"decided {number}", "started_at": at, "ended_at": at})
    a_night.fill(lake, tables.RUNS, tuple(rows))
    found = [run["run_id"] for run in status.last_runs(lake, 2)]
    assert found == ["decided 11", "decided 10", "night"]


def test_a_warehouse_without_runs_is_named(lake: Lake) -> None:
    with pytest.raises(UserError, match="no run yet"):
        status.last_runs(lake, 10)
