"""The ledger of runs, `ops/runs`: what ran, how it ended, and which table versions are one night's state."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib import metadata
from itertools import pairwise
from statistics import fmean
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import cases
from jobs.errors import UserError
from jobs.outcomes import SourceOutcome
from jobs.storage import Lake, is_gone
from jobs.tables import FLAGGED_SELLERS, RUNS, Table

# Of a run that finished (contract §4).
EXIT_CODES = {"succeeded": 0, "degraded": 3}
FINISHED = tuple(EXIT_CODES)
# Version of the code, as runs name it. What an older one wrote is read as it is: a column that a table has gained since
# is null there, and comes with the next write (`storage.Lake.write`).
CODE = metadata.version("ct18")
# Runs that are no night: the name of their stage, which is the last of their row.
MAINTENANCE, RETRAIN, DECISIONS, LINK_DECISIONS = "maintenance", "retrain", "decisions", "link_decisions"
BETWEEN = (MAINTENANCE, RETRAIN, DECISIONS, LINK_DECISIONS)


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
    key_check: str | None = None

    def ended(self, status: str, error: str | None = None) -> Run:
        """The run at its end."""
        return replace(self, status=status, error=error, ended_at=max(_now(), self.started_at))


def begin(
    lake: Lake,
    business_date: dt.date,
    versions: Mapping[str, Any],
    base: Mapping[str, Any] | None,
    key_check: str | None,
) -> Run:
    """Open a run, after setting to failed those that died as running.

    Args:
        lake: the warehouse.
        business_date: of the run.
        versions: what shapes it.
        base: row of the last finished run, None where there is none.
        key_check: by which its secret is known (`settings.GoldSettings.key_check`).

    Raises:
        UserError: the tables are not there as the last finished run left them; nothing was written.
    """
    _require_whole(lake, table_versions(base))
    _bury_dead(lake)
    run = Run(
        f"{business_date:%Y%m%d}-{secrets.token_hex(4)}",
        business_date,
        _after_all(lake),
        versions,
        key_check=key_check,
    )
    write(lake, run)
    return run


def write(lake: Lake, run: Run) -> None:
    """Write the run's row as it stands."""
    lake.write(RUNS, lake.spark.createDataFrame([asdict(run)], RUNS.schema), f"run_id = '{run.run_id}'")


def finish(lake: Lake, run: Run) -> None:
    """Write the row by which all that the run wrote counts; that, and then the row, outlives a loss of power."""
    lake.files.settle(lake.root)
    write(lake, run)
    lake.files.settle(lake.root)


@contextmanager
def all_or_nothing(
    lake: Lake,
    base: Mapping[str, int],
    failed: Callable[[BaseException], Run],
    ended: Callable[[Run], None] = lambda run: None,
) -> Iterator[None]:
    """What runs inside begins at a state of the tables, and leaves them there where it fails.

    Args:
        lake: the warehouse.
        base: versions of the state.
        failed: an error → the run's row, which is written.
        ended: told of that row in the end.
    """
    with _or_back(lake, partial(_back_to, lake, base), failed, ended):
        lake.clear_scratch()
        lake.roll_back(base)
        yield


def _require_whole(lake: Lake, base: Mapping[str, int]) -> None:
    """A copy that was taken while a run was at work may name versions that it has not."""
    now = lake.current_versions()
    missing = sorted(path for path, version in base.items() if now.get(path, -1) < version)
    if missing:
        told = ", ".join(missing)
        raise UserError(f"warehouse {lake.root} is not whole: of {told} it has not the version that its last run left")


@contextmanager
def _or_back(
    lake: Lake,
    back: Callable[[], object],
    failed: Callable[[BaseException], Run],
    ended: Callable[[Run], None] = lambda run: None,
) -> Iterator[None]:
    """Where what runs inside fails, its row says so and the tables are brought back."""
    try:
        yield
    except BaseException as error:
        run = failed(error)
        # On a full disk these may fail as well; the next run begins with them.
        for step in (lake.clear_scratch, partial(write, lake, run), back):
            with suppress(Exception):
                step()
        ended(run)
        raise


def _back_to(lake: Lake, base: Mapping[str, int]) -> None:
    """Bring tables back; but for that of the cases if people have decided on some: the next run takes that over."""
    then = Lake(lake.spark, lake.root, base)
    decided = not cases.written(then.read(FLAGGED_SELLERS), lake.read(FLAGGED_SELLERS)).isEmpty()
    lake.roll_back(base, but=(FLAGGED_SELLERS,) if decided else ())


