"""Storage: whatever became of a table, it reads as Delta reads it, at every version."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from jobs import storage
from jobs.storage import Lake
from jobs.tables import QUARANTINE as TABLE

DAYS = (dt.date(2026, 11, 19), dt.date(2026, 11, 20))


def rows(spark: SparkSession, day: dt.date, *sources: str) -> DataFrame:
    """Rows of the quarantine, a partitioned table."""
    made = [{"source": source, "business_date": day, "file": f"a b%20{source}.csv"} for source in sources]
    return spark.createDataFrame([tuple(row.get(name) for name in TABLE.columns) for row in made], TABLE.schema)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A table that was written, replaced in part, thinned out and brought back."""
    made = Lake(spark, str(tmp_path_factory.mktemp("ware house")))
    made.write(TABLE, rows(spark, DAYS[0], "sellers", "residents"))
    made.write(TABLE, rows(spark, DAYS[1], "sellers"), replace_where=f"business_date = '{DAYS[1]}'")
    made.remove(TABLE, "source = 'residents'")
    made.write(TABLE, rows(spark, DAYS[1], "taxpayers"), replace_where=f"business_date = '{DAYS[1]}'")
    return made


def read(frame: DataFrame) -> list[tuple[str, dt.date, str]]:
    return sorted((row.source, row.business_date, row.file) for row in frame.collect())


@pytest.mark.parametrize("version", [1, 3])
def test_a_version_reads_as_delta_reads_it(spark: SparkSession, lake: Lake, version: int) -> None:
    then = Lake(spark, lake.root, {TABLE.path: version})
    by_delta = spark.read.format("delta").option("versionAsOf", version).load(lake.location(TABLE))
    assert read(then.read(TABLE)) == read(then.pin(TABLE)) == read(by_delta)


def test_a_frame_stands_for_the_version_of_its_moment(spark: SparkSession, lake: Lake) -> None:
    before = lake.read(TABLE)
    expected = read(before)
    lake.write(TABLE, rows(spark, DAYS[1], "bank_accounts"), replace_where=f"business_date = '{DAYS[1]}'")
    assert read(before) == expected != read(lake.read(TABLE))


def test_a_table_that_was_brought_back_reads_as_it_was(spark: SparkSession, lake: Lake) -> None:
    was = read(Lake(spark, lake.root, {TABLE.path: 1}).read(TABLE))
    assert lake.roll_back({TABLE.path: 1}) == [TABLE.path]
    assert read(lake.read(TABLE)) == was


def test_a_long_log_is_left_to_delta(spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    replayed = read(lake.read(TABLE))
    monkeypatch.setattr(storage, "_SHORT_LOG", 1)
    fresh = Lake(spark, lake.root)
    assert read(fresh.read(TABLE)) == read(fresh.pin(TABLE)) == replayed


def test_a_table_of_before_a_column_was_added_gets_the_column(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path))
    older = replace(TABLE, schema=StructType([field for field in TABLE.schema if field.name != "raw"]))
    lake.write(older, rows(spark, DAYS[0], "sellers"))
    lake.write(TABLE, rows(spark, DAYS[1], "taxpayers"), replace_where=f"business_date = '{DAYS[1]}'")

    for frame in (lake.read(TABLE), lake.pin(TABLE)):
        assert sorted((row.source, row.raw) for row in frame.collect()) == [("sellers", None), ("taxpayers", None)]


def aged(lake: Lake, folder: Path, days: float, of_files: float) -> Lake:
    """A copy of a warehouse whose tables were last written so many days ago, their files longer ago."""
    shutil.copytree(lake.root, folder)
    then, written = (time.time() - each * 86_400 for each in (days, of_files))
    for commit in folder.glob("*/*/_delta_log/*.json"):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            if "remove" in action:
                action["remove"]["deletionTimestamp"] = int(then * 1000)
        commit.write_text("".join(json.dumps(action) + "\n" for action in actions))
    for file in folder.rglob("*"):
        if file.name.endswith(".crc"):
            file.unlink()
        elif file.is_file():
            os.utime(file, (then, then) if "_delta_log" in file.parts else (written, written))
    return Lake(lake.spark, str(folder))


def test_what_maintenance_keeps_is_read_and_brought_back_after_weeks(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_SHORT_LOG", 1)
    made = Lake(spark, str(tmp_path / "made"))
    for day in range(3):
        made.write(TABLE, rows(spark, DAYS[0], f"source{day}"))
    old = aged(made, tmp_path / "old", 12, 60)
    old.write(TABLE, rows(spark, DAYS[1], "tonight"))
    old.vacuum(TABLE, 30)
    then = Lake(spark, old.root, {TABLE.path: 1})
    assert read(then.read(TABLE)) == [("source1", DAYS[0], "a b%20source1.csv")]
    assert old.bring_back(TABLE, 1)
    assert read(old.read(TABLE)) == read(then.read(TABLE))
    # And what is past its days goes.
    files = len(list(Path(old.location(TABLE)).rglob("*.parquet")))
    old.vacuum(TABLE, 7)
    assert len(list(Path(old.location(TABLE)).rglob("*.parquet"))) < files


def test_a_log_is_cut_where_no_night_needs_it_and_nowhere_else(spark: SparkSession, tmp_path: Path) -> None:
    made = Lake(spark, str(tmp_path / "made"))
    for day in range(10):
        made.write(TABLE, rows(spark, DAYS[0], f"source{day}"))
    old = aged(made, tmp_path / "old", 40, 60)
    # The tenth commit lays a checkpoint down: the last state, which it replaces, stays.
    old.write(TABLE, rows(spark, DAYS[1], "tonight"))
    assert old.bring_back(TABLE, 9)
    assert read(old.read(TABLE)) == [("source9", DAYS[0], "a b%20source9.csv")]
    old.cut_log(TABLE)
    assert (Path(old.location(TABLE)) / "_delta_log" / f"{9:020}.json").exists()
    older = aged(old, tmp_path / "older", 40, 60)
    older.cut_log(TABLE)
    kept = sorted(file.name[:20] for file in (Path(older.location(TABLE)) / "_delta_log").glob("*.json"))
    assert kept[-1] == f"{11:020}" and f"{9:020}" not in kept
    assert read(older.read(TABLE)) == read(old.read(TABLE))


def test_a_table_of_before_gets_the_properties_once(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path / "warehouse"))
    rows(spark, DAYS[0], "sellers").write.format("delta").option("delta.enableExpiredLogCleanup", "true").save(
        lake.location(TABLE)
    )
    lake.keep_past(TABLE)
    properties = DeltaTable.forPath(spark, lake.location(TABLE)).detail().select("properties").collect()[0][0]
    assert {f"delta.{name}": value for name, value in storage.KEEPING.items()}.items() <= properties.items()
    lake.keep_past(TABLE)
    assert lake.version(TABLE) == 1


def test_a_small_file_is_made_whole_or_not_at_all(spark: SparkSession, tmp_path: Path) -> None:
    files = storage.Files(spark)
    assert files.create(f"{tmp_path}/made", b"once")
    assert not files.create(f"{tmp_path}/made", b"twice")
    assert (tmp_path / "made").read_bytes() == b"once"
    assert [each.name for each in tmp_path.iterdir() if not each.name.startswith(".")] == ["made"]
