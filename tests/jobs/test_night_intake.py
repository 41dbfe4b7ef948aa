"""What the night makes of several deliveries of one source that came since the last one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs import night, tables
from jobs.deliveries import History
from jobs.night import Night
from jobs.settings import Settings
from jobs.sources import SOURCES
from jobs.standing import shaped_by
from jobs.storage import Lake
from sample_data import generate
from sample_data.deliver import write_delivery
from tests.bench.changing import changes
from tests.small_country import DELIVERY, NEXT, NIGHT

NAME = "residents"
LAST = NEXT + dt.timedelta(days=1)


@dataclass
class World:
    """A source that delivers, and the nights that take it in."""

    lake: Lake
    landing: Path
    residents: pa.Table = field(default_factory=lambda: generate.draw(400, 5, NIGHT).rows[NAME]())
    settings: Settings = field(default_factory=Settings)

    def based_on(self, last: Night) -> dict[str, Any]:
        """The row of a night that ended with the tables as they are."""
        versions = shaped_by(self.settings, self.lake.current_versions())
        return {"business_date": last.business_date, "versions": versions}

    def taken_in(self, date: dt.date, last: Night | None = None, base: dict[str, Any] | None = None) -> Night:
        """A night's intake after that of another, of which `base` is the row."""
        made = Night(self.lake, str(self.landing), date, self.settings, None, False, lambda _: None, lambda _: None)
        before: History = ()
        if last is not None:
            made.base = base or self.based_on(last)
            before = last.intakes[NAME].history
        night._take_in(made, SOURCES[NAME], before, {})
        return made

    def deliver(self, date: dt.date, rows: pa.Table) -> None:
        write_delivery(self.landing, NAME, date, rows, DELIVERY)

    def all_deleted(self, date: dt.date) -> pa.Table:
        """What no gate lets pass."""
        rows = changes(self.residents, NAME, date, np.arange(self.residents.num_rows)).drop_columns("change_type")
        return rows.append_column("change_type", pa.array(["D"] * rows.num_rows, pa.string()))

    def picture(self) -> dict[str, str]:
        rows = self.lake.read(tables.SILVER[NAME]).collect()
        return {row.personal_id: row.permanent_address for row in rows}


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    made = World(Lake(spark, str(tmp_path / "warehouse")), tmp_path / "landing")
    made.deliver(NIGHT, made.residents)
    return made


def outcomes(of: Night) -> list[tuple[dt.date | None, str]]:
    return [(each.delivery_date, each.outcome) for each in of.intakes[NAME].outcomes]


def test_a_delivery_that_the_gate_rejects_leaves_nothing_in_the_picture(world: World) -> None:
    first = world.taken_in(NIGHT)
    then = world.picture()
    world.deliver(NEXT, changes(world.residents, NAME, NEXT, np.arange(10, 30)))
    world.deliver(LAST, world.all_deleted(LAST))
    assert outcomes(world.taken_in(LAST, first)) == [(NEXT, "taken"), (LAST, "gate_failed")]
    now, ids = world.picture(), world.residents["personal_id"].to_pylist()
    assert then.keys() - now.keys() == set(ids[10:12])
    assert {key for key in now if now[key] != then[key]} <= set(ids[12:30])


def test_an_empty_list_of_changes_leaves_the_picture_what_it_was_and_not_what_was_rejected(world: World) -> None:
    first = world.taken_in(NIGHT)
    then = world.picture()
    world.deliver(NEXT, changes(world.residents, NAME, NEXT, np.arange(0)))
    world.deliver(LAST, world.all_deleted(LAST))
    assert outcomes(world.taken_in(LAST, first)) == [(NEXT, "taken"), (LAST, "gate_failed")]
    assert world.picture() == then


def test_another_code_normalises_what_nothing_came_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.taken_in(NIGHT)
    other = world.lake.read(tables.SILVER[NAME]).withColumn("name_clean", F.lit("as another code has it"))
    world.lake.write(tables.SILVER[NAME], other)
    names = world.lake.read(tables.SILVER[NAME]).where("name_clean = 'as another code has it'")
    assert world.taken_in(NEXT, first).intakes[NAME].picture is None
    assert not names.isEmpty(), "the same code takes over what is there"
    base = world.based_on(first)
    monkeypatch.setattr("jobs.ledger.CODE", "999.0.0")
    assert world.taken_in(NEXT, first, base).intakes[NAME].picture is None
    assert world.lake.read(tables.SILVER[NAME]).where("name_clean = 'as another code has it'").isEmpty()
