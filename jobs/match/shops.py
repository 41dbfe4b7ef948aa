"""Who trades in each shop: all of them, then again those that their sisters inform."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StringType, StructField, StructType

from jobs.masking import free_name, last_four
from jobs.match import by_people
from jobs.match.holders import Holders, changed_codes, changed_numbers, code_keys, codes, number
from jobs.match.stage import BUSINESS, Stage, asked_of, first, wanted
from jobs.match.subjects import changed_ids, holders_of_ids, of_organisation
from jobs.tables import NEAREST
from matching import candidates, changes, evidence, records, sisters
from matching.changes import Tracked, of
from matching.levels import HOLDER, ORGANISATION
from matching.resolve import Resolution, decision

# From so many shops on an account is looked upon as one of a pool.
_SHARED_FROM = 8
_CODE_IS_ID = "code_is_id"
_NOTHING_SHARED = "cast(null as array<string>)"


def shops(stage: Stage, sellers: Tracked, holders: Holders) -> DataFrame:
    """The best candidate of each Vietnamese shop that has any, as `_best` gives it."""
    domestic = sellers.mapped(lambda shops: shops.where(F.col("country") == "VN"))
    numbers = stage.keep(records.numbers([first(links.now) for links in holders.all()], stage.settings.max_block))
    decided = by_people.said(stage)
    those = by_people.or_said_of(stage, _doubtful_shops(stage, domestic, holders), decided)
    rows = records.complete(_shop_records(stage, domestic, those, holders, numbers), "shop")
    rows = rows if decided is None else by_people.searched_for_others(rows, decided.now)
    asked = stage.memory.tracked(asked_of("shop"), "record", those, rows)
    subjects = _shop_subjects(stage, holders, numbers)
    obeyed = None if decided is None else by_people.obeyed(stage, decided.now, subjects.now)
    touched = by_people.or_said_of(stage, stage.touched("shop", asked, subjects), decided, subjects)
    rows = stage.rows(asked, touched)
    unaided = stage.resolve("shop", rows, subjects.now, None, obeyed, are_few=touched is not None)
    stage.leave_blocks("shop", unaided)
    alone = stage.memory.tracked("shop", "record", touched, first(unaided.scored)).now
    alone = by_people.marked(alone, obeyed)
    # They are few: to find out whom nothing has touched would take longer than to resolve them all.
    told_by = _sisters(stage, asked.now, domestic.now, alone, unaided, obeyed)
    informed = stage.keep(_informed(asked.now, told_by))
    stage.progress("match: shop_with_sisters")
    known_pairs = unaided.proposed if touched is None else None
    second = stage.resolve("shop_with_sisters", informed, subjects.now, known_pairs, obeyed, are_few=True)
    shared = told_by.select("record", F.col("by").alias("shared"))
    told = stage.keep(by_people.marked(first(second.scored), obeyed).join(shared, "record"))
    # Sisters who contradict each other may leave a shop without any candidate: then what it says alone stands.
    untold = alone.join(told.select("record"), "record", "left_anti").withColumn("shared", F.expr(_NOTHING_SHARED))
    return _best(stage, second, told, domestic.now, subjects.now).unionByName(
        _best(stage, unaided, untold, domestic.now, subjects.now)
    )


# Relations whose holders' numbers a masked one is looked for among.
_WITH_NUMBERS = ("id", "code", "account", "email")


def _shop_keys() -> dict[str, Column]:
    """Keys through which shops are related to somebody, and to each other."""
    return {
        "id": F.coalesce(_first_id(), "cmnd"),
        "code": F.col("code"),
        "account": _account(F.col("payout_bank_code")),
        "phone": F.col("phone_norm"),
        "email": F.col("email_norm"),
    }


def _doubtful_shops(stage: Stage, shops: Tracked, holders: Holders) -> DataFrame | None:
    """Shops whose row may lead elsewhere: for what changed behind a key, or for how many shops now share it."""
    keys = _shop_keys()
    those = stage.doubtful(
        shops,
        {kind: F.array(key) for kind, key in keys.items()} | {"code": code_keys(keys["code"])},
        lambda: _changed_for_shops(stage, shops, holders),
    )
    if those is None:
        return None
    # A masked number is looked for among those of the holders that other relations lead to.
    held = [f"holder_{relation}" for relation in _WITH_NUMBERS]
    fields = (StructField(name, StringType()) for name in ("record", "phone_suffix"))
    schema = StructType([*fields, *(StructField(name, DataType.fromDDL(HOLDER)) for name in held)])
    before = stage.memory.recall(asked_of("shop"), "record", schema)
    subjects = F.array(*(F.col(f"{name}.subject") for name in held))
    masked = changes.reached(
        before.where(F.col("phone_suffix").isNotNull()), {"subject": subjects}, [_subjects_of_numbers(holders)]
    )
    return stage.keep(those.unionByName(masked).distinct())


def _changed_for_shops(stage: Stage, shops: Tracked, holders: Holders) -> list[DataFrame]:
    sims, taxpayers, accounts = holders.all()
    number, address = F.col("phone_norm"), F.col("email_norm")
    return [
        *(changes.keys(kind, (shops.changed, key)) for kind, key in _shop_keys().items()),
        *(changed_ids(stage), changed_codes(stage, taxpayers), changed_numbers(stage, sims)),
        changes.keys("account", (accounts.changed, _account(F.col("bank_code")))),
        changes.keys("phone", (taxpayers.changed, number), (accounts.changed, number)),
        changes.keys("email", (taxpayers.changed, address)),
    ]


def _subjects_of_numbers(holders: Holders) -> DataFrame:
    """Subjects who may have other numbers than they had."""
    return changes.keys("subject", *((links.changed, F.col("subject")) for links in holders.all()))


def _shop_subjects(stage: Stage, holders: Holders, numbers: DataFrame) -> Tracked:
    """Whoever can be found for a shop: people and organisations with their numbers, businesses of nobody known."""
    taxpayers, moved = holders.taxpayers, stage.subjects.moved
    claimed = first(taxpayers.now).where("decision = 'link'").select(records.by_code(F.col("record")).alias("subject"))
    those = None
    if moved is not None:
        claims = taxpayers.changed.select(records.by_code(F.col("record")).alias("subject"))
        others = _subjects_of_numbers(holders).where("key is not null").select(F.col("key").alias("subject"))
        those = stage.keep(reduce(DataFrame.unionByName, (moved.select("subject"), claims, others)).distinct())
    known = of(stage.subjects.now, those, "subject")
    businesses = known.where(F.col("kind") == BUSINESS).join(claimed, "subject", "left_anti")
    found = records.with_phones(known.where(F.col("kind") != BUSINESS).unionByName(businesses), numbers)
    keyed = candidates.with_keys(found, ["shop"], stage.settings.max_block)
    return stage.memory.tracked("shop_subjects", "subject", those, keyed)


def _shop_records(
    stage: Stage, table: Tracked, those: DataFrame | None, holders: Holders, numbers: DataFrame
) -> DataFrame:
    """Shops in the common form of records, with every relation there is; all, or those."""
    cap, keys, shops = stage.settings.max_block, _shop_keys(), table.now
    rows = stage.rows(table, those)
    asks = {kind: wanted(rows.select(keys[kind].alias("key")), "key", those) for kind in ("account", "phone", "email")}
    sims, taxpayers, accounts = (links.now for links in holders.all())
    owned = records.directory(first(accounts), _account(F.col("bank_code")), those=asks["account"])
    numbered = _contacts("phone_norm", asks["phone"], taxpayers, accounts)
    mailed = _contacts("email_norm", asks["email"], taxpayers)
    registered = F.coalesce("registered_on", F.lit(stage.business_date))
    registered_codes = codes(stage, taxpayers, rows.select(keys["code"].alias("key")), is_part=those is not None)
    # Its code names whose a shop is, however many bear it: it is no number that was hired.
    owners = records.holders(shops, those, registered_codes, keys["code"], None)
    relations = {
        "code": _of_organisations(stage, owners),
        "account": records.holders(shops, those, owned, keys["account"], cap, _SHARED_FROM),
        "sim": _subscribers(stage, shops, those, sims, registered, active_only=False),
        "sim_now": _subscribers(stage, shops, those, sims, F.lit(stage.business_date), active_only=True),
        "contact": records.holders(shops, those, numbered, keys["phone"], cap),
        "email": records.holders(shops, those, mailed, keys["email"], cap),
    }
    asked = _declared(stage, rows)
    for relation, held in relations.items():
        asked = records.relate(asked, relation, held)
    asked = _said_once(asked)
    # A number that nobody had when the shop was registered came to it later: whose it is now is all there is to know.
    asked = records.filled(asked, "sim", "sim_now")
    # The same number twice is one piece of evidence.
    asked = records.without_repeats(records.without_repeats(asked, "sim_now", "sim"), "contact", "sim")
    fitting = records.masked_holder(asked, _WITH_NUMBERS, numbers)
    return records.relate(asked, "masked_phone", fitting)


def _of_organisations(stage: Stage, held: DataFrame) -> DataFrame:
    """Holders of codes (`records.holders`) with the state `organisation` where the holder is one."""
    registered = stage.silver["taxpayers"].now.where(of_organisation())
    organisations = registered.select(records.by_code(F.col("tax_code")).alias("held_by"))
    found = held.join(organisations, F.col("holder.subject") == F.col("held_by"), "left")
    return found.withColumn("state", F.when(F.col("held_by").isNotNull(), "organisation")).drop("held_by")


def _declared(stage: Stage, shops: DataFrame) -> DataFrame:
    organisation = (F.col("seller_type") == "organisation") | F.coalesce("name_like_company", F.lit(False))
    kind = F.when(organisation, ORGANISATION).when(F.col("seller_type").isNotNull(), records.RESIDENT)
    replaced = {
        **{"id_prefix": F.col("id_mask_prefix"), "id_suffix": F.col("id_mask_suffix")},
        **{"phone_prefix": F.col("phone_mask_prefix"), "phone_suffix": F.col("phone_mask_suffix")},
    }
    shops = shops.withColumns({"person_id": _first_id(), _CODE_IS_ID: _code_is_id()})
    return records.base(shops, kind, holders_of_ids(stage, shops), _CODE_IS_ID, **replaced)


def _said_once(asked: DataFrame) -> DataFrame:
    """Shops whose tax code is the id that they declare, with one relation for it.

    The id's, to the resident; the code's where no resident has the id, and the registry knows somebody by the code.
    """
    repeated, by_id = F.col(_CODE_IS_ID), F.col("holder_id").isNotNull()
    by_code = ~by_id & F.col("holder_code").isNotNull()
    drops = {"code": repeated & ~by_code, "id": repeated & by_code}
    changed = {
        f"state_{name}": F.when(drop, "missing").otherwise(F.col(f"state_{name}")) for name, drop in drops.items()
    }
    changed |= {f"{part}_code": F.when(~drops["code"], F.col(f"{part}_code")) for part in ("holder", "cut")}
    return asked.withColumns(changed).drop(_CODE_IS_ID)


def _first_id() -> Column:
    """The declared personal id, else a tax code that is one (12 digits)."""
    return F.coalesce("person_id", F.when(F.col("code").rlike("^[0-9]{12}$"), F.col("code")))


def _code_is_id() -> Column:
    """Whether the declared tax code says what the declared id does."""
    return F.coalesce(F.col("code") == _first_id(), F.lit(False))


def _account(bank_code: Column) -> Column:
    return F.when(
        bank_code.isNotNull() & F.col("account_norm").isNotNull(), F.concat_ws("|", bank_code, "account_norm")
    )


def _subscribers(
    stage: Stage, shops: DataFrame, those: DataFrame | None, sims: DataFrame, date: Column, active_only: bool
) -> DataFrame:
    """Holder of each shop's number on a date; of a number that too many shops give nobody, but its cut_key."""
    numbered = shops.where(F.col("phone_norm").isNotNull())
    sizes = numbered.groupBy("phone_norm").agg(F.count("*").alias("shops"))
    sized = of(numbered, those, "record").join(sizes, "phone_norm")
    few = F.col("shops") <= stage.settings.max_block
    named = records.subscriber(sized.where(few), first(sims), date, active_only)
    cut = sized.where(~few).select(
        "record", F.lit(None).cast(HOLDER).alias("holder"), F.xxhash64("phone_norm").alias("cut_key")
    )
    return named.withColumn("cut_key", F.lit(None).cast("bigint")).unionByName(cut)


