"""Pairs that are no matches and yet alike: who live in one home or come of one family, songs of one album.

Two people of one home share surname, street, telephone and more. There may be more such pairs than matches, and a model
of matches and chance alone comes to take them for matches. So pairs may be of further classes (Larsen and Rubin 2001):
*related* ones. What tells them from matches is what nobody shares with his family, given names, birth dates and numbers
of one's own: in related pairs these agree by chance, or little more often, and all else as often as it may.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matching.linkage.comparison import SWAPPED, Comparison
from matching.linkage.kinds import DIFFERENT, EQUIVALENT, EXACT, NUMBERS
from matching.linkage.runs import Floats

# Classes of related pairs, at most.
MOST = 3
# Levels by kind that say of two people that they are one; of a text that two things are.
_NAMES = ("given_name", "full_name")
_OWN: Mapping[str, Collection[str]] = {
    "given_name": (EXACT, SWAPPED, EQUIVALENT, "close"),
    "full_name": (EXACT, "reordered", EQUIVALENT, "close", "words"),
    "date": (EXACT, "days", "close", "year_day", "year_month", "month_day"),
    "year": (EXACT,),
    "identifier": (EXACT, "close"),
    "text": (EXACT, "close", "similar", "most"),
    "address": (EXACT, "close", "similar", "most"),
}
# Columns of which a business, or a place, has none.
_OF_PERSONS = ("given_name", "family_name", "date", "year")
# Columns that say what a thing is where nobody is named.
_TOLD_BY = ("text", "address")
# Where nobody is named a date is that of an event: the same day, or days apart, and not the same day of another month.
_OF_EVENT = (EXACT, "days")
# How often such a level is shown by related pairs, at most, where chance shows it less often: fathers name their sons
# after themselves, twins have one birth date.
_LEEWAY = 0.1
# Levels of a name, or a birth, that is another's, and how many times as often as is expected before data speak matches
# show them, at most. Names are many people's, and people have several; who was born years before is somebody else.
_OTHERS: Mapping[str, tuple[Collection[str], float]] = {
    "given_name": ((DIFFERENT,), 2.0),
    "full_name": ((NUMBERS, "rare", "partial", DIFFERENT), 2.0),
    "date": ((DIFFERENT,), 0.4),
    "year": ((DIFFERENT,), 0.4),
}
# How often matches are expected to have no key in common.
_NO_KEY = 0.05
# Of related pairs as many are equal in a column of their own, at least: twins have one birth date, fathers and sons one
# name.
_TWINS = 0.01
# How many times as often as another one a text that says what a thing is is equal by chance, at most.
_AS_TELLING = 10.0
# Of matches that differ in it so often, a text that says what a thing is would say little; of matches that have numbers
# so few are equal in them where each of two shops has its own.
_UNLIKELY = 1 / 3
_EQUAL_AT_TIMES = 0.1


@dataclass(frozen=True)
class Related:
    """A class of related pairs.

    Attributes:
        share: probability that two random records are such a pair.
        levels: comparison → probability of each level among them.
        own: columns by which they differ from matches.
    """

    share: float
    levels: tuple[Floats, ...]
    own: tuple[int, ...]


def of_events(kinds: Collection[str]) -> bool:
    """Whether records are of events (payments, visits) by the kinds of their columns: a date, and nobody is named."""
    return "date" in kinds and not any(kind in _NAMES for kind in kinds)


def personal(chosen: Sequence[Comparison]) -> tuple[int, ...]:
    """Columns that nobody shares with his family; none, if there are no names: a date may be anything's then."""
    if not any(each.kind in _NAMES for each in chosen):
        return ()
    return tuple(i for i, each in enumerate(chosen) if each.kind in _OWN and each.kind not in _TOLD_BY)


def names(chosen: Sequence[Comparison]) -> tuple[int, ...]:
    """Names of people, or of one person each: by them alone twins differ."""
    return tuple(i for i in personal(chosen) if chosen[i].kind in _NAMES)


def may_be_things(chosen: Sequence[Comparison]) -> bool:
    """Whether records may be of things, or of places of one business: nobody is named, or no birth is known of anybody.

    The branches of a chain bear one name, at many addresses.
    """
    has_address = any(each.kind == "address" for each in chosen)
    return not personal(chosen) or (has_address and not _of_people(chosen))


def told_by_text(chosen: Sequence[Comparison], m: Sequence[Floats], u: Sequence[Floats]) -> tuple[int, ...]:
    """The text or address that says what a thing is, if what is taken for matches mostly differs in it.

    Of those that are hardly oftener equal by chance than any (of an album not the artist) it is the one in which these
    differ least.

    Args:
        chosen: the comparisons.
        m: probability of each level among what is taken for matches, whatever other columns show.
        u: the same among other pairs.
    """
    equal = {i: u[i][each.exact] for i, each in enumerate(chosen) if each.kind in _TOLD_BY}
    telling = [i for i, chance in equal.items() if chance <= _AS_TELLING * min(equal.values())]
    return _least_apart(chosen, m, telling)


def told_by_date(chosen: Sequence[Comparison], m: Sequence[Floats]) -> tuple[int, ...]:
    """The date by which events are told apart, if what is taken for matches mostly differs in it (the rent of a month).

    Arguments as of `told_by_text`.
    """
    return _least_apart(chosen, m, [i for i, each in enumerate(chosen) if each.kind == "date"])


