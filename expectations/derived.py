"""Columns that the suites ask about and a picture does not have: ages, rules across columns, references to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.vietnamese import FORMS
from jobs.sources import SOURCES
from matching import identifiers, tables

AGE = "_age_days"
KEY = "_key"

_LOOKED_UP, _KNOWN = "_reference_key", "_reference_known"


@dataclass(frozen=True)
class Reference:
    """Values that must exist in another source.

    Attributes:
        column: boolean column that is made: true where the value exists there, false where not, null where it is null.
        source: silver table that is looked up.
        key: columns of the picture → the value looked up, normalised as in silver; null: nothing to look up.
        known: columns of the silver table that hold the same value.
    """

    column: str
    source: str
    key: Callable[[], tuple[Column, ...]]
    known: tuple[str, ...]


def _formed(column: str, form: str) -> Callable[[], tuple[Column, ...]]:
    """The value of a column where it has the form: what is malformed is held against the row once, not twice."""
    return lambda: (F.when(FORMS[form].condition(F.col(column)), F.col(column)),)


REFERENCES: dict[str, tuple[Reference, ...]] = {
    "taxpayers": (Reference("_resident_exists", "residents", _formed("id_number", "personal_id"), ("person_id",)),),
    "declarations": (Reference("_taxpayer_exists", "taxpayers", _formed("tax_code", "tax_code"), ("code",)),),
    "bank_accounts": (
        Reference("_resident_exists", "residents", _formed("holder_id_number", "personal_id"), ("person_id",)),
    ),
    "bank_inflows": (
        Reference(
            "_account_exists",
            "bank_accounts",
            lambda: (F.col("bank_code"), identifiers.account_number(F.col("account_number"))),
            ("bank_code", "account_norm"),
        ),
    ),
    "telecom_subscribers": (
        Reference("_resident_exists", "residents", _formed("id_number", "personal_id"), ("person_id",)),
    ),
    "sellers": (
        Reference("_resident_exists", "residents", _formed("id_number", "personal_id"), ("person_id",)),
        Reference("_taxpayer_exists", "taxpayers", _formed("tax_code", "tax_code"), ("code",)),
    ),
    "seller_sales": (
        Reference(
            "_seller_exists",
            "sellers",
            lambda: (F.col("platform"), F.col("shop_id")),
            ("platform", "shop_id"),
        ),
    ),
}


def _province_known() -> Column:
    """Whether the province code exists in its code system; null without a code or a system."""
    old = {f"63-{code[1:]}" for code in tables.values("provinces", "old_code3")}
    new = {f"34-{code}" for code in tables.values("provinces", "new_code2")}
    return F.concat("province_code_version", F.lit("-"), "province_code").isin(*sorted(old | new))


def _id_agrees() -> Column:
    """Whether sex and birth year inside the personal id are the row's (NĐ 137/2015 art. 13); null if one is missing."""
    born, sex = F.col("date_of_birth"), F.col("gender")
    century = F.left(born, F.lit(2))
    marker = F.when(century == "19", F.when(sex == "M", "0").when(sex == "F", "1")).when(
        century == "20", F.when(sex == "M", "2").when(sex == "F", "3")
    )
    return F.substring("personal_id", 4, 3) == F.concat(marker, F.substring(born, 3, 2))


def _closed_after_registered() -> Column:
    return F.col("closed_on") >= F.col("registered_on")


def _filed_after_period_began() -> Column:
    return F.year("filed_on") >= F.left(F.col("period"), F.lit(4)).try_cast("int")


RULES: dict[str, dict[str, Callable[[], Column]]] = {
    "residents": {"_province_known": _province_known, "_id_agrees": _id_agrees},
    "taxpayers": {"_province_known": _province_known, "_closed_after_registered": _closed_after_registered},
    "declarations": {"_filed_after_period_began": _filed_after_period_began},
    "sellers": {"_province_known": _province_known},
}


def derive(source: str, picture: DataFrame, references: Mapping[str, DataFrame], business_date: dt.date) -> DataFrame:
    """The picture with the columns that its suite asks for besides its own.

    Args:
        source: name of the source.
        picture: its contract columns.
        references: silver tables by source; a missing one leaves its column null, so nothing is held against a row.
        business_date: the day from which ages count.
    """
    age = F.datediff(F.lit(business_date), F.to_date("updated_at"))
    rules = {name: rule() for name, rule in RULES.get(source, {}).items()}
    # Narrow to shuffle; a collision in 64 bits would cost a point of a score and stop nothing.
    key = F.xxhash64(*SOURCES[source].key)
    derived = picture.withColumns({AGE: age, KEY: key, **rules})
    for reference in REFERENCES.get(source, ()):
        derived = _looked_up(derived, reference, references.get(reference.source))
    return derived


def _looked_up(picture: DataFrame, reference: Reference, table: DataFrame | None) -> DataFrame:
    if table is None:
        return picture.withColumn(reference.column, F.lit(None).cast("boolean"))
    known = table.select(_key([F.col(name) for name in reference.known])).dropna().distinct()
    joined = picture.withColumn(_LOOKED_UP, _key(reference.key())).join(
        known.withColumn(_KNOWN, F.lit(True)), _LOOKED_UP, "left"
    )
    exists = F.when(F.col(_LOOKED_UP).isNotNull(), F.coalesce(_KNOWN, F.lit(False)))
    return joined.withColumn(reference.column, exists).drop(_LOOKED_UP, _KNOWN)


def _key(columns: list[Column] | tuple[Column, ...]) -> Column:
    """64 bits of a key, null where a part is null: narrow to shuffle, and a share does not mind a collision."""
    present = [column.isNotNull() for column in columns]
    complete = present[0] if len(present) == 1 else present[0] & present[1]
    return F.when(complete, F.xxhash64(*columns)).alias(_LOOKED_UP)
