"""Which conjunctions of atoms become blocking rules.

They are taken greedily, by expected matches gained a pair paid, until no rule gains enough; a few are added for matches
that the patterns do not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matching.linkage.patterns import Patterns, fires_on
from matching.linkage.records import Atom
from matching.linkage.runs import Flags, Floats, Longs
from matching.linkage.sample import full_atoms

MAX_RULES = 24
# Which conjunction fires on which pattern: so many answers are kept, and so many at once are numbers to be summed.
_MOST_ANSWERS = 400_000_000
_ANSWERS_AT_ONCE = 16_000_000
_EVERY = slice(None)
# A rule must bring this share of all expected matches that no rule before it brings.
_LEAST_GAIN = 5e-5
# Standard errors by which a gain is taken for less than it seems.
_UNSURE = 0.25
# Pairs that one more match is worth, at most: some hundredths of a second.
_MOST_PAIRS_A_MATCH = 15_000
# Share of the budget below which a rule's pairs are not worth sparing: a few rules that gain much, not many cheap ones.
_PATIENCE = 0.02


def greedy(patterns: Patterns, candidates: Sequence[tuple[int, ...]], budget: float) -> list[tuple[int, ...]]:
    """Conjunctions of most expected matches whose pairs, all together, stay within the budget, the best first."""
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


def _promising(
    patterns: Patterns, of_pattern: Floats, candidates: Sequence[tuple[int, ...]], patience: float
) -> Sequence[tuple[int, ...]]:
    """The candidates; where there is no room for what all of them fire on, those that gain most a pair paid."""
    most = max(_MOST_ANSWERS // len(patterns.pairs), MAX_RULES)
    if len(candidates) <= most:
        return candidates
    gains, _, costs = np.stack([of_pattern[fires_on(patterns, each)].sum(axis=0) for each in candidates]).T
    best = np.argsort(-gains / (costs + patience), kind="stable")[:most]
    return [candidates[at] for at in sorted(best)]


def _all_fires(patterns: Patterns, candidates: Sequence[tuple[int, ...]]) -> Flags:
    fires = np.empty((len(candidates), len(patterns.pairs)), dtype=bool)
    for row, conjunction in zip(fires, candidates, strict=True):
        row[:] = fires_on(patterns, conjunction)
    return fires


def _summed(fires: Flags, of_pattern: Floats, taken: Longs | slice = _EVERY) -> Floats:
    """Sums of the columns of `of_pattern` over the patterns, or over those taken, on which each candidate fires."""
    values = of_pattern[taken]
    step = max(_ANSWERS_AT_ONCE // max(len(values), 1), 1)
    sums = [fires[start : start + step][:, taken] @ values for start in range(0, len(fires), step)]
    # How a product of matrices is summed is up to the number of cores; which rule is best must not be.
    return np.asarray(np.round(np.concatenate(sums), 6), dtype=np.float64)


def without_what_all_ask(
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


def of_equal_texts(
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
