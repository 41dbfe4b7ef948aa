"""Of one column alone: no other says what matches look like in it, nor which equal values are equal by chance.

So what the rows are is what they say: equal values are those of matches, and m stays what it starts as. What differs is
held against texts of words drawn from all others, which only chance makes alike (as permutation tests draw what chance
does; Fisher 1935). Of values of one word, that says nothing: equal ones match, others seldom.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from matching.linkage.comparison import Comparison
from matching.linkage.kinds import KINDS, NUMBERS
from matching.linkage.runs import Floats, Longs

# Records of which the words are drawn, at most.
_MOST = 20_000


def is_alone(chosen: Sequence[Comparison]) -> bool:
    """Whether one column is all that is compared."""
    return len(chosen) == 1


def assumed(column: Comparison, start: Floats, u: Floats) -> Floats:
    """M of the levels before labels speak, an array [state, level]: what is usual.

    Other numbers say nothing: lists of products, of branches, of houses are full of them.

    Args:
        column: the comparison.
        start: m before data speak.
        u: by chance.
    """
    says_nothing = np.array([name == NUMBERS for name in column.levels])
    return np.asarray(np.where(says_nothing, np.minimum(start, u), start))


def has_words(chosen: Sequence[Comparison]) -> bool:
    """Whether one column is all that is compared, and its values are words."""
    return is_alone(chosen) and KINDS[chosen[0].kind].rare


def equal_by_chance(column: Comparison, levels: Longs, pairs: Floats) -> float:
    """Probability that two values are equal by chance: what pairs with drawn words show; 0 where values have no words.

    Of names of two words that are equal most are namesakes'.

    Args:
        column: the comparison.
        levels: gammas that drawn pairs show.
        pairs: number of pairs that show each.
    """
    if not KINDS[column.kind].rare:
        return 0.0
    return float(pairs[levels == column.exact].sum() / max(pairs[levels >= 0].sum(), 1.0))


def against_chance(drawn: pa.Table) -> pa.Table:
    """Drawn pairs, the right record of each in its form of `by_chance`. Columns in and out: l, r (rid), draw."""
    return drawn.set_column(1, "r", pc.subtract(-1, drawn.column("r")))


def by_chance(records: DataFrame, rids: Longs, seed: int) -> DataFrame:
    """Records whose words stand in other records at the same place; their rid is -1 less that of a record.

    Of one word nothing else can be made: records that have no more are left out.

    Args:
        records: rid, source, id, v0.
        rids: of the records whose words are taken, or of some of them.
        seed: which word comes where.
    """
    generator = np.random.default_rng(seed)
    session = records.sparkSession
    some = pa.table({"rid": generator.permutation(np.sort(rids))[:_MOST]})
    table = (
        records.join(F.broadcast(session.createDataFrame(some)), "rid")
        .select("rid", "source", F.split("v0", " ").alias("words"))
        .where(F.size("words") > 1)
        .toArrow()
        .sort_by("rid")
    )
    words = table.column("words").to_pylist()
    drawn = [list(each) for each in words]
    for place in range(max(map(len, words), default=0)):
        having = [at for at, each in enumerate(words) if len(each) > place]
        for at, other in zip(having, generator.permutation(having), strict=True):
            drawn[at][place] = words[other][place]
    rid = pc.subtract(-1, table.column("rid"))
    values = pa.array([" ".join(each) for each in drawn], pa.string())
    none = pa.nulls(len(values), pa.string())
    made = pa.table({"rid": rid, "source": table.column("source"), "id": none, "v0": values})
    return session.createDataFrame(made)
