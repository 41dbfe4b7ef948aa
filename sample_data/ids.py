"""Numbers that identify: personal ids, CMND, tax codes, and the ways they are mistyped (DOMAIN §2).

Ids live as integers with a known width; leading zeros come back when they are written.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import Bools, Ints, Text, joined, padded
from sample_data.streams import Streams

PERSONAL_ID_WIDTH, CMND_WIDTH, TAX_CODE_WIDTH = 12, 9, 10
_TAX_CODE_WEIGHTS = np.array([31, 29, 23, 19, 17, 13, 7, 5, 3])  # TT 105/2020 Art 5


def personal_ids(streams: Streams, tag: str, province: Ints, sex: Ints, year: Ints) -> Ints:
    """Unique personal ids: province of birth (3 digits), century and sex, year, six random digits.

    Args:
        streams: random streams.
        tag: name of the stream.
        province: three-digit code of the place where the birth was registered.
        sex: 0 male, 1 female.
        year: year of birth.
    """
    century = (year // 100 - 19) * 2 + sex  # XX century: 0 male, 1 female; XXI: 2, 3
    return distinct_within(streams, tag, (province * 10 + century) * 100 + year % 100, 1_000_000)


def distinct_within(streams: Streams, tag: str, prefix: Ints, serials: int) -> Ints:
    """Distinct numbers, each a given prefix followed by a random serial number below `serials` (a power of ten)."""
    rng = streams.rng(tag)
    numbers = prefix * serials + rng.integers(0, serials, len(prefix))
    while (again := repeated(numbers)).any():
        numbers[again] = prefix[again] * serials + rng.integers(0, serials, int(again.sum()))
    return numbers


def unique_numbers(streams: Streams, tag: str, n: int, low: int, high: int) -> Ints:
    """Distinct numbers from `low` to `high` - 1."""
    rng = streams.rng(tag)
    numbers = rng.integers(low, high, n)
    while (again := repeated(numbers)).any():
        numbers[again] = rng.integers(low, high, int(again.sum()))
    return numbers


def repeated(values: Ints) -> Bools:
    """True for every element that has stood before."""
    _, first = np.unique(values, return_index=True)
    again = np.ones(len(values), np.bool_)
    again[first] = False
    return again


def tax_code_check_digit(body: Ints) -> Ints:
    """Tenth digit of a tax code from its first nine; 10 where such a code is never issued."""
    return np.asarray(10 - digits(body, 9) @ _TAX_CODE_WEIGHTS % 11)


def tax_codes(streams: Streams, tag: str, n: int, low: int, high: int) -> Ints:
    """Distinct ten-digit tax codes with right check digits; bodies (first nine digits) from `low` to `high` - 1."""
    body = unique_numbers(streams, tag, n + n // 8 + 50, low, high)  # one body in eleven has no code
    check = tax_code_check_digit(body)
    return (body * 10 + check)[check < 10][:n]


def digits(numbers: Ints, width: int) -> Ints:
    """Decimal digits, one row a number, leading first."""
    return numbers[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10


def mistyped(streams: Streams, tag: str, numbers: Ints, width: int | Ints, wrong_digits: int = 1) -> Ints:
    """Numbers with one digit wrong, or (one in four) two unequal neighbours swapped; repeated for more wrong digits."""
    result = numbers
    for turn in range(wrong_digits):
        result = _slip(streams, f"{tag}.{turn}", result, width)
    return result


def _slip(streams: Streams, tag: str, numbers: Ints, width: int | Ints) -> Ints:
    n = len(numbers)
    place = 10 ** streams.integers(f"{tag}.place", n, 0, width)
    digit = numbers // place % 10
    other = (digit + streams.integers(f"{tag}.digit", n, 1, 10)) % 10
    neighbour = numbers // (place * 10) % 10
    swap = streams.hits(f"{tag}.swap", n, 0.25) & (digit != neighbour) & (place * 10 < 10 ** np.asarray(width))
    swapped = numbers + (digit - neighbour) * place * 9
    return np.where(swap, swapped, numbers + (other - digit) * place)


def is_mistyping(one: Ints, other: Ints, width: int) -> Bools:
    """Whether two numbers of a width differ in one digit, or by two neighbouring digits swapped (CONTRACT §3)."""
    left, right = digits(one, width), digits(other, width)
    differ = left != right
    count = differ.sum(axis=1)
    first = differ.argmax(axis=1)
    row, second = np.arange(len(one)), np.minimum(first + 1, width - 1)
    swapped = (
        (count == 2)
        & differ[row, second]
        & (left[row, first] == right[row, second])
        & (left[row, second] == right[row, first])
    )
    return np.asarray((count == 1) | swapped)


def masked(text: Text, head: int, tail: int) -> Text:
    """Text with all but its first and last characters replaced by `*`: `0790******12`."""
    stars = pc.binary_repeat("*", pc.max_element_wise(pc.subtract(pc.utf8_length(text), head + tail), 0))
    return joined(pc.utf8_slice_codeunits(text, 0, head), stars, pc.utf8_slice_codeunits(text, -tail))


def written_id(numbers: Ints, width: Ints) -> Text:
    """Ids as text with their leading zeros; null where the width is 0."""
    text = padded(numbers, PERSONAL_ID_WIDTH)
    short = pc.utf8_slice_codeunits(text, PERSONAL_ID_WIDTH - CMND_WIDTH)
    return pc.if_else(pa.array(width == PERSONAL_ID_WIDTH, mask=width == 0), text, short)
