"""What analysts decide of who trades in a shop: its candidate, or not that one. The next match obeys.

Where the engine is unsure, or what is said of a shop contradicts itself, people decide (`review` of contract §2). What
they find out stands for all nights after, until they take it back, or the shop declares somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from jobs import ledger, lock
from jobs.errors import UserError
from jobs.masking import free_name, last_four, tax_code
from jobs.parties import registered_name
from jobs.sources import SOURCES
from jobs.storage import Lake
from jobs.tables import LINK_DECISIONS, RESIDENTS, SELLER_LINKS, SELLERS, TAXPAYERS
from matching.records import by_code, by_personal_id

LINKED, REJECTED, OPEN = "linked", "rejected", "open"
DECIDED = (LINKED, REJECTED, OPEN)

_SHOP = ("platform", "shop_id")


def decide(
    lake: Lake,
    platform: str,
    shop_ids: Sequence[str],
    decision: str,
    by: str,
    reason: str,
    as_of: dt.date | None = None,
) -> dict[str, str]:
    """Decide on the candidates that shops have in the state of the last finished run.

    Args:
        lake: the warehouse.
        platform: that reports them.
        shop_ids: its codes of the shops.
        decision: one of `DECIDED`: the candidate trades there, it does not; `open` takes back all that was decided of
            the shop.
        by: who decides.
        reason: why.
        as_of: the night whose report people have read; None: the last.

    Returns:
        Shop → whom the decision is about, masked; nothing where decisions are taken back.

    Raises:
        UserError: no night has finished yet, a run is at work, there is no such shop, it has no candidate or has
            another one than people have seen, or there is nothing to take back; nothing was written.
    """
    ledger.require_night(lake)
    with lock.only_run(lake.files, lake.root, ledger.LINK_DECISIONS):
        night, asked = ledger.left_by(lake, ledger.require_night(lake)), list(dict.fromkeys(shop_ids))
        of_these = (F.col("platform") == platform) & F.col("shop_id").isin(*asked)
        before = night.read(LINK_DECISIONS)
        if decision == OPEN:
            standing = {row["shop_id"] for row in _standing(before.where(of_these)).collect()}
            _refuse([each for each in asked if each not in standing], platform, "there is no decision to take back")
            rows: list[tuple[str | int | None, ...]] = [(platform, each, None, None, None) for each in asked]
        else:
            rows = _candidates(lake, night, platform, asked, of_these, as_of)
        with ledger.between_nights(lake, ledger.LINK_DECISIONS, only=(LINK_DECISIONS,)) as between:
            # Runs follow one another, whatever the clock says.
            made = [(*row, decision, by, reason, between.run.started_at) for row in rows]
            lake.write(LINK_DECISIONS, before.unionByName(lake.spark.createDataFrame(made, LINK_DECISIONS.schema)))
        return {} if decision == OPEN else _who(night, of_these)


def _refuse(shop_ids: Sequence[str], platform: str, why: str) -> None:
    if shop_ids:
        raise UserError(f"{platform} {', '.join(shop_ids)}: {why}")


def _candidates(
    lake: Lake, night: Lake, platform: str, asked: Sequence[str], of_these: Column, as_of: dt.date | None
) -> list[tuple[str | int | None, ...]]:
    """Platform, shop_id, personal_id, tax_code of the candidate, and what the shop declares."""
    links = night.read(SELLER_LINKS).where(of_these)
    shops = night.read(SELLERS).select(*_SHOP, _declared().alias("declared"))
    found = {row["shop_id"]: row for row in links.join(shops, [*_SHOP]).collect()}
    _refuse([each for each in asked if each not in found], platform, "no such shop in the last night")
    nobody = [each for each in asked if found[each]["decision"] == "none"]
    _refuse(nobody, platform, "has no candidate: there is nobody to decide on")
    if as_of is not None:
        read, run = ledger.night_of(lake, as_of)
        with ledger.readable(f"the night {run['business_date']}"):
            seen = {row["shop_id"]: row for row in read.read(SELLER_LINKS).where(of_these).collect()}
        others = [each for each in asked if each not in seen or _party(seen[each]) != _party(found[each])]
        _refuse(others, platform, f"the candidate is another one than on {as_of}: read the newest report")
    return [(platform, each, *_party(found[each]), found[each]["declared"]) for each in asked]


def _party(link: Row) -> tuple[str | None, str | None]:
    return link["personal_id"], link["tax_code"]


def _declared() -> Column:
    """Who a shop says that it is, as a number: name, paper, tax code, birth. Columns in: silver sellers."""
    paper = F.coalesce("person_id", "cmnd", "passport", "id_number")
    born = [F.col(column).cast("string") for column in ("birth_date", "birth_year")]
    said = [F.col("name_sorted"), paper, F.col("code"), F.coalesce(*born)]
    return F.xxhash64(*(F.coalesce(each, F.lit("")) for each in said))


def _who(night: Lake, of_these: Column) -> dict[str, str]:
    """Shop → its candidate, masked."""
    found = shown(night, night.read(SELLER_LINKS).where(of_these))
    number = F.coalesce("personal_id", "tax_code")
    told = found.select("shop_id", F.concat_ws(", ", "candidate", number).alias("who"))
    return {row["shop_id"]: row["who"] for row in told.collect()}


def shown(night: Lake, links: DataFrame) -> DataFrame:
    """Links with whom they lead to as people may read it.

    Columns in: personal_id, tax_code and any others. Columns out: those, both masked, and candidate (a name).
    """
    people = night.read(RESIDENTS).select("personal_id", "full_name")
    holders = night.read(TAXPAYERS).select("tax_code", registered_name().alias("registered"))
    named = links.join(people, "personal_id", "left").join(holders, "tax_code", "left")
    masked = {
        "candidate": free_name(F.coalesce("full_name", "registered")),
        "personal_id": last_four(F.col("personal_id")),
        "tax_code": tax_code(F.col("tax_code")),
    }
    return named.withColumns(masked).select(*links.columns, "candidate")


def subject() -> Column:
    """Whom a link or a decision is about, as the match calls them. Columns in: personal_id, tax_code."""
    return F.coalesce(by_personal_id(F.col("personal_id")), by_code(F.col("tax_code")))


def in_force(decisions: DataFrame) -> DataFrame:
    """What stands of all that was decided: of each candidate the newest, and of those that were named the last.

    Columns in: `match/link_decisions`. Columns out: the same.
    """
    of_shop, of_candidate = (Window.partitionBy(*_SHOP, *more) for more in ((), (subject(),)))
    named = F.max(F.when(F.col("decision") == LINKED, F.col("decided_at"))).over(of_shop)
    marked = _standing(decisions).withColumns({"named": named, "newest": F.max("decided_at").over(of_candidate)})
    counts = (F.col("decision") == REJECTED) | (F.col("decided_at") == F.col("named"))
    return marked.where((F.col("decided_at") == F.col("newest")) & counts).select(*decisions.columns)


def _standing(decisions: DataFrame) -> DataFrame:
    """Decisions on shops since all were taken back the last time."""
    taken_back = F.max(F.when(F.col("decision") == OPEN, F.col("decided_at"))).over(Window.partitionBy(*_SHOP))
    marked = decisions.withColumn("taken_back", taken_back)
    return marked.where("taken_back is null or decided_at > taken_back").drop("taken_back")


def to_obey(lake: Lake) -> DataFrame | None:
    """What the match must keep to (`candidates.with_named`); None where nobody has ever decided anything.

    A decision lapses with what the shop declares: sold, or registered anew, it may be another's.

    Columns out: record, subject, is_party (whether the subject is the shop's party, or is not).
    """
    if not lake.exists(LINK_DECISIONS):
        return None
    shops = lake.read(SELLERS).select(*_SHOP, _declared().alias("declared"))
    return (
        in_force(lake.read(LINK_DECISIONS))
        .join(shops, [*_SHOP, "declared"], "left_semi")
        .select(
            SOURCES["sellers"].record_key().alias("record"),
            subject().alias("subject"),
            (F.col("decision") == LINKED).alias("is_party"),
        )
    )
