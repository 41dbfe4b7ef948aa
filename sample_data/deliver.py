"""Deliveries on disk: files in the formats of CONTRACT.md §1, and their manifest. Same rows, same bytes."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from sample_data.arrays import Text
from sample_data.settings import DeliverySettings, Format
from sample_data.times import ZONE

MANIFEST = "_manifest.json"

_BOM = "\ufeff".encode()
AFTER_MIDNIGHT = datetime.timedelta(minutes=30)


def write_delivery(
    landing: Path,
    source: str,
    date: datetime.date,
    rows: pa.Table,
    settings: DeliverySettings,
    produced_after: datetime.timedelta = AFTER_MIDNIGHT,
) -> Path:
    """One delivery: `<landing>/<source>/business_date=…/` with its files and `_manifest.json`.

    Args:
        landing: folder of the landing zone.
        source: name of the source.
        date: business date.
        rows: all rows; with a column `change_type` they are changes, else the delivery is a full one.
        settings: format and size of the files.
        produced_after: time from the start of the business date to when it was produced.

    Returns:
        The folder of the delivery.
    """
    folder = landing / source / f"business_date={date.isoformat()}"
    folder.mkdir(parents=True)
    form = settings.formats[source]
    files = []
    for number, part in enumerate(_parts(rows, settings.rows_a_file)):
        file = folder / f"{source}-{number:03d}.{form}"
        write_rows(file, part, form, source in settings.bom)
        files.append({"name": file.name, "rows": part.num_rows, "sha256": sha256(file)})
    produced = datetime.datetime.combine(date, datetime.time(), ZoneInfo(ZONE)) + produced_after
    manifest = {
        "source": source,
        "business_date": date.isoformat(),
        "mode": "delta" if "change_type" in rows.column_names else "full",
        "produced_at": produced.isoformat(),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return folder


def _parts(rows: pa.Table, rows_a_file: int) -> Iterator[pa.Table]:
    for start in range(0, max(rows.num_rows, 1), rows_a_file):
        yield rows.slice(start, rows_a_file)


def sha256(file: Path) -> str:
    """Checksum of a file, hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_rows(file: Path, rows: pa.Table, form: Format, bom: bool) -> None:
    """Rows as one file of a format."""
    if form == "parquet":
        pyarrow.parquet.write_table(rows, file, compression="zstd")
        return
    with _opened(file, form) as out:
        if form.startswith("csv"):
            out.write(_BOM if bom else b"")
            pyarrow.csv.write_csv(_as_text(rows), out, pyarrow.csv.WriteOptions(quoting_style="needed"))
        else:
            out.write(_json_lines(rows))


@contextlib.contextmanager
def _opened(file: Path, form: Format) -> Iterator[BinaryIO]:
    with file.open("wb") as plain:
        if not form.endswith(".gz"):
            yield plain
            return
        # neither time nor name in the header: the same rows give the same bytes
        with gzip.GzipFile(filename="", mode="wb", fileobj=plain, compresslevel=5, mtime=0) as packed:
            yield cast(BinaryIO, packed)


def _as_text(rows: pa.Table) -> pa.Table:
    """All columns as text: digits, `YYYY-MM-DD`, ISO 8601 with offset."""
    return pa.table({name: _text(rows[name]) for name in rows.column_names})


def _text(values: pa.ChunkedArray) -> Text:
    if pa.types.is_timestamp(values.type):
        local = pc.strftime(pc.cast(values, pa.timestamp("s", tz=ZONE)), "%Y-%m-%dT%H:%M:%S%z")
        return pc.replace_substring_regex(local, r"(\d\d)(\d\d)$", r"\1:\2")
    return pc.cast(values, pa.string())


def _json_lines(rows: pa.Table) -> bytes:
    """One object a line; ints as numbers, the rest as strings, nulls left out."""
    fields = []
    for name in rows.column_names:
        text = _text(rows[name].combine_chunks())
        value = text if pa.types.is_integer(rows[name].type) else _quoted(text)
        fields.append(pc.binary_join_element_wise(f'"{name}": ', value, ""))
    lines = pc.binary_join_element_wise(*fields, ", ", null_handling="skip")
    text = pc.binary_join_element_wise("{", lines, "}", "")
    return ("\n".join(text.to_pylist()) + "\n" if rows.num_rows else "").encode()


def _quoted(text: Text) -> Text:
    escaped = text
    for plain, code in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = pc.replace_substring(escaped, plain, code)
    return pc.binary_join_element_wise('"', escaped, '"', "")
