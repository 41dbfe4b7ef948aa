"""What `ct18 link` leaves behind: scored pairs, clusters, the summary and its page."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.errors import UserError
from jobs.link import inputs
from jobs.link.config import LinkConfig
from jobs.link.page import page
from matching.linkage import equivalents, parameters
from matching.linkage.comparison import gamma
from matching.linkage.engine import Linked
from matching.linkage.given import Input
from matching.linkage.runs import Floats, Longs
from matching.linkage.trained import shifts

_WRITING = ".writing"
_EACH = 3
_CALIBRATION_BINS = 10
# Values of a column that stand for one another, of which is told: the commonest.
_MOST_TOLD = 100


@dataclass(frozen=True)
class Grouping:
    """Clusters of records.

    Attributes:
        linked: match weight from which a pair is linked.
        pairs: number of pairs that are; with `one_to_one` those of the partners that are left.
        records: rid of every record that is linked to another.
        cluster: smallest rid of the cluster of each.
        cut: connected components that were cut.
    """

    linked: float
    pairs: int
    records: Longs
    cluster: Longs
    cut: int


def check(spark: SparkSession, out: Path) -> None:
    """See before the work begins whether the results can be written.

    Raises:
        UserError: the folder can be neither written to nor made, or executors on other machines do not share it.
    """
    there = next(folder for folder in (out, *out.resolve().parents) if folder.exists())
    if not there.is_dir():
        raise UserError(f"{out}: {there} is no folder")
    if not os.access(there, os.W_OK):
        raise UserError(f"{out}: Permission denied")
    if not str(spark.sparkContext.master).startswith("local"):
        _require_shared(spark, there)


def _require_shared(spark: SparkSession, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as probe:
        try:
            _single_file(spark.range(1).toDF("id"), Path(probe) / "probe.parquet", ["id"])
        except (StopIteration, PySparkException, Py4JJavaError):
            told = "is not shared with the executors, who write the results: give a folder that all machines see"
            raise UserError(f"{folder}: {told}") from None


def write(
    out: Path,
    found: Linked,
    kept: DataFrame,
    grouping: Grouping,
    summary: dict[str, Any],
    seconds: Callable[[], Mapping[str, float]],
) -> None:
    """Write all files; each appears whole or not at all.

    Args:
        out: the folder.
        found: what the engine found.
        kept: its pairs that are worth writing.
        grouping: the clusters.
        summary: content of `summary.json`, but for `seconds`.
        seconds: seconds a stage until now.

    Raises:
        UserError: the folder cannot be written to.
    """
    folder = out / _WRITING
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: {error.strerror}") from None
    try:
        _single_file(_pairs(kept, found), folder / "pairs.parquet", ["id_l", "id_r"])
        _single_file(_clusters(found.records, grouping), folder / "clusters.parquet", ["source", "id"])
        summary["seconds"] = dict(seconds())
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
        learned = json.dumps(found.trained.plain(), ensure_ascii=False)
        (folder / "parameters.json").write_text(learned + "\n", encoding="utf-8")
        (folder / "report.html").write_text(page(summary), encoding="utf-8")
        for made in sorted(folder.iterdir()):
            target = out / made.name
            if target.is_dir():
                shutil.rmtree(target)
            made.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _single_file(frame: DataFrame, path: Path, order: list[str]) -> None:
    """Write a sorted frame as one Parquet file, which any reader opens by its name."""
    parts = path.with_suffix(".parts")
    # To one partition at once: a global sort would make the frame twice, first to learn where to cut it.
    whole = frame.repartition(1).sortWithinPartitions(*order)
    # As a URI: a colon in a name would be taken for the end of a scheme.
    whole.write.mode("overwrite").option("compression", "zstd").parquet(parts.resolve().as_uri())
    part = next(parts.glob("part-*.parquet"))
    part.replace(path)
    shutil.rmtree(parts)


def _pairs(kept: DataFrame, found: Linked) -> DataFrame:
    levels = [gamma(i).cast("byte").alias(f"gamma_{each.column}") for i, each in enumerate(found.comparisons)]
    return _named(kept, found).select("id_l", "id_r", "match_weight", "match_probability", *levels)


def _named(pairs: DataFrame, found: Linked) -> DataFrame:
    """Pairs with the ids of their records."""
    for side in ("l", "r"):
        ids = found.records.select(F.col("rid").alias(side), F.col("id").alias(f"id_{side}"))
        pairs = pairs.join(ids, side)
    return pairs


def _clusters(records: DataFrame, grouping: Grouping) -> DataFrame:
    """Every record with the smallest `source:id` of its cluster (rid ascends with them)."""
    session = records.sparkSession
    table = pa.table({"rid": grouping.records, "first": grouping.cluster})
    own = F.concat_ws(":", "source", "id")
    several = session.createDataFrame(table).where("rid <> first")
    firsts = records.select(F.col("rid").alias("first"), own.alias("cluster_id"))
    joined = records.join(several.join(firsts, "first").drop("first"), "rid", "left")
    return joined.select(F.col("source").cast("int"), "id", F.coalesce("cluster_id", own).alias("cluster_id"))


def summary(config: LinkConfig, given: Input, found: Linked, kept: DataFrame, grouping: Grouping) -> dict[str, Any]:
    """Content of `summary.json` and of the page, but for `seconds`; `kept` are the pairs worth writing."""
    model = found.parameters
    histogram = found.pairs.groupBy(F.floor("match_weight").cast("int").alias("weight")).count().collect()
    scored = sum(row["count"] for row in histogram)
    return {
        "link_type": config.link_type,
        "version": version("ct18"),
        "model_version": found.trained.version,
        "inputs": [
            {"name": inputs.name(path), "rows": rows} for path, rows in zip(config.inputs, given.counts, strict=True)
        ],
        "rows": sum(given.counts),
        "rows_asked": found.asked,
        "columns": dict(config.columns),
        "threshold": config.threshold,
        "min_probability": config.min_probability,
        "pairs_possible": int(found.possible),
        "pairs_scored": scored,
        "pairs_kept": kept.count(),
        "pairs_linked": grouping.pairs,
        "prior_probability": model.prior,
        "seconds": {},
        "blocking": _blocking(config, found),
        "comparisons": _comparisons(found, given),
        "related": _related(found),
        "drift": _drift(found),
        "most_drift_bits": config.most_drift_bits,
        "weights": _histogram(histogram),
        "examples": _examples(found, kept, grouping.linked),
        "clusters": _cluster_sizes(sum(given.counts), grouping),
        "labels": _labels(found, grouping.linked) if config.labels else None,
    }


def _blocking(config: LinkConfig, found: Linked) -> dict[str, Any]:
    matches = found.parameters.prior * found.possible / max(found.recall or 1.0, 1e-9)
    rules = [
        {
            "rule": rule.text,
            "pairs": rule.pairs,
            "first": rule.first,
            "expected_matches": round(rule.expected_matches, 1),
            "estimated_recall": round(min(rule.expected_matches / max(matches, 1e-9), 1.0), 4),
            "blocks_refined": rule.blocks_refined,
            "pairs_cut": rule.pairs_cut,
        }
        for rule in found.rules
    ]
    recall = None if found.recall is None else round(found.recall, 4)
    return {"estimated_recall": recall, "cap": config.max_block, "rules": rules}


def _comparisons(found: Linked, given: Input) -> dict[str, Any]:
    model = found.parameters
    stand = equivalents.texts(found.records, found.comparisons, _MOST_TOLD)
    told = {}
    for i, each in enumerate(found.comparisons):
        m, u = parameters.marginal(model, i)
        weights = np.log2(m / u)
        levels = [
            {"gamma": g, "name": each.levels[g], "m": float(m[g]), "u": float(u[g]), "weight": float(weights[g])}
            for g in reversed(range(len(each.levels)))
        ]
        parent = None if each.parent is None else found.comparisons[each.parent].column
        told[each.column] = {
            "kind": each.kind,
            "term_frequency": each.term_frequency,
            "depends_on": parent,
            "repeats": list(given.repeats.get(each.column, ())),
            "equivalents": stand.get(each.column, []),
            "levels": levels,
        }
    return told


def _related(found: Linked) -> list[dict[str, Any]]:
    """Classes of pairs that are alike and no matches: how many, in what they differ, how often each column agrees."""
    model, chosen = found.parameters, found.comparisons

    def exact(levels: Sequence[Floats]) -> dict[str, float]:
        """Column → probability of equal values."""
        return {each.column: float(shares[each.exact]) for each, shares in zip(chosen, levels, strict=True)}

    matches = exact([parameters.marginal(model, i)[0] for i in range(len(chosen))])
    return [
        {
            "pairs": round(each.share * found.possible),
            "own": [chosen[i].column for i in each.own],
            "exact": exact(each.levels),
            "exact_in_matches": matches,
        }
        for each in model.related
    ]


def _drift(found: Linked) -> dict[str, Any] | None:
    """What these data would have taught, against the parameters that the pairs were scored by."""
    if found.learned is None:
        return None
    moved = shifts(found.trained, found.learned)
    return {
        "prior_before": found.parameters.prior,
        "prior_after": found.learned.prior,
        "levels": [
            {"column": each.column, "level": each.level, "before": each.before, "after": each.after} for each in moved
        ],
    }


def _histogram(counted: list[Row]) -> dict[str, Any]:
    if not counted:
        return {"from": 0, "step": 1, "pairs": []}
    counts = {row.weight: row["count"] for row in counted}
    return {"from": min(counts), "step": 1, "pairs": [counts.get(w, 0) for w in range(min(counts), max(counts) + 1)]}


def _examples(found: Linked, kept: DataFrame, linked: float) -> list[dict[str, Any]]:
    """A few pairs of each sort that a reader would ask for, with all that made their weight."""
    weight = F.col("match_weight")
    sorts = {
        "strongest": (weight >= linked, F.desc("match_weight")),
        "near_threshold": (weight >= linked, F.asc("match_weight")),
        "below_threshold": (weight < linked, F.desc("match_weight")),
    }
    chosen = None
    for why, (which, order) in sorts.items():
        part = kept.where(which).orderBy(order, "l", "r").limit(_EACH).withColumn("why", F.lit(why))
        chosen = part if chosen is None else chosen.unionByName(part)
    assert chosen is not None
    own = [F.col(f"compared.t{i}") for i in range(len(found.comparisons))]
    steps = [
        c
        for i in range(len(found.comparisons))
        for c in (gamma(i).alias(f"g{i}"), parameters.weight_of(found.parameters, i).alias(f"w{i}"))
    ]
    bits = found.records.select(F.col("rid").alias("l"), *own)
    whole = _of_whole(found)
    rows = (
        _named(chosen, found)
        .join(bits, "l")
        .select("*", *steps, *(weight.alias(f"whole_{name}") for name, weight in whole.items()))
        .orderBy("why", F.desc("match_weight"), "l", "r")
    )
    return sorted(
        (_example(row, found, whole) for row in rows.collect()), key=lambda each: list(sorts).index(each["why"])
    )


def _of_whole(found: Linked) -> dict[str, Column]:
    """What the levels of all columns together add to the weight of a pair."""
    model, told = found.parameters, {}
    if len(model.apart) > 1:
        told["apart"] = parameters.weight_of_apart(model)
    if model.related:
        told["related"] = parameters.weight_of_related(model)
    return told


def _example(row: Row, found: Linked, whole: Iterable[str]) -> dict[str, Any]:
    steps = []
    for i, each in enumerate(found.comparisons):
        level = row[f"g{i}"]
        above = -1 if each.parent is None else row[f"g{each.parent}"]
        share = each.rarity[above] if above >= 0 and each.rarity else 1.0
        steps.append(
            {
                "column": each.column,
                "gamma": level,
                "level": each.levels[level] if level >= 0 else "null",
                "weight": round(row[f"w{i}"], 3),
                "term_frequency": round(share * row[f"t{i}"], 3) if level == each.exact else 0.0,
            }
        )
    first = next((rule.text for i, rule in enumerate(found.rules) if row.rules >> i & 1), "labels")
    return {
        "id_l": row.id_l,
        "id_r": row.id_r,
        "why": row.why,
        "rule": first,
        "prior": round(found.parameters.prior_weight, 3),
        "match_weight": round(row.match_weight, 3),
        "match_probability": row.match_probability,
        "steps": steps,
        "whole": {name: round(row[f"whole_{name}"], 3) for name in whole},
    }


def _cluster_sizes(records: int, grouping: Grouping) -> dict[str, Any]:
    _, sizes = np.unique(grouping.cluster, return_counts=True)
    several = sizes[sizes > 1]
    singles = records - int(several.sum())
    kinds, counts = np.unique(several, return_counts=True)
    listed = {"1": singles} | {str(size): int(count) for size, count in zip(kinds, counts, strict=True)}
    return {
        "count": singles + len(several),
        "with_several": len(several),
        "largest": int(several.max(initial=min(records, 1))),
        "bridges_cut": grouping.cut,
        "sizes": listed,
    }


def _labels(found: Linked, least: float) -> dict[str, Any]:
    """How the scores fit the labelled pairs; `least` is the match weight from which a pair is linked."""
    labelled = found.pairs.where("label >= 0")
    right, linked = F.col("label") == 1, F.col("match_weight") >= least
    tile = F.least(F.floor(F.col("match_probability") * _CALIBRATION_BINS), F.lit(_CALIBRATION_BINS - 1))
    rows = labelled.groupBy(tile.alias("tile")).agg(
        F.count("*").alias("pairs"),
        # Of whole numbers: their sum does not depend on the order in which partitions come.
        F.sum(F.round(F.col("match_probability") * 1e9).cast("long")).alias("billionths"),
        F.count(F.when(linked & right, 1)).alias("hits"),
        F.count(F.when(linked, 1)).alias("linked"),
        F.count(F.when(right, 1)).alias("matches"),
    )
    bins = rows.orderBy("tile").collect()
    pairs, hits, links, matches = (sum(row[name] for row in bins) for name in ("pairs", "hits", "linked", "matches"))
    shown = [(row.billionths / row.pairs / 1e9, row.matches / row.pairs, row.pairs) for row in bins]
    error = sum(count * abs(probability - share) for probability, share, count in shown) / max(pairs, 1)
    precision, recall = hits / max(links, 1), hits / max(matches, 1)
    return {
        "pairs": pairs,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "expected_calibration_error": error,
        "calibration": [{"probability": p, "share": share, "pairs": count} for p, share, count in shown],
    }
