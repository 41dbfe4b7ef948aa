"""Bronze: each record of a delivery typed, judged, and kept with its origin or quarantined with its reasons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from jobs import readers
from jobs.errors import NightFailed
from jobs.landing import Arrival, DeliveryKey, Format, Manifest, Refused
from jobs.reasons import Reason
from jobs.sources import CATEGORIES, KINDS, Source
from jobs.storage import Lake, is_missing_file, unreadable_file
from jobs.tables import BRONZE, QUARANTINE
from matching.text import composed

_CHANGE_TYPES = ("I", "U", "D")
_MAX_AMOUNT = 10**15
# What counts where nothing was delivered.
_DEFAULTS = {"country": "VN"}

# Text that reads as a kind. Java's $ would let a final line break pass, hence \A and \z.
_INTEGER = r"\A-?[0-9]+\z"
_DATE = r"\A(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
_LOCAL = r"\A(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
# What else ISO 8601 allows (the basic form, a comma, RFC 3339's small letters), and how it reads then.
_BASIC = r"\A([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})?"
_SECONDS = r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}),"
_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)\z"
# Forms of ISO 8601 that Spark does not read.
_NO_SECONDS = r"([T ][0-9]{2}:[0-9]{2})(Z|[+-])"
_HOURS_ONLY = r"([+-][0-9]{2})\z"
_MONTH = r"\A[0-9]{4}-(0[1-9]|1[0-2])\z"
# Declarations may cover a quarter or a year.
_PERIODS = {"declarations": r"\A[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?\z"}


@dataclass(frozen=True)
class Counts:
    """What became of the records of one delivery."""

    rows: int = 0
    kept: int = 0
    quarantined: int = 0
    unreadable_keys: int = 0
    null_countries: int = 0


def take(lake: Lake, arrival: Arrival, manifest: Manifest) -> Counts:
    """Write a verified delivery to bronze, and what is wrong in it to the quarantine.

    One pass over the files where all rows are good; a second one, for the quarantined rows' raw text, where not.

    Raises:
        Refused: the files do not hold what the manifest says; bronze is then as it was.
        NightFailed: a row got lost on the way.
    """
    if not manifest.files:
        return Counts()
    try:
        counts = _write_kept(lake, arrival, manifest)
        quarantined = _write_quarantined(lake, arrival, manifest) if counts.quarantined else 0
    except (AnalysisException, Py4JJavaError) as error:
        why = _unreadable(error, manifest)
        if why is None:
            raise
        forget(lake, arrival.key)
        raise Refused(why) from None
    if not manifest.rows == counts.rows == counts.kept + counts.quarantined == counts.kept + quarantined:
        raise NightFailed(f"{arrival.key.title}: rows in are not rows kept + rows quarantined")
    return counts


def _unreadable(error: AnalysisException | Py4JJavaError, manifest: Manifest) -> str | None:
    """Why the files cannot be read, if it is that."""
    if is_missing_file(error):
        return "a file is gone that was there when the manifest was checked"
    name = unreadable_file(error) if isinstance(error, Py4JJavaError) else None
    if name is None:
        return None
    # A codec that is missing breaks the same job.
    codecs = " (damaged, or of a codec other than snappy, gzip, zstd, lz4)" if manifest.format is Format.PARQUET else ""
    return f"{name} is not readable as {manifest.format}{codecs}"


def _write_kept(lake: Lake, arrival: Arrival, manifest: Manifest) -> Counts:
    judged = judge(readers.read(lake.files, arrival, manifest, keep_raw=False), arrival.source, manifest)
    seen, kept = Observation(), Observation()
    is_record, is_good = F.col("_broken").isNull(), F.col("_reasons") == ""
    rows = (
        judged.observe(
            seen,
            F.max("_broken").alias("broken"),
            F.count_if(is_record).alias("rows"),
            F.count_if(is_record & ~is_good).alias("quarantined"),
            F.count_if(is_record & F.col("_record_key").isNull()).alias("unreadable_keys"),
            F.count_if(is_record & is_good & F.col("_no_country")).alias("null_countries"),
        )
        .where(is_record & is_good)
        .observe(kept, F.count(F.lit(1)).alias("kept"))
    )
    table = BRONZE[arrival.source.name]
    delivery = {"_delivery_date": F.lit(arrival.delivery_date), "_manifest_sha256": F.lit(arrival.manifest_sha256)}
    # A text comes in either form (contract §1), and a key is the same one in both. Last of all: Spark, which holds the
    # call for a random one, could put no steps together across it.
    kinds = arrival.source.kinds
    keys = {name: composed(F.col(name)) for name in arrival.source.key if kinds[name] == "string"}
    lake.write(table, rows.withColumns({**keys, **delivery}), replace_where=_bronze_rows(arrival.key))
    figures = seen.get
    broken = figures.pop("broken")
    if broken is not None:
        lake.remove(table, _bronze_rows(arrival.key))
        raise Refused(broken)
    return Counts(kept=kept.get["kept"], **figures)


def _write_quarantined(lake: Lake, arrival: Arrival, manifest: Manifest) -> int:
    judged = judge(readers.read(lake.files, arrival, manifest, keep_raw=True), arrival.source, manifest)
    written = Observation()
    rows = (
        judged.where(F.col("_reasons") != "")
        .select(
            F.lit(arrival.delivery_date).alias("business_date"),
            F.lit(arrival.source.name).alias("source"),
            F.col("_file").alias("file"),
            F.col("_row_number").alias("row_number"),
            F.col("_record_key").alias("record_key"),
            F.split(F.rtrim("_reasons", F.lit(";")), ";").alias("reasons"),
            F.col("_raw").alias("raw"),
            F.lit(arrival.manifest_sha256).alias("manifest_sha256"),
        )
        .observe(written, F.count(F.lit(1)).alias("rows"))
    )
    lake.write(QUARANTINE, rows, replace_where=_quarantine_rows(arrival.key))
    return int(written.get["rows"])


def forget(lake: Lake, key: DeliveryKey) -> None:
    """Remove the rows of a delivery that another one has replaced."""
    lake.remove(BRONZE[key.source], _bronze_rows(key))
    lake.remove(QUARANTINE, _quarantine_rows(key))


def _bronze_rows(key: DeliveryKey) -> str:
    return f"_delivery_date = '{key.delivery_date}' AND _manifest_sha256 = '{key.manifest_sha256}'"


def _quarantine_rows(key: DeliveryKey) -> str:
    return (
        f"source = '{key.source}' AND business_date = '{key.delivery_date}' "
        f"AND manifest_sha256 = '{key.manifest_sha256}'"
    )


# ── one record ──


def judge(records: DataFrame, source: Source, manifest: Manifest) -> DataFrame:
    """Type and judge records.

    Columns in: those of `readers.read`. Columns out: the contract's, typed and with its defaults (a null country is VN,
    a null amount 0) and
        _change_type   null in a full delivery
        _row_hash      of the content
        _reasons       codes of `jobs.reasons`, each ended by `;`, empty for a good row
        _record_key    parts of the key joined by `|`, null where one is null or unreadable
        _no_country    whether the country is a default
    and, as they came, `_file`, `_row_number`, `_raw`, `_broken`.
    """
    typed = _typed(records, source)
    codes = (F.when(condition, F.lit(f"{code};")) for condition, code in _rules(source, manifest))
    values = {name: _value(source, name) for name in source.kinds}
    change_type = F.col("change_type") if manifest.mode == "delta" else F.lit(None).cast("string")
    return typed.select(
        *(value.alias(name) for name, value in values.items()),
        change_type.alias("_change_type"),
        _row_hash([*values.values(), change_type]).alias("_row_hash"),
        *("_file", "_row_number", "_raw", "_broken"),
        F.concat_ws("", "_problems", *codes).alias("_reasons"),
        _record_key(source).alias("_record_key"),
        (_is_blank("country") if "country" in source.kinds else F.lit(False)).alias("_no_country"),
    )


def _is_blank(name: str) -> Column:
    return F.coalesce(F.trim(name), F.lit("")) == ""


def _typed(records: DataFrame, source: Source) -> DataFrame:
    """Records with every contract column a second time, typed, under `_typed_<name>`."""
    texts = {field.name for field in records.schema if isinstance(field.dataType, StringType)}
    return records.withColumns(
        {
            f"_typed_{name}": _from_text(F.col(name), kind) if name in texts else F.col(name)
            for name, kind in source.kinds.items()
        }
    )


def _from_text(text: Column, kind: str) -> Column:
    """Text as a value of its kind, null where it is none; a timestamp without offset is Vietnam's (UTC+7)."""
    if kind == "int":
        return F.when(text.rlike(_INTEGER), text.try_cast(KINDS[kind]))
    if kind == "date":
        return F.when(text.rlike(_DATE), text.try_cast(KINDS[kind]))
    if kind == "timestamp":
        usual = F.when(text.rlike(_LOCAL + _ZONE), text).when(text.rlike(_LOCAL + r"\z"), _local(text))
        zoned = F.coalesce(usual, _unusual(text))
        with_seconds = F.regexp_replace(zoned, _NO_SECONDS, "$1:00$2")
        return F.regexp_replace(with_seconds, _HOURS_ONLY, "$1:00").try_cast(KINDS[kind])
    return text


