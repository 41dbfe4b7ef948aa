"""The match model: one probability for each candidate of a record, and one for "none of these".

A hypothesis is "subject r is the record's party" for each candidate r, or "somebody who is no candidate". Under each,
comparison c shows a level with probability m[c, class, level], for each class of parties (see
`comparisons`); by chance it shows it with probability u. With N subjects the posterior is Fellegi and Sunter's (1969),
with hypotheses that compete:

    weight(r)    = (1 - ω)/N · Σ_class π · Π_c m[c, class, level]/u[c] · reuse(r)
    weight(none) =         κ · Σ_class π · Π_c Σ_{unseen levels} m[c, class, level] · reuse(none)
    P(r)         = weight(r) / (weight(none) + Σ_r weight(r))

`reuse` is for strangers who help on several paths: when two relations lead to the same other person, the second is no
coincidence of 1/N but the same helper again, with probability ρ; a further stranger is a new one with 1 - ρ. Where the
declared id is another's, h, the name and birth date may be h's as well, with probability λ[class] (a lent identity);
half of those who lend one keep their own name (ν):

    m[name]·m[birth]/(u·u)  becomes  (1 - λ) · m[name]·m[birth]/(u·u)
                                     + λ · ((1 - ν) · (the same of h) + ν · m[name]/u · (m[birth]/u of h))

κ is the share of those who leave no trace of their own that the searches by name, birth, place and household miss: the
others are candidates, and no part of "none". What the records of "none" show is not known to be anybody's, so that
nothing is learnt from them: else a model that takes evidence for hired would find more and more of it hired.

Parameters are estimated by EM (Dempster, Laird, Rubin 1977) on a bounded sample, from starting values that count as
`PRIOR_RECORDS` records; no labels are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column
from pyspark.sql import functions as F

from matching.comparisons import BIRTH, CLASSES, HELP, HELPERS, ID, LENDING, MODELS, NAME, Comparison
from matching.expressions import bind, literals
from matching.levels import shows

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

PRIOR_RECORDS = 40.0
ITERATIONS = 30
_START_CLASSES = (0.7, 0.1, 0.2)
_START_REUSE = 0.3
_START_LENDING = (0.02, 0.02, 0.10)
_OUTSIDERS = 0.02  # ω: share of records whose party is no subject at all
_MISSED = 0.1  # κ
# ν: share of those with another's id and birth date who trade under their own name; a guess: any other would move what
# such a pair weighs by a bit or two, and name and birth date weigh twenty.
_OWN_NAME = 0.5


@dataclass(frozen=True)
class Parameters:
    """Parameters of one model.

    Attributes:
        model: key of `comparisons.MODELS`.
        subjects: N, number of subjects.
        classes: π, share of the parties of each of `comparisons.CLASSES`.
        m: comparison → array [class, code]; codes of unseen groups hold the sum over the group.
        reuse: ρ, probability that a further stranger is one who helps already.
        lending: λ, probability by class that a declared id of another comes with that person's name and birth date; 0
            in a model that knows of no lent identities.
        records: records in the sample that they were estimated from.
    """

    model: str
    subjects: int
    classes: tuple[float, ...]
    m: dict[str, Array]
    reuse: float
    lending: tuple[float, ...]
    records: int = 0

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The model's comparisons."""
        return MODELS[self.model]


def start(model: str, subjects: int) -> Parameters:
    """Parameters before data speak: the starting values of `comparisons`."""
    m = {comparison.name: _with_unseen(comparison, _start_levels(comparison)) for comparison in MODELS[model]}
    lending = _START_LENDING if model in LENDING else (0.0,) * len(CLASSES)
    return Parameters(model, subjects, _START_CLASSES, m, _START_REUSE, lending)


def _start_levels(comparison: Comparison) -> Array:
    opened, hiding = np.array([level.m for level in comparison.levels]).T
    helped = opened.copy()
    if comparison in HELPERS:
        for own, home in (("self", "household"), ("shared_self", "shared_household")):
            if any(level.name == own for level in comparison.levels):
                codes = [comparison.code(own), comparison.code(home)]
                helped[codes] = helped[codes].sum() * np.array([1 - HELP, HELP])
    levels = np.stack([opened, helped, hiding])
    return np.asarray(levels / levels.sum(axis=1, keepdims=True))


