"""Columns that suites ask about and a silver row does not have: ages, rules across columns, references to others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from expectations.vietnamese import FORMS
from jobs.sources import ORIGIN, SOURCES
from matching import places, tables

AGE = "_age_days"
KEY = "_key"

_LOOKED_UP, _KNOWN = "_reference_key", "_reference_known"
_GROUP, _TOLD = "_group", "_told_of_group"

Rules = Mapping[str, Callable[[], Column]]


@dataclass(frozen=True)
class Reference:
    """Values that must exist in another source.

    Attributes:
        source: silver table that is looked up.
        key: columns of the row → the value looked up, as silver has it; null: nothing to look up.
        known: columns of the silver table that hold the same value.
        rules: boolean columns that are made; they see what `brought` brings and `_reference_known`.
        brought: what is said there of the value, one fixed-width aggregate each.
    """

    source: str
    key: Callable[[], tuple[Column, ...]]
    known: tuple[str, ...]
    rules: Rules
    brought: Rules


def _formed(column: str, form: str) -> Callable[[], tuple[Column, ...]]:
    """The value of a column where it has the form: what is malformed is held against the row once, not twice."""
    return lambda: (F.when(FORMS[form].condition(F.col(column)), F.col(column)),)


def _exists() -> Column:
    """Whether the value looked up is there; null where there is none."""
    return F.when(F.col(_LOOKED_UP).isNotNull(), F.coalesce(_KNOWN, F.lit(False)))


# ── the population database ──


def _name_hash() -> Column:
    """64 bits of a name in any order of its words, which are narrow to shuffle."""
    return F.when(F.col("name_sorted").isNotNull(), F.xxhash64("name_sorted"))


_PERSON: Rules = {
    "_their_name": lambda: F.max(_name_hash()),
    "_their_birth": lambda: F.max("birth_date"),
    "_their_year": lambda: F.max("birth_year"),
    "_their_death": lambda: F.bool_or(F.col("status") == "deceased"),
}


def _name_agrees() -> Column:
    """Whether the name is that of the id's holder; null where either has none, or the name is no person's."""
    return F.when(F.col("name_like_person"), _name_hash() == F.col("_their_name"))


def _three_fields() -> Column:
    """Whether id, name and birth date are one person's (NĐ 70/2024, CV 4856): the date, else the year where it is all.

    Null where one of the three is missing here or there: that a field must be there is asked for elsewhere.
    """
    born = F.coalesce(F.col("birth_date") == F.col("_their_birth"), F.col("birth_year") == F.col("_their_year"))
    return F.when(_name_agrees().isNotNull() & born.isNotNull(), _name_agrees() & born)


def _alive_where(column: str, *live: str) -> Callable[[], Column]:
    """Whether the holder of the id lives, of a row in use; null where it is not, or nobody is known by the id."""
    return lambda: F.when(F.col(_KNOWN) & F.col(column).isin(*live), ~F.col("_their_death"))


def _residents(column: str, rules: Rules) -> Reference:
    return Reference(
        "residents", _formed(column, "personal_id"), ("person_id",), {"_resident_exists": _exists, **rules}, _PERSON
    )


# ── the other sources ──


def _taxpayers() -> Reference:
    return Reference("taxpayers", _formed("tax_code", "tax_code"), ("code",), {"_taxpayer_exists": _exists}, {})


def _accounts(bank: str) -> Reference:
    return Reference(
        "bank_accounts",
        lambda: (F.col(bank), F.col("account_norm")),
        ("bank_code", "account_norm"),
        {"_account_exists": _exists},
        {},
    )


REFERENCES: dict[str, tuple[Reference, ...]] = {
    "taxpayers": (
        _residents("id_number", {"_three_fields": _three_fields, "_holder_alive": _alive_where("status", "00", "02")}),
    ),
    "declarations": (_taxpayers(),),
    "bank_accounts": (
        _residents(
            "holder_id_number", {"_holder_agrees": _name_agrees, "_holder_alive": _alive_where("status", "active")}
        ),
    ),
    "bank_inflows": (_accounts("bank_code"),),
    "telecom_subscribers": (
        _residents("id_number", {"_three_fields": _three_fields, "_holder_alive": _alive_where("status", "active")}),
    ),
    "sellers": (
        _residents("id_number", {"_three_fields": _three_fields, "_holder_alive": _alive_where("status", "active")}),
        _taxpayers(),
        _accounts("payout_bank_code"),
    ),
    "seller_sales": (
        Reference(
            "sellers",
            lambda: (F.col("platform"), F.col("shop_id")),
            ("platform", "shop_id"),
            {"_seller_exists": _exists},
            {},
        ),
    ),
}


# ── rules across the columns of a row ──


def _province_known() -> Column:
    """Whether the province code exists in its code system; null without a code or a system."""
    old = {f"63-{code[1:]}" for code in tables.values("provinces", "old_code3")}
    new = {f"34-{code}" for code in tables.values("provinces", "new_code2")}
    return F.concat("province_code_version", F.lit("-"), "province_code").isin(*sorted(old | new))


def _province_of_address() -> Column:
    """Whether the province code is that of the province named in the address, on the 34-province system.

    Null where either names none.
    """
    by_code = places.province34(F.col("province_code"), F.col("province_code_version"))
    return by_code == F.col("address_province")


def _id_agrees() -> Column:
    """Whether sex and birth year inside the personal id are the row's (NĐ 137/2015 art. 13); null if one is missing."""
    born, sex = F.col("date_of_birth"), F.col("gender")
    century = F.left(born, F.lit(2))
    marker = F.when(century == "19", F.when(sex == "M", "0").when(sex == "F", "1")).when(
        century == "20", F.when(sex == "M", "2").when(sex == "F", "3")
    )
    return F.substring("personal_id", 4, 3) == F.concat(marker, F.substring(born, 3, 2))


