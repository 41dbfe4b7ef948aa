"""Which blocking rules to use: chosen on a sample of records, for recall within a budget of pairs.

Every conjunction of one to three atoms is a rule that may be chosen. On the sample the pairs of each are counted; the
pairs of all that are affordable are told apart by which atoms agree (an agreement pattern); EM on the patterns says how
likely each is a match. Then rules are taken greedily, by expected matches gained a pair paid, until no rule gains
enough. What all of them miss is estimated by capture and recapture (Chapman 1951) between rules without a column in
common.

Of many records a sample holds hardly any matches: one in a hundred records has one match in ten thousand. They are
enough to say in which keys most matches agree. Of these keys some are drawn, and all pairs of records that share one
are looked at as well; each stands for as many as its chance to be there says (Horvitz and Thompson 1952). Pairs that
share none of these keys are those of the sample.

Columns may depend on each other in pairs that do not match: who live in one street have one postcode too. Taken for
independent, such columns make neighbours of matches. So each column may have a parent, given which its levels are
counted: the tree that holds most of the dependence (Chow and Liu 1968).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matching.linkage.chance import RANDOM, Drawn, chances
from matching.linkage.comparison import NULL, Comparison
from matching.linkage.frequencies import by_chance
from matching.linkage.kinds import EXACT
from matching.linkage.parameters import LEARNED_FROM, Groups, alike, estimate, probabilities
from matching.linkage.records import Atom
from matching.linkage.related import Related, of_events, personal
from matching.linkage.runs import Flags, Floats, Longs, count_pairs, distinct, joined, runs

Words = npt.NDArray[np.uint64]

MAX_ATOMS = 60
MAX_RULES = 24
# Pairs of the sample that are looked at, at most: some hundred megabytes.
_MOST_PAIRS = 3_000_000
_RANDOM_PAIRS = 1_000_000
_MOST_PROBABLE = 300_000
# Conjunctions, and pairs, that are made before their number is looked at; pairs before equal ones are found.
_AT_ONCE = 16
_PAIRS_AT_ONCE = 8_000_000
_BEFORE_SORTED = 2_000_000
# Pairs that may be compared for one of rows that are alike in all; of these in the sample, at most.
_OF_IDENTICAL = 3
_MOST_IDENTICAL = 6_000_000
# Which conjunction fires on which pattern: so many answers are kept, and so many at once are numbers to be summed.
_MOST_ANSWERS = 400_000_000
_ANSWERS_AT_ONCE = 16_000_000
_EVERY = slice(None)
# A rule must bring this share of all expected matches that no rule before it brings.
_LEAST_GAIN = 5e-5
# Standard errors by which a gain is taken for less than it seems.
_UNSURE = 0.25
# Conjunctions whose keys are drawn; a budget that nothing exceeds.
_MOST_SEEDS = 16
_UNBOUNDED = 1e18
# Pairs that one more match is worth, at most: some hundredths of a second.
_MOST_PAIRS_A_MATCH = 15_000
# Conjunctions by which recall is estimated where the rules have columns in common.
_RECAPTURING = 40
# Of the estimates so many are lower, each counted by the matches that were caught twice: of those by rules, or by other
# conjunctions, of which many are much alike.
_UPPER, _MIDDLE = 0.75, 0.5
_ITERATIONS = 25
# How often m and u are estimated, each given the other.
_ROUNDS = 3
# Mutual information (nats) from which errors in two columns come together; matches that independence counts as.
_TOGETHER = 0.002
_INDEPENDENT = 20.0
_PAIRS_OF_PARENT = 200_000
# Starting share of matches that agree in full.
_STARTS_EXACT = 0.8
# Share of the budget below which a rule's pairs are not worth sparing: a few rules that gain much, not many cheap ones.
_PATIENCE = 0.02
# Share of the budget that a rule may cost which is added to those that gain most: one that asks for none of a column
# that all others ask for, one of equal texts.
_SPARE = 0.05
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
_TRIPLES_FROM = 24
_KNOWN = np.uint64(0x9E3779B97F4A7C15)


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
            key = np.where(self.drawn >> np.int64(number) & 1, _conjoined(self.keys, seed), 0)
            left, right = runs(key, self.right).all_pairs()
            found.append(np.minimum(left, right) * records + np.maximum(left, right))
        every = distinct(np.concatenate(found))
        return every // records, every % records

    def shared(self, agree: Words) -> Longs:
        """Number of seeds that a pair shares which agrees in these atoms."""
        return sum((_in_all(agree, seed).astype(np.int64) for seed in self.seeds), np.zeros(len(agree), np.int64))

    def stands_for(self, agree: Words) -> Floats:
        """Pairs of all records for one pair that agrees in these atoms."""
        return np.asarray(1 / np.maximum(1 - (1 - self.share) ** self.shared(agree), 1e-300))


@dataclass(frozen=True)
class Rule:
    """A blocking rule: records with equal keys of all atoms are compared.

    Attributes:
        atoms: indices of the atoms.
        refining: indices of the atoms by which a block above the cap is split, the finest first.
        pairs: expected number of pairs.
        matches: expected number of matches among them.
    """

    atoms: tuple[int, ...]
    refining: tuple[int, ...]
    pairs: float
    matches: float


@dataclass(frozen=True)
class Plan:
    """The chosen rules, and what is expected of them.

    Attributes:
        rules: the rules, the first chosen first.
        matches: expected number of matches among all pairs that any rule brings.
        recall: estimated share of all matches that the rules bring; None where nothing says.
        parents: a column each, the index of the column that it depends on most; None: of no other.
        probable: pairs that may match.
    """

    rules: tuple[Rule, ...]
    matches: float
    recall: float | None
    parents: tuple[int | None, ...]
    probable: Probable = field(compare=False)


@dataclass(frozen=True)
class Probable:
    """Pairs of the sample in which pairs are looked at that may be matches, or some of them.

    Attributes:
        left, right: the two records.
        matches: expected number of matches, of all records, that each stands for.
    """

    left: Longs
    right: Longs
    matches: Floats


@dataclass(frozen=True)
class _Patterns:
    """Distinct agreement patterns of the sample's pairs.

    Attributes:
        agree: bit a: both records have atom a, and the same.
        known: bit c: both records have a value in column c.
        pairs: number of pairs, of all records, that show the pattern.
        stands_for: pairs, of all records, for each that was seen.
        match: probability that such a pair is a match.
        of_pairs: pattern of each pair that was seen.
    """

    agree: Words
    known: Words
    pairs: Floats
    stands_for: Floats
    match: Floats
    of_pairs: Longs


@dataclass(frozen=True)
class Survey:
    """What the sample alone says.

    Attributes:
        sample: records drawn each for itself.
        atoms: what the rows of `sample.keys` mean, at most `MAX_ATOMS`.
        kinds: of the columns.
        budget: pairs of all records that may be compared.
        costs: conjunctions whose pairs alone stay within the budget, with the number of their pairs in the sample.
        parents: a column each, the index of the column that it depends on most; None: of no other.
        pairs: pairs of the sample that share the key of a conjunction.
        patterns: what they show, and how likely they match.
    """

    sample: Sample
    atoms: Sequence[Atom]
    kinds: Sequence[str]
    budget: float
    costs: dict[tuple[int, ...], float]
    parents: tuple[int | None, ...]
    pairs: tuple[Longs, Longs]
    patterns: _Patterns


def survey(sample: Sample, atoms: Sequence[Atom], kinds: Sequence[str], budget: float) -> Survey:
    """Look at the pairs of a sample.

    Args:
        sample: records drawn each for itself.
        atoms: what the rows of `sample.keys` mean, at most `MAX_ATOMS`.
        kinds: of the columns.
        budget: pairs of all records that may be compared.
    """
    identical = _identical(sample, atoms, len(kinds)) * sample.scale
    if identical > budget / 2:
        # Rows that are alike in all make as many pairs under every key: for them alone no rule could be afforded.
        budget = max(budget, _OF_IDENTICAL * identical)
    costs = _affordable(sample, atoms, budget)
    parents = tree(sample, atoms, len(kinds))
    pairs = _union(sample, costs)
    patterns = _patterns(sample, atoms, len(kinds), *pairs, sample.stands_for)
    likely = _likely(sample, atoms, kinds, parents, patterns)
    return Survey(sample, atoms, kinds, budget, costs, parents, pairs, likely)


def seeds(seen: Survey, most: float) -> tuple[tuple[int, ...], ...]:
    """Conjunctions in one of which nearly all matches agree, each of so many pairs of all records at most."""
    narrow = [each for each, pairs in seen.costs.items() if pairs * seen.sample.scale <= most]
    found = _greedy(seen.patterns, narrow, _UNBOUNDED)[:_MOST_SEEDS]
    for a, atom in enumerate(seen.atoms):
        # Names the wrong way round are too few for the sample to show, and no other key finds them.
        own = [each for each in narrow if a in each]
        if len(atom.columns) > 1 and own and not any(a in each for each in found):
            found.append(max(own, key=lambda each: (_matches(seen.patterns, [each]), each)))
    return tuple(sorted(found))


def choose(seen: Survey, sharing: Sharing | None) -> Plan:
    """Rules of most expected matches whose pairs, all together, stay within the budget.

    Args:
        seen: what the sample says.
        sharing: records that share drawn keys; None: the sample has all records, or no keys worth drawing.
    """
    patterns, pairs, atoms = seen.patterns, seen.pairs, seen.atoms
    if sharing is not None:
        pairs = sharing.pairs()
        every = _with(patterns, sharing, _patterns(sharing, atoms, len(seen.parents), *pairs, sharing.stands_for))
        patterns = _likely(seen.sample, atoms, seen.kinds, seen.parents, every)
    candidates = list(seen.costs)
    chosen, spare = _greedy(patterns, candidates, seen.budget), _SPARE * seen.budget / seen.sample.scale
    if of_events(seen.kinds):
        chosen += _without_what_all_ask(atoms, seen.costs, chosen, spare)
    chosen += _of_equal_texts(atoms, seen.kinds, seen.costs, chosen, spare)
    finest = _finest_first(seen.sample)
    rules = tuple(_rule(patterns, atoms, finest, conjunction) for conjunction in chosen)
    recall = _recall(patterns, atoms, chosen, candidates)
    return Plan(rules, _matches(patterns, chosen), recall, seen.parents, _probable(patterns, *pairs))


def _with(patterns: _Patterns, sharing: Sharing, more: _Patterns) -> _Patterns:
    """Patterns of the pairs that share drawn keys, and those of the sample's that would share none."""
    alone = sharing.shared(patterns.agree) == 0
    agree, known, pairs, stands_for, match = (
        np.concatenate([getattr(patterns, name)[alone], getattr(more, name)])
        for name in ("agree", "known", "pairs", "stands_for", "match")
    )
    return _Patterns(agree, known, pairs, stands_for, match, alone.sum() + more.of_pairs)


