"""Match: whose each SIM, tax code and account is, and who trades in each shop.

residents, taxpayers ─► subjects
SIMs ─► taxpayers (SIMs) ─► accounts (SIMs, codes) ─► shops (all of them) ─► shops again, informed by their sisters
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import law
from jobs.masking import free_name, last_four
from jobs.memory import Memory
from jobs.settings import MatchSettings
from jobs.tables import HOLDER_LINKS, NEAREST
from matching import candidates, evidence, records, sisters
from matching.levels import ORGANISATION
from matching.model import Parameters
from matching.resolve import Resolution, decision, resolve
from matching.subjects import frequencies, shares, statistics, with_frequencies
from matching.training import Training

Silver = Mapping[str, DataFrame]
Keep = Callable[[DataFrame], DataFrame]

# Sources that the match reads.
MATCHED = ("residents", "taxpayers", "telecom_subscribers", "bank_accounts", "sellers")

_BUSINESS = "business"
# From so many shops on an account is looked upon as one of a pool.
_SHARED_FROM = 8


@dataclass(frozen=True)
class Subjects:
    """Whoever can be found.

    Attributes:
        now: columns `levels.SUBJECT`.
        moved: how they differ from those of the last match (`candidates.moved`); None where nothing is taken over.
    """

    now: DataFrame
    moved: DataFrame | None

    def people_and_organisations(self) -> Subjects:
        """Without businesses, which are subjects only where their person is not known."""
        others = F.col("kind") != _BUSINESS
        return Subjects(self.now.where(others), None if self.moved is None else self.moved.where(others))


@dataclass(frozen=True)
class Again:
    """Records that must be resolved, and those whose answers are not taken over (`candidates.touched`; None: all)."""

    asked: DataFrame
    touched: DataFrame | None = None


def _asked(kind: str) -> str:
    return f"{kind}_asked"


@dataclass
class Stage:
    """What all steps of the night's match share, and what they have to report at its end."""

    silver: Silver
    business_date: dt.date
    settings: MatchSettings
    progress: Callable[[str], None]
    subjects: Subjects
    ids: DataFrame
    keep: Keep
    memory: Memory
    training: Training
    parameters: dict[str, Parameters] = field(default_factory=dict)
    blocking: list[DataFrame] = field(default_factory=list)

    def again(self, kind: str, asked: DataFrame, subjects: Subjects) -> Again:
        """Of the records of a kind those that the last match's answers may be wrong for."""
        were = self.memory.recall(_asked(kind), asked.schema)
        if were is None or subjects.moved is None:
            self.progress(f"match: {kind}")
            return Again(asked)
        cap = self.settings.max_block
        touched = self.keep(candidates.touched(asked, were, subjects.now, subjects.moved, kind, cap))
        self.progress(f"match: {kind}: {touched.count():,} of {asked.count():,} anew")
        return Again(asked.join(touched, "record", "left_semi"), touched)

    def answers(self, kind: str, fresh: DataFrame, again: Again) -> DataFrame:
        """Answers for all records of a kind, from those for the ones that were asked again. Columns as in `fresh`."""
        before = self.memory.recall(kind, fresh.schema)
        if before is None or again.touched is None:
            return fresh
        return fresh.unionByName(before.join(again.touched, "record", "left_anti"))

    def resolve(self, kind: str, asked: DataFrame, subjects: DataFrame, before: DataFrame | None = None) -> Resolution:
        """Resolve records of a kind; remember its parameters and what its blocking cost."""
        cap, sample = self.settings.max_block, self.settings.sample_records
        known, figures = self.training.parameters.get(kind), self.training.statistics
        found = resolve(asked, subjects, kind, figures, cap, sample, self.keep, before, known)
        self.parameters[kind] = found.parameters
        self.blocking.append(found.blocking.withColumn("model", F.lit(kind)))
        return found


