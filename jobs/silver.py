"""Silver: each source's present picture with its normalised values beside the raw ones.

Each step names the columns that it adds; what they mean stands in `tables`. Steps follow one another so that a costly
value (a repaired name, say) is computed once and its keys from it.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.outcomes import Change
from jobs.sources import SOURCES, Source
from jobs.tables import SILVER
from matching import dates, identifiers, names, phones, places, text

Step = Callable[[DataFrame], DataFrame]

# What people write for the country whose code is VN.
_VIETNAM = ("", "VNM", "VIETNAM", "VIET NAM", "VIỆT NAM")


def normalise(source: str, picture: DataFrame) -> DataFrame:
    """The silver table of a source: columns of `Source.picture_schema` in, of `tables.SILVER[source]` out.

    Of texts, but for keys, the beginning is taken (`text.beginning`); bronze has them whole.
    """
    frame = picture.withColumns({name: text.beginning(F.col(name)) for name in SOURCES[source].texts})
    for step in SILVER_STEPS[source]:
        frame = step(frame)
    return frame.select(*SILVER[source].columns)


def renew(source: Source, change: Change, former: DataFrame) -> DataFrame:
    """The silver table of a source after a change of its picture; `former` is the table before.

    What a key's rows are does not depend on other keys: those that nothing touched are taken over.
    """
    if change.rows is None:
        return former
    fresh = normalise(source.name, change.rows)
    if change.touched is None:
        return fresh
    return former.join(change.touched, [*source.key], "left_anti").select(*fresh.columns).unionByName(fresh)


# ── steps that sources share ──


def _declared_ids(column: str) -> Step:
    """Columns id_kind, person_id, person_id_grade, cmnd, passport of an id column."""

    def step(frame: DataFrame) -> DataFrame:
        """Add the columns; the kind first, for the others depend on it."""
        raw = F.col(column)
        kinds = frame.withColumn("id_kind", identifiers.kind(raw))
        kind = F.col("id_kind")
        return kinds.withColumns(
            {
                "person_id": F.when(kind == "personal_id", identifiers.personal_id(raw)),
                "person_id_grade": F.when(kind.isin("personal_id", "other"), identifiers.personal_id_grade(raw)),
                "cmnd": F.when(kind == "cmnd", identifiers.cmnd(raw)),
                "passport": F.when(kind == "passport", identifiers.passport(raw)),
            }
        )

    return step


def _names(clean: Callable[[], Column]) -> Step:
    """Columns name_clean, name_accent, name_key, name_sorted, name_sg, name_like_person."""

    def step(frame: DataFrame) -> DataFrame:
        """Add the columns; the clean name first, for all keys are made of it."""
        cleaned = frame.withColumn("name_clean", clean())
        keyed = cleaned.withColumn("name_clean", names.words_apart(F.col("name_clean"))).withColumns(
            {
                "name_accent": text.accent_key(F.col("name_clean")),
                "name_key": names.person_key(F.col("name_clean")),
                "name_like_person": names.is_person_like(F.col("name_clean")),
            }
        )
        key = F.col("name_key")
        return keyed.withColumns({"name_sorted": names.sorted_words(key), "name_sg": names.surname_given(key)})

    return step


def _births(frame: DataFrame) -> DataFrame:
    """Columns birth_date, birth_year, birth_precision."""
    raw = F.col("date_of_birth")
    return frame.withColumns(
        {
            "birth_date": dates.birth_date(raw),
            "birth_year": dates.birth_year(raw),
            "birth_precision": dates.birth_precision(raw),
        }
    )


def _places(address: str) -> Step:
    """Columns address_province, address_key, house_key, province34: of the code, else address_province."""

    def step(frame: DataFrame) -> DataFrame:
        """Add the columns."""
        by_code = places.province34(F.col("province_code"), F.col("province_code_version"))
        bare = F.col("bare_address")
        placed = frame.withColumn("bare_address", places.without_notes(F.col(address))).withColumns(
            {
                "address_province": places.province_in_text(bare),
                "address_key": places.address_key(bare),
                "house_key": places.house_key(bare),
            }
        )
        return placed.withColumn("province34", F.coalesce(by_code, "address_province")).drop("bare_address")

    return step


def _add(columns: Callable[[], dict[str, Column]]) -> Step:
    return lambda frame: frame.withColumns(columns())


def _period(frame: DataFrame) -> DataFrame:
    """Columns period_kind, year, quarter, month of a period `YYYY-MM`, `YYYY-Qn` or `YYYY`."""
    quarter = F.regexp_extract("period", "Q([1-4])$", 1)
    month = F.regexp_extract("period", "-([0-9]{2})$", 1)
    kind = F.when(quarter != "", "quarter").when(month != "", "month").otherwise("year")
    monthly = F.nullif(month, F.lit("")).cast("int")
    return frame.withColumns(
        {
            "period_kind": kind,
            "year": F.substring("period", 1, 4).cast("int"),
            "month": monthly,
            "quarter": F.coalesce(F.nullif(quarter, F.lit("")).cast("int"), F.ceil(monthly / 3).cast("int")),
        }
    )


def _email(column: str) -> Column:
    """Lower-case address; null if masked or no address at all."""
    address = F.lower(F.trim(F.col(column)))
    return F.when(address.rlike(r"^[^@\s*•]+@[^@\s*•]+$"), address)


# ── sources ──


def _resident_ids(frame: DataFrame) -> DataFrame:
    """Columns of `_declared_ids`; a malformed key stays person_id, trimmed, so that no resident is lost."""
    raw = F.col("personal_id")
    return frame.withColumns(
        {
            "id_kind": F.lit("personal_id"),
            "person_id": F.coalesce(identifiers.personal_id(raw), F.trim(raw)),
            "person_id_grade": identifiers.personal_id_grade(raw),
            "cmnd": identifiers.cmnd(F.col("old_id_number")),
            "passport": F.lit(None).cast("string"),
        }
    )


# A number, or five words: the name of a province, old or new, has at most four.
_HOME = "[0-9]|(?:[^ ]+ ){4}"


def _household(frame: DataFrame) -> DataFrame:
    """Column household_id: residents of one normalised permanent address (contract §2).

    Null where the address names no home: without a number it must have more words than the name of a province.
    """
    place = F.concat_ws("|", "address_key", F.coalesce("province34", F.lit("")))
    return frame.withColumn("household_id", F.when(F.col("address_key").rlike(_HOME), F.sha2(place, 256)))


def _registered_name() -> Column:
    """A taxpayer's name; of a household business the person's name inside it, where there is one."""
    person = F.when(F.col("taxpayer_type") == "household_business", names.person_in_text(F.col("name_registered")))
    return F.coalesce(person, "name_registered")


def _code_as_id(frame: DataFrame) -> DataFrame:
    """A tax code of 12 digits is its holder's personal id (since 1 July 2025), where no other is on file."""
    is_id = F.col("person_id").isNull() & (F.length("code") == 12)
    grade = identifiers.personal_id_grade(F.col("code"))
    return frame.withColumns(
        {
            "person_id": F.when(is_id, F.col("code")).otherwise(F.col("person_id")),
            "person_id_grade": F.when(is_id, grade).otherwise(F.col("person_id_grade")),
        }
    )


