"""Why a row is quarantined: codes for the table, sentences for people (contract §1)."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What is wrong with a record; in `ops/quarantine` a code may be followed by `:` and the column it is about."""

    BAD_RECORD = "bad_record"
    FIELD_COUNT = "field_count"
    BAD_UTF8 = "bad_utf8"
    BAD_TYPE = "bad_type"
    NULL_KEY = "null_key"
    NULL_VALUE = "null_value"
    BAD_PERIOD = "bad_period"
    AMOUNT_RANGE = "amount_range"
    UNKNOWN_VALUE = "unknown_value"
    FUTURE = "future"

    def of(self, column: str | None = None) -> str:
        """The code as it stands in the table: `bad_type:updated_at`, `field_count`."""
        return self.value if column is None else f"{self.value}:{column}"

    @property
    def sentence(self) -> str:
        """What the code says, for people."""
        return _SENTENCES[self]


def sentence(code: str) -> str:
    """A code of `ops/quarantine` in words: `null_key:shop_id` → "cột khoá bị trống (shop_id)"."""
    kind, _, column = code.partition(":")
    return Reason(kind).sentence + (f" ({column})" if column else "")


_SENTENCES = {
    Reason.BAD_RECORD: "bản ghi không phải đối tượng JSON",
    Reason.FIELD_COUNT: "số trường khác với dòng tiêu đề",
    Reason.BAD_UTF8: "có byte không phải UTF-8",
    Reason.BAD_TYPE: "giá trị không đọc được theo kiểu của cột",
    Reason.NULL_KEY: "cột khoá bị trống",
    Reason.NULL_VALUE: "cột bắt buộc bị trống",
    Reason.BAD_PERIOD: "kỳ không đúng dạng",
    Reason.AMOUNT_RANGE: "số tiền vượt quá ±10^15 đồng",
    Reason.UNKNOWN_VALUE: "giá trị ngoài danh mục",
    Reason.FUTURE: "thời điểm cập nhật muộn hơn lúc xuất dữ liệu quá một ngày",
}