@dataclass
class Between:
    """A run between two nights: the last night's row, and its own as it stands."""

    last: Mapping[str, Any]
    run: Run


@contextmanager
def between_nights(lake: Lake, stage: str, only: Sequence[Table] = ()) -> Iterator[Between]:
    """A run that changes tables without being a night: its row repeats what the last finished one came to.

    So readers move from one state to the next, and a crash costs nothing.

    Args:
        lake: the warehouse.
        stage: what it does, one of `BETWEEN`.
        only: tables that it changes; it begins with these as they lie, and leaves them so where it fails. None named:
            it may change all, and begins where the last finished run left them.

    Raises:
        UserError: no night has finished yet; nothing was written.
    """
    last, began = require_night(lake), time.monotonic()
    versions = {**last["versions"], "tables": {}}
    between = Between(last, begin(lake, last["business_date"], versions, last, last["key_check"]))

    def failed(error: BaseException) -> Run:
        """The run's row where it breaks off."""
        return between.run.ended("failed", f"{stage}: {type(error).__name__}")

    were = {table: lake.version(table) for table in only}

    def back() -> None:
        """The tables that alone are changed as they lay."""
        for table, version in were.items():
            lake.bring_back(table, version)

    with _or_back(lake, back, failed) if only else all_or_nothing(lake, table_versions(last), failed):
        yield between
    stages = [StageRow(**row) for row in last["stages"] or [] if row["name"] != stage]
    stages.append(StageRow(stage, round(time.monotonic() - began, 2)))
    sources = [SourceOutcome(**source) for source in last["sources"] or []]
    tables = table_versions(last) | lake.versions_of(*only) if only else lake.current_versions()
    versions = {**last["versions"], "tables": tables}
    between.run = replace(between.run.ended(last["status"]), stages=stages, sources=sources, versions=versions)
    finish(lake, between.run)


def last_finished(lake: Lake, business_date: dt.date | None = None) -> dict[str, Any] | None:
    """The row of the last finished run (of a business date, where one is given), None where there is none.

    Raises:
        UserError: a newer version of ct18 made it, whose tables this one may not understand; or there are tables and no
            ledger that says what they are, as while a copy is brought back: a night would begin by removing them all.
    """
    rows = _finished_runs(lake)
    if business_date is not None:
        rows = rows.where(F.col("business_date") == F.lit(business_date))
    newest = _newest(rows)
    if newest is None:
        _require_new(lake)
    elif _parts(newest["versions"]["code"]) > _parts(CODE):
        made_by = newest["versions"]["code"]
        raise UserError(f"warehouse {lake.root} was written by ct18 {made_by}, this is {CODE}: use that one or a newer")
    return newest


def _require_new(lake: Lake) -> None:
    """A warehouse without any run is new; only what runs wrote stands in it."""
    if not lake.exists(RUNS) and lake.current_versions():
        raise UserError(
            f"warehouse {lake.root} has tables but no {RUNS.path}: it is not whole; bring that back, or name another"
        )


def last_of_earlier_date(lake: Lake, business_date: dt.date) -> dict[str, Any] | None:
    """The row of the last finished run of a date before this one, None where there is none."""
    return _newest(_finished_runs(lake).where(F.col("business_date") < F.lit(business_date)))


def _finished_runs(lake: Lake) -> DataFrame:
    return lake.read(RUNS).where(F.col("status").isin(*FINISHED))


def _newest(runs: DataFrame) -> dict[str, Any] | None:
    """The row of the newest date that ended last, None where there is none. No night goes back; clocks do."""
    newest = runs.orderBy(F.desc("business_date"), F.desc("ended_at")).first()
    return newest.asDict(recursive=True) if newest else None


def require_night(lake: Lake) -> dict[str, Any]:
    """The row of the last finished run.

    Raises:
        UserError: there is none.
    """
    last = last_finished(lake)
    if last is None:
        raise UserError(f"warehouse {lake.root}: no finished run yet")
    return last


def _parts(version: str) -> tuple[int, ...]:
    """Numbers of a version of ct18, to compare: 0.10.0 is newer than 0.9.1."""
    return tuple(int(part) for part in version.split("."))


def last_up_to(lake: Lake, business_date: dt.date) -> dict[str, Any] | None:
    """The row of the last finished run, None where there is none.

    Raises:
        UserError: it lies after the business date: no night goes back.
    """
    last = last_finished(lake)
    if last and last["business_date"] > business_date:
        raise UserError(f"business date {business_date} lies before the newest finished one, {last['business_date']}")
    return last


