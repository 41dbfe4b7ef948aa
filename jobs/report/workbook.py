"""Excel workbooks of the queue: one row a case, masked, and a sheet that explains every column and reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pyspark.sql import Row
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from jobs.report import evidence, numbers, words
from jobs.report.printable import clean

ROW_HEIGHT = 48
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_MONEY, _SHARE, _DATE, _WHOLE, _TEXT = "#,##0", "0.000", "dd/mm/yyyy", "0", "@"


@dataclass(frozen=True)
class Column:
    """A column of the queue: its heading, what it means, how wide and in which format, and its value of a case."""

    title: str
    meaning: str
    width: int
    style: str
    value: Callable[[Row], Any]


def _shops(case: Row) -> str:
    lines = [
        f"{shop.platform} {shop.shop_id} · {shop.shop_name or 'không tên'} · {numbers.money(shop.revenue_vnd)}"
        f" · {words.say(words.MATCH_TYPES, shop.match_type)} {numbers.decimal(shop.match_probability)}"
        for shop in case.shops or []
    ]
    hidden = case.shop_count - len(lines)
    return "\n".join([*lines, f"… và {numbers.count(hidden)} gian hàng nữa"] if hidden > 0 else lines)


def _reasons(case: Row) -> str:
    return ", ".join(words.say(words.REASONS, reason) for reason in case.reasons_all or [])


def _evidence(case: Row) -> str:
    return "\n".join(evidence.sentences(case.evidence))


COLUMNS = (
    Column(
        "Ưu tiên", "0–1: xác suất × thuế còn phải thu, càng lớn càng nên xem trước.", 9, _SHARE, lambda c: c.priority
    ),
    Column("Mã hồ sơ", "Giữ nguyên qua các đêm; không suy ngược ra người.", 20, _TEXT, lambda c: c.case_id),
    Column("Năm thuế", "Năm dương lịch của doanh thu.", 9, _WHOLE, lambda c: c.tax_year),
    Column(
        "Lý do",
        "Lý do của hồ sơ này; xem bảng lý do bên dưới.",
        24,
        _TEXT,
        lambda c: words.say(words.REASONS, c.reason),
    ),
    Column("Chi tiết", "Dạng cụ thể của lý do.", 24, _TEXT, lambda c: words.say(words.DETAILS, c.detail)),
    Column("Mọi lý do", "Tất cả lý do đang đúng với người bán này.", 24, _TEXT, _reasons),
    Column(
        "Loại người bán",
        "Cá nhân, hộ kinh doanh, tổ chức, nước ngoài, chưa xác định.",
        16,
        _TEXT,
        lambda c: words.say(words.PARTY_TYPES, c.party_type),
    ),
    Column("Tên", "Tên người bán; trống khi chưa xác định.", 26, _TEXT, lambda c: c.party_name),
    Column("Số định danh", "Che, chỉ còn bốn ký tự cuối.", 13, _TEXT, lambda c: c.personal_id),
    Column("Mã số thuế", "Che, chỉ còn bốn ký tự cuối.", 13, _TEXT, lambda c: c.tax_code),
    Column(
        "Mã tỉnh",
        "Mã 34 tỉnh, thành: nơi cư trú hoặc trụ sở, nếu không rõ thì nơi lấy hàng.",
        8,
        _TEXT,
        lambda c: c.province_code,
    ),
    Column("Tỉnh, thành", "Tên theo mã tỉnh.", 15, _TEXT, lambda c: words.province(c.province_code)),
    Column(
        "Doanh thu (đồng)",
        "Cả năm thuế đến đêm này, mọi sàn, mọi nhóm, đã trừ hủy và trả lại.",
        17,
        _MONEY,
        lambda c: c.revenue_vnd,
    ),
    Column(
        "Ngưỡng (đồng)",
        "Ngưỡng của năm thuế; trống khi lý do tính mọi doanh thu.",
        17,
        _MONEY,
        lambda c: c.threshold_vnd,
    ),
    Column(
        "Thuế ước tính (đồng)",
        "GTGT và TNCN theo tỷ lệ trên doanh thu từng nhóm; trống với tổ chức.",
        17,
        _MONEY,
        lambda c: c.estimated_tax_vnd,
    ),
    Column("Sàn đã khấu trừ (đồng)", "Thuế các sàn đã khấu trừ trong năm.", 17, _MONEY, lambda c: c.withheld_vnd),
    Column("Còn phải thu (đồng)", "Thuế ước tính trừ phần đã khấu trừ, không âm.", 17, _MONEY, lambda c: c.due_vnd),
    Column(
        "Xác suất khớp",
        "Độ chắc chắn rằng đúng người và đúng doanh thu; trống khi chưa rõ chủ.",
        11,
        _SHARE,
        lambda c: c.match_probability,
    ),
    Column("Số gian hàng", "Mọi gian hàng của người bán.", 9, _MONEY, lambda c: c.shop_count),
    Column("Gian hàng", "Sàn, mã, tên, doanh thu, bằng chứng và xác suất; lớn trước.", 50, _TEXT, _shops),
    Column("Bằng chứng", "Từng trường: vì sao; giá trị đã che.", 60, _TEXT, _evidence),
    Column("Căn cứ pháp lý", "Văn bản của ngưỡng và nghĩa vụ.", 36, _TEXT, lambda c: c.legal_basis),
    Column("Phát hiện từ", "Đêm đầu tiên hồ sơ được mở.", 12, _DATE, lambda c: c.first_flagged_on),
    Column("Xem lại ngày", "Đêm gần nhất đã xét hồ sơ.", 12, _DATE, lambda c: c.business_date),
    Column(
        "Chất lượng nguồn",
        "Chất lượng đêm đó của các nguồn làm bằng chứng: tốt hoặc suy giảm.",
        12,
        _TEXT,
        lambda c: words.say(words.EVIDENCE_QUALITY, c.quality),
    ),
)


@dataclass(frozen=True)
class Heading:
    """What a workbook says of itself: of which night, of what, and how many cases there are in all."""

    night: dt.date
    title: str
    cases: int
    limit: int

    @property
    def cut(self) -> str:
        """The sentence that says whether cases are missing."""
        if self.cases <= self.limit:
            return f"Đủ {numbers.count(self.cases)} hồ sơ đang mở."
        return (
            f"Chỉ có {numbers.count(self.limit)} hồ sơ ưu tiên cao nhất "
            f"trong {numbers.count(self.cases)} hồ sơ đang mở; "
            f"{numbers.count(self.cases - self.limit)} hồ sơ còn lại không nằm trong tệp này."
        )


class Book:
    """One workbook, written row by row in memory that does not grow; an existing file is replaced at the end."""

    def __init__(self, path: Path, heading: Heading) -> None:
        self.path, self.heading, self.rows = path, heading, 0
        self._book = Workbook(str(path), _OPTIONS)
        # The night, not the clock: the same night gives the same file.
        created = dt.datetime.combine(heading.night, dt.time())
        self._book.set_properties({"title": heading.title, "created": created})
        self._styles = [_style(self._book, column) for column in COLUMNS]
        self._sheet = _queue_sheet(self._book)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._sheet.autofilter(0, 0, self.rows, len(COLUMNS) - 1)
        _legend_sheet(self._book, self.heading)
        self._book.close()

    def add(self, case: Row) -> None:
        """Add a case, a row of `queue.open_cases`; they come in order, no more than `heading.limit`."""
        self.rows += 1
        self._sheet.set_row(self.rows, ROW_HEIGHT)
        for position, (column, style) in enumerate(zip(COLUMNS, self._styles, strict=True)):
            _cell(self._sheet, self.rows, position, column.value(case), style)


def _style(book: Workbook, column: Column) -> Format:
    return book.add_format({"num_format": column.style, "valign": "top", "text_wrap": True})


def _queue_sheet(book: Workbook) -> Worksheet:
    sheet = book.add_worksheet("Hàng đợi")
    colours = {"bg_color": "#1f4e79", "font_color": "#ffffff"}
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", **colours})
    sheet.freeze_panes(1, 2)
    sheet.set_row(0, ROW_HEIGHT)
    for position, column in enumerate(COLUMNS):
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


def _legend_sheet(book: Workbook, heading: Heading) -> None:
    sheet = book.add_worksheet("Chú giải")
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 110)
    strong = book.add_format({"bold": True})
    lines: list[tuple[str, str]] = [
        (heading.title, f"Đêm {numbers.date(heading.night)}. {heading.cut}"),
        (
            "Dữ liệu cá nhân",
            "Giấy tờ và mã số chỉ hiện bốn ký tự cuối. Không kết luận, không gửi thông báo khi chưa có người xem xét.",
        ),
        ("", ""),
        *(("Các cột", "Ý nghĩa"), *((column.title, column.meaning) for column in COLUMNS)),
        ("", ""),
        *(
            ("Các lý do", "Khi nào"),
            *((term.short, f"{term.meaning} ({code})") for code, term in words.REASONS.items()),
        ),
        ("", ""),
        *(("Các chi tiết", "Mã"), *((meaning, code) for code, meaning in words.DETAILS.items())),
    ]
    for row, (left, right) in enumerate(lines):
        sheet.write_string(row, 0, left, strong)
        sheet.write_string(row, 1, right)