def _sisters(
    stage: Stage,
    asked: DataFrame,
    shops: DataFrame,
    best: DataFrame,
    unaided: Resolution,
    decided: DataFrame | None,
) -> DataFrame:
    """Whose shops are by anchored sisters that share a key with them; columns as of `sisters.sisters`.

    What people are to decide on anchors nobody, whom they have named does. Numbers come to other subscribers: of one
    with two shops its holders when they were registered must be the same. A sister whose party was ruled out for a shop
    tells it nothing.
    """
    linked, is_named = F.col("probability") >= stage.settings.link_threshold, F.col("is_named")
    sure = sisters.anchored(best.where(~is_named & linked & ~evidence.is_for_people(unaided.parameters)))
    anchors = sure.unionByName(sisters.named(best.where(is_named)))
    then = asked.select("record", F.col("holder_sim.subject").alias("subscriber"))
    number = F.concat_ws("|", "phone_norm", "subscriber")
    keys = {
        **_shop_keys(),
        "id": F.coalesce("person_id", "cmnd", "passport"),
        "phone": F.when(F.col("phone_norm").isNotNull(), number),
    }
    found = sisters.sisters(shops.join(then, "record", "left"), anchors, keys, stage.settings.max_block)
    if decided is not None:
        ruled_out = decided.where("not is_party").select("record", "subject")
        found = found.withColumn("subject", F.col("holder.subject")).join(ruled_out, ["record", "subject"], "left_anti")
    return stage.keep(found.select("record", "holder", "by"))


