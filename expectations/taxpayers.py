"""Expectations on a picture of the tax registry."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.kinds import fresh, holds, in_set, not_empty, present, unique, usual, well_formed

TYPES = ("individual", "household_business", "organisation", "foreign_supplier")

# TT 90/2026/TT-BTC, annex I.
STATUSES = tuple(f"{code:02d}" for code in range(11))


def expectations() -> list[Expectation]:
    """The suite; its key must be complete as an identity key (CV 4856/BCA-TTDLQG); the rest colours the score."""
    return [
        not_empty(),
        present("tax_code", "mã số thuế", critical=True),
        unique("tax_code", "mã số thuế", critical=True),
        well_formed("tax_code", "mã số thuế", "tax_code", mostly=0.999),
        well_formed("tax_code", "mã số thuế", "tax_code_check_digit", dimension="dung"),
        present("taxpayer_name", "tên người nộp thuế"),
        present("taxpayer_type", "loại người nộp thuế"),
        in_set("taxpayer_type", "loại người nộp thuế", TYPES),
        present("id_number", "số giấy tờ", mostly=0.8),
        well_formed("id_number", "số giấy tờ", "identity_number"),
        holds("_resident_exists", "số định danh phải có trong CSDLQG về dân cư"),
        well_formed("date_of_birth", "ngày sinh", "birth_date"),
        holds("_province_known", "mã tỉnh phải có trong danh mục", dimension="sach"),
        well_formed("phone", "điện thoại", "phone", mostly=0.8),
        present("status", "trạng thái mã số thuế"),
        in_set("status", "trạng thái mã số thuế", STATUSES),
        holds("_closed_after_registered", "ngày đóng không được trước ngày đăng ký"),
        well_formed("taxpayer_name", "tên người nộp thuế", "real_name", mostly=0.98),
        well_formed("id_number", "số giấy tờ", "real_number", mostly=0.98),
        well_formed("phone", "điện thoại", "real_number", mostly=0.98),
        well_formed("date_of_birth", "ngày sinh", "real_date", mostly=0.98),
        holds("_three_fields", "số định danh, họ tên và ngày sinh phải khớp dân cư", mostly=0.8),
        holds("_holder_alive", "mã số thuế đang hoạt động phải của người còn sống", dimension="song", mostly=0.9),
        holds("_document_current", "giấy tờ phải còn giá trị (CCCD, không phải CMND)", dimension="song", mostly=0.5),
        holds("_province_of_address", "mã tỉnh phải là tỉnh ghi trong địa chỉ", mostly=0.9),
        holds("_not_doubled", "một người nộp thuế không được có hai bản ghi", dimension="sach", mostly=0.98),
        *usual(),
        *fresh(newest_days=7, oldest_days=3653),
    ]
