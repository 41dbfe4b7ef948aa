"""The ledger of runs, `ops/runs`: what ran, how it ended, and which table versions are one night's state."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pyspark.sql import functions as F

from jobs.errors import UserError
from jobs.outcomes import SourceOutcome
from jobs.storage import Lake
from jobs.tables import RUNS

# Of a run that finished (contract §4).
EXIT_CODES = {"succeeded": 0, "degraded": 3}
FINISHED = tuple(EXIT_CODES)


@dataclass(frozen=True)
class StageRow:
    """A stage of a run: how long it took, and rows in and out (None where it has no such figure)."""

    name: str
    seconds: float
    rows_in: int | None = None
    rows_out: int | None = None


@dataclass(frozen=True)
class Run:
    """A row of `ops/runs`."""

    run_id: str
    business_date: dt.date
    started_at: dt.datetime
    versions: Mapping[str, Any]
    status: str = "running"
    ended_at: dt.datetime | None = None
    stages: Sequence[StageRow] = field(default_factory=tuple)
    sources: Sequence[SourceOutcome] = field(default_factory=tuple)
    error: str | None = None

    def ended(self, status: str, error: str | None = None) -> Run:
        """The run at its end."""
        return replace(self, status=status, error=error, ended_at=_now())


def begin(lake: Lake, business_date: dt.date, versions: Mapping[str, Any]) -> Run:
    """Open a run, after setting to failed those that died as running."""
    _bury_dead(lake)
    run = Run(f"{business_date:%Y%m%d}-{secrets.token_hex(4)}", business_date, _now(), versions)
    write(lake, run)
    return run


def write(lake: Lake, run: Run) -> None:
    """Write the run's row as it stands."""
    lake.write(RUNS, lake.spark.createDataFrame([asdict(run)], RUNS.schema), f"run_id = '{run.run_id}'")


def last_finished(lake: Lake, business_date: dt.date | None = None) -> dict[str, Any] | None:
    """The row of the last finished run (of a business date, where one is given), None where there is none."""
    rows = lake.read(RUNS).where(F.col("status").isin(*FINISHED))
    if business_date is not None:
        rows = rows.where(F.col("business_date") == F.lit(business_date))
    newest = rows.orderBy(F.col("ended_at").desc()).first()
    return newest.asDict(recursive=True) if newest else None


def table_versions(run: Mapping[str, Any] | None) -> dict[str, int]:
    """Table versions that are the state of a finished run; empty for None."""
    return dict(run["versions"]["tables"] or {}) if run else {}


def night_of(lake: Lake, business_date: dt.date | None = None) -> tuple[Lake, dict[str, Any]]:
    """The warehouse as the last finished run (of a business date, where one is given) left it, and that run's row.

    Raises:
        UserError: there is no such run.
    """
    run = last_finished(lake, business_date)
    if run is None:
        of = f" of {business_date}" if business_date else ""
        raise UserError(f"warehouse {lake.root}: no finished run{of}")
    return Lake(lake.spark, lake.root, table_versions(run)), run


def _bury_dead(lake: Lake) -> None:
    dead = lake.read(RUNS).where(F.col("status") == "running")
    ids = [row["run_id"] for row in dead.select("run_id").collect()]
    if not ids:
        return
    changes = {"status": F.lit("failed"), "ended_at": F.lit(_now()), "error": F.lit("the run died before it ended")}
    lake.write(RUNS, dead.withColumns(changes), "run_id in ({})".format(", ".join(f"'{each}'" for each in ids)))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
