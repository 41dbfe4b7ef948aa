"""Households: who lives with whom, in which role, born when and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NOBODY, Bools, Ints, day_of, year_of
from sample_data.places import Places
from sample_data.settings import HouseholdSettings
from sample_data.streams import Streams

HEAD, SPOUSE, CHILD, PARENT, OTHER = range(5)
_YEAR = 365.25
_OLDEST_BIRTH = -20_088  # 1915-01-01


@dataclass(frozen=True)
class Households:
    """People in households, in one row a person; household h holds the people from `start[h]` on.

    Attributes:
        household: household of each person.
        start: first person of each household, its head.
        role: HEAD, SPOUSE, CHILD, PARENT or OTHER.
        sex: 0 male, 1 female.
        birth: day of birth.
        spouse: index of the person's spouse, or NOBODY.
        father, mother: index of the parent in the household, or NOBODY.
        commune: commune of residence, a household.
        origin: province that the household came from, index of the 63, a household.
        birth_province: province of birth of each person.
    """

    household: Ints
    start: Ints
    role: Ints
    sex: Ints
    birth: Ints
    spouse: Ints
    father: Ints
    mother: Ints
    commune: Ints
    origin: Ints
    birth_province: Ints


def draw_households(streams: Streams, places: Places, settings: HouseholdSettings, n: int, today: int) -> Households:
    """Households of `n` people in all.

    Args:
        streams: random streams.
        places: where they may live.
        settings: sizes and shares.
        n: number of people.
        today: day number of the business date; no one is born after it.
    """
    household, start, size = _sizes(streams, settings, n)
    position = np.arange(n) - start[household]
    role = _roles(streams, settings, household, position, size)
    head = start[household]
    spouse = _spouses(role, head)
    sex = _sexes(streams, settings, role, head)
    couple_male = np.where((sex[head] == 0) | (spouse[head] == NOBODY), head, spouse[head])
    couple_female = np.where((sex[head] == 1) | (spouse[head] == NOBODY), head, spouse[head])
    is_child = role == CHILD
    father = np.where(is_child & (sex[couple_male] == 0), couple_male, NOBODY)
    mother = np.where(is_child & (sex[couple_female] == 1), couple_female, NOBODY)
    birth = _births(streams, settings, role, sex, head, couple_female, today)
    commune, origin = _where(streams, places, settings, len(start))
    born_in = _birth_provinces(streams, places, settings, role, household, commune, origin)
    return Households(household, start, role, sex, birth, spouse, father, mother, commune, origin, born_in)


def _sizes(streams: Streams, settings: HouseholdSettings, n: int) -> tuple[Ints, Ints, Ints]:
    size = streams.pick("households.size", n, settings.sizes) + 1
    last = int(np.searchsorted(np.cumsum(size), n)) + 1
    size = size[:last]
    size[-1] -= size.sum() - n
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    return np.repeat(np.arange(last), size), start, size


def _roles(streams: Streams, settings: HouseholdSettings, household: Ints, position: Ints, size: Ints) -> Ints:
    homes = len(size)
    has_spouse = streams.hits("households.has_spouse", homes, settings.with_spouse) & (size > 1)
    lodgers = streams.hits("households.lodgers", homes, settings.lodgers)
    parents = streams.pick("households.parents", homes, settings.parents) * (size > 3)
    role = np.full(len(household), CHILD)
    role[position >= (size - parents)[household]] = PARENT
    role[(position > 5) & (role == CHILD)] = OTHER
    role[(position == 1) & has_spouse[household]] = SPOUSE
    role[lodgers[household]] = OTHER
    role[position == 0] = HEAD
    return role


def _spouses(role: Ints, head: Ints) -> Ints:
    spouse = np.full(len(role), NOBODY)
    wed = np.flatnonzero(role == SPOUSE)
    spouse[wed] = head[wed]
    spouse[head[wed]] = wed
    parents = np.flatnonzero((role[:-1] == PARENT) & (role[1:] == PARENT) & (head[:-1] == head[1:]))
    spouse[parents], spouse[parents + 1] = parents + 1, parents
    return spouse


def _sexes(streams: Streams, settings: HouseholdSettings, role: Ints, head: Ints) -> Ints:
    female = streams.hits("households.female", len(role), np.where(role == HEAD, 1 - settings.male_heads, 0.49))
    sex = female.astype(np.int64)
    sex = np.where(role == SPOUSE, 1 - sex[head], sex)
    follows = np.concatenate([[False], (role[1:] == PARENT) & (role[:-1] == PARENT) & (head[1:] == head[:-1])])
    return np.where(role == PARENT, np.where(follows, 0, 1), sex)  # mother first, father after her


def _births(
    streams: Streams, settings: HouseholdSettings, role: Ints, sex: Ints, head: Ints, mother: Ints, today: int
) -> Ints:
    n = len(role)
    normal, uniform = streams.normal("households.age", n), streams.uniform("households.generation", n)
    age = np.clip(settings.head_age + settings.head_age_spread * normal, 23, 95)
    age_of_other = 18 + 30 * uniform
    birth = today - (np.where(role == OTHER, age_of_other, age) * _YEAR).astype(np.int64)
    gap = (2.5 + 3 * normal) * np.where(sex == 1, 1, -1)  # wives are the younger ones as a rule
    birth = np.where(role == SPOUSE, birth[head] + (gap * _YEAR).astype(np.int64), birth)
    birth = np.where(role == PARENT, birth[head] - ((20 + 18 * uniform) * _YEAR).astype(np.int64), birth)
    room = np.clip((today - birth[mother]) / _YEAR - 20, 0.5, 18)
    child = birth[mother] + ((20 + room * uniform) * _YEAR).astype(np.int64)
    birth = np.where(role == CHILD, child, birth)
    birth = np.clip(birth, _OLDEST_BIRTH, today - 20)
    return _registered_births(streams, settings, role, head, birth)


def _registered_births(streams: Streams, settings: HouseholdSettings, role: Ints, head: Ints, birth: Ints) -> Ints:
    n = len(role)
    new_year = streams.hits("households.new_year", n, settings.born_on_new_year) & (birth < 1826)  # before 1975
    year = year_of(birth)
    birth = np.where(new_year, day_of(year, np.ones(n, np.int64), np.ones(n, np.int64)), birth)
    siblings = np.concatenate([[False], (role[1:] == CHILD) & (role[:-1] == CHILD) & (head[1:] == head[:-1])])
    twin = siblings & streams.hits("households.twin", n, settings.twins)
    return np.where(twin, np.concatenate([[0], birth[:-1]]), birth)


def _where(streams: Streams, places: Places, settings: HouseholdSettings, homes: int) -> tuple[Ints, Ints]:
    commune = streams.pick("households.commune", homes, places.commune_weight.tolist())
    here = places.province[commune]
    elsewhere = streams.pick("households.origin", homes, places.provinces.weight.tolist())
    return commune, np.where(streams.hits("households.migrant", homes, settings.migrants), elsewhere, here)


def _birth_provinces(
    streams: Streams,
    places: Places,
    settings: HouseholdSettings,
    role: Ints,
    household: Ints,
    commune: Ints,
    origin: Ints,
) -> Ints:
    n = len(role)
    here, from_ = places.province[commune][household], origin[household]
    anywhere = streams.pick("people.birth_province", n, places.provinces.weight.tolist())
    stranger_rate = np.array([0.0, settings.spouse_from_elsewhere, 0.05, 0.05, 0.8])[role]
    born_here = (role == CHILD) & streams.hits("people.born_here", n, 0.8)
    stranger = streams.hits("people.born_elsewhere", n, stranger_rate)
    return np.where(stranger, anywhere, np.where(born_here, here, from_))


def age_on(birth: Ints, today: int) -> Ints:
    """Age in full years, to a day or so."""
    return ((today - birth) / _YEAR).astype(np.int64)


def someone_at_home(streams: Streams, homes: Households) -> Ints:
    """Another person of the same household for each, or NOBODY."""
    size = np.bincount(homes.household)[homes.household]
    start = homes.start[homes.household]
    step = streams.integers("people.someone_at_home", len(size), 1, size)
    other = start + (np.arange(len(size)) - start + step) % size
    return np.where(size > 1, other, NOBODY)


def adult_index(birth: Ints, alive: Bools, today: int, youngest: int, oldest: int) -> Ints:
    """Indices of living people within an age range."""
    age = age_on(birth, today)
    return np.flatnonzero(alive & (age >= youngest) & (age <= oldest))
