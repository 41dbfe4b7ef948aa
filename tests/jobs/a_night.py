"""A small warehouse of literal rows: two nights, as a run would leave them. All names and numbers are invented."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from jobs import tables
from jobs.storage import Lake
from jobs.tables import Table

FIRST, SECOND = dt.date(2026, 11, 14), dt.date(2026, 11, 15)
MILLION, BILLION = 1_000_000, 1_000_000_000

# Every identifier in here; none may reach a reader whole.
SECRETS = ("079188001234", "079190005678", "0312345678", "001085009999", "0908777666")

EVIDENCE = {
    "Doanh thu": {"Tổng trên mọi sàn (đồng)": 1_800 * MILLION, "Ngưỡng (đồng)": BILLION, "Ghi chú": None},
    "Gian hàng": [
        {
            **{"Sàn": "san_a", "Mã": "S0001", "Quyết định": "link"},
            "Vì sao": {
                "probability": 0.998,
                "fields": [
                    {
                        **{"field": "Tỉnh, thành", "level": "agree", "text": "trùng", "weight": 2.1},
                        **{"record": "25", "subject": "25"},
                    },
                    {
                        **{"field": "Họ tên", "level": "reordered", "text": "trùng, đảo thứ tự", "weight": 4.2},
                        **{"record": "Mẫu Trần", "subject": "Trần Mẫu"},
                    },
                    {"field": "Tình trạng", "level": "alive", "text": "còn sống", "weight": 0},
                    {
                        **{"field": "Số giấy tờ", "level": "self", "text": "Số giấy tờ: của chính người này"},
                        **{"weight": 19.04, "record": "****1234", "subject": "****1234"},
                    },
                ],
            },
        }
    ],
    "Nguồn": {"sellers": "good", "residents": "degraded"},
}


def shop(number: int, revenue: int, name: str = "Tiệm Nhà Mây", **values: object) -> dict[str, Any]:
    found: dict[str, Any] = {"match_type": "id", "match_probability": 0.998}
    return {
        "platform": "san_a",
        "shop_id": f"S{number:04d}",
        "shop_name": name,
        "revenue_vnd": revenue,
        **found,
        **values,
    }


def case(case_id: str, **values: object) -> dict[str, Any]:
    defaults = {
        "tax_year": 2026,
        "business_date": SECOND,
        "first_flagged_on": FIRST,
        "status": "open",
        "reason": "UNREGISTERED",
        "detail": "no_tax_code",
        "party_type": "individual",
        "personal_id": "079188001234",
        "tax_code": None,
        "party_name": "Trần Thị Mẫu",
        "province_code": "79",
        "shops": [shop(1, 1_500 * MILLION), shop(2, 300 * MILLION, "Mây Store gọi 0908.777.666")],
        "revenue_vnd": 1_800 * MILLION,
        "threshold_vnd": BILLION,
        "legal_basis": "NĐ 141/2026/NĐ-CP Điều 1, 3",
        "estimated_tax_vnd": 27 * MILLION,
        "withheld_vnd": 2 * MILLION,
        "match_probability": 0.991,
        "priority": 0.33,
        "evidence": json.dumps(EVIDENCE, ensure_ascii=False),
        "quality": "good",
    }
    row = {"case_id": case_id, **defaults, **values}
    return {**row, "reasons_all": row.get("reasons_all", [row["reason"]])}


OPEN = (
    case("a1", first_flagged_on=SECOND, reasons_all=["UNREGISTERED", "SPLIT_SHOPS"]),
    case("a2", reason="BORROWED_IDENTITY", detail="account_other", priority=0.21),
    case(
        "b1",
        reason="UNDER_DECLARED",
        detail="no_declaration",
        party_type="organisation",
        personal_id=None,
        tax_code="0312345678",
        party_name="Công ty TNHH Mẫu <b>& Bạn</b>",
        province_code="01",
        shops=[shop(3, 9 * BILLION, '=HYPERLINK("http://x","y")\x07')],
        revenue_vnd=9 * BILLION,
        estimated_tax_vnd=None,
        priority=0.87,
    ),
    case(
        "c1",
        reason="UNRESOLVED_HIGH_REVENUE",
        detail="none",
        party_type="unresolved",
        personal_id=None,
        party_name=None,
        province_code=None,
        shops=[shop(4, 2 * BILLION, match_type="none", match_probability=None)],
        revenue_vnd=2 * BILLION,
        match_probability=None,
        priority=0.5,
        evidence="Số 001085009999 không có trong dân cư",
    ),
)
CLOSED = (
    case("d1", status="resolved", personal_id="079190005678", party_name="Lê Văn Thử"),
    case("d2", status="dismissed", personal_id="079190005678", reason="INVALID_IDENTITY", party_name="Lê Văn Thử"),
)
BEFORE = (
    case("a2", reason="BORROWED_IDENTITY", status="resolved"),
    case("b1", reason="UNDER_DECLARED"),
    case("c1", reason="UNRESOLVED_HIGH_REVENUE"),
    case("d1"),
    case("d2", reason="INVALID_IDENTITY", status="dismissed"),
)


def party(key: str, status: str, kind: str, shops: int, revenue: int, **values: object) -> dict[str, Any]:
    money = {"withheld_vnd": 0, "declared_revenue_vnd": 0}
    who = {"personal_id": None, "tax_code": None, "party_type": kind, "tax_year": 2026, "tax_status": status}
    return {"party_key": key, **who, "shop_count": shops, "revenue_vnd": revenue, **money, **values}


PARTIES = (
    party("p1", "unregistered", "individual", 2, 1_800 * MILLION, personal_id="079188001234"),
    party("p2", "registered_active", "organisation", 1, 9 * BILLION, tax_code="0312345678"),
    party("p3", "below_threshold", "individual", 1, 40 * MILLION, personal_id="079190005678"),
    party("p4", "unresolved", "unresolved", 1, 2 * BILLION),
    party("p5", "foreign", "foreign", 1, 160 * MILLION),
    party("p1", "unregistered", "individual", 2, 700 * MILLION, tax_year=2025),
)


def link(number: int, decision: str, match_type: str, probability: float | None, **values: object) -> dict[str, Any]:
    who = {"platform": "san_a", "shop_id": f"S{number:04d}", "personal_id": None, "tax_code": None}
    how = {"match_type": match_type, "match_probability": probability, "decision": decision, "evidence": "{}"}
    return {**who, **how, "business_date": SECOND, "first_linked_on": FIRST if decision == "link" else None, **values}


LINKS = (
    link(1, "link", "id", 0.999, personal_id="079188001234"),
    link(2, "link", "phone", 0.97, personal_id="079188001234"),
    link(3, "link", "tax_code", 0.999, tax_code="0312345678"),
    link(
        *(4, "review", "bank", 0.4),
        personal_id="079190005678",
        evidence=json.dumps({"probability": 0.4, "held": ["người này đã mất"], "fields": []}),
    ),
    link(5, "link", "fuzzy", 0.96, personal_id="079190005678"),
    link(6, "none", "none", None),
)


# Since the night somebody has ruled the candidate of a shop out; what is said of another person is not of it.
LINK_DECISIONS = tuple(
    {
        **{"platform": "san_a", "shop_id": "S0004", "personal_id": person, "decision": "rejected"},
        **{"decided_by": "Nguyễn Thử", "reason": "đã gặp", "decided_at": dt.datetime(2026, 11, 16, tzinfo=dt.UTC)},
    }
    for person in ("079190005678", "079188001234")
)

# What is known of the shop in review and of whoever it may be.
SELLER = {
    **{"platform": "san_a", "shop_id": "S0004", "shop_name": "Mây gọi 0908.777.666", "seller_name": "Lê Thử"},
    "province34": "79",
}
SALES = tuple(
    {"platform": "san_a", "shop_id": "S0004", "period": f"{year}-{month:02}", "year": year, "month": month, **vnd}
    for year, month, vnd in (
        (2026, 1, {"category": "goods", "gross_revenue_vnd": 2 * BILLION}),
        (2026, 11, {"category": "goods", "gross_revenue_vnd": -MILLION}),
        # Of a period that has not begun, and of another year.
        (2026, 12, {"category": "goods", "gross_revenue_vnd": BILLION}),
        (2025, 1, {"category": "goods", "gross_revenue_vnd": BILLION}),
    )
)
RESIDENT = {"personal_id": "079190005678", "full_name": "Lê Văn Thử"}


def score(
    date: dt.date, source: str, dimension: str, value: float, gate: str = "pass", top: str = ""
) -> dict[str, Any]:
    counts = {"rows": 1_000, "failed_rows": round(1_000 * (1 - value))}
    return {
        "business_date": date,
        "source": source,
        "dimension": dimension,
        "score": value,
        **counts,
        "gate": gate,
        "top_failures": top,
    }


SCORES = (
    *(score(FIRST, "sellers", dimension, 0.93) for dimension in ("dung", "du", "sach", "song")),
    score(SECOND, "sellers", "dung", 0.999),
    score(SECOND, "sellers", "du", 0.81, "warn", "thiếu số giấy tờ: 190 dòng; thiếu ngày sinh: 20 dòng"),
    score(SECOND, "sellers", "sach", 0.9),
    score(SECOND, "sellers", "song", 0.7, "fail", "cập nhật quá 30 ngày: 300 dòng"),
)

BLOCKING = (
    {"model": "sellers", "rule": "id", "pairs": 4, "keys_cut": 0, "rows_cut": 0, "cap": 50},
    {"model": "sellers", "rule": "phone", "pairs": 120, "keys_cut": 2, "rows_cut": 340, "cap": 50},
)
QUARANTINED = (
    {
        "business_date": SECOND,
        "source": "sellers",
        "file": "sellers.csv",
        "row_number": 17,
        "record_key": None,
        "reasons": ["null_key:shop_id"],
        "raw": "079188001234,…",
    },
)


def correction(source: str, key: str, problem: str, **values: object) -> dict[str, Any]:
    found = {"field": "id_number", "value_masked": "****1234", "suggestion_masked": None, "confidence": 1.0}
    origin = {"delivery_date": SECOND, "file": f"{source}.csv", "row_number": 17, "province_code": "79"}
    dates = {"business_date": SECOND, "first_seen_on": FIRST, "status": "open"}
    return {"source": source, "record_key": key, "problem": problem, **found, **origin, **dates, **values}


CORRECTIONS = (
    correction("telecom_subscribers", "0908777666|2024-03-01", "stale", suggestion_masked="****5678", confidence=0.97),
    correction("telecom_subscribers", "0908777667|2024-03-01", "not_found"),
    correction("telecom_subscribers", "0908777668|2024-03-01", "not_found", status="mended"),
    correction("taxpayers", "079188001234", "deceased", field="status", value_masked="00", province_code=None),
    correction("sellers", "san_a|=HYPERLINK(1)", "mistyped", value_masked="<b>****</b>"),
    correction("bank_accounts", "970436|123456", "other_person", confidence=0.6),
)


def finding(
    number: int, description: str, column: str | None, failed: int, *, success: bool, **values: object
) -> dict[str, Any]:
    kwargs = {"batch_id": "pictures-sellers", "column": column, "mostly": 0.98}
    config = {"type": "expect_present", "kwargs": kwargs, "description": description, "severity": "warning"}
    meta = {"rule": f"{column}.present", "dimension": "du", "scope": "rows"}
    counts = {"element_count": 1_000, "unexpected_count": failed, "unexpected_percent": failed / 10}
    outcome = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
    result = {"success": success, "expectation_config": {**config, "meta": meta}}
    told = {**result, "result": counts, "meta": {}, "exception_info": outcome}
    found = {"rule": meta["rule"], "description": description, "dimension": "du", "critical": False, "success": success}
    where = {"business_date": SECOND, "source": "sellers", "number": number}
    return {**where, **found, "judged": 1_000, "failed": failed, "result": json.dumps(told), **values}


FINDINGS = (
    finding(1, "Tên người bán phải có", "seller_name", 0, success=True),
    finding(2, "Số giấy tờ <b>phải có</b>", "id_number", 195, success=False),
    finding(
        1, "Mỗi gian hàng phải thuộc đúng một người bán", "_shops_counted", 0, success=True, source="seller_parties"
    ),
    finding(1, "Của đêm trước", "seller_name", 7, success=False, business_date=FIRST),
)


def outcome(source: str, kind: str = "taken", **values: object) -> dict[str, Any]:
    found = {"delivery_date": SECOND, "mode": "full", "outcome": kind, "reason": None, "rows": 1_000, "quarantined": 0}
    return {"source": source, **found, "picture_as_of": SECOND, **values}


def profile(column: str, measure: str, distance: float | None, **values: object) -> dict[str, Any]:
    where = {"business_date": SECOND, "source": "sellers", "column": column, "measure": measure}
    return {**where, "rows": 1_000, "figures": [("09", 0.5)], "distance": distance, "limit": 0.13, **values}


PROFILES = (
    profile("phone", "lengths", 0.42),
    profile("phone", "nulls", 0.02),
    profile("status", "values", 0.9, business_date=FIRST),
)


OUTCOMES = (
    outcome("residents", reason="gate warns: Ngày sinh phải có: 300/1.000 dòng không đạt"),
    outcome("sellers", quarantined=1),
    outcome("bank_accounts", "held", reason="fewer than half of the keys of the last picture", picture_as_of=FIRST),
    outcome(
        "telecom_subscribers", "absent", delivery_date=None, mode=None, rows=None, quarantined=None, picture_as_of=None
    ),
)


def run(
    date: dt.date, versions: dict[str, int], status: str = "succeeded", sources: tuple[Any, ...] = ()
) -> dict[str, Any]:
    started = dt.datetime(date.year, date.month, date.day, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    stages = [
        {"name": "match", "seconds": 61.5, "rows_in": 6, "rows_out": 6},
        {"name": "gold", "seconds": 8.25, "rows_in": 6, "rows_out": 4},
    ]
    known = {"code": "0.1.0", "configuration": "c0ffee", "rules": "r1", "tables": versions}
    return {
        "run_id": f"run-{date}",
        "business_date": date,
        "status": status,
        "started_at": started,
        "ended_at": started + dt.timedelta(seconds=95),
        "stages": stages,
        "sources": list(sources),
        "versions": known,
        "error": None,
    }


def fill(lake: Lake, table: Table, rows: tuple[dict[str, Any], ...]) -> dict[str, int]:
    """Replace a table by literal rows, what a row does not name being null; without Spark, which is far faster.

    Returns the table's path and version.
    """
    schema = to_arrow_schema(table.schema)
    content = pa.Table.from_pylist([{name: row.get(name) for name in table.columns} for row in rows], schema)
    write_deltalake(lake.location(table), content, mode="overwrite", partition_by=list(table.partition_by))
    return {table.path: DeltaTable(lake.location(table)).version()}


def write(spark: SparkSession, root: str) -> tuple[Lake, dict[str, Any]]:
    """Write both nights; the lake pinned to the second, and its run."""
    lake = Lake(spark, root)
    first = run(FIRST, fill(lake, tables.FLAGGED_SELLERS, BEFORE))
    versions = {
        **fill(lake, tables.FLAGGED_SELLERS, (*OPEN, *CLOSED)),
        **fill(lake, tables.SELLER_PARTIES, PARTIES),
        **fill(lake, tables.SELLER_LINKS, LINKS),
        **fill(lake, tables.LINK_DECISIONS, LINK_DECISIONS),
        **fill(lake, tables.SELLERS, (SELLER,)),
        **fill(lake, tables.SELLER_SALES, SALES),
        **fill(lake, tables.RESIDENTS, (RESIDENT,)),
        **fill(lake, tables.QUALITY_SCORECARD, SCORES),
        **fill(lake, tables.QUALITY_FINDINGS, FINDINGS),
        **fill(lake, tables.QUALITY_PROFILES, PROFILES),
        **fill(lake, tables.BLOCKING, BLOCKING),
        **fill(lake, tables.CORRECTIONS, CORRECTIONS),
        **fill(lake, tables.QUARANTINE, QUARANTINED),
    }
    second = run(SECOND, versions, "degraded", OUTCOMES)
    fill(lake, tables.RUNS, (first, second))
    return Lake(spark, root, versions), second
