"""A number, an account and a name that very many share, against a night in which as many rows share nothing.

`python -m tests.bench.hubs [--residents 50000] [--shops 100000] [--names 200000] [--heap 6g] [--keep DIR]`

Both nights have the same number of rows: shops and residents are added to a country, the shops with one phone number
and one payout account or each with somebody's, the residents with one full name or each with somebody's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from sample_data import generate
from sample_data.deliver import write_delivery
from sample_data.settings import load_settings
from tests.bench import nights
from tests.bench.stages import SEED

DATE = dt.date.fromisoformat(nights.DATE)
NAME = "Nguyễn Thị An"
PAYOUT = {"payout_bank_code": "bank_code", "payout_account_number": "account_number"}
Tables = dict[str, pa.Table]


@dataclass(frozen=True)
class Measured:
    """A night: what kind, how long its process took, its row in ops/runs, and what its caps cut."""

    kind: str
    night: nights.Finished
    run: dict[str, Any]
    keys_cut: int


def main() -> None:
    """Measure both and print one table."""
    options = _options()
    drawn = {source: made() for source, made in generate.draw(options.residents, SEED, DATE).rows.items()}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(options.keep or scratch)
        measured = []
        for kind, shared in (("nothing shared", False), ("one number, account, name", True)):
            tables = with_more_residents(with_more_shops(drawn, options.shops, shared), options.names, shared)
            measured.append(measure(root / ("hubs" if shared else "apart"), kind, tables, options.heap))
    print("\n".join(lines(measured)))


def with_more_shops(tables: Tables, more: int, shared: bool) -> Tables:
    """Shops added, each a copy of another under a code of its own, with a month of sales."""
    generator = np.random.default_rng(SEED)
    sellers, sales = tables["sellers"], tables["seller_sales"]
    codes = pa.array([f"H{number:07d}" for number in range(more)])
    copies = _put(sellers.take(generator.integers(0, sellers.num_rows, more)), "shop_id", codes)
    phones, accounts = tables["telecom_subscribers"], tables["bank_accounts"]
    of_phone = np.zeros(more, dtype=np.int64) if shared else generator.integers(0, phones.num_rows, more)
    of_account = np.zeros(more, dtype=np.int64) if shared else generator.integers(0, accounts.num_rows, more)
    copies = _put(copies, "phone", phones["msisdn"].take(of_phone))
    for column, held in PAYOUT.items():
        copies = _put(copies, column, accounts[held].take(of_account))
    sold = _put(sales.take(generator.integers(0, sales.num_rows, more)), "shop_id", codes)
    sold = _put(sold, "platform", copies["platform"])
    return {**tables, "sellers": pa.concat_tables([sellers, copies]), "seller_sales": pa.concat_tables([sales, sold])}


def with_more_residents(tables: Tables, more: int, shared: bool) -> Tables:
    """Residents added, each a copy of another under a number of its own and without its CMND."""
    generator = np.random.default_rng(SEED + 1)
    residents = tables["residents"]
    copies = residents.take(generator.integers(0, residents.num_rows, more))
    serial = pa.array([f"{number:06d}" for number in range(more)])
    # Serials of one block are not drawn in another: the province of birth is one that no country has.
    heads = pc.utf8_slice_codeunits(copies["personal_id"], 3, 6)
    ids = pc.binary_join_element_wise("099", heads, serial, "")
    copies = _put(_put(copies, "personal_id", ids), "old_id_number", pa.nulls(more, pa.string()))
    if shared:
        copies = _put(copies, "full_name", pa.array([NAME] * more))
    return {**tables, "residents": pa.concat_tables([residents, copies])}


def _put(table: pa.Table, column: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = table.schema.get_field_index(column)
    return table.set_column(at, table.schema.field(at), values.cast(table.schema.field(at).type))


def measure(folder: Path, kind: str, tables: Mapping[str, pa.Table], heap: str) -> Measured:
    """Deliver the tables and run a night on them."""
    settings = load_settings().delivery
    for source, rows in tables.items():
        write_delivery(folder / "landing", source, DATE, rows, settings)
    config = folder / "bench.yaml"
    # What is asked here is what it costs, not whether such a country is to be believed.
    policy = ", ".join(f"{source}: {{critical: warn, warning: warn}}" for source in tables)
    spark = f'spark: {{master: "local[2]", driver_memory: {heap}}}\n'
    config.write_text(f"{spark}gate: {{policy: {{{policy}}}}}\n", encoding="utf-8")
    done = nights.night(folder, folder / "warehouse", "--config", str(config))
    blocking = DeltaTable(str(folder / "warehouse" / "match" / "blocking")).to_pyarrow_table()
    return Measured(kind, done, nights.last_run(folder / "warehouse"), pc.sum(blocking["keys_cut"]).as_py())


def lines(measured: list[Measured]) -> Iterator[str]:
    """One column a night; the last lines set the second against the first."""
    yield "| | " + " | ".join(one.kind for one in measured) + " |"
    yield "| --- |" + " ---: |" * len(measured)
    for stage in (stage["name"] for stage in measured[0].run["stages"]):
        seconds = (next(each["seconds"] for each in one.run["stages"] if each["name"] == stage) for one in measured)
        yield f"| {stage} | " + " | ".join(f"{each:.1f} s" for each in seconds) + " |"
    yield "| whole night, process | " + " | ".join(f"{one.night.seconds:.1f} s" for one in measured) + " |"
    ratios = (f"{one.night.seconds / measured[0].night.seconds:.2f} ×" for one in measured)
    yield "| of the night without | " + " | ".join(ratios) + " |"
    yield "| keys that too many share, reported | " + " | ".join(f"{one.keys_cut:,}" for one in measured) + " |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--shops", type=int, default=100_000)
    parser.add_argument("--names", type=int, default=200_000)
    parser.add_argument("--heap", default="6g")
    parser.add_argument("--keep", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
