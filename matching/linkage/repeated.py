"""Columns that say again what other columns of the row say: a full name beside its parts, an address with its town.

Compared as they are, such columns count the same evidence twice, and pairs that share a surname pass for matches. So
the whole is compared by what it says beyond its parts; where a part is missing, words of the whole stand in for it: the
given name that is left, the number of a model that another row declares. Whether a column repeats another is seen in
the rows themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.expressions import empty_to_null
from matching.linkage.kinds import KINDS
from matching.linkage.records import within

# Kinds of columns of several words, and kinds whose values may stand among these.
_PARTS: Mapping[str, frozenset[str]] = {
    "full_name": frozenset({"given_name", "family_name", "full_name"}),
    "address": frozenset({"locality", "postcode", "category", "number", "identifier", "address"}),
    "text": frozenset({"locality", "postcode", "category", "number", "identifier", "text"}),
}
# Share of the rows with both values in which the whole holds all words of the part; share of them in which a text holds
# all of another, or an identifier, and more: the titles of some songs name the album.
_REPEATED = 0.5
_AT_TIMES = 0.05
# Letters of a word that may be an identifier: few are by chance what another row declares.
_LEAST_CODE = 4
# Rows that are looked at, about.
_ENOUGH_ROWS = 20_000
_GIVEN, _FAMILY, _CODE = "given_name", "family_name", "identifier"
# What may follow a whole name. `Smith, John A`: the family name and what goes before it.
_SUFFIX = r"(?i)(?:,\s*|\s+)(?:jr|sr|i{2,3}|iv|md|phd|esq)\.?\s*$"
_FAMILY_COMMA = r"^([^,]+),([^,]*[^,\s][^,]*)$"


@dataclass(frozen=True)
class Repetition:
    """A column that repeats others.

    Attributes:
        whole: its index.
        parts: indices of the columns that it repeats.
        given, family: the parts that are the given and the family name, where there is one of them.
        code: the part that is an identifier, where there is one.
        family_first: whether the family name stands at the beginning of the whole, not at its end.
        at_times: whether only some rows repeat: a whole that says no more than its parts is kept.
    """

    whole: int
    parts: tuple[int, ...]
    given: int | None = None
    family: int | None = None
    family_first: bool = False
    at_times: bool = False
    code: int | None = None


def repetitions(rows: DataFrame, columns: Mapping[str, str]) -> list[Repetition]:
    """Columns that repeat others in more than half of the rows that have both, texts in some, as a sample shows.

    Columns in: id, `c<i>`, the text of the i-th column.
    """
    kinds = list(columns.values())
    pairs = [(w, p) for w, whole in enumerate(kinds) for p, part in enumerate(kinds) if w != p and _may(whole, part)]
    if not pairs:
        return []
    counts = []
    for w, p in pairs:
        both = F.col(f"w{w}").isNotNull() & F.col(f"w{p}").isNotNull()
        first, last = (F.element_at(f"w{w}", at) == F.element_at(f"w{p}", at) for at in (1, -1))
        holds, more = both & _holds(f"w{w}", f"w{p}"), F.size(f"w{w}") > F.size(f"w{p}")
        if kinds[p] == _CODE:
            # Few letters stand anywhere: the number of a track in the title of a symphony.
            more &= F.length(F.array_join(f"w{p}", "")) >= _LEAST_CODE
        tests = {"both": both, "held": holds, "beyond": holds & more, "first": both & first, "last": both & last}
        counts += [F.count_if(test).alias(f"{name}_{w}_{p}") for name, test in tests.items()]
    some = rows.where(F.xxhash64("id") <= within(_ENOUGH_ROWS / max(rows.count(), 1)))
    seen = some.select(*(_words(i).alias(f"w{i}") for i in sorted({i for pair in pairs for i in pair}))).agg(*counts)
    row = seen.first()
    assert row is not None
    held = {(w, p) for w, p in pairs if row[f"held_{w}_{p}"] > _REPEATED * row[f"both_{w}_{p}"]}
    wholes = {w for w, _ in held}
    texts = [(w, p) for w, p in pairs if w not in wholes and kinds[w] == "text" and kinds[p] in ("text", _CODE)]
    held |= {(w, p) for w, p in texts if row[f"beyond_{w}_{p}"] > _AT_TIMES * row[f"both_{w}_{p}"]}
    # Of two columns that repeat each other the later one is the repetition.
    held = {(w, p) for w, p in held if w > p or (p, w) not in held}
    found = []
    for w in sorted({w for w, _ in held}):
        parts = tuple(p for other, p in sorted(held) if other == w)
        given, family, code = (_only(parts, kinds, kind) for kind in (_GIVEN, _FAMILY, _CODE))
        at_start = family is not None and bool(row[f"first_{w}_{family}"] > row[f"last_{w}_{family}"])
        found.append(Repetition(w, parts, given, family, at_start, w not in wholes, code))
    return found


def said_once(rows: DataFrame, found: Sequence[Repetition]) -> DataFrame:
    """Rows in which no column repeats another.

    Columns in: source, id, `c<i>`, any others. Columns out: those, of which a part that is missing is taken from its
    whole and a whole keeps the words that no part has (null: none); `whole<i>` the text that a whole had.
    """
    for each in found:
        rows = rows.withColumn(f"whole{each.whole}", F.col(f"c{each.whole}"))
        for part, other, first in (
            (each.family, each.given, each.family_first),
            (each.given, each.family, not each.family_first),
        ):
            if part is not None:
                rows = _completed(rows, each, part, other, first)
        if each.code is not None:
            rows = _coded(rows, each.whole, each.code)
    for each in found:
        rest = empty_to_null(F.array_join(_rest(_words(each.whole), each.parts), " "))
        any_held = F.lit(False)
        for p in each.parts:
            any_held = any_held | _holds(_words(each.whole), _words(p))
        kept = F.col(f"c{each.whole}")
        said = F.coalesce(rest, kept) if each.at_times else rest
        rows = rows.withColumn(f"c{each.whole}", F.when(any_held, said).otherwise(kept))
    return rows


def _may(whole: str, part: str) -> bool:
    return part in _PARTS.get(whole, ())


def _only(parts: Sequence[int], kinds: Sequence[str], kind: str) -> int | None:
    of_kind = [p for p in parts if kinds[p] == kind]
    return of_kind[0] if len(of_kind) == 1 else None


def _words(i: int) -> Column:
    return _split(F.col(f"c{i}"))


def _split(c: Column) -> Column:
    return F.split(KINDS["text"].value(c), " ")


def _holds(whole: Column | str, part: Column | str) -> Column:
    """Whether all words of the part stand in the whole; false where one is missing."""
    return F.coalesce(F.size(F.array_except(part, whole)) == 0, F.lit(False))


def _rest(words: Column, parts: Sequence[int]) -> Column:
    """Words of the whole that no part has which stands in it as a whole."""
    nothing = F.array().cast("array<string>")
    held = [_holds(words, _words(p)) for p in parts]
    said = [F.when(holds, _words(p)).otherwise(nothing) for holds, p in zip(held, parts, strict=True)]
    return F.when(reduce(Column.__or__, held, F.lit(False)), F.array_except(words, F.concat(nothing, *said))).otherwise(
        words
    )


def _completed(rows: DataFrame, each: Repetition, part: int, other: int | None, first: bool) -> DataFrame:
    """Rows in which a missing part is the first or last word of what the whole says beyond the other part.

    One word of the whole is left to the other part, where that is not known to stand in it. Where family names stand at
    the end, one before a comma goes there too.
    """
    name = F.col(f"c{each.whole}")
    if not each.family_first:
        name = F.regexp_replace(F.regexp_replace(name, _SUFFIX, ""), _FAMILY_COMMA, "$2 $1")
    rest = _rest(_split(name), () if other is None else (other,))
    others = F.lit(1) if other is None else F.when(_holds(_words(each.whole), _words(other)), 0).otherwise(1)
    missing = F.col(f"c{part}").isNull() & (F.size(rest) > others)
    return rows.withColumn(
        f"c{part}", F.when(missing, F.element_at(rest, 1 if first else -1)).otherwise(F.col(f"c{part}"))
    )


def _coded(rows: DataFrame, whole: int, code: int) -> DataFrame:
    """Rows in which a missing identifier is the word of the whole that other rows have as theirs, the longest one."""
    name, as_code = f"c{code}", KINDS[_CODE].value
    known = rows.select(as_code(F.col(name)).alias("word")).where("word is not null").distinct()
    words = F.transform(_words(whole), F.upper)
    asked = rows.where(F.col(name).isNull()).select("source", "id", F.explode(words).alias("word"))
    asked = asked.where((F.length("word") >= _LEAST_CODE) & F.col("word").rlike("[0-9]"))
    ranked = F.max(F.struct(F.length("word"), "word"))["word"]
    taken = asked.join(known, "word").groupBy("source", "id").agg(ranked.alias("taken"))
    completed = rows.join(taken, ["source", "id"], "left").withColumn(name, F.coalesce(name, "taken"))
    return completed.select(rows.columns)
