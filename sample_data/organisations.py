"""Organisations of the country, and those abroad who sell into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data import tables
from sample_data.arrays import Ints, Text, chosen, joined, padded
from sample_data.ids import tax_codes, unique_numbers
from sample_data.lexicon import NO_WORD, Lexicon
from sample_data.people import People
from sample_data.places import Homes, Places, draw_homes
from sample_data.settings import OrganisationSettings
from sample_data.streams import Streams

_COUNTRIES = {"CN": 60, "KR": 10, "TH": 8, "SG": 6, "US": 6, "JP": 4, "MY": 4, "HK": 2}
_FORM_WEIGHTS = (50, 22, 16, 4, 5, 3)


@dataclass(frozen=True)
class Organisations:
    """One row an organisation.

    Attributes:
        names: codes of form, trade, and two brand words.
        short_names: the same with form and trade abbreviated.
        representative: legal representative, a resident.
        homes: registered seat.
        tax_code: ten digits.
    """

    names: Ints
    short_names: Ints
    representative: Ints
    homes: Homes
    tax_code: Ints

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Foreigners:
    """One row a seller or supplier abroad: country, name as codes, passport, tax code (0 where not registered)."""

    country: Text
    names: Ints
    passport: Text
    tax_code: Ints
    active: Ints  # 1 where the registration is active

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class CompanyWords:
    """Codes of company words: [form, word]."""

    forms: Ints
    trades: Ints
    brands: Ints
    given: Ints
    family: Ints
    abroad: Ints


def load_company_words(lexicon: Lexicon) -> CompanyWords:
    """Company words, taken into the lexicon."""
    return CompanyWords(
        forms=np.stack([lexicon.add(tables.words("company_form", field)) for field in ("word", "short")]),
        trades=np.stack([lexicon.add(tables.words("company_trade", field)) for field in ("word", "short")]),
        brands=lexicon.add(tables.words("company_brand")),
        given=_by_country(lexicon, "given"),
        family=_by_country(lexicon, "family"),
        abroad=lexicon.add(tables.words("foreign_firm")),
    )


def _by_country(lexicon: Lexicon, part: str, width: int = 10) -> Ints:
    return np.stack([np.resize(lexicon.add(tables.words(f"foreign_{part}_{code}")), width) for code in _COUNTRIES])


def draw_organisations(
    streams: Streams, words: CompanyWords, places: Places, people: People, rules: OrganisationSettings, today: int
) -> Organisations:
    """Organisations with their seats and representatives; some bear equal names."""
    n = max(round(people.residents * rules.per_resident), 40)
    form = streams.pick("organisations.form", n, _FORM_WEIGHTS)
    trade = streams.pick("organisations.trade", n, range(words.trades.shape[1], 0, -1))
    brands = words.brands[streams.integers("organisations.brand", n * 2, 0, len(words.brands)).reshape(n, 2)]
    model = np.where(streams.hits("organisations.equal_name", n, rules.equal_names), np.arange(n) // 2, np.arange(n))
    form, trade, brands = form[model], trade[model], brands[model]
    no_trade = streams.hits("organisations.no_trade", n, 0.25)[model]
    names = [
        np.column_stack([f[form], np.where(no_trade, NO_WORD, t[trade]), brands])
        for f, t in zip(words.forms, words.trades, strict=True)
    ]
    commune = streams.pick("organisations.commune", n, places.commune_weight.tolist())
    adults = np.flatnonzero(
        (people.status == 0) & (people.ages(today) >= 22) & people.is_resident(np.arange(len(people)))
    )
    return Organisations(
        names=names[0],
        short_names=names[1],
        representative=adults[streams.integers("organisations.representative", n, 0, len(adults))],
        homes=draw_homes(streams, places, "organisations", commune, 0.0),
        tax_code=tax_codes(streams, "organisations.tax_code", n, 10_000_000, 400_000_000),
    )


def draw_foreigners(streams: Streams, words: CompanyWords, rules: OrganisationSettings, residents: int) -> Foreigners:
    """Sellers abroad, a part of them registered as foreign suppliers."""
    n = max(round(residents * rules.foreign_per_resident), 12)
    country = streams.pick("foreigners.country", n, _COUNTRIES)
    width = words.given.shape[1]
    given = words.given[country, streams.integers("foreigners.given", n, 0, width)]
    family = words.family[country, streams.integers("foreigners.family", n, 0, width)]
    firm = streams.hits("foreigners.firm", n, 0.5)
    suffix = words.abroad[streams.integers("foreigners.suffix", n, 0, len(words.abroad))]
    letter = chosen(list("EGMPK"), country % 5)
    registered = streams.hits("foreigners.registered", n, rules.foreign_registered) | (np.arange(n) < 4)
    active = ~streams.hits("foreigners.inactive", n, rules.foreign_inactive) | (np.arange(n) < 2)
    return Foreigners(
        country=chosen([*_COUNTRIES], country),
        names=np.column_stack([family, given, np.where(firm, suffix, NO_WORD)]),
        passport=joined(letter, padded(unique_numbers(streams, "foreigners.passport", n, 0, 100_000_000), 8)),
        tax_code=np.where(registered, tax_codes(streams, "foreigners.tax_code", n, 900_000_000, 999_000_000), 0),
        active=active.astype(np.int64),
    )
