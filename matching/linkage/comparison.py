"""Comparison of candidate pairs: the level that each column shows, as native expressions, and term frequencies.

The levels of a pair travel packed, four bits a column, in as few numbers as will hold them: an agreement pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.expressions import literals
from matching.linkage.kinds import (
    DIFFERENT,
    EQUIVALENT,
    EXACT,
    FREQUENT,
    KINDS,
    LETTERS,
    RARE,
    WEIGHT,
    Bounded,
    Kind,
    Sides,
    common_words,
    frequent_words,
    letters,
    rare_words,
    weight_of_words,
)
from matching.linkage.records import swapped

_BITS = 4
_PER_PACK = 63 // _BITS
MASK = 2**_BITS - 1
NULL = -1
SWAPPED = "swapped"
_SWAPPED_M = 0.02
_NONE: Mapping[int, Sequence[Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Comparison:
    """How one column is compared.

    Attributes:
        column: its name.
        kind: its kind.
        levels: names of the levels by gamma; `different` is 0.
        start: m of each level before data speak.
        term_frequency: whether equal values count by how rare they are.
        other: of given and family name, which may stand the wrong way round, the index of the other column.
        carries: whether this column bears the evidence that both are swapped (the other one then bears none).
        parent: index of the column that this one depends on in pairs that do not match: its levels count by what that
            one shows.
        rarity: share of the bits of a rare value that counts, by gamma of the parent: of what the parent tells already
            its rarity says nothing more.
        thresholds: level and bound (`kinds.Bounded`) of the levels whose bound is not that of the kind.
        equivalents: hashes of two values, or words, that stand for one another (`equivalents.learned`).
    """

    column: str
    kind: str
    levels: tuple[str, ...]
    start: tuple[float, ...]
    term_frequency: bool = True
    other: int | None = None
    carries: bool = False
    parent: int | None = None
    rarity: tuple[float, ...] = ()
    thresholds: tuple[tuple[str, float], ...] = ()
    equivalents: tuple[tuple[int, int], ...] = ()

    @property
    def ordered(self) -> list[int]:
        """Gammas of levels of which a better one never says less for a match, the worst first."""
        return [gamma for gamma, name in enumerate(self.levels) if name in KINDS[self.kind].ordered]

    @property
    def exact(self) -> int:
        """Gamma of equal values."""
        return self.levels.index(EXACT)


@dataclass(frozen=True)
class Wish:
    """What a user wants of a comparison.

    Attributes:
        levels: the levels between `exact` and `different` that are told apart; None: all of the kind.
        term_frequency: whether equal values count by how rare they are.
        thresholds: level → its bound, where it is another than the kind's (`kinds.Bounded`).
    """

    levels: tuple[str, ...] | None = None
    term_frequency: bool = True
    thresholds: Mapping[str, float] = field(default_factory=dict)


def comparisons(
    columns: Mapping[str, str],
    wishes: Mapping[str, Wish],
    equivalents: Mapping[int, Sequence[tuple[int, int]]] = _NONE,
) -> list[Comparison]:
    """How each column is compared, in their order.

    Args:
        columns: column → kind.
        wishes: column → what is wanted.
        equivalents: column (its place) → values that stand for one another; without any it has no level of them.

    Raises:
        ValueError: a wish names a level that the kind has not, or sets a bound of one that has none or is left out.
    """
    pair = swapped(columns)
    found = []
    for i, (column, kind) in enumerate(columns.items()):
        wish = wishes.get(column, Wish())
        named = [(name, m) for name, m, _ in KINDS[kind].levels]
        unknown = set(wish.levels or ()) - {name for name, _ in named}
        if unknown:
            raise ValueError(f"{column}: kind {kind} has no level {', '.join(sorted(unknown))}")
        bounded = {name for name, _, test in KINDS[kind].levels if isinstance(test, Bounded)}
        if wish.levels is not None:
            bounded &= set(wish.levels)
        without = set(wish.thresholds) - bounded
        if without:
            known = ", ".join(sorted(bounded)) or "none"
            raise ValueError(f"{column}: no threshold of {', '.join(sorted(without))}; levels that have one: {known}")
        there = [(name, m) for name, m in reversed(named) if name != EQUIVALENT or i in equivalents]
        between = [(name, m) for name, m in there if wish.levels is None or name in wish.levels]
        stand = tuple(equivalents[i]) if EQUIVALENT in dict(between) else ()
        levels = [(DIFFERENT, 0.05), *between, (EXACT, 0.95 - sum(m for _, m in between))]
        if pair and i == pair[0]:
            levels.append((SWAPPED, _SWAPPED_M))
        other = pair[1 - pair.index(i)] if pair and i in pair else None
        names, start = zip(*levels, strict=True)
        carries = SWAPPED in names
        thresholds = tuple(sorted(wish.thresholds.items()))
        found.append(
            Comparison(
                *(column, kind, names, start, wish.term_frequency, other, carries),
                thresholds=thresholds,
                equivalents=stand,
            )
        )
    return found


def prepared(
    records: DataFrame, chosen: Sequence[Comparison], frequent: Mapping[int, Sequence[int]] = _NONE
) -> DataFrame:
    """Records with the forms in which they compare, made once a record and not once a pair.

    Columns in: rid, `v<i>`, `t<i>` (bits that equal values count above the average), any others. Columns out: those
    others, rid, and compared: a struct of `v<i>`, `t<i>` and `f<i>_<form>` (a number each), which pairs carry in one
    piece.

    Args:
        records: the records.
        chosen: the comparisons.
        frequent: column → hashes of the words that many of its values have (see `frequencies.frequent_words`).
    """
    own = {f"{c}{i}": F.col(f"{c}{i}") for i in range(len(chosen)) for c in "vt"}
    forms = {}
    for i, each in enumerate(chosen):
        kind = KINDS[each.kind]
        edited = {LETTERS: letters} if kind.edits else {}
        standing = {_standing(atom): kind.atoms[atom] for atom in kind.equivalents if each.equivalents}
        for form, made in {**kind.forms, **edited, **standing}.items():
            forms[f"f{i}_{form}"] = made(F.col(f"v{i}"))
        if kind.rare:
            forms[f"f{i}_{RARE}"] = rare_words(F.col(f"v{i}"), frequent.get(i, ()))
            forms[f"f{i}_{FREQUENT}"] = frequent_words(F.col(f"v{i}"), frequent.get(i, ()))
            forms[f"f{i}_{WEIGHT}"] = weight_of_words(F.col(f"v{i}"), frequent.get(i, ()))
    # In columns of their own: Spark evaluates an expression at each mention.
    formed = records.withColumns(forms)
    texts = {name for name, kind in formed.select(*forms).dtypes if kind == "string"}
    packed = [F.when(F.col(each).isNotNull(), F.xxhash64(each)) if each in texts else F.col(each) for each in forms]
    struct = F.struct(*own.values(), *(c.alias(name) for name, c in zip(forms, packed, strict=True)))
    return formed.withColumn("compared", struct).drop(*own, *forms)


def compared(pairs: DataFrame, records: DataFrame, chosen: Sequence[Comparison]) -> DataFrame:
    """Agreement pattern of every pair.

    Columns in: of `pairs` l, r and any others; `records` as `prepared` leaves them. Columns out: those of `pairs`,
    `pattern_<j>` (long, see `gamma`), frequency (double, bits).
    """
    joined = pairs
    for side in ("l", "r"):
        # The same columns for both sides, so that a cluster holds the records once.
        joined = joined.join(records.select(F.col("rid").alias(side), F.col("compared").alias(f"of_{side}")), side)
    # One step after the other: Spark evaluates an expression at each mention, a column once.
    looked_at = {f"e{i}": _edits(i, KINDS[each.kind]) for i, each in enumerate(chosen)}
    looked_at |= {f"c{i}": _common(i, KINDS[each.kind]) for i, each in enumerate(chosen)}
    levels = joined.withColumns(looked_at).withColumns({f"g{i}": _level(i, each) for i, each in enumerate(chosen)})
    frequency = F.lit(0.0)
    for i, each in enumerate(chosen):
        bits = F.least(*_both(f"t{i}"))
        if each.rarity:
            bits = bits * F.coalesce(F.get(literals(each.rarity), F.col(f"g{each.parent}")), F.lit(1.0))
        frequency = frequency + F.when(F.col(f"g{i}") == each.exact, bits).otherwise(0.0)
    return levels.select(*pairs.columns, *_packed(len(chosen)), frequency.alias("frequency"))


def gamma(i: int) -> Column:
    """Level (int) that the i-th column shows in a pattern; -1 where a value is missing."""
    pack, shift = place(i)
    return F.shiftright(pack, shift).bitwiseAND(F.lit(MASK)).cast("int") + NULL


def place(i: int) -> tuple[str, int]:
    """Pattern column in which the i-th column's level stands, and the bit at which its bits begin."""
    return f"pattern_{i // _PER_PACK}", _BITS * (i % _PER_PACK)


