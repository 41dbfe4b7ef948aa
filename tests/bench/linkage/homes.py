"""People who live together: homes of one to six who share surname, address and telephone, and duplicates of some.

There are about three times as many pairs of one home as of one person. Of ten homes one has a son named after his
father, of twenty-five one has twins. A duplicate has one to three errors: letters, missing values, a nickname's
beginning, another surname, or a move to another address with another telephone.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from tests.bench.linkage import copies
from tests.bench.linkage.copies import Columns
from tests.bench.linkage.strings import DIGITS, Ints, Texts, drawn, joined, mistyped, replaced, words, zipf

KINDS = {
    "given_name": "given_name",
    "surname": "family_name",
    "sex": "category",
    "date_of_birth": "date",
    "street": "address",
    "town": "locality",
    "postcode": "postcode",
    "phone": "phone",
}
_VOCABULARY_SEED = 3
_PEOPLE = 0.8
_SIZES = (0.22, 0.26, 0.2, 0.18, 0.09, 0.05)
_NAMED_AFTER, _TWINS = 0.1, 0.04
_ERRORS = (0.55, 0.3, 0.15)
# How often an error is in a column, and how often a value is missing from the start.
_ERRONEOUS = (0.28, 0.2, 0.02, 0.16, 0.14, 0.07, 0.05, 0.08)
_MISSING = (0.0, 0.0, 0.02, 0.03, 0.02, 0.01, 0.02, 0.25)
_MOVED, _MARRIED = 0.2, 0.05


def people(rows: int, seed: int) -> tuple[pd.DataFrame, Ints]:
    """A register of so many rows in random order, and the number of the person behind each row."""
    rng = np.random.default_rng(seed)
    known = _Vocabulary()
    size = int(rows * _PEOPLE)
    person = known.people(rng, size)
    of_copy = rng.integers(0, size, rows - size)
    copy = {name: values[of_copy] for name, values in person.items()}
    _move(rng, known, copy)
    copies.err(rng, copy, _ERRORS, dict(zip(KINDS, _ERRONEOUS, strict=True)), partial(_wrong, rng))
    return copies.register(rng, person, copy, of_copy, dict(zip(KINDS, _MISSING, strict=True)))


class _Vocabulary:
    """Names and places, the same for every size."""

    def __init__(self) -> None:
        rng = np.random.default_rng(_VOCABULARY_SEED)
        self.given_names = [words(rng, 900, 3) for _ in range(2)]
        self.surnames = words(rng, 20_000, 3)
        self.streets = words(rng, 9_000, 3)
        self.towns = words(rng, 600, 3)
        self.postcodes = rng.integers(10_000, 99_999, 600).astype(np.str_)

    def people(self, rng: np.random.Generator, size: int) -> Columns:
        """So many people, home by home."""
        sizes = rng.choice(np.arange(1, len(_SIZES) + 1), size, p=_SIZES)
        home = np.repeat(np.arange(size), sizes)[:size]
        place = np.concatenate([np.arange(n) for n in sizes])[:size]
        shared = {"surname": zipf(rng, self.surnames, size, shift=40), **self.addresses(rng, size)}
        female = rng.random(size) < np.where(place == 1, 0.9, 0.45)
        names = [zipf(rng, values, size, shift=12) for values in self.given_names]
        given = np.where(female, names[1], names[0])
        # Parents were born thirty years before their children.
        days = rng.integers(0, 12_000, size) + np.where(place < 2, 0, 11_000)
        # The third of a home is the first one's namesake; the fourth the third one's twin.
        third, fourth = np.flatnonzero(place == 2), np.flatnonzero(place == 3)
        junior, twin = third[rng.random(len(third)) < _NAMED_AFTER], fourth[rng.random(len(fourth)) < _TWINS]
        given = replaced(given, junior, given[junior - 2])
        female[junior] = female[junior - 2]
        days[twin] = days[twin - 1]
        return {
            "given_name": given,
            "sex": np.where(female, "f", "m"),
            "date_of_birth": np.char.replace((np.datetime64("1935-01-01") + days).astype(np.str_), "-", ""),
            **{name: values[home] for name, values in shared.items()},
        }

    def addresses(self, rng: np.random.Generator, size: int) -> Columns:
        """So many addresses with their telephones; a town has one postcode."""
        number = np.minimum(1 + rng.exponential(40, size), 900).astype(np.int64).astype(np.str_)
        street = joined(number, " ", zipf(rng, self.streets, size, shift=200), " street")
        town = zipf(rng, np.arange(len(self.towns)).astype(np.str_), size, shift=30).astype(np.int64)
        phone = joined("0", rng.integers(200_000_000, 999_999_999, size).astype(np.str_))
        return {"street": street, "town": self.towns[town], "postcode": self.postcodes[town], "phone": phone}


def _move(rng: np.random.Generator, known: _Vocabulary, copy: Columns) -> None:
    """Some have moved, some have married."""
    size = len(copy["town"])
    moved = rng.random(size) < _MOVED
    for name, values in known.addresses(rng, size).items():
        copy[name] = np.where(moved, values, copy[name])
    married = (rng.random(size) < _MARRIED) & (copy["sex"] == "f")
    copy["surname"] = np.where(married, zipf(rng, known.surnames, size, shift=40), copy["surname"])


def _wrong(rng: np.random.Generator, name: str, values: Texts) -> Texts:
    """One error a value: a letter or a digit, nothing, or the beginning of a name."""
    if name == "sex":
        return drawn(rng, np.array(["", "f", "m"]), [2, 1, 1], len(values))
    chance = rng.random(len(values))
    date, number = name == "date_of_birth", name in ("date_of_birth", "postcode", "phone")
    wrong = mistyped(rng, values, DIGITS, keep_length=date) if number else mistyped(rng, values)
    wrong = np.where(chance < 0.2, "", wrong)
    return np.where((name == "given_name") & (chance > 0.7), values.astype("<U3"), wrong)
