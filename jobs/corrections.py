"""Corrections: what the owner of a source should mend, held against the population database and against itself.

A record that names a person by an id is held against the residents who have that id, and against the resident whom the
night's match found for it. What contradicts is told to the owner, with a suggestion where the match is sure: an id that
is one slip from that of the right person, his number since the CMND was replaced. A name alone never is one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import law
from jobs.identity import declared_id
from jobs.masking import last_four
from jobs.tables import CORRECTIONS
from matching.identifiers import is_slip
from matching.places import province34

NOT_FOUND, OTHER_PERSON, STALE, MISTYPED = "not_found", "other_person", "stale", "mistyped"
DECEASED, INCONSISTENT = "deceased", "inconsistent"

# The 34 provinces (Resolution 202/2025/QH15): from this day on a code of the 63 is of yesterday.
MERGED_ON = dt.date(2025, 7, 1)
# Two values contradict each other, and nothing tells which of them is wrong.
_ONE_OF_TWO = 0.5
# Of the residents with one id so many are looked at.
_HOLDERS = 8

_KEY = ("source", "record_key")
_ORIGIN = ("delivery_date", "file", "row_number")
_FOUND = ("field", "problem", "value_masked", "suggestion_masked", "confidence")


@dataclass(frozen=True)
class Corrected:
    """What corrections are made of: silver tables by source, and the night's links."""

    residents: DataFrame
    taxpayers: DataFrame
    bank_accounts: DataFrame
    telecom_subscribers: DataFrame
    sellers: DataFrame
    holder_links: DataFrame
    seller_links: DataFrame


def find(inputs: Corrected, business_date: dt.date, present: Collection[str]) -> DataFrame:
    """Doubtful values, as `carry_on` asks for them.

    Args:
        inputs: what they are made of.
        business_date: the only today.
        present: sources that ever came; of the others nothing is said.
    """
    known = _with_people(_records(inputs, business_date), _links(inputs), inputs.residents)
    found = reduce(
        DataFrame.unionByName,
        [_of_people(known), _of_codes(inputs), _of_places(inputs, business_date), _of_residents(inputs.residents)],
    )
    return found.where(F.col("source").isin(*present))


# ── records that name a person ──


def _records(inputs: Corrected, business_date: dt.date) -> DataFrame:
    """Every record with what it says of its person.

    Columns out: source, record_key, id_field, id (digits), id_kind, name (folded, order-free; null where none is a
    person's), birth_date, active (a relation that ends with the holder's life still runs), status, province_code and
    the origin.
    """
    standing = law.statuses(business_date)
    codes = [code for code, status in standing.items() if status.standing == "active"]
    person = F.col("taxpayer_type").isin("individual", "household_business")
    by_code = F.col("id_number").isNull()
    taxpayers = inputs.taxpayers.where(F.col("taxpayer_type") != "foreign_supplier")
    accounts, sims = inputs.bank_accounts, inputs.telecom_subscribers
    return reduce(
        DataFrame.unionByName,
        [
            taxpayers.select(
                *_origin("taxpayers", F.col("tax_code")),
                F.when(by_code, "tax_code").otherwise("id_number").alias("id_field"),
                F.when(by_code, F.col("person_id")).otherwise(declared_id("id_number")).alias("id"),
                *_person(person, F.col("birth_date")),
                (person & F.col("status").isin(codes)).alias("active"),
                *("status", F.col("province34").alias("province_code")),
            ),
            accounts.select(
                *_origin("bank_accounts", F.concat_ws("|", "bank_code", "account_number")),
                *(F.lit("holder_id_number").alias("id_field"), declared_id("holder_id_number").alias("id")),
                *_person(F.col("holder_type") != "organisation", F.lit(None).cast("date")),
                ((F.col("holder_type") != "organisation") & (F.col("status") != "closed")).alias("active"),
                *("status", F.lit(None).cast("string").alias("province_code")),
            ),
            sims.select(
                *_origin("telecom_subscribers", F.concat_ws("|", "msisdn", F.col("activated_on").cast("string"))),
                *(F.lit("id_number").alias("id_field"), declared_id("id_number").alias("id")),
                *_person(F.lit(True), F.col("birth_date")),
                (F.col("status") == "active").alias("active"),
                *("status", F.lit(None).cast("string").alias("province_code")),
            ),
            inputs.sellers.where(F.col("country") == "VN").select(
                *_origin("sellers", F.concat_ws("|", "platform", "shop_id")),
                *(F.lit("id_number").alias("id_field"), declared_id("id_number").alias("id")),
                *_person(~F.col("name_like_company"), F.col("birth_date")),
                F.lit(False).alias("active"),
                *("status", F.col("province34").alias("province_code")),
            ),
        ],
    )


