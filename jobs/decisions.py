"""What analysts decide of cases: by `ct18 decide`, or by a client of their own that writes into `gold/flagged_sellers`.

A run begins by bringing every table back to what the last finished run left. So what people have decided is made part
of a finished run before another begins: by a run of its own, which changes no table but these two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import cases, ledger, lock
from jobs.cases import CONFIRMED, DISMISSED, OPEN
from jobs.errors import UserError
from jobs.storage import Lake
from jobs.tables import DECISIONS, FLAGGED_SELLERS

DECIDED = (CONFIRMED, DISMISSED, OPEN)


def decide(lake: Lake, case_ids: Sequence[str], decision: str, by: str, reason: str) -> None:
    """Decide on cases of the last finished run; nights keep it (contract §3, `status`).

    Args:
        lake: the warehouse.
        case_ids: the cases.
        decision: one of `DECIDED`; `open` takes a decision back.
        by: who decides.
        reason: why.

    Raises:
        UserError: no night has finished yet, a run is at work, there is no such case, or none to take a decision back
            of; nothing was written.
    """
    ledger.require_night(lake)
    with lock.only_run(lake.files, lake.root, ledger.DECISIONS):
        _check(lake, case_ids, decision)
        adopt(lake)
        rows = [(case_id, decision, by, reason) for case_id in dict.fromkeys(case_ids)]
        names = "case_id string, decision string, decided_by string, reason string"
        found = lake.spark.createDataFrame(rows, names).withColumn("decided_at", _now())
        _settle(lake, found)


def _check(lake: Lake, case_ids: Sequence[str], decision: str) -> None:
    last = ledger.require_night(lake)
    before = ledger.left_by(lake, last).read(FLAGGED_SELLERS).where(F.col("case_id").isin(*case_ids))
    # What a client has written counts, though no run has taken it over yet.
    since = cases.written(before, lake.read(FLAGGED_SELLERS)).select("case_id", "decision").collect()
    statuses = {row["case_id"]: row["status"] for row in before.select("case_id", "status").collect()} | dict(since)
    for case_id in case_ids:
        if case_id not in statuses:
            raise UserError(f"no case {case_id} in the state of the night {last['business_date']}")
        if decision == OPEN and statuses[case_id] not in (CONFIRMED, DISMISSED):
            raise UserError(f"case {case_id} is {statuses[case_id]}: there is no decision to take back")


def adopt(lake: Lake) -> None:
    """Make part of a finished run what people have written into `gold/flagged_sellers` since the last one.

    Whoever holds the lock may call it. A table that a client has left in another shape tells nothing, and is brought
    back by the run that follows.
    """
    last = ledger.last_finished(lake)
    if last is None or _is_as_left(lake, last):
        return
    with suppress(AnalysisException):
        found = _since(lake, last)
        if not found.isEmpty():
            _settle(lake, found)


def meanwhile(lake: Lake, base: Mapping[str, Any] | None, tonight: DataFrame) -> tuple[DataFrame, bool]:
    """The cases of a night, with what people have decided while it was at work, which is recorded; whether they have.

    Args:
        lake: the warehouse; the night has not written its cases yet.
        base: the last finished run.
        tonight: rows of `gold/flagged_sellers`.
    """
    if base is None or _is_as_left(lake, base):
        return tonight, False
    found = lake.keep(_since(lake, base))
    if found.isEmpty():
        return tonight, False
    _record(lake, base, found)
    return cases.decided(tonight, found), True


def _is_as_left(lake: Lake, last: Mapping[str, Any]) -> bool:
    return lake.version(FLAGGED_SELLERS) == ledger.table_versions(last).get(FLAGGED_SELLERS.path)


def _since(lake: Lake, last: Mapping[str, Any]) -> DataFrame:
    """Decisions that stand in the table of cases and not in what a finished run left. Columns out: those of DECISIONS.

    Of one that `decide` was killed over who and why are known already; of one that a client wrote neither is, and its
    moment is that of now.
    """
    then = ledger.left_by(lake, last)
    found = cases.written(then.read(FLAGGED_SELLERS), lake.read(FLAGGED_SELLERS))
    told = lake.read(DECISIONS).join(then.read(DECISIONS), ["case_id", "decided_at"], "left_anti")
    newest = told.groupBy("case_id", "decision").agg(F.max(F.struct("decided_at", "decided_by", "reason")).alias("as"))
    both = found.join(newest, ["case_id", "decision"], "left")
    at = F.coalesce("as.decided_at", _now()).alias("decided_at")
    return both.select("case_id", "decision", "as.decided_by", "as.reason", at)


def _settle(lake: Lake, found: DataFrame) -> None:
    """A finished run that differs from the last in these decisions alone.

    Killed before its row is written it leaves cases that say what was decided, and who did: the next run takes that
    over.
    """
    with ledger.between_nights(lake, ledger.DECISIONS, only=(DECISIONS, FLAGGED_SELLERS)) as between:
        # Beside the table that they may have been read from.
        kept = lake.keep(found)
        _record(lake, between.last, kept)
        before = ledger.left_by(lake, between.last).read(FLAGGED_SELLERS)
        lake.write(FLAGGED_SELLERS, cases.decided(before, kept))
        lake.clear_scratch()


def _record(lake: Lake, last: Mapping[str, Any], found: DataFrame) -> None:
    lake.write(DECISIONS, ledger.left_by(lake, last).read(DECISIONS).unionByName(found))


def _now() -> Column:
    return F.lit(dt.datetime.now(dt.UTC))
