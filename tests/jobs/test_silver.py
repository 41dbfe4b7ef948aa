"""Silver: what becomes of raw values, a table of cases a source."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.silver import normalise
from jobs.sources import SOURCES
from jobs.tables import SILVER
from matching.text import LONGEST
from tests.jobs.pictures import GOOD, picture

Case = tuple[dict[str, Any], dict[str, Any]]

# Raw values, changed from the good row of the source, and what silver makes of them.
CASES: dict[str, tuple[Case, ...]] = {
    "residents": (
        (
            {},
            {
                "id_kind": "personal_id",
                "person_id": "079190000011",
                "person_id_grade": "ok",
                "cmnd": "023456789",
                "passport": None,
                "name_clean": "Nguyễn Thị Thúy",
                "name_key": "nguyen thi thuy",
                "name_sorted": "nguyen thi thuy",
                "name_sg": "nguyen thuy",
                "name_like_person": True,
                "birth_date": dt.date(1990, 5, 20),
                "birth_year": 1990,
                "birth_precision": "day",
                "province34": "79",
            },
        ),
        # Malformed keys stay residents, under their own text.
        ({"personal_id": " 12345 "}, {"person_id": "12345", "person_id_grade": "invalid"}),
        ({"personal_id": "999190000011"}, {"person_id": "999190000011", "person_id_grade": "suspicious"}),
        ({"date_of_birth": "1985-00-00"}, {"birth_date": None, "birth_year": 1985, "birth_precision": "year"}),
        ({"date_of_birth": None}, {"birth_date": None, "birth_year": None, "birth_precision": None}),
        ({"full_name": "Nguye\u0302\u0303n  Thi\u0323 Thu\u0301y"}, {"name_clean": "Nguyễn Thị Thúy"}),
        ({"full_name": None}, {"name_clean": None, "name_key": None, "name_sg": None}),
        # 15 was Yên Bái and is Lào Cai; 10 was Lào Cai and is none of the 34.
        ({"province_code": "15", "province_code_version": "63"}, {"province34": "15"}),
        ({"province_code": "24", "province_code_version": "63"}, {"province34": "24"}),
        ({"province_code": "80", "province_code_version": "63"}, {"province34": "80"}),
        ({"province_code": "74", "province_code_version": "63"}, {"province34": "79"}),
        ({"permanent_address": None}, {"address_key": None, "house_key": None, "household_id": None}),
        ({"permanent_address": "TP Hồ Chí Minh"}, {"household_id": None}),
        # What the address says counts where the code says nothing, and is kept beside it.
        ({"permanent_address": "Số 1, phố Lê Lợi, Hà Tĩnh"}, {"province34": "79", "address_province": "42"}),
        (
            {"permanent_address": "Số 1, phố Lê Lợi, Hải Dương", "province_code": None},
            {"province34": "31", "address_province": "31"},
        ),
    ),
    "taxpayers": (
        (
            {},
            {
                "code": "0100233488",
                "code_grade": "ok",
                "is_ecommerce_code": False,
                "person_id": "079190000011",
                "name_clean": "Nguyễn Thị Thúy",
                "name_key": "nguyen thi thuy",
                "company_key": "nguyen thi thuy",
                "phone_norm": "0912345678",
                "phone_grade": "ok",
                "email_norm": "thuy@example.vn",
            },
        ),
        # Since 1 July 2025 a code of 12 digits is its holder's personal id, but what is on file wins.
        (
            {"tax_code": "079190000011", "id_number": None},
            {"code": "079190000011", "person_id": "079190000011", "person_id_grade": "ok"},
        ),
        ({"tax_code": "079190000012"}, {"code": "079190000012", "person_id": "079190000011"}),
        ({"tax_code": "079190000013", "id_number": "023456789"}, {"person_id": "079190000013", "cmnd": "023456789"}),
        ({"tax_code": "0100233488-888"}, {"code": "0100233488-888", "is_ecommerce_code": True}),
        ({"tax_code": "0100233489"}, {"code": "0100233489", "code_grade": "invalid", "person_id": "079190000011"}),
        ({"tax_code": "12345", "id_number": None}, {"code": None, "code_grade": "invalid", "person_id": None}),
        (
            {"tax_code": "0100233490", "taxpayer_type": "organisation", "taxpayer_name": "Công ty TNHH Sao Mai"},
            {"name_clean": "Công ty TNHH Sao Mai", "company_key": "sao mai", "name_like_person": False},
        ),
        # A business without a person's name in it keeps its own.
        (
            {"tax_code": "0100233491", "taxpayer_name": "Hộ kinh doanh Sao Mai 2"},
            {"name_clean": "Hộ kinh doanh Sao Mai 2", "company_key": "sao mai 2"},
        ),
        ({"tax_code": "0100233492", "phone": "0168 234 5678"}, {"phone_norm": "0382345678"}),
    ),
    "declarations": (
        ({}, {"code": "0100233488", "period_kind": "quarter", "year": 2026, "quarter": 3, "month": None}),
        ({"period": "2026-04"}, {"period_kind": "month", "year": 2026, "quarter": 2, "month": 4}),
        ({"period": "2025"}, {"period_kind": "year", "year": 2025, "quarter": None, "month": None}),
    ),
    "bank_accounts": (
        (
            {},
            {
                "account_norm": "0011223344556",
                "person_id": "079190000011",
                "holder_code": "079190000011",
                "name_key": "nguyen thi thuy",
                "phone_norm": "0912345678",
            },
        ),
        (
            {"account_number": "shop thuy-88", "holder_id_number": "0100233488", "holder_type": "organisation"},
            {"account_norm": "SHOPTHUY88", "id_kind": "tax_code", "person_id": None, "holder_code": "0100233488"},
        ),
        (
            {"account_number": "2", "holder_id_number": "023456789", "phone": None},
            {"id_kind": "cmnd", "cmnd": "023456789", "holder_code": None, "phone_norm": None},
        ),
        ({"account_number": "3", "holder_id_number": "C1234567"}, {"id_kind": "passport", "passport": "C1234567"}),
        (
            {"account_number": "4", "holder_id_number": None},
            {"id_kind": None, "person_id": None, "person_id_grade": None, "cmnd": None, "passport": None},
        ),
        (
            {"account_number": "5", "holder_id_number": "0791900001"},
            {"id_kind": "other", "person_id": None, "person_id_grade": "invalid"},
        ),
    ),
    "bank_inflows": (({"period": "2026-02"}, {"account_norm": "0011223344556", "year": 2026, "month": 2}),),
    "telecom_subscribers": (
        ({}, {"phone_norm": "0912345678", "phone_grade": "ok", "name_sg": "nguyen thuy", "birth_year": 1990}),
        ({"msisdn": "+84 168 234 5678"}, {"phone_norm": "0382345678", "phone_grade": "ok"}),
        ({"msisdn": "12"}, {"phone_norm": None, "phone_grade": "invalid"}),
    ),
    "sellers": (
        (
            {},
            {
                "person_id": "079190000011",
                "code": "0100233488",
                "name_key": "nguyen thi thuy",
                "shop_name_clean": "Thúy Boutique",
                "name_like_company": False,
                "account_norm": "0011223344556",
                "email_norm": "thuy@example.vn",
                "id_mask_prefix": None,
                "phone_mask_suffix": None,
            },
        ),
        (
            {"shop_id": "masked", "id_number": "0790******12", "phone": "09****1234", "email": "t***@example.vn"},
            {
                "id_kind": "masked",
                "person_id": None,
                "id_mask_prefix": "0790",
                "id_mask_suffix": "12",
                "phone_norm": None,
                "phone_mask_prefix": "09",
                "phone_mask_suffix": "1234",
                "email_norm": None,
            },
        ),
        # A hyphen lost, a leading zero lost.
        ({"shop_id": "h", "tax_code": "0100233488888"}, {"code": "0100233488-888", "code_grade": "ok"}),
        ({"shop_id": "z", "tax_code": "100233488"}, {"code": "0100233488", "code_grade": "ok"}),
        ({"shop_id": "m", "email": " Thuy@Example.VN "}, {"email_norm": "thuy@example.vn"}),
        (
            {"shop_id": "c", "seller_name": "CÔNG TY TNHH SAO MAI"},
            {"name_like_company": True, "name_like_person": False, "company_key": "sao mai"},
        ),
        ({"shop_id": "n", "seller_name": None}, {"name_clean": None, "name_key": None, "company_key": None}),
        ({"shop_id": "p", "id_number": "E12345678", "country": "CN"}, {"id_kind": "passport", "passport": "E12345678"}),
    ),
    "seller_sales": (({"period": "2026-12"}, {"year": 2026, "month": 12}),),
}


@pytest.mark.parametrize("source", SOURCES)
def test_raw_values_stay_and_normalised_ones_stand_beside_them(spark: SparkSession, source: str) -> None:
    cases = CASES[source]
    table = normalise(source, picture(spark, source, *(change for change, _ in cases)))

    assert [(field.name, field.dataType) for field in table.schema] == [
        (field.name, field.dataType) for field in SILVER[source].schema
    ]
    rows = sorted(table.collect(), key=lambda row: row["_row_number"])
    for row, (change, expected) in zip(rows, cases, strict=True):
        assert {name: row[name] for name in expected} == expected, change
        raw = {**GOOD[source], **change}
        assert {name: row[name] for name in raw} == raw


def test_a_household_shares_one_address_however_it_is_typed(spark: SparkSession) -> None:
    rows = (
        {"personal_id": "079190000011"},
        {"personal_id": "079190000012", "permanent_address": "Số 05 Lê Lợi, P. Bến Thành, Tp. Hồ Chí Minh"},
        {"personal_id": "079190000013", "permanent_address": "Số 6, đường Lê Lợi, phường Bến Thành, TP Hồ Chí Minh"},
    )
    found = {row["personal_id"]: row for row in normalise("residents", picture(spark, "residents", *rows)).collect()}

    first, retyped, neighbour = (found[row["personal_id"]]["household_id"] for row in rows)
    assert first is not None
    assert first == retyped
    assert first != neighbour


def test_a_country_is_its_code_however_it_is_written(spark: SparkSession) -> None:
    cases = {" vn ": "VN", "Việt Nam": "VN", "VNM": "VN", "": "VN", "cn": "CN", "USA": "USA"}
    # A shop is called after what it says.
    shops = ({"shop_id": f"<{said}>", "country": said} for said in cases)
    rows = normalise("sellers", picture(spark, "sellers", *shops)).collect()
    assert {row.shop_id: row.country for row in rows} == {f"<{said}>": country for said, country in cases.items()}


def test_no_text_is_looked_at_without_end_and_keys_stay_whole(spark: SparkSession) -> None:
    long = {"shop_id": "k" * 5_000, "shop_name": "Ầ" * 5_000, "address": " " * 300_000, "seller_name": "? " * 100_000}
    (row,) = normalise("sellers", picture(spark, "sellers", long)).collect()
    assert len(row.shop_id) == 5_000
    assert row.shop_name == "Ầ" * LONGEST
    assert row.house_key is None
