"""What the owner of each source should mend: workbooks a source and province, masked, the surest first."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from jobs import masking
from jobs.report import words
from jobs.report.workbook import DATE, SHARE, TEXT, WHOLE, Book, Column, Heading, Layout

# Rows of one workbook: more than an owner mends before the next night; the table has them all.
MOST_ROWS = 5_000

COLUMNS = (
    Column("Bản ghi", "Khóa của bản ghi tại nguồn, số dài đã che.", 34, TEXT, lambda c: c.record),
    Column("Lượt giao", "Ngày của lượt giao có bản ghi này.", 12, DATE, lambda c: c.delivery_date),
    Column("Tệp", "Tệp trong lượt giao đó.", 30, TEXT, lambda c: c.file),
    Column("Dòng", "Số thứ tự của bản ghi trong tệp, từ 1, không kể dòng tiêu đề.", 9, WHOLE, lambda c: c.row_number),
    Column("Trường", "Cột cần xem lại.", 22, TEXT, lambda c: c.field),
    Column("Vấn đề", "Xem bảng bên dưới.", 30, TEXT, lambda c: words.say(words.PROBLEMS, c.problem)),
    Column("Giá trị", "Đã che; ngày và số bị gõ nhầm hiện thêm phần khác nhau.", 18, TEXT, lambda c: c.value_masked),
    Column("Gợi ý", "Giá trị có lẽ đúng, đã che; trống khi không đủ chắc.", 18, TEXT, lambda c: c.suggestion_masked),
    Column(
        "Độ chắc chắn",
        "0–1: của gợi ý; không có gợi ý thì của việc giá trị này sai.",
        12,
        SHARE,
        lambda c: c.confidence,
    ),
    Column("Thấy từ", "Đêm đầu tiên thấy giá trị này.", 12, DATE, lambda c: c.first_seen_on),
)

LAYOUT = Layout(
    sheet="Cần sửa",
    columns=COLUMNS,
    legend=(
        ("", ""),
        *(("Các vấn đề", "Nghĩa là"), *((t.short, f"{t.meaning} ({code})") for code, t in words.PROBLEMS.items())),
    ),
    rows="giá trị cần sửa",
    first="chắc chắn nhất",
    height=18,
)


def open_corrections(corrections: DataFrame) -> DataFrame:
    """What is to be mended, as people may read it.

    Columns in: gold/corrections; out: the same with `record` (the key, long numbers masked) and `province` (34-province
    code or `khac`).
    """
    first, last = (F.substring_index("record_key", "|", count) for count in (1, -1))
    # A shop's key is no personal data, all others are or hold a number that is.
    record = (
        F.when(F.col("source") == "sellers", F.col("record_key"))
        .when(F.col("source") == "bank_accounts", F.concat(first, F.lit(" "), masking.last_four(last)))
        .when(F.col("source") == "telecom_subscribers", F.concat(masking.last_four(first), F.lit("|"), last))
        .otherwise(masking.tax_code(F.col("record_key")))
    )
    province = F.when(F.col("province_code").isin(*words.PROVINCES), F.col("province_code"))
    return corrections.where("status = 'open'").select(
        "*", record.alias("record"), F.coalesce(province, F.lit(words.NO_PROVINCE)).alias("province")
    )


def counts(corrections: DataFrame) -> DataFrame:
    """Values to be mended by source, province, field and problem: rows, suggested (how many have a suggestion)."""
    return (
        corrections.groupBy("source", "province", "field", "problem")
        .agg(F.count("*").alias("rows"), F.count("suggestion_masked").alias("suggested"))
        .orderBy("source", "province", "field", "problem")
    )


def write(folder: Path, night: dt.date, corrections: DataFrame, counted: Sequence[Row], limit: int) -> list[Path]:
    """Write `<source>-<province>.xlsx` for all that have something to mend; those of an earlier report go.

    Args:
        folder: where they go; it is there.
        night: the business date.
        corrections: what `open_corrections` made.
        counted: `counts` of it.
        limit: rows of a workbook, at most.
    """
    for old in folder.glob("*.xlsx"):
        old.unlink()
    sizes = {key: sum(row.rows for row in rows) for key, rows in _grouped(counted)}
    written = []
    for (source, province), rows in _grouped(_first(corrections, limit)):
        title = f"Cần sửa: {words.say(words.SOURCES, source)}, {words.province(province)}"
        path = folder / f"{source}-{province}.xlsx"
        with Book(path, Heading(night, title, sizes[source, province], limit), LAYOUT) as book:
            for row in rows:
                book.add(row)
        written.append(path)
    return written


def _grouped(rows: Iterable[Row]) -> Iterator[tuple[tuple[str, str], Iterator[Row]]]:
    return groupby(rows, lambda row: (row.source, row.province))


def _first(corrections: DataFrame, limit: int) -> Iterator[Row]:
    """The surest of each source and province, one workbook after the other."""
    owner, order = ("source", "province"), (F.desc("confidence"), "problem", "record_key", "field")
    ranked = corrections.withColumn("rank", F.row_number().over(Window.partitionBy(*owner).orderBy(*order)))
    first: Iterator[Row] = ranked.where(F.col("rank") <= limit).orderBy(*owner, "rank").toLocalIterator()
    return first


@dataclass(frozen=True)
class Mending:
    """What a source has to mend.

    Attributes:
        source: which one.
        fields: field, problem, values, how many of them have a suggestion; the most frequent first.
        books: path from the page, province in words, values; those with most first.
    """

    source: str
    fields: Sequence[tuple[str, str, int, int]]
    books: Sequence[tuple[str, str, int]]


def by_source(counted: Sequence[Row]) -> list[Mending]:
    """What the page shows of `counts`."""
    found = []
    for source in dict.fromkeys(row.source for row in counted):
        values, suggested, provinces = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[str]()
        for row in (row for row in counted if row.source == source):
            values[row.field, row.problem] += row.rows
            suggested[row.field, row.problem] += row.suggested
            provinces[row.province] += row.rows
        fields = [(*key, rows, suggested[key]) for key, rows in values.most_common()]
        books = [(f"corrections/{source}-{p}.xlsx", words.province(p), rows) for p, rows in provinces.most_common()]
        found.append(Mending(source, fields, books))
    return found
