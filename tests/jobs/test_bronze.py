"""Records typed and judged: what is quarantined and why, what counts in place of a null (contract §1)."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import Row, SparkSession

from jobs import bronze, landing
from jobs.bronze import Counts
from jobs.landing import ListedFile, Manifest, Refused
from jobs.reasons import Reason, sentence
from jobs.sources import SOURCES
from jobs.storage import Lake
from jobs.tables import BRONZE, QUARANTINE
from tests.jobs.zone import Zone, as_csv, as_parquet, day, moment, parquet_bytes, person, rows_of

PRODUCED = dt.datetime(2026, 11, 1, 20, tzinfo=dt.timezone(dt.timedelta(hours=7)))
GOOD: dict[str, dict[str, str]] = {
    "seller_sales": {
        **{"platform": "P", "shop_id": "1", "period": "2026-10", "category": "goods", "gross_revenue_vnd": "5"},
        "updated_at": "2026-11-01T08:00:00+07:00",
    },
    "declarations": {
        **{"tax_code": "01", "period": "2026-10", "declared_revenue_vnd": "5"},
        "updated_at": "2026-11-01T08:00:00+07:00",
    },
    "bank_inflows": {
        **{"bank_code": "970436", "account_number": "1", "period": "2026-10", "inflow_vnd": "5"},
        "updated_at": "2026-11-01T08:00:00+07:00",
    },
    "telecom_subscribers": {
        **{"msisdn": "0901", "activated_on": "2020-02-29", "updated_at": "2026-11-01T08:00:00+07:00"},
    },
    "sellers": {"platform": "P", "shop_id": "1", "updated_at": "2026-11-01T08:00:00+07:00"},
}


def judged(spark: SparkSession, source: str, rows: list[Mapping[str, str | None]], mode: str = "full") -> list[Row]:
    """The good row of a source as a CSV reader gives it, once with each of these changes."""
    blank = dict.fromkeys((*SOURCES[source].kinds, *(["change_type"] if mode == "delta" else [])))
    origin = {"_file": "f", "_raw": None, "_problems": "", "_broken": None}
    texts = [{**blank, **GOOD[source], **origin, **row} for row in rows]
    schema = pa.schema([(name, pa.string()) for name in texts[0]])
    records = spark.createDataFrame(pa.Table.from_pylist(texts, schema)).selectExpr("*", "1L as _row_number")
    manifest = Manifest("delta" if mode == "delta" else "full", PRODUCED, (ListedFile("f", len(rows), ""),), None)
    return bronze.judge(records, SOURCES[source], manifest).collect()


SALE = "P|1|2026-10|goods"

# Source → name of the case → (what is in the record, its reasons, its key).
CASES: dict[str, dict[str, tuple[dict[str, str | None], list[str], str | None]]] = {
    "seller_sales": {
        "good": ({}, [], SALE),
        "negative month": ({"gross_revenue_vnd": "-5"}, [], SALE),
        "the greatest amount": ({"gross_revenue_vnd": "1000000000000000"}, [], SALE),
        "beyond it": ({"gross_revenue_vnd": "1000000000000001"}, ["amount_range:gross_revenue_vnd"], SALE),
        "below the least": ({"withheld_pit_vnd": "-1000000000000001"}, ["amount_range:withheld_pit_vnd"], SALE),
        "a count is no amount": ({"order_count": "1000000000000001"}, [], SALE),
        "beyond 64 bits": ({"gross_revenue_vnd": "9223372036854775808"}, ["bad_type:gross_revenue_vnd"], SALE),
        "null revenue": ({"gross_revenue_vnd": None}, ["null_value:gross_revenue_vnd"], SALE),
        "null withheld": ({"withheld_vat_vnd": None}, [], SALE),
        "with a fraction": ({"gross_revenue_vnd": "5.0"}, ["bad_type:gross_revenue_vnd"], SALE),
        "with a plus": ({"gross_revenue_vnd": "+5"}, ["bad_type:gross_revenue_vnd"], SALE),
        "with a blank": ({"gross_revenue_vnd": " 5"}, ["bad_type:gross_revenue_vnd"], SALE),
        "with a line break": ({"gross_revenue_vnd": "5\n"}, ["bad_type:gross_revenue_vnd"], SALE),
        "with separators": ({"gross_revenue_vnd": "1.000.000"}, ["bad_type:gross_revenue_vnd"], SALE),
        "foreign digits": ({"gross_revenue_vnd": "٥"}, ["bad_type:gross_revenue_vnd"], SALE),
        "null shop": ({"shop_id": None}, ["null_key:shop_id"], None),
        "null period": ({"period": None}, ["null_key:period"], None),
        "month 13": ({"period": "2026-13"}, ["bad_period:period"], "P|1|2026-13|goods"),
        "a quarter": ({"period": "2026-Q3"}, ["bad_period:period"], "P|1|2026-Q3|goods"),
        "a year": ({"period": "2026"}, ["bad_period:period"], "P|1|2026|goods"),
        "a day": ({"period": "2026-10-01"}, ["bad_period:period"], "P|1|2026-10-01|goods"),
        "unknown category": ({"category": "Goods"}, ["unknown_value:category"], "P|1|2026-10|Goods"),
        "null category": ({"category": None}, ["null_key:category"], None),
        "null updated_at": ({"updated_at": None}, ["null_value:updated_at"], SALE),
        "a day after produced_at": ({"updated_at": "2026-11-02T20:00:00+07:00"}, [], SALE),
        "more than a day": ({"updated_at": "2026-11-02T20:00:01+07:00"}, ["future:updated_at"], SALE),
        "several faults": (
            {"shop_id": None, "gross_revenue_vnd": "x", "period": "x"},
            ["bad_type:gross_revenue_vnd", "null_key:shop_id", "bad_period:period"],
            None,
        ),
        "wrong number of fields": (
            {**dict.fromkeys(GOOD["seller_sales"]), "_problems": "field_count;"},
            ["field_count"],
            None,
        ),
        "bad bytes in a required amount": (
            {"gross_revenue_vnd": None, "_problems": "bad_utf8:gross_revenue_vnd;"},
            ["bad_utf8:gross_revenue_vnd"],
            SALE,
        ),
        "bad bytes in the key, and a null": (
            {"shop_id": None, "platform": None, "_problems": "bad_utf8:shop_id;"},
            ["bad_utf8:shop_id", "null_key:platform"],
            None,
        ),
    },
    "declarations": {
        "month": ({}, [], "01|2026-10"),
        "quarter": ({"period": "2026-Q4"}, [], "01|2026-Q4"),
        "year": ({"period": "2026"}, [], "01|2026"),
        "fifth quarter": ({"period": "2026-Q5"}, ["bad_period:period"], "01|2026-Q5"),
        "month 0": ({"period": "2026-00"}, ["bad_period:period"], "01|2026-00"),
        "null revenue": ({"declared_revenue_vnd": None}, ["null_value:declared_revenue_vnd"], "01|2026-10"),
        "null tax": ({"tax_paid_vnd": None}, [], "01|2026-10"),
        "null filing date": ({"filed_on": None}, [], "01|2026-10"),
        "no date": ({"filed_on": "2026-02-30"}, ["bad_type:filed_on"], "01|2026-10"),
        "a date the other way round": ({"filed_on": "30/10/2026"}, ["bad_type:filed_on"], "01|2026-10"),
        "a short date": ({"filed_on": "2026-1-2"}, ["bad_type:filed_on"], "01|2026-10"),
        "a timestamp for a date": ({"filed_on": "2026-10-30T00:00:00"}, ["bad_type:filed_on"], "01|2026-10"),
        "year 0": ({"filed_on": "0000-01-01"}, ["bad_type:filed_on"], "01|2026-10"),
    },
    "bank_inflows": {
        "good": ({}, [], "970436|1|2026-10"),
        "null inflow": ({"inflow_vnd": None}, ["null_value:inflow_vnd"], "970436|1|2026-10"),
        "null e-commerce inflow": ({"ecommerce_inflow_vnd": None, "inflow_count": None}, [], "970436|1|2026-10"),
        "quarter": ({"period": "2026-Q1"}, ["bad_period:period"], "970436|1|2026-Q1"),
    },
    "telecom_subscribers": {
        "good": ({}, [], "0901|2020-02-29"),
        "key unreadable as its type": ({"activated_on": "2021-02-29"}, ["bad_type:activated_on"], None),
        "null date in the key": ({"activated_on": None}, ["null_key:activated_on"], None),
    },
}  # fmt: skip


@pytest.mark.parametrize("source", CASES)
def test_reasons(spark: SparkSession, source: str) -> None:
    cases = CASES[source]
    rows = judged(spark, source, [changes for changes, _, _ in cases.values()])
    found = {name: (row["_reasons"].split(";")[:-1], row["_record_key"]) for name, row in zip(cases, rows, strict=True)}
    assert found == {name: (reasons, key) for name, (_, reasons, key) in cases.items()}


CHANGES = {
    **{"I": "", "U": "", "D": "", "u": "unknown_value:change_type;", "x": "unknown_value:change_type;"},
    None: "null_value:change_type;",
}


def test_change_types(spark: SparkSession) -> None:
    rows = judged(spark, "sellers", [{"change_type": change} for change in CHANGES], mode="delta")
    assert [(row["_change_type"], row["_reasons"]) for row in rows] == list(CHANGES.items())


TIMESTAMPS = {
    "2026-11-01T08:00:00+07:00": 1,
    "2026-11-01T01:00:00Z": 1,
    "2026-11-01T08:00:00": 1,
    "2026-11-01 08:00:00": 1,
    "2026-11-01T08:00": 1,
    "2026-11-01T08:00+07:00": 1,
    "2026-11-01T08:00:00.000000": 1,
    "2026-11-01T08:00:00.000000000+0700": 1,
    "2026-11-01 08:00:00+07": 1,
    "2026-10-31T18:00:00-07:00": 1,
    "2026-11-01t01:00:00z": 1,
    "2026-11-01T08:00:00,000+07:00": 1,
    "20261101T080000+0700": 1,
    "20261101T0100Z": 1,
    "20261101T080000": 1,
    "20261101T250000Z": None,
    "20261101": None,
    "2026-11-01": None,
    "01/11/2026 08:00": None,
    "2026-11-01T25:00:00+07:00": None,
    "2026-02-30T08:00:00+07:00": None,
    "2026-11-01T08:00:00+99:00": None,
    "2026-11-01T08:00:00 ICT": None,
    "1793494800": None,
}


def test_timestamps(spark: SparkSession) -> None:
    rows = judged(spark, "sellers", [{"updated_at": text} for text in TIMESTAMPS])
    expected = [(text, None if good is None else moment(1, 8).timestamp()) for text, good in TIMESTAMPS.items()]
    found = [row["updated_at"] and row["updated_at"].timestamp() for row in rows]
    assert list(zip(TIMESTAMPS, found, strict=True)) == expected


def test_what_counts_in_place_of_a_null(spark: SparkSession) -> None:
    (sale,) = judged(spark, "seller_sales", [{}])
    assert (sale["withheld_vat_vnd"], sale["withheld_pit_vnd"], sale["order_count"]) == (0, 0, None)
    shops = judged(spark, "sellers", [{"country": said} for said in (None, " ", "vn", "CN")])
    assert (shops[0]["country"], shops[3]["country"]) == ("VN", "CN")
    # A blank one is none.
    assert [row["_no_country"] for row in shops] == [True, True, False, False]


def test_hash_is_of_the_content_and_knows_where_the_nulls_are(spark: SparkSession) -> None:
    rows = judged(
        spark,
        "sellers",
        [
            {"shop_name": "a", "_file": "1"},
            {"shop_name": "a", "_file": "2"},
            {"shop_name": None, "seller_name": "a"},
            {"shop_name": "b"},
        ],
    )
    hashes = [row["_row_hash"] for row in rows]
    assert hashes[0] == hashes[1] and len(set(hashes)) == 3


def test_every_code_is_explained() -> None:
    assert all(sentence(reason.of("x")).endswith(" (x)") for reason in Reason)


# ── a delivery into the lake ──


def take(lake: Lake, zone: Zone, source: str = "residents") -> Counts:
    ((arrival,), _) = landing.arrivals(lake.files, str(zone.root), SOURCES[source], day(1))
    return bronze.take(lake, arrival, landing.read_manifest(lake.files, arrival))


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path / "landing")


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, str(tmp_path / "warehouse"))


def test_rows_are_kept_or_quarantined(lake: Lake, zone: Zone) -> None:
    rows = rows_of("residents", person("1"), person("2", updated_at=None), person(None))
    content = {
        "a.csv": (as_csv(SOURCES["residents"], rows), 3),
        "b.csv": (as_csv(SOURCES["residents"], rows).replace(b"1,,A", b"1,,\xff"), 3),
    }
    zone.files("residents", day(1), content)
    assert take(lake, zone) == Counts(rows=6, kept=1, quarantined=5, unreadable_keys=2)
    (kept,) = lake.read(BRONZE["residents"]).collect()
    assert (kept["personal_id"], kept["_file"], kept["_row_number"], kept["_delivery_date"]) == (
        "1",
        "a.csv",
        1,
        day(1),
    )
    refused = lake.read(QUARANTINE).orderBy("file", "row_number").collect()
    assert [(row["file"], row["row_number"], row["record_key"], row["reasons"]) for row in refused] == [
        ("a.csv", 2, "2", ["null_value:updated_at"]),
        ("a.csv", 3, None, ["null_key:personal_id"]),
        ("b.csv", 1, "1", ["bad_utf8:full_name"]),
        ("b.csv", 2, "2", ["null_value:updated_at"]),
        ("b.csv", 3, None, ["null_key:personal_id"]),
    ]
    assert refused[2]["raw"].startswith("1,,\\xff,")
    assert {(row["business_date"], row["source"]) for row in refused} == {(day(1), "residents")}


def test_a_file_that_breaks_while_it_is_read(lake: Lake, zone: Zone) -> None:
    source = SOURCES["residents"]
    good = as_parquet(source, rows_of("residents", *(person(str(number)) for number in range(1000))))
    damaged = good[:100] + bytes(900) + good[1000:]
    zone.files("residents", day(1), {"a.parquet": (good, 1000), "b c.parquet": (damaged, 1000)})
    with pytest.raises(Refused, match=r"^b c.parquet is not readable as parquet \(damaged, or of a codec"):
        take(lake, zone)
    assert lake.read(BRONZE["residents"]).count() == 0


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_file_that_goes_before_it_is_read(lake: Lake, zone: Zone, kind: str) -> None:
    folder = zone.files("residents", day(1), {f"a.{kind}": (b"x", 1)})
    (arrival,), _ = landing.arrivals(lake.files, str(zone.root), SOURCES["residents"], day(1))
    manifest = landing.read_manifest(lake.files, arrival)
    (folder / f"a.{kind}").unlink()
    with pytest.raises(Refused, match="a file is gone"):
        bronze.take(lake, arrival, manifest)


def test_a_file_that_goes_before_what_is_wrong_in_it_is_written_down(
    lake: Lake, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = as_csv(SOURCES["residents"], rows_of("residents", person("1"), person("2", updated_at=None)))
    folder, again = zone.files("residents", day(1), {"a.csv": (content, 2)}), bronze._write_quarantined
    monkeypatch.setattr(bronze, "_write_quarantined", lambda *given: (folder / "a.csv").unlink() or again(*given))
    with pytest.raises(Refused, match="a file is gone"):
        take(lake, zone)
    assert lake.read(BRONZE["residents"]).count() == lake.read(QUARANTINE).count() == 0


def test_a_text_that_does_not_hold_what_the_manifest_says_leaves_nothing(lake: Lake, zone: Zone) -> None:
    content = as_csv(SOURCES["residents"], rows_of("residents", person("1"), person("2", updated_at=None)))
    zone.files("residents", day(1), {"a.csv": (content, 3)})
    with pytest.raises(Refused, match=r"^a.csv has 2 records, the manifest says 3$"):
        take(lake, zone)
    assert lake.read(BRONZE["residents"]).count() == lake.read(QUARANTINE).count() == 0


def test_parquet_rows_are_judged_alike(lake: Lake, zone: Zone) -> None:
    rows = rows_of("seller_sales", {"platform": "P", "shop_id": "1", "period": "2026-1", "category": "goods"})
    zone.files("seller_sales", day(1), {"a.parquet": (as_parquet(SOURCES["seller_sales"], rows), 1)})
    assert take(lake, zone, "seller_sales") == Counts(rows=1, kept=0, quarantined=1)
    (row,) = lake.read(QUARANTINE).collect()
    assert (row["record_key"], row["reasons"]) == ("P|1|2026-1|goods", ["bad_period:period"])
    assert '"period":"2026-1"' in row["raw"]


def test_a_year_that_no_calendar_has_is_the_rows_fault_in_parquet_too(lake: Lake, zone: Zone) -> None:
    table = pa.Table.from_pylist(rows_of("residents", person("1"), person("2")))
    column = table.schema.get_field_index("updated_at")
    beyond = pa.array([1_700_000_000_000_000, -(2**62)], pa.int64()).cast(pa.timestamp("us", "UTC"))
    zone.files("residents", day(1), {"a.parquet": (parquet_bytes(table.set_column(column, "updated_at", beyond)), 2)})
    assert take(lake, zone) == Counts(rows=2, kept=1, quarantined=1)
    assert [row.reasons for row in lake.read(QUARANTINE).collect()] == [["bad_type:updated_at"]]


def test_a_key_is_one_in_either_form_of_unicode(spark: SparkSession, tmp_path: Path) -> None:
    zone, lake = Zone(tmp_path / "landing"), Lake(spark, str(tmp_path / "warehouse"))
    names = [unicodedata.normalize(form, "Chợ Tốt") for form in ("NFC", "NFD")]
    zone.rows("sellers", day(1), *({"platform": name, "shop_id": str(at)} for at, name in enumerate(names)))
    ((arrival,), _) = landing.arrivals(lake.files, str(zone.root), SOURCES["sellers"], day(1))
    bronze.take(lake, arrival, landing.read_manifest(lake.files, arrival))
    assert [row.platform for row in lake.read(BRONZE["sellers"]).select("platform").collect()] == [names[0]] * 2
