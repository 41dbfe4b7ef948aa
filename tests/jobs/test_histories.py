"""Whatever came in whatever order, the night's tables are what the last pictures make of them, computed from nothing.

Histories are drawn at random: every source of every night delivers changes, all of its rows, an empty list or nothing,
some of it late or once more in another version; and after every night people decide who trades in some shops.
`CT18_HISTORIES=10` draws so many instead of two.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs import link_decisions, tables
from jobs.night import differing_rows, run_night
from jobs.settings import GateSettings
from jobs.sources import SOURCES
from jobs.storage import Lake
from sample_data import generate
from sample_data.deliver import write_delivery
from tests.bench.changing import changes
from tests.jobs import a_night
from tests.small_country import COUNTRY, DELIVERY, FOLLOWING, NIGHT

pytestmark = pytest.mark.slow

HISTORIES = int(os.environ.get("CT18_HISTORIES", "2"))
NIGHTS = 4
# Everything that is delivered is taken: what is held and why is tested elsewhere.
SETTINGS = FOLLOWING.model_copy(
    update={"gate": GateSettings(policy={source: {"critical": "warn", "warning": "warn"} for source in SOURCES})}
)
KINDS = ("changes", "changes", "changes", "all", "empty", "nothing", "late", "again")


@dataclass
class Agencies:
    """What the sources deliver, night by night."""

    landing: Path
    rows: Mapping[str, pa.Table]
    drawn: random.Random

    def deliver(self, source: str, date: dt.date, kind: str) -> None:
        """Write a delivery of some kind; one that is late or comes again is dated on the day before."""
        share = 0.0 if kind == "empty" else self.drawn.uniform(0.005, 0.05)
        picked = np.random.default_rng(self.drawn.getrandbits(32))
        if kind in ("late", "again"):
            date -= dt.timedelta(days=1)
            shutil.rmtree(self.landing / source / f"business_date={date}", ignore_errors=True)
        table = self.rows[source]
        chosen = picked.choice(table.num_rows, round(table.num_rows * share), replace=False)
        delta = changes(table, source, date, chosen)
        if kind == "all":
            moved = delta.filter(pc.equal(delta["change_type"], "U")).drop_columns("change_type")
            delta = pa.concat_tables([moved, table.take(np.setdiff1d(np.arange(table.num_rows), chosen))])
        if kind != "nothing":
            write_delivery(self.landing, source, date, delta, DELIVERY)


@pytest.fixture(scope="module")
def rows() -> Mapping[str, pa.Table]:
    return {source: made() for source, made in generate.draw(5_000, 18, NIGHT).rows.items()}


def night(lake: Lake, landing: Path, date: dt.date, *, full: bool = False) -> list[str]:
    told: list[str] = []
    run_night(lake, str(landing), date, SETTINGS, None, told.append, full=full)
    return told


def decide(lake: Lake, drawn: random.Random) -> None:
    """People say of a shop that its candidate trades there, of another that it does not, and take something back."""
    links = lake.read(tables.SELLER_LINKS).where("personal_id is not null").select("platform", "shop_id", "decision")
    decided = link_decisions.in_force(lake.read(tables.LINK_DECISIONS)).select("platform", "shop_id")
    shops = {
        "linked": links.where("decision = 'review'"),
        "rejected": links.where("decision = 'link'"),
        "open": decided.distinct(),
    }
    for answer, of in shops.items():
        known = sorted((row.platform, row.shop_id) for row in of.collect())
        for platform, shop_id in drawn.sample(known, min(len(known), drawn.randrange(3))):
            link_decisions.decide(lake, platform, [shop_id], answer, "Nguyễn Thử", "đã gặp")


def without_history(frame: DataFrame) -> DataFrame:
    """What does not depend on the nights before; of cases those that hold, without what they say of late sources."""
    if "case_id" in frame.columns:
        frame = frame.where("status <> 'resolved'").drop("evidence", "quality")
    return frame.drop("business_date", "first_linked_on", "first_flagged_on")


@pytest.mark.parametrize("number", range(HISTORIES))
def test_a_history_of_nights_comes_to_what_its_end_alone_comes_to(
    spark: SparkSession, rows: Mapping[str, pa.Table], tmp_path: Path, number: int
) -> None:
    landing = tmp_path / "landing"
    shutil.copytree(COUNTRY / "landing", landing)
    lake, agencies = Lake(spark, str(tmp_path / "warehouse")), Agencies(landing, rows, random.Random(number))
    night(lake, landing, NIGHT)
    for day in range(1, NIGHTS + 1):
        for source in SOURCES:
            # The first night's full must stay: no night can do without one.
            kinds = KINDS if day > 1 else KINDS[:-2]
            agencies.deliver(source, NIGHT + dt.timedelta(days=day), agencies.drawn.choice(kinds))
        decide(lake, agencies.drawn)
        night(lake, landing, NIGHT + dt.timedelta(days=day))

    last = NIGHT + dt.timedelta(days=NIGHTS)
    decided = (tables.SELLER_LINKS, tables.SELLER_PARTIES, tables.FLAGGED_SELLERS)
    came_to = Lake(spark, lake.root, lake.current_versions())
    compared = [line for line in night(lake, landing, last, full=True) if line.startswith("full: ")]
    assert len(compared) == len(tables.SILVER) + len((*decided, tables.CORRECTIONS))
    assert all(line.endswith(": 0 rows differ") for line in compared)

    fresh = Lake(spark, str(tmp_path / "fresh"))
    for table in (tables.TRAINING, tables.FREQUENCIES, tables.LINK_DECISIONS):
        fresh.write(table, came_to.read(table))
    a_night.fill(fresh, tables.RUNS, (a_night.run(NIGHT, fresh.current_versions()),))
    for source in SOURCES:
        picture = came_to.read(tables.SILVER[source]).select(*SOURCES[source].kinds)
        write_delivery(tmp_path / "fulls", source, last, picture.toArrow(), DELIVERY)
    night(fresh, tmp_path / "fulls", last)
    for table in decided:
        apart = differing_rows(without_history(came_to.read(table)), without_history(fresh.read(table)))
        assert (table.path, apart) == (table.path, 0)
