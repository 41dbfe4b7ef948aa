"""Where a case comes from: every row of the sources that made it, every rule and version, of any night that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs import tables
from jobs.errors import UserError
from jobs.ledger import readable
from jobs.masking import free_name, last_four, tax_code
from jobs.parties import declaring_codes, with_branches
from jobs.report import numbers
from jobs.report.evidence import sentences
from jobs.report.printable import one_line
from jobs.report.words import (
    CASE_STATUSES,
    EVIDENCE_QUALITY,
    LINK_DECISIONS,
    PARTY_TYPES,
    REASONS,
    SOURCES,
    STATUSES,
    province,
    say,
)
from jobs.storage import Lake

# Rows of one source that are listed; a shop may have thousands of sales rows.
_MOST_ROWS = 200
_ORIGIN = ("_delivery_date", "_file", "_row_number")
# Tables whose versions shaped a case.
_SHAPING = ("silver/", "match/", "gold/flagged_sellers", "gold/seller_parties")


def explain(night: Lake, run: Mapping[str, Any], case_id: str) -> str:
    """A case of a night in lines of text, identifiers masked.

    Args:
        night: the warehouse as that night left it.
        run: the night's row of `ops/runs`.
        case_id: the case.

    Raises:
        UserError: the night has no such case, or its tables are no longer kept.
    """
    with readable(f"the night {run['business_date']}"):
        case = night.read(tables.FLAGGED_SELLERS).where(F.col("case_id") == case_id).withColumns(_masked()).first()
        if case is None:
            raise UserError(f"no case {case_id} in the state of the night {run['business_date']}")
        decided = [*_decisions(night, case_id), *_link_decisions(night, case)]
        told = [*_case(case, run), *decided, *_rows(night, case), *_versions(night, run)]
        return "\n".join(map(one_line, told))


def _masked() -> dict[str, Column]:
    return {
        "shown_name": free_name(F.col("party_name")),
        "shown_id": last_four(F.col("personal_id")),
        "shown_code": tax_code(F.col("tax_code")),
    }


def _case(case: Row, run: Mapping[str, Any]) -> Iterator[str]:
    ended = say(STATUSES, run["status"]).lower()
    yield f"hồ sơ {case.case_id}, đêm {run['business_date']} (lượt {run['run_id']}, {ended})"
    yield f"  lý do: {say(REASONS, case.reason)} ({case.reason}{', ' + case.detail if case.detail else ''})"
    status = say(CASE_STATUSES, case.status)
    yield f"  trạng thái: {status}; gắn cờ từ {case.first_flagged_on}; xét đêm {case.business_date}"
    if case.status == "resolved":
        yield "  lưu ý: hồ sơ đã hết lý do; số liệu là của đêm cuối còn lý do, dòng dữ liệu và phiên bản là của đêm này"
    elif case.business_date != run["business_date"]:
        yield f"  lưu ý: dòng dữ liệu và phiên bản là của đêm này; của đêm đã xét: --as-of {case.business_date}"
    who = [
        case.shown_name,
        case.shown_id,
        case.shown_code,
        province(case.province_code) if case.province_code else None,
    ]
    kind = say(PARTY_TYPES, case.party_type)
    yield f"  bên bán: {', '.join(each for each in who if each) or 'chưa xác định'} ({kind})"
    bound = "mọi doanh thu" if case.threshold_vnd is None else f"ngưỡng {numbers.count(case.threshold_vnd)} đ"
    yield f"  doanh thu năm {case.tax_year}: {numbers.count(case.revenue_vnd)} đ, {bound}"
    yield f"  căn cứ: {case.legal_basis or 'không có ngưỡng luật định'}"
    sure = "không có" if case.match_probability is None else numbers.probability(case.match_probability, 3)
    yield f"  xác suất: {sure}; chất lượng nguồn: {say(EVIDENCE_QUALITY, case.quality)}"
    yield "bằng chứng:"
    yield from (f"  - {sentence}" for sentence in sentences(case.evidence))


def _link_decisions(night: Lake, case: Row) -> Iterator[str]:
    """What people have decided of who trades in its shops, each with the candidate that it was about, masked."""
    made = night.read(tables.LINK_DECISIONS).join(_own_shops(night, case), ["platform", "shop_id"], "left_semi")
    told = made.orderBy("decided_at").select(
        *("platform", "shop_id", "decision", "decided_by"),
        F.coalesce(last_four(F.col("personal_id")), tax_code(F.col("tax_code"))).alias("candidate"),
        free_name(F.col("reason")).alias("reason"),
        _decided_at(),
    )
    for row in told.collect():
        what = " ".join(filter(None, (row.candidate, say(LINK_DECISIONS, row.decision))))
        yield f"quyết định {row.at} về gian hàng {row.platform} {row.shop_id}: {what}; {row.decided_by}: {row.reason}"


def _decided_at() -> Column:
    return F.date_format("decided_at", "HH:mm dd/MM/yyyy").alias("at")


def _own_shops(night: Lake, case: Row) -> DataFrame:
    keys = [(shop.platform, shop.shop_id) for shop in case.shops or []]
    return night.spark.createDataFrame(keys, "platform string, shop_id string")


def _decisions(night: Lake, case_id: str) -> Iterator[str]:
    made = night.read(tables.DECISIONS).where(F.col("case_id") == case_id).orderBy("decided_at")
    told = made.select("decision", "decided_by", free_name(F.col("reason")).alias("reason"), _decided_at())
    for row in told.collect():
        by = f"{row.decided_by}: {row.reason}" if row.decided_by else "ghi thẳng vào bảng hồ sơ"
        yield f"quyết định {row.at}: {say(CASE_STATUSES, row.decision)}; {by}"


def _rows(night: Lake, case: Row) -> Iterator[str]:
    yield "dòng dữ liệu (nguồn, khoá, ngày giao, tệp, dòng):"
    for source, rows, key in _inputs(night, case):
        found = rows.select(key.alias("key"), *_ORIGIN).orderBy(*_ORIGIN, "key").limit(_MOST_ROWS + 1).collect()
        for row in found[:_MOST_ROWS]:
            yield f"  {say(SOURCES, source)}: {row.key}, {row._delivery_date}, {row._file}, dòng {row._row_number}"
        if len(found) > _MOST_ROWS:
            yield f"  {say(SOURCES, source)}: … còn nữa, chỉ {_MOST_ROWS} dòng đầu"


def _inputs(night: Lake, case: Row) -> Iterator[tuple[str, DataFrame, Column]]:
    """Rows of each source's picture that the case stands on, and what to call each row."""
    own = _own_shops(night, case)
    of_shop = F.concat_ws("|", "platform", "shop_id")
    shops = night.read(tables.SELLERS).join(own, ["platform", "shop_id"], "left_semi")
    yield "sellers", shops, of_shop
    sales = night.read(tables.SELLER_SALES).where(F.col("year") == case.tax_year)
    sales = sales.join(own, ["platform", "shop_id"], "left_semi")
    yield "seller_sales", sales, _with_amount(F.concat_ws("|", of_shop, "period", "category"), "gross_revenue_vnd")
    yield from _registry(night, case)
    others = _others(night, case, own, shops)
    yield "residents", others, F.concat(F.lit("người khác mà gian hàng dẫn tới, "), last_four(F.col("personal_id")))
    accounts = shops.select(F.col("payout_bank_code").alias("bank_code"), "account_norm").where(
        "account_norm is not null"
    )
    paid = night.read(tables.BANK_ACCOUNTS).join(accounts.distinct(), ["bank_code", "account_norm"], "left_semi")
    yield "bank_accounts", paid, F.concat_ws("|", "bank_code", last_four(F.col("account_number")))
    called = shops.select("phone_norm").where("phone_norm is not null").distinct()
    sims = night.read(tables.TELECOM).join(called, "phone_norm", "left_semi")
    yield (
        "telecom_subscribers",
        sims,
        F.concat_ws("|", last_four(F.col("msisdn")), F.col("activated_on").cast("string")),
    )


