"""`ct18 maintain`: what is past its time goes, what a night needs stays, whenever it is stopped."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import ledger, tables
from jobs.errors import UserError
from jobs.maintenance import maintain
from jobs.settings import MaintenanceSettings
from jobs.storage import Lake
from tests.jobs import a_night

NIGHT = dt.date(2026, 11, 20)
# Past nights are given up at once; no setting allows that.
SETTINGS = MaintenanceSettings().model_copy(update={"versions_days": 0})


def day(before: int) -> dt.date:
    return NIGHT - dt.timedelta(days=before)


def delivery(before: int, mode: str, state: str = "taken") -> dict[str, Any]:
    key = {"source": "sellers", "delivery_date": day(before), "manifest_sha256": f"m{before}"}
    return {**key, "mode": mode, "state": state, "decided_on": day(before)}


def shop(before: int) -> dict[str, Any]:
    return {"platform": "a", "shop_id": "1", "_delivery_date": day(before), "_manifest_sha256": f"m{before}"}


@pytest.fixture(scope="module")
def made(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A warehouse of a full of 60 days ago, which one of 40 days ago superseded, and deltas; its ledger."""
    made = Lake(spark, str(tmp_path_factory.mktemp("made") / "warehouse"))
    came = [(60, "full"), (59, "delta"), (40, "full"), (39, "delta"), (1, "delta")]
    a_night.fill(made, tables.BRONZE["sellers"], tuple(shop(before) for before, _ in came))
    a_night.fill(made, tables.DELIVERIES, tuple(delivery(before, mode) for before, mode in came))
    for before in (100, 1):
        rows = made.spark.createDataFrame(
            [(day(before), "sellers", "f", 1, "k", ["why"], "raw", "m")], tables.QUARANTINE.schema
        )
        made.write(tables.QUARANTINE, rows, f"business_date = '{day(before)}'")
    for part in range(3):
        profile = [(NIGHT, f"s{part}", "c", "nulls", 1, {"0": 0.0}, 0.0, 0.1)]
        frame = made.spark.createDataFrame(profile, tables.QUALITY_PROFILES.schema)
        made.write(tables.QUALITY_PROFILES, frame, f"source = 's{part}'")
    run = a_night.run(NIGHT, made.current_versions(), "degraded", a_night.OUTCOMES)
    a_night.fill(made, tables.RUNS, (run,))
    return made


@pytest.fixture
def lake(made: Lake, tmp_path: Path) -> Lake:
    """A copy of it, which a test may change."""
    copied = shutil.copytree(made.root, tmp_path / "warehouse")
    return Lake(made.spark, str(copied))


def test_rows_past_their_time_go_and_the_night_stays_what_it_was(lake: Lake) -> None:
    before = ledger.last_finished(lake)
    assert before is not None
    maintain(lake, SETTINGS, lambda line: None)
    night, after = ledger.night_of(lake, NIGHT)
    kept = {row._delivery_date for row in night.read(tables.BRONZE["sellers"]).collect()}
    assert kept == {day(40), day(39), day(1)}
    assert [row.business_date for row in night.read(tables.QUARANTINE).collect()] == [day(1)]
    assert night.read(tables.QUALITY_PROFILES).count() == 3
    states = {row.delivery_date: row.state for row in night.read(tables.DELIVERIES).collect()}
    gone = dict.fromkeys((day(60), day(59)), "expired")
    assert states == {**gone, **dict.fromkeys((day(40), day(39), day(1)), "taken")}
    # What Delta writes down of its own removing would be one more version, to be brought back by the next night.
    assert lake.version(tables.QUALITY_FINDINGS) == night.version(tables.QUALITY_FINDINGS)
    assert lake.current_versions() == ledger.table_versions(after)
    assert {name: after[name] for name in ("status", "sources", "business_date")} == {
        name: before[name] for name in ("status", "sources", "business_date")
    }
    assert [stage["name"] for stage in after["stages"]] == ["match", "gold", "maintenance"]


@pytest.mark.slow
def test_files_that_no_night_reads_are_gone_and_small_ones_are_one(lake: Lake) -> None:
    def files(table: tables.Table) -> list[Path]:
        return list(Path(lake.location(table)).rglob("*.parquet"))

    assert len([path for path in files(tables.QUALITY_PROFILES) if "_delta_log" not in path.parts]) == 3
    maintain(lake, SETTINGS, lambda line: None)
    assert len([path for path in files(tables.QUALITY_PROFILES) if "_delta_log" not in path.parts]) == 1
    assert len([path for path in files(tables.BRONZE["sellers"]) if "_delta_log" not in path.parts]) == 3


def test_a_crash_half_way_leaves_the_night_as_it_was(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ledger.last_finished(lake)
    with monkeypatch.context() as patched:
        patched.setattr(Lake, "compact", lambda self, table: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            maintain(lake, SETTINGS, lambda line: None)
    assert ledger.last_finished(lake) == before
    assert lake.read(tables.BRONZE["sellers"]).count() == 5
    failed = lake.read(tables.RUNS).where("status = 'failed'").collect()
    assert [row.error for row in failed] == ["maintenance: ZeroDivisionError"]


def test_without_a_finished_night_there_is_nothing_to_maintain(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished run yet"):
        maintain(Lake(spark, str(tmp_path)), SETTINGS, lambda line: None)
