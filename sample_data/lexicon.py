"""One list of all words and phrases of the country, so that a text is a row of small integers until it is written."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import NOBODY, Ints, Text
from sample_data.writing import STYLES

NO_WORD = NOBODY


class Lexicon:
    """Words by code, each in every style of `writing.STYLES`."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._forms: Text | None = None

    def add(self, words: Iterable[str]) -> Ints:
        """Codes of words, taking in those that are new; not after the first `write`."""
        if self._forms is not None:
            raise RuntimeError("the lexicon is closed: text has been written")
        return np.array([self._codes.setdefault(word, len(self._codes)) for word in words], np.int64)

    def __len__(self) -> int:
        return len(self._codes)

    def words(self) -> list[str]:
        """All words in the order of their codes."""
        return list(self._codes)

    def write(self, codes: Ints, style: Ints | int = 0, separator: Text | str = " ") -> Text:
        """Text of each row of codes.

        Args:
            codes: one row a text, one column a word; `NO_WORD` is left out.
            style: code of `STYLES`, one for all, one a text, or one a word.
            separator: what stands between words, one for all or one a text.
        """
        styles = np.broadcast_to(np.reshape(style, (-1, 1)) if np.ndim(style) == 1 else style, codes.shape)
        index = styles * len(self) + np.maximum(codes, 0)
        columns = [pc.take(self._all_forms(), pa.array(i, mask=c < 0)) for i, c in zip(index.T, codes.T, strict=True)]
        return pc.binary_join_element_wise(*columns, separator, null_handling="skip")

    def _all_forms(self) -> Text:
        if self._forms is None:
            self._forms = _in_every_style(tuple(self._codes))
        return self._forms


@functools.cache  # the words are the same in every country
def _in_every_style(words: tuple[str, ...]) -> Text:
    return pa.array([form(word) for form in STYLES.values() for word in words], pa.string())
