"""Parameters of the match model: m by EM on counted agreement patterns, u from value counts and random pairs."""

from __future__ import annotations

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
# Pairs of less probability are not learned from: there are so many that each may be off by a little.
LEARNED_FROM = 0.05
# State of a column that depends on none, or on one of which a value is missing; else it is 1 + gamma of that one.
ALONE = 0
# Pairs that the starting values count as; pairs that the other states count as in a state of its own.
_PRIOR_PAIRS = 2.0
_OTHER_STATES = 2.0
_CONVERGED = 1e-7
# Number of differing columns that are told apart; how often which values are missing is looked at, most frequent first.
MOST_APART = 6
_MOST_MASKS = 100
_WITHIN = (1 / 64, 4.0)


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
        parents: comparison → index of the one it depends on; None: on no other.
        m, u: comparison → probability of each level among matches, and among other pairs: an array [state, level];
            the state is `ALONE` or what the parent shows.
        exact: comparison → gamma of equal values.
        apart: by the number of columns whose values are not equal, how many times as many matches there are as if
            columns differed independently of each other: errors may come together, or one a record.
    """

    prior: float
    parents: tuple[int | None, ...]
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    exact: tuple[int, ...]
    apart: tuple[float, ...] = (1.0,)

    @property
    def prior_weight(self) -> float:
        """Match weight (log2 odds) before anything is compared."""
        return float(np.log2(self.prior / (1 - self.prior)))

    @property
    def weights(self) -> tuple[Floats, ...]:
        """Match weight (log2 m/u) of each level."""
        return tuple(np.log2(m / u) for m, u in zip(self.m, self.u, strict=True))


def estimate(
    chosen: Sequence[Comparison],
    groups: Groups,
    u: Sequence[Floats],
    possible: float,
    prior: float,
    iterations: int = ITERATIONS,
    apart: tuple[float, ...] = (1.0,),
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
        iterations: how often, at most.
        apart: see `Parameters`.
    """
    parents, exact = tuple(each.parent for each in chosen), tuple(each.exact for each in chosen)
    m = start = starting(chosen)
    states = [_state(parent, groups) for parent in parents]
    for _ in range(iterations):
        match = probabilities(Parameters(prior, parents, tuple(m), tuple(u), exact, apart), groups)
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
    return Parameters(prior, parents, tuple(m), tuple(u), exact, apart)


def starting(chosen: Sequence[Comparison]) -> list[Floats]:
    """Starting m of each comparison, the same in every state."""
    states = [1 if each.parent is None else 1 + len(chosen[each.parent].levels) for each in chosen]
    return [
        np.tile(np.array(each.start) / sum(each.start), (count, 1)) for each, count in zip(chosen, states, strict=True)
    ]


def probabilities(parameters: Parameters, groups: Groups) -> Floats:
    """Match probability of each group; of a labelled one what the label says."""
    weight = parameters.prior_weight + groups.frequency
    for parent, levels, bits in zip(parameters.parents, groups.levels, parameters.weights, strict=True):
        weight = weight + np.where(levels >= 0, bits[_state(parent, groups), levels], 0.0)
    if len(parameters.apart) > 1:
        weight = (
            weight + np.log2(parameters.apart)[np.minimum(_differing(parameters, groups), len(parameters.apart) - 1)]
        )
    probability = 1 / (1 + np.exp2(-np.clip(weight, -200, 200)))
    return np.where(groups.label >= 0, groups.label, probability)


def match_weight(parameters: Parameters) -> Column:
    """Match weight (log2 odds) of a compared pair.

    Columns in: those of `comparison.compared`.
    """
    parts = [weight_of(parameters, i) for i in range(len(parameters.m))]
    if len(parameters.apart) > 1:
        parts.append(weight_of_apart(parameters))
    return reduce(Column.__add__, parts, F.lit(parameters.prior_weight) + F.col("frequency"))


def weight_of(parameters: Parameters, i: int) -> Column:
    """Match weight that the level of the i-th column adds, term frequency aside."""
    bits = parameters.weights[i]
    parent = parameters.parents[i]
    level = gamma(i) - NULL
    if parent is not None:
        level = (gamma(parent) - NULL) * (bits.shape[1] - NULL) + level
    # A missing value is no evidence.
    padded = np.pad(bits, [(0, 0), (-NULL, 0)])
    return F.get(F.array(*(F.lit(float(each)) for each in padded.ravel())), level)


