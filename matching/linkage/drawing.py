"""What is drawn of the records: a sample, with its keys on the driver, those that share drawn keys, and pairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.linkage import plan
from matching.linkage.chance import RANDOM
from matching.linkage.comparison import Comparison
from matching.linkage.given import Input, Options
from matching.linkage.keys import atom_names
from matching.linkage.records import Atom, within
from matching.linkage.runs import Flags, Longs
from matching.linkage.sample import Sample, Sharing, agreeing

_RANDOM_PAIRS = 500_000
# Keys that are drawn, for each record of the sample.
_DRAWN = 4
_PAIRS_OF_PARENT = 50_000


def sampled(given: Input, hashed: DataFrame, made: int, options: Options) -> tuple[Sample, list[Longs]]:
    """Sampled records, about `options.sample` of each input; their rid, an array an input."""
    drawn = F.lit(False)
    for source, count in enumerate(given.counts):
        share = within(min(options.sample / count, 1))
        drawn = drawn | ((F.col("source") == source) & (F.col("order") <= share))
    right, columns = _on_driver(hashed.where(drawn), ["rid"], made)
    sizes = [int((right == side).sum()) for side in range(len(given.counts))]
    scale = given.counts[0] / max(sizes[0], 1)
    scale *= given.counts[-1] / max(sizes[-1], 1)
    sample = Sample(columns[1:], right if given.link else None, scale)
    return sample, np.split(columns[0], np.cumsum(sizes)[:-1])


def sharing(given: Input, hashed: DataFrame, seen: plan.Survey, options: Options) -> Sharing | None:
    """Records that share drawn keys of conjunctions in which matches agree; None: the sample has all there are."""
    records = max(given.counts)
    seeds = plan.seeds(seen, float(sum(given.counts))) if records > options.sample else ()
    if not seeds:
        return None
    share = min(_DRAWN * options.sample / records / len(seeds), 1.0)
    drawn = F.lit(0).cast("long")
    for number, seed in enumerate(seeds):
        names = [f"a{a}" for a in seed]
        present = reduce(Column.__and__, (F.col(name).isNotNull() for name in names))
        key = F.xxhash64(F.lit(options.seed), F.lit(number), *names)
        bit = F.when(present & (key <= within(share)), F.lit(1 << number).cast("long")).otherwise(0)
        drawn = drawn.bitwiseOR(bit)
    rows = hashed.withColumn("drawn", drawn).where("drawn <> 0")
    right, columns = _on_driver(rows, ["drawn"], len(seen.atoms))
    return Sharing(columns[1:], right if given.link else None, seeds, share, columns[0])


def _on_driver(rows: DataFrame, first: Sequence[str], made: int) -> tuple[Flags, Longs]:
    """Whether records are of the second input, and some columns and their keys, in the order of a hash, an input each.

    The second is an array [column, record], 0 where there is nothing.
    """
    names = [*first, *atom_names(made)]
    table = rows.select(*dict.fromkeys(["source", "rid", "order", *names])).toArrow()
    by_hash = np.lexsort([table.column(name).to_numpy() for name in ("rid", "order", "source")])
    columns = np.stack([table.column(name).fill_null(0).to_numpy()[by_hash] for name in names])
    return table.column("source").to_numpy()[by_hash] == 1, columns


def pairs(
    sample: Sample, made: Sequence[Atom], rids: Sequence[Longs], chosen: Sequence[Comparison], seed: int
) -> pa.Table:
    """Pairs of sampled records: l, r (rid), draw: `RANDOM` pairs, c pairs that share a key of column c."""
    rid = np.concatenate(rids)
    draws = [(*_random_pairs(rids, seed), RANDOM)]
    for parent in sorted({each.parent for each in chosen if each.parent is not None}):
        for atom in (a for a, atom in enumerate(made) if atom.columns == {parent}):
            one, other = agreeing(sample, atom, _PAIRS_OF_PARENT)
            draws.append((rid[one], rid[other], parent))
    left, right = (np.concatenate([draw[side] for draw in draws]) for side in (0, 1))
    draw = np.repeat([draw[2] for draw in draws], [len(draw[0]) for draw in draws])
    apart = left != right
    return pa.table({"l": left[apart], "r": right[apart], "draw": draw[apart]})


def _random_pairs(rids: Sequence[Longs], seed: int) -> tuple[Longs, Longs]:
    """Pairs of sampled records, any as likely as any other: all that there are, where these are fewer."""
    left, right = rids[0], rids[-1]
    if len(rids) == 1 and len(left) * (len(left) - 1) // 2 <= _RANDOM_PAIRS:
        one, other = np.triu_indices(len(left), 1)
    elif len(rids) > 1 and len(left) * len(right) <= _RANDOM_PAIRS:
        one, other = (each.ravel() for each in np.indices((len(left), len(right))))
    else:
        generator = np.random.default_rng(seed)
        one, other = (generator.integers(0, len(each), _RANDOM_PAIRS) for each in (left, right))
    return left[one], right[other]
