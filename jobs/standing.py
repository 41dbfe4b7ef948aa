"""What of the last night still stands: where all that shaped it is as it was, it need not be computed again."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from jobs import corrections, ledger, training
from jobs.law import judged_years, statuses
from jobs.match import MATCHED
from jobs.match.holders import activated_since
from jobs.settings import Settings
from jobs.storage import Lake
from jobs.tables import SILVER, TELECOM


def shaped_by(settings: Settings, table_versions: dict[str, int]) -> dict[str, object]:
    """What shaped a run, as its row names it: code, settings, rules, and the tables' versions."""
    rules = resources.files("jobs").joinpath("rules")
    content = "".join(entry.read_text(encoding="utf-8") for entry in sorted(rules.iterdir(), key=lambda e: e.name))
    return {
        "code": ledger.CODE,
        "configuration": settings.digest(),
        "rules": hashlib.sha256(content.encode()).hexdigest()[:16],
        "tables": table_versions,
    }


def reshaped(run: Mapping[str, Any], settings: Settings) -> dict[str, object]:
    """Of code, settings and rules those that are no longer what a row of `ops/runs` names, as they are now."""
    now = shaped_by(settings, {})
    return {name: now[name] for name in ("code", "configuration", "rules") if now[name] != run["versions"][name]}


def means_the_same(base: Mapping[str, Any] | None, business_date: dt.date, settings: Settings) -> bool:
    """Whether the same rows would come to the same as in the last finished run: by code, settings, rules and codes.

    Args:
        base: row of that run, None where there is none.
        business_date: the date.
        settings: of the night.
    """
    if base is None or reshaped(base, settings):
        return False
    return statuses(base["business_date"]) == statuses(business_date)


def match_stands(lake: Lake, base: Mapping[str, Any] | None, business_date: dt.date, settings: Settings) -> bool:
    """Whether a match of a date could only find what the last finished run's found, and so could `corrections.find`.

    Args:
        lake: the warehouse, its pictures those of the date.
        base: row of the last finished run, None where there is none.
        business_date: the date.
        settings: of the night.
    """
    if base is None or not means_the_same(base, business_date, settings) or not training.is_used(lake):
        return False
    then = base["business_date"]
    if _pictures_changed(lake, base, MATCHED) or corrections.is_another_law(then, business_date):
        return False
    if ledger.decided_since(base, ledger.LINK_DECISIONS):
        return False
    return lake.pin(TELECOM).where(activated_since(then, business_date)).isEmpty()


def gold_stands(lake: Lake, base: Mapping[str, Any], business_date: dt.date) -> bool:
    """Whether gold could only judge as the last finished run did, by the same doubts, where the match stands.

    Args:
        lake: the warehouse, its pictures those of the date.
        base: row of the last finished run.
        business_date: the date.
    """
    then = base["business_date"]
    if _pictures_changed(lake, base, SILVER):
        return False
    # Sales count from the first day of their month on.
    same_month = (then.year, then.month) == (business_date.year, business_date.month)
    return same_month and judged_years(then) == judged_years(business_date)


def _pictures_changed(lake: Lake, base: Mapping[str, Any], sources: Iterable[str]) -> bool:
    before = ledger.table_versions(base)
    return any(lake.version(SILVER[name]) != before.get(SILVER[name].path) for name in sources)
