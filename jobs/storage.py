"""The only module that touches storage: files of the landing zone through Hadoop's file systems, tables through Delta.

Any path or URI that Spark reaches will do (`file:`, `hdfs:`, `s3a:`); nothing here assumes a local disk.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from jobs.tables import STATE, Table

# Properties of every table: its past is cut by maintenance alone (`maintenance.versions_days` is 30 at most).
KEEPING: Mapping[str, str] = {"enableExpiredLogCleanup": "false", "deletedFileRetentionDuration": "interval 30 days"}
_LONGEST_DAYS = 31


@dataclass(frozen=True)
class Entry:
    """One name in a folder; `modified` in seconds since 1970."""

    path: str
    name: str
    is_folder: bool
    size: int
    modified: float


@dataclass(frozen=True)
class Footer:
    """What the footer of a Parquet file says.

    Attributes:
        rows: number of rows.
        columns: column → its type in Parquet's own words, e.g. `int64 (TIMESTAMP(NANOS,true))`.
    """

    rows: int
    columns: Mapping[str, str]


def literal(path: str) -> str:
    """A path for Spark's readers, which take it for a pattern: one that nothing but the path itself fits."""
    return path.translate({ord(character): f"\\{character}" for character in "\\*?[]{}"})


@contextmanager
def _os_errors() -> Iterator[None]:
    """What Java raises inside is an OSError that names its kind: messages may quote paths and content."""
    try:
        yield
    except Py4JJavaError as error:
        raise OSError(error.java_exception.getClass().getSimpleName()) from None


