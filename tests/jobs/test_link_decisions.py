"""Decisions on who trades in a shop: by command, on the candidate that the last night found, until taken back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import ledger, link_decisions, tables
from jobs.errors import UserError
from jobs.storage import Lake
from tests.jobs import a_night

WHY = ("Nguyễn Thử", "đã gặp chủ gian hàng")
LINKS = (
    {"platform": "san_a", "shop_id": "S0001", "personal_id": "079188001234", "decision": "link"},
    {"platform": "san_a", "shop_id": "S0004", "personal_id": "079190005678", "decision": "review"},
    {"platform": "san_a", "shop_id": "S0005", "tax_code": "0312345678", "decision": "review"},
    {"platform": "san_a", "shop_id": "S0009", "decision": "none"},
)

Obeyed = set[tuple[str, str, bool]]


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A warehouse of one finished night."""
    made = Lake(spark, str(tmp_path / "warehouse"))
    a_night.fill(made, tables.SELLER_LINKS, LINKS)
    a_night.fill(made, tables.RUNS, (a_night.run(a_night.SECOND, made.current_versions()),))
    return made


def obeyed(lake: Lake) -> Obeyed:
    """What the next match is told."""
    found = link_decisions.to_obey(ledger.left_by(lake, ledger.last_finished(lake)))
    assert found is not None
    return {(row.record, row.subject, row.is_party) for row in found.collect()}


def test_decisions_are_part_of_a_finished_run_and_can_be_taken_back(lake: Lake) -> None:
    assert link_decisions.to_obey(lake) is None
    link_decisions.decide(lake, "san_a", ["S0004", "S0005"], "linked", *WHY)
    link_decisions.decide(lake, "san_a", ["S0001"], "rejected", *WHY)
    rejected = ("san_a|S0001", "R:079188001234", False)
    company = ("san_a|S0005", "T:0312345678", True)
    assert obeyed(lake) == {("san_a|S0004", "R:079190005678", True), rejected, company}

    link_decisions.decide(lake, "san_a", ["S0004"], "rejected", *WHY)
    assert obeyed(lake) == {("san_a|S0004", "R:079190005678", False), rejected, company}
    link_decisions.decide(lake, "san_a", ["S0004"], "open", *WHY)
    assert obeyed(lake) == {rejected, company}

    run = ledger.last_finished(lake)
    assert run is not None
    assert (run["business_date"], run["stages"][-1]["name"]) == (a_night.SECOND, "link_decisions")
    told = lake.read(tables.LINK_DECISIONS).orderBy("decided_at").select("decision", "decided_by", "reason").collect()
    assert [tuple(row) for row in told] == [
        (decision, *WHY) for decision in ("linked", "linked", "rejected", "rejected", "open")
    ]


def test_of_several_that_were_named_the_last_counts_and_whoever_was_ruled_out_stays_so(spark: SparkSession) -> None:
    made = [("a", "linked"), ("b", "rejected"), ("c", "linked"), ("d", "rejected"), ("d", "linked"), ("d", "rejected")]
    moment = dt.datetime(2026, 11, 15, tzinfo=dt.UTC)
    rows = [
        ("san_a", "S1", person, None, decision, *WHY, moment + dt.timedelta(minutes=minute))
        for minute, (person, decision) in enumerate(made)
    ]
    found = link_decisions.in_force(spark.createDataFrame(rows, tables.LINK_DECISIONS.schema))
    assert {(row.personal_id, row.decision) for row in found.collect()} == {
        *(("b", "rejected"), ("c", "linked"), ("d", "rejected"))
    }


@pytest.mark.parametrize(
    ("platform", "shop_id", "decision", "told"),
    [
        ("san_b", "S0004", "linked", "no shop san_b S0004 in the state of the night 2026-11-15"),
        ("san_a", "S0009", "rejected", "shop san_a S0009 has no candidate: there is nobody to decide on"),
        ("san_a", "S0005", "open", "shop san_a S0004: there is no decision to take back"),
    ],
)
def test_what_cannot_be_decided_is_said_and_nothing_written(
    lake: Lake, platform: str, shop_id: str, decision: str, told: str
) -> None:
    versions, runs = lake.current_versions(), lake.read(tables.RUNS).count()
    with pytest.raises(UserError, match=told):
        link_decisions.decide(lake, platform, ["S0004", shop_id], decision, *WHY)
    assert (lake.current_versions(), lake.read(tables.RUNS).count()) == (versions, runs)
