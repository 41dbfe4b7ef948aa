"""The whole country before anyone writes it down: who lives, trades, banks and files where."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from sample_data import truth
from sample_data.arrays import days
from sample_data.banks import Accounts, draw_accounts
from sample_data.declarations import Declarations, draw_declarations
from sample_data.lexicon import Lexicon
from sample_data.names import NameTables, load_names
from sample_data.organisations import (
    Foreigners,
    Organisations,
    draw_foreigners,
    draw_organisations,
    load_company_words,
)
from sample_data.parties import Parties, draw_parties
from sample_data.people import People, draw_people
from sample_data.places import Places, load_places
from sample_data.registry import Registry, draw_registry
from sample_data.sales import Sales, draw_sales
from sample_data.settings import Settings
from sample_data.shop_codes import DeclaredCodes, draw_codes
from sample_data.shops import Declared, Shops, ShopWords, draw_declared, draw_shops, load_shop_words
from sample_data.streams import Streams
from sample_data.telecom import Sims, draw_sims


@dataclass(frozen=True)
class Country:
    """Everything that is true on the business date (`today`: its day number)."""

    settings: Settings
    date: datetime.date
    lexicon: Lexicon
    names: NameTables
    places: Places
    shop_words: ShopWords
    people: People
    companies: Organisations
    foreigners: Foreigners
    parties: Parties
    registry: Registry
    sims: Sims
    accounts: Accounts
    shops: Shops
    declared: Declared
    codes: DeclaredCodes
    sales: Sales
    declarations: Declarations

    @property
    def today(self) -> int:
        """Day number of the business date."""
        return days(self.date)


def draw_country(
    streams: Streams, settings: Settings, residents: int, date: datetime.date, progress: Callable[[str], None]
) -> Country:
    """A country of so many residents on a business date; same streams and settings, same country."""
    today, lexicon = days(date), Lexicon()
    names, places = load_names(lexicon), load_places(lexicon)
    company_words, shop_words = load_company_words(lexicon), load_shop_words(lexicon)
    people = draw_people(streams, names, places, settings, residents, today)
    progress(f"{residents:,} residents in {len(people.households.start):,} households")
    companies = draw_organisations(streams, company_words, places, people, settings.organisations, today)
    foreigners = draw_foreigners(streams, company_words, settings.organisations, residents)
    parties = draw_parties(
        streams, people, companies, foreigners, settings.parties, reference_threshold(settings, date), today
    )
    registry = draw_registry(streams, people, parties, companies, foreigners, settings.registry, today)
    sells = parties.of_person >= 0
    hides = sells & parties.hides[parties.of_person]
    sims = draw_sims(streams, people, settings.telecom, sells, hides, today)
    accounts = draw_accounts(streams, people, sims, companies, settings.banks, sells, today)
    shops = draw_shops(streams, shop_words, people, parties, settings.sellers, today)
    progress(f"{len(parties):,} parties with {len(shops):,} shops")
    declared = draw_declared(streams, people, parties, shops, accounts, companies.representative, settings.sellers)
    codes = draw_codes(streams, registry, people, foreigners, parties, shops, settings.sellers)
    sales = draw_sales(streams, parties, shops, settings.sellers, settings.sales, today)
    declarations = draw_declarations(streams, parties, shops, sales, registry, settings.declarations, today)
    return Country(
        settings=settings, date=date, lexicon=lexicon, names=names, places=places, shop_words=shop_words, people=people,
        companies=companies, foreigners=foreigners, parties=parties, registry=registry, sims=sims, accounts=accounts,
        shops=shops, declared=declared, codes=codes, sales=sales, declarations=declarations,
    )  # fmt: skip


def reference_threshold(settings: Settings, date: datetime.date) -> int:
    """The threshold that revenue is scaled by: of the year before through March, when that year is the one to judge."""
    return truth.threshold(settings.thresholds, truth.tax_years(date)[0], date)
