"""How right the night is: fresh countries, seeds never used in development, against the targets.

`python -m tests.bench.evaluate [--residents N] [--seeds A B C] [--keep DIR]`
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench import nights

SEEDS = (7001, 7002, 7003)
RESIDENTS = 50_000
# what, at least: at the pipeline's own thresholds, on 50,000 residents
TARGETS: tuple[tuple[tuple[str, ...], str, float], ...] = (
    (("links",), "precision", 0.995),
    (("links",), "recall", 0.95),
    (("flags", "UNREGISTERED"), "precision", 0.98),
    (("flags", "UNREGISTERED"), "recall", 0.92),
)


def main() -> None:
    """Measure each seed and print one table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(options.keep or scratch)
        results = {seed: measure(root / str(seed), options.residents, seed) for seed in options.seeds}
    print("\n".join(lines(results)))


def measure(folder: Path, residents: int, seed: int) -> dict[str, Any]:
    """Country, night, scores of one seed."""
    nights.sample(folder, residents, seed)
    nights.night(folder, folder / "warehouse")
    scores = folder / "scores.json"
    where = ("--warehouse", str(folder / "warehouse"), "--truth", str(folder / "truth"))
    nights.ct18("evaluate", *where, "--json", str(scores))
    found: dict[str, Any] = json.loads(scores.read_text(encoding="utf-8"))
    return found


def lines(results: Mapping[int, Mapping[str, Any]]) -> Iterator[str]:
    """Targets against every seed, then precision / recall of every reason and match type."""
    yield "| measure | target | " + " | ".join(f"seed {seed}" for seed in results) + " |"
    yield "| --- | --- |" + " --- |" * len(results)
    for path, name, target in TARGETS:
        cells = [_against(_at(result, path).get(name), target) for result in results.values()]
        yield f"| {' '.join(path)} {name} | ≥ {target} | " + " | ".join(cells) + " |"
    for part in ("match_types", "flags"):
        for key in sorted({key for result in results.values() for key in result[part]}):
            cells = [_pair(_at(result, (part, key))) for result in results.values()]
            yield f"| {part} {key}: precision / recall |  | " + " | ".join(cells) + " |"
    yield "| calibration error |  | " + " | ".join(_number(r["calibration"]["ece"]) for r in results.values()) + " |"


def _at(result: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        result = result.get(key, {})
    return result


def _against(value: float | None, target: float) -> str:
    return f"{_number(value)} {'ok' if value is not None and value >= target else 'MISSED'}"


def _pair(scores: Mapping[str, Any]) -> str:
    return f"{_number(scores.get('precision'))} / {_number(scores.get('recall'))}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--keep", help="folder that keeps countries and warehouses")
    return parser.parse_args()


if __name__ == "__main__":
    main()
