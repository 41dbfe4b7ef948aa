"""The committed tables of names and places (CSV, source and date in their header lines)."""

from __future__ import annotations

import csv
from pathlib import Path

TABLES = Path(__file__).parent / "tables"


def rows(name: str) -> list[dict[str, str]]:
    """Rows of `tables/<name>.csv`; lines that start with # are its header."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def column(name: str, field: str) -> list[str]:
    """One column of a table."""
    return [row[field] for row in rows(name)]


def floats(name: str, field: str) -> list[float]:
    """One column of a table as numbers."""
    return [float(value) for value in column(name, field)]


def words(name: str, field: str = "word") -> list[str]:
    """One list of `tables/words.csv`."""
    return [row[field] for row in rows("words") if row["list"] == name]
