"""Expectations on a picture of telecom subscribers."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import fresh, holds, in_set, not_empty, present, unique, usual, well_formed


def expectations() -> list[Expectation]:
    """The suite; only an empty picture is critical, the rest colours the score."""
    return [
        not_empty(),
        unique(KEY, "số thuê bao và ngày kích hoạt"),
        well_formed("msisdn", "số thuê bao", "phone"),
        present("subscriber_name", "tên thuê bao"),
        present("id_number", "số giấy tờ", mostly=0.9),
        well_formed("id_number", "số giấy tờ", "identity_number"),
        holds("_resident_exists", "số định danh phải có trong CSDLQG về dân cư"),
        present("date_of_birth", "ngày sinh", mostly=0.9),
        well_formed("date_of_birth", "ngày sinh", "birth_date"),
        present("status", "trạng thái thuê bao"),
        in_set("status", "trạng thái thuê bao", ("active", "closed")),
        well_formed("subscriber_name", "tên thuê bao", "real_name", mostly=0.98),
        well_formed("id_number", "số giấy tờ", "real_number", mostly=0.98),
        well_formed("date_of_birth", "ngày sinh", "real_date", mostly=0.98),
        holds("_three_fields", "số định danh, họ tên và ngày sinh phải khớp dân cư", mostly=0.8),
        holds("_holder_alive", "thuê bao đang hoạt động phải của người còn sống", dimension="song", mostly=0.9),
        holds("_document_current", "giấy tờ phải còn giá trị (CCCD, không phải CMND)", dimension="song", mostly=0.5),
        holds("_number_current", "số đã cấp lại thì thuê bao cũ phải đóng", dimension="song", mostly=0.95),
        *usual(),
        *fresh(newest_days=7, oldest_days=3653),
    ]
