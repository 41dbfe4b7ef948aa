"""Faults that any source may have, or any that names people, tax codes or addresses."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from sample_data.faults import spoiling
from sample_data.faults.fault import Fault
from sample_data.faults.spoiling import put, then, written

_FOUR_DAYS = datetime.timedelta(days=4)

# Columns beside the key that must be there. Amounts that are missing count as 0 (contract §1).
_EMPTIED: Mapping[str, tuple[str, ...]] = {
    "residents": ("full_name", "date_of_birth", "gender", "permanent_address", "province_code", "status"),
    "taxpayers": ("taxpayer_name", "taxpayer_type", "id_number", "status"),
    "declarations": ("filed_on",),
    "bank_accounts": ("holder_name", "holder_id_number", "holder_type", "opened_on", "status"),
    "bank_inflows": ("inflow_count",),
    "telecom_subscribers": ("subscriber_name", "id_number", "date_of_birth", "status"),
    "sellers": ("shop_name", "seller_name", "id_number", "registered_on", "status"),
    "seller_sales": ("order_count",),
}

# What stands where something else should, by column: the value, and the rule that it breaks.
_ODD: Mapping[str, Mapping[str, tuple[object, str]]] = {
    "residents": {
        "old_id_number": ("không rõ", "cmnd"),
        "date_of_birth": ("20/05/1990", "birth_date"),
        "gender": ("Nam", "in_set"),
        "province_code_version": ("2025", "in_set"),
        "status": ("đang sống", "in_set"),
    },
    "taxpayers": {
        "taxpayer_type": ("HKD", "in_set"),
        "id_number": ("CCCD", "identity_number"),
        "date_of_birth": ("20/05/1990", "birth_date"),
        "phone": ("không có", "phone"),
        "status": ("đang hoạt động", "in_set"),
    },
    "declarations": {"declared_revenue_vnd": (-5_000_000, "not_negative"), "tax_paid_vnd": (-75_000, "not_negative")},
    "bank_accounts": {
        "holder_id_number": ("CCCD", "identity_number"),
        "holder_type": ("CN", "in_set"),
        "phone": ("không có", "phone"),
        "status": ("mở", "in_set"),
    },
    "bank_inflows": {
        "inflow_vnd": (-5_000_000, "not_negative"),
        "inflow_count": (-3, "not_negative"),
        "ecommerce_inflow_vnd": (-1_000_000, "not_negative"),
    },
    "telecom_subscribers": {
        "id_number": ("CCCD", "identity_number"),
        "date_of_birth": ("20/05/1990", "birth_date"),
        "status": ("1 chiều", "in_set"),
    },
    "sellers": {
        "seller_type": ("shop", "in_set"),
        "country": ("Trung Quốc", "country"),
        "id_number": ("CCCD", "identity_number_or_masked"),
        "date_of_birth": ("20/05/1990", "birth_date"),
        "phone": ("không có", "phone_or_masked"),
        "status": ("online", "in_set"),
    },
    "seller_sales": {"order_count": (-2, "not_negative")},
}

# What somebody types to get past a form.
_MADE_UP: Mapping[str, Mapping[str, tuple[object, str]]] = {
    "residents": {"full_name": ("test", "real_name"), "date_of_birth": ("1900-01-01", "real_date")},
    "taxpayers": {
        "taxpayer_name": ("abc", "real_name"),
        "id_number": ("000000000000", "real_number"),
        "phone": ("0123456789", "real_number"),
        "date_of_birth": ("1900-01-01", "real_date"),
    },
    "bank_accounts": {
        "holder_name": ("TEST", "real_name"),
        "holder_id_number": ("123456789", "real_number"),
        "phone": ("0123456789", "real_number"),
    },
    "telecom_subscribers": {
        "subscriber_name": ("Chưa rõ", "real_name"),
        "id_number": ("111111111111", "real_number"),
        "date_of_birth": ("1900-01-01", "real_date"),
    },
    "sellers": {
        "seller_name": ("xxx", "real_name"),
        "id_number": ("123456789", "real_number"),
        "phone": ("0000000000", "real_number"),
        "date_of_birth": ("1900-01-01", "real_date"),
    },
}


def _values(odd: Mapping[str, tuple[object, str]]) -> dict[str, object]:
    return {column: value for column, (value, _) in odd.items()}


def _rules(odd: Mapping[str, tuple[object, str]]) -> tuple[str, ...]:
    return tuple(f"{column}.{rule}" for column, (_, rule) in odd.items())


def of_any_source() -> Iterator[Fault]:
    """What goes wrong with the rows of any source."""
    for source, columns in _EMPTIED.items():
        words = "các cột bắt buộc bị bỏ trống ở sáu phần mười số dòng"
        rules = (*(f"{column}.present" for column in columns), "shape_kept")
        yield Fault(source, "emptied", words, "du", "warn", rules, put(dict.fromkeys(columns), share=0.6))
    for source, odd in _ODD.items():
        words = "giá trị ghi sai dạng hoặc ngoài danh mục ở ba phần mười số dòng"
        yield Fault(source, "odd-values", words, "sach", "warn", _rules(odd), put(_values(odd), share=0.3))
    for source, made_up in _MADE_UP.items():
        words = "giá trị thử, giá trị điền tạm ở một phần mười số dòng"
        yield Fault(source, "made-up", words, "sach", "warn", _rules(made_up), put(_values(made_up), share=0.1))
    for source in _EMPTIED:
        words = "bản sao lưu cũ: thiếu ba phần mười số dòng, mọi dòng lùi mười hai năm"
        rules = ("updates_move", "updated_at.recent", "updated_at.not_old", "rows_as_before")
        old = then(spoiling.kept(0.7), spoiling.moved("updated_at", -12 * 366))
        yield Fault(source, "old-backup", words, "song", "warn", rules, old)
        words = "đồng hồ của hệ thống gửi chạy nhanh, và lượt giao xuất muộn bốn ngày"
        ahead, rules = spoiling.moved("updated_at", 4, share=0.1), ("on_time", "updated_at.not_future")
        yield Fault(source, "clock-ahead", words, "song", "warn", rules, ahead, produced_after=_FOUR_DAYS)
        words = "danh sách thay đổi xoá mọi dòng"
        yield Fault(source, "all-deleted", words, "du", "hold", ("table.not_empty",), spoiling.all_deleted)


# Columns of those who hold a code, an account, a SIM, a shop: id, name, birth date, and what stands for "in use".
_HOLDERS: Mapping[str, tuple[str, str, str | None, str]] = {
    "taxpayers": ("id_number", "taxpayer_name", "date_of_birth", "00"),
    "bank_accounts": ("holder_id_number", "holder_name", None, "active"),
    "telecom_subscribers": ("id_number", "subscriber_name", "date_of_birth", "active"),
    "sellers": ("id_number", "seller_name", "date_of_birth", "active"),
}
# Whose papers the suites hold against today's law.
_PAPERS = ("taxpayers", "bank_accounts", "telecom_subscribers")


def of_nobody(number: int) -> str:
    """A well-formed id that no resident has: of men born from 2090 to 2099."""
    return f"0012{90 + number % 10}{number:06d}"


def _cmnd(number: int) -> str:
    return f"0{26 + number % 40:02d}{number % 1_000_000:06d}"


def of_holders() -> Iterator[Fault]:
    """What goes wrong where people are named."""
    for source, (personal_id, name, born, in_use) in _HOLDERS.items():
        agrees = "three_fields" if born else "holder_agrees"
        words = "số định danh không có trong CSDLQG về dân cư"
        strangers = spoiling.numbered(personal_id, of_nobody, share=0.6)
        yield Fault(source, "ids-of-nobody", words, "dung", "warn", ("resident_exists",), strangers)
        words = "cột họ tên bị sắp xếp riêng, lệch với các cột khác"
        yield Fault(source, "rolled-names", words, "dung", "warn", (agrees,), spoiling.rolled(name))
        words = "người đã chết đứng tên ở mọi dòng đang hoạt động"
        there = {personal_id: "personal_id", name: "full_name", **({born: "date_of_birth"} if born else {})}
        dead = then(put({"status": in_use}), spoiling.taken_from("residents", there, {"status": "deceased"}))
        yield Fault(source, "of-the-dead", words, "song", "warn", ("holder_alive",), dead)
    for source in _PAPERS:
        words = "giấy tờ ghi bằng số CMND đã hết giá trị"
        void = spoiling.numbered(_HOLDERS[source][0], _cmnd)
        yield Fault(source, "void-papers", words, "song", "warn", ("document_current",), void)


def of_codes() -> Iterator[Fault]:
    """What goes wrong with tax codes."""
    for source, share, more in (("taxpayers", 0.3, ("shape_kept",)), ("declarations", 0.3, ()), ("sellers", 1.0, ())):
        words, rules = "mã số thuế có chữ đi kèm", ("tax_code.tax_code", *more)
        odd = written("tax_code", lambda text: f"MST {text}", share)
        yield Fault(source, "odd-codes", words, "sach", "warn", rules, odd)


def of_addresses() -> Iterator[Fault]:
    """What goes wrong between an address and its province code."""
    for source, share in (("taxpayers", 0.3), ("sellers", 0.5)):
        words = "cột địa chỉ lệch với cột mã tỉnh"
        rolled = spoiling.rolled("address")
        yield Fault(source, "rolled-addresses", words, "dung", "warn", ("province_of_address",), rolled)
        words = "mã tỉnh không có trong danh mục"
        unknown = put({"province_code": "99"}, share)
        yield Fault(source, "unknown-province", words, "sach", "warn", ("province_known", "shape_kept"), unknown)
