"""The match model: one probability for each candidate of a record, and one for "none of these".

A hypothesis is "subject r is the record's party" for each candidate r, or "somebody who is no candidate". Under each,
comparison c shows a level with probability m[c, class, level], for the open and the hiding class of parties (see
`comparisons`); by chance it shows it with probability u. With N subjects the posterior is Fellegi and Sunter's (1969),
with hypotheses that compete:

    weight(r)    = (1 - ω)/N · Σ_class π · Π_c m[c, class, level]/u[c] · reuse(r)
    weight(none) =             Σ_class π · Π_c Σ_{unseen levels} m[c, class, level] · reuse(none)
    P(r)         = weight(r) / (weight(none) + Σ_r weight(r))

`reuse` is for strangers who help on several paths: when two relations lead to the same other person, the second is no
coincidence of 1/N but the same helper again, with probability ρ; a further stranger is a new one with 1 - ρ. Parameters
are estimated by EM (Dempster, Laird, Rubin 1977) on a bounded sample, from starting values that count as
`PRIOR_RECORDS` records; no labels are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column
from pyspark.sql import functions as F

from matching.comparisons import MODELS, Comparison

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

CLASSES = 2
PRIOR_RECORDS = 40.0
ITERATIONS = 30
_START_CLASSES = (0.8, 0.2)
_START_REUSE = 0.3
_OUTSIDERS = 0.02  # ω: share of records whose party is no subject at all


@dataclass(frozen=True)
class Parameters:
    """Parameters of one model.

    Attributes:
        model: key of `comparisons.MODELS`.
        subjects: N, number of subjects.
        classes: π, share of open and hiding parties.
        m: comparison → array [class, code]; codes of unseen groups hold the sum over the group.
        reuse: ρ, probability that a further stranger is one who helps already.
        records: records in the sample that they were estimated from.
    """

    model: str
    subjects: int
    classes: tuple[float, float]
    m: dict[str, Array]
    reuse: float
    records: int = 0

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The model's comparisons."""
        return MODELS[self.model]


def start(model: str, subjects: int) -> Parameters:
    """Parameters before data speak: the starting values of `comparisons`."""
    m = {comparison.name: _with_unseen(comparison, _start_levels(comparison)) for comparison in MODELS[model]}
    return Parameters(model, subjects, _START_CLASSES, m, _START_REUSE)


def _start_levels(comparison: Comparison) -> Array:
    levels = np.array([level.m for level in comparison.levels]).T
    return np.asarray(levels / levels.sum(axis=1, keepdims=True))


def _with_unseen(comparison: Comparison, levels: Array) -> Array:
    groups = [levels[:, [comparison.code(name) for name in group]].sum(axis=1) for group in comparison.unseen]
    return np.column_stack([levels, *groups])


@dataclass(frozen=True)
class Sample:
    """Pairs of sampled records, by column.

    Attributes:
        record: index of the record of each pair, 0 … records-1, ascending.
        levels, unseen: comparison → code a pair shows, code that "none" shows (equal for all pairs of a record).
        log_u: Σ_c ln u of each pair.
        reused, reused_none: further relations that lead to a stranger counted already.
        further, further_none: further relations that lead to a stranger, whether counted already or new.
    """

    record: Codes
    levels: dict[str, Codes]
    unseen: dict[str, Codes]
    log_u: Array
    reused: Array
    reused_none: Array
    further: Array
    further_none: Array

    @property
    def first(self) -> Codes:
        """Index of the first pair of each record."""
        return np.flatnonzero(np.diff(self.record, prepend=-1))


def estimate(model: str, subjects: int, sample: Sample) -> Parameters:
    """Parameters of a model by EM from sampled pairs; the starting values where the sample is empty."""
    parameters = start(model, subjects)
    if not len(sample.record):
        return parameters
    prior = parameters
    for _ in range(ITERATIONS):
        pairs, none = _responsibilities(parameters, sample)
        parameters = _maximise(prior, parameters, sample, pairs, none)
    return parameters


