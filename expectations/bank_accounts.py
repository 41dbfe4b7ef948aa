"""Expectations on a picture of bank accounts."""

from __future__ import annotations

from great_expectations.expectations.expectation import Expectation

from expectations.derived import KEY
from expectations.kinds import fresh, holds, in_set, not_empty, present, unique, usual, well_formed


def expectations() -> list[Expectation]:
    """The suite; only an empty picture is critical, the rest colours the score."""
    return [
        not_empty(),
        unique(KEY, "ngân hàng và số tài khoản"),
        well_formed("bank_code", "mã ngân hàng", "bank_code"),
        well_formed("account_number", "số tài khoản", "account_number"),
        present("holder_name", "tên chủ tài khoản"),
        present("holder_id_number", "số giấy tờ của chủ tài khoản", mostly=0.9),
        well_formed("holder_id_number", "số giấy tờ của chủ tài khoản", "identity_number"),
        holds("_resident_exists", "số định danh phải có trong CSDLQG về dân cư"),
        present("holder_type", "loại chủ tài khoản"),
        in_set("holder_type", "loại chủ tài khoản", ("individual", "organisation")),
        well_formed("phone", "điện thoại", "phone", mostly=0.8),
        present("opened_on", "ngày mở", mostly=0.9),
        present("status", "trạng thái tài khoản"),
        in_set("status", "trạng thái tài khoản", ("active", "dormant", "closed")),
        well_formed("holder_name", "tên chủ tài khoản", "real_name", mostly=0.98),
        well_formed("holder_id_number", "số giấy tờ của chủ tài khoản", "real_number", mostly=0.98),
        well_formed("phone", "điện thoại", "real_number", mostly=0.98),
        holds("_holder_agrees", "tên chủ tài khoản phải là tên người có số định danh", mostly=0.8),
        holds("_holder_alive", "tài khoản đang hoạt động phải của người còn sống", dimension="song", mostly=0.9),
        holds("_document_current", "giấy tờ phải còn giá trị (CCCD, không phải CMND)", dimension="song", mostly=0.5),
        *usual(),
        *fresh(newest_days=7, oldest_days=3653),
    ]
