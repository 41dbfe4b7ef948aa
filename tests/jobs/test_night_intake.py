"""What the night makes of several deliveries of one source that came since the last one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from jobs import night, tables
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


def test_a_delivery_that_the_gate_rejects_leaves_nothing_in_the_picture(spark: SparkSession, tmp_path: Path) -> None:
    lake, landing, settings, told = Lake(spark, str(tmp_path / "warehouse")), tmp_path / "landing", Settings(), []
    residents = generate.draw(400, 5, NIGHT).rows[NAME]()
    write_delivery(landing, NAME, NIGHT, residents, DELIVERY)

    def taken_in(date: dt.date, base: Night | None) -> Night:
        made = Night(lake, str(landing), date, settings, None, False, told.append, told.append)
        before = ()
        if base is not None:
            versions = shaped_by(settings, lake.current_versions())
            made.base = {"business_date": base.business_date, "versions": versions}
            before = base.intakes[NAME].history
        night._take_in(made, SOURCES[NAME], before, {})
        return made

    first = taken_in(NIGHT, None)
    write_delivery(landing, NAME, NEXT, changes(residents, NAME, NEXT, np.arange(10, 30)), DELIVERY)
    all_gone = changes(residents, NAME, LAST, np.arange(residents.num_rows)).drop_columns("change_type")
    gone = pa.array(["D"] * residents.num_rows, pa.string())
    write_delivery(landing, NAME, LAST, all_gone.append_column("change_type", gone), DELIVERY)
    then = {row.personal_id: row.permanent_address for row in lake.read(tables.SILVER[NAME]).collect()}
    second = taken_in(LAST, first)
    outcomes = [(each.delivery_date, each.outcome) for each in second.intakes[NAME].outcomes]
    assert outcomes == [(NEXT, "taken"), (LAST, "gate_failed")]
    now = {row.personal_id: row.permanent_address for row in lake.read(tables.SILVER[NAME]).collect()}
    ids = residents["personal_id"].to_pylist()
    assert then.keys() - now.keys() == set(ids[10:12])
    assert {key for key in now if now[key] != then[key]} <= set(ids[12:30])
