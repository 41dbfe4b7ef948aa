"""Which columns depend on each other: in pairs that do not match, and how far they differ together in matches.

Columns may depend on each other in pairs that do not match: who live in one street have one postcode too. Taken for
independent, such columns make neighbours of matches. So each column may have a parent, given which its levels are
counted: the tree that holds most of the dependence (Chow and Liu 1968).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.linkage.comparison import Comparison
from matching.linkage.parameters import LEARNED_FROM, Groups
from matching.linkage.records import Atom
from matching.linkage.runs import Flags, Floats, Longs
from matching.linkage.sample import (
    Sample,
    agreeing,
    count_each,
    count_having,
    count_having_both,
    count_sharing,
    full_atoms,
    key_of,
    random_pairs,
)

# Two columns depend on each other where so many times more pairs agree in both than by chance; pairs to judge it by.
_DEPENDENT = 1.5
_LEAST_DEPENDENT = 100
_DEPENDENT_PAIRS = 200_000
# Pairs of keys, those that may tell most, of which the dependence of two columns is judged.
_MOST_TOLD = 3
# Pairs must be alike in a column so much more often than by chance, somewhere, that it tells matches from others.
_TELLING = 0.1
# Of the other columns, those that say least of matches count: who share a home are alike in all but a few.
_LOW = 0.25
# Mutual information (nats) from which errors in two columns come together; matches that independence counts as.
_TOGETHER = 0.002
_INDEPENDENT = 20.0


def tree(sample: Sample, atoms: Sequence[Atom], columns: int) -> tuple[int | None, ...]:
    """Parent of each column: the spanning forest of most dependence between shared keys of pairs that do not match."""
    full = full_atoms(atoms, columns)
    own = [[k for k, atom in enumerate(atoms) if atom.columns == {c}] for c in range(columns)]
    shared = [each for pair in itertools.combinations(range(columns), 2) for each in _shared(sample, own, pair)]
    random = _alike(sample, own, *random_pairs(sample, _DEPENDENT_PAIRS))
    edges = sorted(
        (-bits, *each.columns) for each, bits in zip(shared, _beyond_matches(sample, shared, random), strict=True)
    )
    joined: list[set[int]] = [{c} for c in range(columns)]
    beside: list[list[int]] = [[] for _ in range(columns)]
    for bits, a, b in edges:
        if bits < 0 and joined[a] is not joined[b]:
            beside[a].append(b)
            beside[b].append(a)
            _join(joined, a, b)
    return _rooted(sample, full, beside)


def _rooted(sample: Sample, full: Sequence[int], beside: Sequence[Sequence[int]]) -> tuple[int | None, ...]:
    """Each tree hangs from its most telling column, the one that fewest pairs share."""
    parents: list[int | None] = [None] * len(beside)
    seen: set[int] = set()
    for root in sorted(range(len(beside)), key=lambda c: (count_sharing(sample, sample.keys[full[c]]), c)):
        waiting = [] if root in seen else [root]
        seen.add(root)
        while waiting:
            column = waiting.pop()
            for other in beside[column]:
                if other not in seen:
                    parents[other] = column
                    seen.add(other)
                    waiting.append(other)
    return tuple(parents)


@dataclass(frozen=True)
class _Shared:
    """Pairs that share a key of each of two columns, more of them than by chance.

    Attributes:
        columns: the two columns.
        pairs, expected: number of such pairs; number of them by chance.
        alike: a column each, the share of these pairs that share any key of it, of those with values there.
    """

    columns: tuple[int, int]
    pairs: float
    expected: float
    alike: Floats


def _shared(sample: Sample, own: Sequence[Sequence[int]], columns: tuple[int, int]) -> list[_Shared]:
    """Keys of two columns that tell most of each other: who live in one town may share but half of the postcode."""
    doubles = list(itertools.product(*(own[c] for c in columns)))
    counts = count_each(sample, [*((k,) for c in columns for k in own[c]), *doubles])
    told = []
    for one, other in doubles:
        shares = counts[one,] / count_having(sample, one) * counts[other,] / count_having(sample, other)
        expected, count = max(shares * count_having_both(sample, one, other), 1e-9), counts[one, other]
        if count >= _LEAST_DEPENDENT and count >= _DEPENDENT * expected:
            told.append((count * np.log2(count / expected), expected, (one, other)))
    found = []
    for _, expected, both in sorted(told, reverse=True)[:_MOST_TOLD]:
        conjoined = Sample(key_of(sample.keys, both)[None, :], sample.right, sample.scale)
        alike = _alike(sample, own, *agreeing(conjoined, 0, _DEPENDENT_PAIRS))
        found.append(_Shared(columns, counts[both], expected, alike))
    return found


def _beyond_matches(sample: Sample, shared: Sequence[_Shared], random: Floats) -> list[float]:
    """Mutual information (bits a pair) of shared keys, among pairs that do not match; 0: none.

    Pairs that share both keys are matches or dependent. Matches are alike in the other columns too, as far as pairs
    that share keys ever are.

    Args:
        sample: the records.
        shared: what is shared.
        random: a column each, the share of all pairs that share any key of it.
    """
    found = []
    others = [[c for c in range(len(random)) if c not in each.columns] for each in shared]
    most = random.copy()
    for each, beside in zip(shared, others, strict=True):
        most[beside] = np.fmax(most[beside], each.alike[beside])
    for each, beside in zip(shared, others, strict=True):
        telling = [c for c in beside if most[c] - random[c] > _TELLING and not np.isnan(each.alike[c])]
        known = [(each.alike[c] - random[c]) / (most[c] - random[c]) for c in telling]
        matches = min(max(float(np.quantile(known, _LOW)), 0.0), 1.0) if known else 1.0
        lift = (1 - matches) * each.pairs / each.expected
        dependent = matches <= 0.5 and lift >= _DEPENDENT
        found.append(float((1 - matches) * each.pairs / sample.possible * np.log2(lift)) if dependent else 0.0)
    return found


def _alike(sample: Sample, own: Sequence[Sequence[int]], left: Longs, right: Longs) -> Floats:
    """A column each, the share of pairs with values in it that share any key of it; not a number: no pair has any."""
    found = np.full(len(own), np.nan)
    for c, keys in enumerate(own):
        present, alike = (np.zeros(len(left), dtype=bool) for _ in range(2))
        for k in keys:
            one, other = sample.keys[k][left], sample.keys[k][right]
            present |= (one != 0) & (other != 0)
            alike |= (one != 0) & (one == other)
        if present.any():
            found[c] = alike[present].mean()
    return found


def together(chosen: Sequence[Comparison], groups: Groups, match: Floats) -> Floats:
    """Bits that a pair gains as its columns differ together, or do not, more often in matches than each for itself.

    Who moved has a new street, town and postcode: taken for independent, these say three times that he is another. The
    columns form a tree (Chow and Liu 1968), in which those that depend on each other anyway are joined already.
    """
    weights = groups.pairs * match * (match >= LEARNED_FROM)
    tree = [{c} for c in range(len(chosen))]
    for c, each in enumerate(chosen):
        if each.parent is not None:
            _join(tree, c, each.parent)
    edges = []
    for a, b in itertools.combinations(range(len(chosen)), 2):
        both, cell = _cells(chosen, groups, a, b)
        counts = np.bincount(cell[both], weights[both], minlength=4).reshape(2, 2)
        # A cell that is hardly expected has few matches to be seen by.
        expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1.0)
        bits = np.log2((counts + _INDEPENDENT) / (expected + _INDEPENDENT))
        information = float((counts * bits).sum()) / max(counts.sum(), 1.0)
        if information >= _TOGETHER:
            edges.append((-information, a, b, bits))
    found = np.zeros(len(match))
    for _, a, b, bits in sorted(edges, key=lambda edge: edge[:3]):
        if tree[a] is not tree[b]:
            _join(tree, a, b)
            both, cell = _cells(chosen, groups, a, b)
            found += np.where(both, bits.ravel()[cell], 0.0)
    return found


def _cells(chosen: Sequence[Comparison], groups: Groups, a: int, b: int) -> tuple[Flags, Longs]:
    """Whether a pair has both columns; in which of them it agrees: 2 for the first and 1 for the second."""
    both = (groups.levels[a] >= 0) & (groups.levels[b] >= 0)
    return both, (groups.levels[a] == chosen[a].exact) * 2 + (groups.levels[b] == chosen[b].exact)


def _join(tree: list[set[int]], a: int, b: int) -> None:
    tree[a] |= tree[b]
    for c in tree[b]:
        tree[c] = tree[a]
