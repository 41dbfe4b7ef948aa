"""Expectations on the open cases of the judged tax years, before a night is published."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.kinds import holds, in_set, present, unique


def expectations() -> list[Expectation]:
    """The suite; each of it is critical: a case that cannot be defended accuses somebody all the same."""
    reasons = (
        *("UNREGISTERED", "STOPPED_BUT_SELLING", "UNDER_DECLARED", "BORROWED_IDENTITY", "INVALID_IDENTITY"),
        *("UNRESOLVED_HIGH_REVENUE", "FOREIGN_UNREGISTERED"),
    )
    kinds = ("individual", "household_business", "organisation", "foreign", "unresolved")
    return [
        present("case_id", "mã hồ sơ", critical=True),
        unique("case_id", "mã hồ sơ", critical=True),
        in_set("reason", "lý do", reasons, critical=True),
        in_set("party_type", "loại người bán", kinds, critical=True),
        present("legal_basis", "căn cứ pháp lý", critical=True),
        holds("_explained", "bằng chứng phải có và đọc được", critical=True),
        holds("_of_shops", "hồ sơ phải có gian hàng", critical=True),
        holds("_above_threshold", "doanh thu phải vượt ngưỡng của lý do", critical=True),
        holds("_within_bounds", "số hồ sơ đang mở không được tăng hay giảm bất thường so với đêm trước", critical=True),
    ]
