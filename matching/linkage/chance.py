"""What pairs that do not match show: u of every level, from value counts and from pairs that were drawn for it.

Columns depend on each other in such pairs too: who live in one town have one postcode, or at least its first half. So u
of a column is told for each level that its parent shows, from pairs that share a key of the parent's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.linkage.comparison import Comparison
from matching.linkage.parameters import ALONE, Groups
from matching.linkage.runs import Floats, Longs

RANDOM = -1
# Pairs that an expectation counts as, at most, beside those that are seen.
_EXPECTED = 1.0
# Of a level's u as much is left, at least, where the parent's values differ.
_LEFT = 0.02
_OTHER_VALUES = 1e-4


@dataclass(frozen=True)
class Drawn:
    """Drawn pairs, counted by what they show.

    Attributes:
        groups: the pairs.
        draw: `RANDOM`, or the column of which the pairs of a group share a key.
    """

    groups: Groups
    draw: Longs


def chances(chosen: Sequence[Comparison], drawn: Drawn, exact: Sequence[float], match: Floats) -> list[Floats]:
    """U of each comparison: an array [state, level] (see `Parameters`).

    Args:
        chosen: the comparisons.
        drawn: drawn pairs.
        exact: u of equal values, a column each.
        match: probability that a drawn pair of each group is a match after all; it counts for so much less.
    """
    others = drawn.groups.pairs * (1 - match)
    alone = [_alone(each, drawn, i, exact[i], others) for i, each in enumerate(chosen)]
    u = []
    for i, each in enumerate(chosen):
        above = each.parent
        u.append(alone[i][None, :] if above is None else _given(alone[i], alone[above], drawn, (i, above), others))
    return u


def rarities(chosen: Sequence[Comparison], u: Sequence[Floats]) -> list[tuple[float, ...]]:
    """Share of the bits of a rare value that counts, by gamma of the parent: what the parent leaves to be told."""
    found: list[tuple[float, ...]] = []
    for each, of_level in zip(chosen, u, strict=True):
        bits = -np.log2(np.clip(of_level[:, each.exact], 1e-12, 1 - 1e-6))
        found.append(tuple(np.clip(bits[ALONE + 1 :] / bits[ALONE], 0, 1).round(4).tolist()))
    return found


def _alone(each: Comparison, drawn: Drawn, i: int, exact: float, others: Floats) -> Floats:
    """U whatever other columns show: equal values as their counts say, the other levels by random pairs."""
    # Other values may come even where all are equal.
    exact = min(exact, 1 - _OTHER_VALUES)
    levels = drawn.groups.levels[i]
    seen = (drawn.draw == RANDOM) & (levels >= 0)
    u = np.maximum(np.bincount(levels[seen], others[seen], minlength=len(each.levels)), 0.3)
    u[each.exact] = 0
    u *= (1 - exact) / u.sum()
    u[each.exact] = exact
    return np.asarray(u)


def _given(alone: Floats, of_parent: Floats, drawn: Drawn, columns: tuple[int, int], others: Floats) -> Floats:
    """U of the first column given what the second shows."""
    i, parent = columns
    levels, states = drawn.groups.levels[i], drawn.groups.levels[parent]
    seen = ((drawn.draw == RANDOM) | (drawn.draw == parent)) & (levels >= 0) & (states >= 0)
    size = len(of_parent), len(alone)
    cells = states[seen] * size[1] + levels[seen]
    counts = np.bincount(cells, others[seen], minlength=size[0] * size[1]).reshape(size).astype(float)
    u = np.stack([_told(row, alone) for row in counts])
    left = np.maximum(alone - of_parent[1:] @ u[1:], _LEFT * alone)
    u[0] = _told(counts[0], left / left.sum())
    return np.concatenate([alone[None, :], u])


def _told(counts: Floats, expected: Floats) -> Floats:
    """Shares of the levels; where too few pairs were drawn to show one, as is expected."""
    wanted = max(counts.sum(), 1.0) * expected
    told = counts + wanted * _EXPECTED / (wanted + _EXPECTED)
    return np.asarray(told / told.sum())