def told_by_number(chosen: Sequence[Comparison], m: Sequence[Floats]) -> tuple[int, ...]:
    """The identifier by which things are told apart, if what is taken for matches mostly differs in it.

    And is equal at times: two shops may each have numbers of their own. Arguments as of `told_by_text`.
    """
    kinds = [each.kind for each in chosen]
    if personal(chosen) or of_events(kinds):
        return ()
    numbers = [i for i, kind in enumerate(kinds) if kind == "identifier" and m[i][chosen[i].exact] >= _EQUAL_AT_TIMES]
    return _least_apart(chosen, m, numbers)


def _least_apart(chosen: Sequence[Comparison], m: Sequence[Floats], columns: Sequence[int]) -> tuple[int, ...]:
    """Of some columns the one in which what is taken for matches differs least, if it mostly does."""
    apart = {i: 1 - float(m[i][own_levels(chosen, i)].sum()) for i in columns}
    return tuple(i for i in sorted(columns, key=apart.__getitem__)[:1] if apart[i] > _UNLIKELY)


def _gammas(each: Comparison, names: Collection[str]) -> list[int]:
    return [g for g, name in enumerate(each.levels) if name in names]


def own_levels(chosen: Sequence[Comparison], i: int) -> list[int]:
    """Gammas that related pairs show by chance, of a column that is their own.

    A level may also be a set of keys that agree (`patterns`): these are numbered, 0 is no key.
    """
    each = chosen[i]
    of_event = each.kind == "date" and of_events([other.kind for other in chosen])
    numbered = [name for name in each.levels if name.isdigit() and name != "0"]
    return _gammas(each, {*(_OF_EVENT if of_event else _OWN[each.kind]), *numbered})


def differing(chosen: Sequence[Comparison], i: int, m: Floats, u: Floats) -> Floats:
    """Levels of things that are not the same: equal by chance (u), else as what is taken for matches differs (m)."""
    own = np.isin(np.arange(len(m)), own_levels(chosen, i))
    return np.asarray(np.where(own, u, m * (1 - u[own].sum()) / m[~own].sum()))


def start(own: tuple[int, ...], m: Sequence[Floats], apart: Sequence[Floats], share: float) -> Related:
    """A class before data speak: alike as matches are (m), but for what is their own, which is as `apart` has it."""
    levels = [differ if i in own else alike for i, (alike, differ) in enumerate(zip(m, apart, strict=True))]
    return Related(share, tuple(levels), own)


def bounded(chosen: Sequence[Comparison], found: Related, u: Sequence[Floats]) -> Related:
    """The class with its own columns agreeing no more often than they may."""
    levels = [
        _bounded(_with_twins(chosen, i, shares), own_levels(chosen, i), u[i]) if i in found.own else shares
        for i, shares in enumerate(found.levels)
    ]
    return Related(found.share, tuple(levels), found.own)


def names_of_one(chosen: Sequence[Comparison]) -> tuple[int, ...]:
    """Names in which matches seldom differ: given ones, and those of businesses; people go by more than one in full."""
    known = ("given_name",) if _of_people(chosen) else _NAMES
    return tuple(i for i, each in enumerate(chosen) if each.kind in known)


def births_of_one(chosen: Sequence[Comparison]) -> tuple[int, ...]:
    """Dates and years in which matches hardly ever differ by more than a slip: of births, where somebody is named."""
    return tuple(i for i in personal(chosen) if chosen[i].kind in ("date", "year"))


def seldom_apart(each: Comparison, m: Floats, matches: Floats, renamed: float | None = None) -> Floats:
    """M of a name or a birth, an array [state, level], in which matches differ no more often than they may.

    Args:
        each: the comparison.
        m: as it was found.
        matches: how many there are, by state.
        renamed: share of the matches, at most, that bear another name, where that is known.
    """
    shares, most, start = matches @ m / max(matches.sum(), 1e-12), np.ones(len(each.levels)), np.array(each.start)
    names, times = _OTHERS[each.kind]
    others = _gammas(each, names)
    most[others] = times * start[others] / start.sum()
    # Of levels that are sets of keys the first is none of them, and says nothing of what is expected.
    most[0] = times * _NO_KEY
    if renamed is not None and each.kind in _NAMES:
        most[others] = np.minimum(most[others], renamed)
    found = m * np.minimum(1.0, most / np.maximum(shares, 1e-12))
    rest = most == 1
    found[:, rest] *= ((1 - found[:, ~rest].sum(axis=1)) / np.maximum(m[:, rest].sum(axis=1), 1e-12))[:, None]
    return np.asarray(np.maximum(found, 1e-12))


def _of_people(chosen: Sequence[Comparison]) -> bool:
    return any(each.kind in _OF_PERSONS for each in chosen)


def _with_twins(chosen: Sequence[Comparison], i: int, shares: Floats) -> Floats:
    """Shares of levels with as many equal as there are, at least: EM takes these few for matches till none is left."""
    exact = chosen[i].exact
    if not _of_people(chosen) or shares[exact] >= _TWINS:
        return shares
    found = shares * (1 - _TWINS) / (1 - shares[exact])
    found[exact] = _TWINS
    return np.asarray(found)


def _bounded(shares: Floats, own: Sequence[int], u: Floats) -> Floats:
    most = np.full(len(shares), np.inf)
    most[own] = np.maximum(u[own], _LEEWAY)
    over = shares > most
    if not over.any():
        return shares
    bounded = np.where(over, most, shares)
    rest = bounded[~over].sum()
    bounded[~over] *= (1 - most[over].sum()) / max(rest, 1e-12)
    return np.asarray(np.maximum(bounded, 1e-12))
