"""Parameters of the match model: m by EM on counted agreement patterns, u from value counts and random pairs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column
from pyspark.sql import functions as F

from matching.linkage.comparison import NULL, Comparison, gamma

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

ITERATIONS = 200
LEARNED_FROM = 0.2
APART, EQUAL, ALONE = range(3)
# Pairs that the starting values count as.
_PRIOR_PAIRS = 2.0
_CONVERGED = 1e-7


@dataclass(frozen=True)
class Groups:
    """Candidate pairs, counted by what they show.

    Attributes:
        levels: a column each, gamma of each group; -1: no evidence.
        frequency: bits by which term frequencies change the weight.
        pairs: number of pairs.
        label: 1 match, 0 none, -1 not labelled.
    """

    levels: Sequence[Longs]
    frequency: Floats
    pairs: Floats
    label: Longs


@dataclass(frozen=True)
class Parameters:
    """The estimated model.

    Attributes:
        prior: probability that two random records match.
        parents: comparison → index of the one it depends on, and gamma of equal values there; None: on no other.
        m, u: comparison → probability of each level among matches, and among other pairs: an array [state, level] of
            the states `APART`, `EQUAL` (the parent's values are not equal, are equal) and `ALONE` (there is no parent,
            or a value of it is missing).
    """

    prior: float
    parents: tuple[tuple[int, int] | None, ...]
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]

    @property
    def prior_weight(self) -> float:
        """Match weight (log2 odds) before anything is compared."""
        return float(np.log2(self.prior / (1 - self.prior)))

    @property
    def weights(self) -> tuple[Floats, ...]:
        """Match weight (log2 m/u) of each level."""
        return tuple(np.log2(m / u) for m, u in zip(self.m, self.u, strict=True))

    @property
    def version(self) -> str:
        """Hash of the parameters."""
        content = [self.prior, self.parents, *(each.tolist() for each in (*self.m, *self.u))]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def estimate(
    chosen: Sequence[Comparison], groups: Groups, u: Sequence[Floats], possible: float, prior: float
) -> Parameters:
    """Maximum-likelihood m and prior, given u (Dempster, Laird, Rubin 1977; Winkler 1988 for linkage).

    All pairs of records are the population: what no rule proposes is taken for no match, what a rule proposes is seen
    in full. A labelled pair is what its label says.

    Args:
        chosen: the comparisons.
        groups: counted candidate pairs.
        u: probability of each level among pairs that do not match.
        possible: number of pairs of all records.
        prior: probability that two random records match, to start from.
    """
    parents = tuple(None if each.parent is None else (each.parent, chosen[each.parent].exact) for each in chosen)
    m = start = [np.tile(np.array(each.start) / sum(each.start), (3, 1)) for each in chosen]
    states = [_state(parent, groups) for parent in parents]
    for _ in range(ITERATIONS):
        match = probabilities(Parameters(prior, parents, tuple(m), tuple(u)), groups)
        # What is unlikely to match is not learned from: there are so many such pairs that each may be off by a little.
        matches = match * groups.pairs * (match >= LEARNED_FROM)
        found = [
            _shares(levels, state, matches, before)
            for levels, state, before in zip(groups.levels, states, start, strict=True)
        ]
        moved = max(float(np.abs(new - old).max()) for new, old in zip(found, m, strict=True))
        m, prior = found, min(max(float(matches.sum()) / possible, 1e-15), 0.9)
        if moved < _CONVERGED:
            break
    return Parameters(prior, parents, tuple(m), tuple(u))


def probabilities(parameters: Parameters, groups: Groups) -> Floats:
    """Match probability of each group; of a labelled one what the label says."""
    weight = parameters.prior_weight + groups.frequency
    for parent, levels, bits in zip(parameters.parents, groups.levels, parameters.weights, strict=True):
        weight = weight + np.where(levels >= 0, bits[_state(parent, groups), levels], 0.0)
    probability = 1 / (1 + np.exp2(-np.clip(weight, -200, 200)))
    return np.where(groups.label >= 0, groups.label, probability)


def match_weight(parameters: Parameters) -> Column:
    """Match weight (log2 odds) of a compared pair.

    Columns in: those of `comparison.compared`.
    """
    parts = [weight_of(parameters, i) for i in range(len(parameters.m))]
    return reduce(Column.__add__, parts, F.lit(parameters.prior_weight) + F.col("frequency"))


def weight_of(parameters: Parameters, i: int) -> Column:
    """Match weight that the level of the i-th column adds, term frequency aside."""
    apart, equal, alone = (_looked_up(i, bits) for bits in parameters.weights[i])
    parent = parameters.parents[i]
    if parent is None:
        return alone
    of_parent = gamma(parent[0])
    return F.when(of_parent == parent[1], equal).when(of_parent == NULL, alone).otherwise(apart)


def probability(weight: Column) -> Column:
    """Match probability of a match weight."""
    return 1 / (1 + F.pow(F.lit(2.0), -weight))


def marginal(parameters: Parameters, i: int) -> tuple[Floats, Floats]:
    """M and u of the levels of the i-th column whatever its parent shows."""
    parent = parameters.parents[i]
    if parent is None:
        return parameters.m[i][ALONE], parameters.u[i][ALONE]
    of_parent = marginal(parameters, parent[0])
    found = []
    for table, above in zip((parameters.m[i], parameters.u[i]), of_parent, strict=True):
        equal = float(above[parent[1]])
        found.append(equal * table[EQUAL] + (1 - equal) * table[APART])
    return found[0], found[1]


def _looked_up(i: int, bits: Floats) -> Column:
    return F.get(F.array(F.lit(0.0), *(F.lit(float(each)) for each in bits)), gamma(i) + 1)


def _state(parent: tuple[int, int] | None, groups: Groups) -> Longs:
    """State of a column's parent in each group."""
    if parent is None:
        return np.full(len(groups.pairs), ALONE)
    levels = groups.levels[parent[0]]
    return np.where(levels == parent[1], EQUAL, np.where(levels < 0, ALONE, APART))


def _shares(levels: Longs, state: Longs, weights: Floats, start: Floats) -> Floats:
    known = levels >= 0
    cells = state[known] * start.shape[1] + levels[known]
    counts = np.bincount(cells, weights[known], minlength=start.size).reshape(start.shape) + _PRIOR_PAIRS * start
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
