"""A month of nights on each of which a share of all rows has changed, with weekly maintenance: time and size.

`python -m tests.bench.month [--residents 20000] [--nights 30] [--share 0.01] [--keep DIR]`

What is past its time is told by the clock, and the month takes an hour: the seven days for which versions are kept at
least count as the time of seven nights here.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from jobs import session
from jobs.maintenance import maintain
from jobs.settings import MaintenanceSettings, SparkSettings
from jobs.storage import Lake
from sample_data import generate
from tests.bench import changing, nights

_WEEK = 7
_DAY_SECONDS = 86_400
# Delta refuses to remove files that are younger than a week, unless it is told not to ask.
_YOUNG_FILES = {"spark.databricks.delta.retentionDurationCheck.enabled": "false"}


def main() -> None:
    """Measure and print a line a night."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        for line in measure(options.keep or Path(scratch), options):
            print(line, flush=True)


def measure(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """Lines of a table, a night each; the last two compare the last week with the second."""
    nights.sample(folder, options.residents, changing.SEED)
    dates = [changing.FIRST + dt.timedelta(days=number) for number in range(1, options.nights + 1)]
    rows = generate.draw(options.residents, changing.SEED, changing.FIRST).rows
    changing.deliver_changes(folder / "landing", rows, dict.fromkeys(dates, options.share))
    warehouse, seconds, sizes = folder / "warehouse", [], []
    yield "| night | seconds | MiB before maintenance | MiB | files |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for number, date in enumerate([changing.FIRST, *dates]):
        seconds.append(nights.night(folder, warehouse, date=str(date)).seconds)
        written = nights.size(warehouse)
        if number and number % _WEEK == 0:
            _maintain(warehouse, _WEEK * statistics.mean(seconds[-_WEEK:]))
        sizes.append(nights.size(warehouse))
        files = sum(1 for file in warehouse.rglob("*") if file.is_file())
        yield f"| {number} | {seconds[-1]:.1f} | {_mib(written)} | {_mib(sizes[-1])} | {files:,} |"
    yield f"the last seven nights took {_ratio(seconds):.2f} of the time of the second seven"
    yield f"after the last maintenance the warehouse had {_after(sizes):.2f} of its size after the second"


def _maintain(warehouse: Path, seconds: float) -> None:
    """Maintenance that keeps versions for so many seconds."""
    settings = MaintenanceSettings.model_construct(
        **{**MaintenanceSettings().model_dump(), "versions_days": seconds / _DAY_SECONDS}
    )
    spark = session.start(SparkSettings(conf=_YOUNG_FILES))
    try:
        maintain(Lake(spark, str(warehouse)), settings, lambda line: None)
    finally:
        spark.stop()


def _ratio(seconds: Sequence[float]) -> float:
    return statistics.median(seconds[-_WEEK:]) / statistics.median(seconds[_WEEK : 2 * _WEEK])


def _after(sizes: Sequence[int]) -> float:
    last = (len(sizes) - 1) // _WEEK * _WEEK
    return sizes[last] / sizes[2 * _WEEK]


def _mib(count: int) -> str:
    return f"{count / 2**20:,.0f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.nights < 3 * _WEEK:
        parser.error("--nights: three weeks at least, for the last is compared with the second")
    return options


if __name__ == "__main__":
    main()