def usual_seconds(lake: Lake, nights: int) -> dict[str, float]:
    """Mean seconds of each stage over the last finished runs, of those that had it."""
    rows = _finished_runs(lake).where(is_night()).orderBy(F.desc("started_at")).limit(nights).collect()
    return mean_seconds([row.asDict(recursive=True) for row in rows])


def between(run: Mapping[str, Any]) -> str | None:
    """Stage of a finished run that is no night, and repeats what the last one came to; None for a night."""
    stages = run["stages"] or []
    return stages[-1]["name"] if stages and stages[-1]["name"] in BETWEEN else None


def decided_since(run: Mapping[str, Any], *stages: str) -> bool:
    """Whether people have decided since the night that a finished run is, or repeats; by the names of the stages.

    It may be on a case that holds no more, which only judging tells.
    """
    return any(stage["name"] in stages for stage in run["stages"] or [])


def is_night() -> Column:
    """Whether a row of `ops/runs` is a night's, as `between` has it."""
    last = F.try_element_at(F.col("stages.name"), F.lit(-1))
    return ~F.coalesce(last.isin(*BETWEEN), F.lit(False))


def is_whole(run: Mapping[str, Any]) -> bool:
    """Whether a row of `ops/runs` is of a night that went through, not one that found all done."""
    is_night = run["status"] in FINISHED and between(run) is None
    return is_night and any(stage["name"] == "match" for stage in run["stages"] or [])


def mean_seconds(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean seconds of each stage over rows of `ops/runs`, of those that had it; nights with nothing to do aside."""
    spent = defaultdict[str, list[float]](list)
    for run in filter(is_whole, runs):
        for stage in run["stages"] or []:
            spent[stage["name"]].append(stage["seconds"])
    return {name: fmean(seconds) for name, seconds in spent.items()}


def finished(lake: Lake, run_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The row of a finished run, and that of the finished run before it, None where it was the first.

    Raises:
        UserError: there is no such run, or it did not finish.
    """
    rows = _finished_runs(lake).orderBy("business_date", "ended_at")
    for before, row in pairwise([None, *rows.toLocalIterator()]):
        if row is not None and row.run_id == run_id:
            return row.asDict(recursive=True), before.asDict(recursive=True) if before else None
    raise UserError(f"warehouse {lake.root}: no finished run {run_id}")


def night_before(lake: Lake, run: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of the night that a finished run between nights repeats, None where it is no longer kept."""
    return _newest(_finished_runs(lake).where(is_night() & (F.col("ended_at") <= F.lit(run["ended_at"]))))


def table_versions(run: Mapping[str, Any] | None) -> dict[str, int]:
    """Table versions that are the state of a finished run; empty for None."""
    return dict(run["versions"]["tables"] or {}) if run else {}


def left_by(lake: Lake, run: Mapping[str, Any] | None) -> Lake:
    """The warehouse as a run left it; empty where there is none."""
    return Lake(lake.spark, lake.root, table_versions(run))


def night_of(lake: Lake, business_date: dt.date | None = None) -> tuple[Lake, dict[str, Any]]:
    """The warehouse as the last finished run (of a business date, where one is given) left it, and that run's row.

    Raises:
        UserError: there is no such run.
    """
    run = last_finished(lake, business_date)
    if run is None:
        of = f" of {business_date}" if business_date else ""
        raise UserError(f"warehouse {lake.root}: no finished run{of}")
    return left_by(lake, run), run


@contextmanager
def readable(what: str) -> Iterator[None]:
    """What reads the tables of a past run, which are kept for some weeks only; `what` names it.

    Raises:
        UserError: they are kept no longer.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        if not is_gone(error):
            raise
        raise UserError(f"{what} can no longer be read: its versions are past maintenance.versions_days") from None


def _bury_dead(lake: Lake) -> None:
    dead = lake.read(RUNS).where(F.col("status") == "running")
    ids = [row["run_id"] for row in dead.select("run_id").collect()]
    if not ids:
        return
    changes = {"status": F.lit("failed"), "ended_at": F.lit(_now()), "error": F.lit("the run died before it ended")}
    lake.write(RUNS, dead.withColumns(changes), "run_id in ({})".format(", ".join(f"'{each}'" for each in ids)))


def _after_all(lake: Lake) -> dt.datetime:
    """Now; where the clock has been set back, a moment after the last run ended."""
    last = lake.read(RUNS).agg(F.unix_micros(F.max("ended_at"))).first()
    if last is None or last[0] is None:
        return _now()
    return max(_now(), dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=last[0] + 1))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
