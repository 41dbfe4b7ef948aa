"""Deliveries as frames: Parquet's types, files of any name, every record with its origin."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import landing, readers
from jobs.landing import Refused
from jobs.readers import of_nanoseconds
from jobs.sources import SOURCES
from jobs.storage import Files
from tests.jobs.zone import Zone, as_parquet, day, parquet_bytes, rows_of

SOURCE = SOURCES["declarations"]
ROW = {
    "tax_code": "0100000001",
    "period": "2026-Q3",
    "declared_revenue_vnd": 5,
    "tax_paid_vnd": 0,
    "filed_on": dt.date(2026, 10, 30),
    "updated_at": dt.datetime(2026, 11, 1, 1, tzinfo=dt.UTC),
}
GOOD = pa.Table.from_pylist([ROW], pa.schema([(name, pa.array([value]).type) for name, value in ROW.items()]))


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path / "landing")


def read(spark: SparkSession, zone: Zone, keep_raw: bool = False) -> DataFrame:
    files = Files(spark)
    ((arrival,), _) = landing.arrivals(files, str(zone.root), SOURCE, day(2))
    return readers.read(files, arrival, landing.read_manifest(files, arrival), keep_raw)


def changed(column: str, values: pa.Array) -> bytes:
    """The good row with another column."""
    return parquet_bytes(GOOD.set_column(GOOD.column_names.index(column), column, values))


PARQUET: dict[str, tuple[bytes, int, str]] = {
    "fewer rows": (parquet_bytes(GOOD), 2, "a.parquet has 1 records, the manifest says 2"),
    "no Parquet": (b"tax_code,period\n", 1, "a.parquet is not readable as Parquet"),
    "empty file": (b"", 0, "a.parquet is not readable as Parquet"),
    "truncated": (parquet_bytes(GOOD)[:-20], 1, "a.parquet is not readable as Parquet"),
    "a column missing": (parquet_bytes(GOOD.drop_columns("filed_on")), 1, "a.parquet has no column filed_on"),
    "number for a string": (changed("tax_code", pa.array([100000001])), 1, "column tax_code is int64"),
    "bytes for a string": (changed("tax_code", pa.array([b"01"])), 1, "column tax_code is binary"),
    "string for a number": (changed("tax_paid_vnd", pa.array(["0"])), 1, "column tax_paid_vnd is binary"),
    "32 bits for 64": (changed("tax_paid_vnd", pa.array([0], pa.int32())), 1, "column tax_paid_vnd is int32"),
    "unsigned": (changed("tax_paid_vnd", pa.array([0], pa.uint64())), 1, "column tax_paid_vnd is int64"),
    "float for a number": (changed("tax_paid_vnd", pa.array([0.0])), 1, "column tax_paid_vnd is double"),
    "timestamp for a date": (changed("filed_on", GOOD["updated_at"]), 1, "column filed_on is int64"),
    "date for a timestamp": (changed("updated_at", GOOD["filed_on"]), 1, "column updated_at is int32"),
    "string for a timestamp": (changed("updated_at", pa.array(["2026-11-01"])), 1, "column updated_at is binary"),
    "list of strings": (changed("tax_code", pa.array([["01"]])), 1, "column tax_code is nested"),
}


@pytest.mark.parametrize(("content", "rows", "reason"), PARQUET.values(), ids=list(PARQUET))
def test_parquet_that_is_refused(spark: SparkSession, zone: Zone, content: bytes, rows: int, reason: str) -> None:
    zone.files("declarations", day(1), {"a.parquet": (content, rows)})
    with pytest.raises(Refused, match=reason):
        read(spark, zone)


def test_a_delta_needs_its_change_type(spark: SparkSession, zone: Zone) -> None:
    zone.files("declarations", day(1), {"a.parquet": (parquet_bytes(GOOD), 1)}, mode="delta")
    with pytest.raises(Refused, match="no column change_type"):
        read(spark, zone)


def test_nanoseconds_lose_no_microsecond(spark: SparkSession) -> None:
    chance = random.Random(5)
    micros = [chance.randrange(-(10**15), 2 * 10**15) for _ in range(2_000)]
    frame = spark.createDataFrame(
        [(each, each * 1_000 + chance.randrange(1_000)) for each in micros], "us bigint, ns bigint"
    )
    assert frame.where(F.unix_micros(of_nanoseconds(F.col("ns"))) != F.col("us")).isEmpty()


def test_parquet_as_different_writers_store_it(spark: SparkSession, zone: Zone) -> None:
    utc, local = ROW["updated_at"], dt.datetime(2026, 11, 1, 8)
    times = {
        "micros": pa.array([utc], pa.timestamp("us", "UTC")),
        "nanos": pa.array([utc], pa.timestamp("ns", "UTC")),
        "millis": pa.array([utc], pa.timestamp("ms", "Asia/Ho_Chi_Minh")),
        "local micros": pa.array([local], pa.timestamp("us")),
        "local nanos": pa.array([local], pa.timestamp("ns")),
    }
    files = {f"{name}.parquet": changed("updated_at", values) for name, values in times.items()}
    files["other texts.parquet"] = changed("tax_code", pa.array(["0100000001"], pa.large_string()))
    files["dictionary.parquet"] = changed("tax_code", pa.array(["0100000001"]).dictionary_encode())
    files["no values.parquet"] = changed("filed_on", pa.nulls(1))
    files["no texts.parquet"] = changed("tax_code", pa.nulls(1))
    files["more columns.parquet"] = parquet_bytes(GOOD.append_column("x", pa.array([1])))
    zone.files("declarations", day(1), {name: (content, 1) for name, content in files.items()})
    found = {row["_file"]: row for row in read(spark, zone).toArrow().to_pylist()}
    assert found.keys() == files.keys()
    assert {row["updated_at"] for row in found.values()} == {utc}
    assert found.pop("no values.parquet")["filed_on"] is None
    assert found.pop("no texts.parquet")["tax_code"] is None
    assert {(row["tax_code"], row["filed_on"], row["tax_paid_vnd"]) for row in found.values()} == {
        ("0100000001", dt.date(2026, 10, 30), 0)
    }


def test_a_text_that_is_too_large_for_one_worker(spark: SparkSession, zone: Zone) -> None:
    folder = zone.files("declarations", day(1), {"a.csv": (b"", 0)})
    with (folder / "a.csv").open("r+b") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(Refused, match=r"a.csv is larger than 1 GiB"):
        read(spark, zone)


@pytest.mark.parametrize(
    ("name", "rows", "reason"),
    [
        ("a.csv", 5, "is empty: it has no header"),
        ("a.csv", 0, "is empty: it has no header"),
        ("a.csv.gz", 0, "is truncated or no gzip"),
        ("a.jsonl", 5, "has 0 records, the manifest says 5"),
        ("a.jsonl.gz", 1, "is truncated or no gzip"),
        ("a.jsonl", 0, None),
    ],
)
def test_a_file_without_bytes_is_no_file_of_its_format(
    spark: SparkSession, zone: Zone, name: str, rows: int, reason: str | None
) -> None:
    zone.files("declarations", day(1), {name: (b"", rows)})
    if reason is None:
        assert read(spark, zone).isEmpty()
    else:
        with pytest.raises(Refused, match=f"^{name} {reason}$"):
            read(spark, zone)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_every_record_has_its_file_and_number(spark: SparkSession, zone: Zone, kind: str) -> None:
    names = [f"{name}.{kind}" for name in ("a b", "tờ khai", "50%+1", "x%20y", "[1]{2}", "a,b;c")]
    content = {"parquet": as_parquet(SOURCE, rows_of("declarations", ROW, ROW)), "csv": b"%s\n%s\n%s\n" % CSV}[kind]
    zone.files("declarations", day(1), {name: (content, 2) for name in names})
    found = {(row["_file"], row["_row_number"]) for row in read(spark, zone).collect()}
    assert found == {(name, number) for name in names for number in (1, 2)}


CSV = (",".join(ROW).encode(), *[b"0100000001,2026-Q3,5,0,2026-10-30,2026-11-01T08:00:00+07:00"] * 2)


def test_parquet_with_bytes_that_are_no_text(spark: SparkSession, zone: Zone) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"01\xff"]).buffers())
    zone.files("declarations", day(1), {"a.parquet": (changed("tax_code", broken), 1)})
    (row,) = read(spark, zone, keep_raw=True).collect()
    assert row["_problems"] == "bad_utf8:tax_code;"
    raw: dict[str, Any] = json.loads(row["_raw"])
    assert raw["tax_code"] == "\\x3031FF" and raw["period"] == "2026-Q3"


def test_what_is_kept_of_a_parquet_row_has_its_nulls_and_its_times(spark: SparkSession, zone: Zone) -> None:
    table = GOOD.set_column(4, "filed_on", pa.nulls(1, pa.date32()))
    moments = pa.array([1_793_494_800_000_000_000]).cast(pa.timestamp("ns", tz="UTC"))
    content = parquet_bytes(table.set_column(5, "updated_at", moments))
    zone.files("declarations", day(1), {"a.parquet": (content, 1)})
    (row,) = read(spark, zone, keep_raw=True).collect()
    raw = json.loads(row["_raw"])
    assert (raw["filed_on"], raw["updated_at"]) == (None, "2026-11-01T08:00:00.000+07:00")


def test_parquet_columns_that_differ_in_case_alone_are_told(spark: SparkSession, zone: Zone) -> None:
    zone.files("declarations", day(1), {"a.parquet": (parquet_bytes(GOOD.append_column("Period", pa.array(["x"]))), 1)})
    with pytest.raises(Refused, match="^a.parquet has columns that differ in case alone: period, Period$"):
        read(spark, zone)
    # One that is not due may be written in any way.
    zone.files("declarations", day(1), {"a.parquet": (parquet_bytes(GOOD.append_column("Note", pa.array(["x"]))), 1)})
    assert read(spark, zone).count() == 1


def test_a_moment_that_no_calendar_has_is_the_rows_fault(spark: SparkSession, zone: Zone) -> None:
    # As NumPy stores that there is none.
    never = pa.array([-(2**63)], pa.int64()).cast(pa.timestamp("us"))
    zone.files("declarations", day(1), {"a.parquet": (changed("updated_at", never), 1)})
    (row,) = read(spark, zone).collect()
    assert (row.updated_at, row._problems) == (None, "bad_type:updated_at;")
