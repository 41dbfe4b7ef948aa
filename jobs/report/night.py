"""Writes the reports of one night into a folder; running again replaces them."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import tables
from jobs.errors import UserError
from jobs.report import figures, mending, pages, queue, queue_book, review_book, words
from jobs.report.workbook import Book, Heading, in_order
from jobs.settings import ReportSettings
from jobs.storage import Lake

Progress = Callable[[str], None]


def write_report(
    lake: Lake, run: Mapping[str, Any], out: str, settings: ReportSettings, progress: Progress
) -> list[str]:
    """Write the pages and workbooks of a night.

    `index.html`, `flagged_sellers.xlsx`, `ended.xlsx`, `review.xlsx`, `provinces/*.xlsx`; in `quality/` scorecard, Data
    Docs, what to mend.

    Args:
        lake: pinned to the table versions of the run.
        run: the row of `ops/runs`.
        out: a local folder; it is made where it is missing, files of an earlier report in it are replaced.
        settings: rows of a workbook.
        progress: called with one line a step.

    Returns:
        Paths of the files written, the page to begin with first.

    Raises:
        UserError: the folder is a URI, or cannot be made or written to.
    """
    if "://" in out:
        raise UserError(f"report folder {out}: reports are for people, a folder of this machine is asked for, no URI")
    folder = Path(out)
    mended = folder / "quality" / "corrections"
    _make(folder, mended, folder / "provinces")
    flagged = lake.read(tables.FLAGGED_SELLERS)
    cases = queue.open_cases(flagged).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        progress("tính số liệu của đêm")
        found = figures.collect(lake, run, flagged, cases)
        progress("ghi hàng đợi và sổ của từng tỉnh, thành")
        books = _workbooks(folder, run, cases, found, settings.max_rows)
    finally:
        cases.unpersist()
    progress("ghi các hồ sơ đã xác nhận hoặc hết lý do")
    books.append(_ended(folder / "ended.xlsx", lake, run["business_date"], flagged, found, settings.max_rows))
    progress("ghi các gian hàng chờ xem xét")
    books.append(review_book.write(folder / "review.xlsx", lake, run["business_date"], found, settings.max_rows))
    progress("ghi các giá trị cần sửa")
    corrections = mending.open_corrections(lake.read(tables.CORRECTIONS))
    counted = mending.counts(corrections).collect()
    books += mending.write(
        mended, run["business_date"], corrections, counted, min(mending.MOST_ROWS, settings.max_rows)
    )
    progress("ghi các trang")
    index, quality = folder / "index.html", folder / "quality" / "index.html"
    index.write_text(pages.index(run, found, settings.max_rows), encoding="utf-8")
    quality.write_text(pages.quality(run, found, mending.by_source(counted)), encoding="utf-8")
    docs = [(folder / "quality" / f"{source}.html", page) for source, page in pages.data_docs(run, found).items()]
    for path, page in docs:
        path.write_text(page, encoding="utf-8")
    return [str(path) for path in (index, quality, *(path for path, _ in docs), *books)]


def _make(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"report folder {folder}: {error.strerror}") from None
        if not os.access(folder, os.W_OK):
            raise UserError(f"report folder {folder}: Permission denied")


def _workbooks(
    folder: Path, run: Mapping[str, Any], cases: DataFrame, found: figures.Figures, limit: int
) -> list[Path]:
    """Write the queue and the workbooks of the provinces in one pass over the queue."""
    counts = {row.province: int(row.cases) for row in found.provinces}
    with ExitStack() as open_books:

        def _book(path: Path, title: str, size: int) -> Book:
            return open_books.enter_context(
                Book(path, Heading(run["business_date"], title, size, limit), queue_book.LAYOUT)
            )

        whole = _book(folder / "flagged_sellers.xlsx", "Hàng đợi người bán bị gắn cờ", sum(counts.values()))
        provinces = {
            code: _book(folder / "provinces" / f"{code}.xlsx", f"Hàng đợi: {words.province(code)}", counts.get(code, 0))
            for code in (*words.PROVINCES, words.NO_PROVINCE)
        }
        for case in queue.stream(cases, limit, whole.heading.parts):
            whole.add(case)
            provinces[case.province].add(case)
        for code, mine in provinces.items():
            _complete(mine, cases.where(cases.province == code))
    return [whole.path, *(mine.path for mine in provinces.values())]


def _ended(path: Path, lake: Lake, night: dt.date, flagged: DataFrame, found: figures.Figures, limit: int) -> Path:
    """Write the workbook of cases that an analyst confirmed, or that hold no more since the night before."""
    # What that night left may be kept no longer.
    before = flagged.limit(0) if found.changes is None else figures.cases_after(lake, found.before)
    cases = queue.ended_cases(flagged, before)
    heading = Heading(night, "Hồ sơ đã xác nhận hoặc vừa hết lý do", cases.count(), limit)
    order = F.desc_nulls_last("revenue_vnd"), F.asc("case_id")
    with Book(path, heading, queue_book.ENDED) as book:
        for case in in_order(cases, order, limit, heading.parts):
            book.add(case)
    return path


def _complete(book: Book, cases: DataFrame) -> None:
    """Add what the cut of the whole queue kept from a province: the order is the same, so the first rows are there."""
    limit = book.heading.limit
    if book.rows < min(book.heading.size, limit):
        for case in islice(queue.stream(cases, limit, book.heading.parts), book.rows, None):
            book.add(case)
