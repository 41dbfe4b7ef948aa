"""Array types, and the few array operations that NumPy and Arrow do not have by name."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Text = Any  # pa.Array of strings: pyarrow has no types of its own
Arrow = Any  # any pa.Array

NOBODY = -1  # index of "no person", "no organisation", "no row"
NEVER = np.int64(np.iinfo(np.int32).min)  # a day number for "no date"


def days(date: datetime.date) -> int:
    """Day number (days since 1970-01-01) of a date."""
    return (date - datetime.date(1970, 1, 1)).days


def month_index(day: Ints | int) -> Ints:
    """Months since January 1970 of day numbers."""
    return np.asarray(np.asarray(day, dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64))


def first_day(month: Ints | int) -> Ints:
    """Day number of the first day of months given as months since January 1970."""
    return np.asarray(np.asarray(month, dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64))


def year_of(day: Ints) -> Ints:
    """Calendar years of day numbers."""
    return np.asarray(day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)


def month_and_day(day: Ints) -> tuple[Ints, Ints]:
    """Month (1-12) and day of the month of day numbers."""
    months = month_index(day)
    return months % 12 + 1, day - first_day(months) + 1


def day_of(year: Ints, month: Ints, day: Ints) -> Ints:
    """Day numbers of calendar dates; `day` may run over the end of the month."""
    return first_day((year - 1970) * 12 + month - 1) + day - 1


def padded(numbers: Ints, width: int) -> Text:
    """Numbers as text with leading zeros."""
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")


def where(condition: Bools, yes: Arrow, no: Arrow) -> Arrow:
    """Element by element `yes` where the condition holds, else `no`; both Arrow arrays or one a plain value."""
    return pc.if_else(pa.array(condition), yes, no)


def blanked(values: Arrow, empty: Bools) -> Arrow:
    """Values with nulls where `empty` holds."""
    return where(empty, pa.scalar(None, values.type), values)


def chosen(words: list[str] | tuple[str, ...], codes: Ints) -> Text:
    """The words behind codes; a negative code is null."""
    return pc.take(pa.array(list(words), pa.string()), pa.array(codes, mask=codes < 0))


def joined(*parts: Arrow, separator: str = "") -> Text:
    """Texts joined element by element; a null part makes the whole null."""
    return pc.binary_join_element_wise(*parts, separator)


def dates(day: Ints) -> Arrow:
    """Day numbers as Arrow dates; `NEVER` is null."""
    return pa.array(np.where(day == NEVER, 0, day).astype(np.int32), mask=day == NEVER).cast(pa.date32())


def first_of_each(keys: Ints, size: int) -> Ints:
    """For each key 0 … size-1 the index of its first element, or NOBODY; negative keys are left out."""
    found = np.full(size, NOBODY, np.int64)
    positions = np.flatnonzero(keys >= 0)[::-1]
    found[keys[positions]] = positions
    return found


def looked_up(keys: Ints, values: Ints) -> Ints:
    """Index in `keys` (unique where positive) of each value, or NOBODY; values of 0 and less are never found."""
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], values), len(keys) - 1)
    found = order[at]
    return np.where((keys[found] == values) & (values > 0), found, NOBODY)


def at_or(values: Ints, index: Ints, default: int) -> Ints:
    """`values[index]`, and the default where the index is negative."""
    return np.where(index < 0, default, values[np.maximum(index, 0)])