def _country() -> Column:
    """Two capital letters, whatever the case and the blanks around; Vietnam's where nothing is said (contract §1)."""
    said = F.upper(F.trim("country"))
    return F.when(said.isin(*_VIETNAM), "VN").otherwise(said)


def _codes(column: str) -> Step:
    """Columns code, code_grade of a tax code column."""
    return _add(
        lambda: {
            "code": identifiers.tax_code(F.col(column)),
            "code_grade": identifiers.tax_code_grade(F.col(column)),
        }
    )


SILVER_STEPS: dict[str, tuple[Step, ...]] = {
    "residents": (
        _resident_ids,
        _names(lambda: text.repair(F.col("full_name"))),
        _births,
        _places("permanent_address"),
        _household,
    ),
    "taxpayers": (
        _codes("tax_code"),
        _declared_ids("id_number"),
        _code_as_id,
        _add(lambda: {"name_registered": text.repair(F.col("taxpayer_name"))}),
        _names(_registered_name),
        _births,
        _places("address"),
        _add(
            lambda: {
                "is_ecommerce_code": F.coalesce(F.col("code").endswith("-888"), F.lit(False)),
                "company_key": names.company_key(F.col("name_registered")),
                "phone_norm": phones.phone(F.col("phone")),
                "phone_grade": phones.phone_grade(F.col("phone")),
                "email_norm": _email("email"),
            }
        ),
    ),
    "declarations": (_add(lambda: {"code": identifiers.tax_code(F.col("tax_code"))}), _period),
    "bank_accounts": (
        _declared_ids("holder_id_number"),
        _names(lambda: text.repair(F.col("holder_name"))),
        _add(
            lambda: {
                "account_norm": identifiers.account_number(F.col("account_number")),
                "holder_code": F.when(
                    F.col("id_kind").isin("tax_code", "personal_id"), identifiers.tax_code(F.col("holder_id_number"))
                ),
                "company_key": names.company_key(F.col("name_clean")),
                "phone_norm": phones.phone(F.col("phone")),
            }
        ),
    ),
    "bank_inflows": (_add(lambda: {"account_norm": identifiers.account_number(F.col("account_number"))}), _period),
    "telecom_subscribers": (
        _declared_ids("id_number"),
        _names(lambda: text.repair(F.col("subscriber_name"))),
        _births,
        _add(
            lambda: {
                "phone_norm": phones.phone(F.col("msisdn")),
                "phone_grade": phones.phone_grade(F.col("msisdn")),
            }
        ),
    ),
    "sellers": (
        _add(lambda: {"country": _country()}),
        _declared_ids("id_number"),
        _codes("tax_code"),
        _add(lambda: {"name_repaired": text.repair(F.col("seller_name"))}),
        _names(lambda: names.called(F.col("name_repaired"))),
        _births,
        _places("address"),
        _add(
            lambda: {
                "id_mask_prefix": identifiers.mask_prefix(F.col("id_number")),
                "id_mask_suffix": identifiers.mask_suffix(F.col("id_number")),
                "shop_name_clean": text.nfc(F.col("shop_name")),
                "company_key": names.company_key(F.col("name_clean")),
                "name_like_company": names.is_company_like(F.col("name_clean")),
                "phone_norm": phones.phone(F.col("phone")),
                "phone_mask_prefix": phones.mask_prefix(F.col("phone")),
                "phone_mask_suffix": phones.mask_suffix(F.col("phone")),
                "email_norm": _email("email"),
                "account_norm": identifiers.account_number(F.col("payout_account_number")),
            }
        ),
    ),
    "seller_sales": (_period,),
}
