"""Identifiers: structure, check digits and the ways in which they go wrong."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from stdnum.vn import mst

from sample_data.arrays import Ints
from sample_data.ids import (
    distinct_within,
    is_mistyping,
    masked,
    mistyped,
    personal_ids,
    repeated,
    tax_code_check_digit,
    tax_codes,
    written_id,
)
from sample_data.streams import Streams


def ints(*values: int) -> Ints:
    return np.array(values, np.int64)


def test_personal_ids_name_province_century_sex_and_year() -> None:
    ids = personal_ids(Streams(1), "ids", ints(1, 79, 48), ints(0, 1, 1), ints(1975, 1999, 2003))
    text = written_id(ids, ints(12, 12, 12)).to_pylist()
    assert [value[:6] for value in text] == ["001075", "079199", "048303"]
    assert {len(value) for value in text} == {12}


def test_serials_are_distinct_even_where_few_are_left() -> None:
    numbers = distinct_within(Streams(1), "serials", np.full(90, 7), 100)
    assert not repeated(numbers).any()
    assert set(numbers // 100) == {7}


def test_tax_codes_pass_the_check_of_an_independent_library() -> None:
    codes = tax_codes(Streams(1), "codes", 300, 10_000_000, 400_000_000)
    assert len(set(codes.tolist())) == 300
    assert all(mst.is_valid(f"{code:010d}") for code in codes)


def test_check_digit_ten_is_never_issued() -> None:
    assert tax_code_check_digit(ints(10_023_348, 10_004_751)).tolist() == [8, 6]
    codes = tax_codes(Streams(2), "codes", 2_000, 0, 400_000_000)
    assert (tax_code_check_digit(codes // 10) == codes % 10).all()


@pytest.mark.parametrize("width", [9, 10, 12])
def test_a_slip_is_one_digit_or_two_swapped_neighbours(width: int) -> None:
    right = np.random.default_rng(1).integers(10 ** (width - 2), 10**width, 2_000)
    wrong = mistyped(Streams(1), "slip", right, width)
    assert is_mistyping(right, wrong, width).all()
    assert (wrong < 10**width).all()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (123_456_789, 123_456_789, False),
        (123_456_789, 123_456_780, True),
        (123_456_789, 213_456_789, True),
        (123_456_789, 321_456_789, False),  # swapped, but no neighbours
        (123_456_789, 124_456_780, False),
        (1_234, 2_134, True),  # leading zeros count as digits
    ],
)
def test_what_counts_as_a_mistyping(one: int, other: int, expected: bool) -> None:
    assert is_mistyping(ints(one), ints(other), 9).tolist() == [expected]


def test_ids_are_written_with_their_leading_zeros() -> None:
    assert written_id(ints(1_090_000_007, 12_345_678, 5), ints(12, 9, 0)).to_pylist() == [
        "001090000007",
        "012345678",
        None,
    ]


def test_masks_keep_head_and_tail() -> None:
    assert masked(pa.array(["079099001212", None]), 4, 2).to_pylist() == ["0790******12", None]
