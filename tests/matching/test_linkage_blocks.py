"""Which pairs blocking rules propose, held against pairs found one by one; and what the cap leaves of large blocks."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from matching.linkage.blocks import Cut, Keys, candidates, cuts
from matching.linkage.runs import count_pairs, distinct, joined, runs

CAP = 10
MOST = CAP * (CAP - 1) // 2
RECORDS = 240
SMALL, SPLIT, WHOLE, NOBODY, SKEWED = RULES = ("small", "split", "whole", "nobody", "skewed")

Pair = tuple[int, int]


@dataclass(frozen=True)
class Register:
    """Records and, a rule each, the key and the refining keys of every record (None: it has none)."""

    source: list[int]
    keys: Mapping[str, Sequence[int | None]]
    refining: Mapping[str, Sequence[Sequence[int | None]]]

    def all_pairs(self, rids: Iterable[int], link: bool) -> set[Pair]:
        """Every pair of some records, of two inputs the first one's left."""
        pairs = itertools.combinations(sorted(rids), 2)
        if not link:
            return set(pairs)
        return {(a, b) if self.source[a] == 0 else (b, a) for a, b in pairs if self.source[a] != self.source[b]}

    def blocks(self, rule: str, link: bool, by: Sequence[int] = ()) -> list[set[Pair]]:
        """The pairs of each block of a rule, split by some of its refining keys."""
        found: dict[object, list[int]] = defaultdict(list)
        for rid, key in enumerate(self.keys[rule]):
            if key is not None:
                found[key, *(self.refining[rule][at][rid] for at in by)].append(rid)
        return [self.all_pairs(rids, link) for rids in found.values()]


@dataclass(frozen=True)
class Found:
    """Candidates: pair → names of the rules that propose it; and what the cap did to each rule."""

    rules: Mapping[Pair, set[str]]
    cuts: Mapping[str, Cut]
    rows: int

    def of(self, rule: str) -> set[Pair]:
        return {pair for pair, by in self.rules.items() if rule in by}


