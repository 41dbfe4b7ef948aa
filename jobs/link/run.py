"""`ct18 link` from files to files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.errors import UserError
from jobs.link import inputs, results
from jobs.link.config import LinkConfig
from jobs.storage import Files
from matching.linkage import clusters, trained
from matching.linkage.alone import is_alone
from matching.linkage.clusters import Edges
from matching.linkage.comparison import comparisons
from matching.linkage.engine import Linked, against_all, equal_rows, link
from matching.linkage.given import LEAST_PAIRS, Input, Options, standardise
from matching.linkage.keys import named, user_key
from matching.linkage.records import atoms
from matching.linkage.trained import Trained

# What a labelled pair weighs in clusters: more than all evidence.
_CERTAIN = 1e9
# Pairs that are clustered on the driver, at most: about a gigabyte.
MOST_EDGES = 50_000_000


def run(spark: SparkSession, config: LinkConfig, base: Path, out: Path, told: Callable[[str], None]) -> dict[str, Any]:
    """Link what the configuration names; write pairs, clusters, a summary, what was learned, and a page.

    Args:
        spark: the session.
        config: the configuration.
        base: folder that its paths are relative to.
        out: folder of the results; made if it is not there.
        told: is given a line on each stage.

    Returns:
        The content of `summary.json`.

    Raises:
        UserError: an input cannot be read, is empty, lacks a column, or has null or duplicate ids; parameters are not
            of such columns; or `out` cannot be written to.
    """
    frames = _Frames()
    # Else Spark refuses a file in which pandas has written a date and time, whether it is asked for or not.
    spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
    # All values are texts: of a folder `zip=01` it would make the number 1.
    spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    try:
        return _run(spark, config, base, out, _Clock(told), frames)
    finally:
        frames.release()


def _run(
    spark: SparkSession, config: LinkConfig, base: Path, out: Path, clock: _Clock, frames: _Frames
) -> dict[str, Any]:
    results.check(spark, out)
    clock.begin("read")
    frozen = _parameters(spark, config, base)
    given = _given(spark, config, base, frozen, frames)
    _warn_of_bytes(spark, config, base, clock)
    _check_rules(given, config)
    labels = _labels(spark, config, base, given)
    options = Options(
        link=given.link,
        blocking_rules=config.blocking_rules,
        wishes=config.wishes,
        cap=config.max_block,
        pairs_a_record=config.pairs_per_record,
        least_pairs=0.0 if "pairs_per_record" in config.model_fields_set else LEAST_PAIRS,
        seed=config.seed,
    )
    if frozen is None or config.only is None:
        found = link(given, labels, options, frames.keep, clock.begin, frozen)
    else:
        asked = _asked(spark, config.only, config, base, given, frames)
        found = against_all(given, asked, labels, options, frames.keep, clock.begin, frozen)
    clock.begin("clusters")
    # What is written, and what clusters need beside it: all that is linked, and what labels say.
    least = min(config.min_probability, config.threshold)
    weighed = frames.keep(found.pairs.where((F.col("match_probability") >= least) | (F.col("label") >= 0)))
    kept = weighed.where(F.col("match_probability") >= config.min_probability)
    edges = _edges(weighed)
    grouping = _clustered(edges, _equal(given, found, config, len(edges.left)), config)
    clock.begin("write")
    summary = results.summary(config, given, found, kept, grouping)
    if found.learned is None and config.only is None and found.parameters.prior * found.possible < 1:
        clock.told(
            "warning: model: by these columns no pair is likely to match; if some do, give blocking_rules and labels"
        )
    if found.learned is None and is_alone(found.comparisons):
        clock.told(
            "warning: model: of one column alone nothing says how matches differ: that is assumed, and equal values "
            "are taken for one subject's unless chance makes as many; another column, or labels, would say more"
        )
    for line in _drifted(summary["drift"], config.most_drift_bits):
        clock.told(line)
    results.write(out, found, kept, grouping, summary, clock.seconds)
    return summary


class _Clock:
    """Seconds of each stage."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self.told = told
        self._stages: dict[str, float] = {}
        self._now: tuple[str, float] | None = None

    def begin(self, stage: str) -> None:
        """End the stage before and begin the next."""
        self.seconds()
        self.told(stage)
        self._now = stage, time.monotonic()

    def seconds(self) -> dict[str, float]:
        """Seconds a stage, of the running one until now."""
        if self._now:
            stage, began = self._now
            now = time.monotonic()
            self._stages[stage] = round(self._stages.get(stage, 0.0) + now - began, 2)
            self._now = stage, now
        return dict(self._stages)


class _Frames:
    """Frames that are computed once, until the run has ended: the next one in this process may find other files."""

    def __init__(self) -> None:
        self._kept: list[DataFrame] = []

    def keep(self, frame: DataFrame) -> DataFrame:
        """The frame, from now on computed once."""
        self._kept.append(frame.persist(StorageLevel.MEMORY_AND_DISK))
        return self._kept[-1]

    def release(self) -> None:
        """Forget them all."""
        for frame in self._kept:
            frame.unpersist()


def _parameters(spark: SparkSession, config: LinkConfig, base: Path) -> Trained | None:
    """Parameters of another run, where the configuration names some."""
    if config.parameters is None:
        return None
    name = inputs.name(config.parameters)
    try:
        content = Files(spark).read_bytes(_resolved(base, config.parameters))
        frozen = trained.read(json.loads(content))
    except OSError:
        raise UserError(f"{config.parameters}: not there, or not readable") from None
    except ValueError:
        raise UserError(f"{name}: not parameters that ct18 link wrote, or changed since") from None
    keys = {atom.name for atom in atoms(config.columns)}
    if not frozen.fits(comparisons(config.columns, config.wishes), keys):
        raise UserError(
            f"{name}: learned for other columns, kinds or levels, or in another order, than the configuration has"
        )
    if config.only and not config.blocking_rules and not frozen.blocking.rules:
        raise UserError(f"{name}: holds no blocking rules, which its run was given; give the same blocking_rules again")
    return frozen


