"""What platforms write of the shops on them (`sellers`)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import NOBODY, Bools, Ints, Text, blanked, chosen, dates, joined, padded, where
from sample_data.banks import BANK_CODES
from sample_data.country import Country
from sample_data.ids import PERSONAL_ID_WIDTH, TAX_CODE_WIDTH, masked, written_id
from sample_data.lexicon import NO_WORD
from sample_data.noise import masked_emails, masked_phones, written_dates, written_phones
from sample_data.parties import FOREIGNER, ORGANISATION, PERSON
from sample_data.places import Homes, code_versions, draw_homes, province_codes
from sample_data.settings import Rates
from sample_data.streams import Kinds, Streams, kinds_of
from sample_data.telecom import contact_numbers
from sample_data.times import updated_at
from sample_data.written.common import write_homes, write_text
from sample_data.written.taxpayers import person_emails

_TYPES = ("individual", "household_business", "organisation")


def write_sellers(streams: Streams, country: Country) -> pa.Table:
    """The delivery of `sellers`, every shop; see `generate` for those whose row comes later."""
    shops, accounts, rules = country.shops, country.accounts, country.settings.sellers
    account = country.declared.account
    person = _contact(country)
    homes, no_address, new_units = _homes(streams, country, person)
    abroad = country.parties.kind[shops.party] == FOREIGNER
    return pa.table(
        {
            "platform": chosen([platform.name for platform in rules.platforms], shops.platform),
            "shop_id": shops.shop_id,
            "shop_name": write_text(streams, country, "sellers.shop_name", shops.brand, country.settings.text.sellers),
            "seller_name": _names(streams, country),
            "seller_type": _types(streams, country),
            "country": _countries(streams, country, abroad),
            "id_number": _ids(country),
            "tax_code": _tax_codes(country),
            "date_of_birth": _birth_dates(streams, country),
            "phone": _phones(streams, country, person),
            "email": _emails(streams, country, person),
            "address": blanked(_addresses(streams, country, homes, new_units), no_address),
            "province_code": blanked(province_codes(country.places, homes.commune, new_units), no_address),
            "province_code_version": blanked(code_versions(new_units), no_address),
            "payout_bank_code": chosen(BANK_CODES, np.where(account >= 0, accounts.bank[account], NOBODY)),
            "payout_account_number": accounts.number.take(pa.array(account, mask=account < 0)),
            "registered_on": dates(shops.registered_on),
            "status": _statuses(streams, country),
            "updated_at": updated_at(streams, "sellers", shops.registered_on, country.today, 300),
        }
    )


def _contact(country: Country) -> Ints:
    """The person behind each shop: its trader or the organisation's representative; NOBODY for a seller abroad."""
    parties, party = country.parties, country.shops.party
    firm = parties.organisation[party]
    return np.where(firm >= 0, country.companies.representative[firm], parties.person[party])


def _kinds(streams: Streams, country: Country, tag: str, rates: Rates, of_hiders: Rates | None = None) -> Kinds:
    """Kinds that the shops of a party mostly share."""
    parties, party = country.parties, country.shops.party
    uniform = streams.shared_uniform(f"sellers.{tag}", party, len(parties), country.settings.sellers.loyalty)
    return kinds_of(uniform, rates, of_hiders, parties.hides[party])


def _names(streams: Streams, country: Country) -> Text:
    rules, parties, party = country.settings.sellers, country.parties, country.shops.party
    kinds = _kinds(streams, country, "name", rules.name, rules.name_of_hiders)
    kind = parties.kind[party]
    words = np.full((len(party), 5), NO_WORD)
    person, firm, abroad = kind == PERSON, kind == ORGANISATION, kind == FOREIGNER
    words[person, 1:] = _person_names(streams, country, kinds)[person]
    short = streams.hits("sellers.short_company", len(party), 0.3)
    companies, index = country.companies, parties.organisation[party]
    words[firm, 1:] = np.where(short[:, None], companies.short_names[index], companies.names[index])[firm]
    words[abroad, 1:4] = country.foreigners.names[parties.foreigner[party[abroad]]]
    brand = kinds["brand"] & ~abroad
    words[brand] = NO_WORD
    words[brand, 1:4] = country.shops.brand[brand]
    text = write_text(streams, country, "sellers.name", words, country.settings.text.sellers)
    return blanked(text, kinds["missing"])


def _person_names(streams: Streams, country: Country, kinds: Kinds) -> Ints:
    """Words of the declared names of people: full, initials, swapped, without middle name, or a nickname."""
    people, declared = country.people, country.declared
    whose = declared.uses_name_of
    home = np.where(people.spouse >= 0, people.spouse, people.at_home)[whose]
    full = people.names[np.where(kinds["household"] & (home >= 0), home, whose)]
    surname, first, second, given = full.T
    n, empty = len(full), np.full(len(full), NO_WORD)
    initial = country.names.initials
    short = [np.where(word >= 0, initial[word], NO_WORD) for word in (surname, first, second)]
    nickname = country.shop_words.nicknames[
        streams.integers("sellers.nickname", n, 0, len(country.shop_words.nicknames))
    ]
    nickname = np.where(streams.hits("sellers.doubled", n, 0.3), given, nickname)
    words = full.copy()
    for kind, columns in (
        ("initials", (*short, given)),
        ("swapped", (given, surname, first, second)),
        ("no_middle", (surname, empty, empty, given)),
        ("nickname", (nickname, given, empty, empty)),
    ):
        words = np.where(kinds[kind][:, None], np.column_stack(columns), words)
    return words


