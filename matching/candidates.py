"""Blocking: which subjects each record is compared with, and by which rule each came.

Relations (`holder_<relation>` of a record) bring their holders without a join. Searches by name, birth, place and near
ids, and among the holders' households, are made only for records that no declared id settles. Every block has a cap: a
key that more than `cap` subjects share proposes nobody, and the report says how many keys and records that cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType

from matching import comparisons as c
from matching.changes import Tracked
from matching.expressions import literals, without_nulls
from matching.identifiers import one_edit_variants
from matching.places import group_key

# Columns that `_with_parts` adds: said once, for what stands in an expression is computed at every mention.
_GIVEN, _SURNAME, _GROUP = "given", "surname", "address_group"


@dataclass(frozen=True)
class Search:
    """A blocking rule: record and subject agree on all keys, expressions over columns that both have.

    Attributes:
        name: stable name, shown in reports.
        record: keys of the record (SQL expressions); `near(<column>)`, in the first place, stands for every id one edit
            away.
        subject: keys of the subject, one for each of `record`; the same ones where empty; `each(<array>)`, in the first
            place, stands for every element.
    """

    name: str
    record: tuple[str, ...]
    subject: tuple[str, ...] = ()


def _first(column: str, length: int) -> str:
    return f"if(length({column}) >= {length}, left({column}, {length}), null)"


def _last(column: str, length: int) -> str:
    return f"if(length({column}) >= {length}, right({column}, {length}), null)"


_PHONE_END = "each(transform(phones, phone -> right(phone, 3)))"
_DAY = "year(birth_date) * 10000 + month(birth_date) * 100 + day(birth_date)"
_SWAPPED_DAY = "year(birth_date) * 10000 + day(birth_date) * 100 + month(birth_date)"
NAME_BIRTH = Search("name_birth", ("name_sorted", "birth_date"))
SHORT_NAME_BIRTH = Search("short_name_birth", ("name_sg", "birth_date"))
SWAPPED_BIRTH = Search("name_swapped_birth", ("name_sorted", _SWAPPED_DAY), ("name_sorted", _DAY))
NAME_PROVINCE = Search("name_province", ("name_sorted", "province34"))
NAME_YEAR = Search("name_year_province", ("name_sg", "birth_year", "province34"))
BIRTH_PLACE = Search("given_birth_province", (_GIVEN, "birth_date", "province34"))
GIVEN_HOUSE = Search("given_house", (_GIVEN, "house_key", "province34"))
GIVEN_GROUP = Search("given_group", (_GIVEN, _GROUP))
SURNAME_BIRTH = Search("surname_birth_province", (_SURNAME, "birth_date", "province34"))
GIVEN_BIRTH = Search("given_birth", (_GIVEN, "birth_date"))
BIRTH_HOUSE = Search("birth_house", ("birth_date", "house_key", "province34"))
NAME = Search("rare_name", ("name_sorted",))
NEAR_ID = Search("near_id", ("near(person_id)",), ("person_id",))
NEAR_CMND = Search("near_cmnd", ("near(cmnd)", _GIVEN), ("cmnd", _GIVEN))
# What a mask leaves to be read, with whatever else the record tells of the person.
_ID_ENDS = (_first("id_prefix", 3), _last("id_suffix", 2)), (_first("person_id", 3), _last("person_id", 2))
MASKED_ID_NAME = Search("masked_id_name", ("name_sorted", *_ID_ENDS[0]), ("name_sorted", *_ID_ENDS[1]))
MASKED_ID_GIVEN = Search(
    "masked_id_given_province", (_GIVEN, "province34", *_ID_ENDS[0]), (_GIVEN, "province34", *_ID_ENDS[1])
)
MASKED_ID_END = Search(
    "masked_id_end_name", ("name_sorted", _last("id_suffix", 4)), ("name_sorted", _last("person_id", 4))
)
MASKED_ID_BIRTH = Search(
    "masked_id_birth", ("birth_date", _last("id_suffix", 2)), ("birth_date", _last("person_id", 2))
)
MASKED_PHONE_NAME = Search("masked_phone_name", (_last("phone_suffix", 3), "name_sorted"), (_PHONE_END, "name_sorted"))
MASKED_PHONE_BIRTH = Search("masked_phone_birth", (_last("phone_suffix", 3), "birth_date"), (_PHONE_END, "birth_date"))
COMPANY = Search("company", ("company_key",))

# The rule that leads from a holder to the members of its household; the one that brings whom people have named.
HOUSEHOLD, NAMED = "household", "named"

# Blocking rules of each kind of record, beside its relations and its holders' households.
SEARCHES: dict[str, tuple[Search, ...]] = {
    "sim": (NAME_BIRTH, SWAPPED_BIRTH, NEAR_ID, NEAR_CMND),
    "account": (NEAR_ID, NEAR_CMND, COMPANY, NAME),
    "taxpayer": (
        *(NAME_BIRTH, SHORT_NAME_BIRTH, SWAPPED_BIRTH, NAME_PROVINCE),
        *(GIVEN_HOUSE, GIVEN_GROUP, NEAR_ID, NEAR_CMND),
    ),
    "shop": (
        *(NAME_BIRTH, SHORT_NAME_BIRTH, SWAPPED_BIRTH, NAME_PROVINCE, NAME_YEAR, BIRTH_PLACE),
        *(GIVEN_HOUSE, GIVEN_GROUP, SURNAME_BIRTH, GIVEN_BIRTH, BIRTH_HOUSE, NAME, NEAR_ID, NEAR_CMND, COMPANY),
        *(MASKED_ID_NAME, MASKED_ID_GIVEN, MASKED_ID_END, MASKED_ID_BIRTH, MASKED_PHONE_NAME, MASKED_PHONE_BIRTH),
    ),
}
SEARCHES["shop_with_sisters"] = SEARCHES["shop"]
# Columns of blocks over the cap: the key, and how many subjects it has.
CUT = StructType([StructField("key", LongType()), StructField("size", LongType())])
# Every rule has a number, which its keys begin with.
_RULES = (*dict.fromkeys(search.name for searches in SEARCHES.values() for search in searches), HOUSEHOLD)


def with_keys(subjects: DataFrame, models: Sequence[str], cap: int) -> DataFrame:
    """Subjects with the keys under which records of some models find them, in a column a rule, computed once for all.

    Every key of every rule is one 64-bit number, so that all rules together are one join: two keys that meet by chance
    would add a pair to be compared, no more.

    Columns in: those of `levels.SUBJECT`. Columns out: these and `key_<rule>`, an array; a household of more than `cap`
    members has none.
    """
    searches = {search.name: search for model in models for search in SEARCHES[model]}
    shared_home = F.col("household_size").between(2, cap)
    home = F.array(*(F.when(shared_home, _hashed(HOUSEHOLD, *key)) for key in (("household", _GIVEN), ("household",))))
    offered = {name: _keys(name, search.subject or search.record) for name, search in searches.items()}
    keyed = {_column(name): without_nulls(found) for name, found in {**offered, HOUSEHOLD: home}.items()}
    return _with_parts(subjects).withColumns(keyed).drop(_GIVEN, _SURNAME, _GROUP)


def _column(rule: str) -> str:
    return f"key_{rule}"


def propose(
    records: DataFrame, subjects: DataFrame, model: str, cap: int, before: DataFrame | None = None
) -> DataFrame:
    """Candidates of records, one row a pair and rule.

    Columns in: `levels.RECORD` with the relations of the model, `settled` and, where a shared key was too large,
    `cut_<relation>` (its hash); those of `with_keys`. `before` is what was proposed for these records (and others) when
    they had other relations: then only relations and households are followed anew. Columns out: record, subject, rule,
    cut_key (hash of a key over the cap; such a row is no candidate but stands for what the cap cost), size (of such a
    block, if a search asks for it).
    """
    relations = [relation.name for relation in c.relations_of(model)]
    unsettled = records.where(~F.col("settled"))
    searches = SEARCHES[model] if before is None else ()
    found = [_related(records, relations), _searched(unsettled, subjects, relations, searches, cap)]
    if before is not None:
        names = [search.name for search in SEARCHES[model]]
        found.append(before.where(F.col("rule").isin(names)).join(unsettled.select("record"), "record", "left_semi"))
    return reduce(DataFrame.unionByName, found)


def with_named(proposed: DataFrame, records: DataFrame, decided: DataFrame) -> DataFrame:
    """Candidates, and whom people have named, whether a rule finds them or not.

    Columns in: those of `propose`; of `records` record; of `decided` record, subject, is_party (whether people have
    said that the subject is the record's party, or that it is not). Columns out: those of `propose`.
    """
    named = decided.where("is_party").join(records.select("record"), "record", "left_semi")
    nothing = F.lit(None).cast("bigint")
    rule = F.lit(NAMED).alias("rule")
    return proposed.unionByName(
        named.select("record", "subject", rule, nothing.alias("cut_key"), nothing.alias("size"))
    )


def allowed(pairs: DataFrame, decided: DataFrame) -> DataFrame:
    """Pairs without those that people have ruled out; of a record whose party they have named, that one alone.

    Columns in: record, subject and any others; of `decided` as in `with_named`. Columns out: those of `pairs`.
    """
    subject, is_party = F.col("subject"), F.col("is_party")
    said = decided.groupBy("record").agg(
        F.max(F.when(is_party, subject)).alias("named"),
        F.collect_set(F.when(~is_party, subject)).alias("ruled_out"),
    )
    is_other = F.coalesce(F.col("named") != subject, F.array_contains("ruled_out", subject), F.lit(False))
    return pairs.join(said, "record", "left").where(~is_other).select(*pairs.columns)


def pairs(proposed: DataFrame) -> DataFrame:
    """One row a pair: record, subject, rules (array, sorted). Columns in: those of `propose`."""
    candidates = proposed.where(F.col("cut_key").isNull())
    return candidates.groupBy("record", "subject").agg(F.array_sort(F.collect_set("rule")).alias("rules"))


def report(proposed: DataFrame, cap: int) -> DataFrame:
    """What each rule brought and what its cap cut.

    Columns in: those of `propose`. Columns out: rule, pairs, keys_cut, rows_cut, cap.
    """
    return proposed.groupBy("rule").agg(
        F.count(F.when(F.col("cut_key").isNull(), 1)).alias("pairs"),
        F.count_distinct("cut_key").alias("keys_cut"),
        F.count("cut_key").alias("rows_cut"),
        F.lit(cap).cast("bigint").alias("cap"),
    )


def cut(proposed: DataFrame) -> DataFrame:
    """Blocks over the cap that records ask for. Columns in: those of `propose`. Columns out: `CUT`."""
    return (
        proposed.where(F.col("size").isNotNull())
        .groupBy(F.col("cut_key").alias("key"))
        .agg(F.max("size").alias("size"))
    )


def grown(subjects: Tracked, model: str) -> DataFrame:
    """Keys of subjects that have changed, with how many subjects more have them now. Columns out: key, grown."""
    sign = F.when(F.col("is_now"), 1).otherwise(-1).alias("grown")
    return _offered(subjects.changed, SEARCHES[model], sign).groupBy("key").agg(F.sum("grown").alias("grown"))


def still_cut(before: DataFrame, blocks: DataFrame, cap: int) -> DataFrame:
    """Of blocks that were over the cap those that are. Columns in: `CUT`, those of `grown`. Columns out: `CUT`."""
    size = (F.col("size") + F.coalesce("grown", F.lit(0))).alias("size")
    return before.join(blocks, "key", "left").select("key", size).where(F.col("size") > cap)


def touched(records: Tracked, subjects: Tracked, model: str, blocks: DataFrame, cut_blocks: DataFrame) -> DataFrame:
    """Records whose candidates, or evidence for them, may not be what they were; all others' are.

    Records that are new, have changed or are gone; those that a relation leads to a subject which has; those that ask
    for a key under which one is found or was, if the block is within the cap or was.

    Columns in: those of `propose`; of `blocks` those of `grown`; of `cut_blocks` `CUT`, the blocks over the cap then
    and now (`still_cut`). Columns out: record.
    """
    relations, searches = [relation.name for relation in c.relations_of(model)], SEARCHES[model]
    holders = F.array_compact(F.array(*(F.col(f"holder_{relation}.subject") for relation in relations)))
    led = records.now.select("record", F.explode(holders).alias("subject"))
    within = blocks.join(cut_blocks, "key", "left_anti")
    asked = _asked(records.now.where(~F.col("settled")), relations, searches)
    each = [
        records.changed.select("record"),
        led.join(subjects.changed, "subject", "left_semi").select("record"),
        asked.join(within, "key", "left_semi").select("record"),
    ]
    return reduce(DataFrame.unionByName, each).distinct()


def _related(records: DataFrame, relations: Sequence[str]) -> DataFrame:
    """Holders that relations lead to."""
    offers = [_offer(records, relation) for relation in relations]
    rows = records.select("record", F.explode(F.array(*offers)).alias("offer"))
    rows = rows.where("offer.subject is not null or offer.cut_key is not null")
    none = F.lit(None).cast("bigint").alias("size")
    return rows.select("record", "offer.subject", "offer.rule", "offer.cut_key", none)


def _offer(records: DataFrame, relation: str) -> Column:
    cut = F.col(f"cut_{relation}") if f"cut_{relation}" in records.columns else F.lit(None).cast("bigint")
    return F.struct(
        F.col(f"holder_{relation}.subject").alias("subject"), F.lit(relation).alias("rule"), cut.alias("cut_key")
    )


def _searched(
    records: DataFrame, subjects: DataFrame, relations: Sequence[str], searches: Sequence[Search], cap: int
) -> DataFrame:
    """Pairs of all searches, and one row a record and key over the cap."""
    asked = _asked(records, relations, searches)
    hits = _offered(subjects, searches).join(asked, "key", "left_semi")
    block = Window.partitionBy("key")
    sized = hits.select("*", F.count("*").over(block).alias("size"), F.min("subject").over(block).alias("first"))
    kept = sized.where((F.col("size") <= cap) | (F.col("subject") == F.col("first")))
    is_cut = F.col("size") > cap
    return kept.join(asked, "key").select(
        "record",
        "subject",
        F.get(literals(_RULES), F.col("rule")).alias("rule"),
        F.when(is_cut, F.col("key")).alias("cut_key"),
        F.when(is_cut, F.col("size")).alias("size"),
    )


def _with_parts(frame: DataFrame) -> DataFrame:
    words = F.split("name_key", " ")
    group = group_key(F.col("address_key"), F.col("house_key"))
    return frame.withColumns({_GIVEN: F.element_at(words, -1), _SURNAME: F.element_at(words, 1), _GROUP: group})


def _asked(records: DataFrame, relations: Sequence[str], searches: Sequence[Search]) -> DataFrame:
    """Keys by which records ask for subjects. Columns out: record, rule (number), key."""
    keys = {search.name: _keys(search.name, search.record) for search in searches}
    keys[HOUSEHOLD] = _household_keys(relations)
    numbered = F.concat(*(F.transform(each, _of_rule(rule)) for rule, each in keys.items()))
    asked = _with_parts(records).select("record", F.explode(numbered).alias("asked")).select("record", "asked.*")
    return asked.where(F.col("key").isNotNull())


def _offered(subjects: DataFrame, searches: Sequence[Search], *columns: Column) -> DataFrame:
    """Keys under which subjects are found (of `with_keys`). Columns out: subject, key, and `columns` of the subject."""
    keys = F.concat(*(F.col(_column(rule)) for rule in (*(search.name for search in searches), HOUSEHOLD)))
    return subjects.select("subject", *columns, F.explode(keys).alias("key"))


def _of_rule(rule: str) -> Callable[[Column], Column]:
    return lambda key: F.struct(F.lit(_RULES.index(rule)).alias("rule"), key.alias("key"))


def _hashed(rule: str, *parts: str | Column) -> Column:
    """A key of a rule as a number; null where a part is null."""
    columns = [F.expr(part) if isinstance(part, str) else part for part in parts]
    complete = reduce(Column.__and__, [column.isNotNull() for column in columns])
    return F.when(complete, F.xxhash64(F.lit(_RULES.index(rule)), *columns))


def _keys(rule: str, parts: tuple[str, ...]) -> Column:
    """Array of the keys of a rule: one, or one for each id that is one edit away or for each element."""
    form, _, value = parts[0].partition("(")
    if form not in ("near", "each"):
        return F.array(_hashed(rule, *parts))
    value = value.removesuffix(")")
    first = one_edit_variants(F.col(value)) if form == "near" else F.array_distinct(F.expr(value))
    return F.coalesce(F.transform(first, lambda part: _hashed(rule, part, *parts[1:])), F.array().cast("array<bigint>"))


def _household_keys(relations: Sequence[str]) -> Column:
    """Keys of the members of the holders' households who bear the record's given name, first or last in it.

    Of all members where the record names no person: whoever of the household it is, the rest of the evidence is alike;
    and where letters of the given name are lost.
    """
    households = F.array_distinct(F.array(*(F.col(f"holder_{relation}.household") for relation in relations)))
    ends = F.array_distinct(F.array(F.col(_GIVEN), F.col(_SURNAME)))
    named = F.transform(households, lambda home: F.transform(ends, lambda end: _hashed(HOUSEHOLD, home, end)))
    all_members = F.transform(households, lambda home: _hashed(HOUSEHOLD, home))
    is_named = F.col("like_person") & ~F.contains(_GIVEN, F.lit("?"))
    return F.when(F.coalesce(is_named, F.lit(False)), F.flatten(named)).otherwise(all_members)
