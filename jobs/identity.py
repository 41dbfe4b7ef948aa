"""Whose identity a resident's shops use: declared ids and payout accounts, held against the population database."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.masking import free_name, last_four
from jobs.parties import RESIDENT
from jobs.sources import SOURCES
from matching.identifiers import is_slip

# What a shop's declared id or payout account gives away; details of the two reasons.
ID, ID_MISTYPED, ACCOUNT_OTHER, ACCOUNT_HOUSEHOLD = "id", "id_mistyped", "account_other", "account_household"
DECEASED, NOT_FOUND = "deceased", "not_found"

_SHOP = ("platform", "shop_id")
_SEPARATORS = r"[\s.\-]"
# Too many or too few digits for an id, yet more than a filler such as `0`.
_MALFORMED = "^[0-9]{7,14}$"


def declared_id_findings(shops: DataFrame, residents: DataFrame) -> DataFrame:
    """What the declared ids of the residents' shops give away.

    `id`: another's, who is not deceased · `id_mistyped`: the same, one digit or two neighbours swapped from the party's
    own · `deceased`: a deceased person's · `not_found`: no one's and no slip of the own. Ids are compared normalised, a
    CMND with a CMND; masked ids and passports give nothing.

    Columns in: those of `parties.assign_parties`, silver/residents.
    Columns out: party_key, platform, shop_id, finding, probability (1), declared and other_id (masked), other_name.
    """
    declared = _declared(shops).where(F.col("declared").isNotNull())
    own = F.coalesce(F.col("declared").isin(F.col("own_id"), F.col("own_cmnd")), F.lit(False))
    judged = declared.withColumn("own", own).where(~F.col("own") | F.col("own_deceased"))
    problem = (
        F.when(F.col("own"), DECEASED)
        .when(F.col("holder.living") & _slip_of_own(), ID_MISTYPED)
        .when(F.col("holder.living"), ID)
        .when(F.col("holder").isNotNull(), DECEASED)
        .when(~_slip_of_own(), NOT_FOUND)
    )
    return (
        judged.join(_holders(judged, residents), list(_SHOP), "left")
        .withColumn("finding", problem)
        .where(F.col("finding").isNotNull())
        .select(
            *("party_key", *_SHOP, "finding", F.lit(1.0).alias("probability")),
            last_four(F.col("declared")).alias("declared"),
            F.col("holder.full_name").alias("other_name"),
            last_four(F.col("holder.holder_id")).alias("other_id"),
        )
    )


def _declared(shops: DataFrame) -> DataFrame:
    """The residents' shops with the id they declare: 12 or 9 digits, else digits that can only be meant as one."""
    own = ("personal_id", "own_id", "own_cmnd", "own_deceased")
    declared = declared_id("id_number").alias("declared")
    return shops.where(F.col("kind") == RESIDENT).select(*_SHOP, "party_key", *own, declared)


def declared_id(column: str) -> Column:
    """The id in an id column: 12 or 9 digits, else digits that can only be meant as one; null for all other numbers.

    Columns in: the column, id_kind, person_id, cmnd (of silver).
    """
    typed = F.regexp_replace(column, _SEPARATORS, "")
    # By its kind: of a taxpayer `person_id` may be the tax code, where a CMND stands in the column.
    return (
        F.when(F.col("id_kind") == "personal_id", F.col("person_id"))
        .when(F.col("id_kind") == "cmnd", F.col("cmnd"))
        .when((F.col("id_kind") == "other") & typed.rlike(_MALFORMED), typed)
    )


def _slip_of_own() -> Column:
    """Whether the declared id is one slip of the hand from the own id or CMND."""
    declared = F.col("declared")
    slips = [F.coalesce(is_slip(declared, F.col(own)), F.lit(False)) for own in ("own_id", "own_cmnd")]
    return slips[0] | slips[1]