def _probable(patterns: _Patterns, left: Longs, right: Longs) -> Probable:
    pairs = np.flatnonzero(patterns.match[patterns.of_pairs] >= LEARNED_FROM)
    step = max(len(pairs) // _MOST_PROBABLE, 1)
    some = pairs[::step]
    of = patterns.of_pairs[some]
    return Probable(
        left[some], right[some], (patterns.match * patterns.stands_for)[of] * (len(pairs) / max(len(some), 1))
    )


def _present(sample: Sample, atom: int) -> float:
    """Number of pairs whose records both have an atom, at least one."""
    has = sample.keys[atom] != 0
    if sample.right is None:
        return max(float(has.sum()) * (float(has.sum()) - 1) / 2, 1.0)
    return max(float((has & sample.right).sum()) * float((has & ~sample.right).sum()), 1.0)


def _present_both(sample: Sample, one: int, other: int) -> float:
    """Number of pairs whose records all have both atoms."""
    has = (sample.keys[one] != 0) & (sample.keys[other] != 0)
    if sample.right is None:
        return float(has.sum()) * (float(has.sum()) - 1) / 2
    return float((has & sample.right).sum()) * float((has & ~sample.right).sum())


def agreeing(sample: Sample, atom: int, most: int) -> tuple[Longs, Longs]:
    """Some pairs of sampled records that share an atom: all, or as many as a smaller sample has."""
    keys = sample.keys[atom]
    right = sample.right
    count = _count(sample, keys)
    if count > most:
        # The sample is in the order of a hash: any stretch of it, of both inputs alike, is a sample.
        share = (most / count) ** 0.5
        sides = [np.arange(len(keys))] if right is None else [np.flatnonzero(~right), np.flatnonzero(right)]
        rows = np.concatenate([side[: max(int(share * len(side)), 1)] for side in sides])
        left, other = runs(keys[rows], None if right is None else right[rows]).all_pairs()
        return rows[left], rows[other]
    return runs(keys, right).all_pairs()


def tree(sample: Sample, atoms: Sequence[Atom], columns: int) -> tuple[int | None, ...]:
    """Parent of each column: the spanning forest of most dependence between shared keys of pairs that do not match."""
    full = full_atoms(atoms, columns)
    own = [[k for k, atom in enumerate(atoms) if atom.columns == {c}] for c in range(columns)]
    shared = [each for pair in itertools.combinations(range(columns), 2) for each in _shared(sample, own, pair)]
    random = _alike(sample, own, *_random(sample, _DEPENDENT_PAIRS))
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
    for root in sorted(range(len(beside)), key=lambda c: (_count(sample, sample.keys[full[c]]), c)):
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
    counts = _counts(sample, [*((k,) for c in columns for k in own[c]), *doubles])
    told = []
    for one, other in doubles:
        shares = counts[one,] / _present(sample, one) * counts[other,] / _present(sample, other)
        expected, count = max(shares * _present_both(sample, one, other), 1e-9), counts[one, other]
        if count >= _LEAST_DEPENDENT and count >= _DEPENDENT * expected:
            told.append((count * np.log2(count / expected), expected, (one, other)))
    found = []
    for _, expected, both in sorted(told, reverse=True)[:_MOST_TOLD]:
        conjoined = Sample(_conjoined(sample.keys, both)[None, :], sample.right, sample.scale)
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


def _paired(keys: Longs, right: Flags | None) -> Flags:
    """Whether a record has a key that another has, of the other input where there are two."""
    blocks = runs(keys, right)
    found = np.zeros(len(keys), dtype=bool)
    found[blocks.where(blocks.pairs > 0).rows] = True
    return found


def _agreeing_pairs(sample: Sample, atom: int) -> float:
    return _count(sample, sample.keys[atom])


def _conjoined(keys: Longs, conjunction: Iterable[int]) -> Longs:
    """Key of each record under a conjunction of atoms, 0 where an atom is missing."""
    first, *others = conjunction
    key = keys[first]
    for other in others:
        more = keys[other]
        key = np.where((key == 0) | (more == 0), 0, joined(key, more))
    return np.asarray(key)


def _count(sample: Sample, key: Longs) -> float:
    """Number of pairs of records with equal keys."""
    return float(count_pairs(key, sample.right))


def _counts(sample: Sample, conjunctions: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], float]:
    """Number of pairs of each conjunction."""
    shared, known = sample.shared, sample.counted
    new = [each for each in conjunctions if each not in known]
    with _threads() as pool:
        known.update(zip(new, pool.map(lambda each: _count(sample, _conjoined(shared, each)), new), strict=True))
    return {each: known[each] for each in conjunctions}


