"""Who trades online: people, organisations, sellers abroad; how much, and how openly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NOBODY, Bools, Floats, Ints
from sample_data.organisations import Foreigners, Organisations
from sample_data.people import ALIVE, EMIGRATED, People
from sample_data.settings import PartySettings
from sample_data.streams import Streams

PERSON, ORGANISATION, FOREIGNER = range(3)


@dataclass(frozen=True)
class Parties:
    """One row a party that trades.

    Attributes:
        kind: PERSON, ORGANISATION or FOREIGNER.
        person, organisation, foreigner: index of the one who trades, NOBODY in the other two.
        hides: whether the party keeps out of sight; it then does so in every field and on every platform.
        year_revenue: what it sells in a full year, đồng.
        shops: number of its shops.
        splits: whether it spreads its sales so that no shop alone is above the threshold.
        of_person: party of each person, or NOBODY.
    """

    kind: Ints
    person: Ints
    organisation: Ints
    foreigner: Ints
    hides: Bools
    year_revenue: Floats
    shops: Ints
    splits: Bools
    of_person: Ints

    def __len__(self) -> int:
        return len(self.kind)


def draw_parties(
    streams: Streams,
    people: People,
    companies: Organisations,
    foreigners: Foreigners,
    rules: PartySettings,
    threshold: int,
    today: int,
) -> Parties:
    """The trading parties; `threshold` (đồng a year) scales their revenue."""
    traders = np.flatnonzero(_sells(streams, people, rules, today))
    firms = np.flatnonzero(streams.hits("parties.firm", len(companies), rules.organisations))
    size = (len(traders), len(firms), len(foreigners))
    kind = np.repeat([PERSON, ORGANISATION, FOREIGNER], size)
    n = len(kind)
    index = np.concatenate([traders, firms, np.arange(len(foreigners))])
    hides = streams.hits("parties.hides", n, rules.hiders) & (kind == PERSON)
    shops = 1 + streams.pick("parties.shops", n, rules.shops)
    splits = streams.hits("parties.splits", n, rules.splits) & (shops > 1) & (kind == PERSON)
    revenue = _revenue(streams, rules, kind, threshold)
    spread = threshold * (1.15 + streams.uniform("parties.split_size", n) * (0.7 * shops - 0.35).clip(0.05, 1.2))
    of_person = np.full(len(people), NOBODY)
    of_person[traders] = np.arange(len(traders))
    return Parties(
        kind=kind,
        person=np.where(kind == PERSON, index, NOBODY),
        organisation=np.where(kind == ORGANISATION, index, NOBODY),
        foreigner=np.where(kind == FOREIGNER, index, NOBODY),
        hides=hides,
        year_revenue=np.where(splits, spread, revenue),
        shops=shops,
        splits=splits,
        of_person=of_person,
    )


def _sells(streams: Streams, people: People, rules: PartySettings, today: int) -> Bools:
    n = len(people)
    age = people.ages(today)
    weight = np.interp(age, (17, 18, 24, 35, 50, 72, 73), (0, 0.7, 1.4, 1.5, 0.9, 0.2, 0))
    outside = ~people.is_resident(np.arange(n))
    rate = np.where(outside, rules.sellers_among_outsiders, rules.sellers * weight)
    here = (people.status == ALIVE) | ((people.status == EMIGRATED) & streams.hits("parties.from_abroad", n, 0.2))
    sells = streams.hits("parties.sells", n, rate) & here & (age >= 18)
    with_spouse = (
        sells[people.spouse] & (people.spouse >= 0) & streams.hits("parties.with_spouse", n, rules.spouse_sells_too)
    )
    return np.asarray(sells | (with_spouse & here & (age >= 18)))


def _revenue(streams: Streams, rules: PartySettings, kind: Ints, threshold: int) -> Floats:
    scale = np.array([1.0, rules.organisation_scale, rules.foreign_scale])[kind]
    spread = np.exp(rules.revenue_spread * streams.normal("parties.revenue", len(kind)))
    return np.minimum(threshold * rules.median_revenue * scale * spread, threshold * 60.0)