def _local(text: Column) -> Column:
    """A time without offset is Vietnam's."""
    return F.concat(text, F.lit("+07:00"))


def _unusual(text: Column) -> Column:
    """A time in a rarer form of ISO 8601 as the usual one has it; null where it is none."""
    capital = F.upper(text)
    hours = F.regexp_replace(F.regexp_replace(capital, _BASIC, "$1-$2-$3T$4:$5:$6"), ":(?=Z|[+-]|$)", "")
    plain = F.regexp_replace(hours, _SECONDS, "$1.")
    return F.when(plain.rlike(_LOCAL + _ZONE), plain).when(plain.rlike(_LOCAL + r"\z"), _local(plain))


def _rules(source: Source, manifest: Manifest) -> Iterator[tuple[Column, str]]:
    """What a good record never does, and the code for it."""
    for name in source.kinds:
        yield F.col(name).isNotNull() & F.col(f"_typed_{name}").isNull(), Reason.BAD_TYPE.of(name)
    yield from _outside_calendars(source, manifest)
    for name in source.key:
        yield _is_null(name), Reason.NULL_KEY.of(name)
    for name in ("updated_at", *source.required_amounts):
        yield _is_null(name), Reason.NULL_VALUE.of(name)
    for name in source.period_columns:
        yield ~F.col(name).rlike(_PERIODS.get(source.name, _MONTH)), Reason.BAD_PERIOD.of(name)
    for name in source.amounts:
        yield ~F.col(f"_typed_{name}").between(-_MAX_AMOUNT, _MAX_AMOUNT), Reason.AMOUNT_RANGE.of(name)
    if source.category_column:
        yield ~F.col(source.category_column).isin(*CATEGORIES), Reason.UNKNOWN_VALUE.of(source.category_column)
    if manifest.mode == "delta":
        yield _is_null("change_type"), Reason.NULL_VALUE.of("change_type")
        yield ~F.col("change_type").isin(*_CHANGE_TYPES), Reason.UNKNOWN_VALUE.of("change_type")
    latest = manifest.produced_at + dt.timedelta(days=1)
    yield F.col("_typed_updated_at") > F.lit(latest), Reason.FUTURE.of("updated_at")