@dataclass(frozen=True)
class Matched:
    """Rows of the tables of these names, lazily; seller_links comes without its dates. And what evidence weighed."""

    holder_links: DataFrame
    seller_links: DataFrame
    nearest_candidates: DataFrame
    blocking: DataFrame
    training: Training


def match(
    silver: Silver,
    business_date: dt.date,
    settings: MatchSettings,
    keep: Keep,
    progress: Callable[[str], None],
    memory: Memory,
    frozen: Training | None = None,
) -> Matched:
    """Link every SIM, taxpayer, account and shop to its party.

    Args:
        silver: source → its silver table, of the sources `MATCHED`.
        business_date: the only today.
        settings: thresholds and caps.
        keep: computes a frame once and gives back one whose plan begins there (a checkpoint).
        progress: told what is being done.
        memory: of the last match what is taken over, for the next what is left.
        frozen: what evidence weighs; estimated from these tables where it is None.
    """
    progress("match: subjects")
    known = _subjects(silver, business_date)
    if frozen is None:
        known = keep(known)
    training = frozen or Training(statistics(known), shares(known), keep(frequencies(known)), {})
    weighed = with_frequencies(known, training.frequencies, training.shares, training.statistics.subjects)
    subjects = _remembered("subjects", weighed, memory, keep)
    ids = keep(records.id_directory(subjects.now.where(F.col("kind") == records.RESIDENT)))
    stage = Stage(silver, business_date, settings, progress, subjects, ids, keep, memory, training)
    sims = _sims(stage)
    taxpayers = _taxpayers(stage, sims)
    accounts = _accounts(stage, sims, taxpayers)
    sellers = silver["sellers"].withColumn("record", F.concat_ws("|", "platform", "shop_id"))
    best = keep(_shops(stage, sellers, sims, taxpayers, accounts))
    shops = _seller_rows(sellers, best)
    holders = [
        _holder_rows("telecom_subscribers", sims.where("place = 1")),
        taxpayer_holders(taxpayers, shops, silver["sellers"].select("platform", "shop_id", "code")),
        _holder_rows("bank_accounts", accounts.where("place = 1")),
    ]
    return Matched(
        reduce(DataFrame.unionByName, holders),
        shops,
        _nearest_rows(sellers, best),
        reduce(DataFrame.unionByName, stage.blocking),
        replace(training, parameters=stage.parameters),
    )


def _subjects(silver: Silver, business_date: dt.date) -> DataFrame:
    taxpayers = silver["taxpayers"]
    known = [
        records.residents(silver["residents"]),
        records.businesses(taxpayers.where(F.col("taxpayer_type") == "organisation"), ORGANISATION),
        records.businesses(taxpayers.where(_trades_by_code(business_date)), _BUSINESS),
    ]
    return reduce(DataFrame.unionByName, known)


def _remembered(name: str, subjects: DataFrame, memory: Memory, keep: Keep) -> Subjects:
    now = memory.remember(name, subjects)
    then = memory.recall(name, now.schema)
    return Subjects(now, None if then is None else keep(candidates.moved(now, then, "subject")))


def _trades_by_code(business_date: dt.date) -> Column:
    """Business codes of persons, active or stopped: a shop may be a party by such a code (contract §2)."""
    standing = [
        code for code, status in law.statuses(business_date).items() if status.standing in ("active", "stopped")
    ]
    business = (F.col("taxpayer_type") == "household_business") | F.col("is_ecommerce_code")
    return F.col("taxpayer_type").isin("household_business", "individual") & business & F.col("status").isin(standing)


# ── holders ──


def _sims(stage: Stage) -> DataFrame:
    table = stage.silver["telecom_subscribers"]
    key = F.concat_ws("|", "msisdn", F.col("activated_on").cast("string"))
    details = ("phone_norm", "activated_on", "status", "updated_at")
    return _links(stage, "sim", records.base(table, key, F.lit(records.RESIDENT), stage.ids, *details), details)


