"""What evidence weighs: estimated once from all the data there is, and frozen until somebody trains anew.

Between two trainings a pair weighs the same every night, whatever else has changed, so that what has not changed need
not be decided again, and what an analyst was told stays true.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pyspark.sql import DataFrame

from matching.comparisons import CLASSES, MODELS
from matching.levels import Statistics
from matching.model import Parameters, level_m

# A level that fewer records show moves by chance.
_RARE = 0.005


@dataclass(frozen=True)
class Training:
    """Result of a training.

    Attributes:
        statistics: figures of the subjects.
        shares: attribute → value → share of the subjects (`subjects.shares`).
        frequencies: term frequencies (`subjects.frequencies`).
        parameters: kind of record → parameters of its model.
    """

    statistics: Statistics
    shares: Mapping[str, Mapping[str, float]]
    frequencies: DataFrame
    parameters: Mapping[str, Parameters]

    def to_json(self) -> dict[str, str]:
        """All but the term frequencies, as text: `subjects`, and each kind of record."""
        figures = {"statistics": asdict(self.statistics), "shares": self.shares}
        made = {kind: json.dumps(_plain(parameters)) for kind, parameters in self.parameters.items()}
        return {"subjects": json.dumps(figures, sort_keys=True), **made}


def from_json(texts: Mapping[str, str], frequencies: DataFrame) -> Training | None:
    """The training that `to_json` wrote; None where it knows of other models or levels than this code."""
    figures = json.loads(texts["subjects"])
    parameters = {kind: _parameters(json.loads(text)) for kind, text in texts.items() if kind != "subjects"}
    if parameters.keys() != MODELS.keys() or not all(_fits(each) for each in parameters.values()):
        return None
    return Training(Statistics(**figures["statistics"]), figures["shares"], frequencies, parameters)


def _plain(parameters: Parameters) -> dict[str, object]:
    return {**asdict(parameters), "m": {name: m.tolist() for name, m in parameters.m.items()}}


def _parameters(plain: dict[str, Any]) -> Parameters:
    arrays = {name: np.array(levels) for name, levels in plain["m"].items()}
    pairs = {name: tuple(plain[name]) for name in ("classes", "lending")}
    return Parameters(**{**plain, **pairs, "m": arrays})


def _fits(parameters: Parameters) -> bool:
    """Whether a model of today has the classes, comparisons and levels that the parameters speak of."""
    comparisons = MODELS.get(parameters.model, ())
    wanted = {each.name: (len(CLASSES), len(each.levels) + len(each.unseen)) for each in comparisons}
    return wanted == {name: m.shape for name, m in parameters.m.items()}


@dataclass(frozen=True)
class Shift:
    """How far a level's match weight moves from one training to another.

    Attributes:
        model, comparison, level: which.
        before, after: probability that a true pair shows the level.
        bits: log2 of after over before; where chance shows the level the less often the more subjects there are, with
            how many more there are.
    """

    model: str
    comparison: str
    level: str
    before: float
    after: float
    bits: float


def shifts(before: Training, after: Training) -> list[Shift]:
    """Levels that true pairs show at least now and then, the one that moves farthest first."""
    found = [shift for kind in MODELS for shift in _of_model(before.parameters[kind], after.parameters[kind])]
    return sorted(found, key=lambda shift: -abs(shift.bits))


def _of_model(before: Parameters, after: Parameters) -> Iterator[Shift]:
    for comparison in before.comparisons:
        old, new = level_m(before, comparison), level_m(after, comparison)
        for level, was, now in zip(comparison.levels, old, new, strict=True):
            if max(was, now) >= _RARE:
                # By chance a relation leads to one of so many subjects.
                more = after.subjects / before.subjects if level.name == "self" else 1.0
                yield Shift(before.model, comparison.name, level.name, was, now, float(np.log2(now / was * more)))
