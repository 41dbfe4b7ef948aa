"""People of one register and their duplicates, in the manner of FEBRL's generator but of any size.

60 % of the rows are people as they are; the others are duplicates of them with one to six errors each: letters, missing
values, other values, swapped columns, a move to another address. Names follow Zipf's law over 4,000 given and 60,000
family names that do not change with the size.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from tests.bench.linkage import copies
from tests.bench.linkage.copies import Columns
from tests.bench.linkage.strings import DIGITS, Ints, Texts, drawn, joined, mistyped, words, zipf

KINDS = {
    "given_name": "given_name",
    "surname": "family_name",
    "street_number": "category",
    "address_1": "address",
    "suburb": "locality",
    "postcode": "postcode",
    "state": "category",
    "date_of_birth": "date",
    "soc_sec_id": "identifier",
}
ADDRESS = ("street_number", "address_1", "suburb", "postcode", "state")

_VOCABULARY_SEED = 1
_ORIGINALS = 0.6
_ERRORS = (0.46, 0.27, 0.14, 0.07, 0.04, 0.02)  # shares of duplicates with 1, 2 … 6 errors
_MOVED = 0.1
# how often an error is in a column, and how often a value is missing from the start
_ERRONEOUS = (0.19, 0.19, 0.08, 0.16, 0.12, 0.09, 0.02, 0.1, 0.05)
_MISSING = (0.01, 0.01, 0.03, 0.02, 0.01, 0.01, 0.01, 0.02, 0.1)
_STATES = {"nsw": 0.34, "vic": 0.26, "qld": 0.2, "wa": 0.1, "sa": 0.07, "tas": 0.02, "act": 0.01}
_STREETS = {"street": 0.45, "avenue": 0.12, "place": 0.12, "road": 0.1, "crescent": 0.08, "court": 0.08, "close": 0.05}


def people(rows: int, seed: int) -> tuple[pd.DataFrame, Ints]:
    """A register of so many rows in random order, and the number of the person behind each row."""
    rng = np.random.default_rng(seed)
    originals = int(rows * _ORIGINALS)
    known = _Vocabulary()
    person = known.people(rng, originals)
    parent = rng.integers(0, originals, rows - originals)
    copy = {name: values[parent] for name, values in person.items()}
    _move(rng, known, copy)
    _swap(rng, copy)
    copies.err(rng, copy, _ERRORS, dict(zip(KINDS, _ERRONEOUS, strict=True)), partial(_wrong, rng, known))
    return copies.register(rng, person, copy, parent, dict(zip(KINDS, _MISSING, strict=True)))


class _Vocabulary:
    """Names and places, the same for every size."""

    def __init__(self) -> None:
        rng = np.random.default_rng(_VOCABULARY_SEED)
        self.given_names = words(rng, 4_000, 3)
        self.surnames = words(rng, 60_000, 3)
        self.streets = words(rng, 30_000, 3)
        self.suburbs = words(rng, 4_000, 4)
        self.postcodes = joined(rng.integers(1000, 3500, 4_000).astype(np.str_))
        self.states = drawn(rng, np.array(list(_STATES)), list(_STATES.values()), 4_000)

    def people(self, rng: np.random.Generator, size: int) -> Columns:
        """So many different people."""
        names = {"given_name": zipf(rng, self.given_names, size), "surname": zipf(rng, self.surnames, size)}
        born = np.datetime64("1920-01-01") + rng.integers(0, 90 * 365, size)
        return {
            **names,
            **self.addresses(rng, size),
            "date_of_birth": np.char.replace(born.astype(np.str_), "-", ""),
            "soc_sec_id": rng.choice(np.arange(1_000_000, 10_000_000), size, replace=False).astype(np.str_),
        }

    def addresses(self, rng: np.random.Generator, size: int) -> Columns:
        """So many addresses; a suburb has one postcode and one state."""
        number = np.minimum(1 + rng.exponential(45, size), 999).astype(np.int64).astype(np.str_)
        street = joined(
            zipf(rng, self.streets, size, shift=200),
            " ",
            drawn(rng, np.array(list(_STREETS)), list(_STREETS.values()), size),
        )
        place = zipf(rng, np.arange(len(self.suburbs)).astype(np.str_), size, shift=100).astype(np.int64)
        where = (self.suburbs[place], self.postcodes[place], self.states[place])
        return dict(zip(ADDRESS, (number, street, *where), strict=True))


def _move(rng: np.random.Generator, known: _Vocabulary, copy: Columns) -> None:
    size = len(copy["suburb"])
    moved = rng.random(size) < _MOVED
    for name, values in known.addresses(rng, size).items():
        copy[name] = np.where(moved, values, copy[name])


def _swap(rng: np.random.Generator, copy: Columns) -> None:
    """Names in each other's place, street and suburb too, day and month."""
    size = len(copy["suburb"])
    for one, other, share in (("given_name", "surname", 0.04), ("address_1", "suburb", 0.02)):
        swapped = rng.random(size) < share
        first, second = copy[one], copy[other]
        copy[one], copy[other] = np.where(swapped, second, first), np.where(swapped, first, second)
    born = copy["date_of_birth"].astype("<U8").view("<U1").reshape(size, 8)
    turned = np.ascontiguousarray(born[:, [0, 1, 2, 3, 6, 7, 4, 5]]).view("<U8").reshape(size)
    copy["date_of_birth"] = np.where(rng.random(size) < 0.03, turned, copy["date_of_birth"])


def _wrong(rng: np.random.Generator, known: _Vocabulary, name: str, values: Texts) -> Texts:
    """One error a value: mostly a letter or a digit, else nothing, another value, the first letter alone."""
    chance = rng.random(len(values))
    date, number = name == "date_of_birth", name in ("street_number", "postcode", "soc_sec_id", "date_of_birth")
    wrong = mistyped(rng, values, DIGITS, keep_length=date) if number else mistyped(rng, values)
    wrong = np.where(chance < 0.12, "", wrong)
    if name in ("given_name", "surname"):
        others = zipf(rng, known.given_names if name == "given_name" else known.surnames, len(values))
        wrong = np.where((chance >= 0.12) & (chance < 0.2), others, wrong)
        wrong = np.where((chance >= 0.2) & (chance < 0.25), values.astype("<U1"), wrong)
    return wrong
