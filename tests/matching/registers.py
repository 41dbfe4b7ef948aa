"""Registers of sampled records of which the truth is known: who is who, and what depends on what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pyspark.sql import functions as F

from matching.linkage.plan import Plan
from matching.linkage.records import Atom
from matching.linkage.runs import joined, runs
from matching.linkage.sample import Sample, Sharing

Longs = npt.NDArray[np.int64]

NAMES = ["given", "family", "born", "born.year", "street", "postcode", "phone"]
COLUMN_OF = [0, 1, 2, 2, 3, 4, 5]
KINDS = ("given_name", "family_name", "date", "address", "postcode", "phone")
COLUMNS = len(KINDS)
GIVEN, FAMILY, BORN, YEAR, STREET, POSTCODE, PHONE = range(len(NAMES))
ENTITIES, COPIES = 5000, 2500


@dataclass(frozen=True)
class Register:
    """Sampled records, and the entity of each."""

    sample: Sample
    entity: Longs

    @property
    def matches(self) -> float:
        """True pairs of the sample."""
        return float(runs(self.entity + 1, self.sample.right).pairs.sum())

    def caught(self, plan: Plan) -> Register:
        """The pairs that the rules bring, as records of their own: entity 1 a match, 0 none."""
        size, keys = len(self.entity), self.sample.keys
        found = np.zeros(0, dtype=np.int64)
        for rule in plan.rules:
            key = keys[rule.atoms[0]]
            for atom in rule.atoms[1:]:
                key = np.where((key == 0) | (keys[atom] == 0), 0, joined(key, keys[atom]))
            left, right = runs(key, self.sample.right).all_pairs()
            found = np.union1d(found, np.minimum(left, right) * size + np.maximum(left, right))
        same = self.entity[found // size] == self.entity[found % size]
        return Register(replace(self.sample, keys=found[None, :]), same.astype(np.int64))


def hashed(values: Longs) -> Longs:
    """Keys of all 64 bits, as the engine's are; 0 stays none."""
    return np.asarray(values.astype(np.int64) * np.array(-7046029254386353131))


def register(seed: int, mistakes: float = 0.12, link: bool = False) -> Register:
    """People, half of them twice, each value of a copy wrong with some probability; a street has one postcode."""
    chance = np.random.default_rng(seed)
    street = chance.integers(1, 1500, ENTITIES)
    born = chance.integers(1, 60 * 365, ENTITIES)
    true = np.stack(
        [
            np.minimum(chance.zipf(1.4, ENTITIES), 300),
            np.minimum(chance.zipf(1.3, ENTITIES), 2000),
            born,
            born // 365 + 1,
            street,
            street % 200 + 1,
            np.arange(1, ENTITIES + 1) * (chance.random(ENTITIES) < 0.6),
        ]
    )
    copied = chance.permutation(ENTITIES)[:COPIES]
    copies = true[:, copied]
    wrong = chance.random((COLUMNS, COPIES)) < mistakes
    others = true[:, chance.integers(0, ENTITIES, COPIES)]
    # Who has moved has another postcode with the other street.
    wrong[COLUMN_OF[POSTCODE]] = wrong[COLUMN_OF[STREET]]
    copies = np.where(wrong[COLUMN_OF], others, copies)
    order = chance.permutation(ENTITIES + COPIES)
    entity = np.concatenate([np.arange(ENTITIES), copied])[order]
    keys = hashed(np.concatenate([true, copies], axis=1)[:, order])
    right = np.repeat([False, True], [ENTITIES, COPIES])[order] if link else None
    return Register(Sample(keys, right, 1.0), entity)


def sharing(known: Register, conjunctions: tuple[tuple[int, ...], ...], share: float) -> tuple[Sharing, Longs]:
    """Records that have some of the keys, and their entities."""
    keys = known.sample.keys
    drawn = np.zeros(keys.shape[1], dtype=np.int64)
    for number, conjunction in enumerate(conjunctions):
        key = keys[conjunction[0]]
        for atom in conjunction[1:]:
            key = np.where((key == 0) | (keys[atom] == 0), 0, joined(key, keys[atom]))
        chance = (joined(key, hashed(np.full(keys.shape[1], number + 1))) >> 11) / 2**53 + 0.5
        drawn |= ((key != 0) & (chance < share)).astype(np.int64) << number
    some = drawn != 0
    right = None if known.sample.right is None else known.sample.right[some]
    return Sharing(keys[:, some], right, conjunctions, share, drawn[some]), known.entity[some]


def named_atoms() -> list[Atom]:
    """What the rows of the sample mean; their expressions are not looked at."""
    named = zip(NAMES, COLUMN_OF, strict=True)
    return [Atom(name, frozenset({of}), F.col(f"v{of}"), is_full="." not in name) for name, of in named]
