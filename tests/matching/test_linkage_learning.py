"""What is learned of related pairs: whether they come in families, whether who has one has a match besides, twins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from pyspark.sql import DataFrame, SparkSession

from matching.linkage.comparison import NULL, comparisons, packs, place
from matching.linkage.learning import as_often_matched, partners, twins
from matching.linkage.parameters import Parameters
from matching.linkage.related import start
from tests.matching.test_linkage_related import shares


def shown(
    spark: SparkSession, related: Sequence[tuple[int, int]], matches: Sequence[tuple[int, int]] = ()
) -> tuple[DataFrame, Parameters]:
    """Related pairs, which agree in their titles alone, and pairs that agree in both columns; and a model of these."""
    chosen = comparisons({"authors": "text", "title": "text"}, {})
    u, m, alike = (shares(chosen, exact) for exact in ([1e-6, 1e-6], [0.95, 0.95], [1e-6, 0.95]))
    model = Parameters(
        *(1e-6, (None, None), tuple(each[None, :] for each in m), tuple(each[None, :] for each in u)),
        tuple(each.exact for each in chosen),
        related=(start((0,), m, alike, 1e-4),),
    )
    rows = []
    for pairs, levels in ((related, (0, chosen[1].exact)), (matches, (chosen[0].exact, chosen[1].exact))):
        packed: dict[str, int] = dict.fromkeys(packs(len(chosen)), 0)
        for i, level in enumerate(levels):
            pack, shift = place(i)
            packed[pack] |= (level - NULL) << shift
        rows += [(left, right, *packed.values(), 0.0) for left, right in pairs]
    names = ", ".join(f"{pack} bigint" for pack in packs(len(chosen)))
    return spark.createDataFrame(rows, f"l bigint, r bigint, {names}, frequency double"), model


def on_average(spark: SparkSession, pairs: list[tuple[int, int]], *, link: bool) -> float:
    return partners(*shown(spark, pairs), link)


def test_who_has_one_partner_alone_is_of_no_family(spark: SparkSession) -> None:
    couples = [(1, 11), (2, 12), (3, 13), (3, 14)]
    assert on_average(spark, couples, link=True) == 1
    assert on_average(spark, list(itertools.product(range(3), range(10, 13))), link=True) == 3
    assert on_average(spark, list(itertools.combinations(range(5), 2)), link=False) == 4
    assert on_average(spark, [], link=True) == 0


def test_who_has_found_himself_under_another_number_has_no_match_besides(spark: SparkSession) -> None:
    lines = shown(spark, [(1, 12), (2, 11), (5, 15)], [(1, 11), (2, 12)])
    # Two of three that have a related partner have a match, and two of ten records.
    assert as_often_matched(*lines, True, 10) == pytest.approx(10 / 3)
    assert as_often_matched(*shown(spark, [(1, 11), (2, 12)], [(3, 13), (4, 14)]), True, 10) == 0
    assert as_often_matched(*shown(spark, [(2, 3)], [(1, 3), (4, 5)]), False, 8) == pytest.approx(1 / 2 * 8 / 4)
    assert as_often_matched(*shown(spark, []), False, 10) == 0


def two_people(
    spark: SparkSession, under_one_name: Sequence[tuple[int, int]], under_two: Sequence[tuple[int, int]], *, link: bool
) -> float:
    """Share of the second pairs, which are born on one day and have two names, that are two people."""
    chosen = comparisons({"given": "given_name", "born": "date"}, {})
    u, m = (shares(chosen, exact) for exact in ([1e-2, 1e-9], [0.95, 0.95]))
    model = Parameters(
        *(1e-6, (None, None), tuple(each[None, :] for each in m), tuple(each[None, :] for each in u)),
        tuple(each.exact for each in chosen),
    )
    rows = [
        (left, right, (level - NULL) << place(0)[1] | (chosen[1].exact - NULL) << place(1)[1], 0.0)
        for pairs, level in ((under_one_name, chosen[0].exact), (under_two, 0))
        for left, right in pairs
    ]
    found = spark.createDataFrame(rows, "l bigint, r bigint, pattern_0 bigint, frequency double")
    return twins(found, model, chosen, link, 10)


def test_twins_have_found_themselves_and_who_bears_two_names_has_not(spark: SparkSession) -> None:
    themselves = [(i, 10 + i) for i in range(8)]
    assert two_people(spark, themselves, [(0, 11), (1, 10)], link=True) == 1
    assert two_people(spark, themselves, [(8, 18), (9, 19)], link=True) == 0
    assert two_people(spark, themselves, [(0, 11), (8, 18)], link=True) == pytest.approx(0.5 / 0.8)
    assert two_people(spark, [], [(0, 11)], link=True) == 0
    # Whoever has three records of one name has found himself twice: of him nothing tells.
    thrice = [pair for i in range(0, 9, 3) for pair in itertools.combinations(range(i, i + 3), 2)]
    assert two_people(spark, thrice, [(0, 3), (1, 4)], link=False) == 0
