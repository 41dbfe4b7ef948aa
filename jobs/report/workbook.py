"""Excel workbooks for people: one row a thing to work on, and a sheet that explains every column and code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Row
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.report import numbers
from jobs.report.printable import clean

_HEAD_HEIGHT = 48
# Rows with their evidence are a few kB each: so many at once stay far below Spark's limit for a result.
_ROWS_AT_ONCE = 10_000
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
MONEY, SHARE, DATE, WHOLE, TEXT = "#,##0", "0.000", "dd/mm/yyyy", "0", "@"


@dataclass(frozen=True)
class Column:
    """A column: its heading, what it means, how wide and in which format, and its value of a row."""

    title: str
    meaning: str
    width: int
    style: str
    value: Callable[[Row], Any]


@dataclass(frozen=True)
class Layout:
    """What a workbook of a kind looks like.

    Attributes:
        sheet: name of the sheet with the rows.
        columns: its columns.
        legend: lines of the sheet that explains them, after those on the columns: term and meaning.
        rows: what the rows are, for a sentence: `hồ sơ đang mở`.
        first: which of them are kept where there are too many: `ưu tiên cao nhất`.
        height: of a row.
    """

    sheet: str
    columns: Sequence[Column]
    legend: Sequence[tuple[str, str]]
    rows: str
    first: str
    height: int


@dataclass(frozen=True)
class Heading:
    """What a workbook says of itself: of which night, of what, and how many rows there are in all."""

    night: dt.date
    title: str
    size: int
    limit: int

    @property
    def parts(self) -> int:
        """In how many parts its rows are brought to the driver (`in_order`)."""
        return 1 + min(self.size, self.limit) // _ROWS_AT_ONCE

    def cut(self, layout: Layout) -> str:
        """The sentence that says whether rows are missing."""
        if self.size <= self.limit:
            return f"Đủ {numbers.count(self.size)} {layout.rows}."
        kept, size, left = (numbers.count(n) for n in (self.limit, self.size, self.size - self.limit))
        return f"Chỉ có {kept} {layout.rows} {layout.first} trong {size}; {left} còn lại không nằm trong tệp này."


def in_order(rows: DataFrame, order: Sequence[SparkColumn], limit: int, parts: int) -> Iterator[Row]:
    """The first rows by a total order, brought to the driver in so many parts, one after the other."""
    chosen = rows.orderBy(*order).limit(limit).repartitionByRange(parts, *order).sortWithinPartitions(*order)
    found: Iterator[Row] = chosen.toLocalIterator()
    return found


class Book:
    """One workbook, written row by row in memory that does not grow; an existing file is replaced at the end."""

    def __init__(self, path: Path, heading: Heading, layout: Layout) -> None:
        self.path, self.heading, self.layout, self.rows = path, heading, layout, 0
        self._book = Workbook(str(path), _OPTIONS)
        # The night, not the clock: the same night gives the same file.
        created = dt.datetime.combine(heading.night, dt.time())
        self._book.set_properties({"title": heading.title, "created": created})
        self._styles = [_style(self._book, column) for column in layout.columns]
        self._sheet = _sheet(self._book, layout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._sheet.autofilter(0, 0, self.rows, len(self.layout.columns) - 1)
        _legend_sheet(self._book, self.heading, self.layout)
        self._book.close()

    def add(self, row: Row) -> None:
        """Add a row; they come in order, no more than `heading.limit`."""
        self.rows += 1
        self._sheet.set_row(self.rows, self.layout.height)
        for position, (column, style) in enumerate(zip(self.layout.columns, self._styles, strict=True)):
            value = column.value(row)
            if column.style == SHARE and value is not None:
                # As shown, three places: what is not certain is not shown as 1.
                value = numbers.short_of(1, value, 3)
            _cell(self._sheet, self.rows, position, value, style)


def _style(book: Workbook, column: Column) -> Format:
    return book.add_format({"num_format": column.style, "valign": "top", "text_wrap": True})


def _sheet(book: Workbook, layout: Layout) -> Worksheet:
    sheet = book.add_worksheet(layout.sheet)
    colours = {"bg_color": "#1f4e79", "font_color": "#ffffff"}
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", **colours})
    sheet.freeze_panes(1, 2)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    sheet.set_row(0, _HEAD_HEIGHT)
    for position, column in enumerate(layout.columns):
        sheet.set_column(position, position, column.width)
        sheet.write_string(0, position, column.title, head)
    return sheet


def _cell(sheet: Worksheet, row: int, position: int, value: object, style: Format) -> None:
    """Write a value by its type; text is never anything but text."""
    if value is None or value == "":
        sheet.write_blank(row, position, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, position, clean(value), style)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, position, value, style)
    else:
        sheet.write_number(row, position, value, style)


def _legend_sheet(book: Workbook, heading: Heading, layout: Layout) -> None:
    sheet = book.add_worksheet("Chú giải")
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 110)
    strong = book.add_format({"bold": True})
    lines = [
        (heading.title, f"Đêm {numbers.date(heading.night)}. {heading.cut(layout)}"),
        (
            "Dữ liệu cá nhân",
            "Giấy tờ và mã số chỉ hiện bốn ký tự cuối. Không kết luận, không gửi thông báo khi chưa có người xem xét.",
        ),
        ("", ""),
        *(("Các cột", "Ý nghĩa"), *((column.title, column.meaning) for column in layout.columns)),
        *layout.legend,
    ]
    for row, (left, right) in enumerate(lines):
        sheet.write_string(row, 0, left, strong)
        sheet.write_string(row, 1, right)
