"""Expectations on a picture of revenue declarations."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import fresh, holds, kept, not_empty, not_negative, present, unique, usual, well_formed


def expectations() -> list[Expectation]:
    """The suite; only an empty picture is critical, the rest colours the score."""
    return [
        not_empty(),
        unique(KEY, "mã số thuế và kỳ"),
        well_formed("tax_code", "mã số thuế", "tax_code"),
        holds("_taxpayer_exists", "mã số thuế phải có trong sổ đăng ký thuế"),
        not_negative("declared_revenue_vnd", "doanh thu kê khai"),
        not_negative("tax_paid_vnd", "số thuế đã nộp"),
        present("filed_on", "ngày nộp tờ khai"),
        holds("_filed_after_period_began", "tờ khai không được nộp trước năm của kỳ"),
        kept("_months_complete", "các kỳ giữa kỳ đầu và kỳ cuối không được thiếu", dimension="du"),
        kept("_units_kept", "số tiền các kỳ phải cùng đơn vị", dimension="dung"),
        *usual(),
        *fresh(newest_days=100, oldest_days=1096),
    ]
