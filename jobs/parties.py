"""Who trades: every shop in exactly one party, the party's own registrations, its standing in each judged tax year."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.law import Status, YearLaw, by_year
from jobs.match.subjects import of_organisation
from jobs.revenue import MONEY, money, tax_by_rates, total
from jobs.sources import CATEGORIES
from matching.identifiers import tax_code_root

# What a party is known by; a party by its code becomes `organisation` once the registry says so.
RESIDENT, CODE, ORGANISATION, FOREIGN, UNRESOLVED = "resident", "code", "organisation", "foreign", "unresolved"

_SUMS = ("revenue_vnd", "withheld_vnd", "due_vnd", "due_untaxed_vnd", *(f"net_{name}" for name in CATEGORIES))
_SHOP = ("platform", "shop_id")
# Five letters and digits or more, a digit among them, not one character alone.
_PAPER = "^(?=.*[0-9])(?!(.)\\1*$).{5,}$"


def keyed_hash(key: str, *fields: Column) -> Column:
    """Keyed hash of some fields, 32 hexadecimal digits: the same every night; without the key no way back to a person.

    An envelope as in HMAC-SHA256. Plans hold two keys derived from the secret, never the secret.
    """
    inner, outer = (F.lit(hashlib.sha256(f"{part}\x1f{key}".encode()).digest()) for part in ("inner", "outer"))
    message = F.concat_ws("\x1f", *(F.coalesce(field.cast("string"), F.lit("")) for field in fields)).cast("binary")
    digest = F.unhex(F.sha2(F.concat(inner, message), 256))
    return F.left(F.sha2(F.concat(outer, digest), 256), F.lit(32))


def assign_parties(sellers: DataFrame, seller_links: DataFrame, residents: DataFrame, key: str) -> DataFrame:
    """Every shop with its party.

    A shop abroad is a party of its own, so is one without a link (none, or in review); the others belong to the
    resident or to the code that they are linked with.

    Columns in: silver/sellers, match/seller_links, silver/residents.
    Columns out: platform, shop_id, party_key, kind (`resident`, `code`, `foreign`, `unresolved`), personal_id,
    tax_code, decision, match_type, match_probability; the shop's shop_name, seller_name, country, province34 and what
    it declares (`_DECLARED`); the resident's full_name, own_id, own_cmnd, own_deceased, own_household, home_province.
    """
    links = seller_links.select(
        *(*_SHOP, "personal_id", F.col("tax_code").alias("link_code"), "decision", "match_type", "match_probability")
    )
    shop = sellers.select(*_SHOP, "country", "shop_name", "seller_name", "province34", *_declared_columns())
    linked = shop.join(links, list(_SHOP), "left").withColumn("kind", _kind())
    return (
        linked.withColumn("personal_id", F.when(F.col("kind") == RESIDENT, F.col("personal_id")))
        .join(_people(residents), "personal_id", "left")
        .select(
            *(*_SHOP, party_key(key, F.col("kind"), F.col("link_code")).alias("party_key"), "kind", "personal_id"),
            F.when(F.col("kind") == CODE, F.col("link_code")).alias("tax_code"),
            *(F.coalesce(name, F.lit("none")).alias(name) for name in ("decision", "match_type")),
            *("match_probability", "shop_name", "seller_name", "country", "province34", *_DECLARED, *_PERSON),
        )
    )


# What a shop declares of itself, and what the population database knows of the resident who trades there.
_DECLARED = ("id_kind", "id_number", "person_id", "cmnd", "passport", "declared_code", "bank_code", "account_norm")
_PERSON = ("full_name", "own_id", "own_cmnd", "own_deceased", "own_household", "home_province")


def _declared_columns() -> list[Column]:
    renamed = {"declared_code": F.coalesce("code", "tax_code"), "bank_code": F.col("payout_bank_code")}
    return [renamed.get(name, F.col(name)).alias(name) for name in _DECLARED]


def _people(residents: DataFrame) -> DataFrame:
    return residents.select(
        *("personal_id", "full_name", F.coalesce("person_id", "personal_id").alias("own_id")),
        *(F.col("cmnd").alias("own_cmnd"), (F.col("status") == "deceased").alias("own_deceased")),
        *(F.col("household_id").alias("own_household"), F.col("province34").alias("home_province")),
    )


def _kind() -> Column:
    linked = F.col("decision") == "link"
    return (
        F.when(F.col("country") != "VN", FOREIGN)
        .when(linked & F.col("personal_id").isNotNull(), RESIDENT)
        .when(linked & F.col("link_code").isNotNull(), CODE)
        .otherwise(UNRESOLVED)
    )


def party_key(key: str, kind: Column, code: Column) -> Column:
    """Key of the party of a shop that belongs to a resident or to a code; any other shop is a party of its own.

    Columns in: platform, shop_id, personal_id.

    Args:
        key: secret of the keys.
        kind: `resident`, `code`, or any other or none.
        code: the tax code of a party by its code.
    """
    of_shop = keyed_hash(key, F.lit("shop"), F.col("platform"), F.col("shop_id"))
    return (
        F.when(kind == RESIDENT, keyed_hash(key, F.lit(RESIDENT), F.col("personal_id")))
        .when(kind == CODE, keyed_hash(key, F.lit(CODE), code))
        .otherwise(of_shop)
    )


def own_codes(
    shops: DataFrame, taxpayers: DataFrame, holder_links: DataFrame, standings: Mapping[str, Status]
) -> DataFrame:
    """The tax codes of the parties: a resident's by the links of the registry, a code's by itself.

    An organisation's branches are its own. Its code is never a resident's, whoever represents it.

    Columns in: those of `assign_parties`, silver/taxpayers, match/holder_links.
    Columns out: party_key, tax_code, code (normalised), taxpayer_type, taxpayer_name, status, standing (`active`,
    `stopped`, `unmatched`, `problem`), status_label, is_business, is_ecommerce_code, held (in review), probability (of
    the holder link, 1 where the party is the code), link_evidence (JSON), of_person, is_branch (of the party that is a
    code), closed_on, province34.
    """
    known = shops.where(F.col("kind").isin(RESIDENT, CODE)).select("party_key", "personal_id", "tax_code").distinct()
    links = holder_links.where((F.col("source") == "taxpayers") & F.col("decision").isin("link", "review")).select(
        *("personal_id", F.col("record_key").alias("tax_code"), (F.col("decision") == "review").alias("held")),
        *(F.coalesce("match_probability", F.lit(1.0)).alias("probability"), F.col("evidence").alias("link_evidence")),
    )
    marks = {"of_person": F.lit(True), "is_branch": F.lit(False)}
    of_people = known.drop("tax_code").join(links, "personal_id", "inner").withColumns(marks)
    of_codes = with_branches(known.where(F.col("tax_code").isNotNull()), taxpayers).withColumns(
        {"held": F.lit(False), "probability": F.lit(1.0), "link_evidence": F.lit(None), "of_person": F.lit(False)}
    )
    organisation_of_person = F.col("of_person") & of_organisation()
    owners = of_people.unionByName(of_codes).drop("personal_id")
    return _registered(taxpayers, standings).join(owners, "tax_code", "inner").where(~organisation_of_person)


def represented(shops: DataFrame, taxpayers: DataFrame, those: DataFrame, standings: Mapping[str, Status]) -> DataFrame:
    """Organisations that the registry has under the id or CMND of a resident: no code of its own, but worth knowing.

    Columns in: those of `assign_parties`, silver/taxpayers; of `those` party_key. Columns out: party_key, represented
    (array of structs tax_code, taxpayer_name, status_label, sorted).
    """
    papers = F.array_compact(F.array("own_id", "own_cmnd"))
    people = shops.where(F.col("kind") == RESIDENT).join(those.distinct(), "party_key", "left_semi")
    theirs = people.select("party_key", F.explode(papers).alias("paper")).distinct()
    shown = F.struct("tax_code", registered_name().alias("taxpayer_name"), _label(standings).alias("status_label"))
    paper = F.coalesce("person_id", "cmnd").alias("paper")
    organisations = taxpayers.where(of_organisation()).select(paper, shown.alias("shown"))
    found = theirs.join(organisations, "paper").groupBy("party_key")
    return found.agg(F.sort_array(F.collect_set("shown")).alias("represented"))


def with_branches(known: DataFrame, taxpayers: DataFrame) -> DataFrame:
    """Parties by a code with each of its codes: an organisation's branches file returns of their own (DOMAIN.md §2.3).

    Columns in: party_key, personal_id, tax_code. Columns out: the same, and is_branch (another code than the party's).
    """
    of_company = F.when(of_organisation(), tax_code_root(F.col("code")))
    companies = taxpayers.select("tax_code", of_company.alias("company")).where("company is not null")
    codes = companies.select("company", F.col("tax_code").alias("own_code"))
    named = known.join(companies, "tax_code", "left").join(codes, "company", "left")
    own = F.coalesce("own_code", "tax_code")
    return named.select(
        "party_key", "personal_id", own.alias("tax_code"), (own != F.col("tax_code")).alias("is_branch")
    )


def declaring_codes(own: DataFrame, people: DataFrame, taxpayers: DataFrame, declarations: DataFrame) -> DataFrame:
    """Codes under which what a party declares is its own, however the code is spelt there.

    Its own codes; and of those that the registry does not list its personal id, which is the tax code of a person
    since 1 July 2025 (DOMAIN.md §2.3), and any that differ from an own one in the suffix alone (`-888`, a branch),
    which is kept or dropped as people please (DOMAIN.md §7.7) - where no other party has a code of these ten digits.

    Columns in: `own` party_key, code; `people` party_key, own_id (null of a party that is no resident);
    silver/taxpayers, silver/declarations. Columns out: party_key, code.
    """
    listed = taxpayers.select(F.coalesce("code", "tax_code").alias("code"))
    declared = declarations.select(F.coalesce("code", "tax_code").alias("code")).distinct()
    unlisted = declared.join(listed, "code", "left_anti").withColumn("root", tax_code_root(F.col("code")))
    by_id = people.select("party_key", F.col("own_id").alias("code")).where("code is not null")
    parties_of = own.select("party_key", tax_code_root(F.col("code")).alias("root")).groupBy("root")
    alone = parties_of.agg(F.min("party_key").alias("party_key"), F.max("party_key").alias("other"))
    by_root = unlisted.join(alone.where("party_key = other"), "root")
    each = (
        own.select("party_key", "code"),
        by_id.join(unlisted, "code", "left_semi"),
        by_root.select("party_key", "code"),
    )
    return reduce(DataFrame.unionByName, each).distinct()


def registered_name() -> Column:
    """Name of a taxpayer, an organisation's as it can be read: the registry's may be in the letters of an old font."""
    return F.coalesce(F.when(of_organisation(), F.col("name_clean")), F.col("taxpayer_name"))


def _registered(taxpayers: DataFrame, standings: Mapping[str, Status]) -> DataFrame:
    business = F.col("taxpayer_type").isin("household_business", "organisation") | F.col("is_ecommerce_code")
    return taxpayers.select(
        "tax_code",
        F.coalesce("code", "tax_code").alias("code"),
        F.coalesce("taxpayer_type", F.lit("")).alias("taxpayer_type"),
        registered_name().alias("taxpayer_name"),
        "status",
        _of_status({code: status.standing for code, status in standings.items()}, "problem").alias("standing"),
        _label(standings).alias("status_label"),
        F.coalesce(business, F.lit(False)).alias("is_business"),
        F.coalesce("is_ecommerce_code", F.lit(False)).alias("is_ecommerce_code"),
        "closed_on",
        "province34",
    )


def _label(standings: Mapping[str, Status]) -> Column:
    return _of_status({code: status.label for code, status in standings.items()}, "")


def _of_status(values: Mapping[str, str], otherwise: str) -> Column:
    chosen = [F.when(F.col("status") == code, F.lit(value)) for code, value in sorted(values.items())]
    return F.coalesce(*chosen, F.lit(otherwise))


def registrations(codes: DataFrame) -> DataFrame:
    """One row a party that has a tax code.

    Columns in: those of `own_codes`. Columns out: party_key; own business registrations: has_business, has_active,
    has_stopped, stopped_only, has_unmatched; has_held (a business registration in review); has_code (any own code);
    own_code_list (own and held codes, raw and normalised); p_active, p_stopped (best holder link); closed_on (the
    last closing of the stopped ones, null where one of them has no date); shown: struct of the code that stands for
    the party.
    """
    business, held, standing = F.col("is_business"), F.col("held"), F.col("standing")
    # A company stands as its own code does, whatever a branch was left as.
    own = business & ~held & ~F.col("is_branch")
    active, stopped = own & (standing == "active"), own & (standing == "stopped")
    # Of a suspended one the registry names no day: then nobody knows when the last of them stopped.
    all_dated = F.bool_and(~stopped | F.col("closed_on").isNotNull())
    shown = F.struct(
        *("is_branch", _rank().alias("rank")),
        *("tax_code", "taxpayer_name", "taxpayer_type", "is_ecommerce_code", "status", "status_label", "province34"),
    )
    return codes.groupBy("party_key").agg(
        F.bool_or(own).alias("has_business"),
        F.bool_or(active).alias("has_active"),
        F.bool_or(stopped).alias("has_stopped"),
        F.bool_and(~own | stopped).alias("stopped_only"),
        F.bool_or(own & (standing == "unmatched")).alias("has_unmatched"),
        F.bool_or(business & held).alias("has_held"),
        F.bool_or(~held).alias("has_code"),
        F.array_union(F.collect_set("tax_code"), F.collect_set("code")).alias("own_code_list"),
        F.max(F.when(active, F.col("probability"))).alias("p_active"),
        F.max(F.when(stopped, F.col("probability"))).alias("p_stopped"),
        F.when(all_dated, F.max(F.when(stopped, F.col("closed_on")))).alias("closed_on"),
        F.min(F.when(~held, shown)).alias("shown"),
    )


def _rank() -> Column:
    """Smallest active business code first, else stopped, else other business, else individual."""
    return (
        F.when(~F.col("is_business"), 3)
        .when(F.col("standing") == "active", 0)
        .when(F.col("standing") == "stopped", 1)
        .otherwise(2)
    )


def shop_years(shops: DataFrame, revenue: DataFrame, laws: Sequence[YearLaw]) -> DataFrame:
    """Every shop in every judged tax year, with its revenue (0 without sales; sales without their shop are left out).

    Columns in: those of `assign_parties` and of `revenue.shop_revenue`. Columns out: both together.
    """
    years = F.explode(F.lit([law.tax_year for law in laws])).alias("tax_year")
    shop = shops.drop(*_DECLARED, *(name for name in _PERSON if name.startswith("own_")))
    joined = shop.select("*", years).join(revenue, [*_SHOP, "tax_year"], "left")
    return joined.withColumns({name: money(F.col(name)) for name in _SUMS}).fillna(0, ["uncovered_rows"])


def party_years(years: DataFrame, laws: Sequence[YearLaw]) -> DataFrame:
    """One row a party and tax year.

    Columns in: those of `shop_years`. Columns out: party_key, tax_year, kind, personal_id, link_code,
    seller_name, full_name, home_province (of one of its shops), shop_count, sums in decimal đồng, uncovered_rows,
    largest_shop_vnd, pick_up_province (of the largest shop), match_types (array), in_review, p_above and p_any: the
    greatest p such that the shops linked at p or better alone have revenue above the threshold, above 0.
    """
    probability = F.coalesce("match_probability", F.lit(1.0))
    best_first = Window.partitionBy("party_key", "tax_year").orderBy(F.desc("probability"))
    at_least = F.sum("revenue_vnd").over(best_first.rangeBetween(Window.unboundedPreceding, Window.currentRow))
    size = F.struct("revenue_vnd", "platform", "shop_id")
    return (
        years.withColumn("probability", probability)
        .withColumn("cumulated_vnd", at_least)
        .groupBy("party_key", "tax_year")
        .agg(
            F.first("kind").alias("kind"),
            F.first("personal_id").alias("personal_id"),
            F.first("tax_code").alias("link_code"),
            *(F.first(name).alias(name) for name in ("seller_name", "full_name", "home_province")),
            F.count("*").alias("shop_count"),
            *(total(F.col(name)).alias(name) for name in _SUMS),
            F.sum("uncovered_rows").alias("uncovered_rows"),
            F.max("revenue_vnd").alias("largest_shop_vnd"),
            F.max_by("province34", size).alias("pick_up_province"),
            F.sort_array(F.collect_set("match_type")).alias("match_types"),
            F.bool_or(F.col("decision") == "review").alias("in_review"),
            F.max(F.when(F.col("cumulated_vnd") > by_year(laws, _threshold), F.col("probability"))).alias("p_above"),
            F.max(F.when(F.col("cumulated_vnd") > 0, F.col("probability"))).alias("p_any"),
        )
    )


def _threshold(law: YearLaw) -> int:
    return law.threshold_vnd


def describe(years: DataFrame, registered: DataFrame, laws: Sequence[YearLaw]) -> DataFrame:
    """Party years with name, type, registration, place and estimated tax.

    Columns in: those of `party_years` and `registrations`. Columns out: the first, with kind
    settled, and tax_code, party_name, party_type, province_code, the flags of `registrations` (false without a code),
    threshold_vnd, above (revenue above it), estimated_vnd (decimal; null for organisations).
    """
    joined = years.join(registered, "party_key", "left").fillna(False, [*_FLAGS])
    settled = joined.withColumn("kind", _settled_kind())
    return settled.withColumns(
        {
            "tax_code": F.coalesce("shown.tax_code", "link_code"),
            "party_name": _party_name(),
            "party_type": _party_type(),
            "province_code": F.coalesce("home_province", "shown.province34", "pick_up_province"),
            "threshold_vnd": by_year(laws, _threshold).cast("bigint"),
            "above": F.col("revenue_vnd") > by_year(laws, _threshold),
            "estimated_vnd": _estimated(laws),
        }
    )


_FLAGS = ("has_business", "has_active", "has_stopped", "stopped_only", "has_unmatched", "has_held", "has_code")


def _settled_kind() -> Column:
    is_organisation = (F.col("shown.taxpayer_type") == ORGANISATION) & ~F.col("shown.is_ecommerce_code")
    return F.when((F.col("kind") == CODE) & is_organisation, ORGANISATION).otherwise(F.col("kind"))


def _party_name() -> Column:
    return (
        F.when(F.col("kind") == RESIDENT, F.col("full_name"))
        .when(F.col("kind").isin(CODE, ORGANISATION), F.col("shown.taxpayer_name"))
        .when(F.col("kind") == FOREIGN, F.col("seller_name"))
    )


def _party_type() -> Column:
    registered_person = (F.col("kind") == RESIDENT) & F.col("has_business")
    return (
        F.when(registered_person | (F.col("kind") == CODE), "household_business")
        .when(F.col("kind") == RESIDENT, "individual")
        .otherwise(F.col("kind"))
    )


def _estimated(laws: Sequence[YearLaw]) -> Column:
    return (
        F.when(F.col("kind") == FOREIGN, tax_by_rates(laws, "non_resident"))
        .when(F.col("kind") != ORGANISATION, tax_by_rates(laws, "resident"))
        .cast(MONEY)
    )


def tax_status() -> Column:
    """The first tax status that holds, of a row of `describe` (contract §2, Parties)."""
    bound_passed = F.when(F.col("kind") == ORGANISATION, F.col("revenue_vnd") > 0).otherwise(F.col("above"))
    return (
        F.when(F.col("kind").isin(FOREIGN, UNRESOLVED), F.col("kind"))
        .when(F.col("has_active"), "registered_active")
        .when(F.col("has_business") & F.col("stopped_only") & bound_passed, "stopped_selling")
        .when(F.col("has_unmatched") | F.col("has_held"), "registered_unmatched")
        .when(F.col("has_business"), "address_problem")
        .when(~F.col("above"), "below_threshold")
        .when(F.col("uncovered_rows") == 0, "fully_withheld")
        .otherwise("unregistered")
    )


def suppliers(shops: DataFrame, taxpayers: DataFrame, standings: Mapping[str, Status]) -> DataFrame:
    """Foreign shops whose declared tax code or id is a registered foreign supplier's (its id_number is the passport).

    Columns in: those of `assign_parties`, silver/taxpayers.
    Columns out: party_key, of every foreign shop; country, declared_code, declared_paper; supplier_active (any of them
    active), supplier_status and supplier_code (of an active one first, then of the smallest code; null where none is
    registered).
    """
    active = [code for code, status in standings.items() if status.standing == "active"]
    registered = taxpayers.where(F.col("taxpayer_type") == "foreign_supplier").select(
        F.explode(_supplier_keys(F.coalesce("code", "tax_code"))).alias("declared"),
        F.col("tax_code").alias("supplier_code"),
        F.col("status").alias("supplier_status"),
        F.coalesce(F.col("status").isin(active), F.lit(False)).alias("supplier_active"),
    )
    # Of a paper that hits nobody there is none: nulls inside of a struct would come first.
    best = F.when(F.col("supplier_code").isNotNull(), F.struct(~F.col("supplier_active"), "supplier_code"))
    abroad = shops.where(F.col("kind") == FOREIGN)
    paper = F.coalesce("passport", "id_number").alias("declared_paper")
    keys = F.explode_outer(_supplier_keys(F.col("declared_code"))).alias("declared")
    return (
        abroad.select("party_key", "country", "declared_code", paper, keys)
        .join(registered, "declared", "left")
        .groupBy("party_key")
        .agg(
            *(F.first(name).alias(name) for name in ("country", "declared_code", "declared_paper")),
            F.coalesce(F.bool_or("supplier_active"), F.lit(False)).alias("supplier_active"),
            F.min_by("supplier_status", best).alias("supplier_status"),
            F.min_by("supplier_code", best).alias("supplier_code"),
        )
    )


def _supplier_keys(code: Column) -> Column:
    """What a supplier is looked up by: kind and text of its tax code and of its id, letters and digits only."""

    def key(kind: str, text: Column) -> Column:
        """Kind and plain text of one paper; null where it can be none: `N/A`, `0`, one character again and again."""
        plain = F.regexp_replace(F.upper(text), "[^0-9A-Z]", "")
        return F.when(plain.rlike(_PAPER), F.concat_ws("|", F.lit(kind), plain))

    return F.array_compact(F.array(key("code", code), key("id", F.coalesce("passport", "id_number"))))
