"""The record of quality: what the gate and the audit found, in tables of `gold/`, night by night."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from functools import partial, reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from jobs import tables
from jobs.intake import Intake
from jobs.outcomes import Judged, Verdict
from jobs.storage import Lake
from jobs.together import Step

# Nights before whose measures a picture may be compared with lie no further back: sources have pauses.
_PROFILE_DAYS = 60


def profiles_before(lake: Lake, business_date: dt.date) -> list[Row]:
    """Measures of the last accepted nights: some hundred rows a night, however large the country."""
    since = business_date - dt.timedelta(days=_PROFILE_DAYS)
    days = F.col("business_date")
    return lake.read(tables.QUALITY_PROFILES).where((days >= since) & (days < business_date)).collect()


def write(lake: Lake, business_date: dt.date, intakes: Iterable[Intake], start: Callable[[Step], object]) -> None:
    """Start to write what was found of the sources that were judged tonight.

    Of the others what an earlier run of the date found still stands; where none looked at one, what was found of its
    picture the last time.
    """
    taken_in = list(intakes)
    looked_at = {each.source: each.judged for each in taken_in if each.judged is not None}
    left = {each.source for each in taken_in if each.picture_as_of is not None} - looked_at.keys()
    if left:
        of_date = lake.read(tables.QUALITY_SCORECARD).where(F.col("business_date") == business_date)
        left -= {row.source for row in of_date.select("source").distinct().collect()}
    carried = [source for source, one in looked_at.items() if one.carried]
    start(partial(_carry_on, lake, business_date, [*carried, *sorted(left)]))
    judged = {source: one for source, one in looked_at.items() if not one.carried}
    if judged:
        start(partial(_write_scores, lake, business_date, judged))
        start(partial(write_findings, lake, business_date, {source: one.verdict for source, one in judged.items()}))
        start(partial(_write_broken, lake, judged))
        start(partial(_write_profiles, lake, business_date, taken_in))


def write_findings(lake: Lake, business_date: dt.date, verdicts: Mapping[str, Verdict]) -> None:
    """Each expectation of each verdict: rows of `gold/quality_findings`."""
    rows = [
        (business_date, judged, number, *astuple(finding))
        for judged, verdict in verdicts.items()
        for number, finding in enumerate(verdict.findings, start=1)
    ]
    frame = lake.spark.createDataFrame(rows, tables.QUALITY_FINDINGS.schema)
    lake.write(tables.QUALITY_FINDINGS, frame, _of_date(business_date, verdicts))


def _carry_on(lake: Lake, business_date: dt.date, sources: Sequence[str]) -> None:
    """What was found of pictures that are as they were holds tonight too."""
    if not sources:
        return
    for table in (tables.QUALITY_SCORECARD, tables.QUALITY_FINDINGS):
        known = lake.read(table).where(_among(sources)).where(F.col("business_date") < business_date)
        newest = known.groupBy("source").agg(F.max("business_date").alias("business_date"))
        rows = known.join(newest, ["source", "business_date"]).withColumn("business_date", F.lit(business_date))
        lake.write(table, rows, _of_date(business_date, sources))


def _write_scores(lake: Lake, business_date: dt.date, judged: Mapping[str, Judged]) -> None:
    rows = [
        (business_date, source, s.dimension, s.score, s.rows, s.failed_rows, s.gate, s.top_failures)
        for source, one in judged.items()
        for s in one.verdict.scores
    ]
    frame = lake.spark.createDataFrame(rows, tables.QUALITY_SCORECARD.schema)
    lake.write(tables.QUALITY_SCORECARD, frame, _of_date(business_date, judged))


def _write_broken(lake: Lake, judged: Mapping[str, Judged]) -> None:
    broken = reduce(DataFrame.union, (one.broken for one in judged.values() if one.broken is not None))
    lake.write(tables.BROKEN_RULES, broken, _among(judged))


def _write_profiles(lake: Lake, business_date: dt.date, intakes: Iterable[Intake]) -> None:
    """Of pictures that are used: what was held is no measure for the nights to come."""
    pictures = {each.source: each.picture for each in intakes if each.picture is not None}
    taken = {source: one for source, one in pictures.items() if not one.carried}
    rows = [(business_date, source, *astuple(measured)) for source, one in taken.items() for measured in one.profile]
    if rows:
        frame = lake.spark.createDataFrame(rows, tables.QUALITY_PROFILES.schema)
        lake.write(tables.QUALITY_PROFILES, frame, _of_date(business_date, taken))


def _of_date(business_date: dt.date, sources: Iterable[str]) -> str:
    """Condition of a date's rows of some sources, which what is found now replaces."""
    return f"business_date = '{business_date}' and {_among(sources)}"


def _among(sources: Iterable[str]) -> str:
    names = ", ".join(f"'{name}'" for name in sources)
    return f"source in ({names})"
