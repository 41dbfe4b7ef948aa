"""How often values occur: the chance that two records agree, and what an equal value of a given rarity is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from matching.linkage.comparison import Comparison
from matching.linkage.kinds import KINDS, hashed_words
from matching.linkage.records import within
from matching.linkage.runs import Floats, Longs

# A value that is rarer than this share of the records is a rare one: all of them count alike.
_RARE = 1e-5
# A word is frequent that so many of the values have; records that are looked at for it, about.
_FREQUENT = 0.003
_LEAST_FREQUENT = 10
_ENOUGH_RECORDS = 100_000
# Values are told apart by the number of records that have them, in powers of two; from 2⁴ on records have at most so
# many times as many matches as usual.
_SIZES = 24
_FREQUENT_SIZE = 4
_USUAL = 2.0
# Pairs that the average counts as where few are seen.
_PAIRS_OVERALL = 3.0
_LITTLE = 0.01
_MOST_BITS = 12.0


@dataclass(frozen=True)
class Frequencies:
    """Counts of values.

    Attributes:
        agreeing: a column each, the number of pairs of records with equal values.
        known: a column each, the number of pairs of records that both have a value.
        frequent: column (int), value (its hash), records (int), pairs (int) that have it, of the values that are not
            rare.
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
    counted = counted.withColumn("pairs", pairs)
    frequent = counted.observe(observation, *stated).where(F.col("records") >= least).drop("right").toPandas()
    seen = observation.get
    agreeing = tuple(float(seen[f"agreeing_{i}"] or 0) for i in range(columns))
    having = [(seen[f"records_{i}"] or 0, seen[f"right_{i}"] or 0) for i in range(columns)]
    known = tuple(float(right * (n - right) if link else n * (n - 1) // 2) for n, right in having)
    return Frequencies(agreeing, known, frequent, tuple(n for n, _ in having))


def frequent_words(records: DataFrame, kinds: Sequence[str]) -> dict[int, list[int]]:
    """Hashes of the words that many values have, of each column whose kind asks for them.

    Columns in: id, `v<i>`.
    """
    columns = [i for i, kind in enumerate(kinds) if KINDS[kind].rare]
    if not columns:
        return {}
    words = F.array(*(hashed_words(F.split(F.col(f"v{i}"), " ")) for i in columns))
    count = records.count()
    some = records.where(F.xxhash64("id") <= within(_ENOUGH_RECORDS / count)).select(
        F.posexplode(words).alias("at", "words")
    )
    counted = some.select("at", F.explode("words").alias("word")).groupBy("at", "word").count()
    least = max(_FREQUENT * min(count, _ENOUGH_RECORDS), _LEAST_FREQUENT)
    found: dict[int, list[int]] = {i: [] for i in columns}
    for row in counted.where(F.col("count") >= least).orderBy("at", "word").collect():
        found[columns[row["at"]]].append(row["word"])
    return found


def by_chance(agreeing: float, known: float, matches: float) -> float:
    """U of equal values: of the pairs that have them, those that are no matches, over all pairs that have values.

    Args:
        agreeing: pairs of records with equal values.
        known: pairs of records that both have a value.
        matches: expected matches among the agreeing pairs.
    """
    return max(agreeing - matches, 0.01 * agreeing, 0.3) / max(known, 1.0)


@dataclass(frozen=True)
class Rarity:
    """What an equal value counts above the average one, by the number of records that have it.

    Attributes:
        records: numbers of records, ascending.
        bits: bits of a value that so many have; between them in proportion (of logarithms).
        rare: bits of a value that fewer have than are counted.
    """

    records: Floats
    bits: Floats
    rare: float

    def of(self, records: Longs) -> Floats:
        """Bits of values that so many records have."""
        return np.asarray(np.interp(np.log2(np.maximum(records, 1)), np.log2(self.records), self.bits))


def rarity(found: Frequencies, column: int, matching: Longs, matches: Floats) -> Rarity:
    """Odds that an equal value is one of a match, over those of all equal values, by how many records have it.

    A surname that three have may be that of three records of one person; one that thousands have is not.

    Args:
        found: counts of values.
        column: the column.
        matching: hashes of the value that the two records of probable pairs have in common.
        matches: number of matches that each of these stands for.
    """
    of_column = found.frequent.loc[found.frequent["column"] == column].sort_values("value")
    values, records = of_column["value"].to_numpy(), of_column["records"].to_numpy()
    size = np.minimum(np.log2(records).astype(np.int64), _SIZES - 1)
    at = np.minimum(np.searchsorted(values, matching), max(len(values) - 1, 0))
    known = values[at] == matching if len(values) else np.zeros(len(at), dtype=bool)
    having = np.bincount(size, records, minlength=_SIZES)
    pairs = np.bincount(size, of_column["pairs"].to_numpy(), minlength=_SIZES)
    matched = np.bincount(size[at[known]], matches[known], minlength=_SIZES)
    # Records with a frequent value have no more matches than others have; what is seen of these many pairs errs.
    usual = _USUAL * matches.sum() / max(found.records[column], 1) * having
    matched = np.where(np.arange(_SIZES) >= _FREQUENT_SIZE, np.minimum(matched, usual), matched)
    all_pairs, all_matched = found.agreeing[column], matched.sum() + matches[~known].sum()
    overall = _odds(all_matched, all_pairs, 0.5)
    share = all_matched / max(all_pairs, 1.0)
    bits = np.log2(_odds(matched.astype(float), pairs.astype(float), share) / overall)
    rare = np.log2(_odds(matches[~known].sum(), all_pairs - pairs.sum(), share) / overall)
    seen = having > 0
    if not seen.any():
        return Rarity(np.ones(1), np.zeros(1), 0.0)
    mean = having[seen] / np.bincount(size, minlength=_SIZES)[seen]
    return Rarity(mean, np.clip(bits[seen], -_MOST_BITS, _MOST_BITS), float(np.clip(rare, -_MOST_BITS, _MOST_BITS)))


def _odds(matched: Floats | float, pairs: Floats | float, share: float) -> Floats:
    """Matches over other pairs, a few of the usual share added."""
    return np.asarray(
        (matched + _PAIRS_OVERALL * share + _LITTLE)
        / (np.maximum(np.subtract(pairs, matched), 0) + _PAIRS_OVERALL * (1 - min(share, 1)) + _LITTLE)
    )


def with_bits(
    records: DataFrame, found: Frequencies, chosen: Sequence[Comparison], rarities: Sequence[Rarity]
) -> DataFrame:
    """Records with `t<i>`: bits that an equal value of column i counts above the average one.

    Args:
        records: the records, with `v<i>`.
        found: counts of their values.
        chosen: the comparisons, a column each.
        rarities: what values count, a column each.
    """
    bits = []
    for i, (each, rarity_of) in enumerate(zip(chosen, rarities, strict=True)):
        if not each.term_frequency or not found.records[i]:
            bits.append(F.lit(0.0))
            continue
        of_column = found.frequent.loc[found.frequent["column"] == i, ["value", "records"]]
        told = of_column.assign(bits=rarity_of.of(of_column["records"].to_numpy()))
        records = _looked_up(records, i, told)
        bits.append(
            F.when(F.col(f"v{i}").isNotNull(), F.coalesce(F.col(f"b{i}"), F.lit(rarity_of.rare))).otherwise(0.0)
        )
    kept = ["rid", "source", "id", *(f"v{i}" for i in range(len(chosen)))]
    return records.select(*kept, *(c.alias(f"t{i}") for i, c in enumerate(bits)))


def _looked_up(records: DataFrame, i: int, told: pd.DataFrame) -> DataFrame:
    table = pa.table({"value": pa.array(told["value"], pa.int64()), f"b{i}": pa.array(told["bits"], pa.float64())})
    dictionary = records.sparkSession.createDataFrame(table)
    value: Column = F.xxhash64(f"v{i}").alias("value")
    return records.select("*", value).join(F.broadcast(dictionary), "value", "left").drop("value")
