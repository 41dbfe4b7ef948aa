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
SHOPS = tuple(
    {"platform": "san_a", "shop_id": link["shop_id"], "name_sorted": "lan mai", "code": link.get("tax_code")}
    for link in LINKS
)
PEOPLE = ({"personal_id": "079190005678", "full_name": "Lê Văn Thử"},)

Obeyed = set[tuple[str, str, bool]]


def finish(lake: Lake, date: dt.date) -> None:
    """A night has left the tables as they are."""
    nights = [row.asDict(recursive=True) for row in lake.read(tables.RUNS).collect()]
    a_night.fill(lake, tables.RUNS, (*nights, a_night.run(date, lake.current_versions())))


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A warehouse of one finished night."""
    made = Lake(spark, str(tmp_path / "warehouse"))
    for table, rows in ((tables.SELLER_LINKS, LINKS), (tables.SELLERS, SHOPS), (tables.RESIDENTS, PEOPLE)):
        a_night.fill(made, table, rows)
    finish(made, a_night.FIRST)
    return made


def obeyed(lake: Lake) -> Obeyed:
    """What the next match is told."""
    found = link_decisions.to_obey(ledger.left_by(lake, ledger.last_finished(lake)))
    assert found is not None
    return {(row.record, row.subject, row.is_party) for row in found.collect()}


def test_decisions_are_part_of_a_finished_run_and_can_be_taken_back(lake: Lake) -> None:
    assert link_decisions.to_obey(lake) is None
    told = link_decisions.decide(lake, "san_a", ["S0004", "S0005"], "linked", *WHY)
    assert told == {"S0004": "Lê Văn Thử, ****5678", "S0005": "****5678"}
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
    assert (run["business_date"], run["stages"][-1]["name"]) == (a_night.FIRST, "link_decisions")
    made = lake.read(tables.LINK_DECISIONS).orderBy("decided_at").select("decision", "decided_by", "reason").collect()
    assert [tuple(row) for row in made] == [
        (decision, *WHY) for decision in ("linked", "linked", "rejected", "rejected", "open")
    ]


def test_a_decision_lapses_with_what_the_shop_declares(lake: Lake) -> None:
    link_decisions.decide(lake, "san_a", ["S0001", "S0004"], "rejected", *WHY)
    a_night.fill(lake, tables.SELLERS, (SHOPS[0], {**SHOPS[1], "name_sorted": "hoa tran"}, *SHOPS[2:]))
    finish(lake, a_night.SECOND)
    assert {record for record, _, _ in obeyed(lake)} == {"san_a|S0001"}


def test_of_a_birth_of_which_the_year_is_all_another_year_is_another_seller(lake: Lake) -> None:
    born = {"birth_date": None, "birth_year": 1980}
    a_night.fill(lake, tables.SELLERS, (SHOPS[0], {**SHOPS[1], **born}, *SHOPS[2:]))
    finish(lake, a_night.SECOND)
    link_decisions.decide(lake, "san_a", ["S0001", "S0004"], "rejected", *WHY)
    a_night.fill(lake, tables.SELLERS, (SHOPS[0], {**SHOPS[1], **born, "birth_year": 1990}, *SHOPS[2:]))
    finish(lake, a_night.SECOND + dt.timedelta(days=1))
    assert {record for record, _, _ in obeyed(lake)} == {"san_a|S0001"}


def test_whoever_has_read_an_older_report_decides_on_nobody_else(lake: Lake) -> None:
    a_night.fill(lake, tables.SELLER_LINKS, (LINKS[0], {**LINKS[1], "personal_id": "001085009999"}, *LINKS[2:]))
    finish(lake, a_night.SECOND)
    with pytest.raises(UserError, match="san_a S0004: the candidate is another one than on 2026-11-14"):
        link_decisions.decide(lake, "san_a", ["S0001", "S0004"], "linked", *WHY, a_night.FIRST)
    link_decisions.decide(lake, "san_a", ["S0001"], "linked", *WHY, a_night.FIRST)
    link_decisions.decide(lake, "san_a", ["S0004"], "linked", *WHY, a_night.SECOND)
    assert len(obeyed(lake)) == 2


def test_of_those_that_were_named_the_last_counts_and_whoever_was_ruled_out_stays_so(spark: SparkSession) -> None:
    made = [("a", "linked"), ("b", "rejected"), ("c", "linked"), ("d", "rejected"), ("d", "linked")]

    def standing(*more: tuple[str, str]) -> set[tuple[str, str]]:
        """What stands of all that."""
        moment = dt.datetime(2026, 11, 15, tzinfo=dt.UTC)
        rows = [
            ("san_a", "S1", person, None, 1, decision, *WHY, moment + dt.timedelta(minutes=minute))
            for minute, (person, decision) in enumerate((*made, *more))
        ]
        found = link_decisions.in_force(spark.createDataFrame(rows, tables.LINK_DECISIONS.schema))
        return {(row.personal_id, row.decision) for row in found.collect()}

    assert standing() == {("b", "rejected"), ("d", "linked")}
    # Nobody is named again by that whoever was named later is ruled out.
    assert standing(("d", "rejected")) == {("b", "rejected"), ("d", "rejected")}


@pytest.mark.parametrize(
    ("platform", "shop_id", "decision", "told"),
    [
        ("san_b", "S0004", "linked", "san_b S0004: no such shop in the last night"),
        ("san_a", "S0009", "rejected", "san_a S0009: has no candidate: there is nobody to decide on"),
        ("san_a", "S0005", "open", "san_a S0004, S0005: there is no decision to take back"),
    ],
)
def test_what_cannot_be_decided_is_said_and_nothing_written(
    lake: Lake, platform: str, shop_id: str, decision: str, told: str
) -> None:
    versions, runs = lake.current_versions(), lake.read(tables.RUNS).count()
    with pytest.raises(UserError, match=told):
        link_decisions.decide(lake, platform, list(dict.fromkeys(["S0004", shop_id])), decision, *WHY)
    assert (lake.current_versions(), lake.read(tables.RUNS).count()) == (versions, runs)
