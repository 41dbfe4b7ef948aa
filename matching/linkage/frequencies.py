"""How often values occur: the chance that two records agree, and what an equal value of a given rarity is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from matching.linkage.comparison import Comparison

# A value that is rarer than this share of the records is a rare one: all of them count alike.
_RARE = 1e-5


@dataclass(frozen=True)
class Frequencies:
    """Counts of values.

    Attributes:
        agreeing: a column each, the number of pairs of records with equal values.
        known: a column each, the number of pairs of records that both have a value.
        frequent: column (int), value (its hash), records (int), of the values that are not rare.
        records: number of records that have a value, a column each.
    """

    agreeing: tuple[float, ...]
    known: tuple[float, ...]
    frequent: pd.DataFrame
    records: tuple[int, ...]


def count(records: DataFrame, columns: int, link: bool) -> Frequencies:
    """Count the values of every column, in one pass.

    Columns in: source, `v<i>`.
    """
    hashed = F.array(*(F.when(F.col(f"v{i}").isNotNull(), F.xxhash64(f"v{i}")) for i in range(columns)))
    values = records.select("source", F.posexplode(hashed).alias("column", "value")).where("value is not null")
    counted = values.groupBy("column", "value").agg(
        F.count("*").alias("records"), F.count(F.when(F.col("source") == 1, 1)).alias("right")
    )
    pairs = F.col("right") * (F.col("records") - F.col("right"))
    if not link:
        pairs = (F.col("records") * (F.col("records") - 1) / 2).cast("long")
    observation = Observation()
    stated = []
    for i in range(columns):
        of_column = F.col("column") == i
        stated.append(F.sum(F.when(of_column, pairs)).alias(f"agreeing_{i}"))
        stated.append(F.sum(F.when(of_column, F.col("records"))).alias(f"records_{i}"))
        stated.append(F.sum(F.when(of_column, F.col("right"))).alias(f"right_{i}"))
    least = max(2, int(_RARE * records.count()))
    # Bounded: no more than 1 / _RARE values a column are so frequent.
    frequent = counted.observe(observation, *stated).where(F.col("records") >= least).drop("right").toPandas()
    seen = observation.get
    agreeing = tuple(float(seen[f"agreeing_{i}"] or 0) for i in range(columns))
    having = [(seen[f"records_{i}"] or 0, seen[f"right_{i}"] or 0) for i in range(columns)]
    known = tuple(float(right * (n - right) if link else n * (n - 1) // 2) for n, right in having)
    return Frequencies(agreeing, known, frequent, tuple(n for n, _ in having))


def by_chance(agreeing: float, known: float, matches: float) -> float:
    """U of equal values: of the pairs that have them, those that are no matches, over all pairs that have values.

    Args:
        agreeing: pairs of records with equal values.
        known: pairs of records that both have a value.
        matches: expected matches among the agreeing pairs.
    """
    return max(agreeing - matches, 0.01 * agreeing, 0.3) / max(known, 1.0)


def with_bits(
    records: DataFrame, found: Frequencies, chosen: Sequence[Comparison], u: Sequence[float], own: float
) -> DataFrame:
    """Records with `t<i>`: bits that an equal value of column i counts above the average one, log2 of u over its own.

    Args:
        records: the records, with `v<i>`.
        found: counts of their values.
        chosen: the comparisons, a column each.
        u: u of equal values, a column each.
        own: further records that a record's own subject has, on average; they say nothing of other subjects.
    """
    bits = []
    for i, each in enumerate(chosen):
        if not each.term_frequency or not found.records[i]:
            bits.append(F.lit(0.0))
            continue
        share = (found.frequent.loc[found.frequent["column"] == i, ["value", "records"]]).copy()
        floor = min(0.5 / found.records[i], u[i])
        share["p"] = ((share["records"] - 1 - own) / found.records[i]).clip(lower=floor)
        records = _looked_up(records, i, share)
        p = F.coalesce(F.col(f"p{i}"), F.lit(floor))
        bits.append(F.when(F.col(f"v{i}").isNotNull(), F.log2(F.lit(u[i]) / p)).otherwise(0.0))
    kept = ["rid", "source", "id", *(f"v{i}" for i in range(len(chosen)))]
    return records.select(*kept, *(c.alias(f"t{i}") for i, c in enumerate(bits)))


def _looked_up(records: DataFrame, i: int, share: pd.DataFrame) -> DataFrame:
    table = pa.table({"value": pa.array(share["value"], pa.int64()), f"p{i}": pa.array(share["p"], pa.float64())})
    dictionary = records.sparkSession.createDataFrame(table)
    value: Column = F.xxhash64(f"v{i}").alias("value")
    return records.select("*", value).join(F.broadcast(dictionary), "value", "left").drop("value")
