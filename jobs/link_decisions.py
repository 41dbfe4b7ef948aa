"""What analysts decide of who trades in a shop: its candidate, or not that one. The next match obeys.

Where the engine is unsure, or what is said of a shop contradicts itself, people decide (`review` of contract §2). What
they find out stands for all nights after, until they take it back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs import ledger, lock
from jobs.errors import UserError
from jobs.sources import SOURCES
from jobs.storage import Lake
from jobs.tables import LINK_DECISIONS, SELLER_LINKS
from matching.records import by_code, by_personal_id

LINKED, REJECTED, OPEN = "linked", "rejected", "open"
DECIDED = (LINKED, REJECTED, OPEN)

_SHOP = ("platform", "shop_id")


def decide(lake: Lake, platform: str, shop_ids: Sequence[str], decision: str, by: str, reason: str) -> None:
    """Decide on the candidates that shops have in the state of the last finished run.

    Args:
        lake: the warehouse.
        platform: that reports them.
        shop_ids: its codes of the shops.
        decision: one of `DECIDED`: the candidate trades there, it does not; `open` takes back all that was decided of
            the shop.
        by: who decides.
        reason: why.

    Raises:
        UserError: no night has finished yet, a run is at work, there is no such shop, it has no candidate, or there is
            nothing to take back; nothing was written.
    """
    ledger.require_night(lake)
    with lock.only_run(lake.files, lake.root, ledger.LINK_DECISIONS):
        last = ledger.require_night(lake)
        night, its_own = ledger.left_by(lake, last), (F.col("platform") == platform) & F.col("shop_id").isin(*shop_ids)
        links = {row["shop_id"]: row for row in night.read(SELLER_LINKS).where(its_own).collect()}
        before = night.read(LINK_DECISIONS)
        decided = {row["shop_id"] for row in in_force(before.where(its_own)).collect()}
        now, made = dt.datetime.now(dt.UTC), []
        for shop_id in dict.fromkeys(shop_ids):
            link, told = links.get(shop_id), f"{platform} {shop_id}"
            if link is None:
                raise UserError(f"no shop {told} in the state of the night {last['business_date']}")
            if decision == OPEN and shop_id not in decided:
                raise UserError(f"shop {told}: there is no decision to take back")
            if decision != OPEN and link["decision"] == "none":
                raise UserError(f"shop {told} has no candidate: there is nobody to decide on")
            made.append((platform, shop_id, link["personal_id"], link["tax_code"], decision, by, reason, now))
        with ledger.between_nights(lake, ledger.LINK_DECISIONS, only=(LINK_DECISIONS,)):
            lake.write(LINK_DECISIONS, before.unionByName(lake.spark.createDataFrame(made, LINK_DECISIONS.schema)))


def in_force(decisions: DataFrame) -> DataFrame:
    """What stands of all that was decided: of each candidate the newest, of several that were named the last.

    Columns in: `match/link_decisions`. Columns out: the same.
    """
    shop = Window.partitionBy(*_SHOP)
    taken_back = F.max(F.when(F.col("decision") == OPEN, F.col("decided_at"))).over(shop)
    party = F.coalesce("personal_id", "tax_code")
    candidate = Window.partitionBy(*_SHOP, party)
    standing = decisions.withColumn("taken_back", taken_back).where("taken_back is null or decided_at > taken_back")
    newest = standing.withColumn("newest", F.max("decided_at").over(candidate)).where("decided_at = newest")
    last = F.max(F.when(F.col("decision") == LINKED, F.col("decided_at"))).over(shop)
    kept = newest.withColumn("last", last).where(
        (F.col("decision") == REJECTED) | (F.col("decided_at") == F.col("last"))
    )
    return kept.select(*decisions.columns)


def to_obey(lake: Lake) -> DataFrame | None:
    """What the match must keep to (`candidates.obeying`); None where nobody has ever decided anything.

    Columns out: record, subject, is_party (whether the subject is the shop's party, or is not).
    """
    if not lake.exists(LINK_DECISIONS):
        return None
    subject = F.coalesce(by_personal_id(F.col("personal_id")), by_code(F.col("tax_code")))
    return in_force(lake.read(LINK_DECISIONS)).select(
        SOURCES["sellers"].record_key().alias("record"),
        subject.alias("subject"),
        (F.col("decision") == LINKED).alias("is_party"),
    )
