"""What a match leaves for the next, and when it may be taken over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs import memory
from jobs.storage import Lake

NIGHT = dt.date(2026, 11, 20)


def frame(spark: SparkSession, value: str) -> DataFrame:
    return spark.createDataFrame([(value,)], "record string")


def recalled(found: memory.Memory, like: DataFrame) -> list[str] | None:
    if found.last is None:
        return None
    return sorted(row.record for row in found.recall("sim", "record", like.schema).collect())


def remembered(lake: Lake, value: str, version: str) -> memory.Memory:
    made = memory.of_night(lake, None, NIGHT)
    made.remember("sim", frame(lake.spark, value))
    made.save(version)
    return made


def test_the_next_match_by_the_same_training_takes_over_what_the_last_left(spark: SparkSession, tmp_path: Path) -> None:
    lake, like = Lake(spark, str(tmp_path)), frame(spark, "")
    assert recalled(memory.of_night(lake, "v1", NIGHT), like) is None
    remembered(lake, "first", "v1")
    assert recalled(memory.of_night(lake, "v1", NIGHT), like) == ["first"]
    assert recalled(memory.of_night(lake, "v2", NIGHT), like) is None
    assert recalled(memory.of_night(lake, None, NIGHT), like) is None
    assert recalled(memory.of_night(lake, "v1", NIGHT, leaves=False), like) is None


def test_what_a_run_that_was_killed_left_counts_for_nothing_and_is_removed(spark: SparkSession, tmp_path: Path) -> None:
    lake, like = Lake(spark, str(tmp_path)), frame(spark, "")
    remembered(lake, "first", "v1")
    killed = memory.of_night(lake, "v1", NIGHT)
    killed.remember("sim", frame(spark, "half a night"))
    assert len(lake.files.names(f"{lake.root}/_memory")) == 2
    assert recalled(memory.of_night(lake, "v1", NIGHT), like) == ["first"]
    assert len(lake.files.names(f"{lake.root}/_memory")) == 1


def test_a_frame_that_somebody_removed_makes_the_match_anew(spark: SparkSession, tmp_path: Path) -> None:
    lake, like = Lake(spark, str(tmp_path)), frame(spark, "")
    left = remembered(lake, "first", "v1")
    lake.files.delete(f"{lake.root}/_memory/{left.folder}/sim")
    assert recalled(memory.of_night(lake, "v1", NIGHT), like) is None


def test_patches_add_up_until_the_frame_is_laid_down_anew(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_MOST_PATCHES", 3)
    lake, like = Lake(spark, str(tmp_path)), frame(spark, "")
    whole = remembered(lake, "record 0", "v1")
    for number in range(1, 4):
        found = memory.of_night(lake, "v1", NIGHT)
        apart = [(f"record {number - 1}", False), (f"record {number}", True)]
        patched = found.patch("sim", "record", spark.createDataFrame(apart, "record string, is_now boolean"))
        assert patched.collect() == [(f"record {number}",)]
        found.save("v1")
        found.clear_others()
        assert recalled(memory.of_night(lake, "v1", NIGHT), like) == [f"record {number}"]
        laid = {path.name for path in (tmp_path / "_memory").iterdir()}
        assert (whole.folder in laid) == (number < 3)
        assert len(laid) == (2 if number < 3 else 1)


def test_what_is_for_one_run_alone_leaves_nothing(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path))
    alone = memory.Memory(lake)
    assert alone.remember("sim", frame(spark, "tried")).collect() == [("tried",)]
    with pytest.raises(KeyError):
        alone.recall("sim", "record", frame(spark, "").schema)
    assert not lake.files.exists(f"{lake.root}/_memory")
