"""What analysts decide of cases: by `ct18 decide`, or by a client of their own that writes into `gold/flagged_sellers`.

A run begins by bringing every table back to what the last finished run left. So what people have decided is made part
of a finished run before another begins: by a run of its own, which changes no table but these two.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import cases, ledger, lock
from jobs.errors import UserError
from jobs.storage import Lake
from jobs.tables import DECISIONS, FLAGGED_SELLERS

STAGE = "decisions"

# What a case may be decided to be; `open` takes a decision back.
CONFIRMED, DISMISSED, OPEN = "confirmed", "dismissed", "open"


def decide(lake: Lake, case_ids: Sequence[str], decision: str, by: str, reason: str) -> None:
    """Decide on cases of the last finished run; nights keep it (contract §3, `status`).

    Args:
        lake: the warehouse.
        case_ids: the cases.
        decision: `confirmed`, `dismissed`, or `open`, which takes a decision back.
        by: who decides.
        reason: why.

    Raises:
        UserError: no night has finished yet, a run is at work, there is no such case, or none to take a decision back
            of; nothing was written.
    """
    ledger.require_night(lake)
    with lock.only_run(lake.files, lake.root, STAGE):
        adopt(lake)
        last = ledger.require_night(lake)
        _check(lake, last, case_ids, decision)
        rows = [(case_id, decision, by, reason) for case_id in dict.fromkeys(case_ids)]
        names = "case_id string, decision string, decided_by string, reason string"
        _settle(lake, last, lake.spark.createDataFrame(rows, names))


def _check(lake: Lake, last: Mapping[str, Any], case_ids: Sequence[str], decision: str) -> None:
    cases_then = ledger.left_by(lake, last).read(FLAGGED_SELLERS).where(F.col("case_id").isin(*case_ids))
    statuses = {row["case_id"]: row["status"] for row in cases_then.select("case_id", "status").collect()}
    for case_id in case_ids:
        if case_id not in statuses:
            raise UserError(f"no case {case_id} in the state of the night {last['business_date']}")
        if decision == OPEN and statuses[case_id] not in (CONFIRMED, DISMISSED):
            raise UserError(f"case {case_id} is {statuses[case_id]}: there is no decision to take back")


def adopt(lake: Lake) -> None:
    """Make part of a finished run what people have written into `gold/flagged_sellers` since the last one.

    No night writes `confirmed` or `dismissed` where it did not stand, or `open` where one of them did: where the table
    says so people have, whatever else a run that was killed may have left there. Whoever holds the lock may call it.
    """
    last = ledger.last_finished(lake)
    if last is None or lake.version(FLAGGED_SELLERS) == ledger.table_versions(last).get(FLAGGED_SELLERS.path):
        return
    found = written(ledger.left_by(lake, last).read(FLAGGED_SELLERS), lake.read(FLAGGED_SELLERS))
    if not found.isEmpty():
        nobody = F.lit(None).cast("string")
        _settle(lake, last, found.withColumns({"decided_by": nobody, "reason": nobody}))


def written(before: DataFrame, now: DataFrame) -> DataFrame:
    """Decisions that people have written into the table of cases.

    Columns in: case_id, status. Columns out: case_id, decision.
    """
    was, status = F.col("was"), F.col("decision")
    decided = status.isin(CONFIRMED, DISMISSED) & (status != was)
    taken_back = (status == OPEN) & was.isin(CONFIRMED, DISMISSED)
    both = now.select("case_id", F.col("status").alias("decision")).join(
        before.select("case_id", F.col("status").alias("was")), "case_id"
    )
    return both.where(decided | taken_back).drop("was")


def _settle(lake: Lake, last: Mapping[str, Any], found: DataFrame) -> None:
    """A finished run that differs from the last in these decisions alone.

    Killed before its row is written it leaves cases that say what was decided: the next run takes that over.
    """
    began, run, before = time.monotonic(), ledger.begin_between(lake, last), ledger.left_by(lake, last)
    try:
        # Beside the table that they may have been read from.
        kept = lake.keep(found)
        at = F.lit(dt.datetime.now(dt.UTC)).alias("decided_at")
        lake.write(FLAGGED_SELLERS, cases.decided(before.read(FLAGGED_SELLERS), kept))
        lake.write(DECISIONS, before.read(DECISIONS).unionByName(kept.select("*", at)))
    except BaseException as error:
        ledger.write(lake, run.ended("failed", f"{STAGE}: {type(error).__name__}"))
        raise
    lake.clear_scratch()
    versions = {**ledger.table_versions(last), **lake.versions_of(FLAGGED_SELLERS, DECISIONS)}
    ledger.write(lake, ledger.repeated(last, run, STAGE, time.monotonic() - began, versions))
