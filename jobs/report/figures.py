"""What a night comes to, in figures: every query here ends in a few rows, whatever the size of the country."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs import ledger, tables
from jobs.law import YearLaw, year_law
from jobs.report import queue as queue_
from jobs.storage import Lake, is_gone

HEAD = 20
HISTORY_DAYS = 30
BLOCKING_RULES_SHOWN = 60
QUARANTINE_SHOWN = 60
_NOT_IDENTIFIED = ("foreign", "unresolved")


@dataclass(frozen=True)
class Figures:
    """All that the pages of a night show.

    Attributes:
        reasons: tax_year, reason, cases, revenue_vnd, due_vnd of the open cases.
        changes: tax_year, reason, new, reopened, resolved, confirmed, dismissed since the run before; None where that
            cannot be read.
        before: row of that run, None on the first night.
        provinces: province, cases, parties, revenue_vnd, due_vnd, identified_parties of the night's tax year; a party
            counts once however many cases it has.
        statuses: tax_status, party_type, parties, shops, revenue_vnd, withheld_vnd, above of the night's tax year.
        law: threshold and its basis, of that year as known that night.
        decisions: decision, match_type, shops.
        head: first rows of the queue.
        scores: latest score of each source and dimension, with `history` (business_date, score) of the last days.
        blocking: model, rule, pairs, keys_cut, rows_cut, cap.
        findings: what every expectation found of each source when it was last judged, in the order of its suite.
        drifted: source, column, measure, distance, limit, figures of the latest profile of each source: what is unlike
            the nights before; `compared`: sources that had a night to be compared with.
        quarantine: source, reason, rows of the deliveries of this run.
    """

    reasons: Sequence[Row]
    changes: Sequence[Row] | None
    before: Mapping[str, Any] | None
    provinces: Sequence[Row]
    statuses: Sequence[Row]
    law: YearLaw
    decisions: Sequence[Row]
    head: Sequence[Row]
    scores: Sequence[Row]
    findings: Sequence[Row]
    drifted: Sequence[Row]
    compared: frozenset[str]
    blocking: Sequence[Row]
    quarantine: Sequence[Row]

    @property
    def previous_date(self) -> dt.date | None:
        """Business date of the run before."""
        return self.before["business_date"] if self.before else None

    def identified(self, name: str) -> int:
        """Sum of a column of `statuses` over the parties that are known."""
        return sum(int(row[name] or 0) for row in self.statuses if row.party_type not in _NOT_IDENTIFIED)

    def of_type(self, party_type: str, name: str) -> int:
        """Sum of a column of `statuses` over the parties of one type."""
        return sum(int(row[name] or 0) for row in self.statuses if row.party_type == party_type)

    def total(self, name: str) -> int:
        """Sum of a column of `statuses`."""
        return sum(int(row[name] or 0) for row in self.statuses)


def collect(lake: Lake, run: Mapping[str, Any], cases: DataFrame, queue: DataFrame) -> Figures:
    """Figures of the night that `lake` is pinned to.

    Args:
        lake: the warehouse.
        run: the row of `ops/runs`.
        cases: `gold/flagged_sellers`, read once for all.
        queue: what `queue.open_cases` made of it, best persisted.
    """
    night: dt.date = run["business_date"]
    law = year_law(night.year, night)
    compared = latest_distances(lake.read(tables.QUALITY_PROFILES), night).collect()
    before = ledger.last_of_earlier_date(Lake(lake.spark, lake.root), night)
    return Figures(
        reasons=by_reason(queue).collect(),
        changes=changes_since(lake, cases, before),
        before=before,
        provinces=by_province(queue, night.year).collect(),
        statuses=by_status(lake.read(tables.SELLER_PARTIES), night.year, law.threshold_vnd).collect(),
        law=law,
        decisions=by_decision(lake.read(tables.SELLER_LINKS)).collect(),
        head=queue_.by_priority(queue, HEAD).collect(),
        scores=latest_scores(lake.read(tables.QUALITY_SCORECARD), night).collect(),
        findings=latest_findings(lake.read(tables.QUALITY_FINDINGS), night).collect(),
        drifted=[row for row in compared if row.distance > row.limit],
        compared=frozenset(row.source for row in compared),
        blocking=lake.read(tables.BLOCKING)
        .orderBy("model", F.desc("pairs"), "rule")
        .limit(BLOCKING_RULES_SHOWN)
        .collect(),
        quarantine=_quarantined(lake, run),
    )


def by_reason(queue: DataFrame) -> DataFrame:
    """Open cases by tax year and reason: cases, revenue_vnd, due_vnd."""
    return (
        queue.groupBy("tax_year", "reason")
        .agg(
            F.count("*").alias("cases"),
            _total("revenue_vnd"),
            _total("due_vnd"),
        )
        .orderBy(F.desc("tax_year"), F.desc("cases"), "reason")
    )


def by_province(queue: DataFrame, tax_year: int) -> DataFrame:
    """Open cases by province, each party counted once, and its amounts once a tax year.

    Columns out: province, cases, parties, revenue_vnd, due_vnd, identified_parties (known, and of that tax year).
    """
    identified = ~F.col("party_type").isin(*_NOT_IDENTIFIED) & (F.col("tax_year") == tax_year)
    year = queue.groupBy("province", "party", "tax_year").agg(
        *(F.count("*").alias("cases"), F.max("revenue_vnd").alias("revenue_vnd"), F.max("due_vnd").alias("due_vnd")),
        F.bool_or(identified).alias("identified"),
    )
    party = year.groupBy("province", "party").agg(
        *(F.sum("cases").alias("cases"), _total("revenue_vnd"), _total("due_vnd")),
        F.bool_or("identified").alias("identified"),
    )
    return (
        party.groupBy("province")
        .agg(
            *(F.sum("cases").alias("cases"), F.count("*").alias("parties")),
            *(_total("revenue_vnd"), _total("due_vnd")),
            F.count_if("identified").alias("identified_parties"),
        )
        .orderBy(F.desc_nulls_last("due_vnd"), F.desc("cases"), "province")
    )


def by_status(parties: DataFrame, tax_year: int, threshold_vnd: int) -> DataFrame:
    """Parties of a year by status and type: parties, shops, revenue_vnd, withheld_vnd, above (the threshold)."""
    return (
        parties.where(F.col("tax_year") == tax_year)
        .groupBy("tax_status", "party_type")
        .agg(
            F.count("*").alias("parties"),
            F.sum("shop_count").alias("shops"),
            _total("revenue_vnd"),
            _total("withheld_vnd"),
            F.count_if(F.col("revenue_vnd") > threshold_vnd).alias("above"),
        )
        .orderBy(F.desc("revenue_vnd"), "tax_status", "party_type")
    )


def by_decision(links: DataFrame) -> DataFrame:
    """Shops by decision and by the evidence that carries it."""
    return links.groupBy("decision", "match_type").agg(F.count("*").alias("shops")).orderBy("decision", F.desc("shops"))


def latest_scores(scorecard: DataFrame, night: dt.date) -> DataFrame:
    """Newest row of each source and dimension up to the night, with its `history` of `HISTORY_DAYS`, oldest first."""
    row = F.struct("business_date", "score", "rows", "failed_rows", "gate", "top_failures")
    since = F.col("business_date") > night - dt.timedelta(days=HISTORY_DAYS)
    return (
        scorecard.where(F.col("business_date") <= night)
        .groupBy("source", "dimension")
        .agg(
            F.max_by(row, "business_date").alias("latest"),
            F.sort_array(F.collect_list(F.when(since, F.struct("business_date", "score")))).alias("history"),
        )
        .select("source", "dimension", "latest.*", "history")
        .orderBy("source", "dimension")
    )


def latest_distances(profiles: DataFrame, night: dt.date) -> DataFrame:
    """Measures of the latest picture of each source, up to this night, that had earlier ones to be compared with."""
    until = profiles.where(F.col("business_date") <= night)
    newest = until.groupBy("source").agg(F.max("business_date").alias("business_date"))
    compared = until.join(newest, ["source", "business_date"]).where(F.col("distance").isNotNull())
    return compared.orderBy("source", F.desc("distance"), "column", "measure")


def latest_findings(findings: DataFrame, night: dt.date) -> DataFrame:
    """Rows of `gold/quality_findings` of the last night, up to this one, that judged their source."""
    until = findings.where(F.col("business_date") <= night)
    newest = until.groupBy("source").agg(F.max("business_date").alias("business_date"))
    return until.join(newest, ["source", "business_date"]).orderBy("source", "number")


def quarantined(quarantine: DataFrame, deliveries: Iterable[tuple[str, dt.date]]) -> DataFrame:
    """Rows refused in some deliveries (source, date), by source and reason; two reasons count twice."""
    of_run = F.lit(False)
    for source, date in deliveries:
        of_run = of_run | ((F.col("source") == source) & (F.col("business_date") == date))
    return (
        quarantine.where(of_run)
        .select("source", F.explode("reasons").alias("reason"))
        .groupBy("source", "reason")
        .agg(F.count("*").alias("rows"))
        .orderBy(F.desc("rows"), "source", "reason")
        .limit(QUARANTINE_SHOWN)
    )


def changes(cases: DataFrame, before: DataFrame) -> DataFrame:
    """What one night changed, by tax year and reason: new, reopened, resolved; confirmed, dismissed (of open ones).

    Args:
        cases: `gold/flagged_sellers` after the night.
        before: the same after the finished run before it.
    """
    status, was = F.col("status"), F.col("was")
    return (
        cases.select("case_id", "tax_year", "reason", "status")
        .join(before.select("case_id", F.col("status").alias("was")), "case_id", "left")
        .groupBy("tax_year", "reason")
        .agg(
            F.count_if((status == "open") & was.isNull()).alias("new"),
            F.count_if((status == "open") & (was == "resolved")).alias("reopened"),
            F.count_if((status == "resolved") & was.isin("open", "confirmed")).alias("resolved"),
            *(F.count_if((status == each) & (was == "open")).alias(each) for each in ("confirmed", "dismissed")),
        )
    )


def cases_after(lake: Lake, run: Mapping[str, Any] | None) -> DataFrame:
    """`gold/flagged_sellers` as a run left it; without rows where there is none."""
    return ledger.left_by(lake, run).read(tables.FLAGGED_SELLERS)


def changes_since(lake: Lake, cases: DataFrame, before: Mapping[str, Any] | None) -> list[Row] | None:
    """`changes` since an earlier run; None where its version of the cases is gone."""
    try:
        return changes(cases, cases_after(lake, before)).collect()
    except (PySparkException, Py4JJavaError) as error:
        if not is_gone(error):
            raise
        return None  # that version has been vacuumed away


def _quarantined(lake: Lake, run: Mapping[str, Any]) -> list[Row]:
    deliveries = [(one["source"], one["delivery_date"]) for one in run["sources"] or [] if one["quarantined"]]
    return quarantined(lake.read(tables.QUARANTINE), deliveries).collect() if deliveries else []


def _total(name: str) -> Column:
    # A country's amounts in one 64-bit sum could overflow, which ANSI mode makes an error.
    return F.sum(F.col(name).cast("decimal(20,0)")).alias(name)