def _threads() -> ThreadPoolExecutor:
    """NumPy lets go of the interpreter while it sorts."""
    return ThreadPoolExecutor()


def _identical(sample: Sample, atoms: Sequence[Atom], columns: int) -> float:
    """Number of pairs that agree in all columns, up to a bound."""
    values = [sample.keys[a] for a in full_atoms(atoms, columns)]
    told = np.any(values, axis=0)
    key = values[0]
    for more in values[1:]:
        key = joined(key, more)
    return min(_count(sample, np.where(told, key, 0)), float(_MOST_IDENTICAL))


def _affordable(sample: Sample, atoms: Sequence[Atom], budget: float) -> dict[tuple[int, ...], float]:
    """Conjunctions whose pairs alone stay within the budget, with the number of their pairs in the sample."""
    most = budget / sample.scale
    wide = [c for size in (1, 2) for c in itertools.combinations(range(len(atoms)), size) if _is_sensible(atoms, c)]
    counted = _counts(sample, wide)
    dear = sorted((c for c in wide if len(c) == 2 and counted[c] > most), key=lambda c: counted[c])[:_TRIPLES_FROM]
    finer = sorted({tuple(sorted({*pair, a})) for pair in dear for a in range(len(atoms))})
    counted |= _counts(sample, [c for c in finer if len(c) == 3 and _is_sensible(atoms, c)])
    return {conjunction: pairs for conjunction, pairs in counted.items() if pairs <= most}


