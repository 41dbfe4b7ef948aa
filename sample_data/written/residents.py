"""The population database (`residents`)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.arrays import Bools, Ints, chosen, padded, where
from sample_data.country import Country
from sample_data.ids import CMND_WIDTH, PERSONAL_ID_WIDTH, written_id
from sample_data.noise import written_dates
from sample_data.people import STATUSES
from sample_data.places import code_versions, province_codes
from sample_data.streams import RIGHT, Kinds, Streams
from sample_data.times import updated_at
from sample_data.written.common import write_homes, write_text


def write_residents(streams: Streams, country: Country) -> pa.Table:
    """The delivery of `residents`."""
    people, settings, n = country.people, country.settings, country.people.residents
    here = np.arange(n)
    homes = people.homes.of(here)
    new_units = _units(streams, country, here)
    return pa.table(
        {
            "personal_id": padded(people.personal_id[here], PERSONAL_ID_WIDTH),
            "old_id_number": written_id(people.cmnd[here], np.where(people.cmnd[here] > 0, CMND_WIDTH, 0)),
            "full_name": write_text(streams, country, "residents.name", people.names[here], settings.text.residents),
            "date_of_birth": written_dates(people.birth[here], _birth_kinds(streams, people.birth[here])),
            "gender": chosen(("M", "F"), people.sex[here]),
            "permanent_address": write_homes(
                streams,
                country,
                "residents",
                homes,
                new_units,
                settings.addresses.forms_residents,
                settings.text.residents,
            ),
            "province_code": _codes(streams, country, homes.commune, new_units),
            "province_code_version": code_versions(new_units),
            "status": chosen(STATUSES, people.status[here]),
            "updated_at": updated_at(streams, "residents", people.birth[here] + 10, country.today),
        }
    )


def _units(streams: Streams, country: Country, here: Ints) -> Bools:
    """Whether a row is in the new units: by household, some members apart."""
    rules, household = country.settings.addresses, country.people.households.household[here]
    by_household = streams.hits("residents.new_units", int(household.max()) + 1, rules.new_units_residents)[household]
    return np.logical_xor(by_household, streams.hits("residents.differs", len(here), rules.differs_in_household))


def _codes(streams: Streams, country: Country, commune: Ints, new_units: Bools) -> pa.Array:
    stale = streams.hits("residents.stale_code", len(commune), country.settings.addresses.stale_province_code)
    old = province_codes(country.places, commune, np.zeros(len(commune), np.bool_))
    return where(stale & new_units, old, province_codes(country.places, commune, new_units))


def _birth_kinds(streams: Streams, birth: Ints) -> Kinds:
    """Only the year is known of some of the old (DOMAIN 7.7)."""
    year_only = streams.hits("residents.year_only", len(birth), np.where(birth < -3_653, 0.02, 0.0))  # before 1960
    names = (RIGHT, "missing", "year_only", "new_year", "swapped", "wrong_day", "wrong_year")
    return Kinds(names, np.where(year_only, names.index("year_only"), 0))