def _document_current() -> Column:
    """Whether the paper is one of today: a CMND is void since 1 January 2025 (Luật 26/2023 art. 46)."""
    return F.when(F.col("id_kind").isin("personal_id", "cmnd"), F.col("id_kind") == "personal_id")


def _closed_after_registered() -> Column:
    return F.col("closed_on") >= F.col("registered_on")


def _filed_after_period_began() -> Column:
    return F.year("filed_on") >= F.left(F.col("period"), F.lit(4)).try_cast("int")


RULES: dict[str, Rules] = {
    "residents": {
        "_province_known": _province_known,
        "_province_of_address": _province_of_address,
        "_id_agrees": _id_agrees,
    },
    "taxpayers": {
        "_province_known": _province_known,
        "_province_of_address": _province_of_address,
        "_document_current": _document_current,
        "_closed_after_registered": _closed_after_registered,
    },
    "declarations": {"_filed_after_period_began": _filed_after_period_began},
    "bank_accounts": {"_document_current": _document_current},
    "telecom_subscribers": {"_document_current": _document_current},
    "sellers": {"_province_known": _province_known, "_province_of_address": _province_of_address},
}


# ── rules on rows that go together ──


@dataclass(frozen=True)
class Group:
    """Rows of one value, and what is held against each of them.

    Attributes:
        by: the value, 64 bits of it; null: the row goes with no other.
        told: what is said of rows that go together, an aggregate of a fixed width.
        rule: whether a row is right; it sees what is told as `_told_of_group`, null where no other row goes with it.
    """

    by: Callable[[], Column]
    told: Callable[[], Column]
    rule: Callable[[], Column]


def _alone(*columns: str) -> Group:
    """Whether no other row has the same values; a row that lacks one of them is alone."""
    return Group(lambda: _hashed([F.col(name) for name in columns]), lambda: F.lit(True), lambda: F.isnull(_TOLD))


def _number_current() -> Column:
    """Whether an active SIM is the last activation of its number; null where it is not active."""
    last = F.coalesce(_TOLD, "activated_on")
    return F.when(F.col("status") == "active", F.col("activated_on") >= last)


