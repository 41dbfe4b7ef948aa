"""Where the time of a first night goes: seconds by stage, rows a second, memory and disk, by size of the country.

`python -m tests.bench.stages [--residents 50000 200000 1000000] [--heap 6g]`
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import nights

SIZES = (50_000, 200_000, 1_000_000)
SEED = 42
# Stages that look at quality.
QUALITY = ("gate", "audit", "corrections")


@dataclass(frozen=True)
class Measured:
    """A night on a country of one size: how long the sample took, the night, its row in ops/runs, what it left."""

    residents: int
    sample: nights.Finished
    night: nights.Finished
    run: dict[str, Any]
    warehouse_bytes: int

    @property
    def rows(self) -> int:
        """Rows of all deliveries."""
        return sum(source["rows"] or 0 for source in self.run["sources"])

    def seconds(self, stage: str) -> float:
        """Seconds of a stage, 0 where the night had none of that name."""
        return sum(one["seconds"] for one in self.run["stages"] if one["name"] == stage)


def main() -> None:
    """Measure each size and print one table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        measured = [measure(Path(scratch) / str(size), size, options.heap) for size in options.residents]
    print("\n".join(lines(measured)))


def measure(folder: Path, residents: int, heap: str) -> Measured:
    """Country and first night of one size."""
    sample = nights.sample(folder, residents, SEED)
    config = folder / "bench.yaml"
    config.write_text(f'spark:\n  master: "local[2]"\n  driver_memory: {heap}\n', encoding="utf-8")
    night = nights.night(folder, folder / "warehouse", "--config", str(config))
    warehouse = folder / "warehouse"
    return Measured(residents, sample, night, nights.last_run(warehouse), nights.size(warehouse))


def lines(measured: Sequence[Measured]) -> Iterator[str]:
    """One column a size; the last lines set the whole night against the first size."""
    yield "| | " + " | ".join(f"{one.residents:,} residents" for one in measured) + " |"
    yield "| --- |" + " ---: |" * len(measured)
    yield _line("rows in all sources", [f"{one.rows:,}" for one in measured])
    for stage in dict.fromkeys(stage["name"] for one in measured for stage in one.run["stages"]):
        cells = [f"{one.seconds(stage):.1f} s ({one.seconds(stage) / one.night.seconds:.0%})" for one in measured]
        yield _line(stage, cells)
    shares = [sum(one.seconds(stage) for stage in QUALITY) / one.night.seconds for one in measured]
    yield _line("quality in all: gate, audit, corrections", [f"{share:.0%}" for share in shares])
    yield _line("whole night, process", [f"{one.night.seconds:.1f} s" for one in measured])
    yield _line("rows a second", [f"{one.rows / one.night.seconds:,.0f}" for one in measured])
    yield _line(
        "times the size before", ["", *(f"{b.night.seconds / a.night.seconds:.1f} ×" for a, b in _steps(measured))]
    )
    yield _line("peak memory (RSS)", [nights.gib(one.night.peak_rss_bytes) for one in measured])
    yield _line("warehouse", [nights.gib(one.warehouse_bytes) for one in measured])
    yield _line("sample written in", [f"{one.sample.seconds:.1f} s" for one in measured])
    yield _line("sample, peak memory", [nights.gib(one.sample.peak_rss_bytes) for one in measured])


def _steps(measured: Sequence[Measured]) -> Iterator[tuple[Measured, Measured]]:
    return zip(measured, measured[1:], strict=False)


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, nargs="+", default=SIZES)
    parser.add_argument("--heap", default="6g")
    return parser.parse_args()


if __name__ == "__main__":
    main()
