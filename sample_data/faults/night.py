"""A second night on which one source delivers something wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from sample_data.arrays import where
from sample_data.deliver import write_delivery
from sample_data.faults import spoiling
from sample_data.faults.fault import Fault
from sample_data.faults.spoiling import Around
from sample_data.settings import DeliverySettings
from sample_data.times import ZONE

Rows = Mapping[str, Callable[[], pa.Table]]

_TOUCHED = 0.02


def write_next_night(
    landing: Path, rows: Rows, date: datetime.date, settings: DeliverySettings, fault: Fault | None
) -> None:
    """The deliveries of a second night: of one source all rows with a fault, of the others an empty list of changes.

    Args:
        landing: landing zone.
        rows: rows of each source as it delivered them on the night before.
        date: business date of the second night.
        settings: format of each source.
        fault: what is wrong; None for a night on which nothing is.
    """
    for source in rows:
        if fault is not None and source == fault.source:
            write_faulty(landing, rows, date, settings, fault)
        else:
            nothing = rows[source]().slice(0, 0)
            changes = nothing.append_column("change_type", pa.array([], pa.string()))
            write_delivery(landing, source, date, changes, settings)


def write_faulty(landing: Path, rows: Rows, date: datetime.date, settings: DeliverySettings, fault: Fault) -> None:
    """The delivery of the fault's source alone."""
    delivered = rows[fault.source]()
    around = Around(date, lambda source: rows[source]())
    spoilt = fault.spoil(touched(delivered, date) if fault.touched else delivered, around)
    folder = write_delivery(landing, fault.source, date, spoilt, settings, fault.produced_after)
    fault.tamper(folder)


def touched(rows: pa.Table, date: datetime.date) -> pa.Table:
    """The rows with a few of them updated on the day before."""
    nine = datetime.datetime.combine(date - datetime.timedelta(days=1), datetime.time(9), ZoneInfo(ZONE))
    fresh = pa.scalar(nine, pa.timestamp("us", tz=ZONE))
    changed = spoiling.chosen_rows(rows.num_rows, _TOUCHED)
    return spoiling.replaced(rows, "updated_at", where(changed, fresh, rows["updated_at"]))