def _with_unseen(comparison: Comparison, levels: Array) -> Array:
    groups = [levels[:, [comparison.code(name) for name in group]].sum(axis=1) for group in comparison.unseen]
    # In one layout of memory, so that sums over it are the same to the last bit after it was laid down and read.
    return np.ascontiguousarray(np.column_stack([levels, *groups]))


@dataclass(frozen=True)
class Sample:
    """Pairs of sampled records, by column.

    Attributes:
        record: index of the record of each pair, 0 … records-1, ascending.
        levels, unseen: comparison → code a pair shows, code that "none" shows (equal for all pairs of a record).
        log_u: Σ_c ln u of each pair.
        reused, reused_none: further relations that lead to a stranger counted already.
        further, further_none: further relations that lead to a stranger, whether counted already or new.
        lent: comparison → code that the holder of the record's declared id shows (equal for all pairs of a record), -1
            where there is none; empty in a model that knows of no lent identities, then log_u_own and log_u_lent too.
        log_u_own, log_u_lent: comparison of `lent` → ln u of each pair, and of the holder.
    """

    record: Codes
    levels: dict[str, Codes]
    unseen: dict[str, Codes]
    log_u: Array
    reused: Array
    reused_none: Array
    further: Array
    further_none: Array
    lent: dict[str, Codes]
    log_u_own: dict[str, Array]
    log_u_lent: dict[str, Array]

    @cached_property
    def first(self) -> Codes:
        """Index of the first pair of each record."""
        return np.flatnonzero(np.diff(self.record, prepend=-1))

    @cached_property
    def lent_of_pairs(self) -> dict[str, Codes]:
        """`lent`, -1 also where the pair's subject is itself the holder of the declared id, or nobody is."""
        another = np.isin(self.levels[ID.name], [ID.code("household"), ID.code("other")])
        return {name: np.where(another, codes, -1) for name, codes in self.lent.items()}

    @cached_property
    def lent_of_records(self) -> dict[str, Codes]:
        """`lent` of each record, for the hypothesis that none of the pairs is right."""
        return {name: codes[self.first] for name, codes in self.lent.items()}


def estimate(model: str, subjects: int, sample: Sample) -> Parameters:
    """Parameters of a model by EM from sampled pairs; the starting values where the sample is empty."""
    parameters = start(model, subjects)
    if not len(sample.record):
        return parameters
    prior = parameters
    for _ in range(ITERATIONS):
        parameters = _maximise(prior, parameters, sample, _responsibilities(parameters, sample))
    return parameters


@dataclass(frozen=True)
class _Responsibilities:
    """Result of the E-step.

    Attributes:
        pairs: probability of (pair, class), array [pairs, class].
        lent: comparison → share of `pairs` in which what it compares is of a lent identity.
    """

    pairs: Array
    lent: dict[str, Array]


def _responsibilities(parameters: Parameters, sample: Sample) -> _Responsibilities:
    """E-step."""
    again, new = np.log(parameters.reuse * parameters.subjects), np.log(1 - parameters.reuse)
    prior = np.log((1 - _OUTSIDERS) / parameters.subjects)
    first = sample.first
    unseen = {name: codes[first] for name, codes in sample.unseen.items()}
    chances = {name: sample.log_u_own[name] - log_u for name, log_u in sample.log_u_lent.items()}
    odds, lent = _lending(parameters, sample.levels, sample.lent_of_pairs, chances)
    chances_none = {name: -log_u[first] for name, log_u in sample.log_u_lent.items()}
    odds_none, _ = _lending(parameters, unseen, sample.lent_of_records, chances_none)
    helpers = again * sample.reused + new * (sample.further - sample.reused)
    pairs = _log_m(parameters, sample.levels) + (prior - sample.log_u + helpers)[:, None] + odds
    helpers_none = again * sample.reused_none + new * (sample.further_none - sample.reused_none)
    none = _log_m(parameters, unseen) + (np.log(_MISSED) + helpers_none[first])[:, None] + odds_none
    top = np.maximum(np.maximum.reduceat(pairs.max(axis=1), first), none.max(axis=1))
    pairs = np.exp(pairs - top[sample.record][:, None])
    total = np.add.reduceat(pairs.sum(axis=1), first) + np.exp(none - top[:, None]).sum(axis=1)
    return _Responsibilities(pairs / total[sample.record][:, None], lent)


