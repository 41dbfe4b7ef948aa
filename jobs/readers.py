r"""Every format of the contract as one kind of frame: the columns due, and where each record comes from.

The frame of `read` holds the columns that are due (Parquet: typed; CSV and JSON lines: text) and
    _file, _row_number   file name, and number of the record in it from 1 (a header is not counted)
    _raw                 the record as it came, null unless wanted: text (bad bytes as `\xNN`), for Parquet JSON of it
    _problems            codes of `jobs.reasons`, each ended by `;`; empty where every column could be read
    _broken              null; in a row of its own: why the delivery must be refused
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, LongType, StructField, StructType, TimestampNTZType

from jobs import records
from jobs.landing import Arrival, Format, ListedFile, Manifest, Refused
from jobs.reasons import Reason
from jobs.sources import KINDS, Source
from jobs.storage import Files, Footer, literal

_ORIGIN = "_file string, _row_number bigint, _raw string, _problems string, _broken string"

# Parquet's own words → our kind of column. Whatever else a file holds is another type and refused.
_PARQUET_TYPES = {
    "string": {"binary (STRING)"},
    "int": {"int64", "int64 (INTEGER(64,true))"},
    "date": {"int32 (DATE)"},
    "timestamp": {
        "int96",
        *(f"int64 (TIMESTAMP({unit},{utc}))" for unit in ("MILLIS", "MICROS", "NANOS") for utc in ("true", "false")),
    },
}
# A column that some writers give to one without any value.
_NO_VALUES = "int32 (UNKNOWN)"

# A file of text passes through one worker whole, in one piece.
_MAX_TEXT = 1 << 30

# File names stand percent-encoded in `_metadata`; url_decode would take a plus for a blank.
_FILE = "url_decode(replace(_metadata.file_name, '+', '%2B'))"


def due_columns(source: Source, manifest: Manifest) -> dict[str, str]:
    """Columns that a delivery must bring → `string`, `int`, `date` or `timestamp`."""
    return {**source.kinds, "change_type": "string"} if manifest.mode == "delta" else source.kinds


def read(files: Files, arrival: Arrival, manifest: Manifest, keep_raw: bool) -> DataFrame:
    """Records of a verified delivery, see above; nothing is read yet but footers.

    Raises:
        Refused: a Parquet footer is unreadable, lacks a column, or has one of another type or another number of rows;
            a file of text is too large.
    """
    due = due_columns(arrival.source, manifest)
    if manifest.format is None:
        return _empty(files.spark, due)
    if manifest.format is Format.PARQUET:
        return _read_parquet(files, arrival, manifest, due, keep_raw)
    return _read_text(files.spark, arrival, manifest, due, keep_raw)


def _empty(spark: SparkSession, due: dict[str, str]) -> DataFrame:
    return spark.createDataFrame([], f"{', '.join(f'{column} string' for column in due)}, {_ORIGIN}")


def _paths(arrival: Arrival, names: list[str]) -> list[str]:
    return [literal(arrival.path(name)) for name in names]


# ── CSV and JSON lines ──


def _read_text(
    spark: SparkSession, arrival: Arrival, manifest: Manifest, due: dict[str, str], keep_raw: bool
) -> DataFrame:
    sizes = {entry.name: entry.size for entry in arrival.entries}
    for each in manifest.files:
        if sizes[each.name] > _MAX_TEXT:
            raise Refused(f"{each.name} is larger than 1 GiB: text comes in smaller files")
        if not sizes[each.name]:
            _require_nothing(manifest, each)
    wanted = records.Wanted(due, {each.name: each.rows for each in manifest.files}, keep_raw)
    content = spark.read.format("binaryFile").load(_paths(arrival, list(wanted.rows)))
    text_schema = f"{', '.join(f'{column} string' for column in due)}, {_ORIGIN}"
    return content.select(F.expr(_FILE).alias("name"), "content").mapInArrow(_parser(manifest, wanted), text_schema)


def _require_nothing(manifest: Manifest, empty: ListedFile) -> None:
    """Spark passes over a file of no bytes, which is none of a format that has a header or a frame."""
    if manifest.format in (Format.CSV_GZ, Format.JSONL_GZ):
        raise Refused(f"{empty.name} is truncated or no gzip")
    if manifest.format is Format.CSV:
        raise Refused(f"{empty.name} is empty: it has no header")
    if empty.rows:
        raise Refused(f"{empty.name} has 0 records, the manifest says {empty.rows}")


def _parser(
    manifest: Manifest, wanted: records.Wanted
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    parse = records.csv_batches if manifest.format in (Format.CSV, Format.CSV_GZ) else records.json_batches
    zipped = manifest.format in (Format.CSV_GZ, Format.JSONL_GZ)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Records of the files whose names and contents the batches hold."""
        for batch in batches:
            for name, content in zip(batch["name"], batch["content"], strict=True):
                yield from parse(name.as_py(), content.as_buffer(), wanted, zipped)

    return run


# ── Parquet ──