def _is_sensible(atoms: Sequence[Atom], conjunction: tuple[int, ...]) -> bool:
    """Whether the atoms are of different columns: of one column, the finer says it all."""
    return all(not atoms[a].columns & atoms[b].columns for a, b in itertools.combinations(conjunction, 2))


def _union(sample: Sample, costs: dict[tuple[int, ...], float]) -> tuple[Longs, Longs]:
    """Pairs of all conjunctions, each once; of the cheapest where they are too many."""
    records = np.int64(sample.keys.shape[1])
    cheapest = sorted(costs, key=lambda c: (costs[c], c))
    shared = sample.shared

    def pairs(conjunction: tuple[int, ...]) -> Longs:
        """Those of one, each as a number."""
        left, right = runs(_conjoined(shared, conjunction), sample.right).all_pairs()
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


def _agreement(sample: Sample | Sharing, left: Longs, right: Longs) -> Words:
    agree = np.zeros(len(left), dtype=np.uint64)
    for a, keys in enumerate(sample.keys):
        one = keys[left]
        agree |= ((one != 0) & (one == keys[right])).astype(np.uint64) << np.uint64(a)
    return agree


def _known(sample: Sample | Sharing, full: Sequence[int], left: Longs, right: Longs) -> Words:
    known = np.zeros(len(left), dtype=np.uint64)
    for c, a in enumerate(full):
        keys = sample.keys[a]
        known |= ((keys[left] != 0) & (keys[right] != 0)).astype(np.uint64) << np.uint64(c)
    return known


