"""Subjects: whoever a record can belong to, with the frequencies that its agreement is weighed by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.levels import ORGANISATION, SUBJECT, Statistics
from matching.places import group_key

# Spellings are counted on every sixteenth name only, chosen by hash.
_NAME_SAMPLE = 16
# Column of a subject → column that says how often its value, or how large a share of the subjects has it.
_FREQUENCIES = {"name_sorted": "n_name", "name_sg": "n_sg"}
_SHARES = {"province34": "p_province", "kind": "p_kind"}
_MOST_SHARES = 1_000


def frequencies(subjects: DataFrame) -> DataFrame:
    """How many subjects bear a name: term frequencies, those above one.

    Columns in: name_sorted, name_sg. Columns out: attribute (one of these columns), value, subjects.
    """
    counted = (
        subjects.where(F.col(attribute).isNotNull())
        .groupBy(F.lit(attribute).alias("attribute"), F.col(attribute).alias("value"))
        .agg(F.count("*").alias("subjects"))
        for attribute in _FREQUENCIES
    )
    return reduce(DataFrame.unionAll, counted).where("subjects > 1")


def shares(subjects: DataFrame) -> dict[str, dict[str, float]]:
    """Share of the subjects in each province and of each kind; some forty numbers reach the driver.

    Columns in: province34, kind. Returns attribute → value → share.
    """
    found, total = {}, max(subjects.count(), 1)
    for attribute in _SHARES:
        counted = subjects.where(F.col(attribute).isNotNull()).groupBy(attribute).agg(F.count("*").alias("subjects"))
        found[attribute] = {row[0]: row[1] / total for row in counted.limit(_MOST_SHARES).collect()}
    return found


def households(subjects: DataFrame) -> DataFrame:
    """How large households are. Columns in: household (null: none is known). Columns out: household, household_size."""
    homes = subjects.where("household is not null")
    return homes.groupBy("household").agg(F.count("*").alias("household_size"))


def with_frequencies(
    subjects: DataFrame,
    homes: DataFrame,
    frequencies: DataFrame,
    shares: Mapping[str, Mapping[str, float]],
    total: int,
) -> DataFrame:
    """Add what the u probabilities ask of a subject.

    Columns in: `SUBJECT` without those that are added; of `homes` those of `households`; of `frequencies` its own;
    `total` is the number of subjects that frequencies and shares were counted on. Columns out: `SUBJECT`:
    household_size, n_name (subjects with the same order-free name), n_sg (with the same surname and given name),
    p_province (share of the province), p_kind (share of organisations, or of all others, whichever it is of). A value
    that nobody had then counts as borne by one.
    """
    known = subjects.join(homes, "household", "left")
    for attribute, column in _FREQUENCIES.items():
        counts = frequencies.where(F.col("attribute") == attribute)
        counts = counts.select(F.col("value").alias(attribute), F.col("subjects").alias(column))
        known = known.join(counts, attribute, "left").fillna(1, [column])
    for attribute, column in _SHARES.items():
        share = F.lit(None).cast("double")
        if shares[attribute]:
            pairs = (F.lit(part) for item in sorted(shares[attribute].items()) for part in item)
            share = F.try_element_at(F.create_map(*pairs), F.col(attribute))
        known = known.withColumn(column, F.coalesce(share, F.lit(1 / max(total, 1))))
    others = F.lit(max(1 - shares["kind"].get(ORGANISATION, 0.0), 1 / max(total, 1)))
    known = known.withColumn("p_kind", F.when(F.col("kind") == ORGANISATION, F.col("p_kind")).otherwise(others))
    return known.select(*SUBJECT)


def statistics(subjects: DataFrame) -> Statistics:
    """Figures of the subjects for `levels.compare`; six numbers reach the driver. Columns in: `SUBJECT`."""
    people = subjects.where(F.col("kind") != ORGANISATION)
    spelt = people.where(F.pmod(F.xxhash64("name_sorted"), F.lit(_NAME_SAMPLE)) == 0)
    house = F.when(
        F.col("house_key").isNotNull() & F.col("province34").isNotNull(), F.struct("house_key", "province34")
    )
    figures = (
        subjects.select(F.lit("subjects").alias("figure"), F.lit(1.0).alias("value"))
        .groupBy("figure")
        .agg(F.sum("value").alias("value"))
        .unionAll(subjects.agg(F.lit("deceased"), F.avg(F.col("deceased").cast("double"))))
        .unionAll(_collision(people, F.col("birth_year"), "birth_year"))
        .unionAll(_collision(people, house, "house"))
        .unionAll(_collision(people, group_key(F.col("address_key"), F.col("house_key")), "group"))
        .unionAll(_collision(people, F.element_at(F.split("name_key", " "), -1), "given"))
        .unionAll(_pairs(spelt, F.col("name_accent"), "accent"))
        .unionAll(_pairs(spelt, F.col("name_sorted"), "folded"))
    )
    found = {row["figure"]: row["value"] for row in figures.collect() if row["value"] is not None}
    return Statistics(
        subjects=max(int(found.get("subjects", 0)), 2),
        same_accent=found["accent"] / found["folded"] if "folded" in found else 1.0,
        same_given=found.get("given", 0.01),
        same_birth_year=found.get("birth_year", 0.015),
        same_house=max(found.get("house", 0.0), 1e-9),
        same_group=max(found.get("group", 0.0), 1e-9),
        deceased=found.get("deceased", 0.0),
    )


def _pairs(subjects: DataFrame, key: Column, figure: str) -> DataFrame:
    """Σ n² over the values of a key."""
    sizes = (
        subjects.select(key.alias("key")).where(F.col("key").isNotNull()).groupBy("key").agg(F.count("*").alias("n"))
    )
    return sizes.agg(F.lit(figure), F.sum(F.col("n").cast("double") * F.col("n")))


def _collision(subjects: DataFrame, key: Column, figure: str) -> DataFrame:
    """Probability that two subjects share a key: Σ n² / N²."""
    sizes = (
        subjects.select(key.alias("key")).where(F.col("key").isNotNull()).groupBy("key").agg(F.count("*").alias("n"))
    )
    n = F.col("n").cast("double")
    return sizes.agg(F.lit(figure), F.try_divide(F.sum(n * n), F.sum(n) * F.sum(n)))
