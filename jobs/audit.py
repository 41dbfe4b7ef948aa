"""Gold is audited before it is published: what a night wrote must add up, explain itself and stay within bounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.derived import KEY
from jobs.errors import NightFailed
from jobs.outcomes import GOLD, Accept, SourceOutcome, Verdict

# Code of the rule on the number of cases, which an operator may accept.
WITHIN_BOUNDS = "within_bounds"

# So few cases may come or go in any night.
_FEW_CASES = 100


@dataclass(frozen=True)
class Totals:
    """What the parties of a tax year must come to: its shops, and their revenue in đồng."""

    shops: int
    revenue_vnd: int


def totals(
    sellers: DataFrame, sales: DataFrame, tax_years: Collection[int], business_date: dt.date
) -> dict[int, Totals]:
    """What platforms reported, by judged tax year: counted from silver anew, not by the way that gold takes."""
    shops = sellers.count()
    began = F.make_date("year", "month", F.lit(1)) <= F.lit(business_date)
    counted = sales.where(F.col("year").isin(*tax_years) & began).join(sellers, ["platform", "shop_id"], "left_semi")
    # At most two rows: the judged years.
    rows = counted.groupBy("year").agg(F.sum(F.col("gross_revenue_vnd").cast("decimal(38,0)")).alias("vnd")).collect()
    revenue = {row.year: int(row.vnd or 0) for row in rows}
    return {year: Totals(shops, revenue.get(year, 0)) for year in tax_years}


@dataclass(frozen=True)
class Audited:
    """What a suite of gold judges.

    Attributes:
        rows: the rows, with what the suite asks for.
        facts: rule → whether it holds of the table as a whole; the rows bear it too, but there may be none.
    """

    rows: DataFrame
    facts: Mapping[str, bool]


def parties(seller_parties: DataFrame, expected: dict[int, Totals]) -> Audited:
    """Parties of the judged years, for their suite.

    Columns in: gold/seller_parties. Columns out: party_key, tax_status; `_key`; `_person` (resident and year, null
    where the party is none); `_shops_counted`, `_revenue_kept` (whether the year's sums are those expected).
    """
    judged = seller_parties.where(F.col("tax_year").isin(*expected))
    revenue = F.sum(F.col("revenue_vnd").cast("decimal(38,0)"))
    # At most two rows: the judged years.
    found = {
        row.tax_year: Totals(row.shops, int(row.vnd or 0))
        for row in judged.groupBy("tax_year").agg(F.sum("shop_count").alias("shops"), revenue.alias("vnd")).collect()
    }
    nothing = Totals(0, 0)
    counted = [year for year, total in expected.items() if found.get(year, nothing).shops == total.shops]
    kept = [year for year, total in expected.items() if found.get(year, nothing).revenue_vnd == total.revenue_vnd]
    year = F.col("tax_year").cast("string")
    rows = judged.select(
        *("party_key", "tax_status"),
        F.concat_ws("|", "party_key", year).alias(KEY),
        F.concat(F.col("personal_id"), F.lit("|"), year).alias("_person"),
        _among(counted).alias("_shops_counted"),
        _among(kept).alias("_revenue_kept"),
    )
    every = len(expected)
    return Audited(rows, {"shops_counted": len(counted) == every, "revenue_kept": len(kept) == every})


def cases(flagged: DataFrame, tax_years: Collection[int], open_before: int | None, most_growth: float) -> Audited:
    """Open cases of the judged years, for their suite.

    Args:
        flagged: gold/flagged_sellers.
        tax_years: the judged years.
        open_before: open cases of these years after the night before; None on the first night.
        most_growth: so many times more or fewer cases there may be.

    Columns out: case_id, reason, party_type, legal_basis; `_explained`, `_of_shops`, `_above_threshold`,
    `_within_bounds`.
    """
    judged = open_cases(flagged, tax_years)
    within = open_before is None or _within(judged.count(), open_before, most_growth)
    above = F.col("revenue_vnd") > F.col("threshold_vnd")
    rows = judged.select(
        *("case_id", "reason", "party_type", F.nullif("legal_basis", F.lit("")).alias("legal_basis")),
        F.coalesce(F.get_json_object("evidence", "$").isNotNull(), F.lit(False)).alias("_explained"),
        F.coalesce(F.size("shops") > 0, F.lit(False)).alias("_of_shops"),
        F.when(F.col("threshold_vnd").isNotNull(), above).alias("_above_threshold"),
        F.lit(within).alias(f"_{WITHIN_BOUNDS}"),
    )
    return Audited(rows, {WITHIN_BOUNDS: within})


def settle(verdicts: Mapping[str, Verdict], accept: Accept | None, business_date: dt.date) -> SourceOutcome | None:
    """Whether a night may be published: what is broken may not; an unusual number of cases an operator may accept.

    Returns:
        What was accepted, for `ops/runs`; None where nothing had to be.

    Raises:
        NightFailed: it may not be published.
    """
    failed = [f"{name}: {verdict.reason}" for name, verdict in verdicts.items() if not verdict.passed]
    if not failed:
        return None
    reason = "; ".join(failed)
    broken = {finding.rule for verdict in verdicts.values() for finding in verdict.findings if not finding.success}
    if accept is None or accept.source != GOLD or broken != {WITHIN_BOUNDS}:
        raise NightFailed(f"gold is not published: {reason}")
    told = f"accepted by {accept.by}: {accept.reason} (was: {reason})"
    return SourceOutcome(GOLD, business_date, None, "taken", told, None, None, None)


def open_cases(flagged: DataFrame, tax_years: Collection[int]) -> DataFrame:
    """Open cases of some tax years."""
    return flagged.where((F.col("status") == "open") & F.col("tax_year").isin(*tax_years))


def _within(now: int, before: int, most_growth: float) -> bool:
    few, many = sorted((now, before))
    return many <= most_growth * max(few, _FEW_CASES)


def _among(years: Collection[int]) -> Column:
    return F.col("tax_year").isin(*years) if years else F.lit(False)
