"""The tax codes and passports that shops declare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NOBODY, Bools, Ints, at_or, first_of_each
from sample_data.ids import PERSONAL_ID_WIDTH, TAX_CODE_WIDTH, mistyped
from sample_data.organisations import Foreigners
from sample_data.parties import FOREIGNER, PERSON, Parties
from sample_data.people import People
from sample_data.registry import INDIVIDUAL, Registry, best_rows
from sample_data.settings import SellerSettings
from sample_data.shops import Shops
from sample_data.streams import Streams


@dataclass(frozen=True)
class DeclaredCodes:
    """The tax code of each shop as its owner gives it.

    Attributes:
        number, width, branch: the code, width 0 for none; branch 0 for none.
        no_hyphen, zero_lost: how it was spoiled in writing.
        shows_passport: of a seller abroad, whether its passport is declared.
        supplier_registered: of a seller abroad, whether an active foreign supplier has the declared code or passport.
    """

    number: Ints
    width: Ints
    branch: Ints
    no_hyphen: Bools
    zero_lost: Bools
    shows_passport: Bools
    supplier_registered: Bools


def draw_codes(
    streams: Streams,
    registry: Registry,
    people: People,
    foreigners: Foreigners,
    parties: Parties,
    shops: Shops,
    rules: SellerSettings,
) -> DeclaredCodes:
    """Tax codes that shops declare: right, another of the owner's, another branch, mistyped, a stranger's, or none."""
    n, party = len(shops), shops.party
    row = _declared_rows(streams, registry, parties, shops, rules)
    kinds = streams.kinds("codes.kind", n, rules.tax_code)
    number, width = at_or(registry.number, row, 0), np.where(row >= 0, at_or(registry.width, row, 0), 0)
    branch = at_or(registry.branch, row, 0)
    other = kinds["other_branch"] & (width == TAX_CODE_WIDTH) & (parties.kind[party] != FOREIGNER)
    branch = np.where(other, np.where(branch > 0, 0, 1), branch)
    by_id = (row == NOBODY) & (parties.kind[party] == PERSON)
    by_id &= streams.hits("codes.personal_id", n, rules.tax_code_unregistered.personal_id) & ~parties.hides[party]
    number = np.where(by_id, people.personal_id[parties.person[party]], number)
    width = np.where(by_id, PERSONAL_ID_WIDTH, width)
    slip = kinds["mistyped"] & (width > 0)
    number = np.where(slip, mistyped(streams, "codes.slip", number, np.maximum(width, TAX_CODE_WIDTH)), number)
    passport = (parties.kind[party] == FOREIGNER) & streams.hits("codes.passport", n, 0.8)
    supplier = parties.foreigner[party]
    active = (supplier >= 0) & (foreigners.tax_code[supplier] > 0) & (foreigners.active[supplier] > 0)
    return DeclaredCodes(
        number=number,
        width=width,
        branch=branch,
        no_hyphen=kinds["no_hyphen"] & (branch > 0),
        zero_lost=kinds["zero_lost"],
        shows_passport=passport,
        supplier_registered=active & (passport | ((width > 0) & ~slip)),
    )


def _declared_rows(streams: Streams, registry: Registry, parties: Parties, shops: Shops, rules: SellerSettings) -> Ints:
    """Row of the registry whose code each shop declares, or NOBODY."""
    n, party, owner = len(shops), shops.party, registry.party(parties)
    best = best_rows(registry, owner, len(parties))
    person = np.where((registry.type == INDIVIDUAL) & (registry.branch == 0), owner, NOBODY)
    individual = first_of_each(person, len(parties))[party]
    business = np.flatnonzero(registry.is_business())
    anyones = business[streams.integers("codes.anyones", n, 0, len(business))]
    own = best[party]
    registered = (own >= 0) & (registry.is_business() | (registry.foreigner >= 0))[own]
    kinds = streams.kinds("codes.registered", n, rules.tax_code)
    row = np.where(kinds["individual"] & (individual >= 0), individual, own)
    row = np.where(kinds["missing"] | parties.hides[party], NOBODY, np.where(kinds["stranger"], anyones, row))
    without = streams.kinds("codes.unregistered", n, rules.tax_code_unregistered)
    other = np.where(without["individual"] & ~parties.hides[party], individual, NOBODY)
    other = np.where(without["stranger"], anyones, other)
    return np.where(registered, row, np.where(parties.kind[party] == PERSON, other, NOBODY))