def _read_parquet(files: Files, arrival: Arrival, manifest: Manifest, due: dict[str, str], keep_raw: bool) -> DataFrame:
    """Files whose columns are stored alike are read together: timestamps may differ in unit and zone between files."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for each in manifest.files:
        footer = _footer(files, arrival, each.name)
        if footer.rows != each.rows:
            raise Refused(f"{each.name} has {footer.rows} records, the manifest says {each.rows}")
        _require_told_apart(each.name, due, footer.columns)
        stored = tuple(_stored_type(each.name, column, kind, footer.columns) for column, kind in due.items())
        alike.setdefault(stored, []).append(each.name)
    groups = (
        _read_alike(files.spark, _paths(arrival, names), dict(zip(due, stored, strict=True)), due, keep_raw)
        for stored, names in alike.items()
    )
    return reduce(DataFrame.unionByName, groups)


def _footer(files: Files, arrival: Arrival, name: str) -> Footer:
    try:
        return files.parquet_footer(arrival.path(name))
    except OSError:
        raise Refused(f"{name} is not readable as Parquet") from None


def _require_told_apart(name: str, due: Iterable[str], columns: Collection[str]) -> None:
    """Spark, which reads names without case, could not tell such columns from each other."""
    for column in sorted(set(due) & set(columns)):
        if alike := sorted(other for other in columns if other.lower() == column and other != column):
            raise Refused(f"{name} has columns that differ in case alone: {', '.join([column, *alike])}")


def _stored_type(name: str, column: str, kind: str, columns: Mapping[str, str]) -> str:
    if column not in columns:
        raise Refused(f"{name} has no column {column}")
    stored = columns[column]
    if stored != _NO_VALUES and stored not in _PARQUET_TYPES[kind]:
        raise Refused(f"{name}: column {column} is {stored}, due is {kind}")
    return stored


def _read_alike(
    spark: SparkSession, paths: list[str], stored: dict[str, str], due: dict[str, str], keep_raw: bool
) -> DataFrame:
    schema = StructType(
        [
            StructField(column, _read_as(stored[column], kind))
            for column, kind in due.items()
            if stored[column] != _NO_VALUES
        ]
    )
    rows = spark.read.schema(schema).parquet(*paths)
    texts = [column for column, kind in due.items() if kind == "string" and column in schema.names]
    return rows.select(
        *(_value(column, kind, stored[column]).alias(column) for column, kind in due.items()),
        F.expr(_FILE).alias("_file"),
        (F.col("_metadata.row_index") + 1).alias("_row_number"),
        (_row_as_json(stored, due, texts) if keep_raw else F.lit(None).cast("string")).alias("_raw"),
        F.concat_ws("", *_problems(texts, stored)).alias("_problems"),
        F.lit(None).cast("string").alias("_broken"),
    )


def _problems(texts: list[str], stored: dict[str, str]) -> Iterator[Column]:
    """Codes of what cannot be read in a row."""
    for column in texts:
        yield F.when(~F.is_valid_utf8(column), F.lit(f"{Reason.BAD_UTF8.of(column)};"))
    for column, kind in stored.items():
        if _is_local(kind):
            yield F.when(~_in_calendar(column), F.lit(f"{Reason.BAD_TYPE.of(column)};"))


def _is_local(stored: str) -> bool:
    """Whether it is a timestamp without zone, as Spark knows them."""
    return stored.endswith(",false))") and "NANOS" not in stored


def _in_calendar(column: str) -> Column:
    """Whether a timestamp without zone lies in the years 1 to 9999; others, an empty one of NumPy's too, have none."""
    return F.col(column).between(
        F.expr("TIMESTAMP_NTZ'0001-01-02 00:00:00'"), F.expr("TIMESTAMP_NTZ'9999-12-31 00:00:00'")
    )


def _read_as(stored: str, kind: str) -> DataType:
    if "NANOS" in stored:
        return LongType()  # Spark knows no nanoseconds
    return TimestampNTZType() if _is_local(stored) else KINDS[kind]


def _value(column: str, kind: str, stored: str) -> Column:
    """A stored value as its kind; a timestamp without zone is Vietnam's, which is the session's."""
    if stored == _NO_VALUES:
        return F.lit(None).cast(KINDS[kind])
    if _is_local(stored):
        return F.when(_in_calendar(column), F.col(column)).cast(KINDS[kind])
    if "NANOS" not in stored:
        return F.col(column).cast(KINDS[kind])
    moment = of_nanoseconds(F.col(column))
    return moment if "true" in stored else moment - F.expr("INTERVAL 7 HOURS")


def of_nanoseconds(since_1970: Column) -> Column:
    """The moment so many nanoseconds after 1970 began in UTC, to the microsecond below."""
    # A quotient would be a double, which has no room for so many digits.
    whole = since_1970 - F.pmod(since_1970, F.lit(1000).cast("bigint"))
    return F.timestamp_micros(F.call_function("div", whole, F.lit(1000).cast("bigint")))


def _row_as_json(stored: dict[str, str], due: dict[str, str], texts: list[str]) -> Column:
    """A row of the columns due, nulls too; of texts that are no UTF-8 the bytes, of nanoseconds the time."""

    def shown(column: str) -> Column:
        """One of its values."""
        if column in texts:
            value = F.col(column)
            return F.when(F.is_valid_utf8(value), value).otherwise(F.concat(F.lit("\\x"), F.hex(value)))
        is_counted = "NANOS" in stored[column] or stored[column] == _NO_VALUES
        return _value(column, due[column], stored[column]) if is_counted else F.col(column)

    return F.to_json(F.struct(*(shown(column).alias(column) for column in due)), {"ignoreNullFields": "false"})
