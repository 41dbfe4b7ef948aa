"""Decisions on cases: made by the command or by a client of somebody's own, they are part of the next finished run."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from jobs import cases, decisions, ledger, tables
from jobs.errors import UserError
from jobs.storage import Lake
from tests.jobs import a_night

WHY = ("Nguyễn Thử", "đã đăng ký tại địa bàn")
COLUMNS = tables.FLAGGED_SELLERS.columns


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A warehouse of one finished night with a few cases."""
    made = Lake(spark, str(tmp_path / "warehouse"))
    a_night.fill(made, tables.FLAGGED_SELLERS, a_night.BEFORE)
    a_night.fill(made, tables.FLAGGED_SELLERS, (*a_night.OPEN, *a_night.CLOSED))
    run = a_night.run(a_night.SECOND, made.current_versions(), "degraded", a_night.OUTCOMES)
    a_night.fill(made, tables.RUNS, (run,))
    return made


def statuses(lake: Lake) -> dict[str, str]:
    """Of the last finished run."""
    state = ledger.left_by(lake, ledger.last_finished(lake))
    return {row.case_id: row.status for row in state.read(tables.FLAGGED_SELLERS).collect()}


def remembered(lake: Lake, case_id: str) -> str | None:
    row = lake.read(tables.FLAGGED_SELLERS).where(f"case_id = '{case_id}'").first()
    assert row is not None
    evidence: dict[str, str] = json.loads(row.evidence)
    return evidence.get("Quyết định của cán bộ")


def write_status(lake: Lake, case_id: str, status: str) -> None:
    """As any client of Delta may."""
    table = DeltaTable(lake.location(tables.FLAGGED_SELLERS))
    table.update(updates={"status": f"'{status}'"}, predicate=f"case_id = '{case_id}'")


def test_a_decision_is_part_of_a_finished_run_and_can_be_taken_back(lake: Lake) -> None:
    before, night = statuses(lake), ledger.last_finished(lake)
    assert night is not None

    decisions.decide(lake, ["a1", "a2"], "dismissed", *WHY)
    assert statuses(lake) == {**before, "a1": "dismissed", "a2": "dismissed"}
    assert (remembered(lake, "a1"), remembered(lake, "a2")) == ("dismissed", "dismissed")

    decisions.decide(lake, ["a2"], "open", *WHY)
    assert statuses(lake) == {**before, "a1": "dismissed"}
    assert remembered(lake, "a2") is None

    told = lake.read(tables.DECISIONS).orderBy("decided_at", "case_id").collect()
    found = [(row.case_id, row.decision, row.decided_by, row.reason) for row in told]
    assert found == [("a1", "dismissed", *WHY), ("a2", "dismissed", *WHY), ("a2", "open", *WHY)]
    run = ledger.last_finished(lake)
    assert run is not None
    assert (run["business_date"], run["status"], run["sources"]) == (
        *(night["business_date"], night["status"]),
        night["sources"],
    )
    assert run["stages"][-1]["name"] == "decisions"


@pytest.mark.parametrize(
    ("case_id", "decision", "told"),
    [
        ("zz", "dismissed", "no case zz in the state of the night 2026-11-15"),
        ("a1", "open", "case a1 is open: there is no decision to take back"),
        ("d1", "open", "case d1 is resolved: there is no decision to take back"),
    ],
)
def test_what_cannot_be_decided_is_said_and_nothing_written(lake: Lake, case_id: str, decision: str, told: str) -> None:
    versions, runs = lake.current_versions(), lake.read(tables.RUNS).count()
    with pytest.raises(UserError, match=told):
        decisions.decide(lake, ["b1", case_id] if decision == "dismissed" else [case_id], decision, *WHY)
    assert (lake.current_versions(), lake.read(tables.RUNS).count()) == (versions, runs)