def _taxpayers(stage: Stage, sims: DataFrame) -> DataFrame:
    table = stage.silver["taxpayers"].where(F.col("taxpayer_type").isin("individual", "household_business"))
    details = ("code", "phone_norm", "email_norm")
    asked = records.base(table, F.col("tax_code"), F.lit(records.RESIDENT), stage.ids, *details)
    phones = table.select(F.col("tax_code").alias("record"), "phone_norm")
    asked = records.relate(asked, "sim", _subscriber_now(stage, phones, sims))
    return _links(stage, "taxpayer", asked, details)


def _accounts(stage: Stage, sims: DataFrame, taxpayers: DataFrame) -> DataFrame:
    table = stage.silver["bank_accounts"]
    key = F.concat_ws("|", "bank_code", "account_number")
    kind = F.when(F.col("holder_type") == "organisation", ORGANISATION).otherwise(records.RESIDENT)
    details = ("bank_code", "account_norm", "phone_norm")
    asked = records.base(table, key, kind, stage.ids, *details)
    phones = table.select(key.alias("record"), "phone_norm")
    asked = records.relate(asked, "sim", _subscriber_now(stage, phones, sims))
    held = table.select(key.alias("record"), F.col("holder_code").alias("key")).where(F.col("key").isNotNull())
    asked = records.relate(asked, "code", held.join(_codes(stage, taxpayers), "key", "left").select("record", "holder"))
    return _links(stage, "account", asked, details)


def _links(stage: Stage, kind: str, asked: DataFrame, details: Sequence[str]) -> DataFrame:
    """Every record with its candidates that stay possible, the best one first; one row of nulls where there is none.

    Columns out: record, details (columns of `asked`), place, decision, probability, match_type, evidence; subject and
    household of links; possible (the candidate).
    """
    subjects = stage.subjects.people_and_organisations()
    again = stage.again(kind, stage.memory.remember(_asked(kind), records.complete(asked, kind)), subjects)
    found = stage.resolve(kind, again.asked, subjects.now)
    settings = stage.settings
    verdict = decision(F.col("probability"), settings.link_threshold, settings.holder_review_threshold)
    rows = found.scored.select(
        *("record", "place", "probability"),
        verdict.alias("decision"),
        F.col("subject").alias("possible"),
        F.when(verdict == "link", F.col("subject")).alias("subject"),
        F.when(verdict == "link", F.col("household")).alias("household"),
        evidence.match_type(found.parameters).alias("match_type"),
        evidence.level_names(found.parameters).alias("evidence"),
    )
    kept = again.asked.select("record", *details).join(rows.where("decision != 'none'"), "record", "left")
    nobody = F.col("decision").isNull()
    links = kept.withColumns(
        {
            "decision": F.when(nobody, "none").otherwise(F.col("decision")),
            "match_type": F.when(nobody, "none").otherwise(F.col("match_type")),
            "place": F.coalesce("place", F.lit(1)),
        }
    )
    return stage.memory.remember(kind, stage.answers(kind, links, again))


def _holder_rows(source: str, links: DataFrame) -> DataFrame:
    """Rows of `match/holder_links`, one for each of `links`."""
    who = F.col("possible")
    return links.select(
        F.lit(source).alias("source"),
        F.col("record").alias("record_key"),
        _number(who, "R:").alias("personal_id"),
        _number(who, "T:").alias("tax_code"),
        "match_type",
        F.col("probability").alias("match_probability"),
        "decision",
        "evidence",
    ).select(*HOLDER_LINKS.columns)


