"""Inputs of `ct18 link`: Parquet or CSV files read as text, their ids checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import or_
from pathlib import PurePosixPath
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, FloatType, LongType, TimestampNTZType, TimestampType

from jobs.errors import UserError
from jobs.readers import of_nanoseconds
from jobs.storage import Files, literal, unreadable_file

_DAYS = ("date", "year")
_CSV = (".csv", ".csv.gz")
# Rows of a CSV file by which its encoding is judged.
_LOOKED_AT = 20_000
_YES, _NO = ("true", "1", "t", "y", "yes"), ("false", "0", "f", "n", "no")


def read(spark: SparkSession, paths: Sequence[str], unique_id: str, columns: Mapping[str, str]) -> DataFrame:
    """Rows of all inputs; `columns` are those to be compared, with their kinds.

    Columns out: source (int, 0 or 1), id (string), `c<i>` (string) of the i-th of `columns`; empty texts are null.

    Raises:
        UserError: a file cannot be read, or has not all columns.
    """
    rows = [_rows(spark, source, path, unique_id, columns) for source, path in enumerate(paths)]
    return rows[0] if len(rows) == 1 else rows[0].unionByName(rows[1])


def garbled(spark: SparkSession, path: str, columns: Sequence[str]) -> int:
    """Of the first rows of a CSV file, how many have bytes in these columns that are no UTF-8 (read: U+FFFD)."""
    if not path.lower().endswith(_CSV):
        return 0
    broken = (F.col(_quoted(column)).contains("\N{REPLACEMENT CHARACTER}") for column in columns)
    return _table(spark, path).limit(_LOOKED_AT).where(reduce(or_, broken)).count()


def read_labels(spark: SparkSession, path: str) -> DataFrame:
    """Known pairs: id_l, id_r (string), match (bool).

    Raises:
        UserError: the file cannot be read, has not these columns, or says neither yes nor no of a pair.
    """
    table = _table(spark, path)
    _check_columns(path, table, ["id_l", "id_r", "match"])
    # A column of whole numbers in which pandas once saw a gap holds 1.0 and 0.0.
    said = F.regexp_replace(F.lower(F.trim(F.col("match").cast("string"))), r"\.0$", "")
    match = F.when(said.isin(*_YES), F.lit(True)).when(said.isin(*_NO), F.lit(False))
    ids = [_text(side, table.schema[side].dataType).alias(side) for side in ("id_l", "id_r")]
    labels = table.select(*ids, match.alias("match"))
    unclear = labels.where("match is null").count()
    if unclear:
        raise UserError(f"{name(path)}: {unclear:,} values of match are neither true nor false")
    return labels


def read_ids(spark: SparkSession, path: str, unique_id: str, sources: int) -> DataFrame:
    """Records that a file names: source (int), id (string), each once.

    Raises:
        UserError: the file cannot be read, or has not the column of ids and, of two inputs, source of 0 and 1.
    """
    table = _table(spark, path)
    _check_columns(path, table, [unique_id, "source"] if sources > 1 else [unique_id])
    said = F.regexp_replace(F.trim(F.col("source").cast("string")), r"\.0$", "") if sources > 1 else F.lit("0")
    types = {column.name: column.dataType for column in table.schema}
    ids = table.select(said.alias("said"), _text(unique_id, types[unique_id]).alias("id"))
    unclear = ids.where(~F.coalesce(F.col("said").isin("0", "1"), F.lit(False))).count()
    if unclear:
        raise UserError(f"{name(path)}: {unclear:,} values of source are neither 0 nor 1")
    return ids.select(F.col("said").cast("int").alias("source"), "id").distinct()


def name(path: str) -> str:
    """Last part of a path."""
    return PurePosixPath(path).name


def _rows(spark: SparkSession, source: int, path: str, unique_id: str, columns: Mapping[str, str]) -> DataFrame:
    table = _table(spark, path)
    _check_columns(path, table, [unique_id, *columns])
    types = {column.name: column.dataType for column in table.schema}
    texts = [_text(column, types[column], kind).alias(f"c{i}") for i, (column, kind) in enumerate(columns.items())]
    return table.select(F.lit(source).alias("source"), _text(unique_id, types[unique_id]).alias("id"), *texts)


def _table(spark: SparkSession, path: str) -> DataFrame:
    with readable():
        # Brackets in the name of a file that is there are no pattern.
        told = literal(path) if os.path.exists(path) else path
        try:
            if path.lower().endswith(_CSV):
                return spark.read.csv(told, header=True, quote='"', escape='"', multiLine=True, mode="FAILFAST")
            return _dated(spark, spark.read.parquet(told))
        except AnalysisException:
            raise UserError(f"{path}: not there, or neither Parquet nor CSV with a header") from None
        except (PySparkException, OSError):
            raise UserError(f"{path}: not readable") from None
        except Py4JJavaError as error:
            if unreadable_file(error) is not None:
                raise
            # No file system of that scheme, or it does not answer.
            raise UserError(f"{path}: not readable ({error.java_exception.getClass().getSimpleName()})") from None


def _dated(spark: SparkSession, table: DataFrame) -> DataFrame:
    """A Parquet table whose timestamps of nanoseconds are moments: pandas writes such, Spark gives numbers."""
    numbers = [column.name for column in table.schema if isinstance(column.dataType, LongType)]
    files = table.inputFiles() if numbers else []
    # Spark tells where they lie as URIs.
    stored = Files(spark).parquet_footer(unquote(files[0])).columns if files else {}
    made = {
        name: _moment(F.col(_quoted(name)), stored[name])
        for name in numbers
        if "TIMESTAMP(NANOS" in stored.get(name, "")
    }
    return table.select(*(made.get(name, F.col(_quoted(name))).alias(name) for name in table.columns))


def _moment(nanoseconds: Column, stored: str) -> Column:
    moment = of_nanoseconds(nanoseconds)
    if "true" in stored:
        return moment
    # Of no time zone: it is what it says, wherever it is read.
    here = moment.cast("timestamp_ntz")
    return F.convert_timezone(F.current_timezone(), F.lit("UTC"), here)


@contextmanager
def readable() -> Iterator[None]:
    """What is read inside; a file that turns out to be something else is the user's mistake.

    Raises:
        UserError: a file is not readable as what it is called.
    """
    try:
        yield
    except Py4JJavaError as error:
        file = unreadable_file(error)
        if file is None:
            raise
        raise UserError(f"{file}: not readable as the Parquet or CSV that it is called") from None


def _check_columns(path: str, table: DataFrame, wanted: Sequence[str]) -> None:
    missing = sorted(set(wanted) - set(table.columns))
    if missing:
        raise UserError(f"{name(path)}: no column {', '.join(missing)}; it has {', '.join(table.columns)}")


def _quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"


def _text(column: str, kind: DataType, compared_as: str | None = None) -> Column:
    """The values of a column of a type as texts; a moment is its day where it is compared as a date or year."""
    value = F.col(_quoted(column))
    if isinstance(kind, DoubleType | FloatType):
        # Whole numbers that a missing value made floating: 7.0 is 7.
        whole = value == F.floor(value)
        text = F.when(whole & (F.abs(value) < 2.0**53), value.cast("long").cast("string")).otherwise(
            value.cast("string")
        )
        return F.when(~F.isnan(value), text)
    if isinstance(kind, TimestampType | TimestampNTZType) and compared_as in _DAYS:
        return F.date_format(value, "yyyy-MM-dd")
    return F.nullif(value.cast("string"), F.lit(""))
