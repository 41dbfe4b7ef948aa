"""`ct18 explain`: a case of any night, down to the rows that made it, without personal data."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import functions as F

from jobs import ledger, tables
from jobs.errors import UserError
from jobs.explain import explain
from tests.small_country import NEXT, NIGHT, Nights

ROW = re.compile(r"^  (?P<source>[^:]+): .*, (?P<date>\d{4}-\d{2}-\d{2}), (?P<file>\S+), dòng (?P<row>\d+)$", re.M)


@pytest.fixture(scope="module")
def told(nights: Nights) -> Callable[[str], str]:
    """Case → what is told of it on the first night."""
    night = ledger.night_of(nights.lake, NIGHT)
    return functools.cache(lambda case: explain(*night, case))


def case_of(nights: Nights, reason: str) -> dict[str, Any]:
    """An open case of the first night; of who is not registered that of somebody who registers before the next."""
    cases = nights.state(nights.first).read(tables.FLAGGED_SELLERS)
    cases = cases.where((F.col("reason") == reason) & (F.col("status") == "open"))
    if reason == "UNREGISTERED":
        cases = cases.where(F.col("case_id") == nights.registered[0])
    row = cases.orderBy("case_id").first()
    assert row is not None
    return row.asDict(recursive=True)


@pytest.mark.parametrize("reason", ["UNREGISTERED", "UNDER_DECLARED", "FOREIGN_UNREGISTERED"])
def test_a_case_is_told_down_to_its_rows_and_masked(nights: Nights, told: Callable[[str], str], reason: str) -> None:
    case = case_of(nights, reason)
    text = told(case["case_id"])
    assert case["case_id"] in text
    assert reason in text
    rows = [(match["source"], match["file"], int(match["row"])) for match in ROW.finditer(text)]
    shops = [row for row in rows if row[0] == "Gian hàng trên sàn"]
    assert len(shops) == len(case["shops"])
    bronze = nights.state(nights.first).read(tables.BRONZE["sellers"])
    for (_, file, number), shop in zip(shops[:1], case["shops"], strict=False):
        (row,) = bronze.where((F.col("_file") == file) & (F.col("_row_number") == number)).collect()
        assert len(case["shops"]) > 1 or (row.platform, row.shop_id) == (shop["platform"], shop["shop_id"])
    for secret in (case["personal_id"], case["tax_code"]):
        assert secret is None or secret not in text
    assert not re.search(r"(?<![|0-9a-z-])[0-9]{9,}(?![0-9a-f])", text.replace(case["case_id"], ""))
    (used,) = nights.state(nights.first).read(tables.MODEL).select("version").distinct().collect()
    assert f"tham số đối chiếu: {used.version}" in text
    assert f"match/seller_links {nights.first.versions['tables']['match/seller_links']}" in text


def test_a_past_night_is_told_as_it_was(nights: Nights, told: Callable[[str], str]) -> None:
    """The person has registered since: the case is open on the first night and resolved on the next."""
    was = told(nights.registered[0])
    now = explain(*ledger.night_of(nights.lake, NEXT), nights.registered[0])
    assert [line for line in was.splitlines() if "trạng thái" in line] != [
        line for line in now.splitlines() if "trạng thái" in line
    ]


def test_who_decided_on_a_case_and_why_is_told(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    # The rows of a case, which take the time, have nothing to do with it.
    monkeypatch.setattr("jobs.explain._rows", lambda night, case: ())
    told = {status: explain(*ledger.night_of(nights.lake), case) for case, status in nights.decided.items()}
    assert "trạng thái: đã bác" in told["dismissed"] and ": đã bác; Nguyễn Thử: đã xem hồ sơ" in told["dismissed"]
    assert ": đã xác nhận; ghi thẳng vào bảng hồ sơ" in told["confirmed"]


def test_who_decided_on_a_shop_of_a_case_and_why_is_told(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.explain._rows", lambda night, case: ())
    ((shop, person),) = nights.ruled_out.items()
    case = nights.lake.read(tables.FLAGGED_SELLERS).where(F.col("personal_id") == person).first()
    assert case is not None
    told = explain(*ledger.night_of(nights.lake), case.case_id)
    assert f" về gian hàng {' '.join(shop)}: ****{person[-4:]} không phải người bán; Nguyễn Thử: đã gặp chủ" in told


def test_an_unknown_case_is_one_line(nights: Nights) -> None:
    with pytest.raises(UserError, match="no case nobody in the state of the night"):
        explain(*ledger.night_of(nights.lake), "nobody")
