"""Parameters of the match model: m by EM on counted agreement patterns, u from value counts and random pairs.

A pair is a match, or alike by chance, or related (see `related`); its weight is the logarithm of the odds of the first
over all others:

    weight = log2(prior odds · Π m/u) - log2(1 + Σ_class share odds · Π h/u)

The second term is nothing but for pairs that are as much alike as related ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F

from matching.expressions import literals
from matching.linkage import related as related_pairs
from matching.linkage.alone import assumed, is_alone
from matching.linkage.comparison import NULL, Comparison, gamma
from matching.linkage.related import Related
from matching.linkage.runs import Flags, Floats, Longs

ITERATIONS = 200
# Pairs of less probability are not learned from: there are so many that each may be off by a little.
LEARNED_FROM = 0.05
# State of a column that depends on none, or on one of which a value is missing; else it is 1 + gamma of that one.
ALONE = 0
# Pairs that the starting values count as; pairs that the other states count as in a state of its own.
_PRIOR_PAIRS = 2.0
_OTHER_STATES = 2.0
_CONVERGED = 1e-7
# Iterations after which the prior follows the matches found. Where hardly any are equal in a column (products told by
# texts) so few seem to match at first that it would fall to nothing before m has seen what matches look like.
_HELD = 6
# Number of differing columns that are told apart; how often which values are missing is looked at, most frequent first.
MOST_APART = 6
_MOST_MASKS = 100
_WITHIN = (1 / 64, 4.0)
# Share of the matches that agree in nothing of their own, from which they are taken for related pairs of another class;
# share of the matches that a class of related pairs must have.
_UNEXPLAINED = 0.03
_LEAST_RELATED = 0.02
# Share of the pairs with one identifier that differ in all else of their own, from which it is one of families: of one
# person's two records hardly any do. Of their own so many columns must be known.
_OF_FAMILIES = 0.1
_ELSE = 2


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
        related: classes of pairs that are alike and no matches.
    """

    prior: float
    parents: tuple[int | None, ...]
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    exact: tuple[int, ...]
    apart: tuple[float, ...] = (1.0,)
    related: tuple[Related, ...] = ()

    @property
    def prior_weight(self) -> float:
        """Match weight (log2 odds) before anything is compared."""
        return _log_odds(self.prior)

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
    related: Sequence[Related] | None = None,
    *,
    may_be_told: bool = True,
    renamed: float | None = None,
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
        related: classes of related pairs to start from; None: as many are looked for as there seem to be.
        may_be_told: whether a text, an address, a number or a date may tell things apart, where no person has them.
        renamed: share of the matches that bear another name, at most, where others who do are twins; None: no twins are
            looked for.
    """
    fitted = partial(_fitted, chosen, groups, u, possible, prior, iterations, apart, renamed)
    names = related_pairs.names_of_one(chosen) if renamed is None else related_pairs.names(chosen)
    # Labelled matches say themselves how often births differ.
    births = () if (groups.label == 1).any() else related_pairs.births_of_one(chosen)
    if is_alone(chosen):
        return fitted((), ())
    if related is not None:
        return fitted((*names, *births) if related else (), related)
    searched = partial(_classed, chosen, groups, u, possible, prior, may_be_told, renamed is not None)
    if renamed is None:
        found = searched(partial(fitted, ()))
        # Where nobody is related, whatever matches show is theirs: people who go by several names.
        found = searched(partial(fitted, names)) if names and found.related else found
    else:
        found = searched(partial(fitted, names))
    # What classes there are is seen before: bounded, births would take the place of kin who live apart.
    return fitted((*names, *births), found.related) if births and found.related else found


def _classed(
    chosen: Sequence[Comparison],
    groups: Groups,
    u: Sequence[Floats],
    possible: float,
    prior: float,
    may_be_told: bool,
    twins: bool,
    fitted: Callable[[Sequence[Related]], Parameters],
) -> Parameters:
    """The model with as many classes of related pairs as there seem to be (see `estimate`).

    `fitted` gives the model with some classes to start from.
    """
    own, told = related_pairs.personal(chosen), tuple[int, ...]()
    usual, apart_by = ([each[ALONE] for each in tables] for tables in (starting(chosen), u))
    if related_pairs.may_be_things(chosen) and may_be_told:
        model = fitted(())
        told, apart_by = _told_apart(chosen, model, apart_by)
        if not told and not own:
            return model
    ways = [way for way in (told, own, related_pairs.names(chosen) if twins else ()) if way]
    if not ways:
        return fitted(())
    begun = partial(related_pairs.start, m=usual, apart=apart_by, share=prior)
    model = fitted([begun(way) for way in ways])
    shared = _shared(chosen, own, groups, alike(model, groups) * groups.pairs)
    if shared:
        own, *ways = (tuple(i for i in way if i not in shared) for way in (own, *ways))
        model = fitted([begun(way) for way in ways])
    # Of things nothing else says what a class of them would tell.
    most = len(ways) if told else related_pairs.MOST
    while len(model.related) < most and (further := _further(chosen, own, model, groups, possible)):
        model = fitted([*model.related, further])
    kept = [each for each in model.related if each.share >= _LEAST_RELATED * model.prior]
    return model if len(kept) == len(model.related) else fitted(kept)


def _further(
    chosen: Sequence[Comparison], own: tuple[int, ...], model: Parameters, groups: Groups, possible: float
) -> Related | None:
    """A class of the pairs that are taken for matches and agree in nothing of their own, if these are too many."""
    matches = probabilities(model, groups) * groups.pairs
    unexplained = matches * _own_apart(chosen, own, groups)
    if unexplained.sum() < _UNEXPLAINED * matches.sum():
        return None
    return _related(chosen, own, _cells(model.parents, model.u, groups), unexplained, model.u, possible)


def _told_apart(
    chosen: Sequence[Comparison], model: Parameters, u: Sequence[Floats]
) -> tuple[tuple[int, ...], list[Floats]]:
    """The column by which things are told apart, if there is one, and the levels of things that are not the same."""
    found = [marginal(model, i)[0] for i in range(len(chosen))]
    told = (
        related_pairs.told_by_date(chosen, found)
        or related_pairs.told_by_number(chosen, found)
        or related_pairs.told_by_text(chosen, found, u)
    )
    return told, [
        related_pairs.differing(chosen, i, m, by) if i in told else by
        for i, (m, by) in enumerate(zip(found, u, strict=True))
    ]


def _fitted(
    chosen: Sequence[Comparison],
    groups: Groups,
    u: Sequence[Floats],
    possible: float,
    prior: float,
    iterations: int,
    apart: tuple[float, ...],
    renamed: float | None,
    seldom: Sequence[int],
    related: Sequence[Related],
) -> Parameters:
    """The model with so many classes of related pairs (see `estimate`).

    `seldom`: columns in which matches differ no more often than they may (`related.seldom_apart`).
    """
    parents, exact = tuple(each.parent for each in chosen), tuple(each.exact for each in chosen)
    m = start = starting(chosen)
    # Of one column alone nothing but labels says what matches look like.
    tells = np.ones(len(groups.pairs), dtype=bool)
    if is_alone(chosen):
        m = start = [assumed(chosen[0], start[0], u[0])]
        tells = groups.label == 1
    cells, held = _cells(parents, start, groups), 0 if related else _HELD
    for iteration in range(iterations):
        model = Parameters(prior, parents, tuple(m), tuple(u), exact, apart, tuple(related))
        # What is unlikely to match is not learned from: there are so many such pairs that each may be off by a little.
        matches, *others = (each * groups.pairs * (each >= LEARNED_FROM) for each in _classes(model, groups, cells))
        found = [
            _in_order(each.ordered, _shares(cell, matches * tells, before), by_chance)
            for each, cell, before, by_chance in zip(chosen, cells, start, u, strict=True)
        ]
        for i in seldom:
            by_state = _counts(cells[i], matches, found[i]).sum(axis=1)
            found[i] = related_pairs.seldom_apart(chosen[i], found[i], by_state, renamed)
        related = [
            _related(chosen, each.own, cells, pairs, u, possible) for each, pairs in zip(related, others, strict=True)
        ]
        moved = max(float(np.abs(new - old).max()) for new, old in zip(found, m, strict=True))
        m = found
        if iteration >= held:
            prior = min(max(float(matches.sum()) / possible, 1e-15), 0.9)
        # What m becomes by the prior is seen one iteration later.
        if moved < _CONVERGED and iteration > held:
            break
    return Parameters(prior, parents, tuple(m), tuple(u), exact, apart, tuple(related))


def _related(
    chosen: Sequence[Comparison],
    own: tuple[int, ...],
    cells: Sequence[Longs],
    pairs: Floats,
    u: Sequence[Floats],
    possible: float,
) -> Related:
    """A class of related pairs, of which each group has so many."""
    alone = [each[ALONE] for each in u]
    counted = [
        _counts(cell, pairs, table).sum(axis=0) + _PRIOR_PAIRS * before
        for cell, table, before in zip(cells, u, alone, strict=True)
    ]
    share = min(max(float(pairs.sum()) / possible, 1e-15), 0.9)
    levels = tuple(counts / counts.sum() for counts in counted)
    return related_pairs.bounded(chosen, Related(share, levels, own), alone)


def _shared(chosen: Sequence[Comparison], own: Sequence[int], groups: Groups, pairs: Floats) -> tuple[int, ...]:
    """Identifiers that are a family's (an insurance, a customer's card), not each one's own.

    Args:
        chosen: the comparisons.
        own: columns that are taken for each one's own.
        groups: counted candidate pairs.
        pairs: how many of them are alike.
    """
    shared = []
    for i in (i for i in own if chosen[i].kind == "identifier"):
        others = [j for j in own if j != i]
        known = np.sum([groups.levels[j] >= 0 for j in others], axis=0)
        same = pairs * (groups.levels[i] == chosen[i].exact) * (known >= _ELSE)
        if (same * _own_apart(chosen, others, groups)).sum() > _OF_FAMILIES * same.sum():
            shared.append(i)
    return tuple(shared)


def _own_apart(chosen: Sequence[Comparison], own: Sequence[int], groups: Groups) -> Flags:
    """Whether a group agrees in none of the columns that are each one's own, and has a value in one."""
    agrees, known = (np.zeros(len(groups.pairs), dtype=bool) for _ in range(2))
    for i in own:
        agrees |= np.isin(groups.levels[i], related_pairs.own_levels(chosen, i))
        known |= groups.levels[i] >= 0
    return np.asarray(known & ~agrees)


