"""Of one column alone: what chance makes alike, and what is taken for one subject's."""

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from matching.linkage import alone
from matching.linkage.comparison import comparisons
from matching.linkage.parameters import Groups, estimate

CHOSEN = comparisons({"company": "text"}, {})
POSSIBLE = 1e6


def chance(close: float, exact: float = 1e-9) -> np.ndarray:
    """U of all levels, most of it of those that differ."""
    u = np.full(len(CHOSEN[0].levels), 1e-3)
    u[CHOSEN[0].levels.index("close")], u[CHOSEN[0].exact] = close, exact
    u[CHOSEN[0].levels.index("numbers")] = 1e-7
    u[0] = 1 - u[1:].sum()
    return u[None, :]


def groups(counts: dict[str, int], label: int = -1) -> Groups:
    levels = np.array([CHOSEN[0].levels.index(name) for name in counts])
    pairs = np.array(list(counts.values()), dtype=float)
    return Groups([levels], np.zeros(len(pairs)), pairs, np.full(len(pairs), label))


def test_what_chance_makes_as_often_is_no_match() -> None:
    seen = groups({"exact": 100, "close": 20, "numbers": 20, "different": 999_860})
    rare, frequent = (estimate(CHOSEN, seen, [chance(close)], POSSIBLE, 1e-4) for close in (1e-7, 2e-5))
    exact, close, numbers = (CHOSEN[0].levels.index(name) for name in ("exact", "close", "numbers"))
    assert rare.prior_weight + rare.weights[0][0][exact] > 5
    assert rare.prior_weight + rare.weights[0][0][close] > 3
    assert frequent.prior_weight + frequent.weights[0][0][close] < 0
    # Neighbours of one street, products of one line.
    assert rare.weights[0][0][numbers] == pytest.approx(0, abs=0.1)


def test_labels_say_what_matches_look_like() -> None:
    told = groups({"close": 40, "exact": 10}, label=1)
    unknown = groups({"exact": 100, "close": 20, "different": 999_830})
    both = Groups(
        *(
            [np.concatenate([told.levels[0], unknown.levels[0]])],
            *(
                np.concatenate([getattr(each, name) for each in (told, unknown)])
                for name in ("frequency", "pairs", "label")
            ),
        )
    )
    close = CHOSEN[0].levels.index("close")
    assert estimate(CHOSEN, both, [chance(1e-7)], POSSIBLE, 1e-4).m[0][0][close] > 0.5
    assert estimate(CHOSEN, unknown, [chance(1e-7)], POSSIBLE, 1e-4).m[0][0][close] < 0.2


def test_words_by_chance_are_those_of_others_at_their_place(spark: SparkSession) -> None:
    values = ["a1 b1", "a2 b2 c2", "a3", None, "a5 b5"]
    rows = pd.DataFrame({"rid": range(1, 6), "source": 0, "id": "x", "v0": values})
    made = alone.by_chance(spark.createDataFrame(rows), np.array([1, 2, 3, 4, 5]), 1).toPandas().sort_values("rid")
    # Those without a value have no words to give, and of one word nothing else is made.
    assert made.rid.tolist() == [-6, -3, -2]
    words = [text.split() for text in made.v0]
    assert sorted(map(len, words)) == [2, 2, 3]
    assert sorted(each[0] for each in words) == ["a1", "a2", "a5"]
    assert sorted(each[1] for each in words) == ["b1", "b2", "b5"]


def test_names_that_many_bear_are_equal_by_chance() -> None:
    names = comparisons({"name": "full_name"}, {})[0]
    levels, pairs = np.array([names.exact, 0, -1]), np.array([2.0, 6.0, 90.0])
    assert alone.equal_by_chance(names, levels, pairs) == pytest.approx(2 / 8)
    # Of values without words nothing says what chance would make of them.
    code = comparisons({"code": "identifier"}, {})[0]
    assert alone.equal_by_chance(code, np.array([code.exact, 0]), np.array([2.0, 6.0])) == 0