def _log_m(parameters: Parameters, codes: dict[str, Codes]) -> Array:
    log_classes = np.log(np.array(parameters.classes))
    return np.asarray(log_classes + sum(np.log(parameters.m[name][:, code]).T for name, code in codes.items()))


def _lending(
    parameters: Parameters, own: dict[str, Codes], lent: dict[str, Codes], log_u: dict[str, Array]
) -> tuple[Array, dict[str, Array]]:
    """What the chance of a lent identity makes of a weight (logarithm), and the share of it: arrays [rows, class].

    `lent` holds -1 where the declared id is nobody else's; `log_u` is ln u of the own levels less that of the lent; the
    share is told of each of its comparisons.
    """
    if not lent:
        return np.zeros((len(next(iter(own.values()))), len(CLASSES))), {}
    applies = (lent[BIRTH.name] >= 0)[:, None]
    share = np.array(parameters.lending)
    odds = {
        name: np.log(parameters.m[name][:, codes] / parameters.m[name][:, own[name]]).T + log_u[name][:, None]
        for name, codes in lent.items()
    }
    under_own_name = np.log(share * _OWN_NAME) + odds[BIRTH.name]
    in_all = np.log(share * (1 - _OWN_NAME)) + odds[BIRTH.name] + odds[NAME.name]
    whole = np.logaddexp(np.log(1 - share), np.logaddexp(under_own_name, in_all))
    shares = {NAME.name: np.exp(in_all - whole)}
    shares[BIRTH.name] = shares[NAME.name] + np.exp(under_own_name - whole)
    return np.where(applies, whole, 0.0), {name: np.where(applies, part, 0.0) for name, part in shares.items()}


def _maximise(prior: Parameters, now: Parameters, sample: Sample, found: _Responsibilities) -> Parameters:
    """M-step: expected counts of levels a class, on top of the starting values."""
    m = {}
    for comparison in now.comparisons:
        if comparison.known:
            m[comparison.name] = now.m[comparison.name]
            continue
        counts = _level_counts(now, comparison, sample, found) + PRIOR_RECORDS * _levels(prior, comparison)
        m[comparison.name] = _with_unseen(comparison, _of_any_class(comparison, counts))
    mass = found.pairs.sum(axis=0) + PRIOR_RECORDS * np.array(prior.classes)
    return Parameters(
        now.model,
        now.subjects,
        tuple((mass / mass.sum()).tolist()),
        m,
        _reuse(sample, found.pairs.sum(axis=1)),
        _lent_share(prior, sample, found),
        len(sample.first),
    )


def _levels(parameters: Parameters, comparison: Comparison) -> Array:
    return parameters.m[comparison.name][:, : len(comparison.levels)]


def _level_counts(now: Parameters, comparison: Comparison, sample: Sample, found: _Responsibilities) -> Array:
    """Expected counts of a comparison's levels, array [class, level]."""
    name, m = comparison.name, now.m[comparison.name]
    if name not in sample.lent:
        return _spread(comparison, m, _counts(m, sample.levels[name], found.pairs))
    lent = found.lent[name]
    counts = _counts(m, sample.levels[name], found.pairs * (1 - lent))
    return _spread(comparison, m, counts + _counts(m, sample.lent_of_pairs[name], found.pairs * lent))


def _of_any_class(comparison: Comparison, counts: Array) -> Array:
    """Probabilities from counts [class, level]; what the record lacks is as frequent in every class."""
    of_record = np.array([level.of_record for level in comparison.levels])
    lacking = counts[:, of_record].sum(axis=0) / counts.sum()
    levels = counts / counts[:, ~of_record].sum(axis=1, keepdims=True) * (1 - lacking.sum())
    levels[:, of_record] = lacking
    return np.asarray(levels)


def _lent_share(prior: Parameters, sample: Sample, found: _Responsibilities) -> tuple[float, ...]:
    if not sample.lent:
        return prior.lending
    lent = (found.pairs * found.lent[BIRTH.name]).sum(axis=0)
    another = found.pairs[sample.lent_of_pairs[BIRTH.name] >= 0].sum(axis=0)
    return tuple(((lent + PRIOR_RECORDS * np.array(prior.lending)) / (another + PRIOR_RECORDS)).tolist())