def full_atoms(atoms: Sequence[Atom], columns: int) -> list[int]:
    """Index of the atom that is the whole value of each column."""
    found = {next(iter(atom.columns)): a for a, atom in enumerate(atoms) if atom.is_full}
    return [found[c] for c in range(columns)]


def _patterns(
    sample: Sample | Sharing,
    atoms: Sequence[Atom],
    columns: int,
    left: Longs,
    right: Longs,
    stands_for: Callable[[Words], Floats] = lambda agree: np.ones(len(agree)),
) -> _Patterns:
    agree, known = _agreement(sample, left, right), _known(sample, full_atoms(atoms, columns), left, right)
    # One number for both: sorting numbers is ten times as fast as sorting columns.
    _, first, of_pairs, counts = np.unique(agree ^ (known * _KNOWN), True, True, True)
    weight = stands_for(agree[first])
    return _Patterns(agree[first], known[first], counts * weight, weight, np.zeros(len(counts)), of_pairs)


def _likely(
    sample: Sample,
    atoms: Sequence[Atom],
    kinds: Sequence[str],
    parents: Sequence[int | None],
    patterns: _Patterns,
) -> _Patterns:
    """The patterns with their match probabilities: the match model, a level for each set of atoms that agree."""
    if not len(patterns.pairs):
        return patterns
    columns = len(parents)
    drawn = _drawn(sample, atoms, parents)
    draw = np.repeat(list(drawn), [len(each.pairs) for each in drawn.values()])
    chosen, levels = [], []
    for c, parent in enumerate(parents):
        column, shown = _levels(atoms, c, parent, [patterns, *drawn.values()])
        chosen.append(replace(column, kind=kinds[c]))
        levels.append(shown)
    size = len(patterns.pairs)
    groups = _groups([each[:size] for each in levels], patterns.pairs)
    drawn_groups = Drawn(
        _groups([each[size:] for each in levels], np.concatenate([d.pairs for d in drawn.values()])), draw
    )
    equal, present = ([of(sample, a) for a in full_atoms(atoms, columns)] for of in (_agreeing_pairs, _present))
    possible = sample.possible * sample.scale
    prior = min(0.5 * sample.keys.shape[1] / sample.possible / sample.scale**0.5, 0.5)
    match, alike_pairs, alike_drawn = np.zeros(size), np.zeros(size), np.zeros(len(draw))
    # Songs of one album are hardly worth sparing; members of one home are many, and find nobody but each other.
    related: Sequence[Related] | None = None if personal(chosen) else ()
    for _ in range(_ROUNDS):
        groups = replace(groups, frequency=_together(chosen, groups, match))
        exact = [
            by_chance(
                pairs, known, float((patterns.pairs * alike_pairs)[shown[:size] == each.exact].sum()) / sample.scale
            )
            for each, shown, pairs, known in zip(chosen, levels, equal, present, strict=True)
        ]
        u = chances(chosen, drawn_groups, exact, alike_drawn)
        model = estimate(chosen, groups, u, possible, prior, _ITERATIONS, related=related)
        prior, related = model.prior, model.related
        match = probabilities(model, groups)
        alike_pairs, alike_drawn = (alike(model, each) for each in (groups, drawn_groups.groups))
    return replace(patterns, match=match)


