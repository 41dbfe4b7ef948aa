"""Which blocking rules are chosen, on registers of which the truth is known: who is who, and what depends on what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from matching.linkage.dependence import tree
from matching.linkage.plan import Plan, choose, seeds, survey
from matching.linkage.records import Atom
from matching.linkage.sample import Sample, Sharing
from tests.matching.registers import (
    COLUMN_OF,
    COLUMNS,
    COPIES,
    ENTITIES,
    KINDS,
    NAMES,
    PHONE,
    POSTCODE,
    STREET,
    Register,
    hashed,
    register,
    sharing,
)

BUDGET = 60_000.0


def planned(sample: Sample, atoms: list[Atom], budget: float) -> Plan:
    """The plan where the sample is all records."""
    return choose(survey(sample, atoms, KINDS, budget), None)


@pytest.fixture(scope="module")
def plan(known: Register, atoms: list[Atom]) -> Plan:
    return planned(known.sample, atoms, BUDGET)


def test_the_pairs_of_all_rules_stay_within_the_budget(known: Register, plan: Plan) -> None:
    assert 0 < len(known.caught(plan).entity) <= BUDGET
    assert all(rule.pairs <= BUDGET for rule in plan.rules)


def test_the_rules_find_nearly_all_matches_and_say_how_many(known: Register, plan: Plan) -> None:
    found = float(known.caught(plan).entity.sum())
    recall = found / known.matches
    assert recall >= 0.97
    assert plan.recall == pytest.approx(recall, abs=0.03)
    assert plan.matches == pytest.approx(found, rel=0.1)


def test_a_budget_hardly_above_the_matches_is_spent_on_matches(known: Register, atoms: list[Atom]) -> None:
    poor = planned(known.sample, atoms, 1.2 * COPIES)
    caught = known.caught(poor).entity
    recall = float(caught.sum()) / known.matches
    assert len(caught) <= 1.2 * COPIES
    assert recall >= 0.93
    assert poor.recall == pytest.approx(recall, abs=0.05)


def test_rules_are_of_several_columns_each_used_once(plan: Plan) -> None:
    for rule in plan.rules:
        used = [COLUMN_OF[atom] for atom in (*rule.atoms, *rule.refining)]
        assert len(used) == len(set(used))
        assert len(rule.refining) == min(3, COLUMNS - len(rule.atoms))
    assert len({rule.atoms for rule in plan.rules}) == len(plan.rules)


def test_a_rule_expects_the_pairs_and_matches_that_it_has(known: Register, plan: Plan) -> None:
    for rule in plan.rules:
        caught = known.caught(replace(plan, rules=(rule,))).entity
        assert rule.pairs == pytest.approx(len(caught), rel=1e-6)
        assert rule.matches == pytest.approx(float(caught.sum()), rel=0.12, abs=25)


def test_numbers_are_of_all_records_not_of_the_sample(known: Register, plan: Plan, atoms: list[Atom]) -> None:
    scaled = planned(replace(known.sample, scale=100.0), atoms, 100 * BUDGET)
    # What few sampled pairs say of a hundred times as many is less sure: the rules that gain least are not taken.
    same = {rule.atoms for rule in scaled.rules} & {rule.atoms for rule in plan.rules}
    assert len(same) >= 6
    for atoms_of in same:
        one, hundred = (next(rule for rule in of.rules if rule.atoms == atoms_of) for of in (plan, scaled))
        assert hundred.pairs == pytest.approx(100 * one.pairs)
        assert hundred.matches == pytest.approx(100 * one.matches, rel=0.05)
    assert scaled.matches == pytest.approx(100 * plan.matches, rel=0.05)
    assert scaled.recall == pytest.approx(plan.recall, abs=0.02)


def test_drawn_keys_are_those_in_which_most_matches_agree(known: Register, atoms: list[Atom]) -> None:
    most = 20_000.0
    found = seeds(survey(known.sample, atoms, KINDS, BUDGET), most)
    assert len(found) >= 2
    every = np.full(len(known.entity), (1 << len(found)) - 1)
    everyone = Sharing(known.sample.keys, known.sample.right, found, 1.0, every)
    left, right = everyone.pairs()
    caught = known.entity[left] == known.entity[right]
    assert caught.sum() >= 0.95 * known.matches


def test_drawn_keys_tell_of_matches_that_few_sampled_records_show(known: Register, atoms: list[Atom]) -> None:
    some = np.random.default_rng(1).random(len(known.entity)) < 0.5
    right = None if known.sample.right is None else known.sample.right[some]
    part = Sample(known.sample.keys[:, some], right, known.sample.possible)
    part = replace(part, scale=part.scale / part.possible)
    seen = survey(part, atoms, KINDS, BUDGET)
    drawn, _ = sharing(known, seeds(seen, 20_000.0), 0.5)
    plan = choose(seen, drawn)
    found = float(known.caught(plan).entity.sum())
    assert found >= 0.96 * known.matches
    assert plan.matches == pytest.approx(found, rel=0.1)
    assert plan.recall == pytest.approx(found / known.matches, abs=0.03)


def test_the_same_sample_gives_the_same_plan(known: Register, plan: Plan, atoms: list[Atom]) -> None:
    assert planned(known.sample, atoms, BUDGET) == plan


def test_columns_that_determine_each_other_are_found_and_others_left_alone(known: Register, plan: Plan) -> None:
    # A street tells its postcode; the street, which fewer share, is the one that the other hangs from.
    assert plan.parents == (None, None, None, None, COLUMN_OF[STREET], None)


def test_matches_do_not_make_columns_depend_on_each_other(atoms: list[Atom]) -> None:
    # Every record has its copy: of pairs that agree in two columns most are matches, and no column says more.
    known = register(seed=5, mistakes=0.02)
    keys = known.sample.keys.copy()
    keys[POSTCODE] = hashed(np.random.default_rng(1).integers(1, 200, ENTITIES))[known.entity]
    assert tree(replace(known.sample, keys=keys), atoms, COLUMNS) == (None,) * COLUMNS


def test_records_that_share_nothing_need_no_rule(atoms: list[Atom]) -> None:
    keys = np.arange(1, 1 + len(NAMES) * 500).reshape(len(NAMES), 500)
    plan = planned(Sample(keys, None, 1.0), atoms, BUDGET)
    assert (plan.rules, plan.matches, plan.recall) == ((), 0.0, None)


def test_rows_that_are_alike_in_all_have_a_rule_whatever_pairs_they_make(atoms: list[Atom]) -> None:
    keys = np.repeat(np.arange(1, 1 + len(NAMES) * 4).reshape(len(NAMES), 4), 200, axis=1)
    plan = planned(Sample(keys, None, 1.0), atoms, 5_000)
    assert plan.rules
    assert plan.matches == pytest.approx(4 * 200 * 199 / 2, rel=0.01)


def test_a_column_that_nobody_filled_in_spoils_nothing(atoms: list[Atom]) -> None:
    known = register(seed=9)
    keys = known.sample.keys.copy()
    keys[PHONE] = 0
    plan = planned(replace(known.sample, keys=keys), atoms, BUDGET)
    assert all(PHONE not in rule.atoms for rule in plan.rules)
    caught = replace(known, sample=replace(known.sample, keys=keys)).caught(plan).entity
    assert caught.sum() >= 0.85 * known.matches
    assert len(caught) <= BUDGET
    assert 0.9 <= plan.recall <= 1


def test_equal_titles_are_compared_though_all_that_share_more_than_that_are_matches(spark: SparkSession) -> None:
    chance = np.random.default_rng(7)
    works, titled_alike = 3_000, 150
    title, first, authors = np.arange(1, works + 1), chance.integers(1, 500, works), chance.integers(1, 1_000, works)
    title[:titled_alike] = 1
    others = np.where(chance.random(works) < 0.1, chance.integers(1_001, 9_000, works), authors)
    sides = np.stack([np.stack([title, first, authors]), np.stack([title, first, others])])
    keys, right = hashed(np.concatenate([*sides], axis=1)), np.repeat([False, True], works)
    named = zip(("title", "title.prefix", "authors"), (0, 0, 1), strict=True)
    made = [Atom(name, frozenset({of}), F.col(f"v{of}"), is_full="." not in name) for name, of in named]
    seen = survey(Sample(keys, right, 1.0), made, ("text", "text"), 1e6)
    assert (0,) in [rule.atoms for rule in choose(seen, None).rules]
    # Where little may be compared, all who are called `Editorial` are too many.
    assert (0,) not in [rule.atoms for rule in choose(replace(seen, budget=1e5), None).rules]
