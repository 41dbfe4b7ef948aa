"""Blocks in arrays: records with equal keys, how many pairs they make, and the pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_MIX = np.int64(-7046029254386353131)


@dataclass(frozen=True)
class Runs:
    """Blocks of records, one after the other.

    Attributes:
        rows: indices of the records, block by block; of two inputs the first one's come first in a block.
        starts, sizes: where each block begins in `rows`, and its number of records.
        rights: records of the second input a block; None: every two records pair.
    """

    rows: Longs
    starts: Longs
    sizes: Longs
    rights: Longs | None

    @property
    def pairs(self) -> Longs:
        """Number of pairs of each block."""
        if self.rights is None:
            return np.asarray(self.sizes * (self.sizes - 1) // 2)
        return np.asarray(self.rights * (self.sizes - self.rights))

    def pairs_among(self, flags: Flags) -> Longs:
        """Number of pairs of each block whose two records both have a flag."""
        flagged = flags[self.rows]
        records = self._total(flagged)
        if self.rights is None:
            return np.asarray(records * (records - 1) // 2)
        first = np.repeat(self.starts + self.sizes - self.rights, self.sizes)
        rights = self._total(flagged & (np.arange(len(self.rows)) >= first))
        return np.asarray(rights * (records - rights))

    def with_any(self, flags: Flags) -> Runs:
        """Blocks of which a record has a flag."""
        return self.where(self._total(flags[self.rows]) > 0)

    def _total(self, flagged: Flags) -> Longs:
        """Number of each block's rows that are flagged."""
        if not len(flagged):
            return self.sizes
        return np.asarray(np.add.reduceat(flagged.astype(np.int64), self.starts))

    def where(self, kept: Flags) -> Runs:
        """Some of the blocks."""
        sizes = self.sizes[kept]
        rows = self.rows[np.repeat(kept, self.sizes)]
        rights = None if self.rights is None else self.rights[kept]
        return Runs(rows, np.cumsum(sizes) - sizes, sizes, rights)

    def all_pairs(self) -> tuple[Longs, Longs]:
        """Indices of the two records of each pair; of two inputs the first one's stand left."""
        at = np.arange(len(self.rows))
        ends = np.repeat(self.starts + self.sizes, self.sizes)
        if self.rights is None:
            first = at + 1
            partners = ends - first
        else:
            rights = np.repeat(self.rights, self.sizes)
            first = ends - rights
            partners = np.where(at < first, rights, 0)
        offsets = np.cumsum(partners) - partners
        other = np.repeat(first - offsets, partners) + np.arange(partners.sum())
        return self.rows[np.repeat(at, partners)], self.rows[other]

    def block_of_rows(self) -> Longs:
        """Number of the block of each of `rows`."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


def runs(key: Longs, right: Flags | None) -> Runs:
    """Blocks of the records with equal keys; records of key 0 have none.

    Args:
        key: key of each record.
        right: whether a record is of the second input; None: every two records pair.
    """
    has = np.flatnonzero(key)
    rows = _by_key(has if right is None else np.concatenate([has[~right[has]], has[right[has]]]), key)
    starts = np.flatnonzero(np.diff(key[rows], prepend=0))
    sizes = np.diff(starts, append=len(rows))
    rights = None
    if right is not None:
        rights = np.add.reduceat(right[rows].astype(np.int64), starts) if len(rows) else sizes
    return Runs(rows, starts, sizes, rights)


def _by_key(rows: Longs, key: Longs) -> Longs:
    """Rows by their keys, those of one key as they stood.

    NumPy sorts plain numbers ten times as fast as it orders by them: a row's place takes the last bits of its key, and
    where keys differ in these bits only, they are ordered in full.
    """
    bits = np.int64(len(rows).bit_length())
    ordered = np.sort(key[rows] >> bits << bits | np.arange(len(rows)))
    found = rows[ordered & ((np.int64(1) << bits) - 1)]
    alike = np.diff(ordered >> bits) == 0
    if (alike & (np.diff(key[found]) != 0)).any():
        return np.asarray(rows[np.argsort(key[rows], kind="stable")])
    return np.asarray(found)


def distinct(values: Longs) -> Longs:
    """The values, each once, ascending; NumPy's own `unique` hashes, which takes twenty times as long."""
    ordered = np.sort(values)
    return np.asarray(ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))])


def count_pairs(key: Longs, right: Flags | None) -> int:
    """Number of pairs that `runs` would give, at a quarter of its cost."""
    if right is not None:
        # The last bit of a hash is given up for the side.
        key = np.where(key == 0, 0, key & ~np.int64(1) | right | (np.abs(key) < 2) << np.int64(1))
    ordered = np.sort(key[key != 0])
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    sizes = np.diff(starts, append=len(ordered))
    if right is None:
        return int((sizes * (sizes - 1) // 2).sum())
    values = ordered[starts]
    both = np.flatnonzero(values[1:] == values[:-1] + 1)
    both = both[values[both] & 1 == 0]
    return int((sizes[both] * sizes[both + 1]).sum())


def joined(key: Longs, more: Longs) -> Longs:
    """One key of two (a 64-bit hash)."""
    return np.asarray((key ^ (more >> np.int64(17))) * _MIX + more)
