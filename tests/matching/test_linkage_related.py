"""Pairs that are alike and no matches: of which there may be more than matches, and which are not taken for these."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from matching.linkage.comparison import Comparison, comparisons
from matching.linkage.parameters import Groups, Parameters, estimate, like_twins, probabilities
from matching.linkage.related import may_be_things, own_levels

POSSIBLE, MATCHES, RELATED = 5e7, 5_000, 20_000
PEOPLE = {"given": "given_name", "family": "family_name", "street": "address", "born": "year"}
SONGS = {"title": "text", "artist": "category", "album": "locality", "length": "number"}
# How often equal by chance: of people, of songs.
ANYBODY, ANYTHING = [0.005, 0.002, 1e-5, 0.01], [1e-5, 0.002, 1e-4, 0.01]


def shares(chosen: Sequence[Comparison], exact: Sequence[float]) -> list[np.ndarray]:
    """Probability of each level: so often equal, as often different as most is left for."""
    found = []
    for each, equal in zip(chosen, exact, strict=True):
        levels = np.full(len(each.levels), (1 - equal) * 0.1 / max(len(each.levels) - 2, 1))
        levels[0] = (1 - equal) * (1.0 if len(each.levels) == 2 else 0.9)
        levels[each.exact] = equal
        found.append(levels / levels.sum())
    return found


def drawn(
    chosen: Sequence[Comparison], *classes: tuple[float, Sequence[np.ndarray]]
) -> tuple[Groups, tuple[np.ndarray, ...]]:
    """Pairs counted by pattern, so many of each class; and how many of each pattern are of which class."""
    every = np.array(list(itertools.product(*(range(len(each.levels)) for each in chosen))))
    chance = np.random.default_rng(3)
    counts = []
    for pairs, levels in classes:
        of_pattern = np.prod([shown[every[:, i]] for i, shown in enumerate(levels)], axis=0)
        counts.append(chance.multinomial(round(pairs), of_pattern / of_pattern.sum()).astype(float))
    groups = Groups(list(every.T), np.zeros(len(every)), np.sum(counts, axis=0), np.full(len(every), -1))
    return groups, tuple(counts)


def estimated(
    columns: dict[str, str], matches: Sequence[float], related: Sequence[float], u: Sequence[float], count: float
) -> tuple[Parameters, np.ndarray, tuple[np.ndarray, ...]]:
    chosen = comparisons(columns, {})
    by_chance = shares(chosen, u)
    classes = (MATCHES, shares(chosen, matches)), (count, shares(chosen, related)), (POSSIBLE, by_chance)
    groups, counts = drawn(chosen, *classes)
    tables = [levels[None, :] for levels in by_chance]
    model = estimate(chosen, groups, tables, POSSIBLE, prior=(MATCHES + count) / POSSIBLE)
    return model, probabilities(model, groups), counts


def right(match: np.ndarray, counts: tuple[np.ndarray, ...]) -> tuple[float, float]:
    """Precision and recall of pairs of probability 0.5 and more."""
    linked = match >= 0.5
    total = sum(counts)[linked].sum()
    return counts[0][linked].sum() / total, counts[0][linked].sum() / counts[0].sum()


def test_members_of_one_home_are_no_matches_though_there_are_four_times_as_many() -> None:
    model, match, counts = estimated(PEOPLE, [0.95, 0.9, 0.8, 0.95], [0.01, 0.9, 0.95, 0.02], ANYBODY, RELATED)
    (home,) = model.related
    assert home.own == (0, 3)
    assert home.share * POSSIBLE == pytest.approx(RELATED, rel=0.1)
    # Who has another birth year, or another name, than himself may as well be of his family.
    assert model.prior * POSSIBLE == pytest.approx(0.95**2 * MATCHES, rel=0.05)
    precision, recall = right(match, counts)
    assert precision > 0.95
    assert recall > 0.85


def test_father_and_son_of_one_name_are_two() -> None:
    chosen = comparisons({**PEOPLE, "born": "date"}, {})
    by_chance = shares(chosen, [0.005, 0.002, 1e-5, 1e-4])
    of_matches = shares(chosen, [0.95, 0.9, 0.8, 0.95])
    # Whoever's date is wrong has a slip in it.
    of_matches[3][chosen[3].levels.index("close")] += of_matches[3][0]
    of_matches[3][0] = 0
    homes, sons = (shares(chosen, [same, 0.9, 0.95, 1e-4]) for same in (0.01, 0.99))
    classes = (MATCHES, of_matches), (MATCHES, homes), (0.16 * MATCHES, sons), (POSSIBLE, by_chance)
    groups, counts = drawn(chosen, *classes)
    model = estimate(chosen, groups, [levels[None, :] for levels in by_chance], POSSIBLE, 5e-4)
    linked = probabilities(model, groups) >= 0.5
    assert counts[2][linked].sum() < 0.2 * counts[2].sum()
    assert counts[0][linked].sum() > 0.9 * counts[0].sum()


def test_where_few_have_another_name_twins_are_two() -> None:
    chosen = comparisons({**PEOPLE, "born": "date"}, {})
    by_chance = shares(chosen, [0.005, 0.002, 1e-5, 1e-4])
    of_matches, twins = (shares(chosen, [same, 0.9, 0.8, 0.95]) for same in (0.98, 0.005))
    classes = (MATCHES, of_matches), (0.05 * MATCHES, twins), (POSSIBLE, by_chance)
    groups, counts = drawn(chosen, *classes)
    usual = chosen, groups, [levels[None, :] for levels in by_chance], POSSIBLE, 5e-4
    # What they show may as well be that of people who go by several names.
    taken = estimate(*usual)
    linked = probabilities(taken, groups) >= 0.5
    assert counts[1][linked].sum() > 0.5 * counts[1].sum()
    assert like_twins(taken, chosen, groups) == pytest.approx(0.05, abs=0.03)
    told = estimate(*usual, renamed=0.002)
    assert [each.own for each in told.related] == [(0,)]
    linked = probabilities(told, groups) >= 0.5
    assert counts[1][linked].sum() < 0.2 * counts[1].sum()
    assert counts[0][linked].sum() > 0.9 * counts[0].sum()


def test_songs_of_one_album_are_told_by_their_titles() -> None:
    model, match, counts = estimated(SONGS, [0.95, 0.9, 0.9, 0.5], [1e-4, 0.95, 0.95, 0.01], ANYTHING, RELATED)
    (album,) = model.related
    assert album.own == (0,)
    precision, recall = right(match, counts)
    assert precision > 0.95
    assert recall > 0.9


def test_models_of_one_line_are_told_by_their_numbers() -> None:
    columns = {"title": "text", "brand": "category", "model": "identifier", "price": "number"}
    chances = [0.6, 0.95, 0.95, 0.5], [0.5, 0.95, 1e-6, 0.4], [1e-4, 0.01, 1e-6, 0.01]
    model, match, counts = estimated(columns, *chances, RELATED)
    assert [each.own for each in model.related] == [(2,)]
    assert model.prior * POSSIBLE == pytest.approx(MATCHES, rel=0.1)
    assert min(right(match, counts)) > 0.9
    # Two shops that number what they sell each by itself.
    model, match, counts = estimated(columns, [0.6, 0.95, 1e-3, 0.5], *chances[1:], 0)
    assert model.related == ()
    assert right(match, counts)[1] > 0.5


def test_houses_of_one_street_are_told_by_their_addresses() -> None:
    chosen = comparisons({"address": "address", "town": "locality", "postcode": "postcode"}, {})
    of_matches, of_related, by_chance = (
        [np.array(address), *shares(chosen[1:], others)]
        for address, others in (
            ([0.001, 0.001, 0.002, 0.002, 0.002, 0.002, 0.1, 0.2, 0.2, 0.49], [0.98, 0.9]),
            ([0.01, 0.01, 0.4, 0.18, 0.02, 0.38, 1e-5, 1e-5, 1e-5, 1e-6], [0.99, 0.9]),
            ([0.85, 0.1495, 3e-4, 1e-4, 6e-6, 6e-5, 1e-5, 1e-5, 1e-6, 4e-7], [0.03, 0.002]),
        )
    )
    classes = (MATCHES, of_matches), (RELATED, of_related), (POSSIBLE, by_chance)
    groups, counts = drawn(chosen, *classes)
    tables = [levels[None, :] for levels in by_chance]
    model = estimate(chosen, groups, tables, POSSIBLE, prior=(MATCHES + RELATED) / POSSIBLE)
    (street,) = model.related
    assert street.own == (0,)
    assert min(right(probabilities(model, groups), counts)) > 0.95


def test_albums_of_one_artist_are_told_by_their_tracks_not_by_the_artist() -> None:
    columns = {"artist": "text", "title": "text", "tracks": "text"}
    model, match, counts = estimated(columns, [0.9, 0.9, 0.85], [0.95, 0.8, 1e-4], [1e-3, 1e-3, 1e-6], RELATED)
    (discography,) = model.related
    assert discography.own == (2,)
    precision, recall = right(match, counts)
    assert precision > 0.95
    assert recall > 0.8


def test_texts_that_are_written_in_many_ways_are_no_related_pairs() -> None:
    columns = {"authors": "text", "title": "text", "year": "year"}
    model, match, counts = estimated(columns, [0.3, 0.95, 0.95], [0.1] * 3, [1e-5, 2e-5, 0.05], 0)
    assert model.related == ()
    assert min(right(match, counts)) > 0.9


def test_branches_of_a_chain_are_told_by_their_addresses() -> None:
    columns = {"name": "full_name", "street": "address", "site": "identifier"}
    model, match, counts = estimated(columns, [0.8, 0.9, 0.9], [0.9, 1e-5, 0.9], [1e-3, 1e-5, 1e-3], RELATED)
    assert {each.own for each in model.related} >= {(1,)}
    assert min(right(match, counts)) > 0.85
    chosen = comparisons({**columns, "born": "date"}, {})
    assert not may_be_things(chosen), "people move"


def test_where_nobody_is_related_there_is_no_such_class() -> None:
    for columns, chance in ((PEOPLE, ANYBODY), (SONGS, ANYTHING)):
        model, match, counts = estimated(columns, [0.9, 0.9, 0.8, 0.9], [0.1] * 4, chance, 0)
        assert model.related == ()
        assert model.prior * POSSIBLE == pytest.approx(MATCHES, rel=0.05)
        assert min(right(match, counts)) > 0.9


def test_related_pairs_agree_in_what_is_their_own_by_chance_or_little_more() -> None:
    # Some have the other's given name: sons are named after their fathers.
    model, match, counts = estimated(PEOPLE, [0.95, 0.9, 0.8, 0.95], [0.06, 0.9, 0.95, 0.02], ANYBODY, RELATED)
    chosen = comparisons(PEOPLE, {})
    for each in model.related:
        for i in each.own:
            assert (each.levels[i][own_levels(chosen, i)] <= 0.1 + 1e-9).all()
        assert all(levels.sum() == pytest.approx(1) for levels in each.levels)
    assert right(match, counts)[0] > 0.75


def test_an_insurance_of_a_family_is_nobodys_own() -> None:
    columns = {**PEOPLE, "insured": "identifier"}
    chances = [0.95, 0.9, 0.8, 0.95, 0.7], [0.01, 0.9, 0.95, 0.02, 0.8], [*ANYBODY, 1e-6]
    model, match, counts = estimated(columns, *chances, RELATED)
    assert {each.own for each in model.related} == {(0, 3)}
    assert right(match, counts)[0] > 0.95
    chances = [0.95, 0.9, 0.8, 0.95, 0.9], [0.01, 0.9, 0.95, 0.02, 1e-6], [*ANYBODY, 1e-6]
    model, match, counts = estimated(columns, *chances, RELATED)
    assert {each.own for each in model.related} == {(0, 3, 4)}, "of each one's own number it is not so"
    assert right(match, counts)[0] > 0.95


def test_matches_of_businesses_seldom_have_other_names() -> None:
    columns = {"name": "full_name", "street": "address", "phone": "phone"}
    exact = [0.5, 0.8, 0.9], [1e-4, 0.9, 0.9], [1e-4, 1e-5, 1e-6]
    model, _, _ = estimated(columns, *exact, MATCHES)
    levels = comparisons(columns, {})[0].levels
    assert model.related
    assert model.m[0][0][levels.index("different")] <= 0.1 + 1e-9
    assert model.m[0][0][levels.index("numbers")] <= 0.04 + 1e-9
    born = [0.9], [0.01], [0.01]
    people, _, _ = estimated({**columns, "born": "date"}, *map(list.__add__, exact, born), MATCHES)
    assert people.related
    assert people.m[0][0][levels.index("different")] > 0.3, "people go by more than one name"


def test_some_related_pairs_are_equal_in_what_is_their_own() -> None:
    model, _, _ = estimated(PEOPLE, [0.95, 0.9, 0.8, 0.95], [1e-4, 0.9, 0.95, 1e-4], [1e-4, 0.002, 1e-5, 1e-4], RELATED)
    chosen = comparisons(PEOPLE, {})
    assert model.related
    for each in model.related:
        assert min(each.levels[i][chosen[i].exact] for i in each.own) >= 0.01 - 1e-9


def test_a_labelled_pair_is_what_its_label_says_whatever_it_looks_like() -> None:
    model, _, _ = estimated(PEOPLE, [0.95, 0.9, 0.8, 0.95], [0.01, 0.9, 0.95, 0.02], ANYBODY, RELATED)
    home = [np.array([0, 0, 0]), *(np.full(3, each.exact) for each in comparisons(PEOPLE, {})[1:3]), np.zeros(3, int)]
    labelled = Groups(home, np.zeros(3), np.ones(3), np.array([1, 0, -1]))
    assert probabilities(model, labelled)[:2].tolist() == [1.0, 0.0]
    assert probabilities(model, labelled)[2] < 0.01


def test_the_rent_of_every_month_is_not_one_payment() -> None:
    chosen = comparisons({"memo": "text", "day": "date", "amount": "number"}, {})
    by_chance = shares(chosen, [1e-5, 0.003, 0.003])
    same = shares(chosen, [0.95, 0.6, 0.95])
    # A payment arrives in days; another of its payee is of another month, on that day of it.
    days, months = np.full(len(chosen[1].levels), 1e-6), np.full(len(chosen[1].levels), 1e-6)
    days[[chosen[1].exact, chosen[1].levels.index("days")]] = 0.6, 0.4
    months[[chosen[1].levels.index("year_day"), chosen[1].levels.index("year")]] = 0.3, 0.7
    matches, every_month = ([same[0], of / of.sum(), same[2]] for of in (days, months))
    groups, (of_matches, of_months, _) = drawn(chosen, (MATCHES, matches), (RELATED, every_month), (200_000, by_chance))
    model = estimate(chosen, groups, [each[None, :] for each in by_chance], POSSIBLE, 1e-4)
    found = probabilities(model, groups) >= 0.5
    assert [each.own for each in model.related] == [(1,)]
    assert of_matches[found].sum() >= 0.9 * of_matches.sum()
    assert of_months[found].sum() <= 0.02 * of_months.sum()
