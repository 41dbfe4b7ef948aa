"""Which values stand for one another: those that meet in matches far more often than by mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from pyspark.sql import functions as F

from matching.linkage.equivalents import Pairs, learned
from matching.linkage.patterns import Probable
from matching.linkage.records import Atom
from matching.linkage.sample import Sample
from tests.matching.registers import Longs, hashed

# Expressions of atoms, which nobody looks at here, need a session.
pytestmark = pytest.mark.usefixtures("spark")

Columns = Mapping[str, str]
PEOPLE: Columns = {"name": "given_name", "town": "locality", "phone": "phone"}
BILL, WILLIAM, JOHN, MARY, ANN, EVE = range(1, 7)
# Everybody's towns; then two that have no inhabitants of their own here.
TOWNS = range(100, 140)
OLD, NEW = 200, 201


def met(
    rows: Sequence[tuple[Sequence[int], Sequence[int]]],
    columns: Columns = PEOPLE,
    others: Sequence[Sequence[int]] = (),
    match: float = 0.9,
) -> Mapping[int, Pairs]:
    """What is learned from pairs of records, each of a subject of its own, beside other records."""
    left = 2 * np.arange(len(rows))
    return of_pairs([record for pair in rows for record in pair] + list(others), left, left + 1, columns, match)


def of_pairs(
    records: Sequence[Sequence[int]], left: Longs, right: Longs, columns: Columns = PEOPLE, match: float = 0.9
) -> Mapping[int, Pairs]:
    """What is learned from some pairs of records."""
    probable = Probable(left, right, np.ones(len(left)), np.full(len(left), match))
    made = [Atom(name, frozenset({i}), F.col(f"v{i}"), is_full=True) for i, name in enumerate(columns)]
    return learned(probable, Sample(hashed(np.array(records).T), None, 1.0), made, columns)


def stand(*pairs: tuple[int, int]) -> set[tuple[int, int]]:
    """Pairs of values as they are told of."""
    return {tuple(sorted(int(key) for key in hashed(np.array(pair)))) for pair in pairs}  # type: ignore[misc]


def everybody(count: int = 400) -> list[list[int]]:
    """Records of people who match nobody."""
    chance = np.random.default_rng(3)
    return [[chance.integers(1, 60), chance.choice(TOWNS), 10_000 + n] for n in range(count)]


def known_as(one: int, other: int, count: int, first: int = 1000) -> list[tuple[list[int], list[int]]]:
    """So many people of two names each."""
    return [([one, TOWNS[n], first + n], [other, TOWNS[n], first + n]) for n in range(count)]


def test_names_of_one_person_stand_for_one_another() -> None:
    rows = [*known_as(BILL, WILLIAM, 3), *known_as(JOHN, JOHN, 10, 2000), *known_as(MARY, ANN, 2, 3000)]
    found = met(rows, others=everybody())
    assert {i: set(pairs) for i, pairs in found.items()} == {0: stand((BILL, WILLIAM))}


def test_the_commonest_come_first() -> None:
    rows = [*known_as(BILL, WILLIAM, 3), *known_as(MARY, ANN, 5, 2000)]
    assert [{pair} for pair in met(rows, others=everybody())[0]] == [stand((MARY, ANN)), stand((BILL, WILLIAM))]


def test_what_everybody_is_mistaken_for_stands_for_nothing() -> None:
    """Of two names that one in three people bears each, mistakes alone make three such pairs."""
    common = [[chosen, 100, 5000 + n] for n, chosen in enumerate([BILL, WILLIAM, JOHN] * 100)]
    wrong = [*known_as(BILL, WILLIAM, 4), *known_as(BILL, JOHN, 4, 2000), *known_as(WILLIAM, JOHN, 4, 3000)]
    assert met(wrong, others=common) == {}


def test_one_subject_counts_once_however_many_records_it_has() -> None:
    records = [[BILL if n % 2 else WILLIAM, 100, 1000] for n in range(6)]
    assert of_pairs([*records, *everybody()], *np.triu_indices(6, 1)) == {}


def test_a_family_that_moves_moves_once_and_a_province_that_is_renamed_is_many() -> None:
    columns = {"name": "given_name", "town": "locality", "street": "address"}

    def moved(streets: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
        return [([50 + n, OLD, before], [50 + n, NEW, after]) for n, (before, after) in enumerate(streets)]

    assert met(moved([(7000, 7001)] * 5), columns, everybody()) == {}
    found = met(moved([(7000 + n, 7000 + n) for n in range(5)]), columns, everybody())
    assert set(found[1]) == stand((OLD, NEW))
    # More than any family has members, by the code of a state that is written in two ways, too.
    found = met(moved([(7000, 7001)] * 30), columns, everybody())
    assert set(found[1]) == stand((OLD, NEW))


def test_names_of_twins_stand_for_nothing() -> None:
    """Each of the two is found again under the own name; who has two names mostly has no third record."""

    def family(first: int, one: int, other: int, records: int) -> list[list[int]]:
        return [[name, TOWNS[first % 40], first] for name in (one, other) for _ in range(records)]

    def of(families: Sequence[list[list[int]]]) -> Mapping[int, Pairs]:
        size = len(families[0])
        start = size * np.arange(len(families))[:, None]
        left, right = ((start + side).ravel() for side in np.triu_indices(size, 1))
        return of_pairs([row for rows in families for row in rows] + everybody(), left, right)

    twins = [family(1000 + n, MARY, ANN, 2) for n in range(6)]
    assert of(twins) == {}
    # Who bears both names has as many records as anybody: here all have three of each.
    many = [family(1000 + n, BILL, WILLIAM, 3) for n in range(6)]
    assert set(of(many)[0]) == stand((BILL, WILLIAM))


def test_pairs_that_are_hardly_matches_say_nothing() -> None:
    assert met(known_as(BILL, WILLIAM, 5), others=everybody(), match=0.4) == {}
    assert met([], others=everybody()) == {}


def test_of_a_full_name_a_word_stands_for_another_where_the_rest_is_the_same() -> None:
    columns = {"name": "full_name", "phone": "phone"}
    made = [
        Atom("name", frozenset({0}), F.col("v0"), is_full=True),
        Atom("name.first_word", frozenset({0}), F.col("v0")),
        Atom("name.last_word", frozenset({0}), F.col("v0")),
        Atom("phone", frozenset({1}), F.col("v1"), is_full=True),
    ]

    def records(first: int, last: Longs, at: int) -> Longs:
        return np.stack([first * 1000 + last, np.full(len(last), first), last, np.arange(len(last)) + at])

    last = np.arange(4) + 500
    same, another = (
        (records(BILL, last, 10), records(WILLIAM, last, 10)),
        (
            records(MARY, last, 30),
            records(ANN, last + 50, 30),
        ),
    )
    others = np.stack([*records(EVE, np.arange(300) + 600, 5000)])
    keys = hashed(np.concatenate([*same, *another, others], axis=1))
    left = np.concatenate([np.arange(4), np.arange(8, 12)])
    probable = Probable(left, left + 4, np.ones(8), np.full(8, 0.9))
    found = learned(probable, Sample(keys, None, 1.0), made, columns)
    assert {i: set(pairs) for i, pairs in found.items()} == {0: stand((BILL, WILLIAM))}
