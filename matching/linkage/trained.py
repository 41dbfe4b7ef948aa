"""What the engine learned from the data: written down, read again, and compared with what it would learn now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from matching.linkage import parameters
from matching.linkage.comparison import Comparison
from matching.linkage.frequencies import Rarity
from matching.linkage.kinds import EQUIVALENT
from matching.linkage.parameters import Parameters
from matching.linkage.related import Related
from matching.linkage.repeated import Repetition

# A level that fewer matches show moves by chance.
_RARE = 0.005
# Fields of a comparison that parameters of an older version lack.
_ADDED = ("thresholds", "equivalents")


@dataclass(frozen=True)
class Rule:
    """A blocking rule that the engine chose.

    Attributes:
        atoms: names of the keys that two records must share (`records.Atom`).
        refining: names of those by which a large block is split.
    """

    atoms: tuple[str, ...]
    refining: tuple[str, ...]


@dataclass(frozen=True)
class Blocking:
    """Which pairs are proposed.

    Attributes:
        rules: the rules; none where the user gave his own.
        recall: share of all matches that they were estimated to propose; None where nothing said.
    """

    rules: tuple[Rule, ...] = ()
    recall: float | None = None


@dataclass(frozen=True)
class Trained:
    """All that pairs and their weights depend on beside the records and how many have their values.

    Attributes:
        comparisons: how each column is compared.
        repetitions: columns that repeat others, and are compared by what they say beyond them.
        rarities: what equal values count by how many records have them, a column each.
        frequent: column → hashes of the words that many of its values had (`frequencies.frequent_words`).
        parameters: the model.
        blocking: which pairs are proposed.
    """

    comparisons: Sequence[Comparison]
    repetitions: Sequence[Repetition]
    rarities: Sequence[Rarity]
    frequent: Mapping[int, Sequence[int]]
    parameters: Parameters
    blocking: Blocking = Blocking()

    @property
    def version(self) -> str:
        """Hash of it all."""
        return hashlib.sha256(json.dumps(self._content()).encode()).hexdigest()[:12]

    def plain(self) -> dict[str, Any]:
        """The same in what JSON knows; numbers come back to the last bit."""
        return {"version": self.version, **self._content()}

    def _content(self) -> dict[str, Any]:
        model = self.parameters
        # What was written before these were a part of it has none, and keeps its version.
        related = {"related": [_plain(each) for each in model.related]} if model.related else {}
        blocking = {"blocking": asdict(self.blocking)} if self.blocking.rules else {}
        return {
            **blocking,
            **related,
            "prior": model.prior,
            "apart": list(model.apart),
            "repetitions": [asdict(each) for each in self.repetitions],
            "columns": [
                {
                    **_plain_comparison(each),
                    "rare": {"records": of.records.tolist(), "bits": of.bits.tolist(), "rare": of.rare},
                    "frequent_words": list(self.frequent.get(i, ())),
                    "m": model.m[i].tolist(),
                    "u": model.u[i].tolist(),
                }
                for i, (each, of) in enumerate(zip(self.comparisons, self.rarities, strict=True))
            ],
        }

    def fits(self, chosen: Sequence[Comparison], keys: Collection[str]) -> bool:
        """Whether it was learned for columns that are compared as these are, and have these keys."""
        known = all(name in keys for rule in self.blocking.rules for name in (*rule.atoms, *rule.refining))
        return known and [_outline(each) for each in self.comparisons] == [_outline(each) for each in chosen]


def _outline(each: Comparison) -> tuple[object, ...]:
    """What the configuration says of a comparison; which values stand for one another it does not."""
    levels = tuple(name for name in each.levels if name != EQUIVALENT)
    return each.column, each.kind, levels, each.term_frequency, each.thresholds


def read(plain: Mapping[str, Any]) -> Trained:
    """What `Trained.plain` made.

    Raises:
        ValueError: it is nothing of the kind, or somebody changed it.
    """
    try:
        columns = plain["columns"]
        chosen = [_comparison(each) for each in columns]
        rare = [each["rare"] for each in columns]
        model = Parameters(
            prior=plain["prior"],
            parents=tuple(each.parent for each in chosen),
            m=tuple(np.array(each["m"], dtype=float) for each in columns),
            u=tuple(np.array(each["u"], dtype=float) for each in columns),
            exact=tuple(each.exact for each in chosen),
            apart=tuple(plain["apart"]),
            related=tuple(_related(each) for each in plain.get("related", ())),
        )
        found = Trained(
            chosen,
            [Repetition(**{**each, "parts": tuple(each["parts"])}) for each in plain["repetitions"]],
            [Rarity(np.array(each["records"]), np.array(each["bits"]), each["rare"]) for each in rare],
            {i: each["frequent_words"] for i, each in enumerate(columns)},
            model,
            _blocking(plain.get("blocking")),
        )
        if found.version != plain["version"]:
            raise ValueError("its version is not that of its content")
    except (KeyError, TypeError, AttributeError):
        raise ValueError("it does not hold parameters of ct18 link") from None
    return found


def _plain_comparison(each: Comparison) -> dict[str, Any]:
    """Its fields; of those that were added only where there are some, as in `_content`."""
    return {name: value for name, value in asdict(each).items() if name not in _ADDED or value}


def _plain(each: Related) -> dict[str, Any]:
    return {"share": each.share, "own": list(each.own), "levels": [levels.tolist() for levels in each.levels]}


def _related(plain: Mapping[str, Any]) -> Related:
    levels = tuple(np.array(each, dtype=float) for each in plain["levels"])
    return Related(plain["share"], levels, tuple(plain["own"]))


def _blocking(plain: Mapping[str, Any] | None) -> Blocking:
    if plain is None:
        return Blocking()
    rules = (Rule(tuple(each["atoms"]), tuple(each["refining"])) for each in plain["rules"])
    return Blocking(tuple(rules), plain["recall"])


def _comparison(plain: Mapping[str, Any]) -> Comparison:
    own: dict[str, Any] = {name: plain[name] for name in Comparison.__dataclass_fields__ if name not in _ADDED}
    lists = {name: tuple(value) for name, value in own.items() if isinstance(value, list)}
    thresholds = tuple((level, float(bound)) for level, bound in plain.get("thresholds", ()))
    equivalents = tuple((int(one), int(other)) for one, other in plain.get("equivalents", ()))
    return Comparison(**{**own, **lists, "thresholds": thresholds, "equivalents": equivalents})


@dataclass(frozen=True)
class Shift:
    """How far a level's match weight moves from one training to another.

    Attributes:
        column, level: which.
        before, after: match weight, whatever the column that it depends on shows.
    """

    column: str
    level: str
    before: float
    after: float

    @property
    def bits(self) -> float:
        """By how much it moves."""
        return self.after - self.before


def shifts(before: Trained, after: Parameters) -> list[Shift]:
    """Levels that matches show at least now and then, the one that moves farthest first."""
    return sorted(_shifts(before, after), key=lambda shift: -abs(shift.bits))


def _shifts(before: Trained, after: Parameters) -> Iterator[Shift]:
    for i, each in enumerate(before.comparisons):
        (old_m, old_u), (new_m, new_u) = (parameters.marginal(model, i) for model in (before.parameters, after))
        for gamma, level in enumerate(each.levels):
            if max(old_m[gamma], new_m[gamma]) >= _RARE:
                weights = (float(np.log2(m[gamma] / u[gamma])) for m, u in ((old_m, old_u), (new_m, new_u)))
                yield Shift(each.column, level, *weights)
