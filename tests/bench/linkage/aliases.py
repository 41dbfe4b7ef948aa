"""Persons of history under many names: some ten rows a person, as in registers made of encyclopaedias.

A person has a given name, perhaps a middle name, a title and an estate. A row has one of the ways in which such a
person is called; given and family name are its first and last word, and so are no names at times. A place has a
postcode area, of which rows give one or another code; a date is the first of January where only the year is known. Then
values are mistyped, missing, or of another place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import numpy as np
import pandas as pd

from tests.bench.linkage.strings import DIGITS, LETTERS, words

T = TypeVar("T")

KINDS = {
    "full_name": "full_name",
    "first_name": "given_name",
    "surname": "family_name",
    "dob": "date",
    "birth_place": "locality",
    "postcode": "postcode",
    "gender": "category",
    "occupation": "category",
}

_MEN = (
    "john/jack/johnny william/will/bill thomas/tom/tommy george/georgie james/jim/jimmy robert/bob/rob henry/harry/hal "
    "charles/charlie/charley edward/ted/ned richard/dick/rick joseph/joe samuel/sam francis/frank alfred/alf/fred "
    "arthur/art frederick/fred/freddie david/dave/davy alexander/alec/sandy walter/wat/walt peter/pete daniel/dan "
    "benjamin/ben edwin/ed hugh/hughie stephen/steve matthew/matt andrew/andy philip/phil michael/mick/mike "
    "albert/bert ernest/ernie herbert/bert leonard/len reginald/reg stanley/stan christopher/kit anthony/tony "
    "nicholas/nick patrick/paddy augustus/gus theodore/theo ralph lewis/lew isaac/ike simon martin owen oliver/noll"
)
_WOMEN = (
    "mary/polly/molly elizabeth/betsy/liz/eliza sarah/sally anne/annie/nan jane/janie margaret/meg/maggie/peg "
    "catherine/kate/kitty alice/ally ellen/nell/nelly emma/em florence/flo charlotte/lottie harriet/hattie "
    "caroline/carrie louisa/lou frances/fanny isabella/bella martha/patty edith/edie dorothy/dolly ada agnes clara"
)
_SURNAMES = (
    "smith jones taylor brown williams wilson johnson davies robinson wright thompson evans walker white roberts green "
    "hall wood jackson clarke harris lewis turner hill scott cooper morris ward moore king watson baker harrison lee"
)
_OCCUPATIONS = (
    "politician writer painter cricketer footballer priest actor officer lawyer judge poet composer engineer physician "
    "botanist journalist architect historian singer sculptor explorer diplomat banker merchant photographer chemist"
)
_RANKS = ("baron", "viscount", "earl", "baronet", "marquess", "duke")
# Ways in which somebody is called, and how often, of 100; the first ones only who has a title, a middle name.
_TITLED = {
    "{given} {family}, {title} {family} of {estate}": 30,
    "{given} {family}, {title} of {estate}": 20,
    "{given} {middle} {family}, {title} {family}": 15,
    "{rank} {estate}": 9,
    "{given} {estate}": 10,
    "sir {given} {family}": 6,
    "{given} {family}": 10,
}
_MIDDLED = {
    "{given} {family}": 40,
    "{given} {middle} {family}": 38,
    "{given:.1}. {middle:.1}. {family}": 7,
    "{middle} {family}": 6,
    "{given} {middle:.1} {family}": 6,
    "{family} {given}": 3,
}
_PLAIN = {"{given} {family}": 97, "{family} {given}": 3}
_MEAN_ROWS = 10.0
# How often a row differs from what is known, and how often a column has no value.
_NICKNAME, _MARRIED, _TYPO = 0.2, 0.4, 0.09
_MOVED, _NEARBY, _ONLY_YEAR, _OTHER_WORK = 0.1, 0.45, 0.2, 0.2
_MISSING = (0.03, 0.05, 0.05, 0.18, 0.18, 0.18, 0.2, 0.18)


@dataclass(frozen=True)
class _Person:
    """Who somebody is; empty for what he has not."""

    given: Sequence[str]
    middle: str
    families: Sequence[str]
    title: str
    estate: str
    born: str
    place: int
    postcode: str
    gender: str
    work: str


def people(rows: int, seed: int) -> tuple[pd.DataFrame, Sequence[int]]:
    """A register of so many rows in random order, and the number of the person behind each row."""
    rng = Random(seed)
    world = _World(seed)
    found: list[tuple[int, tuple[str, ...]]] = []
    number = 0
    while len(found) < rows:
        person = world.person(rng)
        found += [(number, world.row(rng, person)) for _ in range(min(1 + int(rng.expovariate(1 / _MEAN_ROWS)), 60))]
        number += 1
    rng.shuffle(found)
    found = found[:rows]
    return pd.DataFrame([row for _, row in found], columns=list(KINDS)), [number for number, _ in found]


class _World:
    """Names and places."""

    def __init__(self, seed: int) -> None:
        made = np.random.default_rng(seed)
        self._names = [[names.split("/") for names in listed.split()] for listed in (_MEN, _WOMEN)]
        self._surnames = [*_SURNAMES.split(), *words(made, 3_000, 3).tolist()]
        self._estates = words(made, 900, 3).tolist()
        self._places = words(made, 700, 3).tolist()
        self._areas = ["".join(made.choice(list(LETTERS), 2)) + str(made.integers(1, 40)) for _ in self._places]

    def person(self, rng: Random) -> _Person:
        female = rng.random() < 0.2
        given, middle = (_frequent(rng, self._names[female], 8) for _ in range(2))
        titled, place = rng.random() < 0.18, self._place(rng)
        year = int(1880 - 300 * rng.betavariate(1, 2.2))
        only_year = rng.random() < 0.15
        return _Person(
            given=given,
            middle=middle[0] if rng.random() < 0.55 else "",
            families=[_frequent(rng, self._surnames, 25) for _ in range(1 + (female and rng.random() < 0.5))],
            title=f"{rng.choice(('1st', '2nd', '3rd', '4th', '5th'))} {rng.choice(_RANKS)}" if titled else "",
            estate=rng.choice(self._estates),
            born=f"{year}-01-01" if only_year else f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            place=place,
            postcode=self._postcode(rng, place),
            gender="female" if female else "male",
            work=_frequent(rng, _OCCUPATIONS.split(), 2),
        )

    def row(self, rng: Random, person: _Person) -> tuple[str, ...]:
        """One row about a person."""
        full = _called(rng, person)
        place = self._place(rng) if rng.random() < _MOVED else person.place
        other_code = place != person.place or rng.random() < _NEARBY
        code = self._postcode(rng, place) if other_code else person.postcode
        born = f"{person.born[:4]}-01-01" if rng.random() < _ONLY_YEAR else person.born
        work = _frequent(rng, _OCCUPATIONS.split(), 2) if rng.random() < _OTHER_WORK else person.work
        names = full, full.split()[0], full.split()[-1]
        values = *names, born, self._places[place], code, person.gender, work
        return tuple(
            "" if rng.random() < gap else _typed(rng, value) for gap, value in zip(_MISSING, values, strict=True)
        )

    def _place(self, rng: Random) -> int:
        return int(len(self._places) * rng.random() ** 2.2)

    def _postcode(self, rng: Random, place: int) -> str:
        return f"{self._areas[place]} {rng.randint(1, 9)}{''.join(rng.choices('abdefghjlnpqrstuwxyz', k=2))}"


def _called(rng: Random, person: _Person) -> str:
    """One of the ways in which a person is called."""
    forms = _TITLED if person.title else _MIDDLED if person.middle else _PLAIN
    (form,) = rng.choices(list(forms), list(forms.values()))
    called = form.format(
        given=rng.choice(person.given[1:] or person.given) if rng.random() < _NICKNAME else person.given[0],
        middle=person.middle,
        family=person.families[-1] if rng.random() < _MARRIED else person.families[0],
        title=person.title,
        rank=person.title[4:],
        estate=person.estate,
    )
    return " ".join(called.split())


def _typed(rng: Random, value: str) -> str:
    """A value as it is, or with a letter other, one less or one more; of a digit another digit."""
    at = rng.randrange(len(value))
    if rng.random() >= _TYPO or value[at] == "-":
        return value
    if value[at].isdigit():
        return value[:at] + rng.choice(DIGITS) + value[at + 1 :]
    return (
        rng.choice((value[:at] + rng.choice(LETTERS), value[:at], value[: at + 1] + rng.choice(LETTERS)))
        + value[at + 1 :]
    )


def _frequent(rng: Random, values: Sequence[T], shift: float) -> T:
    """A value, the first ones likelier: in proportion to 1 / (rank + shift)."""
    rank = shift * ((len(values) + shift) / shift) ** rng.random() - shift
    return values[min(int(rank), len(values) - 1)]
