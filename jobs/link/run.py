"""`ct18 link` from files to files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.errors import UserError
from jobs.link import inputs, results
from jobs.link.config import LinkConfig
from matching.linkage import clusters
from matching.linkage.clusters import Edges
from matching.linkage.engine import Input, Options, link, named, standardise, user_key

# What a labelled pair weighs in clusters: more than all evidence.
_CERTAIN = 1000.0
# Pairs that are clustered on the driver, at most: about a gigabyte.
MOST_EDGES = 50_000_000


def run(spark: SparkSession, config: LinkConfig, base: Path, out: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Link what the configuration names and write `pairs.parquet`, `clusters.parquet`, `summary.json`, `report.html`.

    Args:
        spark: the session.
        config: the configuration.
        base: folder that its paths are relative to.
        out: folder of the results; made if it is not there.
        told: is given a line on each stage.

    Returns:
        The content of `summary.json`.

    Raises:
        UserError: an input cannot be read, is empty, lacks a column, or has null or duplicate ids; or `out` cannot be
            written to.
    """
    clock = _Clock(told)
    clock.begin("read")
    given = _given(spark, config, base)
    _check_rules(given, config)
    labels = _labels(spark, config, base, given)
    options = Options(
        link=given.link,
        blocking_rules=config.blocking_rules,
        wishes=config.wishes,
        cap=config.max_block,
        pairs_a_record=config.pairs_per_record,
        seed=config.seed,
    )
    found = link(given, labels, options, _keep, clock.begin)
    clock.begin("clusters")
    kept = _keep(found.pairs.where(F.col("match_probability") >= config.min_probability))
    edges = _edges(kept)
    grouping = _clustered(edges, config)
    clock.begin("write")
    summary = results.summary(config, given, found, kept, edges, grouping)
    results.write(out, found, kept, grouping, summary, clock.seconds)
    return summary


class _Clock:
    """Seconds of each stage."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._stages: dict[str, float] = {}
        self._now: tuple[str, float] | None = None

    def begin(self, stage: str) -> None:
        """End the stage before and begin the next."""
        self.seconds()
        self._told(stage)
        self._now = stage, time.monotonic()

    def seconds(self) -> dict[str, float]:
        """Seconds a stage, of the running one until now."""
        if self._now:
            stage, began = self._now
            now = time.monotonic()
            self._stages[stage] = round(self._stages.get(stage, 0.0) + now - began, 2)
            self._now = stage, now
        return dict(self._stages)


def _keep(frame: DataFrame) -> DataFrame:
    return frame.persist(StorageLevel.MEMORY_AND_DISK)


def _given(spark: SparkSession, config: LinkConfig, base: Path) -> Input:
    paths = [_resolved(base, path) for path in config.inputs]
    rows = inputs.read(spark, paths, config.unique_id, list(config.columns))
    records, repeats = standardise(rows, config.columns, _keep)
    checks = records.groupBy("source").agg(
        F.count("*").alias("rows"),
        F.count(F.when(F.col("id").isNull(), 1)).alias("missing"),
        F.count(F.when(F.col("repetition") == 2, 1)).alias("repeated"),
    )
    seen = {row.source: row for row in checks.collect()}
    for source, path in enumerate(paths):
        name = inputs.name(path)
        if source not in seen:
            raise UserError(f"{name}: no rows")
        if seen[source].missing:
            raise UserError(f"{name}: {seen[source].missing:,} rows without {config.unique_id}")
        if seen[source].repeated:
            raise UserError(
                f"{name}: {seen[source].repeated:,} values of {config.unique_id} stand on more than one row"
            )
    counts = tuple(seen[source].rows for source in range(len(paths)))
    return Input(records, config.columns, repeats, counts, config.link_type == "link")


def _check_rules(given: Input, config: LinkConfig) -> None:
    for rule in config.blocking_rules or ():
        try:
            named(given).select(user_key(rule))
        except PySparkException:
            raise UserError(f"blocking rule {rule!r}: no expression of the columns") from None


def _resolved(base: Path, path: str) -> str:
    """A path of the configuration, relative to its file; a URI as it is."""
    return path if "://" in path else str(base / path)


def _labels(spark: SparkSession, config: LinkConfig, base: Path, given: Input) -> DataFrame | None:
    """Labelled pairs by the numbers of their records; pairs of unknown ids are an error."""
    if config.labels is None:
        return None
    labels = inputs.read_labels(spark, _resolved(base, config.labels))
    ids = given.records.select("rid", "source", "id")
    for side, source in (("l", 0), ("r", 1 if given.link else 0)):
        own = ids.where(F.col("source") == source).select(F.col("rid").alias(side), F.col("id").alias(f"id_{side}"))
        labels = labels.join(own, f"id_{side}", "left")
    unknown = labels.where("l is null or r is null").count()
    if unknown:
        raise UserError(f"{inputs.name(config.labels)}: {unknown:,} pairs name ids that no input has")
    pair = (F.col("l"), F.col("r")) if given.link else (F.least("l", "r"), F.greatest("l", "r"))
    known = labels.select(pair[0].alias("l"), pair[1].alias("r"), F.col("match").cast("int").alias("label"))
    return known.where("l <> r").groupBy("l", "r").agg(F.max("label").alias("label"))


def _edges(kept: DataFrame) -> Edges:
    """Kept pairs on the driver, three numbers each; labelled ones weigh what their label says."""
    count = kept.count()
    if count > MOST_EDGES:
        raise UserError(
            f"{count:,} pairs of probability min_probability and more; clusters take {MOST_EDGES:,}: raise it"
        )
    certain = F.when(F.col("label") == 1, _CERTAIN).when(F.col("label") == 0, -_CERTAIN)
    table = kept.select("l", "r", F.coalesce(certain, F.col("match_weight")).alias("weight")).toArrow()
    left, right, weight = (table.column(name).to_numpy() for name in ("l", "r", "weight"))
    order = np.lexsort((right, left))
    return Edges(left[order], right[order], weight[order])


def _clustered(edges: Edges, config: LinkConfig) -> results.Grouping:
    share = min(max(config.threshold, 1e-12), 1 - 1e-12)
    linked = float(np.log2(share / (1 - share)))
    if config.one_to_one:
        edges = clusters.best_partners(edges, linked)
    return results.Grouping(linked, *clusters.clustered(edges, linked))
