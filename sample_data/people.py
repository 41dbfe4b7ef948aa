"""The people of the country: households with names, ids, addresses and fates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sample_data import households as hh
from sample_data.arrays import NOBODY, Bools, Ints, year_of
from sample_data.ids import mistyped, personal_ids, repeated, unique_numbers
from sample_data.names import FIRST_MIDDLE, GIVEN, SURNAME, NameTables, draw_names, draw_surnames, similar_given
from sample_data.places import Homes, Places, draw_homes
from sample_data.settings import PeopleSettings, Settings
from sample_data.streams import Streams

ALIVE, DECEASED, MISSING, EMIGRATED = range(4)
STATUSES = ("alive", "deceased", "missing", "emigrated")
_SERIALS = 1_000_000  # personal ids of one place, sex and year


@dataclass(frozen=True)
class People:
    """One row a person; the first `residents` of them stand in the population database, the others nowhere.

    Attributes:
        residents: number of residents; who comes after them lives or trades here without a record.
        households: who lives with whom.
        names: codes of the lexicon: surname, two middle tokens, given name.
        personal_id, cmnd: numbers; cmnd 0 where never issued.
        near_id: someone whose personal id is one slip away, or NOBODY.
        status: ALIVE, DECEASED, MISSING or EMIGRATED.
        homes: permanent address.
        old_homes: an earlier address (the present one for those who never moved).
        at_home: another person of the household, or NOBODY.
        relative: a relative elsewhere (same surname and province of birth), or NOBODY.
        strangers: a living adult for each person whose account, SIM or id it may use; some of them of a like name.
        unlike_strangers: the same, or another one where that one has a like name.
    """

    residents: int
    households: hh.Households
    names: Ints
    personal_id: Ints
    near_id: Ints
    cmnd: Ints
    status: Ints
    homes: Homes
    old_homes: Homes
    at_home: Ints
    relative: Ints
    strangers: Ints
    unlike_strangers: Ints

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sex(self) -> Ints:
        """0 male, 1 female."""
        return self.households.sex

    @property
    def birth(self) -> Ints:
        """Day of birth."""
        return self.households.birth

    @property
    def spouse(self) -> Ints:
        """Index of the spouse, or NOBODY."""
        return self.households.spouse

    def ages(self, today: int) -> Ints:
        """Age in full years."""
        return hh.age_on(self.birth, today)

    def is_resident(self, index: Ints) -> Bools:
        """Whether the person (or NOBODY) has a record in the population database."""
        return (index >= 0) & (index < self.residents)


def draw_people(
    streams: Streams, names: NameTables, places: Places, settings: Settings, residents: int, today: int
) -> People:
    """The residents, and the few who are not in the population database."""
    rules = settings.people
    n = residents + max(round(residents * rules.outsiders), 2)
    homes = hh.draw_households(streams, places, settings.households, n, today)
    full_names = _names(streams, names, places, settings, homes)
    full_names, birth = plant_namesakes(streams, rules, full_names, homes, residents)
    homes = replace(homes, birth=birth)
    ids, near_id = _ids(streams, places, rules, homes)
    status = _statuses(streams, rules, hh.age_on(birth, today), residents)
    now, before = _addresses(streams, places, settings, homes)
    strangers, unlike = _strangers(streams, rules, birth, status, _next_lookalike(full_names, homes), today)
    return People(
        residents=residents,
        households=homes,
        names=full_names,
        personal_id=ids,
        near_id=near_id,
        cmnd=_cmnd(streams, rules, birth),
        status=status,
        homes=now,
        old_homes=before,
        at_home=hh.someone_at_home(streams, homes),
        relative=_next_of_same(np.stack([homes.birth_province, full_names[:, SURNAME]], 1), homes),
        strangers=strangers,
        unlike_strangers=unlike,
    )


def _names(streams: Streams, names: NameTables, places: Places, settings: Settings, homes: hh.Households) -> Ints:
    surname = _surnames(draw_surnames(streams, names, places.provinces.region[homes.birth_province]), homes)
    mother = np.where(homes.mother >= 0, surname[np.maximum(homes.mother, 0)], surname)
    year = year_of(homes.birth)
    full = draw_names(streams, names, settings.names, homes.sex, year, surname, mother)
    n = len(full)
    eldest = _eldest_of_sex(homes)
    shares = (
        (homes.role == hh.CHILD) & (eldest >= 0) & streams.hits("people.same_middle", n, settings.names.same_middle)
    )
    full[shares, FIRST_MIDDLE:GIVEN] = full[eldest[shares], FIRST_MIDDLE:GIVEN]
    model = np.where((homes.sex == 0) & (homes.father >= 0), homes.father, eldest)
    take = (homes.role == hh.CHILD) & (model >= 0) & streams.hits("people.similar", n, settings.names.similar_in_family)
    full[:, GIVEN] = similar_given(streams, names, homes.sex, full[model, GIVEN], take, full[:, GIVEN])
    return full


def _surnames(drawn: Ints, homes: hh.Households) -> Ints:
    surname = drawn.copy()
    father_of_head = (homes.role == hh.PARENT) & (homes.sex == 0)
    surname[father_of_head] = surname[homes.start[homes.household[father_of_head]]]
    parent = np.where(homes.father >= 0, homes.father, homes.mother)
    child = parent >= 0
    surname[child] = surname[parent[child]]
    return surname


def _eldest_of_sex(homes: hh.Households) -> Ints:
    """For each person the first child of its household and sex; NOBODY for that child and where there is none."""
    key = homes.household * 2 + homes.sex
    children = np.flatnonzero(homes.role == hh.CHILD)
    first = np.full(int(key.max()) + 1, NOBODY)
    first[key[children[::-1]]] = children[::-1]
    eldest = first[key]
    return np.where(eldest == np.arange(len(key)), NOBODY, eldest)


def plant_namesakes(
    streams: Streams, rules: PeopleSettings, names: Ints, homes: hh.Households, residents: int
) -> tuple[Ints, Ints]:
    """Names and birth dates such that the wanted share of residents has another of the same full name and birth date.

    In a nation of 100 million that share comes by itself (DOMAIN 7.4), in a small country it does not: neighbours in
    the order of surname and birth date are made namesakes, part of them in one province, never in one household.
    """
    names, birth = names.copy(), homes.birth.copy()
    sex_and_surname = homes.sex * 100_000 + names[:, SURNAME]
    for place, part in (("province", rules.namesakes_nearby), ("country", 1.0)):
        missing = rules.namesakes - namesake_share(names[:residents], birth[:residents])
        wanted = int(max(missing, 0) * residents / 2 * part)
        key = sex_and_surname * 100 + (homes.birth_province if place == "province" else 0)
        single = ~namesakes(names, birth) & (np.arange(len(names)) < residents)
        first, second = _neighbours(key, birth, homes.household, single)
        keep = np.sort(streams.rng(f"people.namesakes.{place}").permutation(len(first))[:wanted])
        names[second[keep]], birth[second[keep]] = names[first[keep]], birth[first[keep]]
    return names, birth


def _neighbours(key: Ints, birth: Ints, household: Ints, eligible: Bools) -> tuple[Ints, Ints]:
    """Disjoint pairs of people next to each other by key and birth, at most three years apart, of two households."""
    order = np.lexsort((birth, key))
    order = order[eligible[order]]
    first, second = order[: len(order) // 2 * 2 : 2], order[1::2]
    near = (key[first] == key[second]) & (birth[second] - birth[first] < 1096) & (household[first] != household[second])
    return first[near], second[near]


def namesakes(names: Ints, birth: Ints) -> Bools:
    """True for everyone who shares full name and birth date with another."""
    key = birth.astype(np.uint64)
    for column in names.T:
        key = key * np.uint64(1_000_003) + column.astype(np.uint64)
    _, index, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(count[index] > 1)


def namesake_share(names: Ints, birth: Ints) -> float:
    """Share of people who share full name and birth date with another."""
    return float(namesakes(names, birth).mean())


def _ids(streams: Streams, places: Places, rules: PeopleSettings, homes: hh.Households) -> tuple[Ints, Ints]:
    n = len(homes.birth)
    province = places.provinces.code63[homes.birth_province]
    abroad = streams.hits("people.born_abroad", n, rules.born_abroad)
    province = np.where(abroad, streams.integers("people.country", n, 101, 300), province)
    slip = np.where(streams.hits("people.id_year", n, rules.id_year_differs), 1, 0)
    ids = personal_ids(streams, "people.personal_id", province, homes.sex, year_of(homes.birth) - slip)
    return _plant_near_ids(streams, rules, ids)


def _plant_near_ids(streams: Streams, rules: PeopleSettings, ids: Ints) -> tuple[Ints, Ints]:
    """Ids where the wanted share of people has a partner whose id is one slip away, and that partner."""
    order = np.argsort(ids)
    first, second = order[: len(order) // 2 * 2 : 2], order[1::2]
    same = ids[first] // _SERIALS == ids[second] // _SERIALS
    first, second = first[same], second[same]
    keep = streams.rng("people.near_ids").permutation(len(first))[: int(len(ids) * rules.near_ids / 2)]
    first, second = first[keep], second[keep]
    result = ids.copy()
    serial = mistyped(streams, "people.near_id", ids[first] % _SERIALS, 6)
    result[second] = ids[first] // _SERIALS * _SERIALS + serial
    clash = repeated(result)
    result[clash] = ids[clash]
    partner = np.full(len(ids), NOBODY)
    fits = ~clash[first] & ~clash[second]
    partner[first[fits]], partner[second[fits]] = second[fits], first[fits]
    return result, partner


def _cmnd(streams: Streams, rules: PeopleSettings, birth: Ints) -> Ints:
    n = len(birth)
    numbers = unique_numbers(streams, "people.cmnd", n, 10_000_000, 1_000_000_000)
    issued = (year_of(birth) <= rules.cmnd_until_birth_year) & streams.hits("people.has_cmnd", n, rules.cmnd)
    return np.where(issued, numbers, 0)


def _statuses(streams: Streams, rules: PeopleSettings, age: Ints, residents: int) -> Ints:
    n = len(age)
    died = np.array(rules.deceased)[np.searchsorted([40, 60, 75], age, side="right")]
    status = np.where(streams.hits("people.deceased", n, died), DECEASED, ALIVE)
    other = streams.uniform("people.gone", n)
    gone = np.where(other < rules.missing, MISSING, np.where(other < rules.missing + rules.emigrated, EMIGRATED, ALIVE))
    return np.where((status == DECEASED) | (np.arange(n) >= residents), np.minimum(status, DECEASED), gone)


def _addresses(streams: Streams, places: Places, settings: Settings, homes: hh.Households) -> tuple[Homes, Homes]:
    rules = settings.addresses
    n = len(homes.household)
    now = draw_homes(streams, places, "homes.now", homes.commune, rules.no_number).of(homes.household)
    past_commune = streams.pick("homes.past_commune", n, places.commune_weight.tolist())
    same_commune = streams.hits("homes.moved_nearby", n, rules.moved_nearby)
    past = draw_homes(streams, places, "homes.past", np.where(same_commune, now.commune, past_commune), rules.no_number)
    return now, now.replaced(past, streams.hits("homes.moved", n, rules.moved))


def _next_of_same(key: Ints, homes: hh.Households) -> Ints:
    """The next person of the same key in another household, in the order of age, or NOBODY."""
    order = np.lexsort((homes.birth, *key.T))
    step = 3
    one, other = order[:-step], order[step:]
    same = (key[one] == key[other]).all(axis=1) & (homes.household[one] != homes.household[other])
    result = np.full(len(order), NOBODY)
    result[one[same]] = other[same]
    return result


def _next_lookalike(names: Ints, homes: hh.Households) -> Ints:
    order = np.lexsort((homes.birth, names[:, FIRST_MIDDLE], names[:, SURNAME], names[:, GIVEN]))
    following = np.roll(order, -1)
    following = np.where(homes.household[order] == homes.household[following], np.roll(order, -3), following)
    result = np.empty(len(order), np.int64)
    result[order] = following
    return result


def _strangers(
    streams: Streams, rules: PeopleSettings, birth: Ints, status: Ints, lookalike: Ints, today: int
) -> tuple[Ints, Ints]:
    """A stranger for each person, some of a like name, and the same or another of no like name."""
    adults = hh.adult_index(birth, status == ALIVE, today, 20, 70)
    anyone = adults[streams.integers("people.stranger", len(birth), 0, len(adults))]
    grown = np.zeros(len(birth), np.bool_)
    grown[adults] = True
    alike = streams.hits("people.stranger_alike", len(birth), rules.strangers_alike) & grown[lookalike]
    return np.where(alike, lookalike, anyone), anyone