def packs(columns: int) -> list[str]:
    """Names of the pattern columns."""
    return [f"pattern_{j}" for j in range(-(-columns // _PER_PACK))]


def _packed(columns: int) -> list[Column]:
    packed = []
    for j, name in enumerate(packs(columns)):
        total = F.lit(0).cast("long")
        for i in range(j * _PER_PACK, min((j + 1) * _PER_PACK, columns)):
            total = total + F.shiftleft((F.col(f"g{i}") - NULL).cast("long"), place(i)[1])
        packed.append(total.alias(name))
    return packed


def _both(name: str) -> tuple[Column, Column]:
    """What the two records of a pair have of it."""
    return F.col(f"of_l.{name}"), F.col(f"of_r.{name}")


def _forms(i: int, kind: Kind) -> dict[str, tuple[Column, Column]]:
    return {form: _both(f"f{i}_{form}") for form in (*kind.forms, *((RARE, FREQUENT, WEIGHT) if kind.rare else ()))}


def _common(i: int, kind: Kind) -> Column:
    return common_words(_forms(i, kind)) if kind.rare else F.lit(None).cast("int")


def _standing(atom: str) -> str:
    """Name of the form of an atom that may stand for another."""
    return f"{EQUIVALENT}_{atom}"


def _equivalent(i: int, comparison: Comparison) -> Column:
    """Whether of two values one stands for the other: in one of the kind's atoms, where the others are the same."""
    known = [a ^ b for a, b in comparison.equivalents]
    every, some = F.lit(True), F.lit(False)
    for atom in KINDS[comparison.kind].equivalents if known else ():
        one, other = _both(f"f{i}_{_standing(atom)}")
        stands = one.bitwiseXOR(other).isin(known)
        every, some = every & ((one == other) | stands), some | stands
    return F.coalesce(every & some, F.lit(False))


def _edits(i: int, kind: Kind) -> Column:
    left, right = _both(f"v{i}")
    if not kind.edits:
        return F.lit(None).cast("int")
    one, other = _both(f"f{i}_{LETTERS}")
    apart = F.bit_count(one.bitwiseXOR(other))
    far = F.lit(-1)
    return F.when(left != right, F.when(apart <= 2 * kind.edits, F.levenshtein(left, right, kind.edits)).otherwise(far))


def _level(i: int, comparison: Comparison) -> Column:
    left, right = _both(f"v{i}")
    level = F.when(left.isNull() | right.isNull(), NULL).when(left == right, comparison.exact)
    if comparison.other is not None:
        others = _both(f"v{comparison.other}")
        either = (left == others[1]) & (others[0] == right)
        level = level.when(either, comparison.levels.index(SWAPPED) if comparison.carries else NULL)
    kind = KINDS[comparison.kind]
    sides = Sides(left, right, F.col(f"e{i}"), F.col(f"c{i}"), _equivalent(i, comparison), _forms(i, kind))
    bounds = dict(comparison.thresholds)
    for name, _, test in kind.levels:
        if name in comparison.levels:
            within = replace(test, bound=bounds[name]) if isinstance(test, Bounded) and name in bounds else test
            level = level.when(within(sides), comparison.levels.index(name))
    return level.otherwise(0)
