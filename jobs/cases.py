"""Cases: what is found tonight, and how it changes what earlier nights and analysts said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import case_evidence
from jobs.flags import Reason, split_shops
from jobs.law import YearLaw, by_year
from jobs.parties import keyed_hash
from jobs.revenue import to_bigint
from jobs.tables import FLAGGED_SELLERS

# Half of the priority is reached at this tax, the other half never.
_HALF_PRIORITY_VND = 50_000_000
_SHARE_WITHOUT_ESTIMATE = 0.05

# What a case may be decided to be; `open` takes a decision back.
CONFIRMED, DISMISSED, OPEN = "confirmed", "dismissed", "open"

# Last key of the evidence of a case on which an analyst once decided.
_DECISION = "Quyết định của cán bộ"


def tonight(
    facts: DataFrame,
    shops: DataFrame,
    registrations: DataFrame,
    represented: DataFrame,
    revenue_after: DataFrame,
    laws: Sequence[YearLaw],
    key: str,
    degraded: frozenset[str],
    under_declared_share: float,
) -> DataFrame:
    """One row a case that holds tonight.

    Columns in: the facts of a party and tax year with findings (array of `flags.findings`);
    `case_evidence.shop_arrays`, `case_evidence.code_arrays`, `parties.represented`, `revenue.revenue_after`. Columns
    out: gold/flagged_sellers without status, business_date and first_flagged_on.
    """
    found = F.explode("findings").alias("finding")
    due = by_year(laws, lambda law: list(law.due_quarters))
    return (
        facts.where(F.size("findings") > 0)
        .select("*", _reasons_all().alias("reasons_all"), due.alias("due_quarters"), found)
        .join(shops, ["party_key", "tax_year"], "left")
        .join(registrations, "party_key", "left")
        .join(represented, "party_key", "left")
        .join(revenue_after, ["party_key", "tax_year"], "left")
        .withColumns({name: F.col(f"finding.{name}") for name in ("reason", "detail", "legal_basis")})
        .withColumns(
            {"case_threshold_vnd": F.col("finding.threshold_vnd"), "match_probability": F.col("finding.probability")}
        )
        .select(
            keyed_hash(key, F.col("party_key"), F.col("tax_year"), F.col("reason")).alias("case_id"),
            *("tax_year", "reason", "reasons_all", "detail", "party_type", "personal_id", "tax_code", "party_name"),
            *("province_code", "shops", to_bigint(F.col("revenue_vnd")).alias("revenue_vnd")),
            *(F.col("case_threshold_vnd").alias("threshold_vnd"), "legal_basis"),
            to_bigint(F.col("estimated_vnd")).alias("estimated_tax_vnd"),
            to_bigint(F.col("withheld_vnd")).alias("withheld_vnd"),
            *("match_probability", _priority().alias("priority")),
            case_evidence.evidence(laws, degraded, under_declared_share).alias("evidence"),
            case_evidence.quality(degraded).alias("quality"),
        )
    )


def _reasons_all() -> Column:
    split = F.when(split_shops(), F.lit(str(Reason.SPLIT_SHOPS)))
    return F.array_compact(F.concat(F.transform("findings", lambda finding: finding["reason"]), F.array(split)))


def _priority() -> Column:
    """p·t / (t + 50 million), t the tax still open; 5 % of revenue for a tax, 1 for a p that cannot be given."""
    open_tax = F.greatest(F.col("estimated_vnd") - F.col("withheld_vnd"), F.lit(0))
    without_estimate = F.greatest(F.col("revenue_vnd"), F.lit(0)) * _SHARE_WITHOUT_ESTIMATE
    tax = F.coalesce(
        F.when(F.col("estimated_vnd").isNotNull(), open_tax.cast("double")), without_estimate.cast("double")
    )
    priority = F.coalesce("match_probability", F.lit(1.0)) * tax / (tax + _HALF_PRIORITY_VND)
    return F.when(F.col("finding.last"), 0.0).otherwise(priority)


def carry_on(
    previous: DataFrame, found: DataFrame, laws: Sequence[YearLaw], judged: Sequence[Reason], business_date: dt.date
) -> DataFrame:
    """The whole table of cases after the night.

    A case that holds is opened, or opened again under its own id; one that an analyst confirmed or dismissed keeps that
    status and gets tonight's figures. One that no longer holds is resolved with its last figures, a dismissed one stays
    dismissed. Cases of other tax years and of reasons that are not judged tonight stay untouched. Columns in:
    gold/flagged_sellers and those of `tonight`; out: gold/flagged_sellers.
    """
    looked_at = _looked_at(laws, judged)
    was = previous.where(looked_at).select("case_id", F.struct(*FLAGGED_SELLERS.columns).alias("was"))
    now = found.select("case_id", F.struct(*found.columns).alias("now"))
    merged = now.join(was, "case_id", "full_outer").select(*_merged(found.columns, business_date))
    return previous.where(~looked_at).select(*FLAGGED_SELLERS.columns).unionByName(merged)


def still_hold(previous: DataFrame, laws: Sequence[YearLaw], judged: Sequence[Reason]) -> DataFrame:
    """Of the cases that a night looks at those that held at the last, as `tonight` gave them.

    Columns in: gold/flagged_sellers.
    """
    held = previous.where(_looked_at(laws, judged)).where("status <> 'resolved'")
    return held.drop("status", "business_date", "first_flagged_on")


def _looked_at(laws: Sequence[YearLaw], judged: Sequence[Reason]) -> Column:
    return F.col("tax_year").isin([law.tax_year for law in laws]) & F.col("reason").isin([str(r) for r in judged])


def _merged(found: Sequence[str], business_date: dt.date) -> list[Column]:
    holds = F.col("now").isNotNull()
    life = {
        "business_date": F.lit(business_date),
        "first_flagged_on": F.coalesce("was.first_flagged_on", F.lit(business_date)),
        "status": _status(holds),
        "evidence": _with_decision(F.coalesce("now.evidence", "was.evidence")),
    }
    figures = {
        name: F.when(holds, F.col(f"now.{name}")).otherwise(F.col(f"was.{name}")) for name in found if name not in life
    }
    return [column.alias(name) for name, column in sorted({**figures, **life}.items())]


def _status(holds: Column) -> Column:
    was = F.coalesce("was.status", F.lit("new"))
    return F.when(was == DISMISSED, was).when(~holds, "resolved").when(was == CONFIRMED, was).otherwise(OPEN)


def written(before: DataFrame, now: DataFrame) -> DataFrame:
    """Decisions that people have written into the table of cases, of cases that stood in it before.

    No night writes `confirmed` or `dismissed` where it did not stand, or `open` where one of them did: where the table
    says so people have, whatever else a run that was killed may have left there. Of a case that says two things at once
    neither counts.

    Columns in: case_id, status. Columns out: case_id, decision.
    """
    was, status = F.col("was"), F.col("decision")
    decided = status.isin(CONFIRMED, DISMISSED) & (status != was)
    taken_back = (status == OPEN) & was.isin(CONFIRMED, DISMISSED)
    said = now.groupBy("case_id").agg(F.min("status").alias("decision"), F.max("status").alias("other"))
    both = said.where("decision = other").join(before.select("case_id", F.col("status").alias("was")), "case_id")
    return both.where(decided | taken_back).select("case_id", "decision")


def decided(cases: DataFrame, decisions: DataFrame) -> DataFrame:
    """Cases with what analysts decide of some of them; `open` takes a decision back.

    One that does not hold any more stays resolved when it is confirmed: its decision is kept (contract §3).

    Columns in: gold/flagged_sellers; case_id, decision. Columns out: gold/flagged_sellers.
    """
    told, evidence, was = F.col("decision"), F.col("evidence"), F.col("status")
    status = F.when((was == "resolved") & (told != DISMISSED), was).otherwise(F.coalesce(told, was))
    marked = F.when(told == OPEN, _without_decision(evidence)).otherwise(_marked(evidence, told))
    both = cases.join(decisions.select("case_id", "decision"), "case_id", "left").withColumns(
        {"status": status, "evidence": F.when(told.isNotNull(), marked).otherwise(evidence)}
    )
    return both.select(*FLAGGED_SELLERS.columns)


def _with_decision(evidence: Column) -> Column:
    """Evidence that remembers what an analyst decided, also after the case is resolved or opened again."""
    told = F.when(F.col("was.status").isin(CONFIRMED, DISMISSED), F.col("was.status"))
    decision = F.coalesce(told, F.get_json_object("was.evidence", f"$['{_DECISION}']"))
    return F.when(decision.isNull(), evidence).otherwise(_marked(evidence, decision))


def _marked(evidence: Column, decision: Column) -> Column:
    plain = F.regexp_replace(_without_decision(evidence), r"\}$", "")
    return F.concat(plain, F.lit(f',"{_DECISION}":"'), decision, F.lit('"}'))


def _without_decision(evidence: Column) -> Column:
    return F.regexp_replace(evidence, rf',"{_DECISION}":"[a-z]+"\}}$', "}")
