"""`ct18 link` beside Splink on the same files, in the same run: seconds, memory, how right the links are.

`python -m tests.bench.linkage [SET …] [--ours | --peer] [--runs N] [--keep DIR]` prints one table. Each run is a
process of its own, measured from outside in the same way; the median of three where one takes less than two minutes,
else the one; a run is stopped after ten.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.linkage import data, scores, watch

CT18 = Path(".venv/bin/ct18")
CUT_OFF = 600.0
SHORT = 120.0  # seconds; longer runs are not repeated
OURS = "ct18"
# models of the peer on each set, and whether on Spark; the sets in the order of the table
PEERS: Mapping[str, Sequence[tuple[str, bool]]] = {
    "febrl3": [("febrl3", False)],
    "febrl4": [("febrl4-detailed", False), ("febrl4-extended", False)],
    "rl10000": [("rl10000", False)],
    "aliases": [("historical", False), ("historical-wide", False)],
    "syn200k": [("register", False), ("register-wide", False), ("register", True)],
    "syn1m": [("large-register", False), ("large-register-wide", False)],
    "syn3m": [],
    "homes": [("homes", False)],
    "payments": [("payments", False)],
    "addresses": [],
    "products": [],
    "catalogues": [],
    "songs": [],
    "vn": [("vn", False)],
}
HEADS = (
    *("set", "engine", "seconds", "peak GiB", "pairs scored", "true pairs found", "best F1 (P / R)"),
    *("P / R at p ≥ .99", "R at P ≥ .999", "cluster P / R", "cluster F1"),
    *("best-link F1", "its R at p ≥ .99", "its R at P ≥ .999", "ECE"),
)


@dataclass(frozen=True)
class Measured:
    """One engine on one set; without a result where it did not finish in time."""

    name: str
    engine: str
    seconds: float
    peak_rss_bytes: int
    result: scores.Scores | None


def main() -> None:
    """Measure every engine on every set and print a row as soon as it is known."""
    options = _options()
    print(_row(HEADS))
    print("|" + " --- |" * len(HEADS), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(options.keep or scratch)
        for name in options.sets:
            folder = root / "data" / name
            data.write(name, folder)
            for engine, command in _engines(name, folder, options.only):
                out = root / "out" / name / engine.replace(" ", "-")
                print(_row(cells(measure(engine, command, folder, out, options.runs))), flush=True)


def measure(engine: str, command: Sequence[str | Path], folder: Path, out: Path, runs: int) -> Measured:
    """Run a command on the set of a folder, again while it is short; its output, always the same, is scored once."""
    done: list[watch.Finished] = []
    while len(done) < runs:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        finished = watch.watched([*command, "--out", out], out.with_suffix(".log"), CUT_OFF)
        if finished is None:
            return Measured(folder.name, engine, CUT_OFF, 0, None)
        done.append(finished)
        if finished.seconds > SHORT:
            break
    seconds = statistics.median(one.seconds for one in done)
    peak = max(one.peak_rss_bytes for one in done)
    return Measured(folder.name, engine, seconds, peak, scores.score(out, folder))


def cells(one: Measured) -> Iterator[str]:
    """Cells of a row of the table."""
    yield from (one.name, one.engine)
    if one.result is None:
        yield f"> {one.seconds:.0f}, stopped"
        return
    yield from (f"{one.seconds:.1f}", f"{one.peak_rss_bytes / 2**30:.1f}")
    result, confident = one.result, one.result.pairs.at(scores.CONFIDENT)
    best, strict = result.pairs.best(), result.pairs.at_precision(scores.STRICT)
    yield from (f"{result.scored:,}", f"{result.found:.4f}")
    yield f"{best.f1:.4f} ({best.precision:.4f} / {best.recall:.4f})"
    yield f"{confident.precision:.4f} / {confident.recall:.4f}"
    yield f"{strict.recall:.4f}"
    yield f"{result.clusters.precision:.4f} / {result.clusters.recall:.4f}"
    yield f"{result.clusters.f1:.4f}"
    yield from _link_cells(result.best_links)
    yield f"{result.calibration_error:.4f}"


def _link_cells(links: scores.Curve | None) -> Iterator[str]:
    if links is None:
        yield from ("", "", "")
    else:
        yield f"{links.best().f1:.4f}"
        yield f"{links.at(scores.CONFIDENT).recall:.4f}"
        yield f"{links.at_precision(scores.STRICT).recall:.4f}"


def _engines(name: str, folder: Path, only: str | None) -> Iterator[tuple[str, list[str | Path]]]:
    """Commands to run on a set, but for `--out`."""
    if only != "peer":
        yield OURS, [CT18, "link", "--config", folder / data.CONFIG]
    if only != "ours":
        for model, spark in PEERS[name]:
            engine, more = (f"Splink {model} on Spark", ["--spark"]) if spark else (f"Splink {model}", [])
            yield engine, [sys.executable, "-m", "tests.bench.linkage.peers", model, "--data", folder, *more]


def _row(texts: Iterable[str]) -> str:
    row = list(texts)
    return "| " + " | ".join([*row, *[""] * (len(HEADS) - len(row))]) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(PEERS), choices=PEERS, metavar="SET")
    side = parser.add_mutually_exclusive_group()
    side.add_argument("--ours", dest="only", action="store_const", const="ours", help="ct18 alone")
    side.add_argument("--peer", dest="only", action="store_const", const="peer", help="Splink alone")
    parser.add_argument("--runs", type=int, default=3, help="of those that take less than two minutes")
    parser.add_argument("--keep", help="folder that keeps data sets and outputs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
