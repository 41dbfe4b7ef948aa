"""SIM cards: who uses a number, in whose name it is, and what happened to it before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NOBODY, Bools, Ints, at_or, first_of_each
from sample_data.ids import distinct_within
from sample_data.people import People
from sample_data.settings import TelecomSettings
from sample_data.streams import Kinds, Streams

# prefixes of today with rough shares of the market (DOMAIN 2.5)
_PREFIXES = {
    **dict.fromkeys((32, 33, 34, 35, 36, 37, 38, 39, 86, 96, 97, 98), 4.0),
    **dict.fromkeys((81, 82, 83, 84, 85, 88, 91, 94), 3.0),
    **dict.fromkeys((70, 76, 77, 78, 79, 89, 90, 93), 2.6),
    **dict.fromkeys((52, 56, 58, 92, 59, 99, 55, 87), 0.6),
}


@dataclass(frozen=True)
class Sims:
    """One row a number and activation.

    Attributes:
        number: nine digits, without the leading zero.
        user: who uses it.
        holder: in whose name it is.
        activated_on: day number.
        active: whether the operator has it as active.
        current: number in use by each person, 0 for none.
        former: number that a person gave up, 0 for none.
    """

    number: Ints
    user: Ints
    holder: Ints
    activated_on: Ints
    active: Bools
    current: Ints
    former: Ints


def draw_sims(streams: Streams, people: People, rules: TelecomSettings, sells: Bools, hides: Bools, today: int) -> Sims:
    """SIM cards of people from twelve years on.

    Args:
        streams: random streams.
        people: everyone.
        rules: counts and shares.
        sells: people who trade online; nearly all of them have a SIM.
        hides: people who use SIMs in other names more often.
        today: day number of the business date.
    """
    n = len(people)
    old_enough = people.ages(today) >= 12
    count = streams.pick("sims.count", n, rules.sims) * old_enough
    surely = sells & streams.hits("sims.seller_has_one", n, rules.seller_has_sim)
    count = np.where(surely, np.maximum(count, 1), count)
    user = np.repeat(np.arange(n), count)
    leavers = np.flatnonzero(streams.hits("sims.former", n, rules.former_number) & old_enough)
    pool = _numbers(streams, len(user) + len(leavers))
    number, former_number = pool[: len(user)], pool[len(user) :]
    activated, former_activated = _activations(streams, people, user, leavers, today)
    reissued = streams.hits("sims.reissued", len(leavers), rules.reissued)
    heirs = people.strangers[np.roll(leavers, 1)][reissued]
    reissued_on = _reissues(streams, former_activated[reissued], today)
    stale = streams.hits("sims.stale", len(leavers), rules.former_still_active)
    active = ~streams.hits("sims.closed", len(user), rules.closed)
    return Sims(
        number=np.concatenate([number, former_number, former_number[reissued]]),
        user=np.concatenate([user, leavers, heirs]),
        holder=np.concatenate([_holders(streams, people, rules, user, hides), leavers, heirs]),
        activated_on=np.concatenate([activated, former_activated, reissued_on]),
        active=np.concatenate([active, stale, np.ones(len(heirs), np.bool_)]),
        current=at_or(number, first_of_each(np.where(active, user, NOBODY), n), 0),
        former=at_or(former_number, first_of_each(leavers, n), 0),
    )


def _numbers(streams: Streams, n: int) -> Ints:
    prefix = np.array(list(_PREFIXES))[streams.pick("sims.prefix", n, _PREFIXES)]
    return distinct_within(streams, "sims.serial", prefix, 10_000_000)


def _activations(streams: Streams, people: People, user: Ints, leavers: Ints, today: int) -> tuple[Ints, Ints]:
    grown = np.maximum(people.birth + 12 * 365, today - 16 * 365)
    activated = streams.integers("sims.activated", len(user), grown[user], today)
    earlier = np.minimum(grown[leavers], today - 5 * 365)
    return activated, streams.integers("sims.former_activated", len(leavers), earlier - 365, today - 4 * 365)


def _reissues(streams: Streams, since: Ints, today: int) -> Ints:
    # a number rests before it is sold again, and most of those sold again were sold lately
    earliest = np.maximum(since + 500, today - 900)
    return streams.integers("sims.reissued_on", len(since), earliest, today)


def _holders(streams: Streams, people: People, rules: TelecomSettings, user: Ints, hides: Bools) -> Ints:
    kinds = streams.kinds("sims.holder", len(user), rules.holder, hiders=rules.holder_of_hiders, hides=hides[user])
    # the household lends its name through the grown-ups: a child's SIM is in a parent's name as a rule
    home = np.where(people.spouse >= 0, people.spouse, people.at_home)[user]
    holder = np.where(kinds["household"] & (home >= 0), home, user)
    return np.where(kinds["stranger"], people.strangers[user], holder)


def contact_numbers(people: People, sims: Sims, person: Ints, kinds: Kinds) -> Ints:
    """Phone numbers that people give: their own, an old one, one of the household, a stranger's; 0 for none."""
    at_home = np.where(people.spouse >= 0, people.spouse, people.at_home)[person]
    number = sims.current[person]
    former = sims.former[person]
    number = np.where(kinds["former"] & (former > 0), former, number)
    number = np.where(kinds["household"] & (at_home >= 0), sims.current[at_home], number)
    number = np.where(kinds["stranger"], sims.current[people.strangers[person]], number)
    return np.where(kinds["missing"] | (person < 0), 0, number)
