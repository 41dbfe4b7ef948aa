"""A past night once more, from the versions that its row in `ops/runs` names, beside the warehouse and not in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from jobs import deliveries, intake, ledger, silver, tables
from jobs.errors import UserError
from jobs.night import Night, decide, differing_rows
from jobs.picture import picture
from jobs.settings import Settings
from jobs.sources import SOURCES
from jobs.standing import reshaped
from jobs.storage import Lake

# What a night takes over from the one before: since when, and what people decided.
_CARRIED = (tables.SELLER_LINKS, tables.FLAGGED_SELLERS, tables.SELLER_PARTIES, tables.CORRECTIONS)
# What it decided by, whether it found it or was the first.
_DECIDED_BY = (tables.TRAINING, tables.FREQUENCIES, tables.LINK_DECISIONS)
_COMPARED = (
    *tables.SILVER.values(),
    *(tables.HOLDER_LINKS, tables.SELLER_LINKS, tables.SELLER_PARTIES, tables.FLAGGED_SELLERS, tables.CORRECTIONS),
)


def replay(lake: Lake, run_id: str, settings: Settings, out: str, progress: Callable[[str], None]) -> dict[str, int]:
    """Rebuild a finished run's tables from bronze as it was, in a warehouse of their own.

    Args:
        lake: the warehouse.
        run_id: the run.
        settings: those of the run.
        out: path or URI of the new warehouse.
        progress: told what is being done.

    Returns:
        Table → rows that stand only in one of the two.

    Raises:
        UserError: no such run, one that was no night, other settings than the run's, `out` is taken, or its versions
            are no longer kept.
    """
    run, before = ledger.finished(lake, run_id)
    stage = ledger.between(run)
    if stage is not None:
        repeated = ledger.night_before(lake, run)
        told = f"; its night is {repeated['run_id']}" if repeated else ""
        raise UserError(f"run {run_id} was no night ({stage}): there is nothing to rebuild{told}")
    made = Lake(lake.spark, out)
    if lake.files.exists(out):
        raise UserError(f"--out {out}: is there already")
    _check_settings(run, settings, progress)
    then = ledger.left_by(lake, run)
    base = ledger.left_by(lake, before)
    try:
        with ledger.readable(f"run {run_id}"):
            _lay_down(then, base, made)
    except (UserError, PySparkException, Py4JJavaError):
        lake.files.delete(out)
        raise
    # What the audit lets pass was accepted then, or is.
    lenient = settings.model_copy(update={"gold": settings.gold.model_copy(update={"most_growth": float("inf")})})
    night = Night(made, "", run["business_date"], lenient, None, True, progress, lambda row: None)
    remembered = deliveries.load(then)
    for name, source in SOURCES.items():
        night.intakes[name] = intake.recalled(remembered.get(name, ()), source, run["business_date"], settings.ingest)
    decide(night)
    return {table.path: differing_rows(then.read(table), made.read(table)) for table in _COMPARED}


def _check_settings(run: dict[str, Any], settings: Settings, progress: Callable[[str], None]) -> None:
    changed = reshaped(run, settings)
    if "configuration" in changed:
        raise UserError(f"run {run['run_id']} was made with other settings: give its --config")
    for name, now in changed.items():
        progress(f"warning: the {name} of the run was {run['versions'][name]}, now it is {now}")


def _lay_down(then: Lake, base: Lake, made: Lake) -> None:
    """What the night was given: pictures from its bronze, and what the night before left."""
    for lake, carried in ((base, _CARRIED), (then, _DECIDED_BY)):
        for table in filter(lake.exists, carried):
            made.write(table, lake.read(table))
    for name, history in deliveries.load(then).items():
        rows = picture(then.read(tables.BRONZE[name]), SOURCES[name], deliveries.members(history))
        if then.exists(tables.SILVER[name]):
            made.write(tables.SILVER[name], silver.normalise(name, rows))
