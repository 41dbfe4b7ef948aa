"""Whose each SIM, tax code and account is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.match.stage import Stage, asked_of, first
from jobs.match.subjects import changed_ids, holders_of_ids, of_organisation, of_person, trades_by_code
from jobs.sources import SOURCES
from jobs.tables import HOLDER_LINKS
from matching import changes, evidence, records
from matching.changes import Tracked, of
from matching.identifiers import tax_code_root
from matching.levels import ORGANISATION
from matching.resolve import decision


@dataclass(frozen=True)
class Holders:
    """SIMs, taxpayers and accounts with whom they were linked to."""

    sims: Tracked
    taxpayers: Tracked
    accounts: Tracked

    def all(self) -> tuple[Tracked, Tracked, Tracked]:
        """One after another."""
        return self.sims, self.taxpayers, self.accounts


def sims(stage: Stage) -> Tracked:
    """SIMs and the residents they are linked to; columns of `_links`."""
    table = stage.records("telecom_subscribers")
    those = stage.doubtful(table, {"id": F.array(records.id_key())}, lambda: [changed_ids(stage)])
    details = ("phone_norm", "activated_on", "status", "updated_at")
    asked = _based(stage, stage.rows(table, those), F.lit(records.RESIDENT), details)
    return _links(stage, "sim", those, asked, details)


def taxpayers(stage: Stage, sims: Tracked) -> Tracked:
    """Registrations of persons and the residents they are linked to; columns of `_links`."""
    table = stage.records("taxpayers").mapped(lambda all_: all_.where(of_person()))
    asks = {"id": F.array(records.id_key()), "phone": F.array("phone_norm")}
    those = stage.doubtful(table, asks, lambda: [changed_ids(stage), changed_numbers(stage, sims)])
    details = ("code", "phone_norm", "email_norm")
    rows = stage.rows(table, those)
    asked = _based(stage, rows, F.lit(records.RESIDENT), details)
    asked = records.relate(asked, "sim", _subscriber_now(stage, rows, sims))
    return _links(stage, "taxpayer", those, asked, details)


def accounts(stage: Stage, sims: Tracked, taxpayers: Tracked) -> Tracked:
    """Accounts and the residents and organisations they are linked to; columns of `_links`."""
    table = stage.records("bank_accounts")
    asks = {"id": F.array(records.id_key()), "phone": F.array("phone_norm"), "code": code_keys(F.col("holder_code"))}
    those = stage.doubtful(
        table,
        asks,
        lambda: [changed_ids(stage), changed_numbers(stage, sims), changed_codes(stage, taxpayers)],
    )
    rows = stage.rows(table, those)
    kind = F.when(F.col("holder_type") == "organisation", ORGANISATION).otherwise(records.RESIDENT)
    details = ("bank_code", "account_norm", "phone_norm")
    asked = _based(stage, rows, kind, details)
    asked = records.relate(asked, "sim", _subscriber_now(stage, rows, sims))
    held = rows.select("record", F.col("holder_code").alias("key")).where(F.col("key").isNotNull())
    owners = codes(stage, taxpayers.now, held, is_part=those is not None)
    asked = records.relate(asked, "code", held.join(owners, "key", "left").select("record", "holder"))
    return _links(stage, "account", those, asked, details)


def _based(stage: Stage, rows: DataFrame, kind: Column, details: Sequence[str]) -> DataFrame:
    return records.base(rows, kind, holders_of_ids(stage, rows), *details)


def _links(stage: Stage, kind: str, those: DataFrame | None, rows: DataFrame, details: Sequence[str]) -> Tracked:
    """Every record with its candidates that stay possible, the best one first; one row of nulls where there is none.

    `rows` are the records, or those that may not be what they were.

    Columns out: record, details (columns of `rows`), place, decision, probability, match_type, evidence; subject and
    household of links; possible (the candidate).
    """
    subjects = stage.people_and_organisations()
    asked = stage.memory.tracked(asked_of(kind), "record", those, records.complete(rows, kind))
    touched = stage.touched(kind, asked, subjects)
    again = stage.rows(asked, touched)
    found = stage.resolve(kind, again, subjects.now, are_few=touched is not None)
    stage.leave_blocks(kind, found)
    settings = stage.settings
    verdict = decision(F.col("probability"), settings.link_threshold, settings.holder_review_threshold)
    for_people = evidence.rests_on_name_and_birth(found.parameters)
    verdict = F.when(for_people & (verdict == "link"), "review").otherwise(verdict)
    scored = found.scored.select(
        *("record", "place", "probability"),
        verdict.alias("decision"),
        F.col("subject").alias("possible"),
        F.when(verdict == "link", F.col("subject")).alias("subject"),
        F.when(verdict == "link", F.col("household")).alias("household"),
        evidence.match_type(found.parameters).alias("match_type"),
        evidence.level_names(found.parameters).alias("evidence"),
    )
    kept = again.select("record", *details).join(scored.where("decision != 'none'"), "record", "left")
    nobody = F.col("decision").isNull()
    links = kept.withColumns(
        {
            "decision": F.when(nobody, "none").otherwise(F.col("decision")),
            "match_type": F.when(nobody, "none").otherwise(F.col("match_type")),
            "place": F.coalesce("place", F.lit(1)),
        }
    )
    return stage.memory.tracked(kind, "record", touched, links)


def holder_rows(source: str, links: DataFrame) -> DataFrame:
    """Rows of `match/holder_links`, one for each of `links`."""
    who = F.col("possible")
    return links.select(
        F.lit(source).alias("source"),
        F.col("record").alias("record_key"),
        number(who, "R:").alias("personal_id"),
        number(who, "T:").alias("tax_code"),
        "match_type",
        F.col("probability").alias("match_probability"),
        "decision",
        "evidence",
    ).select(*HOLDER_LINKS.columns)


def number(subject: Column, kind: str) -> Column:
    """Personal id of a resident (`R:`) or tax code of a registration (`T:`); null for a subject of another kind."""
    return F.when(subject.startswith(kind), F.substring(subject, 3, 100))


def taxpayer_holders(taxpayers: DataFrame, shops: DataFrame, sellers: DataFrame) -> DataFrame:
    """Rows of `match/holder_links` of taxpayers: every candidate that stays possible, one row of nulls where none does.

    The registry may lack the holder's id and have the name wrong: who trades in a shop that declares the code may well
    be the holder, and must not be accused of having none. Such a resident is a candidate more, in review.

    Columns in: those of `_links` and code; of `shops` those of `match/seller_links`; of `sellers` platform, shop_id,
    code.
    """
    linked = taxpayers.where("decision = 'link'").select("record")
    unheld = taxpayers.join(linked, "record", "left_anti").select(
        "record", tax_code_root(F.col("code")).alias("key"), F.col("possible").alias("subject")
    )
    traders = shops.where("decision = 'link' and personal_id is not null").join(sellers, ["platform", "shop_id"])
    declared = traders.select(
        tax_code_root(F.col("code")).alias("key"),
        records.by_personal_id(F.col("personal_id")).alias("subject"),
        F.col("match_probability").alias("probability"),
        SOURCES["sellers"].record_key().alias("by"),
    )
    claims = records.claimants(unheld, declared).select(
        "record",
        "probability",
        F.lit("review").alias("decision"),
        F.col("subject").alias("possible"),
        F.lit("tax_code").alias("match_type"),
        F.to_json(F.struct(F.col("by").alias("Gian hàng khai mã số này"))).alias("evidence"),
    )
    nobody = claims.select("record", F.lit("none").alias("decision"))
    known = taxpayers.join(nobody, ["record", "decision"], "left_anti")
    return holder_rows("taxpayers", known.select(*claims.columns).unionByName(claims))


# ── directories ──


def _subscriber_now(stage: Stage, asked: DataFrame, sims: Tracked) -> DataFrame:
    return records.subscriber(asked, first(sims.now), F.lit(stage.business_date), active_only=True)


def changed_numbers(stage: Stage, sims: Tracked) -> DataFrame:
    """Numbers whose subscriber may be another: of SIMs that changed, or became their next subscriber's since."""
    table, number = stage.silver["telecom_subscribers"].now, F.col("phone_norm")
    activated = table.where(activated_since(stage.since, stage.business_date))
    return changes.keys("phone", (sims.changed, number), (activated, number))


