"""The tax registry as it is delivered (`taxpayers`)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import NOBODY, Bools, Ints, Text, blanked, chosen, dates, padded, where
from sample_data.country import Country
from sample_data.ids import PERSONAL_ID_WIDTH
from sample_data.lexicon import NO_WORD
from sample_data.noise import date_kinds, written_dates, written_emails, written_phones
from sample_data.places import Homes, code_versions, province_codes
from sample_data.registry import HOUSEHOLD_BUSINESS, TYPES
from sample_data.streams import Streams
from sample_data.telecom import contact_numbers
from sample_data.times import updated_at
from sample_data.writing import STYLE_CODES
from sample_data.written.common import id_on_file, write_homes, write_text

# VSIC codes: retail over the internet, clothes, cosmetics, household goods, food service, transport, computer services
_LINES = ("47910", "47910;47711", "47722", "47591;47910", "56101", "49330", "62010;47910", "46413;46497", "82990")


def write_taxpayers(streams: Streams, country: Country) -> pa.Table:
    """The delivery of `taxpayers`."""
    registry, people, rules = country.registry, country.people, country.settings.registry
    n = len(registry)
    contact = _contact(country)
    homes, no_address, new_units = _homes(streams, country, contact)
    phone = contact_numbers(people, country.sims, contact, streams.kinds("taxpayers.phone", n, rules.phone))
    table = pa.table(
        {
            "tax_code": registry.codes(),
            "taxpayer_name": _names(streams, country),
            "taxpayer_type": chosen(TYPES, registry.type),
            "id_number": _ids(streams, country, contact),
            "date_of_birth": _birth_dates(streams, country),
            "address": _addresses(streams, country, homes, new_units, no_address),
            "province_code": blanked(province_codes(country.places, homes.commune, new_units), no_address),
            "province_code_version": blanked(code_versions(new_units), no_address),
            "phone": written_phones(streams, "taxpayers", phone, country.settings.phone_forms),
            "email": person_emails(country, contact, ~streams.hits("taxpayers.email", n, rules.email)),
            "business_lines": _lines(streams, country),
            "status": padded(registry.status, 2),
            "registered_on": dates(registry.registered_on),
            "closed_on": dates(registry.closed_on),
            "updated_at": updated_at(streams, "taxpayers", _last_change(country), country.today),
        }
    )
    older = np.flatnonzero(streams.hits("taxpayers.superseded", n, rules.superseded))
    return pa.concat_tables([_older(table.take(pa.array(older))), table])


def _older(rows: pa.Table) -> pa.Table:
    """Rows as they stood a year before their last change: in force, no phone."""
    year = pa.scalar(365 * 86_400 * 10**6, pa.duration("us"))
    columns = {name: rows[name] for name in rows.column_names}
    columns["status"] = pa.array(["00"] * len(rows))
    columns["closed_on"] = pa.nulls(len(rows), pa.date32())
    columns["phone"] = pa.nulls(len(rows), pa.string())
    columns["updated_at"] = pc.subtract(rows["updated_at"], year)
    return pa.table(columns)


def _last_change(country: Country) -> Ints:
    return np.maximum(country.registry.registered_on, country.registry.closed_on)


def _contact(country: Country) -> Ints:
    """The person behind each code: its owner, an organisation's representative, nobody for a supplier abroad."""
    registry, firm = country.registry, country.registry.organisation
    return np.where(
        registry.person >= 0, registry.person, np.where(firm >= 0, country.companies.representative[firm], NOBODY)
    )


def _names(streams: Streams, country: Country) -> Text:
    registry, people = country.registry, country.people
    n = len(registry)
    words = np.full((n, 6), NO_WORD)
    person, firm, abroad = registry.person >= 0, registry.organisation >= 0, registry.foreigner >= 0
    words[person, 1:5] = people.names[registry.person[person]]
    words[firm, :4] = country.companies.names[registry.organisation[firm]]
    words[abroad, :3] = country.foreigners.names[registry.foreigner[abroad]]
    kinds = streams.kinds("taxpayers.business_name", n, country.settings.registry.business_name)
    business = person & (registry.type == HOUSEHOLD_BUSINESS)
    prefixed, brand = business & kinds["prefixed"], business & kinds["brand"]
    words[prefixed | brand, 0] = country.shop_words.household_business
    words[brand, 1:4] = NO_WORD  # "Hộ kinh doanh <brand> <given name>"
    pick = streams.integers("taxpayers.brand", n, 0, len(country.shop_words.brands))
    words[brand, 3] = country.shop_words.brands[pick[brand]]
    return write_text(streams, country, "taxpayers.name", words, country.settings.text.taxpayers)


def _ids(streams: Streams, country: Country, contact: Ints) -> Text:
    registry, rules = country.registry, country.settings.registry
    kinds = streams.kinds("taxpayers.id", len(registry), rules.id_number)
    old_code = registry.width < PERSONAL_ID_WIDTH  # under the personal id there is nothing to spoil
    ids = id_on_file(streams, "taxpayers", country.people, contact, kinds.only(old_code))
    passports = pc.take(country.foreigners.passport, pa.array(np.maximum(registry.foreigner, 0)))
    return where(registry.foreigner >= 0, passports, ids)


def _birth_dates(streams: Streams, country: Country) -> Text:
    registry = country.registry
    kinds = date_kinds(streams, "taxpayers", len(registry), country.settings.registry.date_of_birth)
    text = written_dates(country.people.birth[registry.person], kinds)
    return blanked(text, registry.person < 0)


def _homes(streams: Streams, country: Country, contact: Ints) -> tuple[Homes, Bools, Bools]:
    """Address of each row, whether there is none, and whether it is in the new units."""
    registry, people, rules = country.registry, country.people, country.settings
    n = len(registry)
    old = streams.hits("taxpayers.old_address", n, rules.registry.old_address)
    homes = people.homes.of(contact).replaced(people.old_homes.of(contact), old)
    homes = homes.replaced(country.companies.homes.of(registry.organisation), registry.organisation >= 0)
    none = streams.hits("taxpayers.no_address", n, rules.registry.no_address) | (contact < 0)
    return homes, none, streams.hits("taxpayers.new_units", n, rules.addresses.new_units_elsewhere)


def _addresses(streams: Streams, country: Country, homes: Homes, new_units: Bools, none: Bools) -> Text:
    rules = country.settings
    text = write_homes(
        streams, country, "taxpayers", homes, new_units, rules.addresses.forms_elsewhere, rules.text.addresses
    )
    broken = streams.hits("taxpayers.line_break", len(none), rules.registry.line_breaks)
    text = where(broken, pc.replace_substring(text, ", ", "\n", max_replacements=1), text)
    return blanked(text, none)


def _lines(streams: Streams, country: Country) -> Text:
    registry = country.registry
    lines = chosen(_LINES, streams.integers("taxpayers.lines", len(registry), 0, len(_LINES)))
    return blanked(lines, ~registry.is_business())


def person_emails(country: Country, person: Ints, none: Bools) -> Text:
    """E-mail addresses of people, the same wherever a person gives it; null for nobody and where `none` holds."""
    plain = country.lexicon.write(country.people.names[person], STYLE_CODES["unaccented_lower"], "")
    return blanked(written_emails(plain, person), none | (person < 0))
