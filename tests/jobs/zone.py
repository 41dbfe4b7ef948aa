"""A landing zone for tests: deliveries to the contract, and every way of getting them wrong."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.sources import SOURCES, Source

UTC7 = dt.timezone(dt.timedelta(hours=7))
ARROW = {"string": pa.string(), "int": pa.int64(), "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC")}
Row = Mapping[str, Any]


def day(number: int) -> dt.date:
    """Days of November 2026, in which all tests play."""
    return dt.date(2026, 11, number)


def moment(number: int, hour: int = 8) -> dt.datetime:
    """A moment of that day, Vietnam's time."""
    return dt.datetime(2026, 11, number, hour, tzinfo=UTC7)


UPDATED = moment(1)


def rows_of(source: str, *rows: Row) -> list[dict[str, Any]]:
    """Full records from the few values that a test cares for; the key must be among them."""
    blank = dict.fromkeys(SOURCES[source].kinds)
    known: dict[str, Any] = {
        "updated_at": UPDATED,
        "gross_revenue_vnd": 1,
        "inflow_vnd": 1,
        "declared_revenue_vnd": 1,
    }
    return [{**blank, **{name: value for name, value in known.items() if name in blank}, **row} for row in rows]


def person(
    personal_id: str | None, full_name: str = "A", updated_at: dt.datetime | None = UPDATED, **more: object
) -> Row:
    """A resident."""
    return {"personal_id": personal_id, "full_name": full_name, "updated_at": updated_at, **more}


def as_parquet(source: Source, rows: list[dict[str, Any]]) -> bytes:
    """Parquet with the types of the contract."""
    extra = [("change_type", pa.string())] if rows and "change_type" in rows[0] else []
    schema = pa.schema([*((name, ARROW[kind]) for name, kind in source.kinds.items()), *extra])
    return parquet_bytes(pa.Table.from_pylist(rows, schema))


def parquet_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def as_csv(source: Source, rows: list[dict[str, Any]]) -> bytes:
    """CSV with CRLF and quotes where needed; dates and timestamps as the contract writes them."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]) if rows else list(source.kinds), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode()


def as_jsonl(source: Source, rows: list[dict[str, Any]]) -> bytes:
    """JSON lines; nulls are left out."""
    lines = (
        {
            name: value if isinstance(value, str | int) else _text(value)
            for name, value in row.items()
            if value is not None
        }
        for row in rows
    )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


WRITERS: dict[str, Callable[[Source, list[dict[str, Any]]], bytes]] = {
    "parquet": as_parquet,
    "csv": as_csv,
    "csv.gz": lambda source, rows: gzip.compress(as_csv(source, rows)),
    "jsonl": as_jsonl,
    "jsonl.gz": lambda source, rows: gzip.compress(as_jsonl(source, rows)),
}


class Zone:
    """A landing zone below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def folder(self, source: str, date: dt.date) -> Path:
        """Where a delivery lies."""
        return self.root / source / f"business_date={date}"

    def rows(
        self,
        source: str,
        date: dt.date,
        *rows: Row,
        mode: str = "full",
        kind: str = "parquet",
        manifest: Mapping[str, Any] | None = None,
    ) -> Path:
        """A delivery of one file with these records."""
        change = {"change_type": "U"} if mode == "delta" else {}
        content = WRITERS[kind](SOURCES[source], [{**change, **row} for row in rows_of(source, *rows)])
        return self.files(source, date, {f"part.{kind}": (content, len(rows))}, mode, manifest)

    def files(
        self,
        source: str,
        date: dt.date,
        files: Mapping[str, tuple[bytes, int]],
        mode: str = "full",
        manifest: Mapping[str, Any] | None = None,
    ) -> Path:
        """A delivery of files with their content and number of records; `manifest` overrides what the manifest says."""
        folder = self.folder(source, date)
        folder.mkdir(parents=True, exist_ok=True)
        for name, (content, _) in files.items():
            (folder / name).write_bytes(content)
        stated = {
            "source": source,
            "business_date": date.isoformat(),
            "mode": mode,
            "produced_at": moment(date.day, 20).isoformat(),
            "files": [
                {"name": name, "rows": count, "sha256": hashlib.sha256(content).hexdigest()}
                for name, (content, count) in files.items()
            ],
        }
        (folder / "_manifest.json").write_text(json.dumps({**stated, **(manifest or {})}))
        return folder
