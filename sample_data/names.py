"""Vietnamese names of people: surname, up to two middle tokens, given name (DOMAIN 7.1-7.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data import tables
from sample_data.arrays import Bools, Floats, Ints
from sample_data.lexicon import NO_WORD, Lexicon
from sample_data.settings import NameSettings
from sample_data.streams import Streams, picked
from sample_data.writing import without_marks

REGIONS = ("north", "central", "south")
SURNAME, FIRST_MIDDLE, SECOND_MIDDLE, GIVEN = range(4)
_ERA_WEIGHTS = {"old": (3.0, 1.0, 0.3), "young": (0.3, 1.0, 3.0), "": (1.0, 1.0, 1.0)}  # births -1969, -1999, 2000-


@dataclass(frozen=True)
class Given:
    """Given names of one sex: codes, weights by era, and for each the names that a family would match it with."""

    codes: Ints
    weights: tuple[Floats, Floats, Floats]
    similar: Ints  # row: a name, columns: codes of similar names, repeated to fill the width


@dataclass(frozen=True)
class NameTables:
    """Name tokens as codes of the lexicon, with their weights; index 0 is male, 1 female."""

    surnames: Ints
    surname_weights: tuple[Floats, ...]
    middles: tuple[Ints, Ints]
    middle_weights: tuple[Floats, Floats]
    given: tuple[Given, Given]
    usual_middle: tuple[int, int]  # Văn, Thị
    initials: Ints  # code of `N.` for the code of every name token


def load_names(lexicon: Lexicon) -> NameTables:
    """Name tables, their words taken into the lexicon."""
    usual = lexicon.add(["Văn", "Thị"])
    middles = [[row for row in tables.rows("middle_names") if row["sex"] == sex] for sex in "MF"]
    codes = [lexicon.add(row["name"] for row in rows) for rows in middles]
    surnames, given = lexicon.add(tables.column("surnames", "surname")), (_given(lexicon, "M"), _given(lexicon, "F"))
    weights = [np.array([float(row["weight"]) for row in rows]) for rows in middles]
    return NameTables(
        surnames=surnames,
        surname_weights=tuple(np.array(tables.floats("surnames", region)) for region in REGIONS),
        middles=(codes[0], codes[1]),
        middle_weights=(weights[0], weights[1]),
        given=given,
        usual_middle=(int(usual[0]), int(usual[1])),
        initials=lexicon.add(f"{word[0]}." for word in lexicon.words()),
    )


def _given(lexicon: Lexicon, sex: str) -> Given:
    rows = [row for row in tables.rows("given_names") if row["sex"] == sex]
    codes = lexicon.add(row["name"] for row in rows)
    percent = np.array([float(row["percent"]) for row in rows])
    eras = np.array([_ERA_WEIGHTS[row["era"]] for row in rows])
    old, middle, young = (percent * eras[:, era] for era in range(3))
    return Given(codes, (old, middle, young), _similar([row["name"] for row in rows], codes))


def _similar(names: list[str], codes: Ints, width: int = 4) -> Ints:
    """For each name those that differ from it in marks (Hùng, Hưng) or in the last letter (Lan, Lam)."""
    stems = [without_marks(name).lower()[:-1] + str(len(name)) for name in names]
    families: dict[str, list[int]] = {}
    for stem, code in zip(stems, codes.tolist(), strict=True):
        families.setdefault(stem, []).append(code)
    others = [[c for c in families[stem] if c != code] for stem, code in zip(stems, codes.tolist(), strict=True)]
    return np.array([np.resize(near or [code], width) for near, code in zip(others, codes, strict=True)], np.int64)


def draw_surnames(streams: Streams, names: NameTables, region: Ints) -> Ints:
    """Surnames by region of origin (index of `REGIONS`)."""
    uniform = streams.uniform("names.surname", len(region))
    drawn = [names.surnames[picked(uniform, weights.tolist())] for weights in names.surname_weights]
    return np.choose(region, drawn)


def draw_names(
    streams: Streams, names: NameTables, settings: NameSettings, sex: Ints, year: Ints, surname: Ints, mother: Ints
) -> Ints:
    """Full names, one row of four codes a person.

    Args:
        streams: random streams.
        names: tokens and weights.
        settings: shares of shapes and of Thị and Văn by cohort.
        sex: 0 male, 1 female.
        year: year of birth.
        surname: surname of the person.
        mother: mother's surname, which some people carry as a middle token.
    """
    n = len(sex)
    cohort = np.searchsorted([1970, 1985, 2000], year, side="right")
    tokens = _tokens(streams.uniform("names.shape", n), settings, sex, cohort)
    usual = streams.uniform("names.usual_middle", n) < _usual_share(settings, sex, cohort, tokens)
    first, second = _middle(streams, names, sex, "first"), _middle(streams, names, sex, "second")
    second = np.where(first == second, NO_WORD, second)
    maternal = streams.hits("names.maternal", n, settings.maternal_middle) & (tokens == 4) & (mother != surname)
    first = np.where(usual, np.array(names.usual_middle)[sex], np.where(maternal, mother, first))
    given = _given_names(streams.uniform("names.given", n), names, sex, year)
    return np.stack([surname, np.where(tokens > 2, first, NO_WORD), np.where(tokens > 3, second, NO_WORD), given], 1)


def _tokens(uniform: Floats, settings: NameSettings, sex: Ints, cohort: Ints) -> Ints:
    two = np.array([settings.two_tokens_male, settings.two_tokens_female])[sex]
    four = np.array([settings.four_tokens_male, settings.four_tokens_female])[sex, cohort]
    return np.where(uniform < two, 2, np.where(uniform > 1 - four, 4, 3))


def _usual_share(settings: NameSettings, sex: Ints, cohort: Ints, tokens: Ints) -> Floats:
    thi = np.where(tokens == 4, np.array(settings.thi_of_four)[cohort], np.array(settings.thi_of_three)[cohort])
    return np.where(sex == 1, thi, np.array(settings.van)[cohort])


def _middle(streams: Streams, names: NameTables, sex: Ints, place: str) -> Ints:
    uniform = streams.uniform(f"names.middle.{place}", len(sex))
    drawn = [names.middles[s][picked(uniform, names.middle_weights[s].tolist())] for s in (0, 1)]
    return np.choose(sex, drawn)


def _given_names(uniform: Floats, names: NameTables, sex: Ints, year: Ints) -> Ints:
    era = np.searchsorted([1970, 2000], year, side="right")
    drawn = [given.codes[picked(uniform, w.tolist())] for given in names.given for w in given.weights]
    return np.choose(sex * 3 + era, drawn)


def similar_given(streams: Streams, names: NameTables, sex: Ints, model: Ints, take: Bools, own: Ints) -> Ints:
    """Given names like another's (father and son, two sisters) where `take` holds, else the own one."""
    column = streams.integers("names.similar", len(sex), 0, names.given[0].similar.shape[1])
    result = own.copy()
    for s, given in enumerate(names.given):
        place = np.full(int(max(given.codes.max(), model.max())) + 1, -1)
        place[given.codes] = np.arange(len(given.codes))
        row = np.where(model >= 0, place[model], -1)
        hit = take & (sex == s) & (row >= 0)
        result[hit] = given.similar[row[hit], column[hit]]
    return result
