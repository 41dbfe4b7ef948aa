"""What a warehouse needs now and then: old rows and old files removed, small files merged.

It is a run like a night's: its row in `ops/runs` repeats what the last finished night came to and names the versions
that hold the same content in fewer files, so that readers move from one state to the next and a crash costs nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from jobs import decisions, deliveries, ledger, lock
from jobs.deliveries import History
from jobs.ledger import Run
from jobs.settings import MaintenanceSettings
from jobs.storage import Lake
from jobs.tables import (
    BROKEN_RULES,
    BRONZE,
    DELIVERIES,
    PARTY_EVENTS,
    QUALITY_FINDINGS,
    QUALITY_PROFILES,
    QUALITY_SCORECARD,
    QUARANTINE,
    RUNS,
    STATE,
)

STAGE = ledger.MAINTENANCE

_QUALITY = (QUALITY_SCORECARD, QUALITY_FINDINGS, QUALITY_PROFILES)
# Tables that grow by a little each night; the others are written whole, in few files.
_GROWING = (*BRONZE.values(), *_QUALITY, BROKEN_RULES, QUARANTINE, DELIVERIES, PARTY_EVENTS)


def maintain(lake: Lake, settings: MaintenanceSettings, progress: Callable[[str], None]) -> Run:
    """Remove what is older than the settings say, merge small files; returns the row of the run.

    Days of rows count from the newest finished business date, those of files and versions from now.

    Raises:
        UserError: no night has finished yet, or a run is at work; nothing was written.
    """
    ledger.require_night(lake)
    with lock.only_run(lake.files, lake.root, STAGE):
        decisions.adopt(lake)
        with ledger.between_nights(lake, STAGE) as between:
            progress("rows past their time")
            _remove_rows(lake, settings, between.last["business_date"])
            progress("small files")
            for table in _GROWING:
                lake.compact(table)
            for table in STATE:
                lake.keep_past(table)
        # Only now: whatever the last finished run names is what no file is taken from.
        progress("files that no night reads any more")
        lake.compact(RUNS)
        lake.keep_past(RUNS)
        for table in (*STATE, RUNS):
            lake.vacuum(table, settings.versions_days)
            lake.cut_log(table)
        return between.run


def _remove_rows(lake: Lake, settings: MaintenanceSettings, newest: dt.date) -> None:
    lake.remove(QUARANTINE, _before(newest, settings.quarantine_days))
    for table in _QUALITY:
        lake.remove(table, _before(newest, settings.quality_days))
    changed = {}
    for source, history in deliveries.load(lake).items():
        needed = needed_from(history)
        if needed is not None:
            limit = min(needed, newest - dt.timedelta(days=settings.bronze_days))
            lake.remove(BRONZE[source], f"_delivery_date < '{limit}'")
            known = deliveries.expired(history, limit)
            if known != history:
                changed[source] = known
    deliveries.save(lake, changed)


def needed_from(history: History) -> dt.date | None:
    """Date of the latest good full: what is dated before it no picture will read again (contract §1)."""
    base = next(iter(deliveries.members(history)), None)
    return None if base is None else base.delivery_date


def _before(newest: dt.date, days: int) -> str:
    return f"business_date < '{newest - dt.timedelta(days=days)}'"