def _is_null(name: str) -> Column:
    """Nothing was delivered, which is not the same as something unreadable."""
    return F.col(name).isNull() & _was_read(name)


def _was_read(name: str) -> Column:
    problems = F.col("_problems")
    whole = problems.contains(f"{Reason.FIELD_COUNT};") | problems.contains(f"{Reason.BAD_RECORD};")
    return ~(whole | problems.contains(f":{name};"))


def _record_key(source: Source) -> Column:
    """The parts joined by `|`; concat, unlike concat_ws, is null where a part is."""
    parts = [F.when(_was_read(name), F.col(f"_typed_{name}").cast("string")) for name in source.key]
    return reduce(lambda joined, part: F.concat(joined, F.lit("|"), part), parts)


def _value(source: Source, name: str) -> Column:
    typed = F.col(f"_typed_{name}")
    if name in _DEFAULTS:
        return F.coalesce(typed, F.lit(_DEFAULTS[name]))
    if name in source.amounts:
        return F.coalesce(typed, F.lit(0).cast("bigint"))
    return typed


def _row_hash(values: list[Column]) -> Column:
    """Hash of the content; nulls, which xxhash64 passes over, enter as a pattern of bits."""
    nulls = [F.when(value.isNull(), F.lit(2**place)).otherwise(F.lit(0)) for place, value in enumerate(values)]
    return F.hex(F.xxhash64(*values, reduce(lambda pattern, bit: pattern + bit, nulls)))


def _outside_calendars(source: Source, manifest: Manifest) -> Iterator[tuple[Column, str]]:
    """Of text a year has four digits; what Parquet holds may lie outside of any calendar."""
    for name, kind in source.kinds.items():
        if kind in ("date", "timestamp") and manifest.format is Format.PARQUET:
            yield ~F.year(f"_typed_{name}").between(1, 9999), Reason.BAD_TYPE.of(name)
