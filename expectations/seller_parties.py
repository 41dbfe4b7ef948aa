"""Expectations on the parties of the judged tax years, before a night is published."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import holds, in_set, present, unique


def expectations() -> list[Expectation]:
    """The suite; each of it is critical: revenue lost or counted twice changes who is flagged."""
    statuses = (
        *("foreign", "unresolved", "registered_active", "stopped_selling", "registered_unmatched", "address_problem"),
        *("below_threshold", "fully_withheld", "unregistered"),
    )
    return [
        present("party_key", "khóa người bán", critical=True),
        unique(KEY, "người bán và năm thuế", critical=True),
        unique("_person", "người và năm thuế", critical=True),
        in_set("tax_status", "tình trạng thuế", statuses, critical=True),
        holds("_shops_counted", "mỗi gian hàng phải thuộc đúng một người bán", critical=True),
        holds("_revenue_kept", "doanh thu người bán phải bằng doanh thu các sàn báo cáo", critical=True),
    ]
