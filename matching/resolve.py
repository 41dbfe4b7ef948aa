"""Whose is it: candidates compared, one probability for each and for none of them, and a decision.

records, subjects ─ propose ─ compare ─ estimate ─ score ─► every candidate with its probability, the best one first
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from matching import candidates, evidence, levels, model
from matching.changes import of
from matching.comparisons import LENDING, LENT, MODELS
from matching.levels import RECORD, SUBJECT, Statistics
from matching.model import Parameters, Sample

# Records whose candidates are so many that they tell nothing apart are no use to the estimate.
_SAMPLE_CANDIDATES = 200
# Records are drawn by their hash, in so many parts.
_HASHES = 2**40
# What the estimate asks of a pair beside its codes.
_FIGURES = ("log_u", "reused", "further", "reused_none", "further_none")


@dataclass(frozen=True)
class Resolution:
    """Result of `resolve`.

    Attributes:
        scored: a row a candidate: record, subject, household, rules, `g_*`, `u_*`, lending_weight, identity_of_dead
            (the record's, see `evidence.is_of_the_dead`), probability, none_probability, place (1 the best).
        parameters: of the model.
        proposed: candidates by rule (`candidates.propose`).
        blocking: report of the blocking rules (`candidates.report`).
    """

    scored: DataFrame
    parameters: Parameters
    proposed: DataFrame
    blocking: DataFrame


def resolve(
    records: DataFrame,
    subjects: DataFrame,
    kind: str,
    statistics: Statistics,
    cap: int,
    sample_records: int,
    keep: Callable[[DataFrame], DataFrame],
    before: DataFrame | None = None,
    frozen: Parameters | None = None,
    decided: DataFrame | None = None,
    *,
    are_few: bool = False,
) -> Resolution:
    """Candidates of every record with their match probabilities.

    Args:
        records: columns `levels.RECORD` and what `candidates.propose` asks for.
        subjects: columns `levels.SUBJECT`.
        kind: key of `comparisons.MODELS`.
        statistics: figures of the subjects.
        cap: subjects behind one blocking key above which it proposes nobody.
        sample_records: about so many records are taken to estimate the parameters.
        keep: computes a frame once and gives back one whose plan begins there (a checkpoint).
        before: what was proposed for these records when they had other relations (`Resolution.proposed`).
        frozen: parameters of an earlier training; estimated from these records where there are none.
        decided: what people have said of some records: record, subject, is_party (`candidates.with_named`).
        are_few: whether records are few beside subjects: then only subjects that are proposed travel.
    """
    proposed = candidates.propose(records, subjects, kind, cap, before)
    proposed = keep(proposed if decided is None else candidates.with_named(proposed, records, decided))
    if are_few:
        subjects = of(subjects, proposed, "subject")
    compared = levels.compare(_joined(candidates.pairs(proposed), records, subjects), kind, statistics)
    parameters = frozen
    if parameters is None:
        compared = keep(compared)
        # What people have named, and no rule finds, is unlike what is to be learned of.
        found = compared if decided is None else compared.where(F.col("rules") != F.array(F.lit(candidates.NAMED)))
        parameters = model.estimate(kind, statistics.subjects, _sample(found, kind, sample_records))
    scored = _scored(compared, parameters, decided)
    return Resolution(scored, parameters, proposed, candidates.report(proposed, cap))


def _joined(pairs: DataFrame, records: DataFrame, subjects: DataFrame) -> DataFrame:
    """Pairs with their record's columns as `r_…` and their subject's as `s_…`."""
    relations = [name for name in records.columns if name.startswith(("holder_", "state_"))]
    left = records.select("record", *(F.col(name).alias(f"r_{name}") for name in (*RECORD[1:], *relations)))
    right = subjects.select("subject", *(F.col(name).alias(f"s_{name}") for name in SUBJECT[1:]))
    return pairs.join(left, "record").join(right, "subject")


def _sample(compared: DataFrame, kind: str, records: int) -> Sample:
    """All pairs of a bounded share of the records, chosen by hash: the same whatever the partitions."""
    counted = compared.select(F.approx_count_distinct("record"), F.count("*")).first()
    known, pairs = (cast(int, figure) for figure in counted or (0, 0))
    share = min(1.0, records / max(1, known), records * _SAMPLE_CANDIDATES / max(1, pairs))
    hashed = F.pmod(F.xxhash64("record", F.lit("sample")), F.lit(_HASHES))
    chosen = compared.where(hashed < int(_HASHES * share))
    names = [comparison.name for comparison in MODELS[kind]]
    lent = [comparison.name for comparison in LENT if kind in LENDING]
    codes = [*(f"{p}_{name}" for name in names for p in ("g", "n")), *(f"l_{name}" for name in lent)]
    chances = [f"{part}_{name}" for part in ("u", "ul") for name in lent]
    rows = chosen.select("record", "subject", *codes, *_FIGURES, *chances).toPandas()
    rows = rows.sort_values(["record", "subject"], ignore_index=True)
    # Where nobody holds the declared id nothing is lent.
    rows = rows.fillna({f"l_{name}": -1 for name in lent} | {f"ul_{name}": 1.0 for name in lent})
    coded = {name: rows[name].to_numpy(dtype=np.int64) for name in codes}
    return Sample(
        record=rows["record"].factorize()[0].astype(np.int64),
        levels={name: coded[f"g_{name}"] for name in names},
        unseen={name: coded[f"n_{name}"] for name in names},
        lent={name: coded[f"l_{name}"] for name in lent},
        log_u_own={name: np.log(rows[f"u_{name}"].to_numpy(dtype=np.float64)) for name in lent},
        log_u_lent={name: np.log(rows[f"ul_{name}"].to_numpy(dtype=np.float64)) for name in lent},
        **{name: rows[name].to_numpy(dtype=np.float64) for name in _FIGURES},
    )


def _scored(compared: DataFrame, parameters: Parameters, decided: DataFrame | None) -> DataFrame:
    """Posterior of every candidate among its record's candidates and none.

    Whom people have ruled out is no candidate, but explains the others: whose identity a shop uses, say.
    """
    weight, none = model.log_weight(parameters, of_none=False), model.log_weight(parameters, of_none=True)
    order = Window.partitionBy("record").orderBy(F.col("weight").desc(), F.col("subject"))
    # In order: a sum of the same numbers in another order is another number, and the night another night.
    own = order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    weighed = compared.select("*", weight.alias("weight"), none.alias("none_weight"))
    top = F.greatest(F.max("weight").over(own), F.max("none_weight").over(own))
    shares = weighed.select(
        "*",
        F.exp(F.col("weight") - top).alias("share"),
        F.exp(F.max("none_weight").over(own) - top).alias("none_share"),
        F.max(evidence.is_of_the_dead(parameters)).over(own).alias("identity_of_dead"),
    )
    shares = shares if decided is None else candidates.allowed(shares, decided)
    total = F.sum("share").over(own) + F.col("none_share")
    return shares.select(
        *("record", "subject", "rules"),
        F.col("s_household").alias("household"),
        *(f"{prefix}_{comparison.name}" for comparison in parameters.comparisons for prefix in ("g", "u")),
        model.lending_weight(parameters).alias("lending_weight"),
        "identity_of_dead",
        (F.col("share") / total).alias("probability"),
        (F.col("none_share") / total).alias("none_probability"),
        F.row_number().over(order).alias("place"),
    )


def decision(probability: Column, link: float, review: float) -> Column:
    """`link`, `review` or `none` from a match probability and the two thresholds."""
    return F.when(probability >= link, "link").when(probability >= review, "review").otherwise("none")