def _holders(judged: DataFrame, residents: DataFrame) -> DataFrame:
    """Per shop the resident who holds the declared id, other than the party: a living one first, the smallest id."""
    ids = F.array_compact(F.array(F.coalesce("person_id", "personal_id"), "cmnd"))
    living = F.coalesce(F.col("status") != "deceased", F.lit(True))
    held = residents.select(
        F.explode(ids).alias("declared"), F.col("personal_id").alias("holder_id"), "full_name", living.alias("living")
    )
    rank = F.struct(~F.col("living"), "holder_id")
    # Two are enough, of whom one may be the party. Of an id that was filled in for many there are as many holders.
    place = F.row_number().over(Window.partitionBy("declared").orderBy(rank))
    first = held.withColumn("place", place).where("place <= 2")
    return (
        judged.where(~F.col("own"))
        .select(*_SHOP, "personal_id", "declared")
        .join(first, "declared", "inner")
        .where(F.col("holder_id") != F.col("personal_id"))
        .groupBy(*_SHOP)
        .agg(F.min_by(F.struct("living", "full_name", "holder_id"), rank).alias("holder"))
    )


def account_findings(
    shops: DataFrame,
    own_code_lists: DataFrame,
    bank_accounts: DataFrame,
    holder_links: DataFrame,
    residents: DataFrame,
) -> DataFrame:
    """Payout accounts of the residents' shops that are known to be another's.

    `account_household`: of a resident of the same household · `account_other`: anyone else's, an organisation's too. An
    account on an own tax code is own.

    Columns in: those of `parties.assign_parties`, (party_key, own_code_list) of `parties.registrations`,
    silver/bank_accounts, match/holder_links, silver/residents.
    Columns out: as in `declared_id_findings`; probability is the holder link's.
    """
    paid_into = _accounts(shops, bank_accounts, holder_links).join(own_code_lists, "party_key", "left")
    own = [
        F.col("holder_personal_id") == F.col("personal_id"),
        F.array_contains("own_code_list", F.col("holder_tax_code")),
        F.array_contains("own_code_list", F.col("holder_code")),
    ]
    homes = residents.select(F.col("personal_id").alias("holder_personal_id"), "full_name", "household_id")
    same_home = F.coalesce(F.col("household_id") == F.col("own_household"), F.lit(False))
    return (
        paid_into.where(~F.greatest(*(F.coalesce(is_own, F.lit(False)) for is_own in own)))
        .join(homes, "holder_personal_id", "left")
        .select(
            *("party_key", *_SHOP, F.when(same_home, ACCOUNT_HOUSEHOLD).otherwise(ACCOUNT_OTHER).alias("finding")),
            *("probability", F.concat_ws(" ", "bank_code", last_four(F.col("account_number"))).alias("declared")),
            free_name(F.coalesce("full_name", "holder_name")).alias("other_name"),
            last_four(F.coalesce("holder_personal_id", "holder_tax_code")).alias("other_id"),
        )
    )


def _accounts(shops: DataFrame, bank_accounts: DataFrame, holder_links: DataFrame) -> DataFrame:
    """One row a resident's shop and payout account whose holder is known."""
    payouts = shops.where((F.col("kind") == RESIDENT) & F.col("account_norm").isNotNull()).select(
        *_SHOP, "party_key", "personal_id", "own_household", "bank_code", "account_norm"
    )
    accounts = bank_accounts.select(
        *("bank_code", "account_norm", "account_number", "holder_name", "holder_code"),
        SOURCES["bank_accounts"].record_key().alias("record_key"),
    )
    known = (F.col("source") == "bank_accounts") & (F.col("decision") == "link")
    holders = holder_links.where(known & F.coalesce("personal_id", "tax_code").isNotNull()).select(
        "record_key",
        F.col("personal_id").alias("holder_personal_id"),
        F.col("tax_code").alias("holder_tax_code"),
        F.coalesce("match_probability", F.lit(1.0)).alias("probability"),
    )
    return payouts.join(accounts, ["bank_code", "account_norm"], "inner").join(holders, "record_key", "inner")


def by_party(findings: DataFrame) -> DataFrame:
    """Findings gathered by party.

    Columns in: those of `findings`. Columns out: party_key, found (map: finding → best holder link), uses (array of the
    findings, sorted).
    """
    best = findings.groupBy("party_key", "finding").agg(
        F.max("probability").alias("probability"),
        F.collect_list(
            F.struct("finding", "platform", "shop_id", "declared", "other_name", "other_id", "probability")
        ).alias("uses"),
    )
    return best.groupBy("party_key").agg(
        F.map_from_entries(F.collect_list(F.struct("finding", "probability"))).alias("found"),
        F.sort_array(F.flatten(F.collect_list("uses"))).alias("uses"),
    )
