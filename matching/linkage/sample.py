"""Sampled records: the keys that they have, how many pairs share them, and which.

Of many records a sample holds hardly any matches: one in a hundred records has one match in ten thousand. They are
enough to say in which keys most matches agree. Of these keys some are drawn, and all pairs of records that share one
are looked at as well; each stands for as many as its chance to be there says (Horvitz and Thompson 1952). Pairs that
share none of these keys are those of the sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.linkage.records import Atom
from matching.linkage.runs import Flags, Floats, Longs, count_pairs, distinct, joined, runs

Words = npt.NDArray[np.uint64]

# Pairs of the sample that are looked at, at most: some hundred megabytes.
_MOST_PAIRS = 3_000_000
_RANDOM_PAIRS = 1_000_000
# Conjunctions, and pairs, that are made before their number is looked at; pairs before equal ones are found.
_AT_ONCE = 16
_PAIRS_AT_ONCE = 8_000_000
_BEFORE_SORTED = 2_000_000


@dataclass(frozen=True)
class Sample:
    """Sampled records.

    Attributes:
        keys: array [atom, record] of hashed keys, 0 where a record has none.
        right: whether a record is of the second input, which pairs with the first only; None: every two records pair.
        scale: pairs of all records for one pair of the sample.
    """

    keys: Longs
    right: Flags | None
    scale: float

    @cached_property
    def counted(self) -> dict[tuple[int, ...], float]:
        """Number of pairs of each conjunction of atoms that was counted."""
        return {}

    @cached_property
    def shared(self) -> Longs:
        """`keys` without those that no pair shares: most records fall out of most conjunctions."""
        return np.stack([np.where(_paired(keys, self.right), keys, 0) for keys in self.keys])

    @property
    def possible(self) -> float:
        """Pairs that the sample has, at least one."""
        records = self.keys.shape[1]
        if self.right is None:
            return max(float(records * (records - 1) / 2), 1.0)
        return max(float(self.right.sum() * (records - self.right.sum())), 1.0)

    def stands_for(self, agree: Words) -> Floats:
        """Pairs of all records for one pair that agrees in these atoms."""
        return np.full(len(agree), self.scale)


@dataclass(frozen=True)
class Sharing:
    """All records that have one of some drawn keys.

    Attributes:
        keys, right: as of a sample.
        seeds: conjunctions of atoms whose keys were drawn.
        share: share of the keys that were drawn.
        drawn: bit i: the record's key of seed i was drawn.
    """

    keys: Longs
    right: Flags | None
    seeds: tuple[tuple[int, ...], ...]
    share: float
    drawn: Longs

    def pairs(self) -> tuple[Longs, Longs]:
        """Pairs that share a drawn key, each once."""
        records = np.int64(self.keys.shape[1])
        found = [np.zeros(0, dtype=np.int64)]
        for number, seed in enumerate(self.seeds):
            key = np.where(self.drawn >> np.int64(number) & 1, key_of(self.keys, seed), 0)
            left, right = runs(key, self.right).all_pairs()
            found.append(np.minimum(left, right) * records + np.maximum(left, right))
        every = distinct(np.concatenate(found))
        return every // records, every % records

    def shared(self, agree: Words) -> Longs:
        """Number of seeds that a pair shares which agrees in these atoms."""
        return sum((in_all(agree, seed).astype(np.int64) for seed in self.seeds), np.zeros(len(agree), np.int64))

    def stands_for(self, agree: Words) -> Floats:
        """Pairs of all records for one pair that agrees in these atoms."""
        return np.asarray(1 / np.maximum(1 - (1 - self.share) ** self.shared(agree), 1e-300))


def full_atoms(atoms: Sequence[Atom], columns: int) -> list[int]:
    """Index of the atom that is the whole value of each column."""
    found = {next(iter(atom.columns)): a for a, atom in enumerate(atoms) if atom.is_full}
    return [found[c] for c in range(columns)]


def key_of(keys: Longs, conjunction: Iterable[int]) -> Longs:
    """Key of each record under a conjunction of atoms, 0 where an atom is missing."""
    first, *others = conjunction
    key = keys[first]
    for other in others:
        more = keys[other]
        key = np.where((key == 0) | (more == 0), 0, joined(key, more))
    return np.asarray(key)


def in_all(agree: Words, conjunction: Iterable[int]) -> Flags:
    """Whether pairs that agree in these atoms agree in all of a conjunction."""
    mask = np.uint64(sum(1 << a for a in conjunction))
    return np.asarray((agree & mask) == mask)


def count_sharing(sample: Sample, key: Longs) -> float:
    """Number of pairs of records with equal keys."""
    return float(count_pairs(key, sample.right))


def count_each(sample: Sample, conjunctions: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], float]:
    """Number of pairs of each conjunction."""
    shared, known = sample.shared, sample.counted
    new = [each for each in conjunctions if each not in known]
    with _threads() as pool:
        known.update(zip(new, pool.map(lambda each: count_sharing(sample, key_of(shared, each)), new), strict=True))
    return {each: known[each] for each in conjunctions}


def _paired(keys: Longs, right: Flags | None) -> Flags:
    """Whether a record has a key that another has, of the other input where there are two."""
    blocks = runs(keys, right)
    found = np.zeros(len(keys), dtype=bool)
    found[blocks.where(blocks.pairs > 0).rows] = True
    return found


def count_having(sample: Sample, atom: int) -> float:
    """Number of pairs whose records both have an atom, at least one."""
    has = sample.keys[atom] != 0
    if sample.right is None:
        return max(float(has.sum()) * (float(has.sum()) - 1) / 2, 1.0)
    return max(float((has & sample.right).sum()) * float((has & ~sample.right).sum()), 1.0)


def count_having_both(sample: Sample, one: int, other: int) -> float:
    """Number of pairs whose records all have both atoms."""
    has = (sample.keys[one] != 0) & (sample.keys[other] != 0)
    if sample.right is None:
        return float(has.sum()) * (float(has.sum()) - 1) / 2
    return float((has & sample.right).sum()) * float((has & ~sample.right).sum())


def agreeing(sample: Sample, atom: int, most: int) -> tuple[Longs, Longs]:
    """Some pairs of sampled records that share an atom: all, or as many as a smaller sample has."""
    keys = sample.keys[atom]
    right = sample.right
    count = count_sharing(sample, keys)
    if count > most:
        # The sample is in the order of a hash: any stretch of it, of both inputs alike, is a sample.
        share = (most / count) ** 0.5
        sides = [np.arange(len(keys))] if right is None else [np.flatnonzero(~right), np.flatnonzero(right)]
        rows = np.concatenate([side[: max(int(share * len(side)), 1)] for side in sides])
        left, other = runs(keys[rows], None if right is None else right[rows]).all_pairs()
        return rows[left], rows[other]
    return runs(keys, right).all_pairs()


def random_pairs(sample: Sample, count: int = _RANDOM_PAIRS) -> tuple[Longs, Longs]:
    """Random pairs of sampled records: of so many draws those that are pairs."""
    generator = np.random.default_rng(1)
    one, other = generator.integers(0, sample.keys.shape[1], size=(2, count))
    kept = one != other if sample.right is None else sample.right[one] != sample.right[other]
    return one[kept], other[kept]


def union(sample: Sample, costs: dict[tuple[int, ...], float]) -> tuple[Longs, Longs]:
    """Pairs of all conjunctions, each once; of the cheapest where they are too many."""
    records = np.int64(sample.keys.shape[1])
    cheapest = sorted(costs, key=lambda c: (costs[c], c))
    shared = sample.shared

    def pairs(conjunction: tuple[int, ...]) -> Longs:
        """Those of one, each as a number."""
        left, right = runs(key_of(shared, conjunction), sample.right).all_pairs()
        return np.minimum(left, right) * records + np.maximum(left, right)

    found = np.zeros(0, dtype=np.int64)
    fresh: list[Longs] = []
    with _threads() as pool:
        for some in _batches(cheapest, costs):
            fresh += pool.map(pairs, some)
            if sum(map(len, fresh)) > _BEFORE_SORTED:
                found, fresh = distinct(np.concatenate([found, *fresh])), []
                if len(found) > _MOST_PAIRS:
                    break
    found = distinct(np.concatenate([found, *fresh]))
    return found // records, found % records


def _batches(
    conjunctions: Iterable[tuple[int, ...]], costs: Mapping[tuple[int, ...], float]
) -> Iterator[list[tuple[int, ...]]]:
    """The conjunctions, as many at once as make no more pairs than there is room for; one at least."""
    batch: list[tuple[int, ...]] = []
    pairs = 0.0
    for each in conjunctions:
        if batch and (len(batch) == _AT_ONCE or pairs + costs[each] > _PAIRS_AT_ONCE):
            yield batch
            batch, pairs = [], 0.0
        batch.append(each)
        pairs += costs[each]
    if batch:
        yield batch


def _threads() -> ThreadPoolExecutor:
    """NumPy lets go of the interpreter while it sorts."""
    return ThreadPoolExecutor()
