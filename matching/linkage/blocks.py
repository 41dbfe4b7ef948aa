"""Candidate pairs: records that share the key of a blocking rule, each pair once, with the rules that propose it.

A block that makes more pairs than the cap allows is split by the rule's refining keys, never dropped: pairs in it must
agree on one of three further keys; where such a part is too large still, on two, then on all three; what remains too
large is compared in stretches of its records' order. How many pairs that leaves out is counted a rule.

Every record has a key a rule, and most keys bring pairs that other keys bring too: many more rows than records. They
travel as parcels, arrays of what one batch sends to one partition, because a row of its own costs Spark fifty times as
much as NumPy takes to work on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from matching.linkage.runs import Flags, Longs, Runs, distinct, joined, runs

REFINING = 3
MAX_RULES = 62
# Keys of a partition, at most, about: some hundred megabytes.
_KEYS_OF_PARTITION = 4_000_000
# Pairs that leave a partition at once.
_BATCH = 200_000
_KEY = np.dtype(
    [("rid", "i8"), ("key", "i8"), ("refining", "i4", (REFINING,)), ("rule", "u1"), ("right", "?"), ("asked", "?")]
)
_PAIR = np.dtype([("l", "i8"), ("r", "i8"), ("rule", "u1")])
_PARCELS = pa.schema([("target", pa.int32()), ("content", pa.binary())])
# Pairs as parcels; for each block that was split a row of its rule and the pairs that are left out, without content.
_PAIRED = pa.schema([*_PARCELS, ("rule", pa.int16()), ("left_out", pa.int64())])
_MERGED = pa.schema([("l", pa.int64()), ("r", pa.int64()), ("rules", pa.int64())])

Table = npt.NDArray[Any]
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Keys:
    """A blocking rule as columns of the records.

    Attributes:
        text: what people read.
        key: columns (hashes, long) that two records must share; where one is null the rule does not apply.
        refining: columns (hashes, long) by which a large block is split, up to three; null is a value like any other.
    """

    text: str
    key: Sequence[str]
    refining: Sequence[str]


@dataclass(frozen=True)
class Cut:
    """What the cap did to a rule: blocks that were split, and pairs of theirs that are not compared."""

    blocks: int
    pairs: int


def candidates(
    records: DataFrame,
    rules: Sequence[Keys],
    cap: int,
    link: bool,
    count: int = 0,
    asked: Column | None = None,
) -> tuple[DataFrame, Observation | None]:
    """Pairs that any rule proposes, each once.

    Columns in: rid, source, and those that the rules read. Columns out: l, r (rid, l < r; of two inputs l is of the
    first), rules (long, bit i: rule i proposes the pair). For the observation see `cuts`; without a rule there is none.

    Args:
        records: the records.
        rules: the rules, at most `MAX_RULES`.
        cap: records of a block above which it is split.
        link: only pairs between the inputs.
        count: number of records, about: how many partitions there are, at least.
        asked: whether a record is asked for: of all pairs those with such a record; None: all.
    """
    if not rules:
        return records.sparkSession.createDataFrame([], _ddl(_MERGED)), None
    partitions = int(str(records.sparkSession.conf.get("spark.sql.shuffle.partitions")))
    partitions = max(partitions, -(-count * len(rules) // _KEYS_OF_PARTITION))
    columns = sorted({name for rule in rules for name in (*rule.key, *rule.refining)})
    wanted = F.lit(True) if asked is None else asked
    read = records.select("rid", (F.col("source") == 1).alias("right"), wanted.alias("asked"), *columns)
    keyed = read.mapInArrow(_keying(rules, partitions), _ddl(_PARCELS)).repartitionById(partitions, "target")
    observation = Observation()
    stated = [
        F.sum(F.when(F.col("content").isNull() & (F.col("rule") == i), value)).alias(f"{name}_{i}")
        for i in range(len(rules))
        for name, value in (("blocks", F.lit(1)), ("pairs", F.col("left_out")))
    ]
    paired = keyed.mapInArrow(_pairing(cap, link, asked is not None, partitions), _ddl(_PAIRED)).observe(
        observation, *stated
    )
    parcels = paired.where("content is not null").select("target", "content").repartitionById(partitions, "target")
    return parcels.mapInArrow(_merged, _ddl(_MERGED)), observation


def cuts(observation: Observation | None, rules: int, pairs: int) -> list[Cut]:
    """What the cap did to each rule, once the candidates have been computed and were so many pairs."""
    if observation is None or not pairs:
        # Of a query without rows Spark leaves out the steps, and with them what they count.
        return [Cut(0, 0)] * rules
    seen = observation.get
    return [Cut(seen[f"blocks_{i}"] or 0, seen[f"pairs_{i}"] or 0) for i in range(rules)]


def _ddl(schema: pa.Schema) -> str:
    types = {pa.int16(): "short", pa.int32(): "int", pa.int64(): "long", pa.binary(): "binary"}
    return ", ".join(f"{field.name} {types[field.type]}" for field in schema)


def _keying(rules: Sequence[Keys], partitions: int) -> Callable[[Batches], Batches]:
    """Records to parcels of keys."""

    def keys(batches: Batches) -> Iterator[pa.RecordBatch]:
        """Of each batch of records the parcels."""
        for batch in batches:
            found = np.concatenate(
                [np.zeros(0, _KEY), *(_keys(batch, number, rule) for number, rule in enumerate(rules))]
            )
            yield from _parcels(found, found["key"], partitions)

    return keys


def _keys(batch: pa.RecordBatch, number: int, rule: Keys) -> Table:
    """Keys of one rule; its number goes into them, so that rules of equal values are rules apart."""
    key = np.full(batch.num_rows, number + 1, dtype=np.int64)
    has = np.ones(batch.num_rows, dtype=bool)
    for name in rule.key:
        column = batch.column(name)
        has &= column.is_valid().to_numpy(zero_copy_only=False)
        key = joined(key, column.fill_null(0).to_numpy())
    found = np.zeros(int(has.sum()), dtype=_KEY)
    found["rid"] = batch.column("rid").to_numpy()[has]
    found["key"] = key[has]
    found["rule"] = number
    for side in ("right", "asked"):
        found[side] = batch.column(side).to_numpy(zero_copy_only=False)[has]
    for at, name in enumerate(rule.refining):
        found["refining"][:, at] = batch.column(name).fill_null(0).to_numpy()[has] >> np.int64(32)
    return found


def _parcels(content: Table, hashes: Longs, partitions: int) -> Iterator[pa.RecordBatch]:
    """Rows parcelled by the partition to which their hashes send them."""
    # The high bits: the low ones of a product are not well mixed.
    target = (((hashes >> np.int64(33)) & np.int64(0x3FFFFFFF)) % partitions).astype(np.int32)
    order = np.argsort(target, kind="stable")
    targets, starts = np.unique(target[order], return_index=True)
    parts = np.split(content[order], starts[1:])
    if len(targets):
        columns = [pa.array(targets), pa.array([part.tobytes() for part in parts], pa.binary())]
        yield pa.RecordBatch.from_arrays(columns, schema=_PARCELS)


def _opened(batches: Batches, of: np.dtype[Any]) -> Table:
    """All rows of all parcels."""
    parcels = [cell.as_buffer() for batch in batches for cell in batch.column("content")]
    return np.concatenate([np.zeros(0, of), *(np.frombuffer(parcel, dtype=of) for parcel in parcels)])


def _pairing(cap: int, link: bool, some: bool, partitions: int) -> Callable[[Batches], Batches]:
    """Parcels of keys to parcels of pairs."""

    def pairs(batches: Batches) -> Iterator[pa.RecordBatch]:
        """Of all parcels of a partition the pairs."""
        keys = _opened(batches, _KEY)
        refining = np.ascontiguousarray(keys["refining"].T)
        right, asked = (keys[side].copy() if told else None for side, told in (("right", link), ("asked", some)))
        partition = _Partition(keys["rid"].copy(), keys["key"].copy(), keys["rule"].copy(), right, asked, refining, cap)
        # As large as all that was made of it.
        del keys
        yield from partition.batches(partitions)

    return pairs


def _merged(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Parcels of pairs to pairs, each once."""
    pairs = _opened(batches, _PAIR)
    left, right = pairs["l"].copy(), pairs["r"].copy()
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    starts = np.flatnonzero(first)
    bits = np.int64(1) << pairs["rule"][order].astype(np.int64)
    rules = np.bitwise_or.reduceat(bits, starts) if len(starts) else bits
    found = pa.table([left[starts], right[starts], rules], schema=_MERGED)
    yield from found.to_batches(max_chunksize=_BATCH)


