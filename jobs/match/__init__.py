"""Match: whose each SIM, tax code and account is, and who trades in each shop.

residents, taxpayers ─► subjects
SIMs ─► taxpayers (SIMs) ─► accounts (SIMs, codes) ─► shops (all of them) ─► shops again, informed by their sisters
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.match.holders import Holders, accounts, holder_rows, sims, taxpayer_holders, taxpayers
from jobs.match.shops import nearest_rows, seller_rows, shops
from jobs.match.stage import Keep, Silver, Stage, first
from jobs.match.subjects import doubtful_subjects, people, subjects
from jobs.memory import Memory
from jobs.settings import MatchSettings
from matching import candidates, records
from matching.changes import Tracked, of
from matching.subjects import frequencies, households, shares, statistics, with_frequencies
from matching.training import Training

# Sources that the match reads.
MATCHED = ("residents", "taxpayers", "telecom_subscribers", "bank_accounts", "sellers")

# Records of these kinds find subjects by what the registers say of them; shops by their numbers as well.
_HOLDERS = ("sim", "taxpayer", "account")


@dataclass(frozen=True)
class Matched:
    """Rows of the tables of these names, lazily; seller_links comes without its dates. And what evidence weighed.

    `relinked` are the SIMs and accounts (source, record_key) whose links may be others than the last match's; None
    where nothing is taken over.
    """

    holder_links: DataFrame
    seller_links: DataFrame
    nearest_candidates: DataFrame
    blocking: DataFrame
    training: Training
    relinked: DataFrame | None


def match(
    silver: Silver,
    business_date: dt.date,
    settings: MatchSettings,
    keep: Keep,
    progress: Callable[[str], None],
    memory: Memory,
    frozen: Training | None = None,
    since: dt.date | None = None,
    decided: DataFrame | None = None,
) -> Matched:
    """Link every SIM, taxpayer, account and shop to its party.

    Args:
        silver: source → its silver table, of the sources `MATCHED`; with what has changed in it since the match whose
            memory is taken over, without where none is.
        business_date: the only today.
        settings: thresholds and caps.
        keep: computes a frame once and gives back one whose plan begins there (a checkpoint).
        progress: told what is being done.
        memory: of the last match what is taken over, for the next what is left.
        frozen: what evidence weighs; estimated from these tables where it is None.
        since: date up to which what is taken over holds; None where nothing is.
        decided: what people have decided of shops: record, subject, is_party; None where they never have.
    """
    progress("match: subjects")
    known = subjects(silver, business_date)
    if frozen is None:
        known = Tracked(keep(known.now))
    training = frozen or Training(statistics(known.now), shares(known.now), keep(frequencies(known.now)), {})
    those = doubtful_subjects(known, keep)
    chosen = known.now if those is None else keep(of(known.now, those, "subject"))
    homes = households(of(known.now, None if those is None else chosen.select("household"), "household"))
    weighed = with_frequencies(chosen, homes, training.frequencies, training.shares, training.statistics.subjects)
    keyed = candidates.with_keys(weighed, _HOLDERS, settings.max_block)
    found = memory.tracked("subjects", "subject", those, keyed)
    ids = keep(records.id_directory(people(found.now))) if those is None else None
    shared = silver, business_date, since, settings, progress, keep, memory, training
    stage = Stage(*shared, decided, found, ids)
    subscribed = sims(stage)
    registered = taxpayers(stage, subscribed)
    holders = Holders(subscribed, registered, accounts(stage, subscribed, registered))
    sellers = stage.records("sellers")
    best = keep(shops(stage, sellers, holders))
    linked = seller_rows(sellers.now, best)
    rows = [
        holder_rows("telecom_subscribers", first(subscribed.now)),
        taxpayer_holders(registered.now, linked, sellers.now.select("platform", "shop_id", "code")),
        holder_rows("bank_accounts", first(holders.accounts.now)),
    ]
    return Matched(
        reduce(DataFrame.unionByName, rows),
        linked,
        nearest_rows(sellers.now, best),
        reduce(DataFrame.unionByName, stage.blocking),
        replace(training, parameters=stage.parameters),
        None if since is None else _relinked(telecom_subscribers=subscribed, bank_accounts=holders.accounts),
    )


def _relinked(**links: Tracked) -> DataFrame:
    each = [table.changed.select(F.lit(source).alias("source"), "record") for source, table in links.items()]
    return reduce(DataFrame.unionByName, each).distinct().withColumnRenamed("record", "record_key")
