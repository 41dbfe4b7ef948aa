"""Expectations on a picture of the national population database."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.kinds import fresh, holds, in_set, not_empty, present, unique, usual, well_formed


def expectations() -> list[Expectation]:
    """The suite; its key must be complete as an identity key (CV 4856/BCA-TTDLQG); the rest colours the score."""
    return [
        not_empty(),
        present("personal_id", "số định danh", critical=True),
        unique("personal_id", "số định danh", critical=True),
        well_formed("personal_id", "số định danh", "personal_id", mostly=0.999),
        well_formed("personal_id", "số định danh", "personal_id_province", dimension="dung"),
        well_formed("old_id_number", "số CMND cũ", "cmnd"),
        present("full_name", "họ và tên"),
        present("date_of_birth", "ngày sinh"),
        well_formed("date_of_birth", "ngày sinh", "birth_date"),
        present("gender", "giới tính"),
        in_set("gender", "giới tính", ("M", "F")),
        present("permanent_address", "nơi thường trú"),
        present("province_code", "mã tỉnh"),
        in_set("province_code_version", "phiên bản mã tỉnh", ("63", "34")),
        holds("_province_known", "mã tỉnh phải có trong danh mục", dimension="sach"),
        holds("_id_agrees", "năm sinh và giới tính phải khớp số định danh"),
        present("status", "tình trạng"),
        in_set("status", "tình trạng", ("alive", "deceased", "missing", "emigrated")),
        well_formed("full_name", "họ và tên", "real_name", mostly=0.98),
        well_formed("personal_id", "số định danh", "real_number", mostly=0.98),
        well_formed("date_of_birth", "ngày sinh", "real_date", mostly=0.98),
        holds("_province_of_address", "mã tỉnh phải là tỉnh ghi trong địa chỉ", mostly=0.9),
        holds("_not_doubled", "một người không được có hai bản ghi", dimension="sach", mostly=0.98),
        *usual(),
        *fresh(newest_days=7, oldest_days=3653),
    ]
