"""What the stages of a night tell each other about a source: the operator's override, the gate's verdict.

The intake's result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Accept:
    """An operator takes a held delivery all the same (`--accept SOURCE:DATE --by NAME --reason TEXT`)."""

    source: str
    delivery_date: dt.date
    by: str
    reason: str


@dataclass(frozen=True)
class Score:
    """One dimension of one source: a row of `gold/quality_scorecard` without its night."""

    dimension: Literal["dung", "du", "sach", "song"]
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


@dataclass(frozen=True)
class Intake:
    """One source after the night's intake.

    Attributes:
        source: its name.
        outcomes: rows for `ops/runs.sources`; at least one.
        picture: the new picture, persisted (the caller unpersists it), None where nothing changed since the last
            finished run.
        picture_as_of: business date of the newest delivery in the picture in force, None where there never was one.
        degraded: a delivery is refused, held or absent and not settled.
        verdict: of the gate, None where it was not asked.
        warnings: lines for the operator (unlisted files, null countries …).
        rows_in: rows read from the landing zone this night; rows_kept, rows_quarantined: what became of them.
    """

    source: str
    outcomes: tuple[SourceOutcome, ...]
    picture: DataFrame | None
    picture_as_of: dt.date | None
    degraded: bool
    verdict: Verdict | None = None
    warnings: tuple[str, ...] = field(default_factory=tuple)
    rows_in: int = 0
    rows_kept: int = 0
    rows_quarantined: int = 0
