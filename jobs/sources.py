"""What the agencies deliver: the eight sources, their columns, types and keys (contract §1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, LongType, StringType, StructField, StructType, TimestampType

from jobs import ddl

# Kinds of columns → types.
KINDS: dict[str, DataType] = {
    "string": StringType(),
    "int": LongType(),
    "date": DateType(),
    "timestamp": TimestampType(),
}

# What every bronze row and every row of a picture remembers of where it came from.
ORIGIN = ddl.schema("_delivery_date date, _file string, _row_number bigint")


@dataclass(frozen=True)
class Source:
    """One source of the landing zone.

    Attributes:
        name: folder name in the landing zone and table name in bronze and silver.
        columns: contract columns in order; `name` (string) or `name:int|date|timestamp`.
        key: columns that identify a row in the picture.
        required: whether a night fails when the source never came.
        period_columns: columns that hold a period and must not be null.
        amounts: money columns; `required_amounts` of them must not be null, the others count as 0.
        required_amounts: see `amounts`.
        category_column: column whose values are a closed set (contract: sales groups), else None.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    required: bool = False
    period_columns: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    required_amounts: tuple[str, ...] = ()
    category_column: str | None = None

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Contract column → `string`, `int`, `date` or `timestamp`."""
        return {name: kind or "string" for name, _, kind in (column.partition(":") for column in self.columns)}

    @cached_property
    def texts(self) -> list[str]:
        """Columns of text that are no part of the key."""
        return [name for name, kind in self.kinds.items() if kind == "string" and name not in self.key]

    @cached_property
    def schema(self) -> StructType:
        """Spark schema of the contract columns, all nullable."""
        return StructType([StructField(name, KINDS[kind]) for name, kind in self.kinds.items()])

    @cached_property
    def picture_schema(self) -> StructType:
        """Schema of the picture and of bronze rows: contract columns, then origin."""
        return StructType(self.schema.fields + ORIGIN.fields)

    def record_key(self) -> Column:
        """The key of a row as one text, parts by `|`: `record_key` of tables. Columns in: those of the key."""
        return F.concat_ws("|", *self.key)


_PLACE = ("address", "province_code", "province_code_version")

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "residents",
            (
                *("personal_id", "old_id_number", "full_name", "date_of_birth", "gender", "permanent_address"),
                *("province_code", "province_code_version", "status", "updated_at:timestamp"),
            ),
            key=("personal_id",),
            required=True,
        ),
        Source(
            "taxpayers",
            (
                *("tax_code", "taxpayer_name", "taxpayer_type", "id_number", "date_of_birth", *_PLACE, "phone"),
                *("email", "business_lines", "status", "registered_on:date", "closed_on:date", "updated_at:timestamp"),
            ),
            key=("tax_code",),
            required=True,
        ),
        Source(
            "declarations",
            (
                *("tax_code", "period", "declared_revenue_vnd:int", "tax_paid_vnd:int", "filed_on:date"),
                "updated_at:timestamp",
            ),
            key=("tax_code", "period"),
            period_columns=("period",),
            amounts=("declared_revenue_vnd", "tax_paid_vnd"),
            required_amounts=("declared_revenue_vnd",),
        ),
        Source(
            "bank_accounts",
            (
                *("bank_code", "account_number", "holder_name", "holder_id_number", "holder_type", "phone"),
                *("opened_on:date", "status", "updated_at:timestamp"),
            ),
            key=("bank_code", "account_number"),
        ),
        Source(
            "bank_inflows",
            (
                *("bank_code", "account_number", "period", "inflow_vnd:int", "inflow_count:int"),
                *("ecommerce_inflow_vnd:int", "updated_at:timestamp"),
            ),
            key=("bank_code", "account_number", "period"),
            period_columns=("period",),
            amounts=("inflow_vnd", "ecommerce_inflow_vnd"),
            required_amounts=("inflow_vnd",),
        ),
        Source(
            "telecom_subscribers",
            (
                *("msisdn", "subscriber_name", "id_number", "date_of_birth", "activated_on:date", "status"),
                "updated_at:timestamp",
            ),
            key=("msisdn", "activated_on"),
        ),
        Source(
            "sellers",
            (
                *("platform", "shop_id", "shop_name", "seller_name", "seller_type", "country", "id_number"),
                *("tax_code", "date_of_birth", "phone", "email", *_PLACE, "payout_bank_code"),
                *("payout_account_number", "registered_on:date", "status", "updated_at:timestamp"),
            ),
            key=("platform", "shop_id"),
            required=True,
        ),
        Source(
            "seller_sales",
            (
                *("platform", "shop_id", "period", "category", "gross_revenue_vnd:int", "order_count:int"),
                *("withheld_vat_vnd:int", "withheld_pit_vnd:int", "updated_at:timestamp"),
            ),
            key=("platform", "shop_id", "period", "category"),
            required=True,
            period_columns=("period",),
            amounts=("gross_revenue_vnd", "withheld_vat_vnd", "withheld_pit_vnd"),
            required_amounts=("gross_revenue_vnd",),
            category_column="category",
        ),
    )
}

CATEGORIES = ("goods", "services", "transport", "undetermined")
