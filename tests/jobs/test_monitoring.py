"""What a night tells the outside: the log, the metrics, the command."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from jobs.ledger import Run, StageRow
from jobs.monitoring import Monitor
from jobs.outcomes import SourceOutcome
from jobs.settings import MonitoringSettings

NIGHT = dt.date(2026, 11, 20)
BEGAN = dt.datetime(2026, 11, 20, 1, 30, tzinfo=dt.UTC)


def ended(status: str, error: str | None = None) -> Run:
    stages = (StageRow("bronze", 12.5, 100, 98), StageRow("gate", 3.0))
    sources = (
        SourceOutcome("sellers", NIGHT, "full", "taken", None, 60, 2, NIGHT),
        SourceOutcome("bank_accounts", NIGHT, "full", "refused", "sellers.csv is missing", 40, None, None),
    )
    run = Run("20261120-0a0b0c0d", NIGHT, BEGAN, {"tables": {}}, "running", None, stages, sources)
    return Run(**{**vars(run), "status": status, "error": error, "ended_at": BEGAN + dt.timedelta(seconds=95)})


def monitor(said: list[str], **settings: Any) -> Monitor:  # noqa: ANN401 - what the settings take
    return Monitor(MonitoringSettings(**settings), said.append, NIGHT)


def test_every_line_of_the_log_is_json(tmp_path: Path) -> None:
    said: list[str] = []
    told = monitor(said, log=tmp_path / "ct18.jsonl")
    told.line("match: shop")
    told.line("warning: gate: giữ lại")
    told.ended(ended("failed", "source residents has no good picture"))
    told.refused("another run is at work")
    lines = [json.loads(line) for line in (tmp_path / "ct18.jsonl").read_text("utf-8").splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "match: shop"),
        ("warning", "gate: giữ lại"),
        ("error", "run ended"),
        ("error", "night refused"),
    ]
    assert lines[2]["stages"] == {"bronze": 12.5, "gate": 3.0}
    assert lines[2]["sources"] == {"sellers": "taken", "bank_accounts": "refused"}
    assert said == ["match: shop", "warning: gate: giữ lại"]


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("degraded", 3), ("failed", 1)])
def test_the_metrics_file_is_what_prometheus_reads(tmp_path: Path, status: str, code: int) -> None:
    file = tmp_path / "ct18.prom"
    monitor([], metrics=file).ended(ended(status))
    families = text_string_to_metric_families(file.read_text("utf-8"))
    found = {(each.name, *sorted(each.labels.values())): each.value for one in families for each in one.samples}
    assert found["ct18_night_exit_code",] == code
    assert found["ct18_night_seconds",] == 95
    assert found["ct18_stage_seconds", "bronze"] == 12.5
    assert found["ct18_stage_rows", "bronze", "out"] == 98
    assert (found["ct18_source_good", "sellers"], found["ct18_source_good", "bank_accounts"]) == (1, 0)
    assert found["ct18_source_quarantined_rows", "sellers"] == 2


def test_the_command_is_run_when_a_night_goes_wrong(tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = ["sh", "-c", f'echo "$CT18_STATUS $CT18_BUSINESS_DATE $CT18_RUN_ID $CT18_ERROR" >> {told}']
    monitored = monitor([], notify=command)
    for run in (ended("succeeded"), ended("degraded"), ended("failed", "no residents")):
        monitored.ended(run)
    monitored.refused("another run is at work")
    # An error that ends a run is told with it, one outside of any by itself, as is that of the next night.
    monitored.broke_off("unexpected OSError")
    monitored.turn_to(NIGHT + dt.timedelta(days=1))
    monitored.broke_off("unexpected OSError")
    assert told.read_text("utf-8").splitlines() == [
        "failed 2026-11-20 20261120-0a0b0c0d no residents",
        "refused 2026-11-20  another run is at work",
        "failed 2026-11-21  unexpected OSError",
    ]


def test_what_cannot_be_told_fails_no_night(tmp_path: Path) -> None:
    said: list[str] = []
    nowhere = tmp_path / "not" / "there"
    monitor(said, log=nowhere / "log", metrics=nowhere / "prom", notify=["/no/such/command"]).ended(ended("failed"))
    assert len(said) == 3
    assert all(line.startswith("warning: ") for line in said)