def _with_amount(key: Column, amount: str) -> Column:
    return F.concat(key, F.lit(" "), F.translate(F.format_number(amount, 0), ",", "."), F.lit(" đ"))


def _others(night: Lake, case: Row, own: DataFrame, shops: DataFrame) -> DataFrame:
    """Residents beside the party: whose id a shop declares (the dead, whoever lent it), and who it may belong to."""
    links = night.read(tables.SELLER_LINKS).join(own, ["platform", "shop_id"], "left_semi")
    papers = shops.select(F.explode(F.array_compact(F.array("person_id", "cmnd"))).alias("paper"))
    asked = papers.unionByName(links.select(F.col("personal_id").alias("paper"))).where("paper is not null").distinct()
    residents = night.read(tables.RESIDENTS)
    known = residents.withColumn("paper", F.explode(F.array("personal_id", "person_id", "cmnd")))
    found = known.join(asked, "paper", "left_semi").drop("paper").dropDuplicates(["personal_id"])
    return found if case.personal_id is None else found.where(F.col("personal_id") != case.personal_id)


def _registry(night: Lake, case: Row) -> Iterator[tuple[str, DataFrame, Column]]:
    """Who the party is, and its tax codes with what was declared."""
    residents = night.read(tables.RESIDENTS).where(F.col("personal_id") == case.personal_id)
    yield "residents", residents, last_four(F.col("personal_id"))
    held = night.read(tables.HOLDER_LINKS).where(
        (F.col("source") == "taxpayers") & (F.col("personal_id") == case.personal_id) & (F.col("decision") != "none")
    )
    itself = night.spark.createDataFrame(
        [(None, None, case.tax_code)], "party_key string, personal_id string, tax_code string"
    )
    registry, code = night.read(tables.TAXPAYERS), F.coalesce("code", "tax_code")
    of_party = with_branches(itself, registry).select("tax_code")
    codes = held.select(F.col("record_key").alias("tax_code")).unionByName(of_party)
    own = registry.join(codes.distinct(), "tax_code", "left_semi")
    yield "taxpayers", own, tax_code(F.col("tax_code"))
    declared = night.read(tables.DECLARATIONS).where(F.col("year") == case.tax_year)
    party = F.lit("the party").alias("party_key")
    of_own = own.select(party, code.alias("code"))
    of_person = residents.select(party, F.coalesce("person_id", "personal_id").alias("own_id"))
    declaring = declaring_codes(of_own, of_person, registry, declared).select(F.col("code").alias("of"))
    declared = declared.withColumn("of", code).join(declaring, "of", "left_semi").drop("of")
    key = F.concat_ws("|", tax_code(F.col("tax_code")), "period")
    yield "declarations", declared, _with_amount(key, "declared_revenue_vnd")


def _versions(night: Lake, run: Mapping[str, Any]) -> Iterator[str]:
    versions, model = run["versions"], night.read(tables.MODEL).first()
    yield f"phiên bản: mã {versions['code']}, cài đặt {versions['configuration']}, luật {versions['rules']}"
    if model is not None:
        yield f"  tham số đối chiếu: {model.version}"
    shaping = {name: at for name, at in (versions["tables"] or {}).items() if name.startswith(_SHAPING)}
    yield f"  bảng: {', '.join(f'{name} {at}' for name, at in sorted(shaping.items()))}"
