"""The one Spark session of a process."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from jobs.bootstrap import class_archive, java_fault
from jobs.errors import UserError
from jobs.settings import SparkSettings
from jobs.storage import KEEPING

_ROOT = Path(__file__).resolve().parent.parent

# What every session needs, whatever the cluster.
_FIXED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # All dates of the contract are Vietnam's.
    "spark.sql.session.timeZone": "Asia/Ho_Chi_Minh",
    "spark.sql.ansi.enabled": "true",
    # A join without a condition is a mistake, at a hundred million rows a costly one.
    "spark.sql.crossJoin.enabled": "false",
    # Any Delta reader may open the tables (contract §3).
    "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
    # Two more versions of every table, after the one that the last finished run names: the next would bring it back.
    "spark.databricks.delta.vacuum.logging.enabled": "false",
    # A run begins where the last finished one left the tables, however long ago that was; and `explain` and `replay`
    # read what maintenance keeps. By default Delta refuses what lies further back than seven days,
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
    # and deletes what has been let go for so long, whatever days VACUUM is told, or fewer days than that not at all;
    "spark.databricks.delta.vacuum.retentionWindowIgnore.enabled": "false",
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    # and each tenth commit would cut the log of all that is older than thirty days, what it replaces included. Of
    # tables that are made; maintenance gives older ones the same, and cuts logs where no night needs them.
    **{f"spark.databricks.delta.properties.defaults.{name}": value for name, value in KEEPING.items()},
    # Statistics would copy names and ids into the transaction log, and no reader here prunes by them.
    "spark.databricks.delta.properties.defaults.dataSkippingNumIndexedCols": "0",
}

# What may be tuned in `spark.conf`.
_DEFAULTS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Spark's plans and traces quote data; its log stays off unless an operator turns it on.
    "spark.driver.extraJavaOptions": (
        f"-Dlog4j2.configurationFile=file:{_ROOT / 'jobs' / 'log4j2.properties'} "
        # No concurrent marking beside the work, and room for thousands of generated classes and their code.
        "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=512m -XX:MetaspaceSize=512m "
        # Planning is much code that runs a little: only what stays hot is worth the optimising compiler's time, which
        # by its own thresholds takes a third of a small night.
        "-XX:Tier4InvocationThreshold=20000 -XX:Tier4MinInvocationThreshold=5000 "
        "-XX:Tier4CompileThreshold=50000 -XX:Tier4BackEdgeThreshold=200000 "
        # Generated methods are large as they are: inlining as much as by default makes compiling them cost half as
        # much again, and they run no faster for it.
        "-XX:FreqInlineSize=100 -XX:InlineSmallCode=1000 "
        # Hadoop's local file system starts a `chmod` for every file and folder that it makes, some dozen for each frame
        # that is laid down: by vfork that takes half as long as by the JVM's own way through a helper.
        "-Djdk.lang.Process.launchMechanism=VFORK "
        # The largest are left to the first compiler, which by default leaves those above 8,000 bytes to the
        # interpreter: twenty of them took the optimising compiler a quarter of its time.
        "-XX:MaxNodeLimit=12000 -XX:-DontCompileHugeMethods"
    ),
    # Each aggregate and each sort takes a page at once, 64 MB of zeros where the heap is large; most need little of it.
    "spark.buffer.pageSize": "4m",
    # Every stage of every query would be written out in full for a page that is off.
    "spark.sql.maxPlanStringLength": "2000",
    # A night generates far more classes than the 100 that are kept by default; each one dropped is compiled anew.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # The tables' logs are short: one small task replays them, and nothing but the files themselves is worth a job.
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.allFilesInCrc.enabled": "false",
    "spark.databricks.delta.stats.collect": "false",
    # Delta's VACUUM lists folders in so many tasks; ten thousand by default, for a handful of folders.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # What `ct18 link` clusters: fifty million pairs at most, 24 bytes each.
    "spark.driver.maxResultSize": "2g",
    # Both would note the Python line and the JVM's stack of every Column, at five calls into the JVM each.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.dataFrameQueryContext.enabled": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    # Of names, ids and addresses a dictionary is given up when it is full: at 1 MB, by default, after filling it has
    # taken a sixth of what all tasks do.
    "spark.hadoop.parquet.dictionary.page.size": "65536",
    # Hadoop knows no umask but its own, by which everybody on the machine could read the tables.
    "spark.hadoop.fs.permissions.umask-mode": "077",
}

_PARTITIONS = "spark.sql.shuffle.partitions"

# Settings of Hadoop that are secrets: what Spark is started with stands in the list of processes.
_SECRET = re.compile("(?i)secret|password|passphrase|token|access.?key|credential")
_HADOOP = "spark.hadoop."


def start(settings: SparkSettings) -> SparkSession:
    """Start the session, or take the one that `spark-submit` set up.

    Raises:
        UserError: no Java that runs Spark, or Delta's jars are not where the settings say.
    """
    if _is_submitted():
        conf = settled(settings, _submitted())
    else:
        alone = _alone(settings)
        conf = {**alone, **settled(settings, alone)}
    if settings.jars:
        conf["spark.jars"] = _jars(Path(settings.jars))
    told, secret = _apart(conf)
    builder = SparkSession.Builder().appName("ct18")
    for key, value in told.items():
        builder = builder.config(key, value)
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        # PySpark would write errors, and the values that they quote, to stderr beside raising them.
        PySparkLogger.getLogger(name).disabled = True
    spark = builder.getOrCreate()
    for key, value in secret.items():
        spark._jsc.hadoopConfiguration().set(key, value)
    return spark


def _is_submitted() -> bool:
    return "SPARK_SUBMIT" in os.environ or "PYSPARK_GATEWAY_PORT" in os.environ


def _submitted() -> frozenset[str]:
    """Names of the settings that `spark-submit` was given, by options or in its file of defaults."""
    SparkContext._ensure_initialized()
    return frozenset(key for key, _ in SparkConf().getAll())


def _alone(settings: SparkSettings) -> dict[str, str]:
    """What a session that nobody set up needs besides.

    Raises:
        UserError: no Java that runs Spark.
    """
    fault = java_fault(os.environ)
    if fault:
        raise UserError(fault)
    if settings.master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        # Python workers of one machine are of the same environment, not whatever `python3` is on PATH.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return {
        "spark.master": settings.master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.extraJavaOptions": java_options(_ROOT / "jars"),
    }


def settled(settings: SparkSettings, submitted: Collection[str]) -> dict[str, str]:
    """Settings by name: what we would choose, where nobody has submitted another, and what the settings name."""
    defaults = {**_DEFAULTS, _PARTITIONS: str(settings.shuffle_partitions)}
    conf = {key: value for key, value in defaults.items() if key not in submitted}
    if "shuffle_partitions" in settings.model_fields_set:
        conf[_PARTITIONS] = str(settings.shuffle_partitions)
    return {**conf, **settings.conf, **_FIXED}


def _apart(conf: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What Spark is started with, and secrets of Hadoop's, by their own names, that it is told once it runs."""
    secret = {key for key in conf if key.startswith(_HADOOP) and _SECRET.search(key)}
    told = {key: value for key, value in conf.items() if key not in secret}
    return told, {key.removeprefix(_HADOOP): conf[key] for key in sorted(secret)}


def java_options(folder: Path) -> str:
    """Options of the driver's JVM where settings name none, with the set-up's archive of classes if a folder has it."""
    archive, options = class_archive(folder, os.environ), _DEFAULTS["spark.driver.extraJavaOptions"]
    # An archive that does not fit is passed over; the JVM would say so among the lines of every command.
    return f"{options} -XX:SharedArchiveFile={archive} -Xlog:cds*=off" if archive else options


def _jars(folder: Path) -> str:
    found = sorted((folder if folder.is_absolute() else _ROOT / folder).glob("delta-*.jar"))
    if len(found) < 2:
        raise UserError("Delta's jars are not in the folder that settings name (spark.jars): run `make setup`")
    return ",".join(str(path) for path in found)
