"""Blocking: which subjects each record is compared with, and by which rule each came.

Relations (`holder_<relation>` of a record) bring their holders without a join. Searches by name, birth, place and near
ids, and among the holders' households, are made only for records that no declared id settles. Every block has a cap: a
key that more than `cap` subjects share proposes nobody, and the report says how many keys and records that cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from matching import comparisons as c
from matching.comparisons import MODELS
from matching.identifiers import one_edit_variants

_GIVEN = "element_at(split(name_key, ' '), -1)"


@dataclass(frozen=True)
class Search:
    """A blocking rule: record and subject agree on all keys, expressions over columns that both have.

    Attributes:
        name: stable name, shown in reports.
        record: keys of the record (SQL expressions); `near(<column>)` stands for every id one edit away.
        subject: keys of the subject, one for each of `record`; the same ones where empty.
    """

    name: str
    record: tuple[str, ...]
    subject: tuple[str, ...] = ()


_DAY = "date_format(birth_date, 'yyyy-MM-dd')"
NAME_BIRTH = Search("name_birth", ("name_sorted", "birth_date"))
SHORT_NAME_BIRTH = Search("short_name_birth", ("name_sg", "birth_date"))
SWAPPED_BIRTH = Search(
    "name_swapped_birth", ("name_sorted", "date_format(birth_date, 'yyyy-dd-MM')"), ("name_sorted", _DAY)
)
NAME_PROVINCE = Search("name_province", ("name_sorted", "province34"))
NAME_YEAR = Search("name_year_province", ("name_sg", "birth_year", "province34"))
BIRTH_PLACE = Search("given_birth_province", (_GIVEN, "birth_date", "province34"))
GIVEN_HOUSE = Search("given_house", (_GIVEN, "house_key", "province34"))
NAME = Search("rare_name", ("name_sorted",))
NEAR_ID = Search("near_id", ("near(person_id)",), ("person_id",))
NEAR_CMND = Search("near_cmnd", ("near(cmnd)", _GIVEN), ("cmnd", _GIVEN))
COMPANY = Search("company", ("company_key",))

# Blocking rules of each kind of record, beside its relations and its holders' households.
SEARCHES: dict[str, tuple[Search, ...]] = {
    "sim": (NAME_BIRTH, SWAPPED_BIRTH, NEAR_ID, NEAR_CMND),
    "account": (NEAR_ID, NEAR_CMND, COMPANY, NAME),
    "taxpayer": (NAME_BIRTH, SHORT_NAME_BIRTH, SWAPPED_BIRTH, NAME_PROVINCE, GIVEN_HOUSE, NEAR_ID, NEAR_CMND),
    "shop": (
        *(NAME_BIRTH, SHORT_NAME_BIRTH, SWAPPED_BIRTH, NAME_PROVINCE, NAME_YEAR, BIRTH_PLACE, GIVEN_HOUSE),
        *(NEAR_ID, NEAR_CMND, COMPANY),
    ),
}
SEARCHES["shop_with_sisters"] = SEARCHES["shop"]


def propose(records: DataFrame, subjects: DataFrame, model: str, cap: int) -> DataFrame:
    """Candidates of records, one row a pair and rule.

    Columns in: `levels.RECORD` with the relations of the model, `settled` and, where a shared key was too large,
    `cut_<relation>` (its hash); `levels.SUBJECT`. Columns out: record, subject, rule, cut_key (hash of a key over the
    cap; such a row is no candidate but stands for what the cap cost).
    """
    relations = [comparison.name for comparison in MODELS[model] if comparison in c.RELATIONS]
    unsettled = records.where(~F.col("settled"))
    found = [_search(rule, unsettled, subjects, cap) for rule in SEARCHES[model]]
    return reduce(
        DataFrame.unionByName, [*_related(records, relations), _housemates(unsettled, subjects, relations, cap), *found]
    )


def pairs(proposed: DataFrame) -> DataFrame:
    """One row a pair: record, subject, rules (array, sorted). Columns in: those of `propose`."""
    candidates = proposed.where(F.col("cut_key").isNull())
    return candidates.groupBy("record", "subject").agg(F.array_sort(F.collect_set("rule")).alias("rules"))


def report(proposed: DataFrame, cap: int) -> DataFrame:
    """What each rule brought and what its cap cut: rule, pairs, keys_cut, rows_cut, cap. Columns in.

    Those of `propose`.
    """
    return proposed.groupBy("rule").agg(
        F.count(F.when(F.col("cut_key").isNull(), 1)).alias("pairs"),
        F.count_distinct("cut_key").alias("keys_cut"),
        F.count("cut_key").alias("rows_cut"),
        F.lit(cap).cast("bigint").alias("cap"),
    )


def _related(records: DataFrame, relations: Sequence[str]) -> list[DataFrame]:
    """Holders that relations lead to."""
    offers = [_offer(records, relation) for relation in relations]
    rows = records.select("record", F.explode(F.array(*offers)).alias("offer"))
    rows = rows.where("offer.subject is not null or offer.cut_key is not null")
    return [rows.select("record", "offer.subject", "offer.rule", "offer.cut_key")]


def _offer(records: DataFrame, relation: str) -> Column:
    cut = F.col(f"cut_{relation}") if f"cut_{relation}" in records.columns else F.lit(None).cast("bigint")
    return F.struct(
        F.col(f"holder_{relation}.subject").alias("subject"), F.lit(relation).alias("rule"), cut.alias("cut_key")
    )


def _housemates(records: DataFrame, subjects: DataFrame, relations: Sequence[str], cap: int) -> DataFrame:
    """Members of the holders' households who bear the record's given name, first or last in it."""
    households = F.array_distinct(F.array(*(F.col(f"holder_{relation}.household") for relation in relations)))
    ends = F.array_distinct(F.array(F.expr(_GIVEN), F.element_at(F.split("name_key", " "), 1)))
    asked = (
        records.where(F.col("name_key").isNotNull())
        .select("record", F.explode(households).alias("household"), ends.alias("ends"))
        .where(F.col("household").isNotNull())
    )
    members = subjects.where(F.col("household_size").between(2, cap)).select(
        "subject", "household", F.expr(_GIVEN).alias("given")
    )
    named = asked.join(members, "household").where(F.array_contains("ends", F.col("given")))
    return named.select(
        "record", "subject", F.lit("household").alias("rule"), F.lit(None).cast("bigint").alias("cut_key")
    )


def _search(rule: Search, records: DataFrame, subjects: DataFrame, cap: int) -> DataFrame:
    """Pairs of one blocking rule, and one row a record and key over the cap."""
    keys = [f"key{i}" for i in range(len(rule.record))]
    asked = _keyed(records.select("*", *_expressions(rule.record, keys)), "record", keys)
    offered = _keyed(subjects.select("*", *_expressions(rule.subject or rule.record, keys)), "subject", keys)
    hits = offered.join(asked.select(*keys).distinct(), keys)
    block = Window.partitionBy(*keys)
    sized = hits.select("*", F.count("*").over(block).alias("size"), F.min("subject").over(block).alias("first"))
    kept = sized.where((F.col("size") <= cap) | (F.col("subject") == F.col("first")))
    cut_key = F.when(F.col("size") > cap, F.xxhash64(F.lit(rule.name), *keys))
    return kept.join(asked, keys).select("record", "subject", F.lit(rule.name).alias("rule"), cut_key.alias("cut_key"))


def _expressions(keys: tuple[str, ...], names: list[str]) -> list[Column]:
    return [
        F.explode(one_edit_variants(F.col(key[5:-1]))).alias(name)
        if key.startswith("near(")
        else F.expr(key).alias(name)
        for key, name in zip(keys, names, strict=True)
    ]


def _keyed(frame: DataFrame, identity: str, keys: list[str]) -> DataFrame:
    complete = reduce(Column.__and__, [F.col(key).isNotNull() for key in keys])
    return frame.select(identity, *keys).where(complete)
