"""Things that nothing but texts and numbers tell apart: products of two shops, songs of several collections.

No two shops call a product the same: titles share a code or some words, many descriptions and prices are missing. Two
catalogues have the number of a model in its title or beside it, and at times in neither.
Of an album's songs all agree but for title, number and length; collections write the artist before the title, the album
after it or the number in front, and lengths in seconds, minutes or milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.bench.linkage.strings import LETTERS, Ints, Texts, drawn, joined, mistyped, words, zipf

PRODUCTS = {"name": "text", "description": "text", "price": "number"}
CATALOGUES = {"title": "text", "section": "category", "brand": "category", "model": "identifier", "price": "number"}
SONGS = {"title": "text", "length": "number", "artist": "text", "album": "text", "year": "year", "number": "number"}
_VOCABULARY_SEED = 7
# A product may be the next of a line: same brand, kind and, mostly, words; its code differs in the last digit.
_OF_A_LINE, _SAME_WORDS = 0.3, 0.7
_IN_TITLE, _BESIDE, _PRICED = 0.55, 0.75, 0.9
_ALBUMS, _ARTISTS = 0.15, 0.09
_COLLECTIONS = 5
_COPIES = (0.5, 0.2, 0.15, 0.1, 0.05)


@dataclass(frozen=True)
class _Product:
    brand: str
    kind: str
    code: str
    said: tuple[str, ...]
    price: float


def products(size: int, seed: int) -> tuple[tuple[pd.DataFrame, Ints], tuple[pd.DataFrame, Ints]]:
    """So many products in each of two shops, nearly all in both, with the number of the product."""
    rng = np.random.default_rng(seed)
    made = _products(rng, size + size // 20)
    first, other = np.arange(size), np.arange(size // 20, size + size // 20)
    order = rng.permutation(other)
    one = [_with_code_last(rng, made[at]) for at in first]
    two = [_with_code_first(rng, made[at]) for at in order]
    return (pd.DataFrame(one, columns=list(PRODUCTS)), first), (pd.DataFrame(two, columns=list(PRODUCTS)), order)


def _products(rng: np.random.Generator, size: int) -> list[_Product]:
    vocabulary = np.random.default_rng(_VOCABULARY_SEED)
    brands, kinds, said = words(vocabulary, 60, 2), words(vocabulary, 80, 3), words(vocabulary, 400, 3)
    found: list[_Product] = []
    for brand, kind in zip(zipf(rng, brands, size, 3), zipf(rng, kinds, size, 5), strict=True):
        of_line = bool(found) and rng.random() < _OF_A_LINE
        code = "".join(rng.choice(list(LETTERS), rng.integers(2, 5))) + str(rng.integers(10, 9999))
        its_words = tuple(zipf(rng, said, int(rng.integers(2, 7)), 10))
        one = _Product(str(brand), str(kind), code, its_words, float(np.exp(rng.normal(5, 1.1))))
        if of_line:
            last = found[-1]
            same = last.said if rng.random() < _SAME_WORDS else its_words
            one = _Product(last.brand, last.kind, last.code[:-1] + str(rng.integers(0, 9)), same, one.price)
        found.append(one)
    return found


def _with_code_last(rng: np.random.Generator, one: _Product) -> tuple[str, str, str]:
    some = " ".join(one.said[: rng.integers(1, 5)])
    text = f"{one.brand} {one.kind} {one.code} {' '.join(one.said)}" if rng.random() < 0.9 else ""
    return f"{one.brand} {some} {one.kind} - {one.code}", text, f"${one.price:.2f}" if rng.random() < 0.4 else ""


def _with_code_first(rng: np.random.Generator, one: _Product) -> tuple[str, str, str]:
    digits = next(at for at, letter in enumerate(one.code) if letter.isdigit())
    code = f"{one.code[:digits]}-{one.code[digits:]}" if rng.random() < 0.3 else one.code
    shuffled = [str(each) for each in rng.permutation(one.said)]
    parts = [*([code] if rng.random() < 0.85 else []), *shuffled[: rng.integers(1, 5)]]
    parts += [one.kind] if rng.random() < 0.8 else []
    text = " ".join(shuffled[:4]) if rng.random() < 0.6 else ""
    price = f"${one.price * rng.uniform(0.85, 1.1):.2f}" if rng.random() < 0.55 else ""
    return " ".join([one.brand, *parts]), text, price


def catalogues(size: int, seed: int) -> tuple[tuple[pd.DataFrame, Ints], tuple[pd.DataFrame, Ints]]:
    """So many models of one shop, eight times as many of another, a third of the first's in both; with their number.

    Those of a line share brand, kind and, nearly, price.
    """
    rng, vocabulary = np.random.default_rng(seed), np.random.default_rng(_VOCABULARY_SEED)
    brands, things, said = words(vocabulary, 200, 2), words(vocabulary, 20, 3), words(vocabulary, 40, 2)
    every = 9 * size - size // 3
    line = np.sort(rng.integers(0, every // 2, every))
    of_line = np.random.default_rng(seed + 1)
    brand, thing = (of_line.choice(each, every)[line] for each in (brands, things))
    code = joined(
        *(rng.choice(list("abcdefgh"), every) for _ in range(2)), "-", rng.integers(100, 9_999, every).astype(np.str_)
    )
    its = np.array([" ".join(rng.choice(said, rng.integers(1, 4))) for _ in range(every)])
    price = of_line.lognormal(3.8, 1.0, every)[line] * rng.uniform(0.85, 1.2, every)

    def listed(at: Ints, section: str) -> pd.DataFrame:
        """How a shop writes some of them."""
        some = np.where(rng.random(len(at)) < 0.3, "", joined(its[at], " "))
        numbered = np.where(rng.random(len(at)) < _IN_TITLE, joined(code[at], " "), "")
        asked = (price[at] * rng.uniform(0.9, 1.1, len(at))).round(2).astype(np.str_)
        return pd.DataFrame(
            {
                "title": joined(brand[at], " ", numbered, some, thing[at]),
                "section": joined(section, " ", thing[at]),
                "brand": brand[at],
                "model": _some(rng, code[at], _BESIDE),
                "price": _some(rng, asked, _PRICED),
            }
        )

    order = rng.permutation(every)
    first, other = order[:size], rng.permutation(order[size - size // 3 :])
    return (listed(first, "all"), first), (listed(other, "our"), other)


def _some(rng: np.random.Generator, values: Texts, share: float) -> Texts:
    return np.where(rng.random(len(values)) < share, values, "")


def songs(size: int, seed: int) -> tuple[pd.DataFrame, Ints]:
    """So many songs in up to five collections each, in random order, and the number of the song behind each row."""
    rng = np.random.default_rng(seed)
    known = words(np.random.default_rng(_VOCABULARY_SEED), 4_000, 3)
    albums = int(size * _ALBUMS)
    artist = np.array([" ".join(rng.choice(known, 2)) for _ in range(int(size * _ARTISTS))])
    by, year = rng.integers(0, len(artist), albums), rng.integers(1970, 2015, albums)
    called = np.array([" ".join(rng.choice(known, rng.integers(1, 4))) for _ in range(albums)])
    title = np.array([" ".join(zipf(rng, known, int(rng.integers(1, 5)), 20)) for _ in range(size)])
    album, number = rng.integers(0, albums, size), rng.integers(1, 16, size)
    seconds = np.clip(rng.normal(230, 60, size), 40, 900).astype(np.int64)
    copies = drawn(rng, np.arange(1, len(_COPIES) + 1).astype(np.str_), _COPIES, size).astype(np.int64)
    of = rng.permutation(np.repeat(np.arange(size), copies))
    its = album[of]
    rows = {
        "title": _mistyped(rng, title[of], 0.15),
        "length": seconds[of] + rng.normal(0, 2, len(of)).astype(np.int64),
        "artist": artist[by[its]],
        "album": _mistyped(rng, called[its], 0.1),
        "year": year[its],
        "number": number[of],
    }
    collection = rng.integers(0, _COLLECTIONS, len(of))
    written = [_written(int(at), *row) for at, row in zip(collection, zip(*rows.values(), strict=True), strict=True)]
    found = pd.DataFrame(written, columns=list(SONGS))
    for column, missing in (("artist", 0.05), ("year", 0.1), ("number", 0.1)):
        found[column] = np.where(rng.random(len(of)) < missing, "", found[column])
    return found, of


def _mistyped(rng: np.random.Generator, values: Texts, share: float) -> Texts:
    return np.where(rng.random(len(values)) < share, mistyped(rng, values), values)


def _written(collection: int, *row: object) -> Sequence[str]:
    """A song as one of the collections has it."""
    title, length, artist, album, year, number = map(str, row)
    seconds = int(length)
    if collection == 1:
        return f"{artist} - {title}", length, "", album, year, number
    if collection == 2:
        return f"{title} - {album}", length, artist, album, f"'{year[2:]}", number.zfill(3)
    if collection == 3:
        return f"{number.zfill(3)}-{title}", f"{seconds // 60}m {seconds % 60}sec", artist, album, year, number
    return title, str(seconds * 1000) if collection == 4 else length, artist, album, year, number
