"""The peer, Splink 5, on a data set of the bench.

`python -m tests.bench.linkage.peers MODEL --data DIR --out DIR [--spark]` writes what `ct18 link` writes: pairs,
clusters, and a summary with the number of pairs scored and seconds a stage.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import duckdb
import splink
import yaml
from splink import Linker, SettingsCreator
from splink.internals.splink_dataframe import SplinkDataFrame

from tests.bench.linkage.models import MODELS, Model

LEAST = 0.01  # probability of pairs that are written
LINKED = 0.5  # probability from which records are clustered
_EM_PAIRS = 2e6  # of a session of expectation maximisation: half its time, the same model
_SEED = 1
_INPUTS = ("input_0", "input_1")


class DuckDb:
    """Splink's default back end, in memory."""

    dates = "%Y%m%d"

    def __init__(self, scratch: str) -> None:
        self._connection = duckdb.connect(config={"temp_directory": scratch})
        self.api = splink.DuckDBAPI(connection=self._connection)

    def table(self, name: str, path: Path, derived: str) -> SplinkDataFrame:
        """An input with its derived columns."""
        query = f"create table {name} as select *{derived} from read_parquet('{path}')"
        self._connection.execute(query).fetchall()
        return self.api.register(name, dataset_display_name=name)

    def write(self, query: str, path: Path) -> None:
        """A query's result as Parquet."""
        self._connection.execute(f"copy ({query}) to '{path}' (format parquet)").fetchall()

    def count(self, query: str) -> int:
        """The number that a query gives."""
        return int(self._connection.execute(query).fetchall()[0][0])


class Spark:
    """Splink's Spark back end, set up as its guide and its example have it.

    That is: its jar, lineage broken by Parquet files, five partitions a core, no whole-stage code generation.
    """

    dates = "yyyyMMdd"

    def __init__(self, scratch: str) -> None:
        from pyspark.sql import SparkSession
        from splink.backends.spark import similarity_jar_location

        builder = SparkSession.Builder().master("local[2]").config("spark.driver.memory", "6g")
        builder = builder.config("spark.jars", similarity_jar_location()).config("spark.ui.enabled", "false")
        builder = builder.config("spark.default.parallelism", "10").config("spark.sql.shuffle.partitions", "10")
        builder = builder.config("spark.sql.codegen.wholeStage", "false")
        self._session = builder.config("spark.sql.warehouse.dir", scratch).getOrCreate()
        self._session.sparkContext.setCheckpointDir(scratch)
        self.api = splink.SparkAPI(spark_session=self._session, break_lineage_method="parquet")

    def table(self, name: str, path: Path, derived: str) -> SplinkDataFrame:
        """An input with its derived columns."""
        self._session.read.parquet(str(path)).createOrReplaceTempView(f"{name}_file")
        made = self._session.sql(f"select *{derived} from {name}_file").persist()
        return self.api.register(made, dataset_display_name=name)

    def write(self, query: str, path: Path) -> None:
        """A query's result as Parquet."""
        self._session.sql(query).write.mode("overwrite").parquet(str(path))

    def count(self, query: str) -> int:
        """The number that a query gives."""
        return int(self._session.sql(query).collect()[0][0])


def main() -> None:
    """Link one data set."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out) as scratch:
        link(MODELS[options.model], Spark(scratch) if options.spark else DuckDb(scratch), options.data, options.out)


def link(model: Model, backend: DuckDb | Spark, data: Path, out: Path) -> None:
    """Read, train, predict, cluster, write."""
    config = yaml.safe_load((data / "config.yaml").read_text(encoding="utf-8"))
    derived = "".join(f", {sql} as {name}" for name, sql in model.derived.items())
    files = zip(_INPUTS, config["inputs"], strict=False)
    tables = [backend.table(name, data / file, derived) for name, file in files]
    settings = SettingsCreator(
        link_type="dedupe_only" if len(tables) == 1 else "link_only",
        unique_id_column_name=config["unique_id"],
        comparisons=list(model.comparisons(backend.dates)),
        blocking_rules_to_generate_predictions=list(model.rules),
        retain_matching_columns=False,
    )
    linker = Linker(tables, settings)
    clock = _Clock()
    _train(linker, model, clock)
    # the chunk that predict() asks for: it takes the pairs from the cache
    blocked = linker.inference.compute_blocked_pairs_for_predict_chunk((1, 1), (1, 1))
    scored = backend.count(f"select count(*) from {blocked.physical_name}")
    clock.stop("blocking")
    predicted = linker.inference.predict(threshold_match_probability=LEAST)
    clock.stop("predict")
    clusters = _clusters(linker, predicted, len(tables))
    clock.stop("clusters")
    key = config["unique_id"]
    pairs = f"select {key}_l as id_l, {key}_r as id_r, match_weight, match_probability from {predicted.physical_name}"
    backend.write(pairs, out / "pairs.parquet")
    source = "0" if len(tables) == 1 else f"case source_dataset when '{_INPUTS[0]}' then 0 else 1 end"
    members = f"select {source} as source, {key} as id, cluster_id from {clusters.physical_name}"
    backend.write(members, out / "clusters.parquet")
    clock.stop("write")
    (out / "summary.json").write_text(json.dumps({"pairs_scored": scored, "seconds": clock.seconds}), encoding="utf-8")


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def stop(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage], self._last = round(now - self._last, 2), now


def _train(linker: Linker, model: Model, clock: _Clock) -> None:
    linker.training.estimate_probability_two_random_records_match(list(model.sure), recall=model.recall)
    clock.stop("prior")
    linker.training.estimate_u_using_random_sampling(max_pairs=model.u_pairs, seed=_SEED)
    clock.stop("u")
    for rule in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=_EM_PAIRS
        )
    clock.stop("em")


def _clusters(linker: Linker, predicted: SplinkDataFrame, inputs: int) -> SplinkDataFrame:
    """Connected components; for two inputs each record with its best link, as the left one has nobody twice."""
    if inputs == 1:
        return linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, LINKED)
    return linker.clustering.cluster_using_single_best_links(predicted, [_INPUTS[0]], LINKED)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--spark", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
