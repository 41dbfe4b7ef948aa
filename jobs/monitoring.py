"""What a night tells the outside: a log of JSON lines, a metrics file for Prometheus, a command when it goes wrong.

None of it holds personal data: lines and reasons are made without, figures are counts and seconds.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from jobs.ledger import EXIT_CODES, Run
from jobs.settings import MonitoringSettings

_FAILED = 1
# Seconds that the command may take; a night does not wait for a mail server.
_PATIENCE = 60


@dataclass
class Monitor:
    """Tells what happens to the operator's terminal and to wherever the settings say.

    What cannot be told is no reason to fail a night: it becomes a warning on the terminal.

    Attributes:
        settings: where to.
        say: shows a line on the terminal.
        business_date: the night that is watched.
        is_told: whether the end of its run is told.
    """

    settings: MonitoringSettings
    say: Callable[[str], None]
    business_date: dt.date
    is_told: bool = False

    def turn_to(self, business_date: dt.date) -> None:
        """Watch another night."""
        self.business_date, self.is_told = business_date, False

    def line(self, text: str) -> None:
        """Something is being done."""
        self.say(text)
        warning = text.startswith("warning: ")
        self._log("warning" if warning else "info", text.removeprefix("warning: "))

    def ended(self, run: Run) -> None:
        """A run has ended, well or not."""
        figures = {
            "run_id": run.run_id,
            "status": run.status,
            "seconds": _seconds(run),
            "stages": {stage.name: stage.seconds for stage in run.stages},
            "sources": {each.source: each.outcome for each in run.sources},
            "error": run.error,
        }
        self.is_told = True
        level = "error" if run.status == "failed" else "info"
        self._log(level, "run ended", business_date=run.business_date.isoformat(), **figures)
        self._write_metrics(run)
        self._notify(run.status, run.business_date, run.run_id, run.error or "")

    def refused(self, reason: str) -> None:
        """The night could not begin."""
        self._log("error", "night refused", business_date=self.business_date.isoformat(), error=reason)
        self._notify("refused", self.business_date, "", reason)

    def broke_off(self, reason: str) -> None:
        """Something went wrong outside of a run, or in one whose end is told already, which then is not told twice."""
        if not self.is_told:
            self._log("error", "night broke off", business_date=self.business_date.isoformat(), error=reason)
            self._notify("failed", self.business_date, "", reason)

    @cached_property
    def _logger(self) -> Any:  # noqa: ANN401 - structlog's loggers have no type of their own
        assert self.settings.log is not None
        processors: list[structlog.typing.Processor] = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        file = self.settings.log.open("a", encoding="utf-8")
        return structlog.wrap_logger(structlog.WriteLogger(file), processors=processors)

    def _log(self, level: str, event: str, **more: object) -> None:
        if self.settings.log is None:
            return
        try:
            getattr(self._logger, level)(event, **more)
        except OSError as error:
            self.say(f"warning: log {self.settings.log}: {error.strerror}")

    def _write_metrics(self, run: Run) -> None:
        if self.settings.metrics is None:
            return
        try:
            # It writes beside the file and renames: a collector never reads half of one.
            write_to_textfile(str(self.settings.metrics), metrics(run))
            # The collector is another user; there are counts in it and nothing else.
            self.settings.metrics.chmod(0o644)
        except OSError as error:
            self.say(f"warning: metrics {self.settings.metrics}: {error.strerror}")

    def _notify(self, status: str, business_date: dt.date, run_id: str, error: str) -> None:
        if not self.settings.notify or status not in self.settings.notify_of:
            return
        told = {"STATUS": status, "BUSINESS_DATE": business_date.isoformat(), "RUN_ID": run_id, "ERROR": error}
        environment = {**os.environ, **{f"CT18_{name}": value for name, value in told.items()}}
        done = None
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(
                self.settings.notify, env=environment, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False
            )
        if done is None or done.returncode != 0:
            self.say(f"warning: the notification command {self.settings.notify[0]} did not succeed")


def metrics(run: Run) -> CollectorRegistry:
    """Figures of a run that has ended, as a collector of Prometheus takes them."""
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, *labels: str) -> Gauge:
        """One figure, in the registry."""
        return Gauge(f"ct18_{name}", meaning, labels, registry=registry)

    gauge("night_exit_code", "0 succeeded, 3 degraded, 1 failed").set(EXIT_CODES.get(run.status, _FAILED))
    gauge("night_seconds", "Seconds that the run took").set(_seconds(run))
    midnight = dt.datetime.combine(run.business_date, dt.time(), dt.UTC)
    gauge("night_business_date_seconds", "Business date, midnight UTC, as Unix time").set(midnight.timestamp())
    if run.ended_at is not None:
        gauge("night_ended_seconds", "When the run ended, as Unix time").set(run.ended_at.timestamp())
    spent, rows = gauge("stage_seconds", "Seconds a stage", "stage"), gauge("stage_rows", "Rows", "stage", "direction")
    for stage in run.stages:
        spent.labels(stage.name).set(stage.seconds)
        for direction, count in (("in", stage.rows_in), ("out", stage.rows_out)):
            if count is not None:
                rows.labels(stage.name, direction).set(count)
    good = gauge(
        "source_good", "1: its newest delivery was taken; 0: refused, held, absent or failed its gate", "source"
    )
    quarantined = gauge("source_quarantined_rows", "Rows in quarantine of the deliveries told of", "source")
    for source in sorted({each.source for each in run.sources}):
        own = [each for each in run.sources if each.source == source]
        good.labels(source).set(all(each.outcome == "taken" for each in own))
        quarantined.labels(source).set(sum(each.quarantined or 0 for each in own))
    return registry


def _seconds(run: Run) -> float:
    return 0.0 if run.ended_at is None else round((run.ended_at - run.started_at).total_seconds(), 2)