def like_twins(model: Parameters, chosen: Sequence[Comparison], groups: Groups) -> float:
    """Share of what is taken for matches that are equal in a birth and agree in no name."""
    if not related_pairs.names(chosen):
        return 0.0
    matches = probabilities(model, groups) * groups.pairs
    born = [groups.levels[i] == chosen[i].exact for i in related_pairs.births_of_one(chosen)]
    twins = _own_apart(chosen, related_pairs.names(chosen), groups) & np.any([*born, np.zeros_like(matches, bool)], 0)
    return float(matches[twins].sum() / max(matches.sum(), 1e-12))


def starting(chosen: Sequence[Comparison]) -> list[Floats]:
    """Starting m of each comparison, the same in every state."""
    states = [1 if each.parent is None else 1 + len(chosen[each.parent].levels) for each in chosen]
    return [
        np.tile(np.array(each.start) / sum(each.start), (count, 1)) for each, count in zip(chosen, states, strict=True)
    ]


def probabilities(parameters: Parameters, groups: Groups) -> Floats:
    """Match probability of each group; of a labelled one what the label says."""
    return _classes(parameters, groups, _cells(parameters.parents, parameters.u, groups))[0]


def alike(parameters: Parameters, groups: Groups) -> Floats:
    """Probability of each group that its pairs are no pairs by chance: matches, or related."""
    return np.asarray(sum(_classes(parameters, groups, _cells(parameters.parents, parameters.u, groups))))