def _responsibilities(parameters: Parameters, sample: Sample) -> tuple[Array, Array]:
    """E-step: probability of (pair, class) and of (none, class), arrays [pairs, class] and [records, class]."""
    again, new = np.log(parameters.reuse * parameters.subjects), np.log(1 - parameters.reuse)
    prior = np.log((1 - _OUTSIDERS) / parameters.subjects)
    helpers = again * sample.reused + new * (sample.further - sample.reused)
    pairs = _log_m(parameters, sample.levels) + (prior - sample.log_u + helpers)[:, None]
    first = sample.first
    none = _log_m(parameters, {name: codes[first] for name, codes in sample.unseen.items()})
    helpers_none = again * sample.reused_none + new * (sample.further_none - sample.reused_none)
    none = none + helpers_none[first][:, None]
    top = np.maximum(np.maximum.reduceat(pairs.max(axis=1), first), none.max(axis=1))
    pairs, none = np.exp(pairs - top[sample.record][:, None]), np.exp(none - top[:, None])
    total = np.add.reduceat(pairs.sum(axis=1), first) + none.sum(axis=1)
    return pairs / total[sample.record][:, None], none / total[:, None]


def _log_m(parameters: Parameters, codes: dict[str, Codes]) -> Array:
    log_classes = np.log(np.array(parameters.classes))
    return np.asarray(log_classes + sum(np.log(parameters.m[name][:, code]).T for name, code in codes.items()))


def _maximise(prior: Parameters, now: Parameters, sample: Sample, pairs: Array, none: Array) -> Parameters:
    """M-step: expected counts of levels a class, on top of the starting values."""
    first = sample.first
    m = {}
    for comparison in now.comparisons:
        name = comparison.name
        counts = _counts(now.m[name], sample.levels[name], pairs)
        counts += _counts(now.m[name], sample.unseen[name][first], none)
        levels = _spread(comparison, now.m[name], counts) + PRIOR_RECORDS * prior.m[name][:, : len(comparison.levels)]
        m[name] = _with_unseen(comparison, levels / levels.sum(axis=1, keepdims=True))
    mass = pairs.sum(axis=0) + none.sum(axis=0) + PRIOR_RECORDS * np.array(prior.classes)
    share = mass / mass.sum()
    reuse = _reuse(sample, pairs.sum(axis=1), none.sum(axis=1))
    return Parameters(now.model, now.subjects, (float(share[0]), float(share[1])), m, reuse, len(first))


def _reuse(sample: Sample, pairs: Array, none: Array) -> float:
    first = sample.first
    reused = pairs @ sample.reused + none @ sample.reused_none[first] + PRIOR_RECORDS * _START_REUSE
    further = pairs @ sample.further + none @ sample.further_none[first] + PRIOR_RECORDS
    return float(reused / further)


def _counts(m: Array, codes: Codes, weights: Array) -> Array:
    return np.stack([np.bincount(codes, weights[:, z], minlength=m.shape[1]) for z in range(CLASSES)])


def _spread(comparison: Comparison, m: Array, counts: Array) -> Array:
    """Counts of unseen groups shared out over their levels as m stands now."""
    levels = counts[:, : len(comparison.levels)].copy()
    for i, group in enumerate(comparison.unseen):
        codes = [comparison.code(name) for name in group]
        share = m[:, codes] / m[:, codes].sum(axis=1, keepdims=True)
        levels[:, codes] += share * counts[:, [comparison.unseen_code(i)]]
    return np.asarray(levels)


def log_weight(parameters: Parameters, of_none: bool) -> Column:
    """Logarithm of the weight of a pair, or of "none of these" for the pair's record, over a frame of pairs.

    Columns in: `g_<comparison>`, `log_u`, `reused`, `further`; of none `n_<comparison>`, `reused_none`, `further_none`.
    """
    prefix, end = ("n_", "_none") if of_none else ("g_", "")
    again, new = float(np.log(parameters.reuse * parameters.subjects)), float(np.log(1 - parameters.reuse))
    common = again * F.col(f"reused{end}") + new * (F.col(f"further{end}") - F.col(f"reused{end}"))
    if not of_none:
        common = common + F.lit(float(np.log((1 - _OUTSIDERS) / parameters.subjects))) - F.col("log_u")
    first, second = (_class_weight(parameters, z, prefix) for z in range(CLASSES))
    top = F.greatest(first, second)
    return common + top + F.log(F.exp(first - top) + F.exp(second - top))


def _class_weight(parameters: Parameters, z: int, prefix: str) -> Column:
    total = F.lit(float(np.log(parameters.classes[z])))
    for comparison in parameters.comparisons:
        table = [F.lit(float(value)) for value in np.log(parameters.m[comparison.name][z])]
        total = total + F.get(F.array(*table), F.col(f"{prefix}{comparison.name}"))
    return total


def level_m(parameters: Parameters, comparison: Comparison) -> Array:
    """M of each level over both classes, array [level]."""
    return np.asarray(np.array(parameters.classes) @ parameters.m[comparison.name])[: len(comparison.levels)]
