"""What agreement is worth: levels of compared records, how often values occur, and the model estimated of both."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from matching.linkage.comparison import NULL, Comparison, Wish, compared, comparisons, gamma, packs, place, prepared
from matching.linkage.frequencies import Frequencies, Rarity, by_chance, count, rarity, with_bits
from matching.linkage.parameters import (
    ALONE,
    Groups,
    Parameters,
    apart,
    estimate,
    marginal,
    match_weight,
    probabilities,
    probability,
    weight_of,
    weight_of_related,
)
from matching.linkage.related import Related
from matching.linkage.repeated import Repetition
from matching.linkage.trained import Blocking, Rule, Trained, read

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

COLUMNS = {"name": "full_name", "born": "date", "town": "locality", "sex": "category", "code": "identifier"}
TOWN, SEX = 2, 3
ALIKE = 2  # gamma of a similar town
PRIOR, POSSIBLE = 2e-4, 5e7


def tabled(levels: Sequence[float]) -> Floats:
    """Probabilities of a column that depends on no other."""
    return np.array([levels])


def true_model(parent: bool = False) -> tuple[list[Comparison], Parameters]:
    """A model to draw from; with `parent` the town decides, among others than matches, much of the sex."""
    chosen = comparisons(COLUMNS, {})
    m = [
        tabled([0.05, 0.02, 0.01, 0.04, 0.08, 0.06, 0.01, 0.04, 0.69]),
        tabled([0.04, 0.01, 0.03, 0.02, 0.01, 0.01, 0.06, 0.02, 0.80]),
        tabled([0.15, 0.02, 0.03, 0.05, 0.75]),
        tabled([0.02, 0.98]),
        tabled([0.15, 0.10, 0.75]),
    ]
    u = [
        tabled([0.9446, 0.045, 0.005, 0.004, 0.0005, 0.0003, 0.0001, 0.0002, 0.0003]),
        tabled([0.9175, 0.06, 0.02, 0.001, 0.0006, 0.0004, 0.0002, 0.0002, 0.0001]),
        tabled([0.94, 0.01, 0.005, 0.005, 0.04]),
        tabled([0.5, 0.5]),
        tabled([0.99989, 0.0001, 0.00001]),
    ]
    if parent:
        chosen[SEX] = replace(chosen[SEX], parent=TOWN)
        # Whatever the town shows, but for one that is alike or the same.
        m[SEX], u[SEX] = (np.repeat(table[SEX], 2 + chosen[TOWN].exact, axis=0) for table in (m, u))
        u[SEX][1 + ALIKE], u[SEX][1 + chosen[TOWN].exact] = [0.3, 0.7], [0.1, 0.9]
    parents, exact = (tuple(getattr(each, name) for each in chosen) for name in ("parent", "exact"))
    return chosen, Parameters(PRIOR, parents, tuple(m), tuple(u), exact)


def chances(model: Parameters, tables: Sequence[Floats], levels: Sequence[Longs]) -> Floats:
    """Probability of each pattern under m or u, by the chain rule."""
    found = np.ones(len(levels[0]))
    for parent, table, shown in zip(model.parents, tables, levels, strict=True):
        state = np.full(len(shown), ALONE)
        if parent is not None:
            state = levels[parent] - NULL
        found *= table[state, shown]
    return found


def drawn(chosen: Sequence[Comparison], model: Parameters, seed: int = 1) -> tuple[Groups, Floats]:
    """All pairs of a register counted by pattern, as many as chance has it; and how many of each are matches."""
    every = np.array(list(itertools.product(*(range(len(each.levels)) for each in chosen))))
    levels = list(every.T)
    chance = np.random.default_rng(seed)
    matches = chance.multinomial(round(POSSIBLE * model.prior), chances(model, model.m, levels))
    others = chance.multinomial(round(POSSIBLE * (1 - model.prior)), chances(model, model.u, levels))
    unlabelled = np.full(len(every), -1)
    return Groups(levels, np.zeros(len(every)), (matches + others).astype(float), unlabelled), matches.astype(float)


@pytest.mark.parametrize("parent", [False, True], ids=["independent", "dependent"])
def test_estimation_finds_the_model_that_pairs_were_drawn_from(parent: bool) -> None:
    chosen, truth = true_model(parent)
    groups, matches = drawn(chosen, truth)
    model = estimate(chosen, groups, truth.u, POSSIBLE, prior=PRIOR / 20)
    assert model.related == ()
    assert model.prior == pytest.approx(PRIOR, rel=0.05)
    for i in range(len(chosen)):
        assert marginal(model, i)[0] == pytest.approx(truth.m[i][ALONE], abs=0.025)
    # Of the pairs that are given so much probability, so many are matches.
    probable = probabilities(model, groups)
    for low, high in [(0.01, 0.2), (0.2, 0.8), (0.8, 0.99), (0.99, 1.01)]:
        within = (probable >= low) & (probable < high)
        expected = float((probable * groups.pairs)[within].sum())
        assert matches[within].sum() == pytest.approx(expected, rel=0.1, abs=40)


def test_estimation_does_not_depend_on_where_the_prior_starts() -> None:
    chosen, truth = true_model()
    groups, _ = drawn(chosen, truth)
    low, high = (estimate(chosen, groups, truth.u, POSSIBLE, prior) for prior in (PRIOR / 50, PRIOR * 20))
    assert low.prior == pytest.approx(high.prior, rel=1e-3)
    assert np.concatenate([each[ALONE] for each in low.m]) == pytest.approx(
        np.concatenate([each[ALONE] for each in high.m]), abs=1e-3
    )


def test_matches_that_are_hardly_equal_in_any_column_are_not_lost() -> None:
    """Products of two shops: titles share a code or some words, prices are about the same, where there is one."""
    of_titles, of_prices = [0.02, 0.03, 0.03, 0.04, 0.48, 0.2, 0.2, 0.0], [0.3, 0.2, 0.2, 0.1, 0.1, 0.1, 0.0]
    by_chance = [0.97, 0.015, 0.01, 0.0046, 2e-4, 1e-4, 1e-4, 1e-6], [0.85, 0.05, 0.05, 0.02, 0.02, 0.0099, 1e-4]
    has_price, prior, possible = 0.25, 1 / 1100, 1100.0**2
    chosen = [
        Comparison(name, "text", (*map(str, range(size - 1)), "exact"), (*([0.2 / (size - 1)] * (size - 1)), 0.8))
        for name, size in (("title", 8), ("price", 7))
    ]
    titles, prices = (each.ravel() for each in np.meshgrid(range(8), range(NULL, 7), indexing="ij"))

    def shares(title: Sequence[float], price: Sequence[float]) -> Floats:
        """Of pairs by what they show."""
        priced = np.where(prices == NULL, 1 - has_price, has_price * np.array([*price, 0.0])[prices])
        return np.asarray(np.array(title)[titles] * priced)

    pairs = possible * (prior * shares(of_titles, of_prices) + (1 - prior) * shares(*by_chance))
    # As drawn pairs show it: matches are among them.
    both = zip((of_titles, of_prices), by_chance, strict=True)
    u = [tabled(prior * np.array(of_matches) + (1 - prior) * np.array(others)) for of_matches, others in both]
    groups = Groups([titles, prices], np.zeros(len(pairs)), pairs, np.full(len(pairs), -1))
    found = estimate(chosen, groups, u, possible, prior / 2, iterations=25)
    assert found.prior > prior / 10
    assert found.m[0][ALONE][4:7].sum() > 0.9


def test_of_two_texts_a_better_level_never_says_less_for_a_match() -> None:
    columns = {"title": "text", "maker": "category", "price": "number"}
    (title, maker, price) = chosen = comparisons(columns, {})
    some, half = (title.levels.index(name) for name in ("some", "half"))
    # Products of one line make pairs of some words in common look likelier to match than such of half of them.
    m = [0.01, 0.01, 0.3, 0.02, 0.02, 0.01, 0.1, 0.2, 0.13, 0.2]
    u = [0.9, 0.0925, 5e-4, 4e-3, 5e-4, 5e-4, 9e-4, 5e-4, 3e-4, 3e-4]
    tables = [tabled(u), tabled([0.99, 0.01]), tabled([0.9, 0.05, 0.04, 0.01])]
    of_matches = (tabled(m), tabled([0.05, 0.95]), tabled([0.1, 0.2, 0.2, 0.5]))
    exact = tuple(each.exact for each in chosen)
    groups, _ = drawn(chosen, Parameters(PRIOR, (None,) * 3, of_matches, tuple(tables), exact))
    found = estimate(chosen, groups, tables, POSSIBLE, PRIOR, related=())
    weights = found.weights[0][0]
    assert (np.diff(weights[title.ordered]) > -1e-9).all()
    assert weights[half] == pytest.approx(weights[some])
    assert found.m[0].sum() == pytest.approx(1)
    assert {name for gamma, name in enumerate(title.levels) if gamma not in title.ordered} == {"numbers", "exact"}
    assert maker.ordered == price.ordered == []


def test_a_column_that_depends_on_another_adds_only_what_it_says_beyond_it() -> None:
    _, model = true_model(parent=True)
    exact = model.u[TOWN].shape[1] - 1
    levels = [np.array([NULL] * 5) for _ in COLUMNS]
    levels[TOWN], levels[SEX] = np.array([exact, ALIKE, 0, NULL, exact]), np.array([1, 1, 1, 1, NULL])
    groups = Groups(levels, np.zeros(5), np.ones(5), np.full(5, -1))
    both, alike, apart, alone, town = np.log2(1 / (1 / probabilities(model, groups) - 1)) - model.prior_weight
    assert both - town == pytest.approx(np.log2(0.98 / 0.9))
    assert alike == pytest.approx(np.log2(0.03 / 0.005) + np.log2(0.98 / 0.7))
    assert alone == pytest.approx(np.log2(0.98 / 0.5))
    assert apart == pytest.approx(np.log2(0.15 / 0.94) + np.log2(0.98 / 0.5))


def test_what_a_dependent_column_shows_overall_is_the_mean_over_what_the_other_shows() -> None:
    _, model = true_model(parent=True)
    m, u = marginal(model, SEX)
    assert m == pytest.approx([0.02, 0.98])
    same = 0.955 * 0.5 + 0.005 * 0.7 + 0.04 * 0.9
    assert u == pytest.approx([1 - same, same])


def test_matches_that_differ_in_one_column_each_are_seen_to() -> None:
    chosen, truth = true_model(parent=True)
    groups, matches = drawn(chosen, truth)
    as_drawn = apart(truth, groups)
    assert as_drawn[:4] == pytest.approx([1, 1, 1, 1], abs=0.15)
    differing = sum((levels != each.exact).astype(int) for levels, each in zip(groups.levels, chosen, strict=True))
    one_error = np.where(differing == 1, matches, 0)
    seen = apart(truth, replace(groups, pairs=groups.pairs - matches + one_error))
    assert seen[1] > 1 > max(seen[2:4])
    assert seen[0] == 1


def test_a_labelled_pair_is_what_its_label_says_and_the_model_learns_from_it() -> None:
    chosen, truth = true_model()
    groups, _ = drawn(chosen, truth)
    before = estimate(chosen, groups, truth.u, POSSIBLE, PRIOR)
    exact = [each.exact for each in chosen]
    different = [np.append(levels, [0, level]) for levels, level in zip(groups.levels, exact, strict=True)]
    labelled = Groups(
        different,
        np.append(groups.frequency, [0.0, 0.0]),
        np.append(groups.pairs, [1000.0, 500.0]),
        np.append(groups.label, [1, 0]),
    )
    after = estimate(chosen, labelled, truth.u, POSSIBLE, PRIOR)
    assert probabilities(after, labelled)[-2:].tolist() == [1.0, 0.0]
    for old, new in zip(before.m, after.m, strict=True):
        assert new[ALONE][0] > old[ALONE][0] + 0.05
    assert after.prior == pytest.approx(before.prior + 1000 / POSSIBLE, rel=0.05)
    assert after.prior > before.prior + 900 / POSSIBLE


def test_what_was_learned_is_read_again_to_the_last_bit_and_anything_else_has_another_version() -> None:
    chosen, model = true_model(parent=True)
    rare = [Rarity(np.array([1.5, 20.0]), np.array([2.0 / 3, -0.1]), 1 / 7) for _ in chosen]
    model = replace(model, related=(Related(1 / 3e5, tuple(each[0] for each in model.m), (0, 1)),))
    rules = Blocking((Rule(("a", "b.start"), ("c",)), Rule(("c",), ())), 0.97)
    learned = Trained(chosen, [Repetition(1, (0,), given=0)], rare, {0: [-(2**63), 7]}, model, rules)
    again = read(json.loads(json.dumps(learned.plain())))
    assert again.plain() == learned.plain()
    assert again.blocking == rules
    (told,) = again.parameters.related
    assert (told.share, told.own) == (1 / 3e5, (0, 1))
    assert [levels.tolist() for levels in told.levels] == [each[0].tolist() for each in model.m]
    assert again.comparisons == list(chosen)
    others = [
        replace(learned, parameters=replace(model, prior=PRIOR * 2)),
        replace(learned, parameters=replace(model, u=model.m)),
        replace(learned, parameters=replace(model, related=(Related(1e-5, tuple(each[0] for each in model.m), (0,)),))),
        replace(learned, rarities=[replace(each, rare=0.5) for each in rare]),
        replace(learned, frequent={}),
        replace(learned, repetitions=[]),
        replace(learned, blocking=Blocking((Rule(("a",), ("c",)),), 0.97)),
        replace(learned, blocking=Blocking()),
    ]
    assert len({learned.version, *(each.version for each in others)}) == 1 + len(others)


def packed(levels: Sequence[Longs]) -> dict[str, Longs]:
    """Pattern columns of pairs that show these levels, a column each."""
    found = {name: np.zeros(len(levels[0]), dtype=np.int64) for name in packs(len(levels))}
    for i, shown in enumerate(levels):
        name, shift = place(i)
        found[name] += (shown - NULL) << shift
    return found


def test_weights_in_spark_are_those_of_the_model_in_any_number_of_columns(spark: SparkSession) -> None:
    # More columns than a pattern holds in one number, every third one dependent on the one before.
    chance = np.random.default_rng(6)
    width, size = 24, 300
    sizes = [2 + i % 6 for i in range(width)]
    parents = tuple(i - 1 if i % 3 == 2 else None for i in range(width))
    states = [1 if parent is None else 1 + sizes[parent] for parent in parents]
    m, u = (tuple(chance.dirichlet(np.ones(n), s) for n, s in zip(sizes, states, strict=True)) for _ in "mu")
    exact = tuple(levels - 1 for levels in sizes)
    alike = tuple(tuple(chance.dirichlet(np.ones(n)) for n in sizes) for _ in range(2))
    related = tuple(Related(share, levels, (0,)) for share, levels in zip((1e-3, 2e-5), alike, strict=True))
    model = Parameters(1e-3, parents, m, u, exact, (1.5, 1.0, 0.7, 0.2), related)
    levels = [chance.integers(NULL, levels, size) for levels in sizes]
    groups = Groups(levels, chance.normal(0, 3, size), np.ones(size), np.full(size, -1))
    frame = spark.createDataFrame(pa.table({"at": range(size), "frequency": groups.frequency, **packed(levels)}))
    shown_again = F.array(*(gamma(i) for i in range(width)))
    parts = F.array(*(weight_of(model, i) for i in range(width)))
    weight = match_weight(model)
    differing = sum((((gamma(i) >= 0) & (gamma(i) != exact[i])).cast("int") for i in range(width)), F.lit(0))
    differing = F.least(differing, F.lit(len(model.apart) - 1)).alias("differing")
    lost = weight_of_related(model).alias("related")
    found = frame.select(
        "at", weight.alias("weight"), shown_again.alias("levels"), parts.alias("parts"), differing, lost
    )
    scored = found.withColumn("probability", probability(F.col("weight"))).collect()
    rows = sorted(scored, key=lambda row: int(row["at"]))
    assert [row["levels"] for row in rows] == np.stack(levels, axis=1).tolist()
    weights = np.array([row["weight"] for row in rows])
    assert weights == pytest.approx(
        np.array([sum(row["parts"]) for row in rows])
        + model.prior_weight
        + groups.frequency
        + [np.log2(model.apart[row["differing"]]) for row in rows]
        + [row["related"] for row in rows]
    )
    assert {row["related"] < -1 for row in rows} == {True, False}
    assert np.array([row["probability"] for row in rows]) == pytest.approx(probabilities(model, groups), rel=1e-9)
    odds = np.array([row["probability"] / (1 - row["probability"]) for row in rows if abs(row["weight"]) < 30])
    assert np.log2(odds) == pytest.approx(weights[np.abs(weights) < 30], abs=1e-5)


def test_equal_values_of_matches_are_not_taken_for_chance() -> None:
    # A million pairs, a thousand of them matches; of eleven hundred that agree nine hundred are of matches.
    assert by_chance(agreeing=1100, known=1e6, matches=900) == pytest.approx(200e-6)
    # However many matches there may be, something is left to chance; and something where no two values are equal.
    assert by_chance(agreeing=1100, known=1e6, matches=450_000) == pytest.approx(11e-6)
    assert 0 < by_chance(agreeing=0, known=1e6, matches=900) < 1e-6
    assert by_chance(agreeing=0, known=0, matches=0) > 0


# Values of a column: one that many have, one that two have, ones that one has, and who has none.
SURNAMES: list[str | None]
SURNAMES = [*["nguyen"] * 60, *["le"] * 20, *["khuc"] * 2, *(f"rare{i}" for i in range(15)), *[None] * 3]


def people(spark: SparkSession) -> DataFrame:
    """Surname (v0) and town (v1), the same town for everyone; two inputs in turn."""
    rows = [(rid, rid % 2, str(rid), name, "hue") for rid, name in enumerate(SURNAMES)]
    return spark.createDataFrame(rows, "rid long, source int, id string, v0 string, v1 string")


def surname_and_town(**wishes: Wish) -> list[Comparison]:
    return comparisons({"surname": "family_name", "town": "locality"}, wishes)


def pairs_of(values: Iterable[str | None], link: bool) -> tuple[int, int]:
    """Pairs of equal values, and of values at all, counted one by one."""
    has = [(at % 2, value) for at, value in enumerate(values) if value is not None]
    pairs = [(one, other) for one, other in itertools.combinations(has, 2) if not link or one[0] != other[0]]
    return sum(one[1] == other[1] for one, other in pairs), len(pairs)


@pytest.fixture(scope="module")
def counted(spark: SparkSession) -> Frequencies:
    return count(people(spark), 2, link=False)


def test_pairs_of_equal_values_are_counted_by_column(spark: SparkSession, counted: Frequencies) -> None:
    agreeing, known = pairs_of(SURNAMES, link=False)
    assert counted.agreeing == (agreeing, 100 * 99 / 2)
    assert counted.known == (known, 100 * 99 / 2)
    assert counted.records == (97, 100)
    of_surname = counted.frequent[counted.frequent["column"] == 0]
    assert sorted(of_surname["records"]) == sorted(n for n in Counter(SURNAMES).values() if n in (60, 20, 2))
    between = count(people(spark), 2, link=True)
    assert (between.agreeing[0], between.known[0]) == pairs_of(SURNAMES, link=True)
    assert (between.agreeing[1], between.known[1]) == (2500, 2500)


def bits_of(records: DataFrame) -> Mapping[str | None, Row]:
    """A record of each surname."""
    return {row["v0"]: row for row in records.collect()}


def hashes(spark: SparkSession) -> Mapping[str | None, int]:
    return {row["v0"]: row["value"] for row in people(spark).selectExpr("v0", "xxhash64(v0) value").collect()}


def test_a_rare_equal_value_weighs_more_than_a_frequent_one(spark: SparkSession, counted: Frequencies) -> None:
    # As many matches a record whatever the name.
    value = hashes(spark)
    matching = np.array([value["nguyen"], value["le"], value["khuc"]])
    told = rarity(counted, 0, matching, np.array([30.0, 10.0, 0.5]))
    found = bits_of(with_bits(people(spark), counted, surname_and_town(), [told, told]))
    assert found["nguyen"]["t0"] < found["le"]["t0"] < found["khuc"]["t0"]
    # Twenty have a tenth of the pairs that sixty have, and a third of the matches.
    assert found["le"]["t0"] - found["nguyen"]["t0"] == pytest.approx(np.log2(10 / 180 / (30 / 1740)), abs=0.2)
    assert found[None]["t0"] == 0


def test_records_of_the_same_subject_make_a_value_no_more_frequent(spark: SparkSession, counted: Frequencies) -> None:
    # Of twenty who share a name most are one person: as good as one that two have.
    value = hashes(spark)
    matching = np.array([value["nguyen"], value["le"]])
    told = rarity(counted, 0, matching, np.array([30.0, 35.0]))
    apart_from = rarity(counted, 0, matching, np.array([30.0, 5.0]))
    assert told.of(np.array([20]))[0] > apart_from.of(np.array([20]))[0] + 1.5


def test_values_count_alike_where_the_user_wants_no_frequencies(spark: SparkSession, counted: Frequencies) -> None:
    chosen = surname_and_town(surname=Wish(term_frequency=False))
    told = rarity(counted, 0, np.zeros(0, dtype=np.int64), np.zeros(0))
    found = with_bits(people(spark), counted, chosen, [told, told])
    assert {row["t0"] for row in found.collect()} == {0.0}


def test_only_equal_values_bring_bits_and_of_two_the_fewer(spark: SparkSession) -> None:
    columns = {"surname": "family_name", "town": "locality", "street": "address"}
    chosen = comparisons(columns, {})
    # Of a town's rarity nothing counts where the address is the same, a quarter where only its number is another.
    rarity = tuple({"numbers": 0.25, "exact": 0.0}.get(level, 1.0) for level in chosen[2].levels)
    chosen[1] = replace(chosen[1], parent=2, rarity=rarity)
    rows = [
        (0, "le", "hue", "1 le loi", 3.0, 5.0, 2.0),
        (1, "le", "hue", "1 le loi", 4.0, 5.0, 2.0),
        (2, "ly", "hue", "2 le loi", 7.0, 5.0, 1.0),
        (3, "le", None, None, -1.0, 0.0, 0.0),
    ]
    schema = "rid long, v0 string, v1 string, v2 string, t0 double, t1 double, t2 double"
    records = prepared(spark.createDataFrame(rows, schema), chosen)
    every = list(itertools.combinations(range(4), 2))
    pairs = spark.createDataFrame([(*pair, f"rule {pair}") for pair in every], "l long, r long, rules string")
    found = compared(pairs, records, chosen).collect()
    assert {(row["l"], row["r"]): row["rules"] for row in found} == {pair: f"rule {pair}" for pair in every}
    assert {(row["l"], row["r"]): row["frequency"] for row in found} == {
        # The town says nothing more where the street is the same, however rare it is.
        (0, 1): 3.0 + 2.0,
        (0, 2): 5.0 / 4,
        (1, 2): 5.0 / 4,
        (0, 3): -1.0,
        (1, 3): -1.0,
        (2, 3): 0.0,
    }


def test_levels_that_the_user_leaves_out_are_told_apart_no_more(spark: SparkSession) -> None:
    chosen = comparisons({"name": "family_name", "born": "date"}, {"name": Wish(levels=("similar",)), "born": Wish(())})
    assert [each.levels for each in chosen] == [("different", "similar", "exact"), ("different", "exact")]
    for each in chosen:
        assert sum(each.start) == pytest.approx(1)
    rows = [(0, "phan", "19900517"), (1, "phann", "19900518"), (2, "p", "19900517")]
    records = spark.createDataFrame(rows, "rid long, v0 string, v1 string").selectExpr("*", "0d t0", "0d t1")
    pairs = spark.createDataFrame([(0, 1), (0, 2)], "l long, r long")
    found = compared(pairs, prepared(records, chosen), chosen)
    found = found.select("r", gamma(0).alias("name"), gamma(1).alias("born"))
    shown = {row["r"]: (row["name"], row["born"]) for row in found.collect()}
    assert shown == {1: (1, 0), 2: (0, 1)}


def test_a_level_may_have_another_bound(spark: SparkSession) -> None:
    columns = {"name": "family_name", "born": "date"}
    wishes = {"name": Wish(("similar",), thresholds={"similar": 0.6}), "born": Wish(("days",), thresholds={"days": 9})}
    rows = [(0, "phan", "19900517"), (1, "phonno", "19900526")]
    records = spark.createDataFrame(rows, "rid long, v0 string, v1 string").selectExpr("*", "0d t0", "0d t1")
    pairs = spark.createDataFrame([(0, 1)], "l long, r long")
    usual = {name: replace(each, thresholds={}) for name, each in wishes.items()}
    for wanted, shown in ((usual, (0, 0)), (wishes, (1, 1))):
        chosen = comparisons(columns, wanted)
        found = compared(pairs, prepared(records, chosen), chosen).select(gamma(0), gamma(1)).first()
        assert found is not None and tuple(found) == shown


def test_a_level_that_the_kind_has_not_is_answered_with_its_name() -> None:
    with pytest.raises(ValueError, match="born: kind date has no level soundex"):
        comparisons(COLUMNS, {"born": Wish(levels=("close", "soundex"))})


def test_starting_probabilities_of_every_kind_add_up_and_favour_equal_values() -> None:
    for columns in (COLUMNS, {"given": "given_name", "family": "family_name"}, {"number": "number", "zip": "postcode"}):
        for each in comparisons(columns, {}):
            assert len(each.start) == len(each.levels)
            assert sum(each.start) == pytest.approx(1, abs=0.03)
            assert each.levels[int(np.argmax(each.start))] == each.levels[each.exact] == "exact"
