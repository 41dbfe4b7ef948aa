"""Records of the engine: one row an input row, numbered in the order of the ids, every column in its compared form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from matching import tables
from matching.linkage.kinds import FULL, KINDS, drawn_word
from matching.text import beginning

SWAPPED_KINDS = ("given_name", "family_name")
NUMBERED = ("identifier", "phone")


@dataclass(frozen=True)
class Atom:
    """A key that a record may have for blocking.

    Attributes:
        name: what people read: the column, or `column.form`.
        columns: indices of the columns that it is made of.
        key: the key of a record (text or a number); null: the record has none.
        is_full: whether equal keys are equal values.
        tells: whether records that share it are likelier the same for it. The half of a number may be all that it says
            of province or birth year.
    """

    name: str
    columns: frozenset[int]
    key: Column
    is_full: bool = False
    tells: bool = True


def known(rows: DataFrame, columns: Mapping[str, str]) -> DataFrame:
    """Rows whose texts are null where they say that nothing is known (`unknown`, `baby boy`): that is no evidence.

    Of a long text the beginning is taken (`text.beginning`).

    Columns in and out: `c<i>` the text of the i-th column, any others.
    """

    def told(c: Column, kind: str) -> Column:
        """The text, null where it says nothing."""
        written, folded = (
            tables.values("nothing_known", "text", case=case, kind="any")
            + tables.values("nothing_known", "text", case=case, kind=kind)
            for case in ("exact", "any")
        )
        bare = F.trim(c)
        return F.when(~(bare.isin(*written) | F.lower(bare).isin(*folded)), beginning(c))

    return rows.withColumns({f"c{i}": told(F.col(f"c{i}"), kind) for i, kind in enumerate(columns.values())})


def standardised(rows: DataFrame, columns: Mapping[str, str]) -> DataFrame:
    """Numbered records in compared form.

    Columns in: source (int), id (string), `c<i>` the text of the i-th column, `whole<i>` (see `repeated.said_once`).
    Columns out: rid (long, ascending with source and id), source, id, repetition (int, above 1 for a further row of the
    same id), `v<i>`, `whole<i>`.

    Args:
        rows: the input rows.
        columns: column → kind, in the order of `c<i>`.
    """
    values = [
        KINDS[kind].value(F.col(text)).alias(name)
        for i, kind in enumerate(columns.values())
        for text, name in ((f"c{i}", f"v{i}"), (f"whole{i}", f"whole{i}"))
        if text in rows.columns
    ]
    # One column to sort by, which is no constant: then the window finds its rows where the sort has put them.
    named = rows.withColumn("name", F.concat_ws(":", "source", "id"))
    ordered = named.repartitionByRange("name").sortWithinPartitions("name")
    repetition = F.row_number().over(Window.partitionBy("name").orderBy("name"))
    numbered = ordered.withColumn("repetition", repetition).withColumn("rid", F.monotonically_increasing_id())
    return numbered.select("rid", "source", "id", "repetition", *values)


def within(share: float) -> Column:
    """The hash (`xxhash64`) that a share of all hashes does not exceed; of a share of 1 and more the greatest."""
    # A share of exactly 1 is no whole number of hashes in floating point.
    return F.lit(min(int(share * 2**64), 2**64 - 1) - 2**63)


def swapped(columns: Mapping[str, str]) -> tuple[int, int] | None:
    """Indices of given and family name where there is one of each: these are written the wrong way round at times."""
    kinds = list(columns.values())
    if any(kinds.count(kind) != 1 for kind in SWAPPED_KINDS):
        return None
    given, family = SWAPPED_KINDS
    return kinds.index(given), kinds.index(family)


def atoms(columns: Mapping[str, str], most: int | None = None) -> list[Atom]:
    """Every key that the columns' kinds give.

    They are made of records as `standardised` leaves them, with `w<i>`, the rare words (`kinds.rare_words`) of columns
    whose kind draws some. Of more than `most` the whole values, then the first of each column's others, the second …
    """
    found = []
    for i, (column, kind) in enumerate(columns.items()):
        for form, key_of in KINDS[kind].atoms.items():
            name = column if form == FULL else f"{column}.{form}"
            tells = form == FULL or kind not in NUMBERED
            found.append(Atom(name, frozenset({i}), key_of(F.col(f"v{i}")), form == FULL, tells))
        for number in range(1, KINDS[kind].drawn + 1):
            found.append(Atom(f"{column}.word{number}", frozenset({i}), drawn_word(F.col(f"w{i}"), number)))
    pair = swapped(columns)
    if pair:
        names = [F.col(f"v{i}") for i in pair]
        either_way = F.concat(F.least(*names), F.lit(" "), F.greatest(*names))
        key = F.when(names[0].isNotNull() & names[1].isNotNull(), either_way)
        listed = list(columns)
        found.append(Atom(f"{listed[pair[0]]}.with.{listed[pair[1]]}", frozenset(pair), key))
    if most is None or len(found) <= most:
        return found
    place = [sum(other.columns == each.columns for other in found[:a]) for a, each in enumerate(found)]
    first = sorted(range(len(found)), key=lambda a: (not found[a].is_full, place[a], a))[:most]
    return [found[a] for a in sorted(first)]
