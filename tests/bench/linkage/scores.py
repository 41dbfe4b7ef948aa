"""How right an output of `ct18 link` is, or one of the same form, against the truth of a data set.

`python -m tests.bench.linkage.scores --out OUTDIR --data DATADIR`

True pairs that were never compared count as missed. *Best* is the best over all thresholds, which nobody without the
truth can choose; the same for every engine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

CONFIDENT = 0.99  # probability
STRICT = 0.999  # precision
_BINS = 10

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
    """What is found from a threshold up; precision is that of nothing, 1, where nothing is."""

    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Curve:
    """Precision and recall at every probability that occurs, the greatest first."""

    thresholds: Floats
    precision: Floats
    recall: Floats

    def best(self) -> Point:
        """Where F1 is greatest."""
        both = np.maximum(self.precision + self.recall, 1e-12)
        return self._point(int(np.argmax(self.precision * self.recall / both))) if len(both) else Point(1, 1, 0)

    def at(self, probability: float) -> Point:
        """From a probability up."""
        above = int((self.thresholds >= probability).sum())
        return self._point(above - 1) if above else Point(1, 1, 0)

    def at_precision(self, least: float) -> Point:
        """The most that is found with such a precision."""
        enough = np.flatnonzero(self.precision >= least)
        return self._point(int(enough[-1])) if len(enough) else Point(1, 1, 0)

    def _point(self, index: int) -> Point:
        return Point(float(self.thresholds[index]), float(self.precision[index]), float(self.recall[index]))


@dataclass(frozen=True)
class Scores:
    """One output against the truth.

    Attributes:
        scored: pairs that the engine compared, as its summary says.
        written: pairs in its output.
        truth: true pairs.
        found: share of the true pairs in its output, at any probability.
        pairs: all pairs.
        best_links: of each record of the second input the best partner; None without a second input.
        clusters: pairs of records in one cluster; of two inputs only pairs between them.
        calibration_error: mean gap between probability and truth over tenths of probability, by pairs in each.
    """

    scored: int
    written: int
    truth: int
    found: float
    pairs: Curve
    best_links: Curve | None
    clusters: Point
    calibration_error: float


def main() -> None:
    """Print all scores of one output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    print("\n".join(lines(score(options.out, options.data))))


def score(out: Path, data: Path) -> Scores:
    """Scores of an output folder against the truth in a data folder."""
    linking = yaml.safe_load((data / "config.yaml").read_text(encoding="utf-8"))["link_type"] == "link"
    truth = pd.read_parquet(data / "truth.parquet")
    pairs = pq.read_table(out / "pairs.parquet", columns=["id_l", "id_r", "match_weight", "match_probability"])
    left, right = _rows(truth, 0, pairs["id_l"]), _rows(truth, int(linking), pairs["id_r"])
    _check_once(left, right, len(truth))
    entity = pd.factorize(truth["entity"])[0]
    correct, probability = entity[left] == entity[right], pairs["match_probability"].to_numpy()
    total = _true_pairs(truth, linking)
    return Scores(
        scored=json.loads((out / "summary.json").read_text(encoding="utf-8"))["pairs_scored"],
        written=pairs.num_rows,
        truth=total,
        found=float(correct.sum() / total),
        pairs=curve(probability, correct, total),
        best_links=_best_links(pairs, left, right, correct, total) if linking else None,
        clusters=_clusters(pd.read_parquet(out / "clusters.parquet"), truth, linking),
        calibration_error=_calibration_error(probability, correct),
    )


def curve(probability: Floats, correct: Bools, total: int) -> Curve:
    """Precision and recall from each probability up; pairs of equal probability come together."""
    order = np.argsort(-probability, kind="stable")
    descending, right = probability[order], np.cumsum(correct[order])
    last = np.flatnonzero(np.append(np.diff(descending) != 0, True)) if len(order) else np.array([], dtype=np.int64)
    return Curve(descending[last], right[last] / (last + 1), right[last] / total)


def lines(scores: Scores) -> Iterator[str]:
    """One line a score."""
    yield f"pairs scored            {scores.scored:>12,}"
    yield f"pairs written           {scores.written:>12,}"
    yield f"true pairs              {scores.truth:>12,}"
    yield f"true pairs written      {scores.found:>12.4f}"
    yield f"calibration error       {scores.calibration_error:>12.4f}"
    yield f"{'':24}{'threshold':>12}{'precision':>12}{'recall':>12}{'F1':>12}"
    yield _line("clusters", scores.clusters)
    for name, one in (("pairs", scores.pairs), ("best links", scores.best_links)):
        if one is not None:
            yield _line(f"{name}, best F1", one.best())
            yield _line(f"{name}, p ≥ {CONFIDENT}", one.at(CONFIDENT))
            yield _line(f"{name}, P ≥ {STRICT}", one.at_precision(STRICT))


def _line(name: str, point: Point) -> str:
    return f"{name:24}{point.threshold:>12.6f}{point.precision:>12.5f}{point.recall:>12.5f}{point.f1:>12.5f}"


def _rows(truth: pd.DataFrame, source: int, ids: pa.ChunkedArray) -> Ints:
    """Numbers of the rows of the truth that ids of one input stand for."""
    own = np.flatnonzero(truth["source"] == source)
    place = pc.index_in(ids, pa.array(truth["id"].iloc[own], ids.type))
    if place.null_count:
        raise SystemExit(f"pairs.parquet has an id that input {source} does not have")
    return np.asarray(own[place.to_numpy()])


def _check_once(left: Ints, right: Ints, records: int) -> None:
    keys = np.sort(np.minimum(left, right) * records + np.maximum(left, right))
    if (keys[1:] == keys[:-1]).any() or (left == right).any():
        raise SystemExit("pairs.parquet has a pair twice, or a record paired with itself")


def _true_pairs(truth: pd.DataFrame, linking: bool) -> int:
    return _inside(truth, ["entity"], linking)


def _inside(records: pd.DataFrame, group: list[str], linking: bool) -> int:
    """Pairs of records within the groups; of two inputs only pairs between them."""
    size = records.groupby([*group, "source"], sort=False).size().unstack(fill_value=0)
    if linking:
        return int((size[0] * size[1]).sum())
    return int((size[0] * (size[0] - 1) // 2).sum())


def _best_links(pairs: pa.Table, left: Ints, right: Ints, correct: Bools, total: int) -> Curve:
    """Of each right-hand record the partner of the greatest probability, then weight, then the first of the input."""
    probability, weight = (pairs[name].to_numpy() for name in ("match_probability", "match_weight"))
    order = np.lexsort((left, -weight, -probability, right))
    best = order[np.flatnonzero(np.diff(right[order], prepend=-1))]
    return curve(probability[best], correct[best], total)


def _clusters(clusters: pd.DataFrame, truth: pd.DataFrame, linking: bool) -> Point:
    records = truth.merge(clusters, on=["source", "id"], how="left")
    if len(clusters) != len(truth) or records["cluster_id"].isna().any():
        raise SystemExit("the clusters do not hold every record once")
    both = _inside(records, ["entity", "cluster_id"], linking)
    together = _inside(records, ["cluster_id"], linking)
    return Point(0.5, both / together if together else 1.0, both / _true_pairs(truth, linking))


def _calibration_error(probability: Floats, correct: Bools) -> float:
    if not len(probability):
        return 0.0
    bins = np.minimum((probability * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, probability) - np.bincount(bins, correct)
    return float(np.abs(gaps).sum() / len(probability))


if __name__ == "__main__":
    main()
