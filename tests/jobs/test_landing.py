"""What a delivery must be before a row of it is read: folders, manifests, files (contract §1, "Refused whole")."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs import landing
from jobs.errors import UserError
from jobs.landing import Arrival, Format, Refused
from jobs.report.outcomes import in_words
from jobs.sources import SOURCES
from jobs.storage import Files
from tests.jobs.zone import Zone, day

SOURCE = SOURCES["residents"]
CONTENT = {"a.csv": (b"one", 1), "b.csv": (b"two", 2)}


@pytest.fixture
def files(spark: SparkSession) -> Files:
    return Files(spark)


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path / "landing")


def arrived(files: Files, zone: Zone, night: int = 2) -> list[Arrival]:
    return landing.arrivals(files, str(zone.root), SOURCE, day(night))[0]


def checked(files: Files, zone: Zone) -> landing.Manifest:
    """The one delivery of the zone, all the way."""
    (arrival,) = arrived(files, zone)
    manifest = landing.read_manifest(files, arrival)
    landing.verify(files, arrival, manifest)
    return manifest


def test_a_good_delivery(files: Files, zone: Zone) -> None:
    zone.files("residents", day(1), CONTENT)
    manifest = checked(files, zone)
    assert (manifest.mode, manifest.rows, manifest.format) == ("full", 3, Format.CSV)
    assert manifest.produced_at.isoformat() == "2026-11-01T20:00:00+07:00"


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "dân cư (1)+%20[x].csv"])
def test_every_format_and_any_name(files: Files, zone: Zone, name: str) -> None:
    zone.files("residents", day(1), {name: (b"x", 1)})
    assert f".{checked(files, zone).format}" in name


def test_produced_at_without_offset_is_vietnams(files: Files, zone: Zone) -> None:
    zone.files("residents", day(1), CONTENT, manifest={"produced_at": "2026-11-01T20:00:00"})
    assert checked(files, zone).produced_at.isoformat() == "2026-11-01T20:00:00+07:00"


def listed(**changes: object) -> dict[str, Any]:
    """A manifest whose only file is stated with these changes."""
    return {"files": [{"name": "a.csv", "rows": 1, "sha256": "0" * 64, **changes}]}


MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {
    "another source": ({"source": "taxpayers"}, "another source"),
    "another date": ({"business_date": "2026-11-02"}, "another business_date"),
    "another mode": ({"mode": "partial"}, "mode"),
    "no mode": ({"mode": None}, "mode"),
    "produced_at is no timestamp": ({"produced_at": "yesterday"}, "produced_at"),
    "no produced_at": ({"produced_at": None}, "produced_at"),
    "produced before all clocks": ({"produced_at": "0001-01-01T00:00:00"}, "produced_at lies outside"),
    "produced at the end of time": ({"produced_at": "9999-12-31T23:59:59+00:00"}, "produced_at lies outside"),
    "files is no list": ({"files": {}}, "files"),
    "a file is no object": ({"files": ["a.csv"]}, "file 1"),
    "a path upwards": (listed(name="../a.csv"), "outside the folder"),
    "a path downwards": (listed(name="sub/a.csv"), "outside the folder"),
    "an absolute path": (listed(name="/etc/a.csv"), "outside the folder"),
    "a path with backslashes": (listed(name="..\\a.csv"), "outside the folder"),
    "no name": (listed(name=None), "no plain name"),
    "a name with a colon": (listed(name="in_01:30.csv"), "no plain name"),
    "a name that is no text": (listed(name="\ud800.csv"), "no plain name"),
    "a hidden name": (listed(name="_a.csv"), "_a.csv"),
    "rows is no number": (listed(rows="1"), "rows of a.csv"),
    "rows is negative": (listed(rows=-1), "rows of a.csv"),
    "rows is a boolean": (listed(rows=True), "rows of a.csv"),
    "more rows than there are": (listed(rows=10**30), "rows of a.csv"),
    "sha256 is none": (listed(sha256="abc"), "sha256 of a.csv"),
    "a format outside the contract": (listed(name="a.xlsx"), "a.xlsx is in no format"),
    "a file twice": ({"files": listed()["files"] * 2}, "a.csv twice"),
    "a second format": (
        {"files": [*listed()["files"], *listed(name="b.parquet")["files"]]},
        "b.parquet is in a second",
    ),
    "zipped and plain": ({"files": [*listed()["files"], *listed(name="b.csv.gz")["files"]]}, "b.csv.gz is in a second"),
    "a missing file": (listed(name="c.csv"), "c.csv is missing"),
    "another sha256": (listed(), "a.csv has another sha256"),
}


@pytest.mark.parametrize(("manifest", "reason"), MANIFESTS.values(), ids=list(MANIFESTS))
def test_manifest_that_is_refused(files: Files, zone: Zone, manifest: dict[str, Any], reason: str) -> None:
    zone.files("residents", day(1), CONTENT, manifest=manifest)
    with pytest.raises(Refused, match=reason) as refusal:
        checked(files, zone)
    told = str(refusal.value)
    assert in_words(told) != told, "its owner reads Vietnamese"


def drop_manifest(folder: Path) -> None:
    (folder / "_manifest.json").unlink()


def write_manifest(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "_manifest.json").write_bytes(content)


def link_file(folder: Path) -> None:
    (folder / "a.csv").rename(folder.parent / "elsewhere.csv")
    os.symlink(folder.parent / "elsewhere.csv", folder / "a.csv")


def link_manifest(folder: Path) -> None:
    (folder / "_manifest.json").rename(folder.parent / "elsewhere.json")
    os.symlink(folder.parent / "elsewhere.json", folder / "_manifest.json")


def link_folder(folder: Path) -> None:
    elsewhere = folder.parent.parent / "elsewhere"
    folder.rename(elsewhere)
    os.symlink(elsewhere, folder)


def truncate_file(folder: Path) -> None:
    (folder / "b.csv").write_bytes(b"tw")


def folder_for_file(folder: Path) -> None:
    (folder / "a.csv").unlink()
    (folder / "a.csv").mkdir()


def stale_checksum(folder: Path) -> None:
    """Hadoop's own, left by a manifest that was here before: what is there now cannot be read."""
    (folder / "._manifest.json.crc").write_bytes(b"crc\x00\x00\x00\x02\x00\x00\x00\x00\x00")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (drop_manifest, "_manifest.json is missing"),
    "a manifest that cannot be read": (stale_checksum, "_manifest.json is missing or cannot be read"),
    "an empty manifest": (write_manifest(b""), "no JSON"),
    "a manifest that is no object": (write_manifest(b"[]"), "no JSON object"),
    "a manifest in another encoding": (write_manifest(b"\xff\xfe{"), "no JSON"),
    "a truncated file": (truncate_file, "b.csv has another sha256"),
    "a link to a file": (link_file, "a.csv is a link"),
    "a link to a manifest": (link_manifest, "_manifest.json or its folder is a link"),
    "a link to a folder": (link_folder, "_manifest.json or its folder is a link"),
    "a folder for a file": (folder_for_file, "a.csv is missing"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=list(DAMAGE))