GROUPED: dict[str, Mapping[str, Group]] = {
    "residents": {"_not_doubled": _alone("name_key", "birth_date", "address_key")},
    "taxpayers": {"_not_doubled": _alone("id_number", "taxpayer_type", "name_key", "address_key", "status")},
    "telecom_subscribers": {
        "_number_current": Group(
            lambda: _hashed([F.col("phone_norm")]), lambda: F.max("activated_on"), _number_current
        ),
    },
    "sellers": {"_not_doubled": _alone("platform", "shop_name_clean", "name_key", "account_norm")},
}


def derived_columns(source: str) -> list[str]:
    """Names of the columns that `derive` adds to those of a source, but for what is said of the whole table."""
    looked_up = [name for reference in REFERENCES.get(source, ()) for name in reference.rules]
    return [AGE, KEY, *RULES.get(source, {}), *GROUPED.get(source, {}), *looked_up]


def derive(
    source: str,
    rows: DataFrame,
    references: Mapping[str, DataFrame],
    business_date: dt.date,
    keep: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """The rows of a source with the columns that its suite asks for besides its own.

    Args:
        source: name of the source.
        rows: its silver columns.
        references: silver tables by source; a missing one leaves its columns null, so nothing is held against a row.
        business_date: the day from which ages count.
        keep: computes a frame once and gives it back.

    Returns:
        Contract columns and origin of the source, blank texts null, then `derived_columns`.
    """
    age = F.datediff(F.lit(business_date), F.to_date("updated_at"))
    # Narrow to shuffle; a collision in 64 bits would cost a point of a score and stop nothing.
    derived = rows.withColumns({AGE: age, KEY: F.xxhash64(*SOURCES[source].key)})
    derived = derived.withColumns({name: rule() for name, rule in RULES.get(source, {}).items()})
    for name, group in GROUPED.get(source, {}).items():
        derived = _grouped(derived, name, group, keep)
    for reference in REFERENCES.get(source, ()):
        derived = _looked_up(derived, reference, references.get(reference.source))
    own = {name: F.col(name) for name in SOURCES[source].schema.names}
    # A blank one is as good as none.
    own |= {name: F.when(F.trim(name) != "", F.col(name)) for name in SOURCES[source].texts}
    columns = (column.alias(name) for name, column in own.items())
    return derived.select(*columns, *ORIGIN.names, *derived_columns(source))


def _grouped(rows: DataFrame, name: str, group: Group, keep: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The rows with the column `name`. Groups of several rows are few: to find them first spares sorting all rows."""
    named = rows.withColumn(_GROUP, group.by())
    groups = named.where(F.col(_GROUP).isNotNull()).groupBy(_GROUP)
    told = groups.agg(F.count("*").alias("rows"), group.told().alias(_TOLD))
    several = keep(told.where("rows > 1").select(_GROUP, _TOLD))
    return named.join(several, _GROUP, "left").withColumn(name, group.rule()).drop(_GROUP, _TOLD)


def _looked_up(rows: DataFrame, reference: Reference, table: DataFrame | None) -> DataFrame:
    if table is None:
        return rows.withColumns({name: F.lit(None).cast("boolean") for name in reference.rules})
    brought = [value().alias(name) for name, value in reference.brought.items()]
    known = (
        table.withColumn(_LOOKED_UP, _hashed([F.col(name) for name in reference.known]))
        .where(F.col(_LOOKED_UP).isNotNull())
        .groupBy(_LOOKED_UP)
        .agg(F.lit(True).alias(_KNOWN), *brought)
    )
    joined = rows.withColumn(_LOOKED_UP, _hashed(reference.key())).join(known, _LOOKED_UP, "left")
    judged = joined.withColumns({name: rule() for name, rule in reference.rules.items()})
    return judged.drop(_LOOKED_UP, _KNOWN, *reference.brought)


def _hashed(columns: list[Column] | tuple[Column, ...]) -> Column:
    """64 bits of a key, null where a part is null: narrow to shuffle, and a share does not mind a collision."""
    return F.when(_all_present(*columns), F.xxhash64(*columns))


def _all_present(*columns: Column) -> Column:
    present = F.lit(True)
    for column in columns:
        present &= column.isNotNull()
    return present