def _informed(asked: DataFrame, told_by: DataFrame) -> DataFrame:
    """Shops that have such sisters, with that relation in place of those through the shared keys."""
    informed = records.relate(asked, "sister", told_by.select("record", "holder"))
    return sisters.without_shared(informed.join(told_by.select("record", "by"), "record"))


def _best(stage: Stage, found: Resolution, best: DataFrame, shops: DataFrame, subjects: DataFrame) -> DataFrame:
    """The best candidates of shops with their decisions and explanations."""
    settings = stage.settings
    best = _with_values(best, shops, subjects)
    is_named, for_people = F.col("is_named"), evidence.is_for_people(found.parameters)
    by_itself = decision(F.col("probability"), settings.link_threshold, settings.review_threshold)
    verdict = F.when(is_named, "link").otherwise(by_itself)
    # Of the nearest candidate of a shop that nobody is linked with it is told what agrees, not who it is.
    values = {name: _pair(name, shown=verdict != "none") for name in _VALUES}
    values["sister"] = evidence.shared_in_words(F.col("shared")), F.lit(None).cast("string")
    return best.select(
        *("record", "subject"),
        # What the evidence alone comes to stays in the explanation.
        F.when(is_named, 1.0).otherwise(F.col("probability")).alias("probability"),
        evidence.match_type(found.parameters, F.col("shared")).alias("match_type"),
        F.when(~is_named & for_people & (verdict == "link"), "review").otherwise(verdict).alias("decision"),
        evidence.explanation(found.parameters, values, is_named).alias("evidence"),
        evidence.missing(found.parameters, {name: F.col(f"says.{name}") for name in _said()}).alias("missing"),
    )


