"""Sampled records on registers of which the truth is known: pairs that share a key, or a drawn one."""

from __future__ import annotations

import numpy as np
import pytest

from matching.linkage.records import Atom
from matching.linkage.runs import runs
from matching.linkage.sample import agreeing, full_atoms
from tests.matching.registers import (
    BORN,
    COLUMNS,
    FAMILY,
    GIVEN,
    PHONE,
    POSTCODE,
    STREET,
    Register,
    sharing,
)


def test_pairs_in_which_drawn_keys_agree_stand_for_all_that_share_one(known: Register) -> None:
    share, streets, phones = 0.4, known.sample.keys[STREET], known.sample.keys[PHONE]
    drawn, entity = sharing(known, ((STREET,), (PHONE,)), share)
    left, right = drawn.pairs()
    assert len(np.unique(left * len(entity) + right)) == len(left)
    both = [(drawn.keys[a][left] == drawn.keys[a][right]) & (drawn.keys[a][left] != 0) for a in (STREET, PHONE)]
    assert (both[0] | both[1]).all()
    agree = sum(same.astype(np.int64) << a for same, a in zip(both, (STREET, PHONE), strict=True))
    stands_for = drawn.stands_for(np.asarray(agree, dtype=np.uint64))
    one, other = runs(known.entity + 1, known.sample.right).all_pairs()
    shared = [(keys[one] == keys[other]) & (keys[one] != 0) for keys in (streets, phones)]
    matches = stands_for[entity[left] == entity[right]]
    assert matches.sum() == pytest.approx((shared[0] | shared[1]).sum(), rel=0.1)
    assert set(stands_for.round(4)) == {round(1 / share, 4), round(1 / (1 - (1 - share) ** 2), 4)}


def test_agreeing_pairs_share_the_atom_and_are_all_where_they_are_few(known: Register) -> None:
    keys = known.sample.keys[STREET]
    every = runs(keys, known.sample.right).pairs.sum()
    left, right = agreeing(known.sample, STREET, int(every))
    assert len(left) == every
    some = agreeing(known.sample, STREET, int(every) // 4)
    assert 0.15 * every <= len(some[0]) <= 0.35 * every
    for one, other in ((left, right), some):
        assert (keys[one] == keys[other]).all()
        assert (keys[one] != 0).all()
        if known.sample.right is not None:
            assert (known.sample.right[other] > known.sample.right[one]).all()


def test_every_column_has_the_atom_of_its_whole_value(atoms: list[Atom]) -> None:
    assert full_atoms(atoms, COLUMNS) == [GIVEN, FAMILY, BORN, STREET, POSTCODE, PHONE]
