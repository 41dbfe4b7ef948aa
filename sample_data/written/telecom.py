"""What operators write of their subscribers (`telecom_subscribers`)."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa

from sample_data.arrays import chosen, dates, days
from sample_data.country import Country
from sample_data.noise import date_kinds, written_dates, written_phones
from sample_data.streams import Streams
from sample_data.times import updated_at
from sample_data.written.common import id_on_file, write_text

_RENUMBERED = days(datetime.date(2018, 9, 15))  # 11-digit numbers lost a digit


def write_subscribers(streams: Streams, country: Country) -> pa.Table:
    """The delivery of `telecom_subscribers`."""
    people, sims, rules = country.people, country.sims, country.settings.telecom
    n, holder = len(sims.number), sims.holder
    kinds = streams.kinds("telecom.id", n, rules.id_number)
    old_form = (sims.activated_on < _RENUMBERED).astype(np.int64)
    birth = date_kinds(streams, "telecom", n, rules.date_of_birth)
    table = pa.table(
        {
            "msisdn": written_phones(streams, "telecom", sims.number, rules.phone_forms, old_form),
            "subscriber_name": write_text(
                streams, country, "telecom.name", people.names[holder], country.settings.text.telecom
            ),
            "id_number": id_on_file(streams, "telecom", people, holder, kinds),
            "date_of_birth": written_dates(people.birth[holder], birth),
            "activated_on": dates(sims.activated_on),
            "status": chosen(("closed", "active"), sims.active.astype(np.int64)),
            "updated_at": updated_at(streams, "telecom", sims.activated_on, country.today),
        }
    )
    return pa.concat_tables([table, _unreadable(table, rules.unreadable)])


def _unreadable(table: pa.Table, rate: float) -> pa.Table:
    """Rows that lost their number on the way: never one of those that count, always at least one."""
    rows = table.slice(0, max(round(len(table) * rate), 1))
    return rows.set_column(0, "msisdn", pa.nulls(len(rows), pa.string()))
