"""What the night makes of several deliveries of one source that came since the last one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

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

    def taken_in(self, date: dt.date, base: Night | None = None) -> Night:
        """A night's intake after that of another."""
        made = Night(self.lake, str(self.landing), date, self.settings, None, False, lambda _: None, lambda _: None)
        before: History = ()
        if base is not None:
            versions = shaped_by(self.settings, self.lake.current_versions())
            made.base = {"business_date": base.business_date, "versions": versions}
            before = base.intakes[NAME].history
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
