"""Which nights were missed while nothing ran."""

from __future__ import annotations

import datetime as dt

from jobs import intake, landing, ledger
from jobs.errors import UserError
from jobs.storage import Lake


def missed(lake: Lake, landing_zone: str, until: dt.date) -> list[dt.date]:
    """Business dates to run, in order: every day after the newest finished night, up to the last one wanted.

    Of a new warehouse the first is that of the oldest delivery. None where the last one wanted is done.

    Raises:
        UserError: no landing folder, nothing in it to begin with, or the last one wanted lies before the newest
            finished one.
    """
    intake.check_landing(lake.files, landing_zone)
    last = ledger.last_up_to(lake, until)
    if last is None:
        delivered = [date for date, _ in landing.folders(lake.files, landing_zone) if date <= until]
        if not delivered:
            raise UserError(f"landing folder {landing_zone}: no delivery up to {until}")
        first = delivered[0]
    else:
        first = last["business_date"] + dt.timedelta(days=1)
    return [first + dt.timedelta(days=each) for each in range((until - first).days + 1)]
