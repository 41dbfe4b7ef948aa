"""Sister shops: what one shop of a party reveals informs the shops that share a number, account or paper with it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching import comparisons as c
from matching.levels import shows
from matching.records import is_person

# A shared key tells who trades through the sister alone: what it leads to by itself is no second evidence.
_REPLACED = {
    "account": ("account",),
    "phone": ("sim", "sim_now", "contact"),
    "id": ("id",),
    "code": ("code",),
    "email": ("email",),
}
# These name somebody, however many shops bear them; numbers, accounts and addresses that many use are hired.
_PAPERS = ("id", "code")


def anchored(linked: DataFrame) -> DataFrame:
    """Linked shops whose own papers name the party, a living one, whatever account and number they share.

    Columns in: those of `resolve.Resolution.scored`. Columns out: record, holder.
    """
    papers = shows(c.ID, "self", "near") | shows(c.CODE, "self")
    return _holders(linked.where(papers & shows(c.TRADING, "alive")))


def named(linked: DataFrame) -> DataFrame:
    """Shops whose party people have named, a living one, as `anchored` has them; but for those with another's papers.

    Columns in: those of `resolve.Resolution.scored`. Columns out: record, holder.
    """
    lent = shows(c.ID, "household", "other") | shows(c.CODE, "household", "other", "organisation")
    return _holders(linked.where(shows(c.TRADING, "alive") & ~lent))


def _holders(linked: DataFrame) -> DataFrame:
    return linked.select("record", F.struct("subject", "household").alias("holder"))


def sisters(shops: DataFrame, anchors: DataFrame, keys: dict[str, Column], cap: int) -> DataFrame:
    """The party of anchored shops that share a key with a shop which is none.

    Through a number that more than `cap` shops use nobody's.

    Columns in: record and what `keys` ask for; of `anchors` those of `anchored`. Columns out: record, holder (null
    where the sisters name two parties), by (kinds of key that are shared).
    """
    kinds = F.array(
        *(F.when(key.isNotNull(), F.struct(F.lit(kind).alias("kind"), key.alias("key"))) for kind, key in keys.items())
    )
    keyed = shops.select("record", F.explode(F.array_compact(kinds)).alias("shared")).select("record", "shared.*")
    named = (
        keyed.join(anchors, "record", "left")
        .groupBy("kind", "key")
        .agg(F.min("holder").alias("holder"), F.max("holder").alias("greatest"), F.count("*").alias("shops"))
    )
    few = F.col("kind").isin(*_PAPERS) | (F.col("shops") <= cap)
    single = named.where((F.col("holder.subject") == F.col("greatest.subject")) & few)
    reached = keyed.join(anchors.select("record"), "record", "left_anti").join(single, ["kind", "key"])
    agreed = reached.groupBy("record").agg(
        F.min("holder").alias("least"), F.max("holder").alias("most"), F.array_sort(F.collect_set("kind")).alias("by")
    )
    return agreed.select(
        "record", F.when(F.col("least.subject") == F.col("most.subject"), F.col("least")).alias("holder"), "by"
    )


def without_shared(informed: DataFrame) -> DataFrame:
    """Drop the relations that lead through a key shared with the sister.

    But for an organisation's tax code: it says of whoever signs for the organisation that the shop is not theirs. And
    for the tax code of a party that is known by that alone: it is what the shop says of itself (contract §2).

    Columns in: the relations of a shop, `sister` among them, and by (of `sisters`). Columns out: the same without by.
    """
    sister = F.col("holder_sister.subject")
    by_code = F.coalesce((F.col("holder_code.subject") == sister) & ~is_person(sister), F.lit(False))
    changed: dict[str, Column] = {}
    for kind, relations in _REPLACED.items():
        shared = F.array_contains("by", F.lit(kind))
        for relation in relations:
            holder, state = F.col(f"holder_{relation}"), F.col(f"state_{relation}")
            dropped = shared & (state != "organisation") & ~(by_code & F.lit(kind == "code"))
            changed[f"holder_{relation}"] = F.when(~dropped, holder)
            changed[f"state_{relation}"] = F.when(dropped, "missing").otherwise(state)
    return informed.withColumns(changed).drop("by")
