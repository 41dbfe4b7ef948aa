"""Files of a country read back the way CONTRACT.md §1 says they may be read."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet

DATE = datetime.date(2026, 11, 20)
RESIDENTS = 3_000
Rows = list[dict[str, Any]]


def read_rows(file: Path) -> Rows:
    """Rows of one delivered file; empty CSV fields are None."""
    if file.suffix == ".parquet":
        return list(pyarrow.parquet.read_table(file).to_pylist())
    text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode("utf-8-sig")
    if ".jsonl" in file.name:
        return [json.loads(line) for line in text.splitlines()]
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{name: value or None for name, value in row.items()} for row in rows]


def read_source(out: Path, source: str) -> Rows:
    """All rows of a source's delivery."""
    folder = out / "landing" / source / f"business_date={DATE}"
    names = [file["name"] for file in json.loads((folder / "_manifest.json").read_text())["files"]]
    return [row for name in names for row in read_rows(folder / name)]
