"""Expectations on a picture of shops on e-commerce platforms."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import fresh, holds, in_set, not_empty, present, unique, usual, well_formed


def expectations() -> list[Expectation]:
    """The suite; only an empty picture is critical, the rest colours the score."""
    return [
        not_empty(),
        unique(KEY, "sàn và mã gian hàng"),
        present("shop_name", "tên gian hàng"),
        present("seller_name", "tên người bán", mostly=0.8),
        in_set("seller_type", "loại người bán", ("individual", "household_business", "organisation")),
        well_formed("country", "nước", "country"),
        present("id_number", "số giấy tờ", mostly=0.5),
        well_formed("id_number", "số giấy tờ", "identity_number_or_masked"),
        holds("_resident_exists", "số định danh phải có trong CSDLQG về dân cư", mostly=0.85),
        well_formed("tax_code", "mã số thuế", "tax_code"),
        well_formed("tax_code", "mã số thuế", "tax_code_check_digit", dimension="dung"),
        holds("_taxpayer_exists", "mã số thuế phải có trong sổ đăng ký thuế", mostly=0.85),
        well_formed("date_of_birth", "ngày sinh", "birth_date"),
        well_formed("phone", "điện thoại", "phone_or_masked", mostly=0.8),
        holds("_province_known", "mã tỉnh phải có trong danh mục", dimension="sach"),
        present("registered_on", "ngày đăng ký bán hàng"),
        present("status", "trạng thái gian hàng"),
        in_set("status", "trạng thái gian hàng", ("active", "suspended", "closed")),
        well_formed("seller_name", "tên người bán", "real_name", mostly=0.98),
        well_formed("id_number", "số giấy tờ", "real_number", mostly=0.98),
        well_formed("phone", "điện thoại", "real_number", mostly=0.98),
        well_formed("date_of_birth", "ngày sinh", "real_date", mostly=0.98),
        holds("_three_fields", "số định danh, họ tên và ngày sinh phải khớp dân cư", mostly=0.6),
        holds("_account_exists", "tài khoản nhận tiền phải có trong danh sách tài khoản", mostly=0.7),
        holds("_holder_alive", "gian hàng đang bán phải của người còn sống", dimension="song", mostly=0.9),
        holds("_province_of_address", "mã tỉnh phải là tỉnh ghi trong địa chỉ", mostly=0.9),
        holds("_not_doubled", "một gian hàng không được có hai bản ghi", dimension="sach", mostly=0.98),
        *usual(),
        *fresh(newest_days=7, oldest_days=1096),
    ]