def _said() -> dict[str, Column]:
    """Whether a shop says what a comparison asks for, even where it counts for nothing beside what it repeats."""
    phone = F.col("phone").isNotNull()
    columns = {"id": "id_number", "code": "tax_code", "account": "payout_account_number", "email": "email"}
    said = {name: F.col(column).isNotNull() for name, column in columns.items()}
    return said | dict.fromkeys(("sim", "sim_now", "contact", "masked_phone"), phone)


# What an explanation shows of the two sides, masked: of ids the last four, of birth dates the year.
_VALUES = ("id", "name", "birth", "province")
_OF_SUBJECT = ("person_id", "cmnd", "name_clean", "birth_year", "province34")


def _with_values(best: DataFrame, shops: DataFrame, subjects: DataFrame) -> DataFrame:
    of_shop = {
        "id": last_four(F.coalesce("id_number", "tax_code")),
        "name": free_name(F.col("name_clean")),
        "birth": F.col("birth_year").cast("string"),
        "province": F.col("province34"),
    }
    # A CMND stands beside the own CMND; an organisation has no id that one of a person could be held against.
    own_id = F.coalesce(F.when(F.col("of_shop.by_cmnd"), F.col("cmnd")), "person_id", number(F.col("subject"), "R:"))
    of_subject = {
        "id": F.when(records.is_person(F.col("subject")), last_four(own_id)),
        "name": free_name(F.col("name_clean")),
        "birth": F.col("birth_year").cast("string"),
        "province": F.col("province34"),
    }
    left = shops.select(
        "record",
        F.struct(*(of_shop[name].alias(name) for name in _VALUES), F.col("cmnd").isNotNull().alias("by_cmnd")).alias(
            "of_shop"
        ),
        F.struct(*(says.alias(name) for name, says in _said().items())).alias("says"),
    )
    both = best.join(left, "record").join(subjects.select("subject", *_OF_SUBJECT), "subject")
    shown = F.struct(*(of_subject[name].alias(name) for name in _VALUES)).alias("of_subject")
    return both.select(*best.columns, "of_shop", "says", shown)


