"""Expectations on a picture of money paid into bank accounts."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import fresh, holds, kept, not_empty, not_negative, present, unique, usual, well_formed


def expectations() -> list[Expectation]:
    """The suite; only an empty picture is critical, the rest colours the score."""
    return [
        not_empty(),
        unique(KEY, "tài khoản và tháng"),
        well_formed("bank_code", "mã ngân hàng", "bank_code"),
        holds("_account_exists", "tài khoản phải có trong danh sách tài khoản"),
        not_negative("inflow_vnd", "tiền vào"),
        present("inflow_count", "số lần tiền vào"),
        not_negative("inflow_count", "số lần tiền vào"),
        not_negative("ecommerce_inflow_vnd", "tiền vào từ sàn"),
        kept("_months_complete", "các kỳ giữa kỳ đầu và kỳ cuối không được thiếu", dimension="du"),
        kept("_units_kept", "số tiền các kỳ phải cùng đơn vị", dimension="dung"),
        *usual(),
        *fresh(newest_days=45, oldest_days=1096),
    ]
