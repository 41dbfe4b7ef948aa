"""Candidate pairs: records that share the key of a blocking rule, each pair once, with the rules that propose it.

A block that makes more pairs than the cap allows is split by the rule's refining keys, never dropped: pairs in it must
agree on one of three further keys; where such a part is too large still, on two, then on all three; what remains too
large is compared in stretches of its records' order. How many pairs that leaves out is counted a rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from matching.linkage.runs import Flags, Longs, Runs, joined, runs

REFINING = 3
MAX_RULES = 62
# Pairs that leave a partition at once.
_BATCH = 200_000
_SCHEMA = pa.schema([("l", pa.int64()), ("r", pa.int64()), ("rule", pa.int16())])


@dataclass(frozen=True)
class Keys:
    """A blocking rule as columns of the records.

    Attributes:
        text: what people read.
        key: hash (long) of what two records must share; null: the rule does not apply to the record.
        refining: hashes (long) by which a large block is split, up to three; null is a value like any other.
    """

    text: str
    key: Column
    refining: Sequence[Column]


@dataclass(frozen=True)
class Cut:
    """What the cap did to a rule: blocks that were split, and pairs of theirs that are not compared."""

    blocks: int
    pairs: int


def candidates(records: DataFrame, rules: Sequence[Keys], cap: int, link: bool) -> tuple[DataFrame, Observation]:
    """Pairs that any rule proposes, each once.

    Columns in: rid, source, and those that the rules read. Columns out: l, r (rid, l < r; of two inputs l is of the
    first), rules (long, bit i: rule i proposes the pair). For the observation see `cuts`.

    Args:
        records: the records.
        rules: the rules, at most `MAX_RULES`.
        cap: records of a block above which it is split.
        link: only pairs between the inputs.
    """
    keys = [
        F.struct(F.lit(i).cast("short").alias("rule"), rule.key.alias("key"), *_refining(rule))
        for i, rule in enumerate(rules)
    ]
    keyed = records.select("rid", (F.col("source") == 1).alias("right"), F.explode(F.array(*keys)).alias("k"))
    rows = keyed.where("k.key is not null").select("rid", "right", "k.*").repartition("key")
    observation = Observation()
    stated = [
        F.sum(F.when(F.col("l").isNull() & (F.col("rule") == i), value)).alias(f"{name}_{i}")
        for i in range(len(rules))
        for name, value in (("blocks", F.lit(1)), ("pairs", F.col("r")))
    ]
    paired = rows.mapInArrow(_pairing(cap, link), "l long, r long, rule short").observe(observation, *stated)
    proposing = F.bit_or(F.expr("shiftleft(1L, int(rule))")).alias("rules")
    return paired.where("l is not null").groupBy("l", "r").agg(proposing), observation


def cuts(observation: Observation, rules: int) -> list[Cut]:
    """What the cap did to each rule, once the candidates have been computed."""
    seen = observation.get
    return [Cut(seen[f"blocks_{i}"] or 0, seen[f"pairs_{i}"] or 0) for i in range(rules)]


def _refining(rule: Keys) -> list[Column]:
    missing = [F.lit(0).cast("long")] * (REFINING - len(rule.refining))
    return [F.coalesce(c, F.lit(0)).alias(f"refining_{i}") for i, c in enumerate([*rule.refining, *missing])]


def _pairing(cap: int, link: bool) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def pairs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = list(batches)
        if found:
            yield from _Partition.of(pa.Table.from_batches(found), cap, link).batches()

    return pairs


@dataclass(frozen=True)
class _Partition:
    """All keys that fell to one partition, blocks whole.

    Attributes:
        rid, key, rule, right: a row a record and rule; right is None where every two records pair.
        refining: array [refining key, row].
        most: pairs of a block above which it is split.
    """

    rid: Longs
    key: Longs
    rule: Longs
    right: Flags | None
    refining: Longs
    cap: int

    @staticmethod
    def of(table: pa.Table, cap: int, link: bool) -> _Partition:
        # In the order of the records, so that nothing depends on how the rows travelled.
        column = {name: table.column(name).to_numpy() for name in table.column_names}
        order = np.lexsort((column["rule"], column["rid"]))
        refining = np.stack([column[f"refining_{i}"][order] for i in range(REFINING)])
        right = column["right"][order] if link else None
        return _Partition(column["rid"][order], column["key"][order], column["rule"][order], right, refining, cap)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Pairs as rows of the output; for each block that was split a row (null, pairs left out, rule)."""
        blocks = self._runs(self.key, None)
        large = blocks.pairs > self._most
        yield from self._rows(*blocks.where(~large).all_pairs())
        if large.any():
            split = blocks.where(large)
            one, other = self._split(split)
            yield from self._rows(one, other)
            left_out = pa.array(split.pairs - self._counts(split, one))
            rules = pa.array(self.rule[split.rows[split.starts]], pa.int16())
            yield pa.RecordBatch.from_arrays([pa.nulls(len(rules), pa.int64()), left_out, rules], schema=_SCHEMA)

    @property
    def _most(self) -> int:
        return self.cap * (self.cap - 1) // 2

    def _runs(self, key: Longs, rows: Longs | None) -> Runs:
        """Blocks of some rows by a key; their numbers are those of the partition."""
        right = self.right if rows is None or self.right is None else self.right[rows]
        found = runs(key, right)
        return found if rows is None else Runs(rows[found.rows], found.starts, found.sizes, found.rights)

    def _split(self, blocks: Runs) -> tuple[Longs, Longs]:
        """Pairs of blocks that are too large, by ever finer keys, each once."""
        found: list[tuple[Longs, Longs]] = []
        waiting: dict[tuple[int, ...], Longs] = {(): blocks.rows}
        for size in range(1, REFINING + 1):
            left: dict[tuple[int, ...], Runs] = {}
            for chosen in itertools.combinations(range(REFINING), size):
                rows = np.unique(np.concatenate([rows for by, rows in waiting.items() if set(by) < set(chosen)]))
                key = self.key[rows]
                for by in chosen:
                    key = joined(key, self.refining[by][rows])
                finer = self._runs(key, rows)
                large = finer.pairs > self._most
                found.append(finer.where(~large).all_pairs())
                left[chosen] = finer.where(large)
            waiting = {chosen: rest.rows for chosen, rest in left.items()}
        found.append(self._stretches(left[tuple(range(REFINING))]))
        one, other = (np.concatenate(ends) for ends in zip(*found, strict=True))
        size = len(self.key)
        return np.divmod(np.unique(np.minimum(one, other) * size + np.maximum(one, other)), size)

    def _stretches(self, blocks: Runs) -> tuple[Longs, Longs]:
        """Pairs of near neighbours in what no key can split."""
        at = np.arange(len(blocks.rows)) - np.repeat(blocks.starts, blocks.sizes)
        if blocks.rights is not None:
            lefts = np.repeat(blocks.sizes - blocks.rights, blocks.sizes)
            at = np.where(at < lefts, at, at - lefts) * 2
        stretch = joined(blocks.block_of_rows() + 1, at // self.cap + 1)
        return self._runs(stretch, blocks.rows).all_pairs()

    def _counts(self, blocks: Runs, rows: Longs) -> Longs:
        """How many of `rows` lie in each block."""
        block = np.zeros(len(self.key), dtype=np.int64)
        block[blocks.rows] = blocks.block_of_rows()
        return np.bincount(block[rows], minlength=len(blocks.sizes))

    def _rows(self, one: Longs, other: Longs) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(one), _BATCH):
            left, right = one[start : start + _BATCH], other[start : start + _BATCH]
            if self.right is not None:
                left, right = np.where(self.right[left], right, left), np.where(self.right[left], left, right)
            ends = self.rid[left], self.rid[right]
            if self.right is None:
                ends = np.minimum(*ends), np.maximum(*ends)
            columns = [pa.array(ends[0]), pa.array(ends[1]), pa.array(self.rule[left], pa.int16())]
            yield pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