def weight_of_apart(parameters: Parameters) -> Column:
    """Match weight that the number of columns adds whose values are not equal."""
    differing = [((gamma(i) != NULL) & (gamma(i) != exact)).cast("int") for i, exact in enumerate(parameters.exact)]
    bits = F.array(*(F.lit(float(each)) for each in np.log2(parameters.apart)))
    return F.get(bits, F.least(reduce(Column.__add__, differing), F.lit(len(parameters.apart) - 1)))


def apart(parameters: Parameters, groups: Groups, most: int = MOST_APART) -> tuple[float, ...]:
    """How many times as many matches differ in so many columns as the model has it (see `Parameters.apart`).

    Args:
        parameters: the model.
        groups: counted candidate pairs.
        most: number of columns up to which they are counted; that many stands for more too.
    """
    match = probabilities(parameters, groups)
    matches = match * groups.pairs * (match >= LEARNED_FROM)
    seen = np.bincount(np.minimum(_differing(parameters, groups), most), matches, minlength=most + 1)
    known = sum((levels >= 0).astype(np.int64) << i for i, levels in enumerate(groups.levels))
    masks, of_mask = np.unique(known, return_inverse=True)
    weights = np.bincount(of_mask, matches)
    frequent = np.argsort(-weights, kind="stable")[:_MOST_MASKS]
    expected = sum(weights[at] * _differing_by_model(parameters, int(masks[at]), most) for at in frequent)
    # The masks that are left out are as the others.
    expected = expected * weights.sum() / max(float(weights[frequent].sum()), 1e-9)
    ratio = np.clip((seen + _PRIOR_PAIRS) / (expected + _PRIOR_PAIRS), *_WITHIN)
    # Equal rows are no worse for it, whatever other matches look like.
    ratio[0] = max(ratio[0], 1.0)
    return tuple(ratio.tolist())


def _differing_by_model(parameters: Parameters, known: int, most: int) -> Floats:
    """Probability that matches with values in these columns (bits) differ in 0, 1 … of them; `most`: or more."""
    columns = range(len(parameters.m))
    whole = np.eye(1, most + 1)

    def under(i: int) -> Floats:
        """Of a column and those that depend on it, an array [state, number]."""
        table = parameters.m[i]
        numbers = np.zeros((table.shape[1], most + 1))
        numbers[:, 1] = 1.0
        numbers[parameters.exact[i]] = whole[0]
        for child in columns:
            if parameters.parents[child] == i and known >> child & 1:
                numbers = _added(numbers, under(child)[ALONE + 1 :])
        return np.asarray(table @ numbers)

    found = whole
    for i in columns:
        parent = parameters.parents[i]
        if known >> i & 1 and (parent is None or not known >> parent & 1):
            found = _added(found, under(i)[[ALONE]])
    return np.asarray(found[0])


def _added(one: Floats, other: Floats) -> Floats:
    """Distribution of the sum of two numbers, row by row; the last stands for more too."""
    most = one.shape[1] - 1
    found = np.zeros_like(one)
    for number in range(most + 1):
        for more in range(most + 1):
            found[:, min(number + more, most)] += one[:, number] * other[:, more]
    return found


def _differing(parameters: Parameters, groups: Groups) -> Longs:
    """Number of columns in which each group's values are not equal."""
    found = np.zeros(len(groups.pairs), dtype=np.int64)
    for exact, levels in zip(parameters.exact, groups.levels, strict=True):
        found += (levels >= 0) & (levels != exact)
    return found


def probability(weight: Column) -> Column:
    """Match probability of a match weight."""
    return 1 / (1 + F.pow(F.lit(2.0), -weight))


def marginal(parameters: Parameters, i: int) -> tuple[Floats, Floats]:
    """M and u of the levels of the i-th column whatever its parent shows."""
    parent = parameters.parents[i]
    if parent is None:
        return parameters.m[i][ALONE], parameters.u[i][ALONE]
    of_parent = marginal(parameters, parent)
    tables = parameters.m[i], parameters.u[i]
    found = [above @ table[ALONE + 1 :] for table, above in zip(tables, of_parent, strict=True)]
    return found[0], found[1]


def _state(parent: int | None, groups: Groups) -> Longs:
    """State of a column in each group."""
    return np.full(len(groups.pairs), ALONE) if parent is None else groups.levels[parent] - NULL


def _shares(levels: Longs, state: Longs, weights: Floats, start: Floats) -> Floats:
    known = levels >= 0
    cells = state[known] * start.shape[1] + levels[known]
    counts = np.bincount(cells, weights[known], minlength=start.size).reshape(start.shape)
    overall = counts.sum(axis=0) + _PRIOR_PAIRS * start[ALONE]
    counts = counts + _OTHER_STATES * overall / overall.sum() if len(counts) > 1 else overall[None, :]
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
