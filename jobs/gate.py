"""The gate: a Great Expectations checkpoint judges a source's new picture before anything is built on it.

A critical expectation that fails stops the picture; every other one colours the score of its dimension. Great
Expectations is kept to this module and `expectations/`; the record of quality is `gold/quality_scorecard`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

# Before the import: it would send usage statistics out.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from expectations import GOLD_SUITES, SUITES
from expectations.derived import derive
from expectations.kinds import ROWS, broken_rules
from jobs import drift, volume
from jobs.errors import NightFailed
from jobs.outcomes import GREEN, Dimension, Finding, Judged, Score, Verdict
from jobs.report.numbers import count
from jobs.settings import Answer, GateSettings
from jobs.sources import Source

_WORST = 3
# Rules that a reason names at most.
_MOST_TOLD = 8

# From the mildest to the gravest.
_ANSWERS = get_args(Answer)

# A delivery that is produced on its business date or in the morning after is in time.
_AGREED_HOURS = 36.0

_BROKEN = "_broken_rules"
_NOTHING: Mapping[str, Any] = MappingProxyType({})

# Great Expectations knows one project a process.
_ONE_PROJECT = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """What a picture is held against.

    Attributes:
        business_date: the day from which ages count.
        references: silver tables by source name, for values that must exist there; any may be missing.
        before: rows of `gold/quality_profiles` of the source on the last accepted nights.
        produced_after: hours of its business date after which the newest delivery was produced, None if unknown.
        settings: the gate's policy and limits.
    """

    business_date: dt.date
    references: Mapping[str, DataFrame] = field(default_factory=dict)
    before: Sequence[Row] = ()
    produced_after: float | None = None
    settings: GateSettings = field(default_factory=GateSettings)


def judge(source: Source, rows: DataFrame, asked: Asked, keep: Callable[[DataFrame], DataFrame]) -> Judged:
    """Judge the new picture of a source.

    Args:
        source: whose picture it is.
        rows: its silver columns; computed, for it is read a few times.
        asked: what it is held against.
        keep: computes a frame once and gives it back (`Lake.keep`).

    Returns:
        The verdict, the rows that break a rule, and the measures of the columns.

    Raises:
        NightFailed: an expectation could not be evaluated at all.
    """
    name = source.name
    derived = derive(name, rows, asked.references, asked.business_date, keep)
    marked = keep(derived.withColumn(_BROKEN, broken_rules(SUITES[name]())))
    profile = drift.measure(source, rows, asked.before, asked.settings.drift)
    said = {column: F.lit(value).cast("boolean") for column, value in _facts(source, rows, asked, profile).items()}
    return Judged(
        rows=rows,
        verdict=audit(name, marked.withColumns(said), asked.settings, breaking=_breaking(name, marked)),
        broken=_broken(source, marked, asked.business_date),
        profile=tuple(profile),
    )


def _facts(source: Source, rows: DataFrame, asked: Asked, profile: Sequence[drift.Measured]) -> dict[str, bool | None]:
    """What the suite asks about the table as a whole, a column each; None where nothing can be said."""
    said = drift.facts(profile, asked.before, asked.settings.drift)
    said |= volume.facts(source.name, rows, asked.business_date)
    if source.name == "seller_sales":
        shops = asked.references.get("sellers")
        selling = None if shops is None else volume.selling_share(rows, shops)
        said["_shops_sell"] = None if selling is None else selling >= asked.settings.least_selling
    known = asked.produced_after is not None
    said["_on_time"] = in_time(source.name, asked.produced_after, asked.settings) if known else None
    return said


def in_time(source: str, produced_after: float | None, settings: GateSettings) -> bool:
    """Whether a delivery was produced by the hour agreed with its source; one of which that is unknown is not late."""
    return produced_after is None or produced_after <= settings.agreed_hours.get(source, _AGREED_HOURS)


def _breaking(name: str, marked: DataFrame) -> dict[str, int]:
    """Dimension → rows that break a rule of it, each once however many it breaks."""
    rules = [each.meta or {} for each in SUITES[name]()]
    codes = {each: [rule["rule"] for rule in rules if rule["dimension"] == each] for each in get_args(Dimension)}
    broken = {each: F.arrays_overlap(_BROKEN, F.array(*map(F.lit, those))) for each, those in codes.items() if those}
    counted = marked.where(F.size(_BROKEN) > 0).agg(*(F.count_if(rows).alias(each) for each, rows in broken.items()))
    (found,) = counted.collect()
    return dict(found.asDict())


def _broken(source: Source, marked: DataFrame, business_date: dt.date) -> DataFrame:
    """Rows of `gold/broken_rules`: those that break a rule, with where their owner finds them."""
    return marked.where(F.size(_BROKEN) > 0).select(
        F.lit(business_date).alias("business_date"),
        F.lit(source.name).alias("source"),
        source.record_key().alias("record_key"),
        F.col(_BROKEN).alias("rules"),
        F.col("_delivery_date").alias("delivery_date"),
        F.col("_file").alias("file"),
        F.col("_row_number").alias("row_number"),
    )


def audit(
    name: str,
    frame: DataFrame,
    settings: GateSettings,
    facts: Mapping[str, bool] = _NOTHING,
    breaking: Mapping[str, int] = _NOTHING,
) -> Verdict:
    """The verdict on a frame by the suite of that name: a source's (`expectations.derived.derive`), or one of gold.

    Args:
        name: of the suite.
        frame: the rows.
        settings: the policy.
        facts: rule → whether it holds of the table as a whole, for rules that no row breaks where there is none.
        breaking: dimension → rows that break a rule of it, where that was counted.

    Raises:
        NightFailed: an expectation could not be evaluated at all.
    """
    with _ONE_PROJECT:
        findings = [_held_against(finding, facts) for finding in examine(name, frame)]
    answers = [(_answer(name, finding, settings), finding) for finding in findings]
    worst = max((answer for answer, _ in answers), key=_ANSWERS.index)
    told = [finding for answer, finding in answers if answer == worst and answer != "pass"]
    return Verdict(
        answer=worst,
        reason="; ".join(_told(finding) for finding in told[:_MOST_TOLD]),
        scores=tuple(_score(each, findings, breaking.get(each, 0)) for each in get_args(Dimension)),
        findings=tuple(findings),
    )


def _held_against(finding: Finding, facts: Mapping[str, bool]) -> Finding:
    """The finding; of a rule that the table as a whole breaks, one that fails at least once."""
    if facts.get(finding.rule, True):
        return finding
    return replace(finding, success=False, judged=max(finding.judged, 1), failed=max(finding.failed, 1))


def _answer(name: str, finding: Finding, settings: GateSettings) -> Answer:
    if finding.success:
        return "pass"
    return settings.answer(name, "critical" if finding.critical else "warning")


def examine(name: str, frame: DataFrame) -> list[Finding]:
    """Run the suite `name` on a frame that has its columns, in the order of the suite."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_spark("pictures", persist=False).add_dataframe_asset(name)
    suite = context.suites.add(gx.ExpectationSuite(name, expectations=(SUITES | GOLD_SUITES)[name]()))
    definition = gx.ValidationDefinition(
        name=name, data=asset.add_batch_definition_whole_dataframe("night"), suite=suite
    )
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[context.validation_definitions.add(definition)],
        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    (results,) = (run.results for run in outcome.run_results.values())
    return _findings(name, [result.to_json_dict() for result in results])