def _together(chosen: Sequence[Comparison], groups: Groups, match: Floats) -> Floats:
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


def _groups(levels: Sequence[Longs], pairs: Floats) -> Groups:
    return Groups(levels, np.zeros(len(pairs)), pairs, np.full(len(pairs), -1))


def _drawn(sample: Sample, atoms: Sequence[Atom], parents: Sequence[int | None]) -> dict[int, _Patterns]:
    """Patterns of pairs drawn at random (`RANDOM`), and for every parent of those that share a key of its column."""
    columns = len(parents)
    found = {RANDOM: _patterns(sample, atoms, columns, *_random(sample))}
    for parent in sorted({each for each in parents if each is not None}):
        own = [a for a, atom in enumerate(atoms) if atom.columns == {parent} and atom.tells]
        pairs = [agreeing(sample, a, _PAIRS_OF_PARENT) for a in own]
        left, right = (np.concatenate([each[side] for each in pairs]) for side in (0, 1))
        found[parent] = _patterns(sample, atoms, columns, left, right)
    return found


def _random(sample: Sample, count: int = _RANDOM_PAIRS) -> tuple[Longs, Longs]:
    generator = np.random.default_rng(1)
    one, other = generator.integers(0, sample.keys.shape[1], size=(2, count))
    kept = one != other if sample.right is None else sample.right[one] != sample.right[other]
    return one[kept], other[kept]


def _levels(
    atoms: Sequence[Atom], column: int, parent: int | None, sets: Sequence[_Patterns]
) -> tuple[Comparison, Longs]:
    """A column as a comparison whose levels are the sets of its atoms that agree, and the level of all patterns."""
    own = [a for a, atom in enumerate(atoms) if atom.columns == {column} and atom.tells]
    exact = np.uint64(1 << next(a for a in own if atoms[a].is_full))
    mask = np.uint64(sum(1 << a for a in own))
    agree, known = (np.concatenate([getattr(each, name) for each in sets]) for name in ("agree", "known"))
    shown = np.where(agree & exact, exact, agree & mask)
    for a in (a for a, atom in enumerate(atoms) if column in atom.columns and len(atom.columns) > 1):
        # Given and family name the wrong way round: told once, by the first of the two columns.
        turned = (agree >> np.uint64(a) & np.uint64(1) == 1) & (shown != exact)
        shown = np.where(turned, np.uint64(1 << a), shown)
        if column != min(atoms[a].columns):
            known = np.where(turned, np.uint64(0), known)
    values = np.unique(np.concatenate([shown, np.array([0, exact], dtype=np.uint64)]))
    names = tuple(EXACT if value == exact else str(value) for value in values)
    start = np.where(values == exact, _STARTS_EXACT, (1 - _STARTS_EXACT) / (len(values) - 1))
    levels = np.where((known >> np.uint64(column)) & np.uint64(1) == 1, np.searchsorted(values, shown), NULL)
    return Comparison(str(column), "", names, tuple(start.tolist()), parent=parent), levels


def _in_all(agree: Words, conjunction: Iterable[int]) -> Flags:
    mask = np.uint64(sum(1 << a for a in conjunction))
    return np.asarray((agree & mask) == mask)


