"""The workbook of shops that wait for somebody to decide who trades there, masked, those of most revenue first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import link_decisions, masking, revenue, tables
from jobs.law import YearLaw, judged_years
from jobs.report import evidence, words
from jobs.report.figures import Figures
from jobs.report.workbook import MONEY, SHARE, TEXT, Book, Column, Heading, Layout, in_order
from jobs.storage import Lake

_SHOP = ["platform", "shop_id"]


COLUMNS = (
    Column("Sàn", "Sàn báo cáo gian hàng.", 14, TEXT, lambda shop: shop.platform),
    Column("Mã gian hàng", "Mã của sàn.", 18, TEXT, lambda shop: shop.shop_id),
    Column("Tên gian hàng", "Tên trên sàn; số dài đã che.", 26, TEXT, lambda shop: shop.shop_name),
    Column("Người bán tự khai", "Họ tên khai với sàn.", 26, TEXT, lambda shop: shop.seller_name),
    Column("Tỉnh, thành", "Nơi lấy hàng.", 15, TEXT, lambda shop: words.province(shop.province34)),
    Column(
        "Doanh thu (đồng)",
        "Của riêng gian hàng này, mọi nhóm, đã trừ hủy và trả lại; của năm nhiều hơn, khi còn xét hai năm thuế.",
        17,
        MONEY,
        lambda shop: shop.revenue_vnd,
    ),
    Column("Ứng viên", "Người hoặc tổ chức gần nhất.", 26, TEXT, lambda shop: shop.candidate),
    Column("Số định danh", "Của ứng viên; che, chỉ còn bốn ký tự cuối.", 13, TEXT, lambda shop: shop.personal_id),
    Column("Mã số thuế", "Của ứng viên; che, chỉ còn bốn ký tự cuối.", 13, TEXT, lambda shop: shop.tax_code),
    Column("Xác suất", "0–1: rằng ứng viên là người bán.", 10, SHARE, lambda shop: shop.match_probability),
    Column(
        "Bằng chứng chính",
        "Loại bằng chứng nặng nhất.",
        16,
        TEXT,
        lambda shop: words.say(words.MATCH_TYPES, shop.match_type),
    ),
    Column(
        "Vì sao",
        "Từng trường, và vì sao cần người quyết định; giá trị đã che.",
        90,
        TEXT,
        lambda shop: evidence.lines(shop.evidence),
    ),
    Column(
        "Đã quyết",
        "Cán bộ đã quyết từ đêm này, có hiệu lực từ đêm sau.",
        16,
        TEXT,
        lambda shop: words.say(words.LINK_DECISIONS, shop.decided),
    ),
)

LAYOUT = Layout(
    sheet="Chờ xem xét",
    columns=COLUMNS,
    legend=(
        ("", ""),
        (
            "Chờ xem xét",
            "Có ứng viên, nhưng chưa đủ chắc, hoặc có điều trái nhau mà chỉ người mới quyết được. Doanh thu của các "
            "gian hàng này chưa tính cho ai.",
        ),
        (
            "Cách quyết",
            "ct18 decide-link --platform SÀN --shop-id MÃ --as linked (ứng viên đúng là người bán) | rejected (không "
            "phải) | open (rút lại) --by TÊN --reason LÝ-DO --as-of ĐÊM-CỦA-SỔ-NÀY.",
        ),
        ("Trọng số", words.WEIGHT),
    ),
    rows="gian hàng chờ xem xét",
    first="doanh thu lớn nhất",
    height=48,
)


def waiting(lake: Lake, laws: Sequence[YearLaw], night: dt.date) -> DataFrame:
    """Shops in review with their candidate, as people may read them.

    Columns out: platform, shop_id, shop_name, seller_name, province34, revenue_vnd (of the tax year that has more),
    candidate (a name), personal_id and tax_code (masked), match_type, match_probability, evidence, decided (what people
    have decided of the candidate since the night, null: nothing).
    """
    links = lake.read(tables.SELLER_LINKS).where("decision = 'review'").drop("business_date", "first_linked_on")
    shops = lake.read(tables.SELLERS).select(*_SHOP, "shop_name", "seller_name", "province34")
    sales = lake.read(tables.SELLER_SALES).join(links.select(*_SHOP), _SHOP, "left_semi")
    by_year = revenue.shop_revenue(revenue.counted_sales(sales, laws, night), laws)
    sold = by_year.groupBy(*_SHOP).agg(F.max("revenue_vnd").alias("revenue_vnd"))
    decisions = link_decisions.in_force(lake.read(tables.LINK_DECISIONS))
    party = link_decisions.subject().alias("party")
    decided = decisions.select(*_SHOP, party, F.col("decision").alias("decided"))
    told = links.withColumn("party", party).join(decided, [*_SHOP, "party"], "left")
    told = link_decisions.shown(lake, told.join(shops, _SHOP).join(sold, _SHOP, "left"))
    return told.select(
        *(*_SHOP, "province34", "match_type", "match_probability", "evidence", "decided"),
        *(masking.free_name(F.col(name)).alias(name) for name in ("shop_name", "seller_name")),
        revenue.to_bigint(revenue.money(F.col("revenue_vnd"))).alias("revenue_vnd"),
        *("candidate", "personal_id", "tax_code"),
    )


def write(path: Path, lake: Lake, night: dt.date, found: Figures, limit: int) -> Path:
    """Write the workbook.

    Args:
        path: of the file.
        lake: pinned to the night.
        night: the business date.
        found: figures of the night; how many shops wait.
        limit: rows, at most.
    """
    laws = judged_years(night)
    years = " và ".join(str(law.tax_year) for law in sorted(laws, key=lambda law: law.tax_year))
    size = sum(row.shops for row in found.decisions if row.decision == "review")
    heading = Heading(night, f"Gian hàng chờ xem xét, năm thuế {years}", size, limit)
    order = F.desc("revenue_vnd"), F.asc("platform"), F.asc("shop_id")
    with Book(path, heading, LAYOUT) as book:
        for shop in in_order(waiting(lake, laws, night), order, limit, heading.parts):
            book.add(shop)
    return path
