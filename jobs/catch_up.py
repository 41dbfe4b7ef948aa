"""Which nights were missed while nothing ran."""

from __future__ import annotations

import datetime as dt

from jobs import landing, ledger
from jobs.errors import UserError
from jobs.sources import SOURCES, Source
from jobs.storage import Lake


def missed(lake: Lake, landing_zone: str, until: dt.date) -> list[dt.date]:
    """Business dates to run, in order: every day after the newest finished night, up to the last one wanted.

    Of a new warehouse the first is that by which every source that no night can do without has come in full. None where
    the last one wanted is done.

    Raises:
        UserError: no landing folder, nothing in it to begin with, or the last one wanted lies before the newest
            finished one.
    """
    landing.check(lake.files, landing_zone)
    last = ledger.last_up_to(lake, until)
    if last is None:
        required = [source for source in SOURCES.values() if source.required]
        come = {source.name: _first_full(lake, landing_zone, source, until) for source in required}
        missing = ", ".join(name for name, date in come.items() if date is None)
        if missing:
            raise UserError(f"landing folder {landing_zone}: no full delivery up to {until} of {missing}")
        first = max(date for date in come.values() if date is not None)
    else:
        first = last["business_date"] + dt.timedelta(days=1)
    return [first + dt.timedelta(days=each) for each in range((until - first).days + 1)]


def _first_full(lake: Lake, landing_zone: str, source: Source, until: dt.date) -> dt.date | None:
    """Date of the first full delivery of a source, whether it is good or not; None where there is none."""
    arrived, _ = landing.arrivals(lake.files, landing_zone, source, until)
    for each in arrived:
        try:
            if landing.read_manifest(lake.files, each).mode == "full":
                return each.delivery_date
        except landing.Refused:
            continue
    return None