@dataclass(frozen=True)
class Files:
    """Files of any Hadoop file system, seen from the driver."""

    spark: SparkSession

    def entries(self, folder: str) -> list[Entry]:
        """What lies in a folder, by name; empty where there is no such folder.

        Raises:
            OSError: the folder cannot be read.
        """
        with _os_errors():
            path, system = self._open(folder)
            if not system.exists(path):
                return []
            found = [
                Entry(
                    *(status.getPath().toString(), status.getPath().getName(), status.isDirectory(), status.getLen()),
                    status.getModificationTime() / 1000,
                )
                for status in system.listStatus(path)
            ]
        return sorted(found, key=lambda entry: entry.name)

    def names(self, folder: str) -> list[str]:
        """Names in a folder, in one call however many there are; empty where there is no such folder."""
        path, system = self._open(folder)
        if not system.exists(path):
            return []
        paths = self._jvm.org.apache.hadoop.fs.FileUtil.stat2Paths(system.listStatus(path))
        text = self._jvm.org.apache.commons.lang3.ArrayUtils.toString(paths)
        return [each.rpartition("/")[2] for each in text[1:-1].split(",")]

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there.

        Raises:
            OSError: no file system of that scheme, or it does not answer; as in `is_folder`.
        """
        with _os_errors():
            opened, system = self._open(path)
            return bool(system.exists(opened))

    def is_folder(self, path: str) -> bool:
        """Whether a folder is there."""
        with _os_errors():
            opened, system = self._open(path)
            return bool(system.exists(opened) and system.getFileStatus(opened).isDirectory())

    def settle(self, path: str) -> None:
        """Have written what lies under a path, so that a loss of power leaves it whole.

        A local disk keeps it in memory for a while; other file systems have it once a file is closed.
        """
        opened, system = self._open(path)
        if system.getUri().getScheme() == "file":
            os.sync()

    def is_link(self, path: str) -> bool:
        """Whether a name is a symbolic link (only local and HDFS know them).

        Raises:
            OSError: there is nothing of that name.
        """
        with _os_errors():
            opened, system = self._open(path)
            # The local file system sees no link in a path that still bears its scheme.
            bare = self._jvm.org.apache.hadoop.fs.Path(opened.toUri().getPath())
            return bool(system.getFileLinkStatus(bare).isSymlink())

    def read_bytes(self, path: str, limit: int = 16 * 1024 * 1024) -> bytes:
        """A small file whole (a manifest, say).

        Raises:
            OSError: there is no such file, it cannot be read, or it is larger than `limit` bytes.
        """
        with _os_errors():
            opened, system = self._open(path)
            if not system.exists(opened) or system.getFileStatus(opened).getLen() > limit:
                raise OSError(f"no readable file of at most {limit} bytes")
            stream = system.open(opened)
            try:
                return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
            finally:
                stream.close()

    def sha256(self, path: str) -> str:
        """SHA-256 of a file, hexadecimal, streamed inside the JVM.

        Raises:
            OSError: the file cannot be read.
        """
        with _os_errors():
            opened, system = self._open(path)
            stream = system.open(opened)
            try:
                return str(self._jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream))
            finally:
                stream.close()

    def parquet_footer(self, path: str) -> Footer:
        """Rows and columns of a Parquet file, from its footer alone.

        Raises:
            OSError: the file has no readable footer.
        """
        hadoop = self._jvm.org.apache.parquet.hadoop
        with _os_errors():
            source = hadoop.util.HadoopInputFile.fromPath(
                self._jvm.org.apache.hadoop.fs.Path(path), self.spark._jsc.hadoopConfiguration()
            )
            reader = hadoop.ParquetFileReader.open(source)
            try:
                types = reader.getFooter().getFileMetaData().getSchema().getFields()
                return Footer(int(reader.getRecordCount()), {kind.getName(): _parquet_type(kind) for kind in types})
            finally:
                reader.close()

    def size(self, path: str) -> int:
        """Bytes of a file, or of all files in a folder; 0 where there is none, or none that can be read."""
        try:
            opened, system = self._open(path)
            return int(system.getContentSummary(opened).getLength()) if system.exists(opened) else 0
        except Py4JJavaError:
            return 0

    def free(self, path: str) -> int:
        """Bytes that may still be written where a path lies or would lie; no end of them in an object store."""
        opened, system = self._open(path)
        while not system.exists(opened) and opened.getParent() is not None:
            opened = opened.getParent()
        # Of room that is told in full a file takes as much as it has copies.
        return int(system.getStatus(opened).getRemaining()) // max(1, int(system.getDefaultReplication(opened)))

    def create(self, path: str, content: bytes) -> bool:
        """Write a small new file, there with all its content or not at all; False where one of that name is there.

        Raises:
            OSError: nothing can be written there.
        """
        opened, system = self._open(path)
        part, _ = self._open(f"{path}.{secrets.token_hex(8)}")
        with _os_errors():
            stream = system.create(part, False)
            try:
                stream.write(content)
                stream.hsync()  # a machine that loses power may else keep the name and not the content
            finally:
                stream.close()
        hadoop, gateway = self._jvm.org.apache.hadoop.fs, cast(Any, self.spark.sparkContext._gateway)
        context = hadoop.FileContext.getFileContext(system.getUri(), self.spark._jsc.hadoopConfiguration())
        try:
            context.rename(part, opened, gateway.new_array(hadoop.Options.Rename, 0))
        except Py4JJavaError as error:
            system.delete(part, False)
            if "AlreadyExists" in error.java_exception.getClass().getSimpleName():
                return False
            raise
        return True

    def delete(self, path: str) -> None:
        """Remove a file or a folder with all it holds."""
        opened, system = self._open(path)
        system.delete(opened, True)

    @property
    def _jvm(self) -> Any:  # noqa: ANN401 - py4j has no types
        return self.spark._jvm

    def _open(self, path: str) -> tuple[Any, Any]:
        opened = self._jvm.org.apache.hadoop.fs.Path(path)
        return opened, opened.getFileSystem(self.spark._jsc.hadoopConfiguration())


_SCRATCH_NUMBERS = itertools.count()
# Delta lays down a checkpoint every ten commits; a log up to there is replayed here.
_SHORT_LOG = 10
_PLAIN = {"minReaderVersion": 1}
# A commit or checkpoint, or a checksum of one: its version.
_LOGGED = re.compile(r"\.?(\d{20})\.")


@dataclass(frozen=True)
class Lake:
    """The tables of one warehouse.

    Attributes:
        spark: the session.
        root: path or URI of the warehouse.
        versions: table path → version to read; None reads the latest (inside a run: what it wrote, else what it began
            from).
    """

    spark: SparkSession
    root: str
    versions: Mapping[str, int] | None = None
    files: Files = field(init=False)
    _pinned: dict[str, tuple[int, DataFrame]] = field(init=False, default_factory=dict, compare=False, repr=False)
    # Several sources write to one table; of two writers at once Delta would turn one away.
    _writing: dict[str, threading.Lock] = field(
        init=False, default_factory=lambda: defaultdict(threading.Lock), compare=False, repr=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", Files(self.spark))

    def location(self, table: Table) -> str:
        """Where a table lies."""
        return f"{self.root.rstrip('/')}/{table.path}"

    def exists(self, table: Table) -> bool:
        """Whether the table was ever written (in the state that this lake reads)."""
        return self.version(table) is not None

    def read(self, table: Table) -> DataFrame:
        """The table, empty where it does not exist yet; it stands for the version of this moment."""
        version = self.version(table)
        if version is None:
            return self.spark.createDataFrame([], table.schema)
        paths = self._replayed(table, version)
        return self._through_delta(table, version) if paths is None else self._of_files(table, paths)

    def pin(self, table: Table) -> DataFrame:
        """The table as `read` gives it, for those who scan it many times: its files are asked for once.

        Where its log is long, Delta asks it for them by Spark jobs, for every scan in every query.
        """
        version = self.version(table)
        if version is None:
            return self.read(table)
        known = self._pinned.get(table.path)
        if known is None or known[0] != version:
            paths = self._replayed(table, version)
            if paths is None:
                paths = self._through_delta(table, version).inputFiles()
            known = self._pinned[table.path] = version, self._of_files(table, paths)
        return known[1]

    def _through_delta(self, table: Table, version: int) -> DataFrame:
        frame = self.spark.read.format("delta").option("versionAsOf", version).load(self.location(table))
        # What was written before a column was added to the table's contract lacks it.
        wanted = {each.name: F.lit(None).cast(each.dataType) for each in table.schema}
        wanted |= {name: F.col(name) for name in frame.columns if name in wanted}
        return frame.select(*(column.alias(name) for name, column in wanted.items()))

    def _of_files(self, table: Table, paths: Sequence[str]) -> DataFrame:
        if not paths:
            return self.spark.createDataFrame([], table.schema)
        reader = self.spark.read.schema(table.schema).option("basePath", self.location(table))
        return reader.parquet(*map(literal, paths)).select(*table.columns)

    def _replayed(self, table: Table, version: int) -> list[str] | None:
        """Files of a version by its commits, replayed as Delta's protocol has it: without a Spark job.

        None where the log is longer than a few commits, or a commit is no plain one: then Delta knows.
        """
        if version >= _SHORT_LOG:
            return None
        location, live = self.location(table), dict[str, None]()
        for number in range(version + 1):
            try:
                commit = self.files.read_bytes(f"{location}/_delta_log/{number:020d}.json")
            except OSError:
                return None
            for action in map(json.loads, commit.splitlines()):
                if action.get("protocol", _PLAIN)["minReaderVersion"] > 1:
                    return None
                if "add" in action:
                    live[f"{location}/{unquote(action['add']['path'])}"] = None
                elif "remove" in action:
                    live.pop(f"{location}/{unquote(action['remove']['path'])}", None)
        return list(live)

    def write(self, table: Table, frame: DataFrame, replace_where: str | None = None) -> None:
        """Replace the table, or the part of it that `replace_where` names, in one commit.

        Raises:
            ValueError: the frame lacks a column of the table's contract, or has one of another type.
        """
        # A warehouse of before a column was added to the table's contract gets the column here.
        writer = _conform(table, frame).write.format("delta").mode("overwrite").option("mergeSchema", True)
        writer = writer.partitionBy(*table.partition_by)
        with self._writing[table.path]:
            if replace_where is not None and self.exists(table):
                writer = writer.option("replaceWhere", replace_where)
            writer.save(self.location(table))

    def remove(self, table: Table, condition: str) -> None:
        """Delete the rows that a condition names; nothing where the table does not exist."""
        with self._writing[table.path]:
            if self.exists(table):
                DeltaTable.forPath(self.spark, self.location(table)).delete(condition)

    def bring_back(self, table: Table, version: int | None) -> bool:
        """Make the table what it was at a version (None: not there); whether it was another one."""
        latest = self.version(table)
        if latest == version:
            return False
        self._pinned.pop(table.path, None)
        if version is None:
            self.files.delete(self.location(table))
        else:
            DeltaTable.forPath(self.spark, self.location(table)).restoreToVersion(version)
        return True

    def compact(self, table: Table) -> None:
        """Merge a table's small files, partition by partition; nothing where there are none, or no table."""
        if self.exists(table):
            DeltaTable.forPath(self.spark, self.location(table)).optimize().executeCompaction()

    def vacuum(self, table: Table, days: int) -> None:
        """Delete files that no version of the last so many days reads; older versions can be read no more."""
        if self.exists(table):
            DeltaTable.forPath(self.spark, self.location(table)).vacuum(24.0 * days)

    def keep_past(self, table: Table) -> None:
        """Give a table of an older version of ct18 the properties of `KEEPING`; nothing where it has them."""
        if not self.exists(table):
            return
        delta = DeltaTable.forPath(self.spark, self.location(table))
        (known,) = delta.detail().select("properties").collect()
        if any(known[0].get(f"delta.{name}") != value for name, value in KEEPING.items()):
            wanted = ", ".join(f"'delta.{name}' = '{value}'" for name, value in KEEPING.items())
            path = self.location(table).replace("`", "``")
            self.spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ({wanted})")

    def cut_log(self, table: Table) -> None:
        """Remove the log's entries before its newest checkpoint that is older than any version that is kept.

        What a version before that one holds was replaced longer ago than `maintenance.versions_days` may say.
        """
        log = f"{self.location(table)}/_delta_log"
        entries = [(match, entry) for entry in self.files.entries(log) if (match := _LOGGED.match(entry.name))]
        oldest = time.time() - _LONGEST_DAYS * 86_400
        past = (int(match[1]) for match, entry in entries if ".checkpoint." in entry.name and entry.modified < oldest)
        first = max(past, default=0)
        for match, entry in entries:
            if int(match[1]) < first:
                self.files.delete(entry.path)

    def keep(self, frame: DataFrame) -> DataFrame:
        """The frame, computed and laid down in the warehouse's scratch folder: its plan begins anew from there."""
        return self._written(frame, f"{self._scratch}/{next(_SCRATCH_NUMBERS)}")

    def clear_scratch(self) -> None:
        """Remove all that `keep` laid down."""
        self.files.delete(self._scratch)

    def lay_down(self, frame: DataFrame, name: str) -> DataFrame:
        """The frame as `keep` gives it, but to stay: under a name `folder/frame` by which a later run finds it."""
        return self._written(frame, f"{memories(self.root)}/{name}")

    def laid_down(self, name: str, schema: StructType) -> DataFrame:
        """Columns of a frame that an earlier run laid down."""
        return self.spark.read.schema(schema).parquet(literal(f"{memories(self.root)}/{name}"))

    def is_laid_down(self, name: str) -> bool:
        """Whether a frame is there, and whole."""
        return self.files.exists(f"{memories(self.root)}/{name}/_SUCCESS")

    def clear_memories(self, but: Collection[str]) -> None:
        """Remove all folders that `lay_down` made, but some."""
        for folder in self.files.names(memories(self.root)):
            if folder not in but:
                self.files.delete(f"{memories(self.root)}/{folder}")

    def _written(self, frame: DataFrame, path: str) -> DataFrame:
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(literal(path))

    @property
    def _scratch(self) -> str:
        return scratch(self.root)

    def version(self, table: Table) -> int | None:
        """Version of the table that this lake reads, None where it does not exist."""
        if self.versions is not None:
            return self.versions.get(table.path)
        return self._latest(table)

    def _latest(self, table: Table) -> int | None:
        """Latest version of a table: by Delta's protocol the greatest number that names a commit in its log."""
        names = self.files.names(f"{self.location(table)}/_delta_log")
        commits = (re.fullmatch(r"([0-9]{20})\.json", name) for name in names)
        return max((int(commit[1]) for commit in commits if commit), default=None)

    def current_versions(self) -> dict[str, int]:
        """Version of every state table that exists."""
        return self.versions_of(*STATE)

    def versions_of(self, *those: Table) -> dict[str, int]:
        """Version of each of some tables that exists."""
        found = ((table.path, self.version(table)) for table in those)
        return {path: version for path, version in found if version is not None}

    def roll_back(self, versions: Mapping[str, int], but: Sequence[Table] = ()) -> list[str]:
        """Bring every state table (but some) back to the versions given, remove those that had none.

        Paths of the tables that changed.
        """
        tables = [table for table in STATE if table not in but]
        return [table.path for table in tables if self.bring_back(table, versions.get(table.path))]


