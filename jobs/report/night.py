"""Writes the reports of one night into a folder; running again replaces them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from jobs import tables
from jobs.errors import UserError
from jobs.report import figures, pages, queue, words, workbook
from jobs.settings import ReportSettings
from jobs.storage import Lake

Progress = Callable[[str], None]


def write_report(
    lake: Lake, run: Mapping[str, Any], out: str, settings: ReportSettings, progress: Progress
) -> list[str]:
    """Write `index.html`, `flagged_sellers.xlsx`, `quality/index.html` and `provinces/*.xlsx`.

    Args:
        lake: pinned to the table versions of the run.
        run: the row of `ops/runs`.
        out: a local folder; it is made where it is missing, files of an earlier report in it are replaced.
        settings: rows of a workbook.
        progress: called with one line a step.

    Returns:
        Paths of the files written, the page to begin with first.

    Raises:
        UserError: the folder cannot be made or written to.
    """
    folder = Path(out)
    _make(folder, folder / "quality", folder / "provinces")
    cases = queue.open_cases(lake.read(tables.FLAGGED_SELLERS)).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        progress("tính số liệu của đêm")
        found = figures.collect(lake, run, cases)
        progress("ghi hàng đợi và sổ của từng tỉnh, thành")
        books = list(_workbooks(folder, run, cases, found, settings.max_rows))
    finally:
        cases.unpersist()
    progress("ghi các trang")
    index, quality = folder / "index.html", folder / "quality" / "index.html"
    index.write_text(pages.index(run, found, settings.max_rows), encoding="utf-8")
    quality.write_text(pages.quality(run, found), encoding="utf-8")
    return [str(path) for path in (index, quality, *books)]


def _make(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"report folder {folder}: {error.strerror}") from None


def _workbooks(
    folder: Path, run: Mapping[str, Any], cases: DataFrame, found: figures.Figures, limit: int
) -> Iterator[Path]:
    night = run["business_date"]
    path = folder / "flagged_sellers.xlsx"
    total = sum(int(row.cases) for row in found.provinces)
    heading = workbook.Heading(night, "Hàng đợi người bán bị gắn cờ", total, limit)
    workbook.write(path, heading, queue.by_priority(cases, limit).toLocalIterator())
    yield path
    counts = {row.province: int(row.cases) for row in found.provinces}
    for code in (*words.PROVINCES, words.NO_PROVINCE):
        path = folder / "provinces" / f"{code}.xlsx"
        heading = workbook.Heading(night, f"Hàng đợi: {words.province(code)}", counts.get(code, 0), limit)
        rows = (
            queue.by_priority(cases.where(cases.province == code), limit).toLocalIterator()
            if code in counts
            else iter(())
        )
        workbook.write(path, heading, rows)
        yield path
