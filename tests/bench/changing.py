"""Nights after the first, on which a share of every source's rows has changed, against the first.

`python -m tests.bench.changing [--residents 200000] [--nights 2] [--share 0.01] [--heap 6g] [--keep DIR]`

Of the rows that a night changes nine in ten are updated (somebody moved, took another number, sold more) and one in ten
is deleted; the night after brings these back. An empty night, on which every source says that nothing has changed, ends
the series.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sample_data import generate
from sample_data.deliver import write_delivery
from sample_data.settings import load_settings
from sample_data.times import ZONE
from tests.bench import nights

SEED = 42
FIRST = dt.date.fromisoformat(nights.DATE)
# What a change gives another row's value.
MOVED: Mapping[str, tuple[str, ...]] = {
    "residents": ("permanent_address", "province_code", "province_code_version"),
    "taxpayers": ("phone", "status"),
    "declarations": ("declared_revenue_vnd",),
    "bank_accounts": ("phone", "status"),
    "bank_inflows": ("inflow_vnd",),
    "telecom_subscribers": ("subscriber_name", "id_number", "date_of_birth"),
    "sellers": ("shop_name", "phone", "payout_bank_code", "payout_account_number"),
    "seller_sales": ("gross_revenue_vnd",),
}
Rows = Mapping[str, Callable[[], pa.Table]]


@dataclass(frozen=True)
class Measured:
    """A night: what kind, how long its process took, its row in ops/runs, bytes of the warehouse after it."""

    kind: str
    night: nights.Finished
    run: dict[str, Any]
    warehouse_bytes: int


def main() -> None:
    """Measure and print one table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        measured = measure(Path(options.keep or scratch), options)
    print("\n".join(lines(measured)))


def measure(folder: Path, options: argparse.Namespace) -> list[Measured]:
    """The first night, those with changes, and an empty one."""
    nights.sample(folder, options.residents, SEED)
    config = folder / "bench.yaml"
    config.write_text(f'spark:\n  master: "local[2]"\n  driver_memory: {options.heap}\n', encoding="utf-8")
    later = {FIRST + dt.timedelta(days=number): options.share for number in range(1, options.nights + 1)}
    later[FIRST + dt.timedelta(days=options.nights + 1)] = 0.0
    deliver_changes(folder / "landing", generate.draw(options.residents, SEED, FIRST).rows, later)
    kinds = {date: f"{share:.1%} changed" if share else "empty" for date, share in later.items()}
    return [_night(folder, config, date, kind) for date, kind in {FIRST: "first", **kinds}.items()]


def _night(folder: Path, config: Path, date: dt.date, kind: str) -> Measured:
    warehouse = folder / "warehouse"
    done = nights.night(folder, warehouse, "--config", str(config), date=str(date))
    return Measured(kind, done, nights.last_run(warehouse), nights.size(warehouse))


def deliver_changes(landing: Path, rows: Rows, later: Mapping[dt.date, float]) -> None:
    """Write what changes of every source on later nights, each with its share; `rows` are those of the first night."""
    settings = load_settings().delivery
    for source, made in rows.items():
        table, back = made(), np.array([], dtype=np.int64)
        for number, (date, share) in enumerate(later.items(), start=1):
            chosen = _chosen(table.num_rows, number, share)
            again = np.setdiff1d(back, chosen) if share else back[:0]
            delta = [changes(table, source, date, chosen), _changes(table.take(again), date, "I")]
            write_delivery(landing, source, date, pa.concat_tables(delta), settings)
            back = chosen[: len(chosen) // 10]


def changes(table: pa.Table, source: str, date: dt.date, chosen: np.ndarray) -> pa.Table:
    """A delta of a source in which of the rows chosen the first tenth is deleted and the others have changed."""
    gone, stay = np.split(chosen, [len(chosen) // 10])
    moved = _changes(_moved(table.take(stay), MOVED[source], date.day), date, "U")
    return pa.concat_tables([moved, _changes(table.take(gone), date, "D")])


def _chosen(count: int, number: int, share: float) -> np.ndarray:
    drawn = np.random.default_rng([SEED, number, count])
    return drawn.choice(count, round(count * share), replace=False)


def _moved(rows: pa.Table, columns: Sequence[str], number: int) -> pa.Table:
    before = pa.array(np.roll(np.arange(rows.num_rows), number))
    for column in columns:
        rows = rows.set_column(rows.schema.get_field_index(column), column, rows[column].take(before))
    return rows


def _changes(rows: pa.Table, date: dt.date, kind: str) -> pa.Table:
    at = rows.schema.field("updated_at")
    # After whatever the first night brought, before the night's own end.
    noon = dt.datetime.combine(date, dt.time(12), tzinfo=dt.timezone(dt.timedelta(hours=7)))
    moment = pa.array([noon] * rows.num_rows, pa.timestamp("us", tz=ZONE)).cast(at.type)
    fresh = rows.set_column(rows.schema.get_field_index("updated_at"), at, moment)
    return fresh.append_column("change_type", pa.array([kind] * rows.num_rows, pa.string()))


def lines(measured: Sequence[Measured]) -> Iterator[str]:
    """One column a night; the last lines set each against the first."""
    yield "| | " + " | ".join(one.kind for one in measured) + " |"
    yield "| --- |" + " ---: |" * len(measured)
    for stage in dict.fromkeys(stage["name"] for one in measured for stage in one.run["stages"]):
        yield _line(stage, [_seconds(one, stage) for one in measured])
    yield _line("whole night, process", [f"{one.night.seconds:.1f} s" for one in measured])
    first = measured[0].night.seconds
    yield _line("of the first night", [f"{one.night.seconds / first:.0%}" for one in measured])
    yield _line("peak memory (RSS)", [nights.gib(one.night.peak_rss_bytes) for one in measured])
    yield _line("warehouse", [f"{one.warehouse_bytes / 2**20:,.0f} MiB" for one in measured])


def _seconds(one: Measured, stage: str) -> str:
    return f"{sum(each['seconds'] for each in one.run['stages'] if each['name'] == stage):.1f} s"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=200_000)
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--heap", default="6g")
    parser.add_argument("--keep", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