def _number(subject: Column, kind: str) -> Column:
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
        "record", F.col("code").alias("key"), F.col("possible").alias("subject")
    )
    traders = shops.where("decision = 'link' and personal_id is not null").join(sellers, ["platform", "shop_id"])
    declared = traders.select(
        F.col("code").alias("key"),
        F.concat(F.lit("R:"), "personal_id").alias("subject"),
        F.col("match_probability").alias("probability"),
        F.concat_ws("|", "platform", "shop_id").alias("by"),
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
    return _holder_rows("taxpayers", known.select(*claims.columns).unionByName(claims))


# ── directories ──


def _subscriber_now(stage: Stage, asked: DataFrame, sims: DataFrame) -> DataFrame:
    return records.subscriber(asked, sims.where("place = 1"), F.lit(stage.business_date), active_only=True)


def _codes(stage: Stage, taxpayers: DataFrame) -> DataFrame:
    """Whose a tax code is: the person of an individual or household business, the organisation.

    Or the business by its code.
    """
    registry = stage.silver["taxpayers"]
    itself = registry.where((F.col("taxpayer_type") == "organisation") | _trades_by_code(stage.business_date)).select(
        "code", F.concat(F.lit("T:"), "tax_code").alias("itself")
    )
    people = taxpayers.where("place = 1").select("code", "subject", "household")
    owners = registry.select("code").join(people, "code", "left").join(itself, "code", "left")
    named = owners.select("code", F.coalesce("subject", "itself").alias("subject"), "household").where(
        "code is not null"
    )
    exact = records.directory(named, F.col("code"))
    by_root = records.directory(named, records.code_key(F.col("code")), also_unknown=False)
    return exact.unionByName(by_root.join(exact.select("key"), "key", "left_anti"))


def _contacts(column: str, *offices: DataFrame) -> DataFrame:
    """Whose a number or an e-mail address is that somebody left with the tax office or a bank."""
    left = [links.where("place = 1").select(column, "subject", "household") for links in offices]
    return records.directory(reduce(DataFrame.unionByName, left), F.col(column), also_unknown=False)


# ── shops ──


def _shops(stage: Stage, sellers: DataFrame, sims: DataFrame, taxpayers: DataFrame, accounts: DataFrame) -> DataFrame:
    """The best candidate of each Vietnamese shop that has any, as `_best` gives it."""
    domestic = sellers.where(F.col("country") == "VN")
    numbers = stage.keep(
        records.numbers([links.where("place = 1") for links in (sims, taxpayers, accounts)], stage.settings.max_block)
    )
    asked = records.complete(_shop_records(stage, domestic, sims, taxpayers, accounts, numbers), "shop")
    asked = stage.memory.remember(_asked("shop"), asked)
    known = stage.subjects.people_and_organisations().now.unionByName(_unclaimed(stage, taxpayers))
    subjects = _remembered("shop_subjects", records.with_phones(known, numbers), stage.memory, stage.keep)
    again = stage.again("shop", asked, subjects)
    first = stage.resolve("shop", again.asked, subjects.now)
    alone = stage.memory.remember("shop", stage.answers("shop", first.scored.where("place = 1"), again))
    # They are few: to find out whom nothing has touched would take longer than to resolve them all.
    informed = stage.keep(_inform(stage, asked, domestic, alone))
    stage.progress("match: shop_with_sisters")
    known_pairs = first.proposed if again.touched is None else None
    second = stage.resolve("shop_with_sisters", informed, subjects.now, known_pairs)
    told = stage.keep(second.scored.where("place = 1"))
    # Sisters who contradict each other may leave a shop without any candidate: then what it says alone stands.
    untold = alone.join(told.select("record"), "record", "left_anti")
    return _best(stage, second, told, domestic, subjects.now).unionByName(
        _best(stage, first, untold, domestic, subjects.now)
    )


def _unclaimed(stage: Stage, taxpayers: DataFrame) -> DataFrame:
    """Businesses whose person cannot be found: subjects of their own."""
    found = taxpayers.where("place = 1 and decision = 'link'").select(F.concat(F.lit("T:"), "record").alias("subject"))
    return stage.subjects.now.where(F.col("kind") == _BUSINESS).join(found, "subject", "left_anti")


def _shop_records(
    stage: Stage, shops: DataFrame, sims: DataFrame, taxpayers: DataFrame, accounts: DataFrame, numbers: DataFrame
) -> DataFrame:
    """Shops in the common form of records, with every relation there is."""
    cap = stage.settings.max_block
    owned = records.directory(accounts.where("place = 1"), _account(F.col("bank_code")))
    relations = {
        "code": records.holders(shops, _codes(stage, taxpayers), _second_code(), cap),
        "account": records.holders(shops, owned, _account(F.col("payout_bank_code")), cap, _SHARED_FROM),
        "sim": _subscribers(
            stage, shops, sims, F.coalesce("registered_on", F.lit(stage.business_date)), active_only=False
        ),
        "sim_now": _subscribers(stage, shops, sims, F.lit(stage.business_date), active_only=True),
        "contact": records.holders(shops, _contacts("phone_norm", taxpayers, accounts), F.col("phone_norm"), cap),
        "email": records.holders(shops, _contacts("email_norm", taxpayers), F.col("email_norm"), cap),
    }
    asked = _declared(stage, shops)
    for relation, held in relations.items():
        asked = records.relate(asked, relation, held)
    # A number that nobody had when the shop was registered came to it later: whose it is now is all there is to know.
    asked = records.filled(asked, "sim", "sim_now")
    # The same number twice is one piece of evidence.
    asked = records.without_repeats(records.without_repeats(asked, "sim_now", "sim"), "contact", "sim")
    fitting = records.masked_holder(asked, ("id", "code", "account", "email"), numbers)
    return records.relate(asked, "masked_phone", fitting)


def _declared(stage: Stage, shops: DataFrame) -> DataFrame:
    organisation = (F.col("seller_type") == "organisation") | F.coalesce("name_like_company", F.lit(False))
    kind = F.when(organisation, ORGANISATION).when(F.col("seller_type").isNotNull(), records.RESIDENT)
    replaced = {
        "person_id": _first_id(),
        **{"id_prefix": F.col("id_mask_prefix"), "id_suffix": F.col("id_mask_suffix")},
        **{"phone_prefix": F.col("phone_mask_prefix"), "phone_suffix": F.col("phone_mask_suffix")},
    }
    return records.base(shops, F.col("record"), kind, stage.ids, **replaced)


def _first_id() -> Column:
    """The declared personal id, else a tax code that is one (12 digits)."""
    return F.coalesce("person_id", F.when(F.col("code").rlike("^[0-9]{12}$"), F.col("code")))


def _second_code() -> Column:
    """The declared tax code, where it says more than the declared id."""
    repeated = F.coalesce(F.col("code") == _first_id(), F.lit(False))
    return F.when(~repeated, F.col("code"))


def _account(bank_code: Column) -> Column:
    return F.when(
        bank_code.isNotNull() & F.col("account_norm").isNotNull(), F.concat_ws("|", bank_code, "account_norm")
    )


def _subscribers(stage: Stage, shops: DataFrame, sims: DataFrame, date: Column, active_only: bool) -> DataFrame:
    """Holder of each shop's number on a date; of a number that too many shops give nobody, but its cut_key."""
    numbered = shops.where(F.col("phone_norm").isNotNull())
    sizes = numbered.groupBy("phone_norm").agg(F.count("*").alias("shops"))
    sized = numbered.join(sizes, "phone_norm")
    few = F.col("shops") <= stage.settings.max_block
    named = records.subscriber(sized.where(few), sims.where("place = 1"), date, active_only)
    cut = sized.where(~few).select(
        "record", F.lit(None).cast(records.HOLDER).alias("holder"), F.xxhash64("phone_norm").alias("cut_key")
    )
    return named.withColumn("cut_key", F.lit(None).cast("bigint")).unionByName(cut)


def _inform(stage: Stage, asked: DataFrame, shops: DataFrame, best: DataFrame) -> DataFrame:
    """Shops that share a key with anchored sisters, with that relation in place of the one through the shared key."""
    anchors = sisters.anchored(best.where(F.col("probability") >= stage.settings.link_threshold))
    keys = {
        "account": _account(F.col("payout_bank_code")),
        "phone": F.col("phone_norm"),
        "email": F.col("email_norm"),
        "id": F.coalesce("person_id", "cmnd", "passport"),
        "code": F.col("code"),
    }
    found = stage.keep(sisters.sisters(shops, anchors, keys, stage.settings.max_block))
    informed = records.relate(asked, "sister", found.select("record", "holder")).join(
        found.select("record", "by"), "record"
    )
    return sisters.without_shared(informed)


def _best(stage: Stage, found: Resolution, best: DataFrame, shops: DataFrame, subjects: DataFrame) -> DataFrame:
    """The best candidates of shops with their decisions and explanations."""
    settings = stage.settings
    best = _with_values(best, shops, subjects)
    for_people = evidence.is_for_people(found.parameters)
    verdict = decision(F.col("probability"), settings.link_threshold, settings.review_threshold)
    return best.select(
        *("record", "subject", "probability"),
        evidence.match_type(found.parameters).alias("match_type"),
        F.when(for_people & (verdict == "link"), "review").otherwise(verdict).alias("decision"),
        evidence.explanation(found.parameters, {name: _pair(name) for name in _VALUES}).alias("evidence"),
        evidence.missing(found.parameters).alias("missing"),
    )


# What an explanation shows of the two sides, masked: of ids the last four, of birth dates the year.
_VALUES = ("id", "name", "birth", "province")


def _with_values(best: DataFrame, shops: DataFrame, subjects: DataFrame) -> DataFrame:
    of_shop = {
        "id": last_four(F.coalesce("id_number", "tax_code")),
        "name": free_name(F.col("name_clean")),
        "birth": F.col("birth_year").cast("string"),
        "province": F.col("province34"),
    }
    of_subject = {
        "id": last_four(F.coalesce("person_id", F.substring("subject", 3, 100))),
        "name": F.initcap(F.coalesce("name_accent", "company_key")),
        "birth": F.col("birth_year").cast("string"),
        "province": F.col("province34"),
    }
    left = shops.select("record", F.struct(*(of_shop[name].alias(name) for name in _VALUES)).alias("of_shop"))
    right = subjects.select(
        "subject", F.struct(*(of_subject[name].alias(name) for name in _VALUES)).alias("of_subject")
    )
    return best.join(left, "record").join(right, "subject")


def _pair(name: str) -> tuple[Column, Column]:
    return F.col(f"of_shop.{name}"), F.col(f"of_subject.{name}")


def _seller_rows(shops: DataFrame, best: DataFrame) -> DataFrame:
    """Rows of `match/seller_links` without their dates: every shop.

    Those of foreigners and those without a candidate too.
    """
    found = shops.select("record", "platform", "shop_id").join(best, "record", "left")
    known = F.coalesce(F.col("decision") != "none", F.lit(False))
    who = F.col("subject")
    return found.select(
        "platform",
        "shop_id",
        F.when(known, _number(who, "R:")).alias("personal_id"),
        F.when(known, _number(who, "T:")).alias("tax_code"),
        F.when(known, F.col("match_type")).otherwise("none").alias("match_type"),
        F.when(known, F.col("probability")).alias("match_probability"),
        F.coalesce("decision", F.lit("none")).alias("decision"),
        F.when(known, F.col("evidence")).alias("evidence"),
    )


def _nearest_rows(shops: DataFrame, best: DataFrame) -> DataFrame:
    """Rows of `match/nearest_candidates`."""
    near = best.where("decision = 'none'").withColumnRenamed("probability", "match_probability")
    return shops.select("record", "platform", "shop_id").join(near, "record").select(*NEAREST.columns)
