"""Which blocking rules to use: chosen on a sample of records, for recall within a budget of pairs.

Every conjunction of one to three atoms is a rule that may be chosen. On the sample the pairs of each are counted; how
likely the pairs of all that are affordable match is estimated (`patterns`), given which columns depend on each other
(`dependence`). Then rules are taken by what they gain (`rules`), and what all of them miss is estimated (`recapture`).
Of many records the sample says only in which keys matches agree: of these some are drawn, and all pairs that share one
are looked at as well (`sample`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from matching.linkage.dependence import tree
from matching.linkage.patterns import (
    Patterns,
    Probable,
    combined,
    expected_matches,
    fires_on,
    how_likely,
    patterns_of,
    probable,
)
from matching.linkage.recapture import recall_of
from matching.linkage.records import Atom
from matching.linkage.related import of_events
from matching.linkage.rules import greedy, of_equal_texts, without_what_all_ask
from matching.linkage.runs import Longs, joined
from matching.linkage.sample import Sample, Sharing, count_each, count_sharing, full_atoms, union

MAX_ATOMS = 60
# Pairs that may be compared for one of rows that are alike in all; of these in the sample, at most.
_OF_IDENTICAL = 3
_MOST_IDENTICAL = 6_000_000
# Dear conjunctions of two, the cheapest of them, that are made finer by a third.
_TRIPLES_FROM = 24
# Conjunctions whose keys are drawn; a budget that nothing exceeds.
_MOST_SEEDS = 16
_UNBOUNDED = 1e18
# Share of the budget that a rule may cost which is added to those that gain most: one that asks for none of a column
# that all others ask for, one of equal texts.
_SPARE = 0.05


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
    patterns: Patterns


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
    pairs = union(sample, costs)
    patterns = patterns_of(sample, atoms, len(kinds), *pairs, sample.stands_for)
    likely = how_likely(sample, atoms, kinds, parents, patterns)
    return Survey(sample, atoms, kinds, budget, costs, parents, pairs, likely)


def seeds(seen: Survey, most: float) -> tuple[tuple[int, ...], ...]:
    """Conjunctions in one of which nearly all matches agree, each of so many pairs of all records at most."""
    narrow = [each for each, pairs in seen.costs.items() if pairs * seen.sample.scale <= most]
    found = greedy(seen.patterns, narrow, _UNBOUNDED)[:_MOST_SEEDS]
    for a, atom in enumerate(seen.atoms):
        # Names the wrong way round are too few for the sample to show, and no other key finds them.
        own = [each for each in narrow if a in each]
        if len(atom.columns) > 1 and own and not any(a in each for each in found):
            found.append(max(own, key=lambda each: (expected_matches(seen.patterns, [each]), each)))
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
        every = combined(patterns, sharing, patterns_of(sharing, atoms, len(seen.parents), *pairs, sharing.stands_for))
        patterns = how_likely(seen.sample, atoms, seen.kinds, seen.parents, every)
    candidates = list(seen.costs)
    chosen, spare = greedy(patterns, candidates, seen.budget), _SPARE * seen.budget / seen.sample.scale
    if of_events(seen.kinds):
        chosen += without_what_all_ask(atoms, seen.costs, chosen, spare)
    chosen += of_equal_texts(atoms, seen.kinds, seen.costs, chosen, spare)
    finest = _finest_first(seen.sample)
    rules = tuple(_rule(patterns, atoms, finest, conjunction) for conjunction in chosen)
    recall = recall_of(patterns, atoms, chosen, candidates)
    return Plan(rules, expected_matches(patterns, chosen), recall, seen.parents, probable(patterns, *pairs))


def _identical(sample: Sample, atoms: Sequence[Atom], columns: int) -> float:
    """Number of pairs that agree in all columns, up to a bound."""
    values = [sample.keys[a] for a in full_atoms(atoms, columns)]
    told = np.any(values, axis=0)
    key = values[0]
    for more in values[1:]:
        key = joined(key, more)
    return min(count_sharing(sample, np.where(told, key, 0)), float(_MOST_IDENTICAL))


def _affordable(sample: Sample, atoms: Sequence[Atom], budget: float) -> dict[tuple[int, ...], float]:
    """Conjunctions whose pairs alone stay within the budget, with the number of their pairs in the sample."""
    most = budget / sample.scale
    wide = [c for size in (1, 2) for c in itertools.combinations(range(len(atoms)), size) if _is_sensible(atoms, c)]
    counted = count_each(sample, wide)
    dear = sorted((c for c in wide if len(c) == 2 and counted[c] > most), key=lambda c: counted[c])[:_TRIPLES_FROM]
    finer = sorted({tuple(sorted({*pair, a})) for pair in dear for a in range(len(atoms))})
    counted |= count_each(sample, [c for c in finer if len(c) == 3 and _is_sensible(atoms, c)])
    return {conjunction: pairs for conjunction, pairs in counted.items() if pairs <= most}


def _is_sensible(atoms: Sequence[Atom], conjunction: tuple[int, ...]) -> bool:
    """Whether the atoms are of different columns: of one column, the finer says it all."""
    return all(not atoms[a].columns & atoms[b].columns for a, b in itertools.combinations(conjunction, 2))


def _finest_first(sample: Sample) -> list[int]:
    """Atoms by the number of pairs that share them, those that most records have before all others."""
    possible = sample.possible

    def coarseness(a: int) -> float:
        """The share of records without the atom, and of pairs that share it."""
        missing = float((sample.keys[a] == 0).mean())
        return missing + count_sharing(sample, sample.keys[a]) / max(possible, 1.0)

    return sorted(range(len(sample.keys)), key=coarseness)


def _rule(patterns: Patterns, atoms: Sequence[Atom], finest: Sequence[int], conjunction: tuple[int, ...]) -> Rule:
    used = frozenset().union(*(atoms[a].columns for a in conjunction))
    refining: list[int] = []
    for a in finest:
        if not atoms[a].columns & used and len(refining) < 3:
            refining.append(a)
            used |= atoms[a].columns
    fires = fires_on(patterns, conjunction)
    pairs = float(patterns.pairs[fires].sum())
    matches = float((patterns.pairs * patterns.match)[fires].sum())
    return Rule(conjunction, tuple(refining), pairs, matches)
