"""Drift: how the picture of a source differs in shape from its pictures of the last accepted nights.

Each column is measured on a sample of rows, in one pass: share of nulls, share of distinct values, its most frequent
values, lengths and patterns. A measure drifts where its distance from the mean of the nights before is above a limit.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import fsum
from statistics import fmean

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs.settings import DriftSettings
from jobs.sources import Source
from matching.text import composed

# The measures. Of rows and updates the whole picture is asked, of the others a sample.
ROWS, NEWEST, OLDEST_DELIVERY = "rows", "newest_update", "oldest_delivery"
NULLS, DISTINCT, VALUES, LENGTHS, PATTERNS = "nulls", "distinct", "values", "lengths", "patterns"

# A share below this is of no use for telling pictures apart, and might be of few people.
_LEAST_SHARE = 0.005
# A value that so many rows have is no single person's; those of these columns never are.
_LEAST_ROWS = 20
_CODES = frozenset(
    {
        *("gender", "status", "province_code", "province_code_version", "taxpayer_type", "business_lines", "period"),
        *("bank_code", "holder_type", "platform", "seller_type", "country", "payout_bank_code", "category"),
    }
)
_MOST_SYMBOLS = 100
_LONGEST_SYMBOL = 40


# Of two samples the smaller, as a share of the larger one, from which they are of like size.
_ALIKE = 0.8


@dataclass(frozen=True)
class Measured:
    """A row of `gold/quality_profiles` without its night and source.

    Attributes:
        column: the column, None where it is about the picture as a whole.
        measure: see the module's constants.
        rows: rows that were looked at.
        figures: what was found: a share a symbol (a value, a length, a pattern), or one figure under the measure's
            name. Symbols are only those of at least half a percent of the rows; values that may be a person's also of
            twenty.
        distance: from the mean of the nights before, 0 to 1; None without any, and where it is not a matter of drift.
        limit: from which distance on it has drifted.
    """

    column: str | None
    measure: str
    rows: int
    figures: Mapping[str, float]
    distance: float | None = None
    limit: float | None = None

    @property
    def drifted(self) -> bool:
        """Whether the distance is above the limit."""
        return self.distance is not None and self.limit is not None and self.distance > self.limit


def measure(source: Source, picture: DataFrame, before: Iterable[Row], settings: DriftSettings) -> list[Measured]:
    """Measures of a picture, with their distance from the nights before.

    Args:
        source: whose picture it is.
        picture: columns of `Source.picture_schema` among others; computed.
        before: rows of `gold/quality_profiles` of this source on the last accepted nights.
        settings: size of the sample and limits.
    """
    whole = _of_whole(picture)
    found = _of_columns(source, picture, max(1, whole[0].rows // settings.sample_rows)) if whole[0].rows else []
    nights = defaultdict(list)
    for row in before:
        nights[row.column, row.measure].append(row)
    return [*whole, *(_compared(one, nights[one.column, one.measure], settings) for one in found)]


def of_source(profiles: Sequence[Row], source: str, nights: int) -> list[Row]:
    """Rows of the last nights on which a source was accepted."""
    own = [row for row in profiles if row.source == source]
    last = sorted({row.business_date for row in own})[-nights:]
    return [row for row in own if row.business_date in last]


def facts(measured: Sequence[Measured], before: Sequence[Row], settings: DriftSettings) -> dict[str, bool | None]:
    """What is said of the whole table, for its suite: `_rows_as_before`, `_shape_kept`, `_updates_move`.

    None where nothing can be said, for there was no night before.
    """
    if not before:
        return dict.fromkeys(("_rows_as_before", "_shape_kept", "_updates_move"))
    figures = {one.measure: one.figures.get(one.measure) for one in measured if one.column is None}
    usual = fmean(row.figures[ROWS] for row in before if row.measure == ROWS)
    share = (figures[ROWS] or 0) / max(usual, 1)
    return {
        "_rows_as_before": settings.least_rows <= share <= settings.most_rows,
        "_shape_kept": not any(one.drifted for one in measured),
        "_updates_move": _updates_move(figures, before),
    }


def _updates_move(figures: Mapping[str, float | None], before: Sequence[Row]) -> bool | None:
    """Whether a new full delivery brings an update that the picture before did not have; None where none is new."""
    last = max(row.business_date for row in before)
    newest = max((row.figures[NEWEST] for row in before if row.measure == NEWEST), default=None)
    now, oldest = figures.get(NEWEST), figures.get(OLDEST_DELIVERY)
    if newest is None or now is None or oldest is None or oldest <= (last - dt.date(1970, 1, 1)).days:
        return None
    return bool(now > newest)


# ── measuring ──


def _of_whole(picture: DataFrame) -> list[Measured]:
    row = picture.agg(
        F.count("*").alias(ROWS),
        F.unix_seconds(F.max("updated_at")).alias(NEWEST),
        F.unix_date(F.min("_delivery_date")).alias(OLDEST_DELIVERY),
    ).collect()[0]
    return [
        Measured(None, name, row[ROWS], {name: float(row[name])})
        for name in (ROWS, NEWEST, OLDEST_DELIVERY)
        if row[name] is not None
    ]


def _of_columns(source: Source, picture: DataFrame, every: int) -> list[Measured]:
    """One pass over every n-th row by its key, which is the same row each night."""
    # Of composed letters or of marks beside them a text is the same.
    texts = {name: composed(F.col(name)) for name, kind in source.kinds.items() if kind == "string"}
    sampled = picture.where(F.pmod(F.xxhash64(*source.key), F.lit(every)) == 0).withColumns(texts)
    entry = F.explode(F.array(*_entries(source))).alias("entry")
    counted = (
        sampled.select(entry).select("entry.*").groupBy("column", "measure", "symbol").agg(F.count("*").alias("n"))
    )
    # One row a column and measure, with so many symbols at most.
    rows = (
        counted.groupBy("column", "measure")
        .agg(
            F.sum("n").alias("rows"),
            F.count("symbol").alias("distinct"),
            F.sum(F.when(F.col("symbol").isNull(), F.col("n"))).alias("nulls"),
            F.slice(F.sort_array(F.collect_list(F.struct("n", "symbol")), False), 1, _MOST_SYMBOLS).alias("top"),
        )
        .orderBy("column", "measure")
        .collect()
    )
    by_column = groupby(rows, lambda row: str(row["column"]))
    return [one for column, own in by_column for one in _measured(column, list(own))]


def _entries(source: Source) -> list[Column]:
    """Of each column what is counted: (column, measure, symbol)."""
    entries = []
    for name, kind in source.kinds.items():
        text = F.col(name).cast("string")
        if kind == "string":
            entries += [_entry(name, VALUES, F.left(text, F.lit(_LONGEST_SYMBOL)))]
            entries += [_entry(name, LENGTHS, F.length(text).cast("string")), _entry(name, PATTERNS, _pattern(text))]
        elif kind == "int":
            entries += [_entry(name, LENGTHS, F.length(text).cast("string"))]
        elif name != "updated_at":
            entries += [_entry(name, PATTERNS, _pattern(text))]
    return entries


def _entry(column: str, measure: str, symbol: Column) -> Column:
    return F.struct(F.lit(column).alias("column"), F.lit(measure).alias("measure"), symbol.alias("symbol"))


def _pattern(text: Column) -> Column:
    """Form of a text: runs of capitals `A`, of small letters `a`, of digits `9`; all else as it stands."""
    letters = F.regexp_replace(F.regexp_replace(text, r"\p{Lu}+", "A"), r"[\p{Ll}\p{M}]+", "a")
    return F.left(F.regexp_replace(letters, "[0-9]+", "9"), F.lit(_LONGEST_SYMBOL))


def _measured(column: str, counts: Sequence[Row]) -> list[Measured]:
    """The measures of a column from its counts; any of these knows how many values are null."""
    rows = counts[0]["rows"]
    found = [Measured(column, NULLS, rows, {NULLS: (counts[0]["nulls"] or 0) / rows})]
    for row in counts:
        is_personal = row["measure"] == VALUES and column not in _CODES
        least = max(_LEAST_SHARE * rows, _LEAST_ROWS if is_personal else 0)
        listed = (one for one in row["top"] if one.symbol is not None and one.n >= least)
        found.append(Measured(column, row["measure"], rows, {one.symbol: one.n / rows for one in listed}))
        if row["measure"] == VALUES:
            found.append(Measured(column, DISTINCT, rows, {DISTINCT: row["distinct"] / rows}))
    return found


# ── comparing ──


def _compared(one: Measured, nights: Sequence[Row], settings: DriftSettings) -> Measured:
    # New periods come by themselves as time goes.
    if not nights or (one.column == "period" and one.measure == VALUES):
        return one
    if one.measure == DISTINCT:
        # The more rows are looked at, the more often a value comes again: only samples of like size compare.
        nights = [row for row in nights if _ALIKE <= one.rows / max(row["rows"], 1) <= 1 / _ALIKE]
        if not nights:
            return one
    usual = _mean([row.figures for row in nights])
    limit = {NULLS: settings.nulls, DISTINCT: settings.distinct}.get(one.measure, settings.distribution)
    # And what chance alone may do to a sample of so many rows.
    limit += min(one.rows, *(row["rows"] for row in nights)) ** -0.5
    return replace(one, distance=round(_distance(one.figures, usual), 6), limit=round(limit, 6))


def _mean(nights: Sequence[Mapping[str, float]]) -> dict[str, float]:
    symbols = {symbol for figures in nights for symbol in figures}
    return {symbol: fmean(figures.get(symbol, 0.0) for figures in nights) for symbol in symbols}


def _distance(now: Mapping[str, float], usual: Mapping[str, float]) -> float:
    """Total variation distance: half of what all shares differ by, those too small to be listed taken together."""
    # Exact sums: in a set the symbols stand in any order.
    listed = fsum(abs(now.get(symbol, 0.0) - usual.get(symbol, 0.0)) for symbol in now.keys() | usual.keys())
    rest = abs(fsum(now.values()) - fsum(usual.values()))
    return (listed + rest) / 2
