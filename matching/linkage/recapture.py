"""Which share of all matches the rules bring: by capture and recapture (Chapman 1951).

How many of the matches that one rule catches are caught again by another, without a column in common, says how many
there are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from matching.linkage.patterns import Patterns, expected_matches, fires_on
from matching.linkage.records import Atom

# Conjunctions by which recall is estimated where the rules have columns in common.
_RECAPTURING = 40
# Of the estimates so many are lower, each counted by the matches that were caught twice: of those by rules, or by other
# conjunctions, of which many are much alike.
_UPPER, _MIDDLE = 0.75, 0.5


def recall_of(
    patterns: Patterns,
    atoms: Sequence[Atom],
    chosen: Sequence[tuple[int, ...]],
    others: Sequence[tuple[int, ...]],
) -> float | None:
    """Share of all matches that the rules bring: found, over Chapman's estimate of all; None where nothing says."""
    found = expected_matches(patterns, chosen)
    if found <= 0:
        return None
    total = _recaptured(patterns, atoms, chosen, _UPPER)
    if total is None:
        frequent = sorted(others, key=lambda each: (-expected_matches(patterns, [each]), each))[:_RECAPTURING]
        total = _recaptured(patterns, atoms, frequent, _MIDDLE)
    return None if total is None else min(found / max(total, found), 1.0)


def _recaptured(
    patterns: Patterns, atoms: Sequence[Atom], conjunctions: Sequence[tuple[int, ...]], lower: float
) -> float | None:
    """Number of all matches, by capture and recapture between conjunctions without a common column; None: none are.

    Matches that agree in one column are likelier to agree in others too, so that most pairs of conjunctions tell too
    few: what counts is the estimate than which such a share are lower.
    """
    matches = patterns.pairs * patterns.match
    caught = {conjunction: fires_on(patterns, conjunction) for conjunction in conjunctions}
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