def _types(streams: Streams, country: Country) -> Text:
    """The declared type: a registered person is a household business as a rule; unverified."""
    parties, party = country.parties, country.shops.party
    owner = country.registry.party(parties)
    rows = country.registry.is_business() & (owner >= 0)
    registered = np.bincount(owner[rows], minlength=len(parties)) > 0
    right = np.where(parties.kind == ORGANISATION, 2, np.where(registered & (parties.kind == PERSON), 1, 0))[party]
    kinds = _kinds(streams, country, "type", country.settings.sellers.seller_type)
    code = np.where(kinds["wrong"], (right + 1 + party % 2) % 3, right)
    return chosen(_TYPES, np.where(kinds["missing"], NOBODY, code))


def _countries(streams: Streams, country: Country, abroad: Bools) -> Text:
    party = country.shops.party
    foreign = country.foreigners.country.take(pa.array(np.maximum(country.parties.foreigner[party], 0)))
    missing = streams.hits("sellers.no_country", len(party), country.settings.sellers.no_country) & ~abroad
    return blanked(where(abroad, foreign, "VN"), missing)


def _ids(country: Country) -> Text:
    declared, party = country.declared, country.shops.party
    kinds = declared.id_kinds
    text = written_id(declared.id_number, declared.shown_width)
    long = declared.shown_width == PERSONAL_ID_WIDTH
    text = where(kinds["masked"], masked(text, 4, 2), text)
    text = where(kinds["zero_lost"] & long, pc.utf8_ltrim(text, "0"), text)
    blocks = (pc.utf8_slice_codeunits(text, *cut) for cut in ((0, 3), (3, 6), (6, 12)))
    text = where(kinds["spaced"] & long, joined(*blocks, separator=" "), text)
    own = joined("C", padded(declared.id_number % 10_000_000, 7))
    text = where(kinds["passport"] & (country.parties.kind[party] == PERSON), own, text)
    foreign = country.foreigners.passport.take(pa.array(np.maximum(country.parties.foreigner[party], 0)))
    return where(country.codes.shows_passport, foreign, text)


def _tax_codes(country: Country) -> Text:
    codes = country.codes
    text = where(
        codes.width == PERSONAL_ID_WIDTH, padded(codes.number, PERSONAL_ID_WIDTH), padded(codes.number, TAX_CODE_WIDTH)
    )
    text = where(codes.branch > 0, joined(text, padded(codes.branch, 3), separator="-"), text)
    text = where(codes.no_hyphen, pc.replace_substring(text, "-", ""), text)
    text = where(codes.zero_lost, pc.utf8_ltrim(text, "0"), text)
    return blanked(text, codes.width == 0)


def _birth_dates(streams: Streams, country: Country) -> Text:
    rules, whose = country.settings.sellers, country.declared.uses_name_of
    kinds = _kinds(streams, country, "birth", rules.date_of_birth, rules.date_of_birth_of_hiders)
    return blanked(written_dates(country.people.birth[whose], kinds), whose < 0)


def _phones(streams: Streams, country: Country, person: Ints) -> Text:
    rules = country.settings.sellers
    kinds = _kinds(streams, country, "phone", rules.phone, rules.phone_of_hiders)
    number = contact_numbers(country.people, country.sims, person, kinds)
    text = written_phones(streams, "sellers", number, country.settings.phone_forms)
    plain = blanked(padded(number, TAX_CODE_WIDTH), number == 0)
    return where(kinds["masked"], masked_phones(plain), text)


def _emails(streams: Streams, country: Country, person: Ints) -> Text:
    rules = country.settings.sellers
    kinds = _kinds(streams, country, "email", rules.email, rules.email_of_hiders)
    writer = np.where(kinds["other"] & (person >= 0), country.people.strangers[person], person)
    text = person_emails(country, writer, kinds["missing"])
    return where(kinds["masked"], masked_emails(text), text)


def _homes(streams: Streams, country: Country, person: Ints) -> tuple[Homes, Bools, Bools]:
    """Pick-up address of each shop, whether there is none, and whether it is in the new units."""
    rules, people, places, n = country.settings.sellers, country.people, country.places, len(person)
    kinds = _kinds(streams, country, "address", rules.address, rules.address_of_hiders)
    anywhere = streams.pick("sellers.commune", n, places.commune_weight.tolist())
    elsewhere = draw_homes(streams, places, "sellers.elsewhere", anywhere, 0.0)
    homes = people.homes.of(person).replaced(people.old_homes.of(person), kinds["old_home"])
    firm = country.parties.organisation[country.shops.party]
    homes = homes.replaced(country.companies.homes.of(firm), firm >= 0)
    homes = homes.replaced(elsewhere, kinds["elsewhere"])
    new_units = streams.hits("sellers.new_units", n, country.settings.addresses.new_units_elsewhere)
    return homes, kinds["missing"] | (person < 0), new_units


def _addresses(streams: Streams, country: Country, homes: Homes, new_units: Bools) -> Text:
    rules = country.settings
    return write_homes(
        streams, country, "sellers", homes, new_units, rules.addresses.forms_elsewhere, rules.text.addresses
    )


def _statuses(streams: Streams, country: Country) -> Text:
    shops = country.shops
    suspended = streams.hits("sellers.suspended", len(shops), country.settings.sellers.suspended)
    closed = shops.closed_on > 0
    return chosen(("active", "suspended", "closed"), np.where(closed, 2, np.where(suspended, 1, 0)))