def scratch(root: str) -> str:
    """Folder of a warehouse in which `Lake.keep` lays frames down."""
    return f"{root.rstrip('/')}/_scratch"


def memories(root: str) -> str:
    """Folder of a warehouse in which `Lake.lay_down` lays frames down."""
    return f"{root.rstrip('/')}/_memory"


def is_missing_file(error: AnalysisException | Py4JJavaError) -> bool:
    """Whether a file is not there that was to be read, as Spark says before it begins or while it reads."""
    if isinstance(error, AnalysisException):
        return error.getCondition() == "PATH_NOT_FOUND"
    return any("FILE_NOT_EXIST]" in message for message in _messages(error))


def is_gone(error: PySparkException | Py4JJavaError) -> bool:
    """Whether an old version of a table cannot be read, for its log or one of its files is no longer there."""
    return isinstance(error, PySparkException) or is_missing_file(error)


def unreadable_file(error: Py4JJavaError) -> str | None:
    """Name of the data file at which a Spark job broke because it cannot be read; None for any other failure."""
    pattern = r"\[FAILED_READ_FILE\.\w+\].*? file (\S+)"
    found = next((match for each in _messages(error) if (match := re.search(pattern, each))), None)
    return unquote(found[1].rstrip(".").rpartition("/")[2]) if found else None


def _messages(error: Py4JJavaError) -> Iterator[str]:
    """What a Java error says, and what it was caused by."""
    cause = error.java_exception
    while cause is not None:
        yield str(cause.getMessage())
        cause = cause.getCause()


def _parquet_type(column: Any) -> str:  # noqa: ANN401 - py4j has no types
    """Type of one column of a footer, e.g. `int64 (DECIMAL(9,2))`; nested and repeated ones are only called so."""
    if not column.isPrimitive() or column.getRepetition().toString() == "REPEATED":
        return "nested"
    kind, logical = (
        column.asPrimitiveType().getPrimitiveTypeName().toString().lower(),
        column.getLogicalTypeAnnotation(),
    )
    return kind if logical is None else f"{kind} ({logical.toString()})"


def _conform(table: Table, frame: DataFrame) -> DataFrame:
    found = {column.name: column.dataType for column in frame.schema}
    for column in table.schema:
        if column.name not in found:
            raise ValueError(f"{table.path}: column {column.name} is missing")
        if found[column.name].simpleString() != column.dataType.simpleString():
            raise ValueError(f"{table.path}: column {column.name} is of another type")
    return frame.select(*table.columns)
