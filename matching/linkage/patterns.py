"""What pairs of sampled records show, and how likely they match.

Pairs are told apart by which atoms agree (an agreement pattern); EM on the patterns says how likely each is a match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.linkage.alone import is_alone
from matching.linkage.chance import RANDOM, Drawn, chances
from matching.linkage.comparison import NULL, Comparison
from matching.linkage.dependence import together
from matching.linkage.frequencies import by_chance
from matching.linkage.kinds import EXACT
from matching.linkage.parameters import LEARNED_FROM, Groups, alike, estimate, probabilities
from matching.linkage.records import Atom
from matching.linkage.related import Related, personal
from matching.linkage.runs import Flags, Floats, Longs
from matching.linkage.sample import (
    Sample,
    Sharing,
    Words,
    agreeing,
    count_having,
    count_sharing,
    full_atoms,
    in_all,
    random_pairs,
)

# Pairs that may be matches, of which so many are told of, about.
_MOST_PROBABLE = 300_000
_ITERATIONS = 25
# How often m and u are estimated, each given the other.
_ROUNDS = 3
_PAIRS_OF_PARENT = 200_000
# Starting share of matches that agree in full.
_STARTS_EXACT = 0.8
_KNOWN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Patterns:
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
class Probable:
    """Pairs of the sample in which pairs are looked at that may be matches, or some of them.

    Attributes:
        left, right: the two records.
        matches: expected number of matches, of all records, that each stands for.
        match: probability that each is a match.
    """

    left: Longs
    right: Longs
    matches: Floats
    match: Floats


def patterns_of(
    sample: Sample | Sharing,
    atoms: Sequence[Atom],
    columns: int,
    left: Longs,
    right: Longs,
    stands_for: Callable[[Words], Floats] = lambda agree: np.ones(len(agree)),
) -> Patterns:
    """Patterns of some pairs, how many of each; how likely they match is not known yet."""
    agree, known = _agreement(sample, left, right), _known(sample, full_atoms(atoms, columns), left, right)
    # One number for both: sorting numbers is ten times as fast as sorting columns.
    _, first, of_pairs, counts = np.unique(agree ^ (known * _KNOWN), True, True, True)
    weight = stands_for(agree[first])
    return Patterns(agree[first], known[first], counts * weight, weight, np.zeros(len(counts)), of_pairs)


def combined(patterns: Patterns, sharing: Sharing, more: Patterns) -> Patterns:
    """Patterns of the pairs that share drawn keys, and those of the sample's that would share none."""
    alone = sharing.shared(patterns.agree) == 0
    agree, known, pairs, stands_for, match = (
        np.concatenate([getattr(patterns, name)[alone], getattr(more, name)])
        for name in ("agree", "known", "pairs", "stands_for", "match")
    )
    return Patterns(agree, known, pairs, stands_for, match, alone.sum() + more.of_pairs)


def how_likely(
    sample: Sample,
    atoms: Sequence[Atom],
    kinds: Sequence[str],
    parents: Sequence[int | None],
    patterns: Patterns,
) -> Patterns:
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
    equal, present = ([of(sample, a) for a in full_atoms(atoms, columns)] for of in (_agreeing_pairs, count_having))
    possible = sample.possible * sample.scale
    prior = min(0.5 * sample.keys.shape[1] / sample.possible / sample.scale**0.5, 0.5)
    match, alike_pairs, alike_drawn = np.zeros(size), np.zeros(size), np.zeros(len(draw))
    if is_alone(chosen):
        alike_pairs = (levels[0][:size] == chosen[0].exact).astype(float)
    # Songs of one album are hardly worth sparing; members of one home are many, and find nobody but each other.
    related: Sequence[Related] | None = None if personal(chosen) else ()
    for _ in range(_ROUNDS):
        groups = replace(groups, frequency=together(chosen, groups, match))
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


def fires_on(patterns: Patterns, conjunction: Iterable[int]) -> Flags:
    """Patterns of pairs that share the key of a conjunction of atoms."""
    return in_all(patterns.agree, conjunction)


def expected_matches(patterns: Patterns, chosen: Sequence[tuple[int, ...]]) -> float:
    """Expected number of matches among all pairs that share the key of any of some conjunctions."""
    any_fires = np.zeros(len(patterns.pairs), dtype=bool)
    for conjunction in chosen:
        any_fires |= fires_on(patterns, conjunction)
    return float((patterns.pairs * patterns.match)[any_fires].sum())


def probable(patterns: Patterns, left: Longs, right: Longs) -> Probable:
    """Those of the pairs that may be matches, or some of them."""
    pairs = np.flatnonzero(patterns.match[patterns.of_pairs] >= LEARNED_FROM)
    step = max(len(pairs) // _MOST_PROBABLE, 1)
    some = pairs[::step]
    of = patterns.of_pairs[some]
    match = patterns.match[of]
    return Probable(left[some], right[some], match * patterns.stands_for[of] * (len(pairs) / max(len(some), 1)), match)


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


def _groups(levels: Sequence[Longs], pairs: Floats) -> Groups:
    return Groups(levels, np.zeros(len(pairs)), pairs, np.full(len(pairs), -1))


def _drawn(sample: Sample, atoms: Sequence[Atom], parents: Sequence[int | None]) -> dict[int, Patterns]:
    """Patterns of pairs drawn at random (`RANDOM`), and for every parent of those that share a key of its column."""
    columns = len(parents)
    found = {RANDOM: patterns_of(sample, atoms, columns, *random_pairs(sample))}
    for parent in sorted({each for each in parents if each is not None}):
        own = [a for a, atom in enumerate(atoms) if atom.columns == {parent} and atom.tells]
        pairs = [agreeing(sample, a, _PAIRS_OF_PARENT) for a in own]
        left, right = (np.concatenate([each[side] for each in pairs]) for side in (0, 1))
        found[parent] = patterns_of(sample, atoms, columns, left, right)
    return found


def _levels(
    atoms: Sequence[Atom], column: int, parent: int | None, sets: Sequence[Patterns]
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


def _agreeing_pairs(sample: Sample, atom: int) -> float:
    return count_sharing(sample, sample.keys[atom])
