"""The queue of open cases, masked, in the order in which they are worth working on."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs import masking
from jobs.report.words import NO_PROVINCE, PROVINCES
from jobs.report.workbook import in_order

SHOPS_SHOWN = 20


def open_cases(cases: DataFrame) -> DataFrame:
    """Open cases as people may read them; columns as of `readable`, but status."""
    return readable(cases.where(F.col("status") == "open")).drop("status")


def ended_cases(cases: DataFrame, before: DataFrame) -> DataFrame:
    """Cases that an analyst has confirmed, and those that have ceased to hold since an earlier night.

    Columns in: of both those of `gold/flagged_sellers`. Columns out: as of `readable`.
    """
    stood = before.where(F.col("status").isin("open", "confirmed")).select("case_id")
    ceased = cases.where(F.col("status") == "resolved").join(stood, "case_id", "left_semi")
    return readable(cases.where(F.col("status") == "confirmed").unionByName(ceased))


def readable(cases: DataFrame) -> DataFrame:
    """Cases as people may read them.

    Args:
        cases: `gold/flagged_sellers`.

    Returns:
        Its columns, with `personal_id` and `tax_code` masked, `shops` the `SHOPS_SHOWN` of most revenue with
        their names masked; and `party` (who a case is of, for counting, not for showing), `shop_count`, `province`
        (34-province code or `khac`), `due_vnd` (expected tax not yet withheld, never negative, null where unknown).
    """
    masked = {"personal_id": masking.last_four(F.col("personal_id")), "tax_code": masking.tax_code(F.col("tax_code"))}
    return cases.select(
        *(F.col(name) for name in cases.columns if name not in {"shops", "party_name", *masked}),
        *(column.alias(name) for name, column in masked.items()),
        masking.free_name(F.col("party_name")).alias("party_name"),
        _largest_shops().alias("shops"),
        F.size("shops").alias("shop_count"),
        _party().alias("party"),
        _province().alias("province"),
        _due().alias("due_vnd"),
    )


def by_priority(queue: DataFrame, limit: int) -> DataFrame:
    """The first cases of the queue, the order being total."""
    return queue.orderBy(*_order()).limit(limit)


def stream(queue: DataFrame, limit: int, parts: int) -> Iterator[Row]:
    """The first cases of the queue, in order, brought to the driver in so many parts, one after the other."""
    return in_order(queue, _order(), limit, parts)


def _order() -> tuple[Column, ...]:
    return F.desc_nulls_last("priority"), F.desc_nulls_last("revenue_vnd"), F.asc("case_id")


def _largest_shops() -> Column:
    fields = "platform", "shop_id", "revenue_vnd", "match_type", "match_probability"
    # Structs compare field by field: revenue first, then the shop's key as the tie-break.
    masked = F.transform(
        "shops",
        lambda shop: F.struct(
            F.coalesce(shop.revenue_vnd, F.lit(0)).alias("order"),
            *(shop[name].alias(name) for name in fields),
            masking.free_name(shop.shop_name).alias("shop_name"),
        ),
    )
    return F.slice(F.sort_array(masked, asc=False), 1, SHOPS_SHOWN)


def _party() -> Column:
    shop = F.try_element_at("shops", F.lit(1))
    return F.coalesce(
        F.concat(F.lit("person "), "personal_id"),
        # Shops abroad may name one supplier: each is a party of its own all the same (contract §2).
        F.when(F.col("party_type") != "foreign", F.concat(F.lit("code "), "tax_code")),
        F.concat(F.lit("shop "), shop.platform, F.lit(" "), shop.shop_id),
        F.col("case_id"),
    )


def _province() -> Column:
    return F.when(F.col("province_code").isin(*PROVINCES), F.col("province_code")).otherwise(F.lit(NO_PROVINCE))


def _due() -> Column:
    due = F.col("estimated_tax_vnd") - F.coalesce("withheld_vnd", F.lit(0))
    # `greatest` skips nulls, and an organisation's tax is unknown, not nothing.
    return F.when(due.isNotNull(), F.greatest(due, F.lit(0)))