def _classes(parameters: Parameters, groups: Groups, cells: Sequence[Longs]) -> list[Floats]:
    """Probability of each group that its pairs match, and that they are of each class of related ones."""
    # Log2 odds of each over chance.
    odds = [parameters.prior_weight + groups.frequency + _evidence(parameters.weights, cells)]
    if len(parameters.apart) > 1:
        odds[0] += np.log2(parameters.apart)[np.minimum(_differing(parameters, groups), len(parameters.apart) - 1)]
    for each in parameters.related:
        bits = related_weights(parameters, each)
        odds.append(_log_odds(each.share) + groups.frequency + _evidence(bits, cells))
    top = np.maximum(reduce(np.maximum, odds), 0.0)
    # Against chance, which is the same for all.
    match, *others = (np.exp2(each - top) for each in odds)
    no_match = sum(others) + np.exp2(-top)
    total = np.where(groups.label == 0, np.maximum(no_match, 1e-300), match + no_match)
    return [
        np.where(groups.label >= 0, groups.label, match / total),
        *(np.where(groups.label == 1, 0.0, each / total) for each in others),
    ]


def _cells(parents: Sequence[int | None], tables: Sequence[Floats], groups: Groups) -> list[Longs]:
    """A column each, the place in its table [state, level] of what a group shows; the end if a value is missing."""
    found = []
    for parent, levels, table in zip(parents, groups.levels, tables, strict=True):
        state = ALONE if parent is None else groups.levels[parent] - NULL
        found.append(np.where(levels >= 0, state * table.shape[1] + levels, table.size))
    return found


