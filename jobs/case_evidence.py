"""The evidence of a case, field by field, as JSON with labels for people, and how good its sources were that night."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs import flags, identity
from jobs.flags import Reason
from jobs.law import Residence, YearLaw, by_year
from jobs.masking import free_name, last_four, tax_code
from jobs.parties import FOREIGN, ORGANISATION, RESIDENT, UNRESOLVED
from jobs.revenue import money, to_bigint
from jobs.sources import CATEGORIES, SOURCES
from matching.evidence import told

# Shops of a party that its evidence explains, the largest first: nobody reads more, and an explanation is long.
MOST_EXPLAINED = 200
_LOWER_BOUND = (
    "thuế thu nhập cá nhân tính trên thu nhập, nên số ước tính theo tỷ lệ trên doanh thu chỉ là mức tối thiểu"
)
_NO_LAW = "Pháp luật không đặt ngưỡng cho tổ chức: con số này chỉ là quy mô đáng lập hồ sơ"

_NOT_FOUND = (
    ", CMND, họ tên cùng ngày sinh, số điện thoại và nơi ở: không tìm thấy mã số thuế nào là của riêng người này"
)

# Categories of sales in words.
_CATEGORIES = {
    "goods": "hàng hóa",
    "services": "dịch vụ",
    "transport": "vận tải",
    "undetermined": "không rõ nhóm, theo tỷ lệ cao nhất",
}

# Findings of `identity` in words.
_IDENTITY = {
    identity.ID: "Số giấy tờ khai với sàn là của người khác",
    identity.ACCOUNT_OTHER: "Tài khoản nhận tiền của người ngoài hộ hoặc của tổ chức",
    identity.ACCOUNT_HOUSEHOLD: "Tài khoản nhận tiền của người cùng hộ",
    identity.ID_MISTYPED: "Số giấy tờ khai với sàn gần giống số của chính mình nhưng trùng số của người khác",
    identity.DECEASED: "Số giấy tờ khai với sàn là của người đã mất",
    identity.NOT_FOUND: "Số giấy tờ khai với sàn không có trong cơ sở dữ liệu dân cư",
}
_OF_REASON = {
    Reason.BORROWED_IDENTITY: (identity.ID, identity.ACCOUNT_OTHER, identity.ACCOUNT_HOUSEHOLD, identity.ID_MISTYPED),
    Reason.INVALID_IDENTITY: (identity.DECEASED, identity.NOT_FOUND),
}


def shop_arrays(years: DataFrame, seller_links: DataFrame, nearest: DataFrame, flagged: DataFrame) -> DataFrame:
    """The shops of the flagged parties, largest first.

    Columns in: those of `parties.shop_years`, match/seller_links, match/nearest_candidates, `flagged` one row a flagged
    party_key and tax_year.
    Columns out: party_key, tax_year, shops (array as in gold/flagged_sellers), shop_evidence (array of structs, of the
    largest `MOST_EXPLAINED`).
    """
    order = (-F.col("revenue_vnd")).alias("order")
    revenue = to_bigint(F.col("revenue_vnd")).alias("revenue_vnd")
    shop = F.struct(order, "platform", "shop_id", "shop_name", revenue, "match_type", "match_probability")
    why = F.struct(order, "platform", "shop_id", "shop_name", revenue, "seller_name", "decision", "evidence", "nearest")
    links = seller_links.select("platform", "shop_id", "evidence")
    near = nearest.select(
        "platform", "shop_id", F.struct(F.col("evidence").alias("why"), F.col("missing")).alias("nearest")
    )
    place = F.row_number().over(
        Window.partitionBy("party_key", "tax_year").orderBy(F.desc("revenue_vnd"), "platform", "shop_id")
    )
    explained = F.collect_list(F.when(F.col("place") <= MOST_EXPLAINED, why))
    return (
        years.join(flagged, ["party_key", "tax_year"], "left_semi")
        .withColumn("place", place)
        .join(links, ["platform", "shop_id"], "left")
        .join(near, ["platform", "shop_id"], "left")
        .groupBy("party_key", "tax_year")
        .agg(F.sort_array(F.collect_list(shop)).alias("shops"), F.sort_array(explained).alias("shop_evidence"))
        .withColumn("shops", F.transform("shops", lambda one: one.dropFields("order")))
    )


def code_arrays(codes: DataFrame) -> DataFrame:
    """The tax codes of the parties, by code.

    Columns in: those of `parties.own_codes`. Columns out: party_key, registrations (array of structs).
    """
    names = ("tax_code", "taxpayer_type", "status", "status_label", "held", "closed_on", "probability", "link_evidence")
    return codes.groupBy("party_key").agg(F.sort_array(F.collect_list(F.struct(*names))).alias("registrations"))


def quality(degraded: frozenset[str]) -> Column:
    """`degraded` where a source that the evidence rests on was degraded that night, else `good`.

    Columns in: reason, detail, kind, match_types.
    """
    hit = F.lit(False)
    for source in sorted(degraded & set(SOURCES)):
        hit = hit | _rests_on(source)
    return F.when(hit, "degraded").otherwise("good")


def _rests_on(source: str) -> Column:
    """Whether the evidence of a case rests on a source: by its reason, or by what links the shops."""
    by_reason = F.col("reason").isin([str(reason) for reason, needed in flags.SOURCES.items() if source in needed])
    if source == "residents":
        by_reason = F.col("kind").isin(RESIDENT, UNRESOLVED)
    elif source in flags.BASE_SOURCES:
        by_reason = F.lit(True)
    elif source == "bank_accounts":
        by_reason = F.col("detail").isin(identity.ACCOUNT_OTHER, identity.ACCOUNT_HOUSEHOLD)
    for match_type, of in flags.LINK_SOURCES.items():
        by_reason = by_reason | F.array_contains("match_types", match_type) if of == source else by_reason
    return by_reason


def evidence(laws: Sequence[YearLaw], degraded: frozenset[str], share: float) -> Column:
    """JSON of a case: its keys are labels in Vietnamese, identifiers are cut to their last four characters.

    Columns in: a case of `cases.tonight` before it is cut to its table: the facts, reason, detail, case_threshold_vnd,
    legal_basis, shops, shop_evidence, registrations, represented, uses, due_quarters, revenue_after_vnd.

    Args:
        laws: of the judged tax years.
        degraded: sources that were degraded that night.
        share: of the platforms' revenue, below which too little is declared.
    """
    return F.to_json(
        F.struct(
            _revenue().alias("Doanh thu"),
            _tax(laws).alias("Thuế"),
            _by_category(laws).alias("Thuế ước tính theo nhóm"),
            F.when(flags.split_shops(), F.col("shop_count")).alias("Số gian hàng, từng gian không vượt ngưỡng"),
            _stopped().alias("Ngừng kinh doanh"),
            _supplier().alias("Tra cứu nhà cung cấp nước ngoài"),
            _declaration(share).alias("Kê khai các quý đã đến hạn"),
            _identity().alias("Giấy tờ và tài khoản"),
            F.transform("registrations", _registration).alias("Đăng ký thuế"),
            _looked_up().alias("Tra cứu đăng ký thuế"),
            F.transform("represented", _organisation).alias("Tổ chức đăng ký theo giấy tờ của người này"),
            F.transform("shop_evidence", _shop).alias("Gian hàng"),
            F.when(F.size("shops") > MOST_EXPLAINED, F.size("shops") - MOST_EXPLAINED).alias(
                "Số gian hàng nhỏ hơn, không giải thích ở đây"
            ),
            _sources(degraded).alias("Nguồn"),
        )
    )


def _revenue() -> Column:
    threshold = F.col("case_threshold_vnd")
    return F.struct(
        to_bigint(F.col("revenue_vnd")).alias("Tổng trên mọi sàn (đồng)"),
        threshold.alias("Ngưỡng (đồng)"),
        F.col("legal_basis").alias("Căn cứ"),
        F.when((F.col("kind") == ORGANISATION) & threshold.isNotNull(), _NO_LAW).alias("Ghi chú"),
    )


def _tax(laws: Sequence[YearLaw]) -> Column:
    # By then the platforms' figures cannot tell what is due.
    on_income = F.col("revenue_vnd") > by_year(laws, lambda law: law.income_tax_vnd)
    basis = by_year(laws, lambda law: law.income_tax_basis)
    lower_bound = F.concat(F.lit("Theo "), basis, F.lit(": "), F.lit(_LOWER_BOUND))
    return F.struct(
        to_bigint(F.col("estimated_vnd")).alias("Ước tính theo tỷ lệ (đồng)"),
        to_bigint(F.col("withheld_vnd")).alias("Sàn đã khấu trừ (đồng)"),
        F.when(F.col("has_code"), to_bigint(F.col("paid_vnd"))).alias("Đã nộp theo tờ khai (đồng)"),
        F.when(on_income & (F.col("kind") != FOREIGN) & F.col("estimated_vnd").isNotNull(), lower_bound).alias(
            "Ghi chú"
        ),
    )


def _by_category(laws: Sequence[YearLaw]) -> Column:
    """What the estimate is made of: revenue of each category of sales, and the rate that the law sets it."""
    lines = [_line(laws, category) for category in CATEGORIES]
    return F.when(F.col("estimated_vnd").isNotNull(), F.array_compact(F.array(*lines)))


def _line(laws: Sequence[YearLaw], category: str) -> Column:
    def of_law(residence: Residence) -> Column:
        """Rate and basis."""
        return F.struct(
            by_year(laws, lambda law: _percent(sum(law.rates[residence, category]))).alias("Tỷ lệ GTGT và TNCN"),
            by_year(laws, lambda law: law.rates_basis[residence, category]).alias("Căn cứ"),
        )

    rate = F.when(F.col("kind") == FOREIGN, of_law("non_resident")).otherwise(of_law("resident"))
    net = F.col(f"net_{category}")
    line = F.struct(
        F.lit(_CATEGORIES[category]).alias("Nhóm"),
        to_bigint(net).alias("Doanh thu (đồng)"),
        rate["Tỷ lệ GTGT và TNCN"],
        rate["Căn cứ"],
    )
    return F.when(net > 0, line)


def _percent(per_10000: int) -> str:
    return f"{per_10000 / 100:g} %".replace(".", ",")


def _shop(shop: Column) -> Column:
    return F.struct(
        shop["platform"].alias("Sàn"),
        shop["shop_id"].alias("Mã"),
        free_name(shop["shop_name"]).alias("Tên"),
        free_name(shop["seller_name"]).alias("Người bán tự khai"),
        shop["revenue_vnd"].alias("Doanh thu (đồng)"),
        shop["decision"].alias("Quyết định"),
        F.try_parse_json(shop["evidence"]).alias("Vì sao"),
        F.when(shop["nearest"].isNotNull(), _nearest(shop["nearest"])).alias("Ứng viên gần nhất, chưa đủ chắc"),
    )


def _nearest(nearest: Column) -> Column:
    return F.struct(
        F.try_parse_json(nearest["why"]).alias("Vì sao"), nearest["missing"].alias("Gian hàng không cho biết")
    )


def _registration(code: Column) -> Column:
    return F.struct(
        tax_code(code["tax_code"]).alias("Mã số thuế"),
        code["taxpayer_type"].alias("Loại"),
        code["status"].alias("Trạng thái"),
        code["status_label"].alias("Tên trạng thái"),
        code["closed_on"].alias("Ngày ngừng"),
        F.when(code["held"], "chờ xem xét").otherwise("của chính mình").alias("Của ai"),
        told(code["probability"]).alias("Xác suất"),
        F.try_parse_json(code["link_evidence"]).alias("Vì sao"),
    )


def _organisation(organisation: Column) -> Column:
    return F.struct(
        free_name(organisation["taxpayer_name"]).alias("Tên"),
        tax_code(organisation["tax_code"]).alias("Mã số thuế"),
        organisation["status_label"].alias("Trạng thái"),
    )


def _looked_up() -> Column:
    """Of whoever no tax code is known: what the registry was asked for."""
    told = F.concat(F.lit("theo số định danh "), last_four(F.col("personal_id")), F.lit(_NOT_FOUND))
    return F.when((F.col("kind") == RESIDENT) & F.col("registrations").isNull(), told)


def _stopped() -> Column:
    block = F.struct(
        F.coalesce(F.col("closed_on").cast("string"), F.lit("không rõ")).alias("Ngày ngừng"),
        # Without a sale after it this is what speaks for the party: 0, not nothing.
        F.when(F.col("closed_on").isNotNull(), to_bigint(money(F.col("revenue_after_vnd")))).alias(
            "Doanh thu các kỳ bắt đầu sau ngày ngừng (đồng)"
        ),
    )
    return F.when(F.col("reason") == str(Reason.STOPPED_BUT_SELLING), block)


def _supplier() -> Column:
    block = F.struct(
        F.col("country").alias("Nước"),
        tax_code(F.col("declared_code")).alias("Mã số thuế khai với sàn"),
        last_four(F.col("declared_paper")).alias("Giấy tờ khai với sàn"),
        F.when(F.col("supplier_code").isNull(), "không tìm thấy trong đăng ký thuế").alias("Kết quả"),
        tax_code(F.col("supplier_code")).alias("Mã số thuế tìm thấy"),
        F.col("supplier_status").alias("Trạng thái"),
    )
    return F.when(F.col("reason") == str(Reason.FOREIGN_UNREGISTERED), block)


def _declaration(share: float) -> Column:
    compared = F.when(F.col("kind") == ORGANISATION, F.col("due_vnd")).otherwise(F.col("due_untaxed_vnd"))
    block = F.struct(
        F.col("due_quarters").alias("Quý"),
        to_bigint(compared).alias("Doanh thu trên sàn, với cá nhân trừ phần đã khấu trừ thuế (đồng)"),
        to_bigint(F.col("declared_due_vnd")).alias("Đã kê khai (đồng)"),
        F.lit(share).alias("Lập hồ sơ khi kê khai dưới phần này của doanh thu (cài đặt)"),
    )
    return F.when(F.col("reason") == str(Reason.UNDER_DECLARED), block)


def _identity() -> Column:
    return F.coalesce(*(F.when(F.col("reason") == str(reason), _uses(found)) for reason, found in _OF_REASON.items()))


def _uses(found: tuple[str, ...]) -> Column:
    """Of very many shops under one paper those that stand first; all of them are in the case's `shops`."""
    of_reason = F.filter("uses", lambda use: use["finding"].isin(*found))
    return F.transform(F.slice(of_reason, 1, MOST_EXPLAINED), _use)


def _use(use: Column) -> Column:
    return F.struct(
        F.coalesce(*(F.when(use["finding"] == name, text) for name, text in _IDENTITY.items())).alias("Việc gì"),
        use["platform"].alias("Sàn"),
        use["shop_id"].alias("Mã"),
        use["declared"].alias("Khai với sàn"),
        use["other_name"].alias("Của"),
        use["other_id"].alias("Số của người ấy"),
        F.when(use["finding"].isin(identity.ACCOUNT_OTHER, identity.ACCOUNT_HOUSEHOLD), told(use["probability"])).alias(
            "Xác suất chủ tài khoản"
        ),
    )


def _sources(degraded: frozenset[str]) -> Column:
    states = {source: "degraded" if source in degraded else "good" for source in sorted(SOURCES)}
    return F.struct(*(F.when(_rests_on(source), state).alias(source) for source, state in states.items()))
