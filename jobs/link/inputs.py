"""Inputs of `ct18 link`: Parquet or CSV files read as text, their ids checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, FloatType, TimestampNTZType, TimestampType

from jobs.errors import UserError


def read(spark: SparkSession, paths: Sequence[str], unique_id: str, columns: Sequence[str]) -> DataFrame:
    """Rows of all inputs.

    Columns out: source (int, 0 or 1), id (string), `c<i>` (string) of the i-th of `columns`; empty texts are null.

    Raises:
        UserError: a file cannot be read, or has not all columns.
    """
    rows = [_rows(spark, source, path, unique_id, columns) for source, path in enumerate(paths)]
    return rows[0] if len(rows) == 1 else rows[0].unionByName(rows[1])


def read_labels(spark: SparkSession, path: str) -> DataFrame:
    """Known pairs: id_l, id_r (string), match (bool).

    Raises:
        UserError: the file cannot be read, or has not these columns.
    """
    table = _table(spark, path)
    _check_columns(path, table, ["id_l", "id_r", "match"])
    match = F.lower(F.col("match").cast("string")).isin("true", "1", "t", "yes")
    return table.select(F.col("id_l").cast("string"), F.col("id_r").cast("string"), match.alias("match"))


def read_ids(spark: SparkSession, path: str, unique_id: str, sources: int) -> DataFrame:
    """Records that a file names: source (int), id (string), each once.

    Raises:
        UserError: the file cannot be read, or has not the column of ids and, of two inputs, source.
    """
    table = _table(spark, path)
    _check_columns(path, table, [unique_id, "source"] if sources > 1 else [unique_id])
    source = F.col("source").cast("int") if sources > 1 else F.lit(0)
    types = {column.name: column.dataType for column in table.schema}
    return table.select(source.alias("source"), _text(unique_id, types[unique_id]).alias("id")).distinct()


def name(path: str) -> str:
    """Last part of a path."""
    return PurePosixPath(path).name


def _rows(spark: SparkSession, source: int, path: str, unique_id: str, columns: Sequence[str]) -> DataFrame:
    table = _table(spark, path)
    _check_columns(path, table, [unique_id, *columns])
    types = {column.name: column.dataType for column in table.schema}
    texts = [_text(column, types[column]).alias(f"c{i}") for i, column in enumerate(columns)]
    return table.select(F.lit(source).alias("source"), _text(unique_id, types[unique_id]).alias("id"), *texts)


def _table(spark: SparkSession, path: str) -> DataFrame:
    try:
        if path.lower().endswith((".csv", ".csv.gz")):
            return spark.read.csv(path, header=True, quote='"', escape='"', multiLine=True, mode="FAILFAST")
        return spark.read.parquet(path)
    except AnalysisException:
        raise UserError(f"{path}: not there, or neither Parquet nor CSV with a header") from None
    except PySparkException:
        raise UserError(f"{path}: not readable") from None


def _check_columns(path: str, table: DataFrame, wanted: Sequence[str]) -> None:
    missing = sorted(set(wanted) - set(table.columns))
    if missing:
        raise UserError(f"{name(path)}: no column {', '.join(missing)}; it has {', '.join(table.columns)}")


def _text(column: str, kind: DataType) -> Column:
    value = F.col("`" + column.replace("`", "``") + "`")
    if isinstance(kind, DoubleType | FloatType):
        # Whole numbers that a missing value made floating: 7.0 is 7.
        whole = value == F.floor(value)
        text = F.when(whole & (F.abs(value) < 1e15), value.cast("long").cast("string")).otherwise(value.cast("string"))
        return F.when(~F.isnan(value), text)
    if isinstance(kind, TimestampType | TimestampNTZType):
        return F.date_format(value, "yyyy-MM-dd")
    return F.nullif(value.cast("string"), F.lit(""))
