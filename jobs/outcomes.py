"""What the stages of a night tell each other of a source: the operator's override, the gate's verdict, outcomes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import DataFrame

from jobs.drift import Measured
from jobs.settings import Answer

# What an operator names to accept an unusual number of cases.
GOLD = "gold"

# CV 4856/BCA-TTDLQG, annex 3: a score is green from 90, yellow from 75, red below.
GREEN, YELLOW = 0.90, 0.75


@dataclass(frozen=True)
class Accept:
    """An operator takes a held delivery all the same (`--accept SOURCE:DATE --by NAME --reason TEXT`).

    Of the source `gold` it is the business date's cases, which are unusually many or few.
    """

    source: str
    delivery_date: dt.date
    by: str
    reason: str


Dimension = Literal["dung", "du", "sach", "song"]


@dataclass(frozen=True)
class Finding:
    """What one expectation found: a row of `gold/quality_findings` without its night.

    Attributes:
        rule: its code, as rows that break it bear it (`gold/broken_rules`).
        description: the expectation in a Vietnamese sentence.
        dimension: the one of the four that it speaks of.
        critical: whether it is critical; what is done about it is the gate's policy (`settings.GateSettings`).
        success: whether it held, within the share of rows that it tolerates.
        judged: rows that it looked at; where it is about the whole table, all rows.
        failed: of these, rows that do not satisfy it.
        result: the result as Great Expectations gave it (JSON), without any value of the data.
    """

    rule: str
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
    """What the gate says of a picture.

    Attributes:
        answer: the worst that the policy has for the rules that are broken.
        reason: names the broken rules that this answer is for, one line, no personal data; empty where it passes.
        scores: of the four dimensions.
        findings: of every expectation.
    """

    answer: Answer
    reason: str
    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the picture may be used."""
        return self.answer in ("pass", "warn")


@dataclass(frozen=True)
class Judged:
    """A picture that the gate has looked at.

    Attributes:
        rows: its silver columns, computed.
        verdict: what the gate says.
        broken: rows that break a rule, for `gold/broken_rules`; None where nobody asked.
        profile: measures of its columns, for `gold/quality_profiles`.
        version: of the silver table that holds it, None where it was laid down elsewhere.
        touched: keys of which alone rows may not be the former picture's; None where any may.
        carried: whether it is the former one, of which the verdict still holds.
    """

    rows: DataFrame
    verdict: Verdict
    broken: DataFrame | None = None
    profile: tuple[Measured, ...] = ()
    version: int | None = None
    touched: DataFrame | None = None
    carried: bool = False


@dataclass(frozen=True)
class Change:
    """What becomes of a picture.

    Attributes:
        rows: its rows of the keys that are touched, columns of `Source.picture_schema`; None where nothing is touched.
        touched: these keys, of which the former picture's rows no longer count; None where no former row counts.
    """

    rows: DataFrame | None
    touched: DataFrame | None = None


# The gate as the intake sees it: what becomes of the picture, and after how many hours of its business date the newest
# delivery in it was produced (None where that is unknown).
Judge = Callable[[Change, float | None], Judged]


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
