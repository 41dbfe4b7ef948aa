"""What people have said of who trades in a shop, and what that means for a match (`candidates.with_named`).

Columns everywhere: record, subject, is_party (whether the subject is the shop's party, or is not).
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.match.stage import Stage
from matching.changes import Tracked


def said(stage: Stage) -> Tracked | None:
    """What people have decided of shops, with what has changed since the last match; None where they never have."""
    if stage.decided is None:
        return None
    name, key, memory = "link_decisions", "record", stage.memory
    if memory.last is None:
        return Tracked(memory.remember(name, stage.decided))
    now = stage.keep(stage.decided)
    if name not in memory.last:
        return Tracked(memory.remember(name, now), now.withColumn("is_now", F.lit(True)))
    before = memory.recall(name, key, now.schema)
    return memory.tracked(name, key, now.select(key).unionByName(before.select(key)).distinct(), now)


def or_said_of(
    stage: Stage, those: DataFrame | None, decided: Tracked | None, subjects: Tracked | None = None
) -> DataFrame | None:
    """Those shops and whatever people have said something else of; with `subjects` also where the named have changed.

    All shops, if None.
    """
    if those is None or decided is None:
        return those
    each = [those, decided.changed.select("record")]
    if subjects is not None:
        named = decided.now.where("is_party").join(subjects.changed, "subject", "left_semi")
        each.append(named.select("record"))
    return stage.keep(reduce(DataFrame.unionByName, each).distinct())


def searched_for_others(rows: DataFrame, decided: DataFrame) -> DataFrame:
    """Shops, settled by their declared id only where people have not ruled its holder out."""
    ruled_out = decided.where("not is_party").select(
        "record", F.col("subject").alias("holder"), F.lit(True).alias("out")
    )
    both = rows.withColumn("holder", F.col("holder_id.subject")).join(ruled_out, ["record", "holder"], "left")
    return both.withColumn("settled", F.col("settled") & F.col("out").isNull()).select(*rows.columns)


def obeyed(stage: Stage, decided: DataFrame, subjects: DataFrame) -> DataFrame:
    """What people have said, without whom they have named and who is in no register any more."""
    named = decided.where("is_party")
    there = stage.keep(named.join(subjects.select("subject"), "subject", "left_semi").select(*decided.columns))
    gone = named.count() - there.count()
    if gone:
        stage.progress(
            f"warning: match: of {gone} shops whoever was named is in no register: people should decide anew"
        )
    return stage.keep(decided.where("not is_party").unionByName(there))


def marked(best: DataFrame, decided: DataFrame | None) -> DataFrame:
    """Best candidates with `is_named`: whether people have named that one."""
    if decided is None:
        return best.withColumn("is_named", F.lit(False))
    named = decided.where("is_party").select("record", "subject", F.lit(True).alias("named"))
    joined = best.join(named, ["record", "subject"], "left")
    return joined.withColumn("is_named", F.coalesce("named", F.lit(False))).drop("named")