def _drifted(drift: Mapping[str, Any] | None, bits: float) -> Iterator[str]:
    """A warning for each level whose weight has moved too far from that in force."""
    for each in drift["levels"] if drift else ():
        if abs(each["after"] - each["before"]) > bits:
            moved = f"{each['before']:.1f} in the parameters, {each['after']:.1f} by these data"
            yield f"warning: drift: {each['column']}, {each['level']}: weight {moved}"


def _given(spark: SparkSession, config: LinkConfig, base: Path, frozen: Trained | None, frames: _Frames) -> Input:
    paths = [_resolved(base, path) for path in config.inputs]
    rows = inputs.read(spark, paths, config.unique_id, config.columns)
    with inputs.readable():
        records, repetitions = standardise(rows, config.columns, frames.keep, frozen)
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
    return Input(records, config.columns, repetitions, counts, config.link_type == "link")


@inputs.readable()
def _warn_of_bytes(spark: SparkSession, config: LinkConfig, base: Path, clock: _Clock) -> None:
    for path in config.inputs:
        rows = inputs.garbled(spark, _resolved(base, path), list(config.columns))
        if rows:
            clock.told(f"warning: {inputs.name(path)}: bytes that are no UTF-8, in {rows:,} of the first rows at least")


def _check_rules(given: Input, config: LinkConfig) -> None:
    rules = config.blocking_rules or ()
    # All at once; which one it is only where one is wrong.
    if rules and _fault(given, rules):
        for rule in rules:
            if fault := _fault(given, [rule]):
                raise UserError(f"blocking rule {rule!r}: {fault}")


def _fault(given: Input, rules: Sequence[str]) -> str | None:
    """What is wrong with blocking rules; None where each gives keys.

    They are counted, since some fail only on values; what no key can be, a sum or a random number, cannot be counted.
    """
    try:
        named(given).agg(*(F.count(user_key(rule, given.columns)) for rule in rules)).collect()
    except (AnalysisException, ParseException):
        return "no expression of the columns"
    except (PySparkException, Py4JJavaError):
        return "fails on some values"
    return None


def _resolved(base: Path, path: str) -> str:
    """A path of the configuration, relative to its file; a URI as it is."""
    return path if "://" in path else str(base / path)


@inputs.readable()
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
    paired = known.where("l <> r").groupBy("l", "r").agg(F.max("label").alias("label"), F.min("label").alias("least"))
    both_ways = paired.where("label <> least").count()
    if both_ways:
        raise UserError(f"{inputs.name(config.labels)}: {both_ways:,} pairs are labelled both ways")
    return paired.drop("least")


@inputs.readable()
def _asked(spark: SparkSession, path: str, config: LinkConfig, base: Path, given: Input, frames: _Frames) -> DataFrame:
    """Rid and source of the records that are asked for; ids that no input has are an error."""
    wanted = inputs.read_ids(spark, _resolved(base, path), config.unique_id, len(given.counts))
    found = frames.keep(wanted.join(given.records.select("rid", "source", "id"), ["source", "id"], "left"))
    unknown = found.where("rid is null").count()
    if unknown:
        raise UserError(f"{inputs.name(path)}: {unknown:,} ids that no input has")
    return found.select("rid", "source")


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


def _equal(given: Input, found: Linked, config: LinkConfig, edges: int) -> Edges:
    """Rows that are one, alike in all and too many to be compared with each other (`engine.equal_rows`).

    Where only some records are asked for, clusters are of their pairs alone. `edges` are on the driver already.
    """
    if given.link or config.only is not None or not any(rule.pairs_cut for rule in found.rules):
        return Edges(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    linked = equal_rows(given, found, config.max_block).where(F.col("match_weight") >= _linked(config))
    table = linked.limit(MOST_EDGES - edges + 1).toArrow()
    if table.num_rows > MOST_EDGES - edges:
        raise UserError(f"more than {MOST_EDGES:,} pairs, with rows that are alike in all, which is what clusters take")
    return Edges(*(table.column(name).to_numpy() for name in ("l", "r", "match_weight")))


def _with_equal(edges: Edges, equal: Edges) -> Edges:
    """The pairs, and rows that are alike in all: these are one, but where labels say no."""
    if not len(equal.left):
        return edges
    left, right = np.concatenate([edges.left, equal.left]), np.concatenate([edges.right, equal.right])
    weight = np.concatenate([edges.weight, np.full(len(equal.left), _CERTAIN)])
    # Of a pair that stands twice what labels deny comes first, then what is certain.
    order = np.lexsort((-weight, weight > -_CERTAIN, right, left))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(left[order]) != 0) | (np.diff(right[order]) != 0)
    return Edges(left, right, weight).where(order[first])


def _linked(config: LinkConfig) -> float:
    """Match weight from which a pair is linked."""
    share = min(max(config.threshold, 1e-12), 1 - 1e-12)
    return float(np.log2(share / (1 - share)))


def _clustered(edges: Edges, equal: Edges, config: LinkConfig) -> results.Grouping:
    linked = _linked(config)
    if config.one_to_one:
        edges = clusters.best_partners(edges, linked)
    pairs = int((edges.weight >= linked).sum())
    joined = _with_equal(edges, equal)
    return results.Grouping(linked, pairs, *clusters.clustered(joined, linked, config.link_type == "link"))