def test_damaged_delivery_is_refused(files: Files, zone: Zone, damage: Callable[[Path], object], reason: str) -> None:
    damage(zone.files("residents", day(1), CONTENT))
    with pytest.raises(Refused, match=reason) as refusal:
        checked(files, zone)
    told = str(refusal.value)
    assert in_words(told) != told, "its owner reads Vietnamese"


def test_a_number_in_the_name_of_a_file_is_told_nobody(files: Files, zone: Zone) -> None:
    folder = zone.files("residents", day(1), {"079188001234 Lan.csv": (b"one", 1)})
    (folder / "079188001234 Lan.csv").unlink()
    with pytest.raises(Refused, match="^… Lan.csv is missing$"):
        checked(files, zone)


def test_manifest_with_byte_order_mark_and_upper_case_hash(files: Files, zone: Zone) -> None:
    path = zone.files("residents", day(1), CONTENT) / "_manifest.json"
    stated = json.loads(path.read_text())
    for each in stated["files"]:
        each["sha256"] = each["sha256"].upper()
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(stated).encode())
    assert checked(files, zone).rows == 3


def test_deliveries_after_the_night_are_left_alone(files: Files, zone: Zone) -> None:
    for number in (3, 1, 2):
        zone.files("residents", day(number), CONTENT)
    assert [each.delivery_date for each in arrived(files, zone, night=2)] == [day(1), day(2)]


def test_what_is_no_delivery_is_ignored_with_a_warning(files: Files, zone: Zone) -> None:
    folder = zone.files("residents", day(1), CONTENT)
    (folder / "notes.txt").write_text("x")
    for name in ("business_date=2026-02-30", "business_date=20261101", "Trần Mẫu 079 188 001 234\n01:30 ok"):
        (zone.root / "residents" / name).mkdir()
    found, warnings = landing.arrivals(files, str(zone.root), SOURCE, day(2))
    assert len(found) == 1 and len(warnings) == 3
    assert "residents: Trần Mẫu …?01:30 ok is no folder business_date=YYYY-MM-DD, ignored" in warnings
    (warning,) = landing.unlisted(found[0], landing.read_manifest(files, found[0]))
    assert warning == "residents of 2026-11-01: 1 not in the manifest, ignored"


def test_unknown_sources_are_named(files: Files, zone: Zone) -> None:
    for name in ("residents", "vehicles"):
        (zone.root / name).mkdir()
    (warning,) = landing.check(files, str(zone.root))
    assert "vehicles" in warning


@pytest.mark.parametrize("name", ["nowhere", "file", ""])
def test_a_landing_zone_that_is_none(files: Files, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=f"{name}: not there, or no folder"):
        landing.check(files, str(tmp_path / name) if name else "")


def test_nothing_is_there(files: Files, zone: Zone) -> None:
    assert landing.arrivals(files, str(zone.root), SOURCE, day(1)) == ([], [])


def test_what_goes_while_it_is_looked_at_is_refused(files: Files, zone: Zone) -> None:
    zone.files("residents", day(1), CONTENT)
    (arrival,) = arrived(files, zone)
    manifest = landing.read_manifest(files, arrival)
    (folder,) = (path for path in (zone.root / "residents").iterdir())
    (folder / "a.csv").unlink()
    with pytest.raises(Refused, match="is gone, or a file of it"):
        landing.verify(files, arrival, manifest)
    shutil.rmtree(folder)
    with pytest.raises(Refused, match="is gone"):
        landing.read_manifest(files, arrival)
