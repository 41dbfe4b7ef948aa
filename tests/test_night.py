"""Whole nights on the committed country: the first, the same again, and a next one with a few changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import ledger, tables
from jobs.evaluate import evaluate
from jobs.ledger import Run
from jobs.night import run_night
from jobs.settings import Settings
from jobs.storage import Lake

ROOT = Path(__file__).resolve().parent.parent
COUNTRY = ROOT / "sample_data" / "small"
NIGHT = dt.date(2026, 11, 20)
NEXT = NIGHT + dt.timedelta(days=1)

# An operator of a physical plan with those below it, as Spark's event log has it.
Plan = dict[str, Any]

# What a night dates or orders anew although nothing changed.
DATED = {"business_date"}


@dataclass(frozen=True)
class Nights:
    """Three nights of one warehouse, each with the state that it left."""

    lake: Lake
    first: Run
    again: Run
    following: Run
    registered: str
    plans: list[Plan]

    def state(self, run: Run) -> Lake:
        return Lake(self.lake.spark, self.lake.root, dict(run.versions["tables"]))


@pytest.fixture(scope="module")
def nights(spark: SparkSession, event_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    folder = tmp_path_factory.mktemp("country")
    (log,) = event_log.iterdir()
    before = log.stat().st_size
    lake = Lake(spark, str(folder / "warehouse"))
    first = _run(lake, str(COUNTRY / "landing"), NIGHT)
    again = _run(lake, str(COUNTRY / "landing"), NIGHT)
    flagged = lake.read(tables.FLAGGED_SELLERS).where("reason = 'UNREGISTERED' and status = 'open'")
    person = flagged.orderBy(F.desc("priority"), "case_id").first()
    assert person is not None
    _register(folder / "landing", lake, person["personal_id"])
    following = _run(lake, str(folder / "landing"), NEXT)
    yield Nights(lake, first, again, following, person["case_id"], _plans(log, before))


def _run(lake: Lake, landing: str, date: dt.date) -> Run:
    return run_night(lake, landing, date, Settings(), None, lambda line: None)


def _register(landing: Path, lake: Lake, personal_id: str) -> None:
    """A delta of the tax registry: a flagged resident has registered a household business."""
    person = lake.read(tables.RESIDENTS).where(F.col("personal_id") == personal_id).first()
    assert person is not None
    row = {name: None for name in tables.SILVER["taxpayers"].schema.names[:16]}
    moment = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    row |= {
        "tax_code": personal_id,
        "taxpayer_name": person["full_name"],
        "taxpayer_type": "household_business",
        "id_number": personal_id,
        "date_of_birth": person["date_of_birth"],
        "status": "00",
        "registered_on": NIGHT,
        "updated_at": moment,
        "change_type": "I",
    }
    dates = {"registered_on": pa.date32(), "closed_on": pa.date32(), "updated_at": pa.timestamp("us", "UTC")}
    schema = pa.schema([(name, dates.get(name, pa.string())) for name in row])
    folder = landing / "taxpayers" / f"business_date={NEXT}"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row], schema), folder / "changes.parquet")
    content = (folder / "changes.parquet").read_bytes()
    files = [{"name": "changes.parquet", "rows": 1, "sha256": hashlib.sha256(content).hexdigest()}]
    manifest = {"source": "taxpayers", "business_date": str(NEXT), "mode": "delta", "files": files}
    manifest["produced_at"] = "2026-11-21T00:30:00+07:00"
    (folder / "_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _plans(log: Path, start: int) -> list[Plan]:
    """Plans in the part of an event log from a byte on, those that Spark changed while they ran included."""
    with log.open("rb") as events:
        events.seek(start)
        return [event["sparkPlanInfo"] for line in events if "sparkPlanInfo" in (event := json.loads(line))]


def _operators(plan: Plan) -> Iterator[Plan]:
    """An operator and all below it."""
    yield plan
    for child in plan["children"]:
        yield from _operators(child)


def _rows(frame: DataFrame) -> set[str]:
    kept = [name for name in frame.columns if name not in DATED]
    return {row[0] for row in frame.select(F.to_json(F.struct(*sorted(kept)))).collect()}


def test_the_first_night_succeeds_and_no_row_is_lost(nights: Nights) -> None:
    assert nights.first.status == "succeeded"
    assert {outcome.outcome for outcome in nights.first.sources} == {"taken"}
    bronze = next(stage for stage in nights.first.stages if stage.name == "bronze")
    quarantined = sum(outcome.quarantined or 0 for outcome in nights.first.sources)
    assert bronze.rows_in == (bronze.rows_out or 0) + quarantined
    assert bronze.rows_in == sum(outcome.rows or 0 for outcome in nights.first.sources)


def test_links_and_flags_agree_with_the_truth(nights: Nights) -> None:
    scores = evaluate(nights.state(nights.first), str(COUNTRY / "truth"))
    links, flags = scores["links"], scores["flags"]
    assert links["precision"] >= 0.98  # type: ignore[index]
    assert links["recall"] >= 0.90  # type: ignore[index]
    assert flags["UNREGISTERED"]["precision"] >= 0.9  # type: ignore[index]


def test_no_plan_multiplies_two_tables(nights: Nights) -> None:
    names = {operator["nodeName"] for plan in nights.plans for operator in _operators(plan)}
    assert "SortMergeJoin" in names or "BroadcastHashJoin" in names
    assert not names & {"CartesianProduct", "BroadcastNestedLoopJoin"}


def test_no_window_gathers_a_whole_table(nights: Nights) -> None:
    operators = [operator for plan in nights.plans for operator in _operators(plan)]
    windows = [operator for operator in operators if operator["nodeName"] == "Window"]
    assert windows
    gathered = [_first_exchange(window) for window in windows]
    assert not [exchange for exchange in gathered if "SinglePartition" in exchange]


def _first_exchange(operator: Plan) -> str:
    """How the rows that an operator sees were spread: the nearest exchange below it, empty where there is none."""
    return next((below["simpleString"] for below in _operators(operator) if below["nodeName"] == "Exchange"), "")


def test_every_shop_has_one_link_and_counts_in_one_party(nights: Nights) -> None:
    state = nights.state(nights.first)
    shops = state.read(tables.SELLERS).count()
    assert state.read(tables.SELLER_LINKS).select("platform", "shop_id").distinct().count() == shops
    parties = state.read(tables.SELLER_PARTIES).where("tax_year = 2026")
    assert parties.agg(F.sum("shop_count")).first()[0] == shops  # type: ignore[index]


def test_every_link_says_why(nights: Nights) -> None:
    links = nights.state(nights.first).read(tables.SELLER_LINKS).where("decision != 'none'")
    for row in links.limit(50).collect():
        why = json.loads(row["evidence"])
        assert 0 <= row["match_probability"] <= 1
        assert why["fields"]
        assert row["personal_id"] is None or row["personal_id"] not in row["evidence"]


@pytest.mark.parametrize(
    "table",
    [tables.HOLDER_LINKS, tables.SELLER_LINKS, tables.FLAGGED_SELLERS, tables.SELLER_PARTIES, tables.CORRECTIONS],
    ids=lambda t: t.path,
)
def test_the_same_night_again_changes_nothing(nights: Nights, table: tables.Table) -> None:
    assert _rows(nights.state(nights.again).read(table)) == _rows(nights.state(nights.first).read(table))


def test_scores_are_those_of_what_was_found(nights: Nights) -> None:
    state = nights.state(nights.first)
    key = ["business_date", "source", "dimension"]
    found = state.read(tables.QUALITY_FINDINGS)
    summed = found.groupBy(*key).agg(
        (1 - F.sum("failed") / F.sum("judged")).alias("held"), F.max("failed").alias("most")
    )
    rows = state.read(tables.QUALITY_SCORECARD).join(summed, key, "left").collect()
    assert len(rows) == 4 * 8
    assert all(abs(row.score - (1.0 if row.held is None else row.held)) < 1e-9 for row in rows)
    assert all(row.failed_rows == (row.most or 0) for row in rows)
    # No value of the data is in what Great Expectations left behind.
    assert found.where("result like '%partial_unexpected_list\": [\"%'").isEmpty()


def test_rows_that_break_a_rule_are_as_many_as_its_finding_says(nights: Nights) -> None:
    state = nights.state(nights.first)
    broken = state.read(tables.BROKEN_RULES).select("source", F.explode("rules").alias("rule"))
    rows = {(row.source, row.rule): row["count"] for row in broken.groupBy("source", "rule").count().collect()}
    found = state.read(tables.QUALITY_FINDINGS).where('result like \'%"scope": "rows"%\' and failed > 0')
    of_sources = found.where(F.col("source").isin(*tables.SILVER))
    assert rows == {(row.source, row.rule): row.failed for row in of_sources.collect()}
    assert len(rows) > 20


def test_what_owners_should_mend_is_told_once_and_masked(nights: Nights) -> None:
    corrections = nights.state(nights.first).read(tables.CORRECTIONS)
    rows = corrections.collect()
    assert {row.source for row in rows} == {
        *("residents", "taxpayers", "bank_accounts", "telecom_subscribers", "sellers")
    }
    assert len({(row.source, row.record_key, row.field) for row in rows}) == len(rows)
    assert all(0 <= row.confidence <= 1 and row.status == "open" for row in rows)
    shown = [text for row in rows for text in (row.value_masked, row.suggestion_masked) if text]
    assert not [text for text in shown if re.search("[0-9]{7}", text)]


def test_a_next_night_takes_changes_in_and_resolves_what_no_longer_holds(nights: Nights) -> None:
    assert nights.following.status == "degraded"
    assert {o.outcome for o in nights.following.sources if o.source != "taxpayers"} == {"absent"}
    cases = nights.state(nights.following).read(tables.FLAGGED_SELLERS)
    resolved = cases.where(F.col("case_id") == nights.registered).first()
    assert resolved is not None
    assert (resolved["status"], resolved["business_date"], resolved["first_flagged_on"]) == ("resolved", NEXT, NIGHT)
    before = nights.state(nights.first).read(tables.FLAGGED_SELLERS)
    assert before.join(cases, "case_id", "left_anti").isEmpty()


def test_finished_nights_are_in_the_ledger_and_going_back_is_refused(nights: Nights) -> None:
    last = ledger.last_finished(nights.lake)
    assert last is not None
    assert last["run_id"] == nights.following.run_id
    with pytest.raises(Exception, match="lies before the newest finished one"):
        _run(nights.lake, str(COUNTRY / "landing"), NIGHT - dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--business-date", "2026-02-31"], "not a date"),
        (["--business-date", "2026-11-20", "--accept", "nobody:2026-11-20"], "--accept"),
        (["--business-date", "2026-11-20", "--config", "no-such-file.yaml"], "no-such-file.yaml"),
        ([], "--business-date"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments: list[str], told: str, tmp_path: Path) -> None:
    places = ["--landing", str(COUNTRY / "landing"), "--warehouse", str(tmp_path / "warehouse")]
    command = [sys.executable, "-m", "jobs", "nightly", *places, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "warehouse").exists()
