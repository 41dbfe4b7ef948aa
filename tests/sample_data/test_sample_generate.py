"""`write_country`: the same again for the same arguments, one clear line for wrong ones, and the committed country."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from country_files import DATE

from sample_data.deliver import sha256
from sample_data.faults import FAULTS
from sample_data.generate import SampleError, write_country
from sample_data.settings import Settings, load_settings
from sample_data.truth import REASONS

ONE_DAY = datetime.timedelta(days=1)
SMALL = Path(__file__).parents[2] / "sample_data" / "small"


def contents(out: Path) -> dict[str, object]:
    """What every file says, whatever the compression library of the machine makes of it."""
    return {str(file.relative_to(out)): content(file) for file in sorted(out.rglob("*")) if file.is_file()}


def content(file: Path) -> object:
    if file.suffix == ".parquet":
        return pyarrow.parquet.read_table(file)
    if file.suffix == ".gz":
        return gzip.decompress(file.read_bytes())
    if file.name == "_manifest.json":
        return [(part["name"], part["rows"]) for part in json.loads(file.read_text())["files"]]
    return file.read_bytes()


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    checksums = []
    for name in ("one", "other"):
        write_country(tmp_path / name, 1_000, seed=3, business_date=DATE)
        files = sorted(file for file in (tmp_path / name).rglob("*") if file.is_file())
        checksums.append([(str(file.relative_to(tmp_path / name)), sha256(file)) for file in files])
    assert checksums[0] == checksums[1]


def test_one_knob_leaves_the_other_fields_alone(tmp_path: Path) -> None:
    rules = load_settings()
    masked = rules.sellers.declared_id.model_copy(update={"masked": 0.4})
    sellers = rules.sellers.model_copy(update={"declared_id": masked})
    for name, settings in (("usual", rules), ("masked", rules.model_copy(update={"sellers": sellers}))):
        write_country(tmp_path / name, 1_000, seed=3, business_date=DATE, settings=settings)
    usual, changed = contents(tmp_path / "usual"), contents(tmp_path / "masked")
    moved = {path.split("/")[1] for path in usual if usual[path] != changed[path]}
    assert moved <= {"sellers", "flags.parquet"}
    before, after = (pyarrow.parquet.read_table(next((tmp_path / n).rglob("sellers-*"))) for n in ("usual", "masked"))
    assert [name for name in before.column_names if before[name] != after[name]] == ["id_number"]


def test_a_fault_is_a_second_night_with_one_bad_delivery(tmp_path: Path) -> None:
    write_country(tmp_path / "out", 1_000, seed=3, business_date=DATE, fault=FAULTS["sellers-twice"])
    write_country(tmp_path / "usual", 1_000, seed=3, business_date=DATE)
    first = contents(tmp_path / "out")
    second = {path: first.pop(path) for path in list(first) if f"business_date={DATE + ONE_DAY}" in path}
    assert first == contents(tmp_path / "usual")
    assert len(second) == 2 * 8
    rows = {path.split("/")[1]: table.num_rows for path, table in second.items() if isinstance(table, pyarrow.Table)}
    usual = pyarrow.parquet.read_table(next((tmp_path / "usual").rglob("sellers-*"))).num_rows
    assert rows.pop("sellers") == pytest.approx(1.2 * usual, abs=5)
    assert set(rows.values()) == {0}


def test_both_tax_years_are_judged_through_march(tmp_path: Path) -> None:
    write_country(tmp_path / "out", 1_000, seed=3, business_date=datetime.date(2026, 3, 31))
    flags = pyarrow.parquet.read_table(tmp_path / "out" / "truth" / "flags.parquet")
    assert set(flags["tax_year"].to_pylist()) == {2025, 2026}


@pytest.mark.parametrize(
    ("residents", "seed", "date", "message"),
    [
        (999, 1, DATE, "residents: between 1,000 and"),
        (1_000, -1, DATE, "seed: 0 or more"),
        (1_000, 1, datetime.date(2019, 1, 1), "business date: between"),
    ],
)
def test_wrong_arguments_are_named_in_one_line(
    tmp_path: Path, residents: int, seed: int, date: datetime.date, message: str
) -> None:
    with pytest.raises(SampleError, match=message) as error:
        write_country(tmp_path / "out", residents, seed, date)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SampleError, match="not an empty folder"):
        write_country(tmp_path, 1_000, 1, DATE)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="surprise"):
        Settings.model_validate(load_settings().model_dump() | {"surprise": 1})


def test_files_of_the_committed_country_have_the_checksums_of_their_manifests() -> None:
    manifests = sorted(SMALL.rglob("_manifest.json"))
    assert len(manifests) == 8
    for manifest in manifests:
        for file in json.loads(manifest.read_text())["files"]:
            assert sha256(manifest.parent / file["name"]) == file["sha256"]


def test_every_reason_occurs_in_the_committed_country() -> None:
    flags = pyarrow.parquet.read_table(SMALL / "truth" / "flags.parquet")
    assert set(flags["reason"].to_pylist()) == set(REASONS)


def test_the_committed_country_is_what_the_generator_writes(tmp_path: Path) -> None:
    write_country(tmp_path / "small", 5_000, seed=18, business_date=DATE)
    assert contents(tmp_path / "small") == contents(SMALL)
