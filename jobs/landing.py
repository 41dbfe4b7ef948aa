"""The landing zone: which deliveries lie there, what their manifests say, and whether the files bear it out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from jobs.errors import UserError
from jobs.sources import SOURCES, Source
from jobs.storage import Entry, Files

MANIFEST = "_manifest.json"
VIETNAM = dt.timezone(dt.timedelta(hours=7))

# Years of a moment at which something can have been produced: clocks that were never set tell of others, which no
# table of timestamps holds.
YEARS = range(2000, 2101)
# Rows of a file, at most: more than any country's.
_MOST_ROWS = 10**12

# Files hashed at the same time: enough to keep disks busy, few enough for any name node.
_HASHERS = 4


class Format(StrEnum):
    """The formats of the contract; the value is the end of a file's name."""

    PARQUET = "parquet"
    CSV = "csv"
    CSV_GZ = "csv.gz"
    JSONL = "jsonl"
    JSONL_GZ = "jsonl.gz"


class Refused(Exception):  # noqa: N818 - it names what happens to the delivery
    """A delivery is refused whole; the text is the reason, in one line that names the file and quotes no value."""

    def __init__(self, reason: str) -> None:
        # Names of files are whatever somebody gave them.
        super().__init__(_shown(reason))


@dataclass(frozen=True, order=True)
class DeliveryKey:
    """What tells deliveries apart; a delivery without a manifest has an empty hash."""

    source: str
    delivery_date: dt.date
    manifest_sha256: str

    @property
    def title(self) -> str:
        """How a line for people calls it."""
        return f"{self.source} of {self.delivery_date}"


@dataclass(frozen=True)
class ListedFile:
    """A file as the manifest states it."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a delivery says of itself. `format` is None where it lists no file."""

    mode: Literal["full", "delta"]
    produced_at: dt.datetime
    files: tuple[ListedFile, ...]
    format: Format | None

    @property
    def rows(self) -> int:
        """Records of all files, unreadable ones included."""
        return sum(each.rows for each in self.files)


@dataclass(frozen=True)
class Arrival:
    """The folder of one delivery as it lies in the landing zone."""

    source: Source
    delivery_date: dt.date
    folder: str
    entries: tuple[Entry, ...]
    manifest_bytes: bytes | None

    @cached_property
    def manifest_sha256(self) -> str:
        """Identity of the delivery: the hash of its manifest, empty where it has none."""
        return "" if self.manifest_bytes is None else hashlib.sha256(self.manifest_bytes).hexdigest()

    @property
    def key(self) -> DeliveryKey:
        """What tells it apart."""
        return DeliveryKey(self.source.name, self.delivery_date, self.manifest_sha256)

    def path(self, name: str) -> str:
        """Where a file of the delivery lies."""
        return f"{self.folder}/{name}"


def check(files: Files, landing: str) -> list[str]:
    """Warnings about what lies in the landing zone and is no source.

    Raises:
        UserError: the landing zone is not there, or cannot be read.
    """
    try:
        if not landing.strip() or not files.is_folder(landing):
            raise UserError(f"landing folder {landing}: not there, or no folder")
        unknown = [entry.name for entry in files.entries(landing) if entry.name not in SOURCES]
    except OSError as error:
        raise UserError(f"landing folder {landing}: cannot be read ({error})") from None
    return [f"landing zone: {_shown(name)} is no source of the contract, ignored" for name in unknown]


def arrivals(files: Files, landing: str, source: Source, business_date: dt.date) -> tuple[list[Arrival], list[str]]:
    """Deliveries of a source dated up to the night, by date, and warnings about other names in its folder."""
    found, warnings = [], []
    try:
        entries = files.entries(f"{landing.rstrip('/')}/{source.name}")
    except OSError as error:
        return [], [f"{source.name}: its folder cannot be read ({error})"]
    for entry in entries:
        date = _folder_date(entry)
        if date is None:
            warnings.append(f"{source.name}: {_shown(entry.name)} is no folder business_date=YYYY-MM-DD, ignored")
        elif date <= business_date:
            found.append(_arrival(files, source, date, entry))
    return found, warnings


def _shown(name: str) -> str:
    """A name that somebody gave a file, for a line of a log: without what may be a person's number, in one line."""
    return re.sub(r"\d(?:[ ._-]?\d){8,}", "…", "".join(each if each.isprintable() else "?" for each in name))


def folders(files: Files, landing: str) -> list[tuple[dt.date, str]]:
    """Date and path of every delivery of any source, the oldest first; none of a source that cannot be read."""
    found: list[Entry] = []
    for name in SOURCES:
        with suppress(OSError):
            found += files.entries(f"{landing.rstrip('/')}/{name}")
    dated = [(_folder_date(entry), entry.path) for entry in found]
    return sorted((date, path) for date, path in dated if date is not None)


def unlisted(arrival: Arrival, manifest: Manifest) -> list[str]:
    """A warning where files lie in the folder that the manifest does not list."""
    listed = {MANIFEST, *(each.name for each in manifest.files)}
    names = [entry.name for entry in arrival.entries if entry.name not in listed]
    if not names:
        return []
    return [f"{arrival.key.title}: {len(names)} not in the manifest, ignored"]


