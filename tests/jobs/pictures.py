"""Literal pictures for the tests of gate and silver: one flawless row a source, changed as needed. All is invented."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.sources import SOURCES

NIGHT = dt.date(2026, 11, 15)
UPDATED = dt.datetime(2026, 11, 14, 8, tzinfo=dt.timezone(dt.timedelta(hours=7)))
_OPENED = dt.date(2024, 3, 1)
_PLACE = {"address": "Số 5, đường Lê Lợi, phường Bến Thành, TP Hồ Chí Minh", "province_code": "79"}

# Personal id 079190000011: registered in 079, a woman of the 20th century, born in 1990.
GOOD: dict[str, dict[str, Any]] = {
    "residents": {
        "personal_id": "079190000011",
        "old_id_number": "023456789",
        "full_name": "Nguyễn Thị Thúy",
        "date_of_birth": "1990-05-20",
        "gender": "F",
        "permanent_address": _PLACE["address"],
        "province_code": "79",
        "province_code_version": "34",
        "status": "alive",
    },
    "taxpayers": {
        "tax_code": "0100233488",
        "taxpayer_name": "Hộ kinh doanh Nguyễn Thị Thúy",
        "taxpayer_type": "household_business",
        "id_number": "079190000011",
        "date_of_birth": "1990-05-20",
        **_PLACE,
        "province_code_version": "34",
        "phone": "0912345678",
        "email": "thuy@example.vn",
        "business_lines": "4711",
        "status": "00",
        "registered_on": _OPENED,
    },
    "declarations": {
        "tax_code": "0100233488",
        "period": "2026-Q3",
        "declared_revenue_vnd": 90_000_000,
        "tax_paid_vnd": 1_350_000,
        "filed_on": dt.date(2026, 10, 20),
    },
    "bank_accounts": {
        "bank_code": "970436",
        "account_number": "0011223344556",
        "holder_name": "NGUYEN THI THUY",
        "holder_id_number": "079190000011",
        "holder_type": "individual",
        "phone": "0912345678",
        "opened_on": _OPENED,
        "status": "active",
    },
    "bank_inflows": {
        "bank_code": "970436",
        "account_number": "0011223344556",
        "period": "2026-10",
        "inflow_vnd": 30_000_000,
        "inflow_count": 12,
        "ecommerce_inflow_vnd": 25_000_000,
    },
    "telecom_subscribers": {
        "msisdn": "0912345678",
        "subscriber_name": "Nguyễn Thị Thúy",
        "id_number": "079190000011",
        "date_of_birth": "1990-05-20",
        "activated_on": _OPENED,
        "status": "active",
    },
    "sellers": {
        "platform": "san-a",
        "shop_id": "s1",
        "shop_name": "Thúy Boutique",
        "seller_name": "Nguyen Thi Thuy",
        "seller_type": "individual",
        "country": "VN",
        "id_number": "079190000011",
        "tax_code": "0100233488",
        "date_of_birth": "1990-05-20",
        "phone": "0912345678",
        "email": "thuy@example.vn",
        **_PLACE,
        "province_code_version": "34",
        "payout_bank_code": "970436",
        "payout_account_number": "0011223344556",
        "registered_on": _OPENED,
        "status": "active",
    },
    "seller_sales": {
        "platform": "san-a",
        "shop_id": "s1",
        "period": "2026-10",
        "category": "goods",
        "gross_revenue_vnd": 28_000_000,
        "order_count": 140,
        "withheld_vat_vnd": 280_000,
        "withheld_pit_vnd": 140_000,
    },
}


def picture(spark: SparkSession, source: str, *changes: dict[str, Any]) -> DataFrame:
    """The picture of a source: a good row for each change, with that change made."""
    schema = SOURCES[source].picture_schema
    good = {"updated_at": UPDATED, "_delivery_date": NIGHT, "_file": "part-0.parquet", **GOOD[source]}
    rows = [{**good, "_row_number": number, **change} for number, change in enumerate(changes, start=1)]
    unknown = {name for row in rows for name in row} - set(schema.names)
    assert not unknown, unknown
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)
