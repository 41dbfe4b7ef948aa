"""Ways in which an agency's rows go wrong: building blocks of faults, each for some columns and a share of rows."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import Arrow, Bools, where

# Steps by which rows are spread over a table: the same ones each time, and neighbours apart.
_STRIDE = 61


@dataclass(frozen=True)
class Around:
    """What a fault may look at besides the rows that it spoils.

    Attributes:
        date: business date of the delivery that is spoiled.
        rows: rows of any source as it delivers them.
    """

    date: datetime.date
    rows: Callable[[str], pa.Table]


Spoil = Callable[[pa.Table, Around], pa.Table]
# Which rows.
Condition = Callable[[pa.Table, Around], Arrow]


def chosen_rows(count: int, share: float) -> Bools:
    """Which of so many rows are among a share of them."""
    return np.asarray(np.arange(count) * _STRIDE % 100 < round(100 * share))


def replaced(rows: pa.Table, column: str, values: Arrow) -> pa.Table:
    """The table with other values of a column."""
    return rows.set_column(rows.column_names.index(column), column, pc.cast(values, rows.schema.field(column).type))


def unchanged(rows: pa.Table, around: Around) -> pa.Table:
    """The rows as they are."""
    return rows


def then(*spoils: Spoil) -> Spoil:
    """One after another."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows that each has spoilt in turn."""
        for each in spoils:
            rows = each(rows, around)
        return rows

    return spoil


def put(values: Mapping[str, object], share: float = 1.0) -> Spoil:
    """The same value in every row of a share, by column; None empties it."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows of which the chosen ones have the values."""
        wrong = chosen_rows(rows.num_rows, share)
        for column, value in values.items():
            same = pa.scalar(value, rows.schema.field(column).type)
            rows = replaced(rows, column, where(wrong, same, rows[column]))
        return rows

    return spoil


def written(column: str, change: Callable[[str], str], share: float = 1.0) -> Spoil:
    """Texts written in another way."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows of which the chosen ones' texts are changed."""
        wrong = chosen_rows(rows.num_rows, share)
        texts = zip(rows[column].to_pylist(), wrong, strict=True)
        changed = [change(text) if spoilt and text is not None else text for text, spoilt in texts]
        return replaced(rows, column, pa.array(changed, pa.string()))

    return spoil


def numbered(column: str, text: Callable[[int], str], share: float = 1.0) -> Spoil:
    """Texts made up from the number of the row."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows of which the chosen ones have made-up texts."""
        made = pa.array([text(number) for number in range(rows.num_rows)], pa.string())
        return replaced(rows, column, where(chosen_rows(rows.num_rows, share), made, rows[column]))

    return spoil


def taken_from(source: str, columns: Mapping[str, str], only: Mapping[str, str]) -> Spoil:
    """Values of rows of another source that have some values, over and over: {column here: column there}."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows with values of the other source's."""
        others = around.rows(source)
        for column, value in only.items():
            others = others.filter(pc.equal(others[column], value))
        at = pa.array(np.arange(rows.num_rows) % others.num_rows)
        for here, there in columns.items():
            rows = replaced(rows, here, others[there].take(at))
        return rows

    return spoil


def rolled(*columns: str) -> Spoil:
    """Every row has the value of the row before, as after a sort of one column alone."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows with the values of the row before."""
        before = pa.array(np.roll(np.arange(rows.num_rows), 1))
        for column in columns:
            rows = replaced(rows, column, rows[column].take(before))
        return rows

    return spoil


def shifted(*columns: str) -> Spoil:
    """Every column has the values of its left neighbour, as after a comma too many."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows with the values of the left neighbour."""
        values = [rows[column] for column in columns]
        for column, left in zip(columns, [values[-1], *values[:-1]], strict=True):
            rows = replaced(rows, column, left)
        return rows

    return spoil


def kept(share: float) -> Spoil:
    """A share of the rows is there; the others are missing."""
    return lambda rows, around: rows.filter(pa.array(chosen_rows(rows.num_rows, share)))


def where_not(condition: Condition) -> Spoil:
    """Without the rows for which a condition holds."""
    return lambda rows, around: rows.filter(pc.invert(condition(rows, around)))


def times(column: str, factor: float, condition: Condition) -> Spoil:
    """Amounts in another unit in some rows."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows of which those that fulfil it have other amounts."""
        other = pc.cast(pc.multiply(pc.cast(rows[column], pa.float64()), factor), pa.int64(), safe=False)
        return replaced(rows, column, pc.if_else(condition(rows, around), other, rows[column]))

    return spoil


def doubled(column: str, change: Callable[[str], str], share: float = 0.1) -> Spoil:
    """A share of the rows once more, under another key."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows, and the chosen ones again."""
        again = rows.filter(pa.array(chosen_rows(rows.num_rows, share)))
        keys = pa.array([change(key) for key in again[column].to_pylist()], pa.string())
        return pa.concat_tables([rows, replaced(again, column, keys)])

    return spoil


def moved(column: str, days: int, share: float = 1.0) -> Spoil:
    """Dates or moments so many days later; earlier where negative."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows of which the chosen ones are dated otherwise."""
        values, kind = rows[column], rows.schema.field(column).type
        # Days of dates, microseconds of moments.
        step, number = (days, pa.int32()) if pa.types.is_date(kind) else (days * 86_400_000_000, pa.int64())
        later = pc.cast(pc.add(pc.cast(values, number), pa.scalar(step, number)), kind)
        return replaced(rows, column, where(chosen_rows(rows.num_rows, share), later, values))

    return spoil


def without(column: str) -> Spoil:
    """A column is not there."""
    return lambda rows, around: rows.drop_columns([column])


def as_text(column: str) -> Spoil:
    """A column of another type: text."""

    def spoil(rows: pa.Table, around: Around) -> pa.Table:
        """Rows with the column as text."""
        return rows.set_column(rows.column_names.index(column), column, pc.cast(rows[column], pa.string()))

    return spoil


def all_deleted(rows: pa.Table, around: Around) -> pa.Table:
    """Changes that delete every row."""
    return rows.append_column("change_type", pa.array(["D"] * rows.num_rows, pa.string()))