def _origin(source: str, key: Column) -> list[Column]:
    return [
        F.lit(source).alias("source"),
        key.alias("record_key"),
        F.col("_delivery_date").alias("delivery_date"),
        F.col("_file").alias("file"),
        F.col("_row_number").alias("row_number"),
    ]


def _person(is_person: Column, birth_date: Column) -> list[Column]:
    person = F.coalesce(is_person, F.lit(True))
    return [
        F.col("id_kind"),
        F.when(person & F.col("name_like_person"), F.col("name_sorted")).alias("name"),
        F.when(person, birth_date).alias("birth_date"),
    ]


def _links(inputs: Corrected) -> DataFrame:
    """The best candidate of each record: source, record_key, candidate (a resident), linked, probability."""
    # Of equally likely ones the same on every night.
    rank = F.max(F.struct("match_probability", "personal_id", "decision"))
    best = inputs.holder_links.groupBy(*_KEY).agg(rank.alias("best")).select(*_KEY, "best.*")
    shops = inputs.seller_links.select(
        F.lit("sellers").alias("source"),
        F.concat_ws("|", "platform", "shop_id").alias("record_key"),
        *("personal_id", "decision", "match_probability"),
    )
    return (
        best.unionByName(shops)
        .where(F.col("personal_id").isNotNull())
        .select(
            *_KEY,
            F.col("personal_id").alias("candidate"),
            (F.col("decision") == "link").alias("linked"),
            F.col("match_probability").alias("probability"),
        )
    )


def _with_people(records: DataFrame, links: DataFrame, residents: DataFrame) -> DataFrame:
    """Records with `holders`, the residents who have their id, and `candidate`, the resident found for them."""
    # A candidate is a resident by his key; the number that he is held by may be spelt otherwise.
    resident = F.struct(
        *(F.col("personal_id").alias("key"), F.coalesce("person_id", "personal_id").alias("number"), "cmnd"),
        *(F.col("name_sorted").alias("name"), "birth_date", F.col("province34").alias("province")),
        (F.col("status") == "deceased").alias("deceased"),
    )
    people = residents.select(resident.alias("person"))
    ids = F.array_compact(F.array("person.number", "person.cmnd"))
    held = (
        people.select(F.explode(ids).alias("id"), "person")
        .groupBy("id")
        .agg(F.slice(F.sort_array(F.collect_list("person")), 1, _HOLDERS).alias("holders"))
    )
    candidates = people.select(F.col("person.key").alias("candidate"), "person")
    return (
        records.join(links, [*_KEY], "left")
        .join(candidates, "candidate", "left")
        .join(held, "id", "left")
        .withColumns(
            {
                "linked": F.coalesce("linked", F.lit(False)),
                "province_code": F.coalesce("province_code", F.when(F.col("linked"), F.col("person.province"))),
            }
        )
    )


def _of_people(known: DataFrame) -> DataFrame:
    """What ids, birth dates and the deaths of their holders say.

    Columns in: those of `_with_people`; out: source, record_key, province_code, the origin and `_FOUND`.
    """
    problem, suggestion, confidence = _id_verdict()
    judged = known.withColumns(
        {"problem": problem, "suggestion": suggestion, "sure": confidence, "deceased_by": _deceased()}
    )
    own = F.col("linked") & _is_of(F.col("person"))
    birth, right = F.col("birth_date"), F.col("person.birth_date")
    findings = F.array(
        F.when(
            F.col("problem").isNotNull(),
            _finding(
                F.col("id_field"),
                F.col("problem"),
                _slipped(F.col("id"), F.col("suggestion")),
                _slipped(F.col("suggestion"), F.col("id")),
                F.col("sure"),
            ),
        ),
        F.when(
            F.col("active") & F.col("deceased_by").isNotNull(),
            _finding(
                F.lit("status"), F.lit(DECEASED), F.col("status"), F.lit(None).cast("string"), F.col("deceased_by")
            ),
        ),
        F.when(
            own & (birth != right),
            _finding(
                F.lit("date_of_birth"),
                F.lit(INCONSISTENT),
                _differing(birth, right),
                _differing(right, birth),
                F.col("probability"),
            ),
        ),
    )
    found = judged.select(*_KEY, "province_code", *_ORIGIN, F.inline(F.array_compact(findings)))
    return found.select(*_KEY, "province_code", *_ORIGIN, *_FOUND)


