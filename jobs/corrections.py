"""Corrections: what the owner of a source should mend, held against the population database and against itself.

A record that names a person by an id is held against the residents who have that id, and against the resident whom the
night's match found for it. What contradicts is told to the owner, with a suggestion where the match is sure: an id that
is one slip from that of the right person, his number since the CMND was replaced. A name alone never is one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs import law
from jobs.identity import declared_id
from jobs.masking import last_four, short_code, tax_code
from jobs.match import MATCHED
from jobs.match.stage import Keep
from jobs.sources import SOURCES
from jobs.tables import CORRECTIONS
from matching import changes
from matching.changes import of
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


@dataclass(frozen=True)
class Since:
    """What has changed since the night whose corrections are carried on.

    Attributes:
        business_date: of that night.
        before: what its corrections were made of.
        moved: source → rows that have changed, as they are and as they were (`Tracked.moved`).
        relinked: SIMs and accounts (source, record_key) whose links may be others.
    """

    business_date: dt.date
    before: Corrected
    moved: Mapping[str, DataFrame]
    relinked: DataFrame


def find(
    inputs: Corrected,
    business_date: dt.date,
    present: Collection[str],
    keep: Keep,
    those: DataFrame | None = None,
) -> DataFrame:
    """Doubtful values, as `carry_on` asks for them.

    Args:
        inputs: what they are made of.
        business_date: the only today.
        present: sources that ever came; of the others nothing is said.
        keep: computes a frame once and gives back one whose plan begins there (a checkpoint).
        those: records (source, record_key) that are looked at; all, if None.
    """
    judged = inputs if those is None else _only(inputs, those)
    records, links = _records(judged, business_date), _links(inputs.holder_links, inputs.seller_links, those)
    people = inputs.residents if those is None else keep(_asked_for(inputs.residents, records, links))
    each = [
        _of_people(_with_people(records, links, people)),
        _of_codes(judged.sellers, inputs.taxpayers),
        _of_places(judged, business_date),
        _of_residents(judged.residents),
    ]
    return reduce(DataFrame.unionByName, each).where(F.col("source").isin(*present))


def _only(inputs: Corrected, those: DataFrame) -> Corrected:
    """The inputs with those records alone, and the links of all."""

    def rows(source: str, table: DataFrame) -> DataFrame:
        """Those of a source."""
        keys = those.where(F.col("source") == source).select("record_key")
        return of(table.withColumn("record_key", SOURCES[source].record_key()), keys, "record_key")

    return replace(inputs, **{source: rows(source, getattr(inputs, source)) for source in MATCHED})


def _asked_for(residents: DataFrame, records: DataFrame, links: DataFrame) -> DataFrame:
    """Of the residents those whom an id or a link of some records leads to. Columns in: those of `_with_people`."""
    asked = records.select(F.col("id").alias("number")).unionByName(links.select(F.col("candidate").alias("number")))
    numbers = F.explode(F.array_distinct(F.array_compact(F.array("personal_id", "person_id", "cmnd"))))
    named = residents.select("personal_id", numbers.alias("number"))
    found = of(named, asked.where("number is not null").distinct(), "number").select("personal_id").distinct()
    return of(residents, found, "personal_id")


# ── records that name a person ──


def _records(inputs: Corrected, business_date: dt.date) -> DataFrame:
    """Every record with what it says of its person.

    Columns out: source, record_key, id_field, id (digits), id_kind, name (folded, order-free; null where none is a
    person's), birth_date, active (a relation that ends with the holder's life still runs), status, province_code and
    the origin.
    """
    standing = law.statuses(business_date)
    codes = [code for code, status in standing.items() if status.standing == "active"]
    # Of a type that is not told nobody knows that it is no person's.
    person = F.coalesce(F.col("taxpayer_type").isin("individual", "household_business"), F.lit(True))
    no_organisation = ~F.col("holder_type").eqNullSafe("organisation")
    by_code = F.col("id_number").isNull()
    taxpayers = inputs.taxpayers.where(~F.col("taxpayer_type").eqNullSafe("foreign_supplier"))
    accounts, sims = inputs.bank_accounts, inputs.telecom_subscribers
    return reduce(
        DataFrame.unionByName,
        [
            taxpayers.select(
                *_origin("taxpayers"),
                F.when(by_code, "tax_code").otherwise("id_number").alias("id_field"),
                F.when(by_code, F.col("person_id")).otherwise(declared_id("id_number")).alias("id"),
                *_person(person, F.col("birth_date")),
                (person & F.col("status").isin(codes)).alias("active"),
                *("status", F.col("province34").alias("province_code")),
            ),
            accounts.select(
                *_origin("bank_accounts"),
                *(F.lit("holder_id_number").alias("id_field"), declared_id("holder_id_number").alias("id")),
                *_person(no_organisation, F.lit(None).cast("date")),
                (no_organisation & (F.col("status") != "closed")).alias("active"),
                *("status", F.lit(None).cast("string").alias("province_code")),
            ),
            sims.select(
                *_origin("telecom_subscribers"),
                *(F.lit("id_number").alias("id_field"), declared_id("id_number").alias("id")),
                *_person(F.lit(True), F.col("birth_date")),
                (F.col("status") == "active").alias("active"),
                *("status", F.lit(None).cast("string").alias("province_code")),
            ),
            inputs.sellers.where(F.col("country") == "VN").select(
                *_origin("sellers"),
                *(F.lit("id_number").alias("id_field"), declared_id("id_number").alias("id")),
                *_person(~F.col("name_like_company"), F.col("birth_date")),
                F.lit(False).alias("active"),
                *("status", F.col("province34").alias("province_code")),
            ),
        ],
    )


def _named(source: str) -> list[Column]:
    return [F.lit(source).alias("source"), SOURCES[source].record_key().alias("record_key")]


def _origin(source: str) -> list[Column]:
    return [
        *_named(source),
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


def _links(holder_links: DataFrame, seller_links: DataFrame, those: DataFrame | None = None) -> DataFrame:
    """The best candidate of each record, or of those.

    Columns out: source, record_key, candidate (a resident), linked, probability.
    """
    # Of equally likely ones the same on every night.
    rank = F.max(F.struct("match_probability", "personal_id", "decision"))
    best = of(holder_links, those, *_KEY).groupBy(*_KEY).agg(rank.alias("best")).select(*_KEY, "best.*")
    shops = seller_links.select(*_named("sellers"), "personal_id", "decision", "match_probability")
    return (
        best.unionByName(of(shops, those, *_KEY))
        .where(F.col("personal_id").isNotNull())
        .select(
            *_KEY,
            F.col("personal_id").alias("candidate"),
            (F.col("decision") == "link").alias("linked"),
            F.col("match_probability").alias("probability"),
        )
    )


def _number() -> Column:
    """The number that a resident is known by; his key, which is raw, may be spelt otherwise."""
    return F.coalesce("person_id", "personal_id")


def _with_people(records: DataFrame, links: DataFrame, residents: DataFrame) -> DataFrame:
    """Records with `holders`, the residents who have their id, and `candidate`, the resident found for them."""
    # A candidate is a resident by his key.
    resident = F.struct(
        *(F.col("personal_id").alias("key"), _number().alias("number"), "cmnd"),
        *(F.col("name_sorted").alias("name"), "birth_date", F.col("province34").alias("province")),
        (F.col("status") == "deceased").alias("deceased"),
    )
    people = residents.select(resident.alias("person"))
    ids = F.array_compact(F.array("person.number", "person.cmnd"))
    # An id that was filled in for many has as many holders: the first are taken before they are gathered.
    place = F.row_number().over(Window.partitionBy("id").orderBy("person"))
    first = people.select(F.explode(ids).alias("id"), "person").withColumn("place", place)
    held = (
        first.where(F.col("place") <= _HOLDERS)
        .groupBy("id")
        .agg(F.sort_array(F.collect_list("person")).alias("holders"))
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


def _status(status: Column) -> Column:
    """A status as it stands; what has not the form of one is none, and may be a number that slipped in."""
    return F.when(status.rlike("^(?:[a-z]{1,12}|[0-9]{2})$"), status).otherwise(last_four(status))


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
                *(F.lit("status"), F.lit(DECEASED), _status(F.col("status")), F.lit(None).cast("string")),
                F.col("deceased_by"),
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
        # People may have named whoever is dead: the shop bears a dead person's id all the same.
        .when(own & dead, DECEASED)
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


def _of_codes(sellers: DataFrame, taxpayers: DataFrame) -> DataFrame:
    """Tax codes that shops declare and the registry does not know."""
    declared = sellers.where((F.col("country") == "VN") & F.col("tax_code").isNotNull())
    registered = taxpayers.select("code").where("code is not null")
    unknown = declared.join(registered, "code", "left_anti")
    found = _finding(
        F.lit("tax_code"), F.lit(NOT_FOUND), tax_code(F.col("tax_code")), F.lit(None).cast("string"), F.lit(1.0)
    )
    return unknown.select(
        *_origin("sellers"),
        F.col("province34").alias("province_code"),
        F.inline(F.array(found)),
    )


def _of_places(inputs: Corrected, business_date: dt.date) -> DataFrame:
    """Province codes of before the merger, that no system has, or that the address contradicts."""
    tables = {"residents": inputs.residents, "taxpayers": inputs.taxpayers, "sellers": inputs.sellers}
    found = [_places(source, frame, business_date) for source, frame in tables.items()]
    return reduce(DataFrame.unionByName, found)


def _places(source: str, frame: DataFrame, business_date: dt.date) -> DataFrame:
    # Two digits, whether a zero was lost (`1`) or one more stands before them (`079`).
    code = F.right(F.concat(F.lit("0"), F.trim("province_code")), F.lit(2))
    merged = F.lit(business_date >= MERGED_ON)
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
        short_code(F.col("province_code")),
        F.when(unknown, by_address).when(old, by_code),
        F.when(unknown | old, 1.0).otherwise(_ONE_OF_TWO),
    )
    return placed.where(problem.isNotNull()).select(
        *_origin(source),
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
        F.when(other_year, F.concat(F.col("birth_year").cast("string"), F.lit("-**-**"))).otherwise(
            short_code(F.col("gender"))
        ),
        F.lit(None).cast("string"),
        F.lit(_ONE_OF_TWO),
    )
    apart = (F.col("person_id_grade") == "ok") & (other_year | other_sex)
    return residents.where(apart).select(
        *_origin("residents"),
        F.col("province34").alias("province_code"),
        F.inline(F.array(finding)),
    )


# ── from night to night ──


def reached(inputs: Corrected, since: Since, business_date: dt.date) -> DataFrame:
    """Records of which tonight something else may be found than then. Columns out: source, record_key.

    Those whose row or links have changed, those whom an id or a link leads to a resident whose row has, and shops that
    declare a tax code under which a registration has.
    """
    moved = since.moved
    people = moved["residents"].select("personal_id", _number().alias("number"), "cmnd")
    by_id = people.select(F.explode(F.array_compact(F.array("number", "cmnd"))).alias("id"))
    rows = [table.select(*_named(source)) for source, table in moved.items()]
    # Who trades in a shop may hold the code that it declares: a taxpayer's links can change without its being matched.
    now, then = (
        _links(each.holder_links.where("source = 'taxpayers'"), each.seller_links) for each in (inputs, since.before)
    )
    each = [
        *(*rows, since.relinked),
        of(inputs.holder_links, people, "personal_id").select(*_KEY),
        of(inputs.seller_links, people, "personal_id").select(*_named("sellers")),
        changes.differing(now, then, *_KEY),
        of(_records(inputs, business_date), by_id, "id").select(*_KEY),
        of(inputs.sellers, moved["taxpayers"], "code").select(*_named("sellers")),
    ]
    return reduce(DataFrame.unionByName, each).distinct()


def renew(previous: DataFrame, found: DataFrame, those: DataFrame, business_date: dt.date) -> DataFrame:
    """The whole table after a night that looked at those records alone: of all others what was found still holds.

    Columns in: those of `carry_on`; of `those` source, record_key. Columns out: gold/corrections.
    """
    others = previous.join(those, [*_KEY], "left_anti")
    looked_at = carry_on(of(previous, those, *_KEY), found, business_date)
    return looked_at.unionByName(still_open(others, business_date).select(*CORRECTIONS.columns))


def is_another_law(then: dt.date, business_date: dt.date) -> bool:
    """Whether what is right on the one date is doubtful on the other, whatever the rows."""
    return then < MERGED_ON <= business_date


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
