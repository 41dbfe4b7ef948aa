"""The reasons: who is flagged for what, with which detail, figures, probability and evidence."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from tests.jobs.gold_night import DEAD, STRANGER, STRANGER_CMND, Night, night
from tests.jobs.gold_world import BILLION, MILLION


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Night:
    return night(spark)


UNREGISTERED, STOPPED, UNDER = "UNREGISTERED", "STOPPED_BUT_SELLING", "UNDER_DECLARED"
BORROWED, INVALID = "BORROWED_IDENTITY", "INVALID_IDENTITY"
UNRESOLVED, FOREIGN = "UNRESOLVED_HIGH_REVENUE", "FOREIGN_UNREGISTERED"
NO_CODE = {UNREGISTERED: "no_tax_code"}

FLAGGED: dict[str, dict[str, str]] = {
    # a resident without any own registration for business, of whatever status
    "no code": NO_CODE,
    "individual code": {UNREGISTERED: "individual_code_only"},
    "not his": NO_CODE,
    "represents a company": NO_CODE,
    "fully withheld": {UNREGISTERED: "fully_withheld"},
    "partly withheld": NO_CODE,
    "exactly the threshold": {},
    "in review a": {},
    "in review b": {},
    **{f"status {code}": {} for code in ("00", "02", "04", "06", "07", "08", "09", "10")},
    "e-commerce code": {},
    # no active own registration and at least one stopped
    **{f"status {code}": {STOPPED: f"status_{code}"} for code in ("01", "03", "05")},
    "stopped, small": {},
    "stopped and moved away": {STOPPED: "status_03"},
    "stopped, another in review": {STOPPED: "status_03"},
    "closed after its last sale": {STOPPED: "status_03"},
    "suspended, closed long ago": {STOPPED: "status_03"},
    "stopped, then opened anew": {},
    "shop of a stopped code": {STOPPED: "status_03"},
    "shop of a code, small": {},
    "company, stopped": {STOPPED: "status_01"},
    "company, stopped, nothing sold": {},
    "company, moved away": {},
    "company, status 10": {},
    # declared below half of the platforms' revenue in the quarters that are due
    "declares nothing": {UNDER: "no_declaration"},
    "declares half": {},
    "declares less than half": {UNDER: "below_share"},
    "declares by month": {},
    "quarter beats months": {UNDER: "below_share"},
    "declares the year too early": {UNDER: "no_declaration"},
    "declares in another quarter that is due": {},
    "declares in a quarter that is not due": {UNDER: "no_declaration"},
    "declares under two codes": {},
    "declares once, written twice": {UNDER: "below_share"},
    "declares without the suffix": {},
    "declares with a suffix": {},
    "declares by the own id": {},
    "shares the digits of its code": {UNDER: "no_declaration"},
    "shares them too": {UNDER: "no_declaration"},
    "company, declares as a branch that no register lists": {},
    "took more back than it sold untaxed": {},
    "declares under a code in review": {UNDER: "no_declaration"},
    "mostly withheld": {},
    "company, mostly withheld": {UNDER: "below_share"},
    # the declared id
    "own id": NO_CODE,
    "own cmnd": NO_CODE,
    "another's id": {**NO_CODE, BORROWED: "id"},
    "another's cmnd": {**NO_CODE, BORROWED: "id"},
    "slip that hits another": {**NO_CODE, BORROWED: "id_mistyped"},
    "slip of the cmnd that hits another": {**NO_CODE, BORROWED: "id_mistyped"},
    "slip of one digit": NO_CODE,
    "two neighbours swapped": NO_CODE,
    "slip of the cmnd": NO_CODE,
    "a digit lost": NO_CODE,
    "far too short": {**NO_CODE, INVALID: "not_found"},
    "the id of the dead": {**NO_CODE, INVALID: "deceased"},
    "the cmnd of the dead": {**NO_CODE, INVALID: "deceased"},
    "slip that hits the dead": {**NO_CODE, INVALID: "deceased"},
    "an id of nobody": {**NO_CODE, INVALID: "not_found"},
    "a cmnd of nobody": {**NO_CODE, INVALID: "not_found"},
    "masked": NO_CODE,
    "passport": NO_CODE,
    "tax code for an id": NO_CODE,
    "zero for an id": NO_CODE,
    # the payout account
    "own account": NO_CODE,
    "a stranger's account": {**NO_CODE, BORROWED: "account_other"},
    "spouse's account": {**NO_CODE, BORROWED: "account_household"},
    "a company's account": {**NO_CODE, BORROWED: "account_other"},
    "account on the own code": {},
    "account of a doubtful holder": NO_CODE,
    "account of an unknown holder": NO_CODE,
    "slip and stranger's account": {**NO_CODE, BORROWED: "account_other"},
    # shops without a party
    "nobody found": {UNRESOLVED: "none"},
    "somebody in review": {UNRESOLVED: "review"},
    "nobody found, at the threshold": {},
    "abroad": {FOREIGN: "not_registered"},
    "abroad, an id that is none": {FOREIGN: "not_registered"},
    "abroad, sold nothing": {},
    "abroad, sold and took back": {},
    "abroad, registered": {},
    "abroad, registered by passport": {},
    "abroad, registration ended": {FOREIGN: "status_03"},
    "abroad, ended, another passport": {FOREIGN: "status_03"},
    "abroad, registered, another passport": {},
    "abroad, linked all the same": {FOREIGN: "not_registered"},
}


@pytest.mark.parametrize("name", FLAGGED)
def test_each_party_is_flagged_for_what_holds_and_nothing_else(found: Night, name: str) -> None:
    assert found.details(name) == FLAGGED[name]


def test_a_new_case_is_open_and_dated_by_the_night(found: Night) -> None:
    states = {(row["status"], str(row["first_flagged_on"]), str(row["business_date"])) for row in found.cases.values()}
    assert states == {("open", "2026-11-15", "2026-11-15")}


SHOPS = {  # reasons beside the case, probability of the case
    "two shops, neither above": ([UNREGISTERED, "SPLIT_SHOPS"], 0.97),
    "two shops, one above": ([UNREGISTERED], 0.96),
    "two shops, the surer above": ([UNREGISTERED], 0.99),
    "three shops, equally sure": ([UNREGISTERED, "SPLIT_SHOPS"], 0.98),
}


@pytest.mark.parametrize("name", SHOPS)
def test_probability_is_the_greatest_at_which_the_shops_alone_pass_the_bound(found: Night, name: str) -> None:
    case = found.case(name, UNREGISTERED)
    assert (case["reasons_all"], case["match_probability"]) == SHOPS[name]


@pytest.mark.parametrize(
    ("name", "reason", "probability"),
    [
        ("status 03", STOPPED, 0.99 * 0.9),  # times the holder link of the stopped code
        ("company, stopped", STOPPED, 0.99),
        ("a stranger's account", BORROWED, 0.97 * 0.9),  # times the holder link of the account
        ("another's id", BORROWED, 0.99),
        ("somebody in review", UNRESOLVED, None),
        ("abroad", FOREIGN, 1.0),
    ],
)
def test_probability_counts_the_holder_link_that_a_reason_needs(
    found: Night, name: str, reason: str, probability: float | None
) -> None:
    assert found.case(name, reason)["match_probability"] == pytest.approx(probability)


@pytest.mark.parametrize(
    ("name", "reason", "threshold", "estimated", "withheld", "tax"),
    [
        ("no code", UNREGISTERED, BILLION, 18 * MILLION, 0, 18 * MILLION),
        ("all kinds of sales", UNREGISTERED, BILLION, 41_200_001, 1 * MILLION, 40_200_001),
        ("fully withheld", UNREGISTERED, BILLION, 22_000_001, 22 * MILLION, 1),
        ("company, stopped", STOPPED, None, None, 0, 50_000),  # 5 % of revenue
        ("company, mostly withheld", UNDER, BILLION, None, 1, 510 * MILLION),
        ("nobody found", UNRESOLVED, BILLION, 18 * MILLION, 0, 18 * MILLION),
        ("abroad, registration ended", FOREIGN, None, 500 * MILLION, 0, 500 * MILLION),
        ("very large", UNREGISTERED, BILLION, 30 * 10**12, 0, 30 * 10**12),
    ],
)
def test_tax_and_priority(
    found: Night, name: str, reason: str, threshold: int | None, estimated: int | None, withheld: int, tax: int
) -> None:
    case = found.case(name, reason)
    assert (case["threshold_vnd"], case["estimated_tax_vnd"], case["withheld_vnd"]) == (threshold, estimated, withheld)
    certainty = 1.0 if case["match_probability"] is None else case["match_probability"]
    assert case["priority"] == pytest.approx(certainty * tax / (tax + 50 * MILLION))


def test_a_slip_of_the_hand_is_last_in_the_queue(found: Night) -> None:
    assert found.case("slip that hits another", BORROWED)["priority"] == 0
    assert found.case("another's id", BORROWED)["priority"] > 0.2


def test_legal_basis_names_threshold_and_duty(found: Night) -> None:
    assert found.case("no code", UNREGISTERED)["legal_basis"] == (
        "Luật 09/2026/QH16; Nghị định 141/2026/NĐ-CP, Điều 1 và Điều 3; "
        "Luật Quản lý thuế 108/2025/QH15; Nghị định 252/2026/NĐ-CP, Điều 6 khoản 3"
    )
    assert "141/2026" not in found.case("abroad", FOREIGN)["legal_basis"]
    # No law sets organisations a threshold, and what binds households does not bind them.
    assert found.case("company, mostly withheld", UNDER)["legal_basis"] == "Luật Quản lý thuế 108/2025/QH15"
    assert found.case("a stranger's account", BORROWED)["legal_basis"].endswith("68/2026/NĐ-CP, Điều 13 khoản 4")
    assert found.case("another's id", BORROWED)["legal_basis"].endswith("68/2026/NĐ-CP, Điều 13 khoản 8")


@pytest.mark.parametrize(
    ("name", "reason", "province", "party"),
    [
        ("no code", UNREGISTERED, "79", "Người no code"),
        ("all kinds of sales", UNREGISTERED, "22", "Người all kinds of sales"),  # of the largest shop
        ("shop of a stopped code", STOPPED, "92", "NNT 8100000103"),
        ("company, stopped", STOPPED, "48", "NNT 0310000101"),
        ("nobody found", UNRESOLVED, "01", None),
        ("abroad", FOREIGN, None, None),
    ],
)
def test_province_and_name_are_the_partys(
    found: Night, name: str, reason: str, province: str | None, party: str | None
) -> None:
    case = found.case(name, reason)
    assert (case["province_code"], case["party_name"]) == (province, party)


def test_a_foreign_case_names_the_code_that_its_shop_declares(found: Night) -> None:
    assert found.case("abroad, registration ended", FOREIGN)["tax_code"] == "9100000303"
    assert found.case("abroad", FOREIGN)["tax_code"] is None


def test_shops_of_a_case_stand_largest_first(found: Night) -> None:
    shops = found.case("two shops, one above", UNREGISTERED)["shops"]
    assert [(shop["shop_id"], shop["revenue_vnd"], shop["match_probability"]) for shop in shops] == [
        ("two shops, one above", 1_100 * MILLION, 0.96),
        ("two shops, one above 1", 200 * MILLION, 0.99),
    ]
    assert {shop["platform"] for shop in found.case("all kinds of sales", UNREGISTERED)["shops"]} == {"san_a", "san_b"}


def test_evidence_says_what_was_turned_over_after_the_closing(found: Night) -> None:
    stopped = found.evidence("stopped, another in review", STOPPED)["Ngừng kinh doanh"]
    assert stopped == {
        "Ngày ngừng": "2026-01-20",
        "Doanh thu các kỳ bắt đầu sau ngày ngừng (đồng)": 1_200 * MILLION,
    }


def test_evidence_says_nothing_of_a_closing_where_one_of_two_has_no_date(found: Night) -> None:
    stopped = found.evidence("suspended, closed long ago", STOPPED)["Ngừng kinh doanh"]
    assert stopped == {"Ngày ngừng": "không rõ"}


def test_evidence_above_3_billion_calls_the_estimate_a_lower_bound(found: Night) -> None:
    assert "tối thiểu" in found.evidence("very large", UNREGISTERED)["Thuế"]["Ghi chú"]
    assert "Ghi chú" not in found.evidence("no code", UNREGISTERED)["Thuế"]


def test_evidence_holds_the_match_evidence_and_whose_the_id_is(found: Night) -> None:
    evidence = found.evidence("another's id", BORROWED)
    assert evidence["Gian hàng"][0]["Vì sao"] == {"fields": []}
    assert evidence["Giấy tờ và tài khoản"][0]["Khai với sàn"] == "****2333"
    assert evidence["Giấy tờ và tài khoản"][0]["Của"] == "Người stranger"
    assert evidence["Nguồn"] == {"residents": "good", "seller_sales": "good", "sellers": "good"}


def test_evidence_of_a_shop_of_nobody_shows_who_came_nearest_and_what_it_did_not_say(found: Night) -> None:
    (shop,) = found.evidence("nobody found", UNRESOLVED)["Gian hàng"]
    nearest = shop["Ứng viên gần nhất, chưa đủ chắc"]
    assert nearest["Vì sao"]["fields"][0]["text"] == "trùng"
    assert nearest["Gian hàng không cho biết"] == ["Ngày sinh", "Số định danh"]
    (other,) = found.evidence("somebody in review", UNRESOLVED)["Gian hàng"]
    assert "Ứng viên gần nhất, chưa đủ chắc" not in other


def test_evidence_shows_the_figures_of_the_quarters_that_are_due(found: Night) -> None:
    declaration = found.evidence("company, mostly withheld", UNDER)["Kê khai các quý đã đến hạn"]
    assert declaration["Quý"] == [1, 2, 3]
    assert list(declaration.values())[1:] == [10_200 * MILLION, 600 * MILLION, 0.5]


def test_evidence_tells_what_speaks_for_the_party(found: Night) -> None:
    # Nothing sold after the closing is a figure, not the absence of one.
    closed = found.evidence("closed after its last sale", STOPPED)["Ngừng kinh doanh"]
    assert closed == {"Ngày ngừng": "2026-11-10", "Doanh thu các kỳ bắt đầu sau ngày ngừng (đồng)": 0}
    assert found.evidence("status 01", STOPPED)["Ngừng kinh doanh"] == {"Ngày ngừng": "không rõ"}
    assert found.evidence("declares once, written twice", UNDER)["Thuế"]["Đã nộp theo tờ khai (đồng)"] == 9 * MILLION
    assert found.evidence("no code", UNREGISTERED)["Tra cứu đăng ký thuế"].endswith(
        "không tìm thấy mã số thuế nào là của riêng người này"
    )
    assert "Tra cứu đăng ký thuế" not in found.evidence("individual code", UNREGISTERED)


def test_evidence_tells_what_the_estimate_is_made_of_and_who_is_represented(found: Night) -> None:
    represents = found.evidence("represents a company", UNREGISTERED)
    assert represents["Thuế ước tính theo nhóm"] == [
        {
            "Nhóm": "hàng hóa",
            "Doanh thu (đồng)": found.case("represents a company", UNREGISTERED)["revenue_vnd"],
            "Tỷ lệ GTGT và TNCN": "1,5 %",
            "Căn cứ": "Nghị định 252/2026/NĐ-CP, Điều 40–46",
        }
    ]
    (company,) = represents["Tổ chức đăng ký theo giấy tờ của người này"]
    assert (company["Tên"], company["Mã số thuế"]) == ("NNT ****0900", "****0900")
    assert "Thuế ước tính theo nhóm" not in found.evidence("company, mostly withheld", UNDER)
    assert "Tổ chức đăng ký theo giấy tờ của người này" not in found.evidence("no code", UNREGISTERED)


def test_evidence_tells_how_a_foreign_supplier_was_looked_up(found: Night) -> None:
    ended = found.evidence("abroad, registration ended", FOREIGN)["Tra cứu nhà cung cấp nước ngoài"]
    assert ended == {
        "Nước": "CN",
        "Mã số thuế khai với sàn": "****0303",
        "Mã số thuế tìm thấy": "****0303",
        "Trạng thái": "03",
    }
    nothing = found.evidence("abroad", FOREIGN)["Tra cứu nhà cung cấp nước ngoài"]
    assert nothing == {"Nước": "CN", "Kết quả": "không tìm thấy trong đăng ký thuế"}


def test_evidence_shows_no_identifier_whole(found: Night) -> None:
    secrets = {STRANGER, STRANGER_CMND, DEAD, *found.world.ids.values()}
    secrets |= {str(row["tax_code"]) for row in found.world.rows["taxpayers"]}
    texts = " ".join(row["evidence"] for row in found.cases.values())
    assert [secret for secret in secrets if secret in texts] == []
    assert json.loads(found.case("no code", UNREGISTERED)["evidence"])
