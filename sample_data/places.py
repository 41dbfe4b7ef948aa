"""Provinces, communes and addresses, in the units of before and after 1 July 2025 (DOMAIN §6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from sample_data import tables
from sample_data.arrays import Bools, Floats, Ints, Text, chosen, where
from sample_data.lexicon import NO_WORD, Lexicon
from sample_data.names import REGIONS
from sample_data.settings import AddressForms
from sample_data.streams import Kinds, Streams

_UNIT_WORDS = ("Đặc khu", "Phường", "Xã", "Thị trấn", "Quận", "Huyện", "Thị xã", "Thành phố", "Tỉnh")
_SHORT = {
    "Đặc khu": "ĐK ",
    "Phường": "P.",
    "Xã": "X.",
    "Thị trấn": "TT.",
    "Quận": "Q.",
    "Huyện": "H.",
    "Thị xã": "TX.",
    "Thành phố": "TP.",
}
_MAX_NUMBER = 600


@dataclass(frozen=True)
class Province:
    """The 63 provinces of before July 2025, and what each became."""

    code63: Ints  # two-digit code of the statistics office
    code34: Ints
    region: Ints
    weight: Floats


@dataclass(frozen=True)
class Places:
    """Communes and the words of their addresses, each level in three forms: full, abbreviated, bare."""

    provinces: Province
    province: Ints  # of each commune, index of the 63
    urban: Bools
    old_levels: Ints  # [form, level (commune, district, province), commune]
    new_levels: Ints  # [form, level (commune, province), commune]
    numbers: Ints  # [form (with Số, bare), number]
    streets: Ints  # [form (with đường, bare), street]
    hamlets: Ints
    commune_weight: Floats


@dataclass(frozen=True)
class Homes:
    """Addresses as house number, street or hamlet, and commune."""

    commune: Ints
    number: Ints  # 0: none
    street: Ints  # code of the lexicon, street in its full form or hamlet

    def of(self, index: Ints) -> Homes:
        """Addresses at an index."""
        return Homes(self.commune[index], self.number[index], self.street[index])

    def replaced(self, other: Homes, change: Bools) -> Homes:
        """These addresses, the other ones where `change` holds."""
        pairs = ((self.commune, other.commune), (self.number, other.number), (self.street, other.street))
        return Homes(*(np.where(change, theirs, ours) for ours, theirs in pairs))


def load_places(lexicon: Lexicon) -> Places:
    """Places, their words taken into the lexicon."""
    provinces, communes = tables.rows("provinces"), tables.rows("communes")
    index = {row["old_code3"][1:]: i for i, row in enumerate(provinces)}
    streets = tables.words("street")
    province = np.array([index[row["old_province"]] for row in communes])
    size = np.bincount(province, minlength=len(provinces))
    weight = np.array(tables.floats("provinces", "population"))
    old_names = [f"{row['old_kind']} {row['old_name']}" for row in provinces]
    new_names = [f"{row['new_kind']} {row['new_name']}" for row in provinces]
    old = [[row["old_commune"] for row in communes], [row["old_district"] for row in communes]]
    return Places(
        provinces=Province(
            code63=np.array([int(row["old_code3"]) for row in provinces]),
            code34=np.array([int(row["new_code2"]) for row in provinces]),
            region=np.array([REGIONS.index(row["region"]) for row in provinces]),
            weight=weight,
        ),
        province=province,
        urban=np.array([not row["old_commune"].startswith("Xã") for row in communes]),
        old_levels=_levels(lexicon, [*old, [old_names[p] for p in province]]),
        new_levels=_levels(lexicon, [[row["new_commune"] for row in communes], [new_names[p] for p in province]]),
        numbers=np.stack([lexicon.add(f"{word}{n}" for n in range(_MAX_NUMBER)) for word in ("Số ", "")]),
        streets=np.stack([lexicon.add(f"{word}{street}" for street in streets) for word in ("Đường ", "")]),
        hamlets=lexicon.add(tables.words("hamlet")),
        commune_weight=(weight / size)[province],
    )


def _levels(lexicon: Lexicon, levels: list[list[str]]) -> Ints:
    forms = (lambda name: name, _abbreviated, _bare)
    return np.array([[lexicon.add(form(name) for name in level) for level in levels] for form in forms])


def _abbreviated(name: str) -> str:
    unit, rest = _unit_and_name(name)
    if unit == "Tỉnh":
        return rest
    return {"TP.Hồ Chí Minh": "TPHCM", "TP.Hà Nội": "HN"}.get(text := f"{_SHORT[unit]}{rest}", text)


def _bare(name: str) -> str:
    unit, rest = _unit_and_name(name)
    return name if rest.isdigit() else rest


def _unit_and_name(name: str) -> tuple[str, str]:
    unit = next(unit for unit in _UNIT_WORDS if name.startswith(f"{unit} "))
    return unit, name[len(unit) + 1 :]


def draw_homes(streams: Streams, places: Places, tag: str, commune: Ints, no_number: float) -> Homes:
    """Addresses in the given communes; `no_number` is the share of rural ones that name only a hamlet."""
    n = len(commune)
    urban = places.urban[commune]
    street = places.streets[0][streams.integers(f"{tag}.street", n, 0, places.streets.shape[1])]
    hamlet = places.hamlets[streams.integers(f"{tag}.hamlet", n, 0, len(places.hamlets))]
    number = streams.integers(f"{tag}.number", n, 1, _MAX_NUMBER)
    number = np.where(streams.hits(f"{tag}.no_number", n, no_number) & ~urban, 0, number)
    return Homes(commune, number, np.where(urban, street, hamlet))


def write_addresses(
    lexicon: Lexicon, places: Places, homes: Homes, new_units: Bools, forms: Kinds, style: Ints | int, separator: Text
) -> Text:
    """Addresses as free text.

    Args:
        lexicon: all words.
        places: words of each unit.
        homes: the addresses.
        new_units: in the units of after 1 July 2025.
        forms: kinds of `AddressForms`: how the address was typed.
        style: writing style, see `Lexicon.write`.
        separator: between the parts, one a text.
    """
    form = np.where(forms["abbreviated"], 1, np.where(forms["bare"], 2, 0))
    old = places.old_levels[form, :, homes.commune]
    old[:, 1] = np.where(forms["no_district"], NO_WORD, old[:, 1])
    new = places.new_levels[form, :, homes.commune]
    units = np.where(new_units[:, None], np.insert(new, 1, NO_WORD, axis=1), old)
    units[:, 0] = np.where(forms["province_only"], NO_WORD, units[:, 0])
    number = np.where(homes.number > 0, places.numbers[np.minimum(form, 1), homes.number], NO_WORD)
    door = lexicon.write(np.stack([number, _street_form(places, homes.street, form)], 1), style)
    return _after(door, lexicon.write(units, style, separator), ~forms["province_only"], separator)


def _street_form(places: Places, street: Ints, form: Ints) -> Ints:
    full, bare = places.streets
    short = np.arange(max(int(full.max()), int(street.max())) + 1)
    short[full] = bare
    return np.where(form > 0, short[street], street)


def _after(door: Text, units: Text, has_door: Bools, separator: Text) -> Text:
    return where(has_door, pc.binary_join_element_wise(door, units, separator), units)


def province_codes(places: Places, commune: Ints, new_units: Bools) -> Text:
    """Two-digit province codes in the code system of 63 or of 34."""
    province = places.province[commune]
    code = np.where(new_units, places.provinces.code34[province], places.provinces.code63[province])
    return chosen([f"{code:02d}" for code in range(100)], code)


def code_versions(new_units: Bools) -> Text:
    """The code system, `63` or `34`."""
    return chosen(("63", "34"), new_units.astype(np.int64))


def draw_forms(streams: Streams, tag: str, n: int, forms: AddressForms) -> Kinds:
    """How each address was typed."""
    return streams.kinds(f"{tag}.form", n, forms)