def _pair(name: str, shown: Column) -> tuple[Column, Column]:
    """A value of the shop, and of the subject where that is shown."""
    return F.col(f"of_shop.{name}"), F.when(shown, F.col(f"of_subject.{name}"))


def _contacts(column: str, those: DataFrame | None, *offices: DataFrame) -> DataFrame:
    """Whose a number or an e-mail address is that somebody left with the tax office or a bank."""
    left = [first(links).select(column, "subject", "household") for links in offices]
    return records.directory(reduce(DataFrame.unionByName, left), F.col(column), also_unknown=False, those=those)


def seller_rows(shops: DataFrame, best: DataFrame) -> DataFrame:
    """Rows of `match/seller_links` without their dates: every shop.

    Those of foreigners and those without a candidate too.
    """
    found = shops.select("record", "platform", "shop_id").join(best, "record", "left")
    known = F.coalesce(F.col("decision") != "none", F.lit(False))
    who = F.col("subject")
    return found.select(
        "platform",
        "shop_id",
        F.when(known, number(who, "R:")).alias("personal_id"),
        F.when(known, number(who, "T:")).alias("tax_code"),
        F.when(known, F.col("match_type")).otherwise("none").alias("match_type"),
        F.when(known, F.col("probability")).alias("match_probability"),
        F.coalesce("decision", F.lit("none")).alias("decision"),
        F.when(known, F.col("evidence")).alias("evidence"),
    )


def nearest_rows(shops: DataFrame, best: DataFrame) -> DataFrame:
    """Rows of `match/nearest_candidates`."""
    near = best.where("decision = 'none'").withColumnRenamed("probability", "match_probability")
    return shops.select("record", "platform", "shop_id").join(near, "record").select(*NEAREST.columns)
