"""What the stages of a night tell each other of a source: the operator's override, the gate's verdict, outcomes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Accept:
    """An operator takes a held delivery all the same (`--accept SOURCE:DATE --by NAME --reason TEXT`)."""

    source: str
    delivery_date: dt.date
    by: str
    reason: str


Dimension = Literal["dung", "du", "sach", "song"]


@dataclass(frozen=True)
class Finding:
    """What one expectation found: a row of `gold/quality_findings` without its night.

    Attributes:
        description: the expectation in a Vietnamese sentence.
        dimension: the one of the four that it speaks of.
        critical: whether its failure stops the picture.
        success: whether it held, within the share of rows that it tolerates.
        judged: rows that it looked at; where it is about the whole table, all rows.
        failed: of these, rows that do not satisfy it.
        result: the result as Great Expectations gave it (JSON), without any value of the data.
    """

    description: str
    dimension: Dimension
    critical: bool
    success: bool
    judged: int
    failed: int
    result: str


@dataclass(frozen=True)
class Score:
    """One dimension of one source: a row of `gold/quality_scorecard` without its night."""

    dimension: Dimension
    score: float
    rows: int
    failed_rows: int
    gate: Literal["pass", "warn", "fail"]
    top_failures: str


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a picture. `reason` names the failed critical expectations, one line, no personal data."""

    passed: bool
    reason: str
    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()


# The gate as the intake sees it: picture (columns of `Source.picture_schema`) → verdict.
Judge = Callable[[DataFrame], Verdict]


@dataclass(frozen=True)
class SourceOutcome:
    """A row of `ops/runs.sources`: what became of one delivery (or of its absence) this night."""

    source: str
    delivery_date: dt.date | None
    mode: str | None
    outcome: Literal["taken", "refused", "held", "absent", "gate_failed"]
    reason: str | None
    rows: int | None
    quarantined: int | None
    picture_as_of: dt.date | None
