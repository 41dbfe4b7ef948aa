"""`ct18 explain`: a case of any night, down to the rows that made it, without personal data."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pyspark.sql import functions as F

from jobs import ledger, tables
from jobs.errors import UserError
from jobs.explain import explain
from tests.small_country import NEXT, NIGHT, Nights

ROW = re.compile(r"^  (?P<source>[^:]+): .*, (?P<date>\d{4}-\d{2}-\d{2}), (?P<file>\S+), dòng (?P<row>\d+)$", re.M)


def case_of(nights: Nights, reason: str) -> dict[str, Any]:
    state = nights.state(nights.first)
    cases = state.read(tables.FLAGGED_SELLERS).where((F.col("reason") == reason) & (F.col("status") == "open"))
    row = cases.orderBy("case_id").first()
    assert row is not None
    return row.asDict(recursive=True)


@pytest.mark.parametrize("reason", ["UNREGISTERED", "UNDER_DECLARED", "FOREIGN_UNREGISTERED"])
def test_a_case_is_told_down_to_its_rows_and_masked(nights: Nights, reason: str) -> None:
    case = case_of(nights, reason)
    told = explain(*ledger.night_of(nights.lake, NIGHT), case["case_id"])
    assert case["case_id"] in told
    assert reason in told
    rows = [(match["source"], match["file"], int(match["row"])) for match in ROW.finditer(told)]
    shops = [row for row in rows if row[0] == "Gian hàng trên sàn"]
    assert len(shops) == len(case["shops"])
    bronze = nights.state(nights.first).read(tables.BRONZE["sellers"])
    for (_, file, number), shop in zip(shops[:1], case["shops"], strict=False):
        (row,) = bronze.where((F.col("_file") == file) & (F.col("_row_number") == number)).collect()
        assert len(case["shops"]) > 1 or (row.platform, row.shop_id) == (shop["platform"], shop["shop_id"])
    for secret in (case["personal_id"], case["tax_code"]):
        assert secret is None or secret not in told
    assert not re.search(r"(?<![|0-9a-z-])[0-9]{9,}(?![0-9a-f])", told.replace(case["case_id"], ""))
    (used,) = nights.state(nights.first).read(tables.MODEL).select("version").distinct().collect()
    assert f"tham số đối chiếu: {used.version}" in told
    assert f"match/seller_links {nights.first.versions['tables']['match/seller_links']}" in told


def test_a_past_night_is_told_as_it_was(nights: Nights) -> None:
    """The person has registered since: the case is open on the first night and resolved on the next."""
    was = explain(*ledger.night_of(nights.lake, NIGHT), nights.registered[0])
    now = explain(*ledger.night_of(nights.lake, NEXT), nights.registered[0])
    assert [line for line in was.splitlines() if "trạng thái" in line] != [
        line for line in now.splitlines() if "trạng thái" in line
    ]


def test_who_decided_on_a_case_and_why_is_told(nights: Nights) -> None:
    told = {status: explain(*ledger.night_of(nights.lake), case) for case, status in nights.decided.items()}
    assert "trạng thái: đã bác" in told["dismissed"] and ": đã bác; Nguyễn Thử: đã xem hồ sơ" in told["dismissed"]
    assert ": đã xác nhận; ghi thẳng vào bảng hồ sơ" in told["confirmed"]


def test_an_unknown_case_is_one_line(nights: Nights) -> None:
    with pytest.raises(UserError, match="no case nobody in the state of the night"):
        explain(*ledger.night_of(nights.lake), "nobody")