def read_manifest(files: Files, arrival: Arrival) -> Manifest:
    """The manifest of a delivery, if it is one and belongs to its folder.

    Raises:
        Refused: it is missing, malformed or a link, names another source, date or mode, or files by no plain names.
    """
    if arrival.manifest_bytes is None:
        raise Refused(f"{MANIFEST} is missing or cannot be read")
    if _is_link(files, arrival.folder) or _is_link(files, arrival.path(MANIFEST)):
        raise Refused(f"{MANIFEST} or its folder is a link")
    content = _json_object(arrival.manifest_bytes)
    _require(content.get("source") == arrival.source.name, f"{MANIFEST} names another source")
    _require(
        content.get("business_date") == arrival.delivery_date.isoformat(), f"{MANIFEST} names another business_date"
    )
    mode = content.get("mode")
    if mode != "full" and mode != "delta":
        raise Refused(f"{MANIFEST}: mode is neither full nor delta")
    listed = _listed_files(content.get("files"))
    return Manifest(mode, _produced_at(content.get("produced_at")), listed, _format(listed))


def verify(files: Files, arrival: Arrival, manifest: Manifest) -> None:
    """Hold the files against the manifest: there, no links, the same bytes.

    Raises:
        Refused: with the first file (in the manifest's order) that fails.
    """
    plain = {entry.name for entry in arrival.entries if not entry.is_folder}
    for each in manifest.files:
        _require(each.name in plain, f"{each.name} is missing")
        _require(not _is_link(files, arrival.path(each.name)), f"{each.name} is a link")
    with ThreadPoolExecutor(_HASHERS) as pool:
        problems = pool.map(lambda each: _content_problem(files, arrival, each), manifest.files)
        for problem in problems:
            _require(problem is None, problem or "")


def _is_link(files: Files, path: str) -> bool:
    try:
        return files.is_link(path)
    except OSError:
        raise Refused(
            "the delivery is gone, or a file of it, that was there when the landing zone was listed"
        ) from None


def _folder_date(entry: Entry) -> dt.date | None:
    match = re.fullmatch(r"business_date=(\d{4}-\d{2}-\d{2})", entry.name)
    if match is None or not entry.is_folder:
        return None
    try:
        return dt.date.fromisoformat(match[1])
    except ValueError:
        return None


def _arrival(files: Files, source: Source, date: dt.date, entry: Entry) -> Arrival:
    entries, content = tuple[Entry, ...](), None
    # What cannot be read is refused like what is not there.
    with suppress(OSError):
        entries = tuple(files.entries(entry.path))
        if any(each.name == MANIFEST and not each.is_folder for each in entries):
            content = files.read_bytes(f"{entry.path}/{MANIFEST}")
    return Arrival(source, date, entry.path, entries, content)


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise Refused(reason)


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Refused(f"{MANIFEST} is no JSON") from None
    if not isinstance(parsed, dict):
        raise Refused(f"{MANIFEST} is no JSON object")
    return parsed


def _produced_at(value: object) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise Refused(f"{MANIFEST}: produced_at is no ISO 8601 timestamp")
    _require(moment.year in YEARS, f"{MANIFEST}: produced_at lies outside the years {YEARS[0]} to {YEARS[-1]}")
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def _listed_files(value: object) -> tuple[ListedFile, ...]:
    if not isinstance(value, list):
        raise Refused(f"{MANIFEST}: files is no list")
    listed = tuple(_listed_file(number, item) for number, item in enumerate(value, 1))
    names = [each.name for each in listed]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    _require(twice is None, f"{MANIFEST} lists {twice} twice")
    return listed


def _listed_file(number: int, item: object) -> ListedFile:
    where = f"{MANIFEST}: file {number}"
    if not isinstance(item, dict):
        raise Refused(f"{where} is no object")
    name, rows, digest = item.get("name"), item.get("rows"), item.get("sha256")
    if not isinstance(name, str) or not _is_plain(name):
        raise Refused(f"{where} lies outside the folder or has no plain name")
    if type(rows) is not int or not 0 <= rows <= _MOST_ROWS:
        raise Refused(f"{MANIFEST}: rows of {name} is no count")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise Refused(f"{MANIFEST}: sha256 of {name} is none")
    return ListedFile(name, rows, digest.lower())


def _is_plain(name: str) -> bool:
    # Hadoop takes what stands before a colon for a scheme; a lone surrogate is no text.
    return name not in ("", ".", "..") and not re.search(r"[/\\:\x00-\x1f\ud800-\udfff]", name)


def _format(listed: Iterable[ListedFile]) -> Format | None:
    """The one format of the files.

    Names that begin with `_` or `.` are hidden to Hadoop and could not be read back.
    """
    found: Format | None = None
    for each in listed:
        _require(
            not each.name.startswith(("_", ".")), f"{each.name}: the name begins with '_' or '.', which hides the file"
        )
        kind = next((kind for kind in Format if each.name.endswith(f".{kind}")), None)
        if kind is None:
            raise Refused(f"{each.name} is in no format of the contract")
        _require(found in (None, kind), f"{each.name} is in a second format")
        found = kind
    return found


def _content_problem(files: Files, arrival: Arrival, listed: ListedFile) -> str | None:
    try:
        same = files.sha256(arrival.path(listed.name)) == listed.sha256
    except OSError:
        return f"{listed.name} cannot be read"
    return None if same else f"{listed.name} has another sha256 than the manifest says"
