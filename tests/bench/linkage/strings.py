"""Whole columns of strings drawn, worded and mistyped at once. An empty string is a missing value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Texts = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"

_ONSETS = "b b c c d d f g h h j k l l m m n n p r r s s t t v w br ch cl dr fr gr pr sh st th tr"
_VOWELS = "a a a a e e e e i i i o o o u u y ai ea ee ie oo ou"
_CODAS = "n n n r r l l s s t m d ck ll nd ng rd rt ss th"
_OPEN = 14  # syllables without a coda, of 34


def words(rng: np.random.Generator, count: int, syllables: int) -> Texts:
    """Different words that can be spoken, of 2 to `syllables` syllables, in random order."""
    drawn = np.full(3 * count, "", dtype=np.str_)
    length = rng.integers(2, syllables + 1, len(drawn))
    parts = (_ONSETS.split(), _VOWELS.split(), [""] * _OPEN + _CODAS.split())
    for syllable in range(syllables):
        sound = drawn
        for part in parts:
            sound = joined(sound, rng.choice(np.array(part), len(drawn)))
        drawn = np.where(syllable < length, sound, drawn)
    _, first = np.unique(drawn, return_index=True)
    return np.asarray(drawn[np.sort(first)][:count])


def zipf(rng: np.random.Generator, values: Texts, size: int, shift: float = 5) -> Texts:
    """Values drawn with a probability of 1 / (rank + shift): frequent ones as frequent as real names are."""
    return drawn(rng, values, 1 / (np.arange(len(values)) + 1 + shift), size)


def drawn(rng: np.random.Generator, values: Texts, weights: Sequence[float] | Floats, size: int) -> Texts:
    """Values drawn with probabilities proportional to their weights."""
    shares = np.asarray(weights, dtype=float)
    return np.asarray(values[rng.choice(len(values), size, p=shares / shares.sum())])


def joined(*parts: Texts | str) -> Texts:
    """Strings put one after another, row by row."""
    whole = np.asarray(parts[0], dtype=np.str_)
    for part in parts[1:]:
        whole = np.char.add(whole, np.asarray(part, dtype=np.str_))
    return whole


def replaced(values: Texts, rows: Ints, by: Texts) -> Texts:
    """The values, those of some rows replaced; as wide as the widest."""
    wide = values.astype(np.result_type(values, by))
    wide[rows] = by
    return wide


def mistyped(rng: np.random.Generator, values: Texts, letters: str = LETTERS, keep_length: bool = False) -> Texts:
    """Each value with one typing error: a letter other, one more, one less, or two neighbours swapped.

    Args:
        rng: where chance comes from.
        values: the strings; empty ones stay empty.
        letters: what a wrong letter is taken from.
        keep_length: only errors that change no length (dates).
    """
    length = np.char.str_len(values)
    width = max(int(length.max(initial=0)) + 1, 2)
    column = np.arange(width)
    place = (rng.random(len(values)) * length).astype(np.int64)[:, None]
    error = rng.choice(4, len(values), p=(0.5, 0.5, 0, 0) if keep_length else (0.3, 0.25, 0.2, 0.25))
    error = np.where((length < 2) & (error != 2), 0, error)[:, None]  # 0 other, 1 swapped, 2 one more, 3 one less
    place = np.where(error == 1, np.minimum(place, length[:, None] - 2), place)
    source = np.where((error == 3) & (column >= place), column + 1, column)
    source = np.where((error == 2) & (column > place), column - 1, source)
    source = np.where(error == 1, _swapped(column, place), source)
    grid = values.astype(f"<U{width}").view(np.uint32).reshape(len(values), width)
    after = np.take_along_axis(grid, np.minimum(source, width - 1), axis=1)
    after = np.where((error == 3) & (column == width - 1), 0, after)
    wrong = rng.choice(np.array([ord(letter) for letter in letters], dtype=np.uint32), (len(values), 1))
    after = np.where(((error == 0) | (error == 2)) & (column == place), wrong, after)
    after = np.ascontiguousarray(np.where(length[:, None] == 0, 0, after), dtype=np.uint32)
    return after.view(f"<U{width}").reshape(len(values))


def _swapped(column: Ints, place: Ints) -> Ints:
    return np.where(column == place, place + 1, np.where(column == place + 1, place, column))
