"""Expectations on a picture of monthly sales of shops."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import fresh, holds, kept, not_empty, not_negative, present, unique, usual


def expectations() -> list[Expectation]:
    """The suite; only an empty picture is critical, the rest colours the score."""
    return [
        not_empty(),
        unique(KEY, "gian hàng, tháng và nhóm ngành"),
        holds("_seller_exists", "gian hàng phải có trong danh sách gian hàng", mostly=0.98),
        present("order_count", "số đơn hàng"),
        not_negative("order_count", "số đơn hàng"),
        kept("_months_complete", "các kỳ giữa kỳ đầu và kỳ cuối không được thiếu", dimension="du"),
        kept("_units_kept", "số tiền các kỳ phải cùng đơn vị", dimension="dung"),
        kept("_platforms_report", "sàn có báo cáo tháng trước phải báo cáo tháng đến hạn", dimension="du"),
        kept("_shops_sell", "phần lớn gian hàng đang hoạt động phải có doanh thu", dimension="du"),
        *usual(),
        *fresh(newest_days=45, oldest_days=1096),
    ]
