"""`ct18 doctor`, and the night that says beforehand that the disk is too small."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import doctor, lock, space
from jobs.errors import UserError
from jobs.settings import Settings
from jobs.storage import Files, memories

TODAY = dt.date(2026, 11, 20)


class SmallDisk(Files):
    """A file system with ten bytes left."""

    def free(self, path: str) -> int:
        return 10


def levels(found: list[doctor.Finding]) -> dict[str, str]:
    return {each.what.split(" (")[0]: each.level for each in found}


def deliver(landing: Path, date: str, size: int) -> None:
    folder = landing / "sellers" / f"business_date={date}"
    folder.mkdir(parents=True)
    (folder / "sellers.csv").write_bytes(b"x" * size)


@pytest.mark.parametrize(
    ("spark", "named", "level"),
    [
        ({"driver_memory": "1g"}, "bộ nhớ", "ok"),
        ({"driver_memory": "9000g"}, "bộ nhớ", "error"),
        ({}, "Delta", "ok"),
        ({"jars": "docs"}, "Delta", "error"),
        ({"jars": ""}, "Delta", "ok"),
        ({}, "Java", "ok"),
        ({}, "gold.hash_key", "warning"),
    ],
)
def test_what_the_machine_lacks_is_named(spark: dict[str, str], named: str, level: str) -> None:
    found = list(doctor.machine(Settings.model_validate({"spark": spark})))
    assert levels(found)[named] == level
    assert doctor.exit_code(found) == (level == "error")
    assert all(len(line.split()) > 1 for line in doctor.as_table(found).splitlines())


def test_a_java_that_spark_cannot_run_on_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert levels(list(doctor.machine(Settings())))["Java"] == "error"


def test_places_are_looked_at_as_a_night_would_find_them(spark: SparkSession, tmp_path: Path) -> None:
    files, root, landing = Files(spark), str(tmp_path / "warehouse"), tmp_path / "landing"
    found = levels(list(doctor.places(files, root, str(landing), TODAY)))
    assert (found["kho"], found["vùng nhận"]) == ("warning", "error")
    deliver(landing, "2026-11-20", 100)
    with lock.only_run(files, root, "the night 2026-11-20"):
        found = levels(list(doctor.places(files, root, str(landing), TODAY)))
    assert found == {"kho": "ok", "đêm gần nhất": "ok", "khoá": "warning", "vùng nhận": "ok", "đĩa": "ok"}
    assert not [path for path in (tmp_path / "warehouse").rglob("*") if path.is_file()]
    assert levels(list(doctor.places(SmallDisk(spark), root, str(landing), TODAY)))["đĩa"] == "error"


def test_a_night_without_room_is_refused_before_it_begins(spark: SparkSession, tmp_path: Path) -> None:
    landing, root = tmp_path / "landing", str(tmp_path / "warehouse")
    for date, size in (("2026-11-19", 100), ("2026-11-20", 1), ("2026-11-21", 100)):
        deliver(landing, date, size)
    files = SmallDisk(spark)
    # What was taken in and what is dated after the night need no room.
    space.check(files, root, str(landing), TODAY - dt.timedelta(days=1), TODAY)
    with pytest.raises(UserError, match="0.0 GiB free, a night on these deliveries needs about 0.0"):
        space.check(files, root, str(landing), None, TODAY)
    # However little changes, the match lays down all that the next one compares with.
    frame = Path(memories(root)) / "0" / "sim"
    frame.mkdir(parents=True)
    (frame / "part").write_bytes(b"12345")
    with pytest.raises(UserError, match="GiB free"):
        space.check(files, root, str(landing), TODAY - dt.timedelta(days=1), TODAY)
