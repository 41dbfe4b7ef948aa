"""The codes of the warehouse in the words that a tax officer reads; a code that has no words yet is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matching import tables


@dataclass(frozen=True)
class Term:
    """A code in words: short for tables, and one sentence that explains it."""

    short: str
    meaning: str


REASONS: Mapping[str, Term] = {
    "UNREGISTERED": Term(
        "Chưa đăng ký kinh doanh với thuế",
        "Cá nhân cư trú có doanh thu sàn vượt ngưỡng mà không có mã số thuế nào của chính mình cho việc kinh doanh.",
    ),
    "STOPPED_BUT_SELLING": Term(
        "Đã ngừng, có doanh thu trong năm",
        "Không còn mã số thuế kinh doanh nào hoạt động, ít nhất một đã ngừng hoặc tạm ngừng (01, 03, 05), mà trong năm "
        "có doanh thu; bao nhiêu là sau ngày ngừng thì xem bằng chứng.",
    ),
    "UNDER_DECLARED": Term(
        "Kê khai thiếu doanh thu",
        "Đang hoạt động, nhưng kê khai các quý đã đến hạn thấp hơn tỷ lệ cài đặt (xem bằng chứng) của doanh thu sàn.",
    ),
    "BORROWED_IDENTITY": Term(
        "Dùng danh tính người khác",
        "Số giấy tờ khai với sàn là của người khác còn sống, hoặc tài khoản nhận tiền đứng tên người khác.",
    ),
    "INVALID_IDENTITY": Term(
        "Danh tính không hợp lệ",
        "Số giấy tờ khai với sàn là của người đã mất, hoặc không của ai và không phải gõ nhầm số của chính mình.",
    ),
    "UNRESOLVED_HIGH_REVENUE": Term(
        "Doanh thu lớn, chưa rõ chủ",
        "Gian hàng trong nước có doanh thu vượt ngưỡng mà chưa xác định được ai là người bán.",
    ),
    "FOREIGN_UNREGISTERED": Term(
        "Người bán nước ngoài chưa đăng ký",
        "Người bán không cư trú có doanh thu mà không có đăng ký nhà cung cấp nước ngoài đang hoạt động.",
    ),
    "SPLIT_SHOPS": Term(
        "Nhiều gian hàng, từng gian không vượt ngưỡng",
        "Từ hai gian hàng trở lên, cộng lại mới vượt ngưỡng; chỉ đi kèm lý do khác, không nói gì về chủ ý.",
    ),
}

DETAILS: Mapping[str, str] = {
    "no_tax_code": "không có mã số thuế",
    "individual_code_only": "chỉ có mã số thuế cá nhân",
    "fully_withheld": "sàn đã khấu trừ đủ thuế",
    "no_declaration": "không kê khai hoặc kê khai 0 đồng cho các quý đã đến hạn",
    "below_share": "kê khai ít hơn nhiều so với doanh thu sàn",
    "id": "số giấy tờ của người khác",
    "account_other": "tài khoản nhận tiền của người ngoài hộ hoặc của tổ chức",
    "account_household": "tài khoản nhận tiền của người cùng hộ",
    "id_mistyped": "có thể gõ nhầm, trúng số của người khác",
    "deceased": "số giấy tờ của người đã mất",
    "not_found": "số giấy tờ không của ai",
    "review": "có ứng viên, cần người xem",
    "none": "không có ứng viên đủ gần",
    "not_registered": "không có đăng ký nhà cung cấp nước ngoài",
    "status_00": "mã số thuế đang hoạt động",
    "status_01": "mã số thuế đã chấm dứt hiệu lực (01)",
    "status_02": "đã chuyển cơ quan thuế quản lý (02)",
    "status_03": "ngừng hoạt động, chưa hoàn thành chấm dứt (03)",
    "status_04": "chưa đủ thông tin đăng ký (04)",
    "status_05": "tạm ngừng kinh doanh (05)",
    "status_06": "không hoạt động tại địa chỉ đã đăng ký (06)",
    "status_07": "chờ làm thủ tục phá sản (07)",
    "status_08": "trạng thái 08",
    "status_09": "chờ xác minh địa chỉ (09)",
    "status_10": "chờ cập nhật số định danh (10)",
}

PARTY_TYPES: Mapping[str, str] = {
    "individual": "Cá nhân",
    "household_business": "Hộ, cá nhân kinh doanh",
    "organisation": "Tổ chức",
    "foreign": "Nước ngoài",
    "unresolved": "Chưa xác định",
}

TAX_STATUSES: Mapping[str, str] = {
    "foreign": "Nước ngoài",
    "unresolved": "Chưa xác định người bán",
    "registered_active": "Đã đăng ký, đang hoạt động",
    "stopped_selling": "Đã ngừng, có doanh thu",
    "registered_unmatched": "Có đăng ký, chưa khớp định danh",
    "address_problem": "Có đăng ký, vướng mắc về địa chỉ hoặc hồ sơ",
    "below_threshold": "Dưới ngưỡng",
    "fully_withheld": "Sàn đã khấu trừ đủ",
    "unregistered": "Chưa đăng ký, trên ngưỡng",
}

MATCH_TYPES: Mapping[str, str] = {
    "id": "số giấy tờ",
    "tax_code": "mã số thuế",
    "bank": "tài khoản ngân hàng",
    "phone": "số điện thoại",
    "fuzzy": "họ tên, ngày sinh, nơi ở",
    "none": "không có",
}

DECISIONS: Mapping[str, Term] = {
    "link": Term("Đã gắn", "Đủ chắc để gắn gian hàng với người bán."),
    "review": Term("Chờ xem xét", "Có ứng viên, nhưng cần người quyết định."),
    "none": Term("Chưa có", "Không có ứng viên đủ gần, hoặc là gian hàng nước ngoài."),
}

# What people decide of a shop's candidate.
LINK_DECISIONS: Mapping[str, str] = {
    "linked": "đúng là người bán",
    "rejected": "không phải người bán",
    "open": "rút lại",
}

SOURCES: Mapping[str, str] = {
    "residents": "Dân cư",
    "taxpayers": "Đăng ký thuế",
    "declarations": "Tờ khai thuế",
    "bank_accounts": "Tài khoản ngân hàng",
    "bank_inflows": "Tiền vào tài khoản",
    "telecom_subscribers": "Thuê bao viễn thông",
    "sellers": "Gian hàng trên sàn",
    "seller_sales": "Doanh thu trên sàn",
}

# Tables that are judged before a night is published.
AUDITED: Mapping[str, str] = {"seller_parties": "Người bán", "flagged_sellers": "Hồ sơ đang mở"}

DIMENSIONS: Mapping[str, Term] = {
    "dung": Term("Đúng", "Giá trị đúng với nguồn pháp lý và đúng quy tắc."),
    "du": Term("Đủ", "Không thiếu trường bắt buộc, không thiếu đối tượng."),
    "sach": Term("Sạch", "Không trùng, không rác, đúng định dạng và danh mục."),
    "song": Term("Sống", "Được cập nhật kịp thời."),
}

PROBLEMS: Mapping[str, Term] = {
    "not_found": Term("không tìm thấy", "Không ai có số giấy tờ này, hoặc không có mã số thuế này."),
    "other_person": Term("của người khác", "Số giấy tờ là của người khác: họ tên hoặc ngày sinh trái ngược."),
    "mistyped": Term("gõ nhầm", "Sai một chữ số hoặc đổi chỗ hai chữ số liền nhau so với số của đúng người."),
    "stale": Term("đã cũ", "CMND khi đã có số định danh, hoặc mã tỉnh của trước ngày 01/07/2025."),
    "deceased": Term("của người đã mất", "Người đứng tên đã mất mà vẫn còn hoạt động, hoặc khai số của người đã mất."),
    "inconsistent": Term("mâu thuẫn", "Hai giá trị trái nhau: với dân cư, với số định danh hoặc với địa chỉ."),
}

MEASURES: Mapping[str, Term] = {
    "nulls": Term("tỷ lệ trống", "Phần các dòng không có giá trị."),
    "distinct": Term("tỷ lệ giá trị khác nhau", "Số giá trị khác nhau trên số dòng."),
    "values": Term("giá trị thường gặp", "Phần các dòng có từng giá trị."),
    "lengths": Term("độ dài", "Phần các dòng có từng độ dài."),
    "patterns": Term("dạng chữ", "Phần các dòng có từng dạng: A chữ hoa, a chữ thường, 9 chữ số."),
}

# What no rule looks at, and why.
NOT_CHECKED = (
    "Giá trị chỉ một nguồn biết (giới tính, loại tài khoản, ngành nghề): không có gì để đối chiếu.",
    "Họ tên của gian hàng là tên hiệu hay tên tổ chức: không so với tên người trong dân cư.",
    "Số giấy tờ bị che: chỉ xét dạng, không tra được là của ai.",
    "Đêm đầu tiên của một nguồn: chưa có đêm trước để so số dòng, phân bố và độ mới.",
)

GATES: Mapping[str, str] = {"pass": "đạt", "warn": "cảnh báo", "fail": "không đạt"}

OUTCOMES: Mapping[str, str] = {
    "taken": "đã nhận",
    "refused": "bị từ chối",
    "held": "giữ lại",
    "absent": "quá hạn, chưa đến",
    "gate_failed": "không qua cổng chất lượng",
}

MODES: Mapping[str, str] = {"full": "toàn bộ", "delta": "thay đổi"}

STATUSES: Mapping[str, Term] = {
    "succeeded": Term("Hoàn thành", "Mọi nguồn đều đã đến và đạt cổng chất lượng."),
    "degraded": Term(
        "Suy giảm", "Có nguồn thiếu, bị giữ hoặc bị từ chối; đêm chạy với bức tranh tốt gần nhất của nguồn đó."
    ),
    "failed": Term("Thất bại", "Đêm không chạy xong."),
    "running": Term("Đang chạy", "Đêm chưa chạy xong."),
}

CASE_STATUSES: Mapping[str, str] = {
    "open": "đang mở",
    "confirmed": "đã xác nhận",
    "dismissed": "đã bác",
    "resolved": "đã hết lý do",
}

STAGES: Mapping[str, str] = {
    "bronze": "Nhận dữ liệu (bronze)",
    "gate": "Cổng chất lượng",
    "silver": "Chuẩn hóa (silver)",
    "match": "Gắn người bán",
    "gold": "Gắn cờ (gold)",
    "audit": "Kiểm tra trước khi công bố",
    "corrections": "Giá trị cần sửa",
    "maintenance": "Dọn kho",
    "retrain": "Học lại tham số",
    "decisions": "Ghi quyết định",
    "link_decisions": "Ghi quyết định về gian hàng",
}

EVIDENCE_QUALITY: Mapping[str, str] = {"good": "tốt", "degraded": "suy giảm"}

WEIGHT = (
    "log2 của tỷ lệ giữa xác suất gặp điều này khi đúng người và khi trùng ngẫu nhiên: +3 là đúng người thì gặp nhiều "
    "gấp 8 lần, −3 là ít đi 8 lần, 0 là không nói gì. Các trọng số không cộng thẳng thành xác suất: mô hình còn xét "
    "điều nào đi cùng điều nào, và mọi ứng viên khác."
)

# Values that evidence may hold as codes; what is written for people already passes through unchanged.
VALUES: Mapping[str, str] = {
    **EVIDENCE_QUALITY,
    **PARTY_TYPES,
    "foreign_supplier": "Nhà cung cấp nước ngoài",
    **CASE_STATUSES,
    **{decision: term.short for decision, term in DECISIONS.items()},
}

PROVINCES: Mapping[str, str] = {
    **dict(sorted(tables.pairs("provinces", "new_code2", "new_name"))),
    "79": "TP Hồ Chí Minh",
}
# The workbook of everything whose province is unknown or none of the 34.
NO_PROVINCE = "khac"
NO_PROVINCE_NAME = "Chưa rõ tỉnh, thành"


def say(words: Mapping[str, str] | Mapping[str, Term], code: str | None) -> str:
    """The short words of a code, the code itself where there are none, empty for null."""
    found = words.get(code or "", code or "")
    return found.short if isinstance(found, Term) else found


def province(code: str | None) -> str:
    """Name of a province by its 34-province code."""
    return PROVINCES.get(code or "", NO_PROVINCE_NAME)