def _finding(field: Column, problem: Column, value: Column, suggestion: Column, confidence: Column) -> Column:
    values = (field, problem, value, suggestion, confidence)
    return F.struct(*(column.alias(name) for column, name in zip(values, _FOUND, strict=True)))


def _id_verdict() -> tuple[Column, Column, Column]:
    """Problem, suggestion and confidence of the declared id; nulls where nothing is wrong.

    The confidence is that of the suggestion, where there is one, else that of the value being wrong.
    """
    linked, person, number = F.col("linked"), F.col("person"), F.col("id")
    own = linked & _is_of(person)
    slip = linked & F.coalesce(is_slip(number, person["number"]) | is_slip(number, person["cmnd"]), F.lit(False))
    nobody = F.coalesce(F.size("holders") < 1, F.lit(True))
    strangers = F.forall("holders", _contradicts)
    dead = (F.col("source") == "sellers") & F.forall("holders", lambda holder: holder["deceased"])
    problem = (
        F.when(number.isNull(), None)
        .when(own & (F.col("id_kind") == "cmnd"), STALE)
        .when(own, None)
        .when(slip, MISTYPED)
        .when(nobody, NOT_FOUND)
        .when(linked | strangers, OTHER_PERSON)
        .when(dead, DECEASED)
    )
    right = (F.col("name") == person["name"]) & F.coalesce(F.col("birth_date") == person["birth_date"], F.lit(True))
    suggestion = F.when(problem.isin(STALE, MISTYPED) & right, person["number"])
    # Of an id that no one has the value is wrong whoever may be meant.
    doubt = F.when(linked, F.col("probability")).when(
        F.exists("holders", lambda holder: holder["key"] == F.col("candidate")), 1 - F.col("probability")
    )
    sure = F.when(suggestion.isNull() & problem.isin(NOT_FOUND, DECEASED), 1.0).otherwise(F.coalesce(doubt, F.lit(1.0)))
    return problem, suggestion, sure


def _is_of(person: Column) -> Column:
    number = F.col("id")
    return F.coalesce((number == person["number"]) | (number == person["cmnd"]), F.lit(False))


def _contradicts(holder: Column) -> Column:
    """Whether the record's name or full birth date is another than the holder's."""
    name, birth = F.col("name") != holder["name"], F.col("birth_date") != holder["birth_date"]
    return F.coalesce(name, F.lit(False)) | F.coalesce(birth, F.lit(False))


def _deceased() -> Column:
    """How sure it is that the record is of a person who has died; null where it is not."""
    likely = F.col("person.deceased") & F.col("probability").isNotNull()
    return F.when(likely & (F.col("linked") | _is_of(F.col("person"))), F.col("probability"))


def _slipped(number: Column, other: Column) -> Column:
    """A number by its last four digits; of two that are one slip apart the digits that differ are shown too."""
    place = F.sequence(F.lit(1), F.length(number))
    shown = F.transform(
        place,
        lambda at: F.when(
            (at > F.length(number) - 4) | (F.substring(number, at, F.lit(1)) != F.substring(other, at, F.lit(1))),
            F.substring(number, at, F.lit(1)),
        ).otherwise("*"),
    )
    slip = (F.length(number) == F.length(other)) & is_slip(number, other)
    return F.when(slip, F.array_join(shown, "")).otherwise(last_four(number))


def _differing(date: Column, other: Column) -> Column:
    """A date of which only the parts show that another one does not share: `****-05-03`."""
    parts = [("yyyy", "****"), ("MM", "**"), ("dd", "**")]
    shown = [F.date_format(date, part) for part, _ in parts]
    return F.concat_ws(
        "-",
        *(
            F.when(F.date_format(other, part) == mine, F.lit(mask)).otherwise(mine)
            for mine, (part, mask) in zip(shown, parts, strict=True)
        ),
    )


# ── codes and places ──


def _of_codes(inputs: Corrected) -> DataFrame:
    """Tax codes that shops declare and the registry does not know."""
    declared = inputs.sellers.where((F.col("country") == "VN") & F.col("tax_code").isNotNull())
    registered = inputs.taxpayers.select("code").where("code is not null")
    unknown = declared.join(registered, "code", "left_anti")
    found = _finding(
        F.lit("tax_code"), F.lit(NOT_FOUND), last_four(F.col("tax_code")), F.lit(None).cast("string"), F.lit(1.0)
    )
    return unknown.select(
        *_origin("sellers", F.concat_ws("|", "platform", "shop_id")),
        F.col("province34").alias("province_code"),
        F.inline(F.array(found)),
    )


