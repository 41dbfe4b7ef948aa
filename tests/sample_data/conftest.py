"""A small country written once, and its files read back the way the contract says they may be read."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from sample_data.generate import write_country

DATE = datetime.date(2026, 11, 20)
RESIDENTS = 3_000
Rows = list[dict[str, Any]]


def read_rows(file: Path) -> Rows:
    """Rows of one delivered file; empty CSV fields and absent JSON fields are None."""
    if file.suffix == ".parquet":
        return list(pyarrow.parquet.read_table(file).to_pylist())
    text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode("utf-8-sig")
    if ".jsonl" in file.name:
        return [json.loads(line) for line in text.splitlines()]
    rows = csv.DictReader(text.splitlines(keepends=True))
    return [{name: value or None for name, value in row.items()} for row in rows]


def read_source(out: Path, source: str) -> Rows:
    """All rows of a source's delivery."""
    folder = out / "landing" / source / f"business_date={DATE}"
    names = [file["name"] for file in json.loads((folder / "_manifest.json").read_text())["files"]]
    return [row for name in names for row in read_rows(folder / name)]


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("country") / "out"
    write_country(out, RESIDENTS, seed=7, business_date=DATE)
    return out


@pytest.fixture(scope="session")
def delivered(country: Path) -> dict[str, Rows]:
    return {folder.name: read_source(country, folder.name) for folder in sorted((country / "landing").iterdir())}


@pytest.fixture(scope="session")
def true_flags(country: Path) -> Rows:
    return read_rows(country / "truth" / "flags.parquet")


@pytest.fixture(scope="session")
def true_shops(country: Path) -> Rows:
    return read_rows(country / "truth" / "shops.parquet")
