"""How well two names agree: what can't be told by equal keys is told here, in one Arrow UDF call a pair.

Names come folded (`names.person_key`, `names.company_key`): lower-case ASCII tokens, one blank between them, order
kept; a question mark is a lost letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import cast

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import StringType
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

SUBSET, INITIALS, TYPO, PARTIAL, GIVEN, DIFFERENT = "subset", "initials", "typo", "partial", "given", "different"

# One slip of the hand in a short name, two in a long one.
_LONG_NAME = 12
# Letters of a name from which it may be one that was cut off: `le minh` is another's more often than `le minh hang`.
_CUT_OFF = 8
_COMPANY_SIMILAR = 90.0
_LOST = re.compile("[?]+")


def _with_lost_letters(level: Callable[[str, str], str]) -> Callable[[str, str], str]:
    """The level of two names, a word with lost letters (`h??ng`) being whatever word of the other it may have been."""

    @wraps(level)
    def mended(record: str, subject: str) -> str:
        """That of the names as they may have been; those that may have been the same are a slip apart."""
        if "?" not in record and "?" not in subject:
            return level(record, subject)
        words, others = record.split(), subject.split()
        words, others = _mended(words, others), _mended(others, words)
        return TYPO if sorted(words) == sorted(others) else level(" ".join(words), " ".join(others))

    return mended


def _mended(words: list[str], others: list[str]) -> list[str]:
    """The words, those with lost letters as the first of the others that each may have been, else without the marks."""
    left = [other for other in others if other not in words]
    mended = []
    for word in words:
        if "?" in word:
            may_be = re.compile(_LOST.sub(lambda marks: f"[a-z]{{0,{len(marks[0])}}}", word))
            word = next(filter(may_be.fullmatch, left), word.replace("?", ""))  # noqa: PLW2901
        mended.append(word)
    return mended


@lru_cache(maxsize=200_000)
@_with_lost_letters
def person_level(record: str, subject: str) -> str:
    """Level of agreement of a person's name in a record with the name of a subject; both folded, and not equal.

    Returns:
        `subset`: surname and given name agree, one side lacks middle names, or the full name stands inside a longer
            text;
        `initials`: same given name, the other tokens agree as far as their letters go, or all of the name does, and the
            rest was cut off; `typo`: one or two edits apart;
        `partial`: surname and given name agree, the middle contradicts; `given`: only the given name; `different`.
    """
    left, right = record.split(), subject.split()
    if not left or not right:
        return DIFFERENT
    if _contains(left, right) or _contains(right, left):
        return SUBSET
    if _initials(left, right) or _initials(left[1:] + left[:1], right):
        return INITIALS
    if OSA.distance(record, subject, score_cutoff=2) <= (2 if min(len(record), len(subject)) >= _LONG_NAME else 1):
        return PARTIAL if _other_middle(left, right) else TYPO
    if left[-1] == right[-1] and left[0] == right[0]:
        return PARTIAL
    if _cut_off(record, subject):
        return INITIALS
    return GIVEN if right[-1] in (left[-1], left[0]) else DIFFERENT


@_with_lost_letters
def company_level(record: str, subject: str) -> str:
    """Level of agreement of two folded company names that are not equal: `subset`, `typo` or `different`."""
    left, right = set(record.split()), set(subject.split())
    if min(len(left), len(right)) > 1 and (left <= right or right <= left):
        return SUBSET
    return TYPO if fuzz.token_sort_ratio(record, subject, score_cutoff=_COMPANY_SIMILAR) else DIFFERENT


def _contains(outer: list[str], inner: list[str]) -> bool:
    """Whether surname and given name of `inner` are those of `outer`, and its other tokens occur there in order."""
    if len(inner) < 2 or len(inner) >= len(outer):
        return False
    if (outer[0], outer[-1]) == (inner[0], inner[-1]):
        rest = iter(outer[1:-1])
        return all(token in rest for token in inner[1:-1])
    return len(inner) >= 3 and f" {' '.join(inner)} " in f" {' '.join(outer)} "


def _initials(short: list[str], full: list[str]) -> bool:
    """Whether `short` abbreviates `full`: same given name, the others begin alike, one of them is shortened."""
    if short[-1] != full[-1] or not any(len(token) <= 2 for token in short[:-1]):
        return False
    if len(short) == len(full):
        return all(
            token == other or other.startswith(token[:1]) and len(token) <= 2
            for token, other in zip(short, full, strict=True)
        )
    return len(short) == 2 and full[0].startswith(short[0])


def _cut_off(record: str, full: str) -> bool:
    """Whether a name may be the beginning of another one that a field had no room for: two words, and not short."""
    return len(record) >= _CUT_OFF and " " in record and full.startswith(record)


def _other_middle(left: list[str], right: list[str]) -> bool:
    """Whether the names differ by a middle name that is another word, not a slip ("van" and "thi", "anh" and "an")."""
    if len(left) != len(right) or (left[0], left[-1]) != (right[0], right[-1]):
        return False
    changed = [(a, b) for a, b in zip(left[1:-1], right[1:-1], strict=True) if a != b]
    return any(min(len(a), len(b)) <= 3 for a, b in changed)


def _udf(level: Callable[[str, str], str]) -> Callable[[Column, Column], Column]:
    @arrow_udf(StringType())  # type: ignore[call-overload, untyped-decorator]
    def levels(records: pa.Array, subjects: pa.Array) -> pa.Array:
        """Level of each pair of a batch; null where either name is."""
        pairs = zip(records.to_pylist(), subjects.to_pylist(), strict=True)
        return pa.array([None if a is None or b is None else level(a, b) for a, b in pairs], pa.string())

    return cast(Callable[[Column, Column], Column], levels)


person_levels = _udf(person_level)
person_levels.__doc__ = "`person_level` over two columns; null where either is null."
company_levels = _udf(company_level)
company_levels.__doc__ = "`company_level` over two columns; null where either is null."