def _of_places(inputs: Corrected, business_date: dt.date) -> DataFrame:
    """Province codes of before the merger, that no system has, or that the address contradicts."""
    tables = [
        ("residents", inputs.residents, F.col("personal_id")),
        ("taxpayers", inputs.taxpayers, F.col("tax_code")),
        ("sellers", inputs.sellers, F.concat_ws("|", "platform", "shop_id")),
    ]
    found = [_places(source, frame, key, business_date) for source, frame, key in tables]
    return reduce(DataFrame.unionByName, found)


def _places(source: str, frame: DataFrame, key: Column, business_date: dt.date) -> DataFrame:
    code, merged = F.lpad(F.trim("province_code"), 2, "0"), F.lit(business_date >= MERGED_ON)
    by_code, by_address = F.col("by_code"), F.col("address_province")
    placed = frame.where(F.col("province_code").isNotNull()).withColumn(
        "by_code", province34(F.col("province_code"), F.col("province_code_version"))
    )
    unknown, apart = by_code.isNull(), F.coalesce(by_address != by_code, F.lit(False))
    old = merged & (F.col("province_code_version") == "63") & (by_code != code) & ~apart
    problem = F.when(unknown | apart, INCONSISTENT).when(old, STALE)
    finding = _finding(
        F.lit("province_code"),
        problem,
        F.col("province_code"),
        F.when(unknown, by_address).when(old, by_code),
        F.when(unknown | old, 1.0).otherwise(_ONE_OF_TWO),
    )
    return placed.where(problem.isNotNull()).select(
        *_origin(source, key),
        F.coalesce("by_code", "address_province").alias("province_code"),
        F.inline(F.array(finding)),
    )


def _of_residents(residents: DataFrame) -> DataFrame:
    """Residents whose number tells another sex or year of birth than their row (Decree 137/2015/ND-CP art. 13)."""
    number = F.col("person_id")
    century = F.substring(number, 4, 1).cast("int")
    year = 1900 + 100 * F.floor(century / 2) + F.substring(number, 5, 2).cast("int")
    other_year = F.coalesce(F.col("birth_year") != year, F.lit(False))
    other_sex = F.coalesce(F.col("gender") != F.when(century % 2 == 0, "M").otherwise("F"), F.lit(False))
    finding = _finding(
        F.when(other_year, "date_of_birth").otherwise("gender"),
        F.lit(INCONSISTENT),
        F.when(other_year, F.concat(F.col("birth_year").cast("string"), F.lit("-**-**"))).otherwise(F.col("gender")),
        F.lit(None).cast("string"),
        F.lit(_ONE_OF_TWO),
    )
    apart = (F.col("person_id_grade") == "ok") & (other_year | other_sex)
    return residents.where(apart).select(
        *_origin("residents", F.col("personal_id")),
        F.col("province34").alias("province_code"),
        F.inline(F.array(finding)),
    )


# ── from night to night ──


def still_open(previous: DataFrame, business_date: dt.date) -> DataFrame:
    """The whole table after a night that finds what the one before did. Columns in and out: gold/corrections."""
    seen = F.when(F.col("status") == "open", F.lit(business_date)).otherwise(F.col("business_date"))
    return previous.withColumn("business_date", seen)


def carry_on(previous: DataFrame, found: DataFrame, business_date: dt.date) -> DataFrame:
    """The whole table after the night: what is found is open, what was open and is not found any more is mended.

    Columns in: gold/corrections; source, record_key, province_code, the origin and `_FOUND`. Columns out:
    gold/corrections. A value that is doubtful again after it was mended keeps the day on which it was first seen.
    """
    key = [*_KEY, "field"]
    values = [name for name in CORRECTIONS.columns if name not in (*key, "business_date", "first_seen_on", "status")]
    was = previous.select(*key, F.struct(*CORRECTIONS.columns).alias("was"))
    now = found.select(*key, F.struct(*values).alias("now"))
    both, holds = now.join(was, key, "full_outer"), F.col("now").isNotNull()
    closed = ~holds & (F.col("was.status") == "mended")
    columns = {
        "business_date": F.when(closed, F.col("was.business_date")).otherwise(F.lit(business_date)),
        "first_seen_on": F.coalesce("was.first_seen_on", F.lit(business_date)),
        "status": F.when(holds, "open").otherwise("mended"),
        **{name: F.when(holds, F.col(f"now.{name}")).otherwise(F.col(f"was.{name}")) for name in values},
    }
    return both.select(*key, *(column.alias(name) for name, column in columns.items())).select(*CORRECTIONS.columns)