def _evidence(weights: Sequence[Floats], cells: Sequence[Longs]) -> Floats:
    """Sum of the bits [state, level] of what every column shows."""
    shown = (np.append(bits, 0.0)[cell] for bits, cell in zip(weights, cells, strict=True))
    return np.asarray(sum(shown))


def _counts(cell: Longs, pairs: Floats, table: Floats) -> Floats:
    """Pairs by what they show, as a table [state, level]."""
    return np.asarray(np.bincount(cell, pairs, minlength=table.size + 1)[:-1].reshape(table.shape), dtype=float)


def _log_odds(share: float) -> float:
    return float(np.log2(share / (1 - share)))


def related_weights(parameters: Parameters, each: Related) -> tuple[Floats, ...]:
    """Bits (log2 h/u) by which every level speaks for a class of related pairs over chance: arrays [state, level]."""
    return tuple(np.log2(levels / u) for levels, u in zip(each.levels, parameters.u, strict=True))


def match_weight(parameters: Parameters) -> Column:
    """Match weight (log2 odds) of a compared pair.

    Columns in: those of `comparison.compared`.
    """
    parts = [weight_of(parameters, i) for i in range(len(parameters.m))]
    if len(parameters.apart) > 1:
        parts.append(weight_of_apart(parameters))
    if parameters.related:
        parts.append(weight_of_related(parameters))
    return reduce(Column.__add__, parts, F.lit(parameters.prior_weight) + F.col("frequency"))


def weight_of_related(parameters: Parameters) -> Column:
    """Match weight (0 or less) that a pair loses because related ones are as much alike."""
    odds = []
    for each in parameters.related:
        weights = related_weights(parameters, each)
        evidence = [_bits_of(parameters, i, bits) for i, bits in enumerate(weights)]
        bits = reduce(Column.__add__, evidence, F.lit(_log_odds(each.share)) + F.col("frequency"))
        odds.append(F.pow(F.lit(2.0), F.least(bits, F.lit(1000.0))))
    return -F.log2(reduce(Column.__add__, odds, F.lit(1.0)))


def weight_of(parameters: Parameters, i: int) -> Column:
    """Match weight that the level of the i-th column adds, term frequency aside."""
    return _bits_of(parameters, i, parameters.weights[i])


def _bits_of(parameters: Parameters, i: int, bits: Floats) -> Column:
    """What a table [state, level] of bits has for what the i-th column shows."""
    parent = parameters.parents[i]
    level = gamma(i) - NULL
    if parent is not None:
        level = (gamma(parent) - NULL) * (bits.shape[1] - NULL) + level
    # A missing value is no evidence.
    padded = np.pad(bits, [(0, 0), (-NULL, 0)])
    return F.get(literals(padded.ravel().tolist()), level)


def weight_of_apart(parameters: Parameters) -> Column:
    """Match weight that the number of columns adds whose values are not equal."""
    differing = [((gamma(i) != NULL) & (gamma(i) != exact)).cast("int") for i, exact in enumerate(parameters.exact)]
    return F.get(
        literals(np.log2(parameters.apart).tolist()),
        F.least(reduce(Column.__add__, differing), F.lit(len(parameters.apart) - 1)),
    )


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


def _in_order(ordered: Sequence[int], m: Floats, u: Floats) -> Floats:
    """The likeliest m of which m/u falls from no level to a better one (Barlow et al. 1972), where its order is known.

    Args:
        ordered: gammas of the levels, the worst first.
        m: shares of the matches, an array [state, level].
        u: shares of other pairs.
    """
    found = m.copy()
    for of_matches, by_chance in zip(found, u, strict=True):
        # Neighbours that violate the order become one, until none do (pool adjacent violators).
        pools: list[tuple[float, float, list[int]]] = []
        for level in ordered:
            matched, chance, of_pool = float(of_matches[level]), float(by_chance[level]), [level]
            while pools and pools[-1][0] * chance > matched * pools[-1][1]:
                more, other, levels = pools.pop()
                matched, chance, of_pool = matched + more, chance + other, levels + of_pool
            pools.append((matched, chance, of_pool))
        for matched, chance, of_pool in pools:
            of_matches[of_pool] = by_chance[of_pool] * (matched / chance)
    return found


def _shares(cell: Longs, pairs: Floats, start: Floats) -> Floats:
    counts = _counts(cell, pairs, start)
    overall = counts.sum(axis=0) + _PRIOR_PAIRS * start[ALONE]
    counts = counts + _OTHER_STATES * overall / overall.sum() if len(counts) > 1 else overall[None, :]
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
