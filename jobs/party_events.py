"""How parties merge and split: a party keeps its key from night to night, its shops may come to belong to another."""

from __future__ import annotations

import datetime as dt

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.parties import CODE, RESIDENT, party_key
from jobs.tables import PARTY_EVENTS

_SHOP = ("platform", "shop_id")


def events(before: DataFrame, now: DataFrame, key: str, business_date: dt.date) -> DataFrame:
    """Shops that belong to another party than in the last night.

    A party from which all shops went has merged with the one that they went to, one that keeps some has split. A shop
    without a link is a party of its own, so that one which gets a link merges, one which loses it splits, though it was
    the party's only one.

    Args:
        before: match/seller_links of the last finished run.
        now: match/seller_links of tonight.
        key: secret of the party keys.
        business_date: tonight.

    Returns:
        Rows of gold/party_events.
    """
    was = before.select(*_SHOP, _party_key(key).alias("from_party_key"))
    is_now = now.select(*_SHOP, _party_key(key).alias("to_party_key"), (F.col("decision") == "link").alias("linked"))
    moved = was.join(is_now, [*_SHOP]).where("from_party_key <> to_party_key")
    left = is_now.select(F.col("to_party_key").alias("from_party_key")).distinct().withColumn("stays", F.lit(True))
    known = moved.join(left, "from_party_key", "left").withColumns(
        {
            "business_date": F.lit(business_date),
            "event": F.when(F.col("stays") | ~F.col("linked"), "split").otherwise("merged"),
        }
    )
    return known.select(*PARTY_EVENTS.columns)


def _party_key(key: str) -> Column:
    """The party of the shop of a link; shops abroad have none, and are their own."""
    linked, code = F.col("decision") == "link", F.col("tax_code")
    kind = F.when(linked & F.col("personal_id").isNotNull(), RESIDENT).when(linked & code.isNotNull(), CODE)
    return party_key(key, kind, code)
