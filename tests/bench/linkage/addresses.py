"""Addresses of two registers: nothing but a number tells a house from the one next door, few have a telephone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.bench.linkage.strings import Ints, Texts, joined, mistyped, words

KINDS = {"address": "address", "town": "locality", "postcode": "postcode", "phone": "phone"}
_VOCABULARY_SEED = 9
_TOWNS, _STREETS, _STREETS_OF_A_TOWN = 60, 900, 25
_WAYS = {"street": "st", "road": "rd", "lane": "ln", "avenue": "ave"}
_FLATS, _PHONES = 0.15, 0.3
_SHORT, _MISTYPED, _NO_TOWN, _NEXT_POSTCODE = 0.5, 0.15, 0.07, 0.1


def two_registers(size: int, seed: int) -> tuple[tuple[pd.DataFrame, Ints], tuple[pd.DataFrame, Ints]]:
    """So many addresses in each register, half of them in both, with the number of the address."""
    rng, vocabulary = np.random.default_rng(seed), np.random.default_rng(_VOCABULARY_SEED)
    streets, towns = words(vocabulary, _STREETS, 3), words(vocabulary, _TOWNS, 3)
    every = size + size // 2
    town = rng.integers(0, _TOWNS, every)
    of_town = rng.integers(0, _STREETS_OF_A_TOWN, every)
    street = streets[(town * 37 + of_town) % _STREETS]
    number = rng.integers(1, 120, every).astype(np.str_)
    flat = np.where(rng.random(every) < _FLATS, rng.integers(1, 12, every).astype(np.str_), "")
    way = rng.choice(list(_WAYS), every)
    postcode = 10_000 + town * 100 + of_town // 3
    phone = joined("0", rng.integers(200_000_000, 999_999_999, every).astype(np.str_))

    def some_phones() -> Texts:
        """Of the addresses that a register knows one of."""
        return np.where(rng.random(every) < _PHONES, phone, "")

    whole = joined(np.where(flat == "", "", joined("flat ", flat, ", ")), number, " ", street, " ", way)
    called = np.where(rng.random(every) < _MISTYPED, mistyped(rng, street), street)
    short = np.where(rng.random(every) < _SHORT, np.array([_WAYS[each] for each in way.tolist()]), way)
    again = joined(np.where(flat == "", "", joined(flat, "/")), number, " ", called, " ", short)
    moved = postcode + np.where(rng.random(every) < _NEXT_POSTCODE, rng.integers(1, 9, every), 0)
    one = {"address": whole, "town": towns[town], "postcode": postcode.astype(np.str_), "phone": some_phones()}
    two = {
        "address": again,
        "town": np.where(rng.random(every) < _NO_TOWN, "", towns[town]),
        "postcode": moved.astype(np.str_),
        "phone": some_phones(),
    }
    first, other = np.arange(size), rng.permutation(np.arange(size // 2, every))
    return (pd.DataFrame(one).iloc[first], first), (pd.DataFrame(two).iloc[other].reset_index(drop=True), other)
