"""Faults of one source each."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.compute as pc

from sample_data import writing
from sample_data.faults import spoiling, tampering
from sample_data.faults.any_source import of_nobody
from sample_data.faults.fault import Fault
from sample_data.faults.spoiling import Around, Condition, put, then, written

_LATE = datetime.timedelta(hours=40)

_RESIDENT_COLUMNS = ("old_id_number", "full_name", "date_of_birth", "gender", "permanent_address", "province_code")


def _day_and_month(text: str) -> str:
    year, month, day = text.split("-") if text.count("-") == 2 else (text, "", "")
    return f"{year}-{day}-{month}" if month else text


def _ten_years_on(text: str) -> str:
    return f"{int(text[:4]) + 10}{text[4:]}" if text[:4].isdigit() else text


def _letters(number: int) -> str:
    return "".join(chr(65 + number // 26**place % 26) for place in range(4))


def _other_check_digit(code: str) -> str:
    return f"{code[:9]}{(int(code[9]) + 1) % 10}{code[10:]}" if len(code) in (10, 14) and code[:10].isdigit() else code


def _month_before(date: datetime.date, back: int) -> str:
    month = 12 * date.year + date.month - 1 - back
    return f"{month // 12}-{month % 12 + 1:02d}"


def _in_month(back: int) -> Condition:
    return lambda rows, around: pc.equal(rows["period"], _month_before(around.date, back))


def _unsent(rows: pa.Table, around: Around) -> pa.Array:
    """The last two months of the platform with the most rows."""
    counted = pc.value_counts(rows["platform"]).to_pylist()
    largest = max(counted, key=lambda each: (each["counts"], each["values"]))["values"]
    lately = pc.greater_equal(rows["period"], _month_before(around.date, 1))
    return pc.and_(pc.equal(rows["platform"], largest), lately)


def _middle_of(most: int) -> Condition:
    """Rows of the period in the middle of those with the most rows."""

    def chosen(rows: pa.Table, around: Around) -> pa.Array:
        """Whether each row is of that period."""
        counted = sorted(pc.value_counts(rows["period"]).to_pylist(), key=lambda each: -each["counts"])
        return pc.equal(rows["period"], sorted(each["values"] for each in counted[:most])[most // 2])

    return chosen


def _most_shops(rows: pa.Table, around: Around) -> pa.Array:
    """Rows of seven shops in ten."""
    shops = pc.unique(rows["shop_id"])
    return pc.is_in(rows["shop_id"], shops.filter(pa.array(spoiling.chosen_rows(len(shops), 0.7))))


RESIDENTS = (
    Fault(
        "residents",
        "shifted-columns",
        "các cột lệch sang phải một ô",
        "sach",
        "warn",
        ("old_id_number.cmnd", "date_of_birth.birth_date", "gender.in_set", "province_known", "shape_kept"),
        spoiling.shifted(*_RESIDENT_COLUMNS),
    ),
    Fault(
        "residents",
        "day-and-month-swapped",
        "ngày sinh đảo ngày và tháng",
        "sach",
        "warn",
        ("date_of_birth.birth_date",),
        written("date_of_birth", _day_and_month),
    ),
    Fault(
        "residents",
        "half-missing",
        "mất quá nửa số dòng",
        "du",
        "held",
        ("keys, the last good picture has",),
        spoiling.kept(0.4),
    ),
    Fault(
        "residents", "third-missing", "mất một phần ba số dòng", "du", "warn", ("rows_as_before",), spoiling.kept(0.66)
    ),
    Fault(
        "residents",
        "zero-lost",
        "số định danh mất số 0 đầu",
        "sach",
        "warn",
        ("personal_id.personal_id", "shape_kept"),
        written("personal_id", lambda text: text.lstrip("0")),
    ),
    Fault(
        "residents",
        "unknown-province-of-birth",
        "ba số đầu của số định danh không phải mã tỉnh nào",
        "dung",
        "warn",
        ("personal_id.personal_id_province",),
        written("personal_id", lambda text: f"999{text[3:]}", share=0.3),
    ),
    Fault(
        "residents",
        "made-up-ids",
        "số định danh điền tạm ở một phần mười số dòng",
        "sach",
        "warn",
        ("personal_id.real_number", "personal_id.personal_id"),
        spoiling.numbered("personal_id", lambda number: f"{_letters(number)}999999", share=0.1),
    ),
    Fault(
        "residents",
        "mojibake",
        "tên bị đọc nhầm bảng mã (UTF-8 thành Windows-1252)",
        "sach",
        "warn",
        ("full_name.real_name", "shape_kept"),
        written("full_name", writing.read_as_cp1252),
    ),
    Fault(
        "residents",
        "question-marks",
        "chữ có dấu trong tên thành dấu hỏi",
        "dung",
        "warn",
        ("shape_kept",),
        written("full_name", writing.with_question_marks),
    ),
    Fault(
        "residents",
        "wrong-birth-year",
        "năm sinh lệch mười năm so với số định danh",
        "dung",
        "warn",
        ("id_agrees",),
        written("date_of_birth", _ten_years_on, share=0.3),
    ),
    Fault(
        "residents",
        "old-codes-labelled-new",
        "mã tỉnh của hệ 63 tỉnh ghi là hệ 34 tỉnh",
        "sach",
        "warn",
        ("province_known", "shape_kept"),
        put({"province_code_version": "34"}),
    ),
    Fault(
        "residents",
        "one-province",
        "mọi dòng mang mã của một tỉnh",
        "dung",
        "warn",
        ("province_of_address", "shape_kept"),
        put({"province_code": "01"}),
    ),
    Fault(
        "residents",
        "twice",
        "một phần mười số người có thêm bản ghi thứ hai dưới số khác",
        "sach",
        "warn",
        ("not_doubled",),
        spoiling.doubled("personal_id", lambda key: f"{key[:11]}{(int(key[11]) + 5) % 10}"),
    ),
    Fault(
        "residents",
        "sent-again",
        "gửi lại nguyên lượt giao hôm trước, chỉ đổi ngày",
        "song",
        "warn",
        ("updates_move",),
        touched=False,
    ),
    Fault("residents", "late", "xuất muộn hơn giờ đã hẹn", "song", "warn", ("on_time",), produced_after=_LATE),
    Fault(
        "residents",
        "no-manifest",
        "thiếu tệp kê khai lượt giao",
        "du",
        "refused",
        ("_manifest.json is missing",),
        tamper=tampering.no_manifest,
    ),
    Fault(
        "residents",
        "file-is-link",
        "tệp dữ liệu là một liên kết ra ngoài thư mục",
        "sach",
        "refused",
        ("is a link",),
        tamper=tampering.linked,
    ),
)

TAXPAYERS = (
    Fault(
        "taxpayers",
        "check-digit",
        "chữ số kiểm tra của mã số thuế bị gõ sai",
        "dung",
        "warn",
        ("tax_code.tax_code_check_digit",),
        written("tax_code", _other_check_digit),
    ),
    Fault(
        "taxpayers",
        "closed-before-opened",
        "ngày đóng trước ngày đăng ký",
        "dung",
        "warn",
        ("closed_after_registered",),
        then(put({"closed_on": datetime.date(2015, 1, 1)}), put({"registered_on": datetime.date(2020, 1, 1)})),
    ),
    Fault(
        "taxpayers",
        "twice",
        "người nộp thuế có thêm bản ghi thứ hai dưới mã khác",
        "sach",
        "warn",
        ("not_doubled",),
        spoiling.doubled("tax_code", lambda key: f"{key}-777", share=0.2),
    ),
    Fault(
        "taxpayers",
        "another-source",
        "tệp kê khai lượt giao ghi tên nguồn khác",
        "du",
        "refused",
        ("names another source",),
        tamper=tampering.stated(source="residents"),
    ),
    Fault(
        "taxpayers",
        "second-format",
        "lượt giao trộn hai định dạng tệp",
        "sach",
        "refused",
        ("in a second format",),
        tamper=tampering.second_format,
    ),
    Fault(
        "taxpayers",
        "bad-bytes",
        "một số dòng có byte không phải UTF-8",
        "sach",
        "quarantine",
        ("bad_utf8:taxpayer_type",),
        tamper=tampering.garbled(
            tampering.on_lines(lambda line: line.replace(b',"household', b',"\xffhousehold'), 3), told=True
        ),
    ),
    Fault(
        "taxpayers",
        "unquoted-commas",
        "một số dòng thừa dấu phẩy",
        "sach",
        "quarantine",
        ("field_count",),
        tamper=tampering.garbled(tampering.on_lines(lambda line: line + b",", 500), told=True),
    ),
)

DECLARATIONS = (
    Fault(
        "declarations",
        "month-missing",
        "thiếu hẳn một kỳ kê khai",
        "du",
        "warn",
        ("months_complete",),
        spoiling.where_not(_middle_of(3)),
    ),
    Fault(
        "declarations",
        "in-thousands",
        "một kỳ ghi doanh thu theo nghìn đồng",
        "dung",
        "warn",
        ("units_kept",),
        spoiling.times("declared_revenue_vnd", 0.001, _middle_of(3)),
    ),
    Fault(
        "declarations",
        "unknown-codes",
        "mã số thuế không có trong sổ đăng ký thuế",
        "dung",
        "warn",
        ("taxpayer_exists",),
        spoiling.numbered("tax_code", of_nobody, share=0.3),
    ),
    Fault(
        "declarations",
        "filed-before",
        "ngày nộp trước kỳ kê khai",
        "dung",
        "warn",
        ("filed_after_period_began",),
        put({"filed_on": datetime.date(2019, 3, 1)}, share=0.3),
    ),
    Fault(
        "declarations",
        "file-missing",
        "thiếu một tệp có tên trong tệp kê khai lượt giao",
        "du",
        "refused",
        ("is missing",),
        tamper=tampering.no_file,
    ),
    Fault(
        "declarations",
        "odd-periods",
        "kỳ kê khai ghi sai dạng",
        "sach",
        "quarantine",
        ("bad_period:period",),
        put({"period": "tháng 3"}, share=0.05),
    ),
)

BANK_ACCOUNTS = (
    Fault(
        "bank_accounts",
        "names-for-codes",
        "tên ngân hàng thay cho mã, số tài khoản có dấu cách",
        "sach",
        "warn",
        ("bank_code.bank_code", "account_number.account_number", "shape_kept"),
        then(put({"bank_code": "VCB"}, share=0.3), written("account_number", lambda text: f"STK {text}", share=0.3)),
    ),
    Fault(
        "bank_accounts",
        "checksum",
        "nội dung tệp khác với mã băm đã kê khai",
        "du",
        "refused",
        ("has another sha256",),
        tamper=tampering.garbled(lambda content: content + b"\n", told=False),
    ),
)

BANK_INFLOWS = (
    Fault(
        "bank_inflows",
        "month-missing",
        "thiếu hẳn một tháng",
        "du",
        "warn",
        ("months_complete",),
        spoiling.where_not(_middle_of(5)),
    ),
    Fault(
        "bank_inflows",
        "in-thousands",
        "một tháng ghi số tiền theo nghìn đồng",
        "dung",
        "warn",
        ("units_kept",),
        spoiling.times("inflow_vnd", 0.001, _middle_of(5)),
    ),
    Fault(
        "bank_inflows",
        "unknown-accounts",
        "tài khoản không có trong danh sách tài khoản",
        "dung",
        "warn",
        ("account_exists",),
        written("account_number", lambda text: f"{text}00", share=0.3),
    ),
    Fault(
        "bank_inflows",
        "names-for-codes",
        "tên ngân hàng thay cho mã",
        "sach",
        "warn",
        ("bank_code.bank_code", "account_exists"),
        put({"bank_code": "VCB"}, share=0.3),
    ),
    Fault(
        "bank_inflows",
        "outside",
        "tệp kê khai lượt giao chỉ tới tệp ngoài thư mục",
        "sach",
        "refused",
        ("lies outside the folder",),
        tamper=tampering.listed(name="../bank_inflows-000.jsonl.gz"),
    ),
    Fault(
        "bank_inflows",
        "beyond-all-bounds",
        "số tiền vượt quá 10^15 đồng",
        "sach",
        "quarantine",
        ("amount_range:inflow_vnd",),
        put({"inflow_vnd": 9 * 10**15}, share=0.05),
    ),
)

TELECOM = (
    Fault(
        "telecom_subscribers",
        "mojibake",
        "tên thuê bao bị đọc nhầm bảng mã (UTF-8 thành Windows-1252)",
        "sach",
        "warn",
        ("subscriber_name.real_name", "shape_kept"),
        written("subscriber_name", writing.read_as_cp1252),
    ),
    Fault(
        "telecom_subscribers",
        "reissued-still-open",
        "số đã cấp lại cho người khác mà thuê bao cũ vẫn mở",
        "song",
        "warn",
        ("number_current",),
        then(
            put({"status": "active"}),
            lambda rows, around: pa.concat_tables(
                [rows, spoiling.moved("activated_on", -400)(rows.slice(0, rows.num_rows // 5), around)]
            ),
        ),
    ),
    Fault(
        "telecom_subscribers",
        "odd-numbers",
        "số thuê bao bị cắt còn sáu chữ số cuối",
        "sach",
        "warn",
        ("msisdn.phone", "shape_kept"),
        written("msisdn", lambda text: text[-6:], share=0.3),
    ),
    Fault(
        "telecom_subscribers",
        "wrong-count",
        "số dòng khác với số đã kê khai",
        "du",
        "refused",
        ("the manifest says 17",),
        tamper=tampering.listed(rows=17),
    ),
    Fault(
        "telecom_subscribers",
        "no-keys",
        "số thuê bao bị bỏ trống ở ba phần trăm số dòng",
        "du",
        "held",
        ("rows without a readable key",),
        put({"msisdn": None}, share=0.03),
    ),
)

SELLERS = (
    Fault(
        "sellers",
        "check-digit",
        "chữ số kiểm tra của mã số thuế bị gõ sai",
        "dung",
        "warn",
        ("tax_code.tax_code_check_digit", "taxpayer_exists"),
        written("tax_code", _other_check_digit),
    ),
    Fault(
        "sellers",
        "unknown-accounts",
        "tài khoản nhận tiền không có trong danh sách tài khoản",
        "dung",
        "warn",
        ("account_exists",),
        written("payout_account_number", lambda text: f"{text}00"),
    ),
    Fault(
        "sellers",
        "twice",
        "gian hàng có thêm bản ghi thứ hai dưới mã khác",
        "sach",
        "warn",
        ("not_doubled",),
        spoiling.doubled("shop_id", lambda key: f"{key}-2", share=0.2),
    ),
    Fault(
        "sellers",
        "empty",
        "lượt giao toàn bộ không có dòng nào",
        "du",
        "held",
        ("a full delivery without rows",),
        lambda rows, around: rows.slice(0, 0),
    ),
    Fault(
        "sellers",
        "another-date",
        "tệp kê khai lượt giao ghi ngày khác",
        "du",
        "refused",
        ("names another business_date",),
        tamper=tampering.stated(business_date="2026-01-01"),
    ),
    Fault(
        "sellers",
        "cut-short",
        "tệp bị cắt cụt",
        "du",
        "refused",
        ("is not readable as",),
        tamper=tampering.garbled(lambda content: content[: len(content) // 2], told=True),
    ),
    Fault("sellers", "column-missing", "thiếu một cột", "du", "refused", ("email",), spoiling.without("email")),
    Fault(
        "sellers",
        "no-time",
        "thời điểm cập nhật bị bỏ trống",
        "sach",
        "quarantine",
        ("null_value:updated_at",),
        put({"updated_at": None}, share=0.05),
    ),
)

SALES = (
    Fault(
        "seller_sales",
        "platform-silent",
        "một sàn ngừng báo cáo từ tháng trước",
        "du",
        "warn",
        ("platforms_report",),
        spoiling.where_not(_unsent),
    ),
    Fault(
        "seller_sales",
        "month-missing",
        "thiếu hẳn một tháng",
        "du",
        "warn",
        ("months_complete",),
        spoiling.where_not(_in_month(4)),
    ),
    Fault(
        "seller_sales",
        "thousandfold",
        "một tháng ghi doanh thu gấp nghìn lần",
        "dung",
        "warn",
        ("units_kept",),
        spoiling.times("gross_revenue_vnd", 1000, _in_month(1)),
    ),
    Fault(
        "seller_sales",
        "all-thousandfold",
        "mọi tháng ghi doanh thu gấp nghìn lần",
        "dung",
        "warn",
        ("shape_kept",),
        spoiling.times("gross_revenue_vnd", 1000, lambda rows, around: pc.is_valid(rows["period"])),
    ),
    Fault(
        "seller_sales",
        "most-shops-missing",
        "bảy phần mười số gian hàng không có doanh thu",
        "du",
        "held",
        ("keys, the last good picture has",),
        spoiling.where_not(_most_shops),
    ),
    Fault(
        "seller_sales",
        "unknown-shops",
        "doanh thu của gian hàng không có trong danh sách",
        "dung",
        "warn",
        ("seller_exists",),
        written("shop_id", lambda text: f"{text}-x", share=0.2),
    ),
    Fault(
        "seller_sales",
        "shops-renamed",
        "mã gian hàng đổi cách ghi, không khớp danh sách gian hàng",
        "du",
        "warn",
        ("shops_sell", "seller_exists"),
        written("shop_id", str.upper),
    ),
    Fault(
        "seller_sales",
        "odd-mode",
        "tệp kê khai lượt giao ghi kiểu giao lạ",
        "sach",
        "refused",
        ("mode is neither full nor delta",),
        tamper=tampering.stated(mode="partial"),
    ),
    Fault(
        "seller_sales",
        "money-as-text",
        "cột doanh thu là chữ, không phải số",
        "sach",
        "refused",
        ("gross_revenue_vnd",),
        spoiling.as_text("gross_revenue_vnd"),
    ),
    Fault(
        "seller_sales",
        "no-revenue",
        "doanh thu bị bỏ trống",
        "du",
        "quarantine",
        ("null_value:gross_revenue_vnd",),
        put({"gross_revenue_vnd": None}, share=0.05),
    ),
    Fault(
        "seller_sales",
        "unknown-category",
        "nhóm ngành ngoài danh mục",
        "sach",
        "quarantine",
        ("unknown_value:category",),
        put({"category": "hàng hoá"}, share=0.05),
    ),
    Fault(
        "seller_sales",
        "from-the-future",
        "thời điểm cập nhật sau lúc xuất quá một ngày",
        "song",
        "quarantine",
        ("future:updated_at",),
        spoiling.moved("updated_at", 3_000, share=0.05),
    ),
)