@dataclass(frozen=True)
class _Partition:
    """All keys that fell to one partition, blocks whole.

    Attributes:
        rid, key, rule, right: a row a record and rule; right is None where every two records pair.
        asked: whether a pair is wanted for this record's sake; None: all pairs are.
        refining: array [refining key, row], of 32 bits each.
        cap: records of a block above which it is split.
    """

    rid: Longs
    key: Longs
    rule: Table
    right: Flags | None
    asked: Flags | None
    refining: Table
    cap: int

    def batches(self, partitions: int) -> Iterator[pa.RecordBatch]:
        """Pairs as rows of `_PAIRED`."""
        blocks = self._runs(self.key, None)
        if self.asked is not None:
            blocks = blocks.with_any(self.asked)
        large = blocks.pairs > self._most
        yield from self._rows(*self._wanted(*blocks.where(~large).all_pairs()), partitions)
        if large.any():
            yield from self._in_order(blocks.where(large).rows)._refined(partitions)

    def _in_order(self, rows: Longs) -> _Partition:
        """Some of the rows, in the order of their records: nothing may depend on how they travelled."""
        rows = rows[np.lexsort((self.rule[rows], self.rid[rows]))]
        right, asked = (None if flags is None else flags[rows] for flags in (self.right, self.asked))
        return replace(
            self,
            rid=self.rid[rows],
            key=self.key[rows],
            rule=self.rule[rows],
            right=right,
            asked=asked,
            refining=self.refining[:, rows],
        )

    def _refined(self, partitions: int) -> Iterator[pa.RecordBatch]:
        """Pairs of blocks that are all too large, and how many are left out of each."""
        blocks = self._runs(self.key, None)
        one, other = self._wanted(*self._split(blocks))
        yield from self._rows(one, other, partitions)
        wanted = blocks.pairs if self.asked is None else blocks.pairs - blocks.pairs_among(~self.asked)
        left_out = pa.array(wanted - self._counts(blocks, one))
        rules = pa.array(self.rule[blocks.rows[blocks.starts]].astype(np.int16))
        nothing = [pa.nulls(len(rules), pa.int32()), pa.nulls(len(rules), pa.binary())]
        yield pa.RecordBatch.from_arrays([*nothing, rules, left_out], schema=_PAIRED)

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
                rows = distinct(np.concatenate([rows for by, rows in waiting.items() if set(by) < set(chosen)]))
                key = self.key[rows]
                for by in chosen:
                    key = joined(key, self.refining[by][rows].astype(np.int64))
                finer = self._runs(key, rows)
                large = finer.pairs > self._most
                found.append(finer.where(~large).all_pairs())
                left[chosen] = finer.where(large)
            waiting = {chosen: rest.rows for chosen, rest in left.items()}
        found.append(self._stretches(left[tuple(range(REFINING))]))
        one, other = (np.concatenate(ends) for ends in zip(*found, strict=True))
        size = len(self.key)
        return np.divmod(distinct(np.minimum(one, other) * size + np.maximum(one, other)), size)

    def _stretches(self, blocks: Runs) -> tuple[Longs, Longs]:
        """Pairs of near neighbours in what no key can split."""
        at = np.arange(len(blocks.rows)) - np.repeat(blocks.starts, blocks.sizes)
        if blocks.rights is not None:
            lefts = np.repeat(blocks.sizes - blocks.rights, blocks.sizes)
            at = np.where(at < lefts, at, at - lefts) * 2
        stretch = joined(blocks.block_of_rows() + 1, at // self.cap + 1)
        return self._runs(stretch, blocks.rows).all_pairs()

    def _wanted(self, one: Longs, other: Longs) -> tuple[Longs, Longs]:
        """The pairs with a record that is asked for."""
        if self.asked is None:
            return one, other
        kept = self.asked[one] | self.asked[other]
        return one[kept], other[kept]

    def _counts(self, blocks: Runs, rows: Longs) -> Longs:
        """How many of `rows` lie in each block."""
        block = np.zeros(len(self.key), dtype=np.int64)
        block[blocks.rows] = blocks.block_of_rows()
        return np.bincount(block[rows], minlength=len(blocks.sizes))

    def _rows(self, one: Longs, other: Longs, partitions: int) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(one), _BATCH):
            left, right = one[start : start + _BATCH], other[start : start + _BATCH]
            if self.right is not None:
                left, right = np.where(self.right[left], right, left), np.where(self.right[left], left, right)
            ends = self.rid[left], self.rid[right]
            if self.right is None:
                ends = np.minimum(*ends), np.maximum(*ends)
            pairs = np.zeros(len(left), dtype=_PAIR)
            pairs["l"], pairs["r"], pairs["rule"] = *ends, self.rule[left]
            for batch in _parcels(pairs, joined(ends[0], joined(ends[1], ends[0])), partitions):
                nothing = [pa.nulls(batch.num_rows, pa.int16()), pa.nulls(batch.num_rows, pa.int64())]
                yield pa.RecordBatch.from_arrays([*batch.columns, *nothing], schema=_PAIRED)
