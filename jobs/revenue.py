"""What a shop turned over, what was withheld from it, and what a party declared: exact decimals, by tax year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.law import Residence, YearLaw, by_year, rate_columns, rate_of
from jobs.sources import CATEGORIES

# đồng in sums: whole numbers with room for every sale of a country.
MONEY = "decimal(38,0)"
_LARGEST = 9_223_372_036_854_775_807

QUARTERS = (1, 2, 3, 4)


def money(amount: Column) -> Column:
    """An amount in đồng as decimal, 0 where it is null."""
    return F.coalesce(amount.cast(MONEY), F.lit(0).cast(MONEY))


def total(amount: Column, where: Column | None = None) -> Column:
    """Sum in đồng of the rows that meet the condition, 0 where there is none."""
    counted = money(amount) if where is None else F.when(where, money(amount)).otherwise(F.lit(0).cast(MONEY))
    return money(F.sum(counted))


def to_bigint(amount: Column) -> Column:
    """Decimal đồng as bigint; what lies beyond its range becomes its end instead of an error, null stays null."""
    bound = F.lit(_LARGEST).cast(MONEY)
    return F.when(amount.isNotNull(), F.least(F.greatest(amount, -bound), bound)).cast("bigint")


def counted_sales(sales: DataFrame, laws: Sequence[YearLaw], business_date: dt.date) -> DataFrame:
    """Sales of the judged years in periods that began on or before the business date.

    Columns in: silver/seller_sales. Columns out: platform, shop_id, tax_year, month, category, gross_vnd and
    withheld_vnd (decimal đồng).
    """
    began = F.make_date("year", "month", F.lit(1)) <= F.lit(business_date)
    return sales.where(F.col("year").isin([law.tax_year for law in laws]) & began).select(
        "platform",
        "shop_id",
        F.col("year").alias("tax_year"),
        "month",
        "category",
        money(F.col("gross_revenue_vnd")).alias("gross_vnd"),
        (money(F.col("withheld_vat_vnd")) + money(F.col("withheld_pit_vnd"))).cast(MONEY).alias("withheld_vnd"),
    )


def shop_revenue(sales: DataFrame, laws: Sequence[YearLaw]) -> DataFrame:
    """One row a shop and tax year.

    Columns in: those of `counted_sales`. Columns out, in decimal đồng: platform, shop_id, tax_year, revenue_vnd,
    withheld_vnd, `net_<category>`, due_vnd and due_untaxed_vnd (revenue of the quarters that are due; without the rows
    on which tax was withheld), and uncovered_rows (positive rows whose withheld tax is below their rate, residents'
    rates).
    """
    gross, due = F.col("gross_vnd"), is_due(laws, F.ceil(F.col("month") / 3))
    return sales.groupBy("platform", "shop_id", "tax_year").agg(
        total(gross).alias("revenue_vnd"),
        total(F.col("withheld_vnd")).alias("withheld_vnd"),
        *(total(gross, F.col("category") == name).alias(f"net_{name}") for name in CATEGORIES),
        total(gross, due).alias("due_vnd"),
        total(gross, due & (F.col("withheld_vnd") == 0)).alias("due_untaxed_vnd"),
        F.count_if((gross > 0) & ~_covered(laws)).alias("uncovered_rows"),
    )


def is_due(laws: Sequence[YearLaw], quarter: Column) -> Column:
    """Whether the declaration of a quarter of column `tax_year` is due."""
    return F.array_contains(
        by_year(laws, lambda law: list(law.due_quarters)).cast("array<bigint>"), quarter.cast("bigint")
    )


def _covered(laws: Sequence[YearLaw]) -> Column:
    """Whether VAT and PIT were withheld at their rates; each of the two is in whole đồng."""
    parts = (F.floor(F.col("gross_vnd") * rate / 10_000) for rate in rate_columns(laws, "resident", F.col("category")))
    return F.col("withheld_vnd") >= sum(parts, F.lit(0).cast(MONEY))


def tax_by_rates(laws: Sequence[YearLaw], residence: Residence) -> Column:
    """What the rates give: Σ over categories of max(0, net revenue) × (VAT + PIT), floored, in decimal đồng.

    Columns in: tax_year and `net_<category>` of a party and tax year.
    """
    taxes = (_tax(laws, residence, category) for category in CATEGORIES)
    return F.floor(sum(taxes, F.lit(0).cast(MONEY)) / 10_000).cast(MONEY)


def _tax(laws: Sequence[YearLaw], residence: Residence, category: str) -> Column:
    rate = rate_of(laws, residence, category)
    return (F.greatest(F.col(f"net_{category}"), F.lit(0).cast(MONEY)) * rate).cast(MONEY)


def revenue_after(sales: DataFrame, closings: DataFrame) -> DataFrame:
    """Revenue in periods that began after a business was closed.

    Columns in: `sales` as of `counted_sales`; `closings` one row a shop and tax year of a stopped business:
    platform, shop_id, tax_year, party_key, closed_on.
    Columns out: party_key, tax_year, revenue_after_vnd (decimal đồng).
    """
    began = F.make_date("tax_year", "month", F.lit(1))
    return (
        sales.join(closings, ["platform", "shop_id", "tax_year"], "inner")
        .where(began > F.col("closed_on"))
        .groupBy("party_key", "tax_year")
        .agg(total(F.col("gross_vnd")).alias("revenue_after_vnd"))
    )


def declared_revenue(declarations: DataFrame, codes: DataFrame, laws: Sequence[YearLaw]) -> DataFrame:
    """What a party declared, and paid by its declarations, under all its own codes.

    Of a code and quarter the quarter's row counts, else the sum of its months; the year's row only where no finer one
    exists (and, for the quarters that are due, where all four are).

    Columns in: silver/declarations; `codes` one row an own code of a party: party_key, code. Columns out: party_key,
    tax_year, declared_vnd and paid_vnd (the year's), declared_due_vnd (of the quarters that are due), in decimal đồng.
    """
    rows = declarations.where(F.col("year").isin([law.tax_year for law in laws])).select(
        F.coalesce("code", "tax_code").alias("code"),
        F.col("year").alias("tax_year"),
        F.when(F.col("month").isNotNull(), "month")
        .when(F.col("quarter").isNotNull(), "quarter")
        .otherwise("year")
        .alias("kind"),
        *(F.coalesce("quarter", F.ceil(F.col("month") / 3)).alias("quarter"), "month", "updated_at"),
        money(F.col("declared_revenue_vnd")).alias("declared"),
        money(F.col("tax_paid_vnd")).alias("paid"),
    )
    # One code may be written in two ways, and so its declaration come twice.
    period = ("party_key", "tax_year", "code", "kind", "quarter", "month")
    newest = F.max(F.struct("updated_at", "declared", "paid")).alias("newest")
    once = rows.join(codes, "code", "inner").groupBy(*period).agg(newest).select(*period, "newest.*")
    parts = [*_declared_parts("declared"), *_declared_parts("paid")]
    by_code = once.groupBy("party_key", "tax_year", "code").agg(*parts)
    whole_year = F.lit(True), [F.lit(True)] * len(QUARTERS)
    until_now = _all_due(laws), [is_due(laws, F.lit(q)) for q in QUARTERS]
    counted = {
        "declared_vnd": _of_code("declared", *whole_year),
        "paid_vnd": _of_code("paid", *whole_year),
        "declared_due_vnd": _of_code("declared", *until_now),
    }
    return by_code.groupBy("party_key", "tax_year").agg(
        *(F.sum(vnd).cast(MONEY).alias(name) for name, vnd in counted.items())
    )


def _declared_parts(amount: str) -> list[Column]:
    """`<amount>_<n>`: what counts for a quarter, null without a row; `<amount>_year`: the year's row, null without."""
    kind, vnd = F.col("kind"), F.col(amount)
    quarters = [
        F.coalesce(*(F.sum(F.when((kind == k) & (F.col("quarter") == q), vnd)) for k in ("quarter", "month"))).alias(
            f"{amount}_{q}"
        )
        for q in QUARTERS
    ]
    return [*quarters, F.sum(F.when(kind == "year", vnd)).alias(f"{amount}_year")]


def _of_code(amount: str, year_counts: Column, quarter_counts: Sequence[Column]) -> Column:
    quarters = [F.col(f"{amount}_{q}") for q in QUARTERS]
    counted = [money(F.when(counts, vnd)) for counts, vnd in zip(quarter_counts, quarters, strict=True)]
    no_finer = F.coalesce(*quarters).isNull()
    return F.when(no_finer, money(F.when(year_counts, F.col(f"{amount}_year")))).otherwise(
        sum(counted, F.lit(0).cast(MONEY)).cast(MONEY)
    )


def _all_due(laws: Sequence[YearLaw]) -> Column:
    return by_year(laws, lambda law: len(law.due_quarters) == len(QUARTERS))
