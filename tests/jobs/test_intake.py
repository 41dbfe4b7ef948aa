"""Nights of one source, one after another: what is taken, refused, held, absent, and what the picture then is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs import intake
from jobs.errors import UserError
from jobs.outcomes import Accept, Intake, Judge, Verdict
from jobs.settings import IngestSettings
from jobs.sources import SOURCES
from jobs.storage import Lake
from jobs.tables import BRONZE, QUARANTINE
from tests.jobs.zone import Row, Zone, day, moment


def passes(picture: DataFrame) -> Verdict:
    return Verdict(True, "")


@dataclasses.dataclass
class Nights:
    """A landing zone and a warehouse of one source."""

    zone: Zone
    lake: Lake
    source: str = "residents"
    settings: IngestSettings = IngestSettings()

    def run(self, date: int, judge: Judge = passes, accept: Accept | None = None) -> Intake:
        args = (SOURCES[self.source], day(date), self.settings, accept, judge)
        return intake.take_in(self.lake, str(self.zone.root), *args)

    def deliver(self, date: int, *rows: Row, **options: object) -> None:
        self.zone.rows(self.source, day(date), *rows, **options)  # type: ignore[arg-type]


@pytest.fixture
def nights(spark: SparkSession, tmp_path: Path) -> Nights:
    return Nights(Zone(tmp_path / "landing"), Lake(spark, str(tmp_path / "warehouse")))


def picture(result: Intake) -> dict[str, str]:
    """Key → name of the picture."""
    assert result.picture is not None
    return {row["personal_id"]: row["full_name"] for row in result.picture.collect()}


def outcomes(result: Intake) -> list[tuple[str, int | None]]:
    return [(each.outcome, each.delivery_date and each.delivery_date.day) for each in result.outcomes]


def person(key: str, name: str = "A", updated: dt.datetime | None = None, **more: object) -> Row:
    return {"personal_id": key, "full_name": name, "updated_at": updated or moment(1), **more}


def test_first_night_then_changes(nights: Nights) -> None:
    nights.deliver(1, person("1"), person("2"), person("3", updated=None))
    first = nights.run(1)
    assert picture(first) == {"1": "A", "2": "A", "3": "A"}
    assert (outcomes(first), first.degraded, first.picture_as_of) == ([("taken", 1)], False, day(1))
    again = nights.run(1)
    assert again.picture is None and outcomes(again) == [("taken", 1)]
    nights.deliver(2, person("1", "B", moment(2)), person("2", updated=moment(2), change_type="D"), mode="delta", kind="csv")
    second = nights.run(2)
    assert picture(second) == {"1": "B", "3": "A"}
    print(second)