def register() -> Register:
    chance = np.random.default_rng(8)
    rids = range(RECORDS)
    keys: dict[str, list[int | None]] = {
        SMALL: [None if rid % 10 == 9 else rid // 6 for rid in rids],
        SPLIT: [0 if rid < 150 else None for rid in rids],
        WHOLE: [0 if rid >= 150 else 1 + rid for rid in rids],
        NOBODY: [None] * RECORDS,
        SKEWED: [int(key) if key < 6 else None for key in chance.geometric(0.4, RECORDS)],
    }
    refining: dict[str, list[list[int | None]]] = {rule: [] for rule in RULES}
    # Parts of five, of thirty, which are too large, and the block itself once more.
    refining[SPLIT] = [[rid % 30 for rid in rids], [rid % 5 for rid in rids], [0] * RECORDS]
    # Parts that are too large by one key are split by two, and by three; a missing value is a value like any other.
    values = chance.choice([0, 1, 2, 3], (3, RECORDS), p=[0.4, 0.3, 0.2, 0.1])
    refining[SKEWED] = [[None if value == 0 else int(value) for value in of] for of in values]
    return Register([rid % 2 for rid in rids], keys, refining)


def frame(spark: SparkSession, given: Register) -> DataFrame:
    """The records in no order; `<rule>` and `<rule><i>`: key and refining keys."""
    columns = {"rid": pa.array(range(RECORDS), pa.int64()), "source": pa.array(given.source, pa.int32())}
    for rule in RULES:
        columns[rule] = pa.array(given.keys[rule], pa.int64())
        for at, values in enumerate(given.refining[rule]):
            columns[f"{rule}{at}"] = pa.array(values, pa.int64())
    return spark.createDataFrame(pa.table(columns).take(np.random.default_rng(2).permutation(RECORDS)))


def proposed(records: DataFrame, given: Register, link: bool, asked: Column | None = None) -> Found:
    columns = [rule for rule in RULES] + [f"{rule}{at}" for rule, by in given.refining.items() for at in range(len(by))]
    records = records.withColumns({name: F.when(F.col(name).isNotNull(), F.xxhash64(name)) for name in columns})
    rules = [Keys(rule, [rule], [f"{rule}{at}" for at in range(len(by))]) for rule, by in given.refining.items()]
    pairs, observation = candidates(records, rules, CAP, link, asked=asked)
    rows = pairs.collect()
    named = {(row.l, row.r): {rule for i, rule in enumerate(RULES) if row.rules >> i & 1} for row in rows}
    return Found(named, dict(zip(RULES, cuts(observation, len(rules), len(rows)), strict=True)), len(rows))


@pytest.fixture(scope="module")
def given() -> Register:
    return register()


@pytest.fixture(scope="module", params=[False, True], ids=["dedupe", "link"])
def link(request: pytest.FixtureRequest) -> bool:
    """Whether there are two inputs, the even records and the odd ones."""
    return bool(request.param)


@pytest.fixture(scope="module")
def found(spark: SparkSession, given: Register, link: bool) -> Found:
    return proposed(frame(spark, given), given, link)


@contextmanager
def partitions(spark: SparkSession, number: int) -> Iterator[None]:
    """Exactly so many partitions after an exchange."""
    conf = {"spark.sql.shuffle.partitions": str(number), "spark.sql.adaptive.coalescePartitions.enabled": "false"}
    before = {name: spark.conf.get(name) for name in conf}
    try:
        for name, value in conf.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, kept in before.items():
            spark.conf.set(name, str(kept))


def test_a_small_block_gives_each_of_its_pairs_once(given: Register, found: Found, link: bool) -> None:
    assert found.of(SMALL) == set().union(*given.blocks(SMALL, link))
    assert found.cuts[SMALL] == Cut(0, 0)
    assert found.rows == len(found.rules)


def test_records_stand_left_by_number_and_of_two_inputs_by_input(given: Register, found: Found, link: bool) -> None:
    for left, right in found.rules:
        assert (given.source[left], given.source[right]) == (0, 1) if link else left < right


def test_a_record_without_a_key_is_proposed_by_no_rule(given: Register, found: Found) -> None:
    assert not found.of(NOBODY)
    for rule in RULES:
        assert all(given.keys[rule][rid] is not None for pair in found.of(rule) for rid in pair)


def test_a_large_block_is_compared_where_its_finer_parts_are_small(given: Register, found: Found, link: bool) -> None:
    for rule in (SPLIT, SKEWED):
        expected: set[Pair] = set()
        for size in range(4):
            for by in itertools.combinations(range(3), size):
                expected.update(*(pairs for pairs in given.blocks(rule, link, by) if len(pairs) <= MOST))
        assert found.of(rule) == expected
        assert expected < set().union(*given.blocks(rule, link))


def test_a_block_that_no_key_splits_is_compared_among_neighbours_never_in_full(
    given: Register, found: Found, link: bool
) -> None:
    (block,) = (pairs for pairs in given.blocks(WHOLE, link) if pairs)
    members = sorted(set().union(*block))
    place = {rid: at for at, rid in enumerate(members)}
    kept = found.of(WHOLE)
    assert kept < block
    assert len(kept) <= len(members) * CAP // 2
    assert all(abs(place[left] - place[right]) < CAP for left, right in kept)
    compared = Counter(rid for pair in kept for rid in pair)
    assert set(compared) == set(members)
    assert min(compared.values()) >= CAP // 2 - 1


def test_what_the_cap_cuts_is_counted_by_rule(given: Register, found: Found, link: bool) -> None:
    for rule in RULES:
        every = given.blocks(rule, link)
        assert found.cuts[rule].blocks == sum(len(pairs) > MOST for pairs in every)
        assert found.cuts[rule].pairs + len(found.of(rule)) == sum(map(len, every))
    assert {rule for rule in RULES if found.cuts[rule].pairs} == {SPLIT, WHOLE, SKEWED}


def test_the_pairs_of_some_records_are_those_that_all_have_with_them(
    spark: SparkSession, given: Register, found: Found, link: bool
) -> None:
    asked = {rid for rid in range(RECORDS) if rid % 7 == 0}
    of_some = proposed(frame(spark, given), given, link, F.col("rid") % 7 == 0)

    def theirs(pairs: Iterable[Pair]) -> set[Pair]:
        return {pair for pair in pairs if asked & {*pair}}

    assert of_some.rules == {pair: found.rules[pair] for pair in theirs(found.rules)}
    for rule in RULES:
        every = [theirs(pairs) for pairs in given.blocks(rule, link)]
        assert of_some.cuts[rule].pairs + len(of_some.of(rule)) == sum(map(len, every))
    assert {rule for rule in RULES if of_some.cuts[rule].pairs} == {SPLIT, WHOLE, SKEWED}


@pytest.mark.parametrize("link", [True], indirect=True)
def test_candidates_do_not_depend_on_partitions(spark: SparkSession, given: Register, found: Found, link: bool) -> None:
    # The first time there were two, or one where Spark finds them small.
    with partitions(spark, 4):
        assert proposed(frame(spark, given).repartition(3), given, link) == found


def pairs_of(key: Sequence[int], right: Sequence[bool] | None) -> dict[int, set[Pair]]:
    """Key → its pairs, found by looking at every two records."""
    found: dict[int, set[Pair]] = defaultdict(set)
    for one, other in itertools.permutations(range(len(key)), 2):
        stands = one < other if right is None else (right[one], right[other]) == (False, True)
        if stands and key[one] == key[other] != 0:
            found[key[one]].add((one, other))
    return found


@pytest.mark.parametrize("two_inputs", [False, True])
def test_runs_pair_the_records_of_equal_keys_in_any_data(two_inputs: bool) -> None:
    for seed in range(25):
        chance = np.random.default_rng(seed)
        size = int(chance.integers(0, 60))
        # Negative keys too: hashes are; 0 is none.
        key = chance.integers(-4, 8, size) * int(chance.integers(1, 2**40))
        right = chance.random(size) < 0.4 if two_inputs else None
        blocks = runs(key, right)
        expected = pairs_of(key.tolist(), None if right is None else right.tolist())
        left, other = blocks.all_pairs()
        found = list(zip(left.tolist(), other.tolist(), strict=True))
        assert len(found) == len(set(found)) == blocks.pairs.sum()
        assert set(found) == set().union(*expected.values())
        first = key[blocks.rows[blocks.starts]].tolist()
        assert dict(zip(first, blocks.pairs.tolist(), strict=True)) == {of: len(expected[of]) for of in first}
        assert (key[blocks.rows] == np.asarray(first, dtype=np.int64)[blocks.block_of_rows()]).all()


@pytest.mark.parametrize("two_inputs", [False, True])
def test_some_of_the_runs_pair_as_they_did_among_all(two_inputs: bool) -> None:
    chance = np.random.default_rng(3)
    key = chance.integers(0, 20, 200)
    right = chance.random(200) < 0.5 if two_inputs else None
    blocks = runs(key, right)
    kept = blocks.where(blocks.pairs % 2 == 0)
    expected = pairs_of(key.tolist(), None if right is None else right.tolist())
    left, other = kept.all_pairs()
    even = (pairs for pairs in expected.values() if len(pairs) % 2 == 0)
    assert set(zip(left.tolist(), other.tolist(), strict=True)) == set().union(*even)
    assert 0 < len(left) < blocks.pairs.sum()


@pytest.mark.parametrize("two_inputs", [False, True])
def test_pairs_of_hashed_keys_are_counted_as_runs_pair_them(two_inputs: bool) -> None:
    for seed in range(40):
        chance = np.random.default_rng(seed)
        size = int(chance.integers(0, 400))
        hashes = np.append(chance.integers(-(2**63), 2**63 - 1, 50), 0)
        key = hashes[chance.integers(0, len(hashes), size)]
        right = chance.random(size) < chance.random() if two_inputs else None
        assert count_pairs(key, right) == runs(key, right).pairs.sum()


def test_distinct_values_are_each_there_once_in_ascending_order() -> None:
    chance = np.random.default_rng(7)
    for values in (
        chance.integers(-50, 50, 500),
        chance.integers(-(2**63), 2**63 - 1, 10),
        np.zeros(0, dtype=np.int64),
    ):
        assert distinct(np.repeat(values, 2)).tolist() == sorted(set(values.tolist()))
    ends = np.array([2**63 - 1, -(2**63), 0, -(2**63)])
    assert distinct(ends).tolist() == [-(2**63), 0, 2**63 - 1]


def test_joined_keys_are_equal_where_both_parts_are() -> None:
    chance = np.random.default_rng(5)
    parts = chance.integers(-(2**63), 2**63 - 1, (2, 300))
    one, other = parts[0][chance.integers(0, 300, 20_000)], parts[1][chance.integers(0, 300, 20_000)]
    found = joined(one, other)
    assert len(set(found.tolist())) == len(set(zip(one.tolist(), other.tolist(), strict=True)))
    # Small numbers and mirrored ones are kept apart too: parts of a split are numbered from 1.
    small = np.array(list(itertools.product(range(1, 80), range(1, 80))), dtype=np.int64)
    assert len(set(joined(small[:, 0], small[:, 1]).tolist())) == len(small)


def test_rules_of_equal_values_are_rules_apart(spark: SparkSession, given: Register) -> None:
    pairs, _ = candidates(frame(spark, given), [Keys(name, [SMALL], []) for name in ("one", "other")], CAP, False)
    rows = pairs.collect()
    assert {(row.l, row.r) for row in rows} == set().union(*given.blocks(SMALL, False))
    assert {row.rules for row in rows} == {0b11}


def test_without_a_rule_there_are_no_pairs(spark: SparkSession) -> None:
    records = spark.createDataFrame([(0, 0), (1, 0)], "rid long, source int")
    pairs, observation = candidates(records, [], cap=200, link=False)
    assert pairs.columns == ["l", "r", "rules"]
    assert pairs.collect() == []
    assert cuts(observation, 0, 0) == []


def test_a_rule_that_no_record_satisfies_brings_no_pairs_and_cuts_none(spark: SparkSession) -> None:
    records = spark.createDataFrame([(0, 0, None), (1, 0, None)], "rid long, source int, key long")
    pairs, observation = candidates(records, [Keys("none", ["key"], [])], cap=200, link=False)
    assert pairs.collect() == []
    assert cuts(observation, 1, 0) == [Cut(0, 0)]