def activated_since(then: dt.date | None, until: dt.date) -> Column:
    """Whether a number became its next subscriber's: on the day of the activation, which may lie ahead of its row."""
    return (F.col("activated_on") > F.lit(then)) & (F.col("activated_on") <= F.lit(until))


def code_keys(code: Column) -> Column:
    """Keys under which the holder of a tax code is looked up: itself, and the taxpayer's whose branch it is."""
    return F.array(code, tax_code_root(code))


def codes(stage: Stage, taxpayers: DataFrame, asked: DataFrame, *, is_part: bool) -> DataFrame:
    """Whose a tax code is: the person of an individual or household business, the organisation.

    Or the business by its code. A branch is its company's; one that the registry does not list is its taxpayer's, whom
    it lists.

    Columns in: of `asked` key, what records ask for; `is_part`: those are not all records, and no other code matters.
    Columns out: key, holder.
    """
    registry = stage.silver["taxpayers"].now
    code, root = F.col("code"), tax_code_root(F.col("code"))
    people = first(taxpayers).select("code", "subject", "household")
    if is_part:
        keys = asked.select(F.explode(code_keys(F.col("key"))).alias("key")).distinct()
        keyed = registry.select("code", F.explode(code_keys(code)).alias("key")).join(keys, "key", "left_semi")
        asked_codes = stage.keep(keyed.select("code").distinct())
        registry, people = of(registry, asked_codes, "code"), of(people, asked_codes, "code")
    itself = _by_themselves(registry, stage.business_date)
    owners = registry.select("code").join(people, "code", "left").join(itself, "code", "left")
    named = owners.select("code", F.coalesce("subject", "itself").alias("subject"), "household").where(
        "code is not null"
    )
    exact = records.directory(named, code)
    by_root = records.directory(named, root, also_unknown=False)
    known = exact.unionByName(by_root.join(exact.select("key"), "key", "left_anti"))
    branches = asked.select("key", tax_code_root(F.col("key")).alias("root")).where("key <> root").distinct()
    unlisted = branches.join(exact.select("key"), "key", "left_anti")
    return known.unionByName(unlisted.join(known.withColumnRenamed("key", "root"), "root").select("key", "holder"))


def _by_themselves(registry: DataFrame, business_date: dt.date) -> DataFrame:
    """Organisations, a branch as its company, and businesses, as subjects. Columns out: code, itself."""
    organisation, root = of_organisation(), tax_code_root(F.col("code"))
    party = records.by_code(F.col("tax_code"))
    companies = registry.where(organisation & (F.col("code") == root)).select(
        F.col("code").alias("root"), party.alias("company")
    )
    own = registry.where(organisation | trades_by_code(business_date)).select(
        "code", F.when(organisation, root).alias("root"), party.alias("own")
    )
    return own.join(companies, "root", "left").select("code", F.coalesce("company", "own").alias("itself"))


def changed_codes(stage: Stage, taxpayers: Tracked) -> DataFrame:
    """Tax codes whose holder may be another: of registrations that changed or are held by another, and their roots."""
    keys = (F.col("code"), tax_code_root(F.col("code")))
    tables = (stage.silver["taxpayers"].changed, taxpayers.changed)
    return changes.keys("code", *((table, key) for table in tables for key in keys))