def _fires(patterns: _Patterns, conjunction: Iterable[int]) -> Flags:
    return _in_all(patterns.agree, conjunction)


def _greedy(patterns: _Patterns, candidates: Sequence[tuple[int, ...]], budget: float) -> list[tuple[int, ...]]:
    if not candidates or not len(patterns.pairs):
        return []
    matches = patterns.pairs * patterns.match
    of_pattern = np.stack([matches, matches * (patterns.stands_for - 1), patterns.pairs], axis=1)
    left, patience = budget, _PATIENCE * budget
    least = _LEAST_GAIN * float(matches.sum())
    candidates = _promising(patterns, of_pattern, candidates, patience)
    fires = _all_fires(patterns, candidates)
    gains, spread, costs = _summed(fires, of_pattern).T
    open_patterns = np.ones(len(of_pattern), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < MAX_RULES:
        # What a rule surely gains: few pairs that stand for many may be there by chance.
        sure = gains - _UNSURE * np.sqrt(spread)
        affordable = (sure >= np.maximum(least, costs / _MOST_PAIRS_A_MATCH)) & (costs <= left)
        worth = np.where(affordable, sure / (costs + patience), 0.0)
        best = int(np.argmax(worth))
        if worth[best] <= 0:
            break
        chosen.append(best)
        left -= float(costs[best])
        # Every pattern is taken off once.
        taken = np.flatnonzero(fires[best] & open_patterns)
        open_patterns[taken] = False
        lost = _summed(fires, of_pattern, taken).T
        gains, spread, costs = (np.maximum(of - off, 0) for of, off in zip((gains, spread, costs), lost, strict=True))
    return [candidates[at] for at in chosen]


def _without_what_all_ask(
    atoms: Sequence[Atom], costs: Mapping[tuple[int, ...], float], chosen: Sequence[tuple[int, ...]], most: float
) -> list[tuple[int, ...]]:
    """For each column that every chosen rule asks for the broadest ones of the other columns.

    Matches that differ in it would never be seen, and so it would be learned that there are none: what a payment is
    for is written otherwise at either end, while day and sum agree. Of things it is of no use: what they are called is
    what they are. All that are added for a column cost no more than `most`, and no two ask for the same key.
    """
    asked = [frozenset[int]().union(*(atoms[a].columns for a in rule)) for rule in chosen]
    found: list[tuple[int, ...]] = []
    for column in sorted(frozenset.intersection(*asked) if asked else ()):
        others = [rule for rule in costs if all(column not in atoms[a].columns for a in rule)]
        left, keys = most, set[int]()
        for rule in sorted(others, key=lambda rule: (-costs[rule], rule)):
            if costs[rule] <= left and not keys & set(rule):
                found.append(rule)
                left, keys = left - costs[rule], keys | set(rule)
    return found[: MAX_RULES - len(chosen)]


def _of_equal_texts(
    atoms: Sequence[Atom],
    kinds: Sequence[str],
    costs: Mapping[tuple[int, ...], float],
    chosen: Sequence[tuple[int, ...]],
    most: float,
) -> list[tuple[int, ...]]:
    """Of each column of texts the rule of equal ones, where it costs no more than `most`.

    Here all equal texts say the same: what few others have, a title of ten words, as much as `Editorial`.
    """
    whole = full_atoms(atoms, len(kinds))
    texts: list[tuple[int, ...]] = [(a,) for a, kind in zip(whole, kinds, strict=True) if kind == "text"]
    found = [rule for rule in texts if rule not in chosen and rule in costs and costs[rule] <= most]
    return found[: MAX_RULES - len(chosen)]


def _promising(
    patterns: _Patterns, of_pattern: Floats, candidates: Sequence[tuple[int, ...]], patience: float
) -> Sequence[tuple[int, ...]]:
    """The candidates; where there is no room for what all of them fire on, those that gain most a pair paid."""
    most = max(_MOST_ANSWERS // len(patterns.pairs), MAX_RULES)
    if len(candidates) <= most:
        return candidates
    gains, _, costs = np.stack([of_pattern[_fires(patterns, each)].sum(axis=0) for each in candidates]).T
    best = np.argsort(-gains / (costs + patience), kind="stable")[:most]
    return [candidates[at] for at in sorted(best)]


def _all_fires(patterns: _Patterns, candidates: Sequence[tuple[int, ...]]) -> Flags:
    fires = np.empty((len(candidates), len(patterns.pairs)), dtype=bool)
    for row, conjunction in zip(fires, candidates, strict=True):
        row[:] = _fires(patterns, conjunction)
    return fires


def _summed(fires: Flags, of_pattern: Floats, taken: Longs | slice = _EVERY) -> Floats:
    """Sums of the columns of `of_pattern` over the patterns, or over those taken, on which each candidate fires."""
    values = of_pattern[taken]
    step = max(_ANSWERS_AT_ONCE // max(len(values), 1), 1)
    sums = [fires[start : start + step][:, taken] @ values for start in range(0, len(fires), step)]
    # How a product of matrices is summed is up to the number of cores; which rule is best must not be.
    return np.asarray(np.round(np.concatenate(sums), 6), dtype=np.float64)


def _finest_first(sample: Sample) -> list[int]:
    """Atoms by the number of pairs that share them, those that most records have before all others."""
    possible = sample.possible

    def coarseness(a: int) -> float:
        """The share of records without the atom, and of pairs that share it."""
        missing = float((sample.keys[a] == 0).mean())
        return missing + _count(sample, sample.keys[a]) / max(possible, 1.0)

    return sorted(range(len(sample.keys)), key=coarseness)


def _rule(patterns: _Patterns, atoms: Sequence[Atom], finest: Sequence[int], conjunction: tuple[int, ...]) -> Rule:
    used = frozenset().union(*(atoms[a].columns for a in conjunction))
    refining: list[int] = []
    for a in finest:
        if not atoms[a].columns & used and len(refining) < 3:
            refining.append(a)
            used |= atoms[a].columns
    fires = _fires(patterns, conjunction)
    pairs = float(patterns.pairs[fires].sum())
    matches = float((patterns.pairs * patterns.match)[fires].sum())
    return Rule(conjunction, tuple(refining), pairs, matches)


def _matches(patterns: _Patterns, chosen: Sequence[tuple[int, ...]]) -> float:
    any_fires = np.zeros(len(patterns.pairs), dtype=bool)
    for conjunction in chosen:
        any_fires |= _fires(patterns, conjunction)
    return float((patterns.pairs * patterns.match)[any_fires].sum())


def _recall(
    patterns: _Patterns,
    atoms: Sequence[Atom],
    chosen: Sequence[tuple[int, ...]],
    others: Sequence[tuple[int, ...]],
) -> float | None:
    """Share of all matches that the rules bring: found, over Chapman's estimate of all; None where nothing says."""
    found = _matches(patterns, chosen)
    if found <= 0:
        return None
    total = _recaptured(patterns, atoms, chosen, _UPPER)
    if total is None:
        frequent = sorted(others, key=lambda each: (-_matches(patterns, [each]), each))[:_RECAPTURING]
        total = _recaptured(patterns, atoms, frequent, _MIDDLE)
    return None if total is None else min(found / max(total, found), 1.0)


def _recaptured(
    patterns: _Patterns, atoms: Sequence[Atom], conjunctions: Sequence[tuple[int, ...]], lower: float
) -> float | None:
    """Number of all matches, by capture and recapture between conjunctions without a common column; None: none are.

    Matches that agree in one column are likelier to agree in others too, so that most pairs of conjunctions tell too
    few: what counts is the estimate than which such a share are lower.
    """
    matches = patterns.pairs * patterns.match
    caught = {conjunction: _fires(patterns, conjunction) for conjunction in conjunctions}
    estimates, weights = [], []
    for one, other in itertools.combinations(conjunctions, 2):
        if any(atoms[a].columns & atoms[b].columns for a in one for b in other):
            continue
        first, second = matches[caught[one]].sum(), matches[caught[other]].sum()
        both = matches[caught[one] & caught[other]].sum()
        estimates.append((first + 1) * (second + 1) / (both + 1) - 1)
        weights.append(both + 1e-9)
    if not estimates:
        return None
    ascending = np.argsort(estimates)
    below = np.cumsum(np.array(weights)[ascending])
    return float(estimates[ascending[np.searchsorted(below, lower * below[-1])]])