def test_before_any_night_there_is_nothing_to_decide(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished run yet"):
        decisions.decide(Lake(spark, str(tmp_path)), ["a1"], "dismissed", *WHY)


def test_what_a_client_has_written_is_taken_over_and_what_a_killed_night_left_is_not(lake: Lake) -> None:
    before = statuses(lake)
    # A night that was killed has resolved one case, given another a new figure, and opened one.
    cases_left = {row["case_id"]: row for row in (*a_night.OPEN, *a_night.CLOSED)}
    left = {
        **cases_left,
        "c1": {**cases_left["c1"], "status": "resolved"},
        "b1": {**cases_left["b1"], "revenue_vnd": 1},
    }
    a_night.fill(lake, tables.FLAGGED_SELLERS, (*left.values(), a_night.case("e1")))
    decisions.adopt(lake)
    assert statuses(lake) == before

    write_status(lake, "a1", "dismissed")
    write_status(lake, "b1", "confirmed")
    write_status(lake, "d2", "open")
    # A client that adds a row in place of changing one says two things.
    twice = {**cases_left["a2"], "status": "dismissed"}
    schema = DeltaTable(lake.location(tables.FLAGGED_SELLERS)).schema().to_arrow()
    write_deltalake(
        lake.location(tables.FLAGGED_SELLERS), pa.Table.from_pylist([twice], pa.schema(schema)), mode="append"
    )
    decisions.adopt(lake)
    assert statuses(lake) == {**before, "a1": "dismissed", "b1": "confirmed", "d2": "open"}
    (figure,) = lake.read(tables.FLAGGED_SELLERS).where("case_id = 'b1'").select("revenue_vnd").collect()
    assert figure.revenue_vnd == cases_left["b1"]["revenue_vnd"]
    found = {(row.case_id, row.decision, row.decided_by) for row in lake.read(tables.DECISIONS).collect()}
    assert found == {("a1", "dismissed", None), ("b1", "confirmed", None), ("d2", "open", None)}

    # Once it is part of a finished run there is nothing more to take over.
    runs = lake.read(tables.RUNS).count()
    decisions.adopt(lake)
    assert lake.read(tables.RUNS).count() == runs


def killed_at(monkeypatch: pytest.MonkeyPatch, broken: tables.Table, number: int) -> None:
    """A run ends without a last word when it writes to a table for the n-th time."""
    write, written = Lake.write, list[str]()

    def killed(made: Lake, table: tables.Table, *rest: object) -> None:
        """Write, until then."""
        written.append(table.path)
        if written.count(broken.path) >= number and table is broken:
            raise KeyboardInterrupt
        write(made, table, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Lake, "write", killed)
    # What a failure would put right, nobody does.
    monkeypatch.setattr(Lake, "bring_back", lambda *_: False)


def test_a_crash_half_way_loses_no_decision_of_a_client(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = statuses(lake)
    write_status(lake, "a1", "dismissed")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        killed_at(patch, tables.FLAGGED_SELLERS, 1)
        decisions.adopt(lake)
    assert statuses(lake) == before

    decisions.adopt(lake)
    assert statuses(lake) == {**before, "a1": "dismissed"}
    assert lake.read(tables.DECISIONS).count() == 1


def test_who_decided_is_known_after_a_crash_too(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        killed_at(patch, tables.RUNS, 2)
        decisions.decide(lake, ["a1"], "dismissed", *WHY)
    decisions.adopt(lake)
    (told,) = lake.read(tables.DECISIONS).collect()
    assert (told.case_id, told.decision, told.decided_by, told.reason) == ("a1", "dismissed", *WHY)
    assert statuses(lake)["a1"] == "dismissed"


def test_a_decision_that_fails_leaves_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = statuses(lake)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(cases, "decided", lambda *_: 1 / 0)
        decisions.decide(lake, ["a1"], "dismissed", *WHY)
    decisions.adopt(lake)
    assert statuses(lake) == before
    assert lake.read(tables.DECISIONS).count() == 0


def test_what_is_decided_while_a_run_is_at_work_outlives_it(lake: Lake) -> None:
    base = ledger.last_finished(lake)
    assert base is not None
    versions = ledger.table_versions(base)
    run = ledger.begin(lake, base["business_date"], base["versions"], base, None)
    with pytest.raises(ZeroDivisionError), ledger.all_or_nothing(lake, versions, lambda error: run.ended("failed")):
        write_status(lake, "a1", "dismissed")
        # What it writes has it, and says so.
        rows, decided = decisions.meanwhile(lake, base, lake.read(tables.FLAGGED_SELLERS))
        assert decided
        assert {row.case_id: row.status for row in rows.collect()}["a1"] == "dismissed"
        assert lake.read(tables.DECISIONS).count() == 1
        raise ZeroDivisionError
    decisions.adopt(lake)
    assert statuses(lake)["a1"] == "dismissed"


def test_what_no_longer_holds_is_confirmed_as_resolved_and_dismissed_for_good(spark: SparkSession) -> None:
    columns = "case_id string, decision string"
    told = spark.createDataFrame([("a", "confirmed"), ("b", "dismissed"), ("c", "open")], columns)
    rows = [tuple({**a_night.case(name), "status": "resolved", "shops": None}[c] for c in COLUMNS) for name in "abc"]
    found = cases.decided(spark.createDataFrame(rows, tables.FLAGGED_SELLERS.schema), told).collect()
    assert {row.case_id: row.status for row in found} == {"a": "resolved", "b": "dismissed", "c": "resolved"}


def test_a_run_of_decisions_cannot_be_replayed(lake: Lake, tmp_path: Path) -> None:
    from jobs.replay import replay
    from jobs.settings import Settings

    night = ledger.require_night(lake)
    decisions.decide(lake, ["a1"], "dismissed", *WHY)
    run = ledger.require_night(lake)
    with pytest.raises(UserError, match=rf"was no night \(decisions\).*{night['run_id']}$"):
        replay(lake, run["run_id"], Settings(), str(tmp_path / "out"), print)