def _reuse(sample: Sample, pairs: Array) -> float:
    # Not as a product of vectors: what that comes to in its last digit depends on the number of cores.
    reused, further = (pairs * sample.reused).sum(), (pairs * sample.further).sum()
    return float((reused + PRIOR_RECORDS * _START_REUSE) / (further + PRIOR_RECORDS))


def _counts(m: Array, codes: Codes, weights: Array) -> Array:
    """Sum of weights a class and code; rows of code -1 are left out."""
    known = codes >= 0
    return np.stack([np.bincount(codes[known], weights[known, z], minlength=m.shape[1]) for z in range(len(m))])


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

    Columns in: `g_<comparison>`, log_u, reused, further; of none `n_<comparison>`, reused_none, further_none; of a
    model that knows of lent identities `l_<comparison>`, `u_<comparison>`, `ul_<comparison>`.
    """
    prefix, end = ("n_", "_none") if of_none else ("g_", "")
    again, new = float(np.log(parameters.reuse * parameters.subjects)), float(np.log(1 - parameters.reuse))
    common = again * F.col(f"reused{end}") + new * (F.col(f"further{end}") - F.col(f"reused{end}"))
    if of_none:
        common = common + F.lit(float(np.log(_MISSED)))
    else:
        common = common + F.lit(float(np.log((1 - _OUTSIDERS) / parameters.subjects))) - F.col("log_u")
    weights = F.array(
        *(_class_weight(parameters, z, prefix) + _log_lending(parameters, z, of_none) for z in range(len(CLASSES)))
    )
    return common + bind(weights, _log_sum)


def _log_sum(logs: Column) -> Column:
    """Logarithm of the sum of what an array holds the logarithms of."""
    top = F.array_max(logs)
    return top + F.log(F.aggregate(logs, F.lit(0.0), lambda total, each: total + F.exp(each - top)))


def _class_weight(parameters: Parameters, z: int, prefix: str) -> Column:
    total = F.lit(float(np.log(parameters.classes[z])))
    for comparison in parameters.comparisons:
        total = total + _log_m_of(parameters, comparison, z, prefix)
    return total


def _log_m_of(parameters: Parameters, comparison: Comparison, z: int, prefix: str) -> Column:
    return F.get(literals(np.log(parameters.m[comparison.name][z]).tolist()), F.col(f"{prefix}{comparison.name}"))


def _log_lending(parameters: Parameters, z: int, of_none: bool) -> Column:
    """What the chance of a lent identity makes of a weight under a class, as in `_lending`."""
    if parameters.model not in LENDING:
        return F.lit(0.0)

    def odds(comparison: Comparison) -> Column:
        """How many times as likely a comparison shows what it does because it is the holder's."""
        prefix, own = ("n_", F.lit(1.0)) if of_none else ("g_", F.col(f"u_{comparison.name}"))
        log_m = _log_m_of(parameters, comparison, z, "l_") - _log_m_of(parameters, comparison, z, prefix)
        return own / F.col(f"ul_{comparison.name}") * F.exp(log_m)

    applies = F.col(f"ul_{BIRTH.name}").isNotNull()
    if not of_none:
        applies = applies & shows(ID, "household", "other")
    share = parameters.lending[z]
    lent = odds(BIRTH) * (_OWN_NAME + (1 - _OWN_NAME) * odds(NAME))
    return F.when(applies, F.log(F.lit(1 - share) + share * lent)).otherwise(0.0)


def lending_weight(parameters: Parameters) -> Column:
    """Log2 of what the chance of a lent identity makes of a pair's weight, over all classes; 0 where there is none.

    Columns in: those of `log_weight` for a pair.
    """
    shares = [share * F.exp(_log_lending(parameters, z, of_none=False)) for z, share in enumerate(parameters.classes)]
    return F.log2(sum(shares[1:], shares[0]))


def level_m(parameters: Parameters, comparison: Comparison) -> Array:
    """M of each level over all classes, array [level]."""
    return np.asarray(np.array(parameters.classes) @ parameters.m[comparison.name])[: len(comparison.levels)]
