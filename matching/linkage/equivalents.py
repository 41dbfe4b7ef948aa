"""Values that stand for one another: `Bill` for William, `IT` for Italy, a province's old name for its new one.

No list says which they are, and none could for all languages and codes. The data do: among pairs that match by all
else, two values that mean the same meet far more often than those that somebody got wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from matching.linkage.clusters import components
from matching.linkage.comparison import Comparison
from matching.linkage.kinds import FULL, KINDS
from matching.linkage.patterns import Probable
from matching.linkage.records import Atom
from matching.linkage.runs import Flags, Floats, Longs
from matching.linkage.sample import Sample, Sharing

# Two values are seen in the records of so many subjects, at least, and of more than so many times what mistakes would
# make, and so many standard deviations (of a Poisson variable).
_LEAST_SUBJECTS = 3
_TIMES, _DEVIATIONS = 2.0, 3.0
# Members of a family, at most.
_FAMILY = 8
# Columns in which brothers and sisters differ, and names of one family are of one fashion.
_OF_FAMILY = ("given_name", "full_name")
# Standard deviations (of a binomial variable) by which more subjects than usual may have found themselves, and a half.
_MORE = 2.0
# Probability from which a pair counts as a match here: one that differs in the column is one by all others.
_LIKELY = 0.5
# Pairs of values a column, at most: those of most subjects.
_MOST = 2_000

Pairs = Sequence[tuple[int, int]]


def learned(
    probable: Probable, drawn: Sample | Sharing, made: Sequence[Atom], columns: Mapping[str, str]
) -> Mapping[int, Pairs]:
    """Column → the hashes of two values (of two words of a full name) that stand for one another, the commonest first.

    Args:
        probable: pairs that may match.
        drawn: the records of these pairs.
        made: what the rows of `drawn.keys` mean.
        columns: column → kind.
    """
    likely = probable.match >= _LIKELY
    left, right = probable.left[likely], probable.right[likely]
    subject = components(left, right, drawn.keys.shape[1])[left]
    at = {atom.name: keys for atom, keys in zip(made, drawn.keys, strict=True)}
    whole = [(at[column][left], at[column][right]) for column in columns]
    found = {}
    for i, (column, kind) in enumerate(columns.items()):
        names = _atoms(column, kind)
        # Of very many columns some have lost the atoms of their words.
        own = [at[name] for name in names] if at.keys() >= set(names) else []
        sides = [(keys[left], keys[right]) for keys in own]
        equal = [one == other for one, other in sides]
        pairs = []
        for a, keys in enumerate(own):
            # Of a full name one word may stand for another where the rest is the same.
            same = np.all([np.ones(len(left), dtype=bool), *equal[:a], *equal[a + 1 :]], axis=0)
            told = _stand_for(sides[a], same, subject, whole[:i] + whole[i + 1 :], _shares(keys))
            if kind in _OF_FAMILY and told:
                told = _of_one(told, sides[a], (left, right), subject)
            pairs += told
        if pairs:
            ranked = sorted(pairs, key=lambda each: (-each[1], each[0]))
            found[i] = list(dict.fromkeys(pair for pair, _ in ranked))[:_MOST]
    return found


def as_one(sample: Sample, made: Sequence[Atom], columns: Mapping[str, str], stand: Mapping[int, Pairs]) -> Sample:
    """The sample with one hash for two values of a column that stand for one another, which are whole values there.

    A value is one with the one that it meets most: through a third and a fourth all schools of a town would be one.
    """
    keys = sample.keys.copy()
    for i, (column, kind) in enumerate(columns.items()):
        if i in stand and FULL in KINDS[kind].equivalents:
            own = next(k for k, atom in enumerate(made) if atom.name == column)
            known: dict[int, int] = {}
            for one, other in stand[i]:
                if one not in known and other not in known:
                    known |= {one: one, other: one}
            values = np.sort(np.array(list(known)))
            at = np.minimum(np.searchsorted(values, keys[own]), len(values) - 1)
            hashes = np.array([known[value] for value in values.tolist()])
            keys[own] = np.where(values[at] == keys[own], hashes[at], keys[own])
    return replace(sample, keys=keys)


def _atoms(column: str, kind: str) -> list[str]:
    """Names of the atoms whose values may stand for one another."""
    return [column if form == FULL else f"{column}.{form}" for form in KINDS[kind].equivalents]


def _shares(values: Longs) -> tuple[Longs, Floats]:
    """Values, ascending, and the share of the records with any that has each."""
    known, counts = np.unique(values[values != 0], return_counts=True)
    return known, counts / max(counts.sum(), 1)


def _stand_for(
    sides: tuple[Longs, Longs],
    same: Flags,
    subject: Longs,
    elsewhere: Sequence[tuple[Longs, Longs]],
    shares: tuple[Longs, Floats],
) -> list[tuple[tuple[int, int], int]]:
    """Pairs of values that stand for one another, each with the number of subjects that show it.

    Args:
        sides: values of the two records of each pair, 0 where one has none.
        same: whether the rest of the column is the same.
        subject: whose records they are.
        elsewhere: values of the same pairs in other columns.
        shares: how frequent each value is.
    """
    apart = np.flatnonzero(same & (sides[0] != sides[1]) & (sides[0] != 0) & (sides[1] != 0))
    if not len(apart):
        return []
    low, high = (pick(*sides)[apart] for pick in (np.minimum, np.maximum))
    pairs, of = _numbered(low, high)
    subjects = _counted(of, subject[apart])
    values, share = shares
    chance = np.prod([share[np.searchsorted(values, side)] for side in pairs], axis=0)
    # Whoever is wrong has any other value instead, each as likely as it is frequent.
    wrong = subjects.sum() * 2 * chance / max(1 - (share**2).sum(), 1e-9)
    told = subjects >= np.maximum(_LEAST_SUBJECTS, 2 + _TIMES * wrong + _DEVIATIONS * np.sqrt(wrong))
    if not told.any():
        return []
    kept = np.flatnonzero(told[of])
    rows = apart[kept]
    for one, other in elsewhere:
        moved = (one[rows] != other[rows]) & (one[rows] != 0) & (other[rows] != 0)
        cases = _counted(of[kept], subject[rows], np.where(moved, one[rows] ^ other[rows], subject[rows]))
        told[np.flatnonzero(cases < _LEAST_SUBJECTS)] = False
    return [((int(a), int(b)), int(count)) for a, b, count in zip(*pairs[:, told], subjects[told], strict=True)]


def _of_one(
    found: list[tuple[tuple[int, int], int]], sides: tuple[Longs, Longs], records: tuple[Longs, Longs], subject: Longs
) -> list[tuple[tuple[int, int], int]]:
    """Those of the pairs of names that are one person's, and not twins': `Matthew` and `Michael` are often brothers.

    Each of two people is found again under the own name, as often as anybody has a second record. Who bears both names
    is found under either of them once more as seldom as anybody has a third, for each of the two.
    """
    one, other = sides
    same = (one == other) & (one != 0)
    again = np.bincount(np.concatenate([side[same] for side in records]), minlength=int(np.max(records)) + 1)
    most = np.maximum(again[records[0]], again[records[1]])
    # A pair of equal values is one time itself that its two records are found under their name.
    seen = pd.DataFrame({"pair": one ^ other, "subject": subject, "again": most > same})
    asked = seen[same | np.isin(seen["pair"], [low ^ high for (low, high), _ in found])]
    # By what two hashes differ in, equal ones in nothing: the share of subjects of whom any is found again.
    shares = asked.groupby(["pair", "subject"])["again"].any().groupby("pair").mean()
    usual = min(2 * shares.get(0, 0.0), 1.0)

    def is_usual(pair: tuple[int, int], count: int) -> bool:
        """Whether no more of so many subjects are found again than may be."""
        most = usual * count + _MORE * np.sqrt(usual * (1 - usual) * count) + 0.5
        return bool(shares[pair[0] ^ pair[1]] * count <= most)

    return [(pair, count) for pair, count in found if is_usual(pair, count)]


def _numbered(low: Longs, high: Longs) -> tuple[Longs, Longs]:
    """Distinct pairs of values, an array [side, pair], and the number of that of each row."""
    pairs, of = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
    return pairs, of.reshape(-1)


def _counted(pair: Longs, subject: Longs, case: Longs | None = None) -> Longs:
    """Number of subjects that show each pair of values.

    `case`: a family that moves moves together, so that subjects of one case count as families.
    """
    if case is None:
        each = np.unique(np.stack([pair, subject]), axis=1)
        return np.bincount(each[0])
    each = np.unique(np.stack([pair, case, subject]), axis=1)
    cases, members = np.unique(each[:2], axis=1, return_counts=True)
    return np.bincount(cases[0], -(-members // _FAMILY)).astype(np.int64)


def texts(records: DataFrame, chosen: Sequence[Comparison], most: int) -> dict[str, list[tuple[str, str]]]:
    """Column → texts that stand for one another, as they compare, the commonest first; `most` of each.

    Columns in: compared, as `comparison.prepared` leaves it.
    """
    pairs = {i: each.equivalents[:most] for i, each in enumerate(chosen) if each.equivalents}
    if not pairs:
        return {}
    words = []
    for i, known in pairs.items():
        kind, hashes = KINDS[chosen[i].kind], sorted({value for pair in known for value in pair})
        for form in kind.equivalents:
            word = kind.atoms[form](F.col(f"compared.v{i}"))
            asked = F.xxhash64(word).isin(hashes)
            words.append(F.when(asked, F.struct(F.lit(i).alias("column"), word.alias("word"))))
    told = records.select(F.explode(F.array(*words)).alias("told")).where("told is not null").select("told.*")
    rows = told.distinct().select("column", "word", F.xxhash64("word").alias("hash")).collect()
    known_as = {(row["column"], row["hash"]): str(row["word"]) for row in rows}
    return {
        chosen[i].column: [
            (known_as[i, a], known_as[i, b]) for a, b in known if (i, a) in known_as and (i, b) in known_as
        ]
        for i, known in pairs.items()
    }