def _findings(name: str, results: list[dict[str, Any]]) -> list[Finding]:
    for result in results:
        if result["exception_info"].get("raised_exception", True):
            raise NightFailed(f"gate of {name}: {result['expectation_config']['type']} could not be evaluated")
    # Only what is said of the whole table asks for it.
    rows = next((r["result"]["observed_value"] for r in results if "row_count" in r["expectation_config"]["type"]), 0)
    return [_finding(result, rows) for result in results]


def _finding(result: dict[str, Any], rows: int) -> Finding:
    config, counts = result["expectation_config"], result["result"]
    if config["meta"]["scope"] == ROWS:
        # Of an empty table some counts are null.
        judged = (counts["element_count"] or 0) - (counts.get("missing_count") or 0)
        failed = counts["unexpected_count"] or 0
    else:
        # What is said of the whole table counts for every row; an empty table counts as one row, so that it can fail.
        judged = 0 if _says_nothing(counts) else max(rows, 1)
        failed = 0 if result["success"] else judged
    # Made up anew in each run, and of no use to anyone.
    config.pop("id", None)
    return Finding(
        rule=config["meta"]["rule"],
        description=config["description"],
        dimension=config["meta"]["dimension"],
        critical=config["severity"] == "critical",
        success=result["success"],
        judged=judged,
        failed=failed,
        result=json.dumps(result, ensure_ascii=False),
    )


def _says_nothing(counts: Mapping[str, Any]) -> bool:
    """Whether a fact of the whole table is null in every row: there was nothing to hold it against."""
    elements = counts.get("element_count") or 0
    return elements > 0 and counts.get("missing_count") == elements


def _score(dimension: Dimension, findings: Iterable[Finding], breaking: int) -> Score:
    """Score of a dimension: rows that satisfy an expectation over rows that it judged, summed over its expectations.

    `rows` is the greatest number of rows that one of them judged, `failed_rows` the number that failed any: those that
    break a rule on rows, or all that one on the table as a whole counts for.
    """
    own = [finding for finding in findings if finding.dimension == dimension]
    judged, failed = sum(finding.judged for finding in own), sum(finding.failed for finding in own)
    score = 1.0 if judged == 0 else 1 - failed / judged
    return Score(
        dimension=dimension,
        score=score,
        rows=max((finding.judged for finding in own), default=0),
        failed_rows=max([breaking, *(finding.failed for finding in own)]),
        gate=_gate(own, score),
        top_failures="; ".join(_told(finding) for finding in _worst(own)),
    )


def _gate(findings: Iterable[Finding], score: float) -> Literal["pass", "warn", "fail"]:
    broken = [finding for finding in findings if not finding.success]
    if any(finding.critical for finding in broken):
        return "fail"
    return "warn" if broken or score < GREEN else "pass"


def _worst(findings: Iterable[Finding]) -> list[Finding]:
    failing = (finding for finding in findings if finding.failed)
    return sorted(failing, key=lambda finding: (not (finding.critical and not finding.success), -finding.failed))[
        :_WORST
    ]


def _told(finding: Finding) -> str:
    """`Họ và tên phải có: 1.234/56.789 dòng không đạt`, numbers in Vietnamese writing."""
    return f"{finding.description}: {count(finding.failed)}/{count(finding.judged)} dòng không đạt"
