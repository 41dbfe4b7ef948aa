"""Shops, and what their owners declare of themselves: the fields that platforms later report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data import tables
from sample_data.arrays import NEVER, NOBODY, Bools, Floats, Ints, Text, first_day, joined, padded
from sample_data.banks import Accounts
from sample_data.ids import CMND_WIDTH, PERSONAL_ID_WIDTH, mistyped, unique_numbers
from sample_data.lexicon import NO_WORD, Lexicon
from sample_data.names import GIVEN
from sample_data.parties import FOREIGNER, ORGANISATION, PERSON, Parties
from sample_data.people import DECEASED, People
from sample_data.settings import SellerSettings
from sample_data.streams import Kinds, Streams, kinds_of, picked

_FIRST_SHOPS = 2014 * 12 - 1970 * 12 + 6  # July 2014, months since January 1970


@dataclass(frozen=True)
class ShopWords:
    """Codes of the words of shop names and nicknames, and of "Hộ kinh doanh"."""

    kinds: Ints
    brands: Ints
    goods: Ints
    nicknames: Ints
    household_business: int


@dataclass(frozen=True)
class Shops:
    """One row a shop.

    Attributes:
        party: who trades.
        platform: index of the platforms in the settings.
        shop_id: the platform's own code.
        brand: codes of the trade name.
        registered_on, closed_on: day numbers.
        share: part of the party's revenue.
    """

    party: Ints
    platform: Ints
    shop_id: Text
    brand: Ints
    registered_on: Ints
    closed_on: Ints
    share: Floats

    def __len__(self) -> int:
        return len(self.party)


@dataclass(frozen=True)
class Declared:
    """What the owner of each shop gives of its identity.

    Attributes:
        id_kinds: kinds of `DeclaredId`.
        id_number, id_width: the id as a number; width 0 where there is none to compare (missing, masked, passport).
        shown_width: width of the id as written, masked ones included; 0 where nothing is written.
        uses_name_of: whose name is declared, NOBODY for an organisation or a foreigner.
        account: payout account, or NOBODY.
    """

    id_kinds: Kinds
    id_number: Ints
    id_width: Ints
    shown_width: Ints
    uses_name_of: Ints
    account: Ints


def load_shop_words(lexicon: Lexicon) -> ShopWords:
    """Words of shop names, taken into the lexicon."""
    return ShopWords(
        kinds=lexicon.add(tables.words("shop_kind")),
        brands=lexicon.add(tables.words("shop_brand")),
        goods=lexicon.add(tables.words("shop_goods")),
        nicknames=lexicon.add(tables.words("nickname")),
        household_business=int(lexicon.add(["Hộ kinh doanh"])[0]),
    )


def draw_shops(
    streams: Streams, words: ShopWords, people: People, parties: Parties, rules: SellerSettings, today: int
) -> Shops:
    """The shops of all parties."""
    party = np.repeat(np.arange(len(parties)), parties.shops)
    n = len(party)
    age = 2600 * streams.uniform("shops.age", n) ** 1.6
    registered = np.maximum(today - 25 - age.astype(np.int64), first_day(_FIRST_SHOPS))
    person = parties.person[party]
    registered = np.where(person >= 0, np.maximum(registered, people.birth[person] + 17 * 365), registered)
    closed = streams.hits("shops.closed", n, rules.closed)
    closing = streams.integers("shops.closed_on", n, np.maximum(registered + 20, today - 400), today)
    serial = unique_numbers(streams, "shops.id", n, 10_000_000, 1_000_000_000)
    return Shops(
        party=party,
        platform=streams.pick("shops.platform", n, [platform.share for platform in rules.platforms]),
        shop_id=joined("s", padded(serial, 9)),
        brand=_brands(streams, words, people, parties, party),
        registered_on=np.minimum(registered, today - 5),
        closed_on=np.where(closed, closing, NEVER),
        share=_shares(streams, parties, party),
    )


def _brands(streams: Streams, words: ShopWords, people: People, parties: Parties, party: Ints) -> Ints:
    n = len(party)
    kind = words.kinds[streams.integers("shops.kind", n, 0, len(words.kinds))]
    uniform = streams.shared_uniform("shops.brand", party, len(parties), 0.7)
    brand = words.brands[picked(uniform, np.ones(len(words.brands)).tolist())]
    person = parties.person[party]
    by_name = streams.hits("shops.named_after_owner", n, 0.35) & (person >= 0)
    brand = np.where(by_name, people.names[person, GIVEN], brand)
    goods = words.goods[streams.integers("shops.goods", n, 0, len(words.goods))]
    kind = np.where(streams.hits("shops.no_kind", n, 0.3), NO_WORD, kind)
    return np.column_stack([kind, brand, np.where(streams.hits("shops.no_goods", n, 0.4), NO_WORD, goods)])


def _shares(streams: Streams, parties: Parties, party: Ints) -> Floats:
    n = len(party)
    weight = -np.log1p(-streams.uniform("shops.share", n)) + 0.05
    weight = np.where(parties.splits[party], 1 + 0.1 * weight, weight)
    return weight / np.bincount(party, weight)[party]


def draw_declared(
    streams: Streams,
    people: People,
    parties: Parties,
    shops: Shops,
    accounts: Accounts,
    representative: Ints,
    rules: SellerSettings,
) -> Declared:
    """Ids, names and payout accounts that shops declare; `representative` is that of each organisation."""
    hides, kind = parties.hides[shops.party], parties.kind[shops.party]
    firm = parties.organisation[shops.party]
    person = np.where(kind == ORGANISATION, representative[firm], parties.person[shops.party])
    lender = people.strangers[np.maximum(person, 0)]
    loyal = rules.loyalty
    uniform = streams.shared_uniform("declared.id", shops.party, len(parties), loyal)
    onto = _typed_onto_neighbour(streams, people, parties, shops, person, rules)
    kinds = kinds_of(uniform, rules.declared_id, rules.declared_id_of_hiders, hides).only(~onto)
    whose = np.where(onto, people.near_id[person], _whose_id(streams, people, person, kinds, rules))
    number, width = _numbers(streams, people, whose, kinds)
    no_id = (kind == FOREIGNER) | (
        (kind == ORGANISATION) & ~streams.hits("declared.firm_id", len(shops), rules.firm_gives_id)
    )
    shown = np.where(kinds["missing"] | kinds["passport"] | no_id, 0, width)
    borrows = kinds.any_of("stranger", "household") & streams.hits("declared.lends_name", len(shops), rules.lends_name)
    own_name = np.where(kind == PERSON, person, NOBODY)
    return Declared(
        id_kinds=kinds,
        id_number=number,
        id_width=np.where(kinds["masked"], 0, shown),
        shown_width=shown,
        uses_name_of=np.where(borrows & (kind == PERSON), whose, own_name),
        account=_payout_accounts(streams, people, parties, shops, accounts, person, lender, rules),
    )


def _typed_onto_neighbour(
    streams: Streams, people: People, parties: Parties, shops: Shops, person: Ints, rules: SellerSettings
) -> Bools:
    """Shops whose owner mistypes its id into that of another person, of those who have such a neighbour."""
    uniform = streams.shared_uniform("declared.onto", shops.party, len(parties), rules.loyalty)
    near = (person >= 0) & (people.near_id[np.maximum(person, 0)] >= 0)
    return np.asarray(near & (uniform < rules.mistyped_onto_neighbour))


def _whose_id(streams: Streams, people: People, person: Ints, kinds: Kinds, rules: SellerSettings) -> Ints:
    dead = np.flatnonzero((people.status == DECEASED) & people.is_resident(np.arange(len(people))))
    any_dead = dead[streams.integers("declared.dead", len(people), 0, len(dead))][np.maximum(person, 0)]
    home = np.where(people.spouse >= 0, people.spouse, people.at_home)[np.maximum(person, 0)]
    whose = np.maximum(person, 0)
    alike = streams.hits("declared.id_alike", len(people), rules.id_of_namesake)
    lender = np.where(alike, people.strangers, people.unlike_strangers)[np.maximum(person, 0)]
    whose = np.where(kinds["stranger"], lender, whose)
    whose = np.where(kinds["household"] & (home >= 0), home, whose)
    return np.where(kinds["deceased"], any_dead, whose)


def _numbers(streams: Streams, people: People, whose: Ints, kinds: Kinds) -> tuple[Ints, Ints]:
    n = len(whose)
    cmnd = kinds["cmnd"] & (people.cmnd[whose] > 0)
    number = np.where(cmnd, people.cmnd[whose], people.personal_id[whose])
    old_typed = streams.hits("declared.cmnd_mistyped", n, 0.03) & cmnd
    width = np.where(cmnd, CMND_WIDTH, PERSONAL_ID_WIDTH)
    slip = kinds["mistyped"] | old_typed
    number = np.where(slip, mistyped(streams, "declared.slip", number, width), number)
    number = np.where(kinds["mistyped_twice"], mistyped(streams, "declared.slips", number, width, 3), number)
    serial = streams.integers("declared.invented", n, 0, 1_000_000)
    return np.where(kinds["invented"], number // 1_000_000 * 1_000_000 + serial, number), width


def _payout_accounts(
    streams: Streams,
    people: People,
    parties: Parties,
    shops: Shops,
    accounts: Accounts,
    person: Ints,
    lender: Ints,
    rules: SellerSettings,
) -> Ints:
    kind = parties.kind[shops.party]
    uniform = streams.shared_uniform("declared.payout", shops.party, len(parties), rules.loyalty)
    kinds = kinds_of(uniform, rules.payout, rules.payout_of_hiders, parties.hides[shops.party])
    kinds = kinds.only(kind == PERSON)
    whose = _payee(people, person, lender, kinds)
    account = np.where(whose >= 0, accounts.of_person[np.maximum(whose, 0)], NOBODY)
    firm = np.where(kind == ORGANISATION, parties.organisation[shops.party], _company(streams, kinds, shops, accounts))
    by_firm = (kind == ORGANISATION) & ~streams.hits(
        "declared.paid_to_representative", len(shops), rules.firm_paid_to_representative
    )
    account = np.where(by_firm | kinds["company"], accounts.of_organisation[np.maximum(firm, 0)], account)
    account = np.where(kinds["pool"], _pool_accounts(streams, accounts, shops, kinds["pool"], rules), account)
    unknown = kinds["missing"] | (kind == FOREIGNER)
    return np.where(unknown, NOBODY, account)


def _payee(people: People, person: Ints, lender: Ints, kinds: Kinds) -> Ints:
    owner = np.maximum(person, 0)
    home = np.where(people.at_home[owner] >= 0, people.at_home[owner], people.relative[owner])
    relative = np.where(people.relative[owner] >= 0, people.relative[owner], home)
    payee = np.where(kinds["spouse"], np.where(people.spouse[owner] >= 0, people.spouse[owner], home), person)
    payee = np.where(kinds["household"], home, np.where(kinds["relative"], relative, payee))
    return np.where(kinds["stranger"], lender, payee)


def _company(streams: Streams, kinds: Kinds, shops: Shops, accounts: Accounts) -> Ints:
    n = len(accounts.of_organisation)
    return streams.integers("declared.company", len(shops), 0, n)


def _pool_accounts(streams: Streams, accounts: Accounts, shops: Shops, pooled: Bools, rules: SellerSettings) -> Ints:
    """Accounts that dozens of shops share: of people who lend them, and of agencies."""
    pools = max(round(pooled.sum() / rules.shops_a_pool), 1)
    rng = streams.rng("declared.pools")
    person = rng.choice(np.flatnonzero((accounts.person >= 0) & accounts.delivered), pools, replace=False)
    firm = rng.choice(np.flatnonzero((accounts.organisation >= 0) & accounts.delivered), pools, replace=False)
    pool: Ints = np.where(rng.random(pools) < rules.pool_of_company, firm, person)
    return pool[streams.integers("declared.pool", len(shops), 0, pools)]
