"""Subjects: whoever a record can belong to, with the frequencies that its agreement is weighed by."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.levels import ORGANISATION, SUBJECT, Statistics

# Spellings are counted on every sixteenth name only, chosen by hash.
_NAME_SAMPLE = 16


def with_frequencies(subjects: DataFrame, total: int) -> DataFrame:
    """Add what the u probabilities ask of a subject.

    Columns in: `SUBJECT` without those that are added; `total` is the number of rows. Columns out: `SUBJECT`:
    household_size, n_name (subjects with the same order-free name), n_sg (with the same surname and given name),
    p_province and p_kind (shares).
    """
    size = F.count("*")
    counts = {
        "name_sorted": size.alias("n_name"),
        "name_sg": size.alias("n_sg"),
        "household": size.alias("household_size"),
    }
    shares = {"province34": (size / total).alias("p_province"), "kind": (size / total).alias("p_kind")}
    for key, count in counts.items():
        subjects = subjects.join(subjects.where(F.col(key).isNotNull()).groupBy(key).agg(count), key, "left")
    for key, share in shares.items():
        subjects = subjects.join(F.broadcast(subjects.groupBy(key).agg(share)), key, "left")
    rare: dict[str, bool | float | int | str] = {
        "n_name": 1,
        "n_sg": 1,
        "p_province": 1 / max(total, 1),
        "p_kind": 1 / max(total, 1),
    }
    return subjects.fillna(rare).select(*SUBJECT)


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
