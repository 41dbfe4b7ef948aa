"""The gate: a Great Expectations checkpoint judges a source's new picture before anything is built on it.

A critical expectation that fails stops the picture; every other one colours the score of its dimension. Great
Expectations is kept to this module and `expectations/`; the record of quality is `gold/quality_scorecard`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from pyspark.sql import DataFrame

# Before the import: it would send usage statistics out.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig

from expectations import GOLD_SUITES, SUITES
from expectations.derived import derive
from expectations.kinds import ROWS
from jobs.errors import NightFailed
from jobs.outcomes import Dimension, Finding, Score, Verdict
from jobs.report.numbers import count
from jobs.sources import Source

# CV 4856/BCA-TTDLQG: from 90 % a score is green.
GREEN = 0.90

_WORST = 3


def judge(source: Source, picture: DataFrame, references: Mapping[str, DataFrame], business_date: dt.date) -> Verdict:
    """Judge the new picture of a source.

    Args:
        source: whose picture it is.
        picture: columns of `Source.picture_schema`; best computed once (a checkpoint), it is read a few times.
        references: silver tables by source name, for values that must exist there; any may be missing.
        business_date: the day from which ages count.

    Returns:
        The verdict with a score a dimension and what each expectation found.

    Raises:
        NightFailed: an expectation could not be evaluated at all.
    """
    return audit(source.name, derive(source.name, picture, references, business_date))


def audit(name: str, frame: DataFrame) -> Verdict:
    """The verdict on a frame by the suite of that name: a source's (`expectations.derived.derive`), or one of gold.

    Raises:
        NightFailed: an expectation could not be evaluated at all.
    """
    findings = examine(name, frame)
    failed = [finding for finding in findings if finding.critical and not finding.success]
    scores = tuple(_score(dimension, findings) for dimension in get_args(Dimension))
    return Verdict(
        passed=not failed,
        reason="; ".join(_told(finding) for finding in failed),
        scores=scores,
        findings=tuple(findings),
    )


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
        judged = max(rows, 1)
        failed = 0 if result["success"] else judged
    # Made up anew in each run, and of no use to anyone.
    config.pop("id", None)
    return Finding(
        description=config["description"],
        dimension=config["meta"]["dimension"],
        critical=config["severity"] == "critical",
        success=result["success"],
        judged=judged,
        failed=failed,
        result=json.dumps(result, ensure_ascii=False),
    )


def _score(dimension: Dimension, findings: Iterable[Finding]) -> Score:
    """Score of a dimension: rows that satisfy an expectation over rows that it judged, summed over its expectations.

    `rows` is the greatest number of rows that one of them judged, `failed_rows` the greatest number that failed one.
    """
    own = [finding for finding in findings if finding.dimension == dimension]
    judged, failed = sum(finding.judged for finding in own), sum(finding.failed for finding in own)
    score = 1.0 if judged == 0 else 1 - failed / judged
    return Score(
        dimension=dimension,
        score=score,
        rows=max((finding.judged for finding in own), default=0),
        failed_rows=max((finding.failed for finding in own), default=0),
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
