"""Ways in which a delivery on disk goes wrong: each changes the folder of a good one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sample_data.deliver import MANIFEST, sha256

Tamper = Callable[[Path], None]


def untouched(folder: Path) -> None:
    """The delivery as it is."""


def no_manifest(folder: Path) -> None:
    """The manifest is missing."""
    (folder / MANIFEST).unlink()


def stated(**values: object) -> Tamper:
    """The manifest says other things of the delivery."""
    return lambda folder: _rewrite(folder, lambda manifest: manifest.update(values))


def listed(**values: object) -> Tamper:
    """The manifest says other things of its first file."""
    return lambda folder: _rewrite(folder, lambda manifest: manifest["files"][0].update(values))


def no_file(folder: Path) -> None:
    """A file that the manifest lists is missing."""
    _first(folder).unlink()


def linked(folder: Path) -> None:
    """A file is a link to another place."""
    file = _first(folder)
    elsewhere = file.rename(folder.parent / file.name)
    file.symlink_to(elsewhere.resolve())


def second_format(folder: Path) -> None:
    """A further file is in another format than the first."""
    (folder / "more.jsonl").write_bytes(b"")
    more = {"name": "more.jsonl", "rows": 0, "sha256": sha256(folder / "more.jsonl")}
    _rewrite(folder, lambda manifest: manifest["files"].append(more))


def garbled(change: Callable[[bytes], bytes], *, told: bool) -> Tamper:
    """Other bytes in the first file; `told`: the manifest has their checksum, so only reading them shows it."""

    def tamper(folder: Path) -> None:
        """Change the file, and the manifest where it is told."""
        file = _first(folder)
        file.write_bytes(change(file.read_bytes()))
        if told:
            listed(sha256=sha256(file))(folder)

    return tamper


def on_lines(change: Callable[[bytes], bytes], every: int) -> Callable[[bytes], bytes]:
    """Every n-th line of a text file changed, not the first, which names the columns."""

    def changed(content: bytes) -> bytes:
        """The text with those lines changed."""
        lines = content.split(b"\n")
        return b"\n".join(
            change(line) if number % every == 1 and number > 1 and line else line for number, line in enumerate(lines)
        )

    return changed


def _first(folder: Path) -> Path:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return folder / str(manifest["files"][0]["name"])


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    file = folder / MANIFEST
    manifest = json.loads(file.read_text(encoding="utf-8"))
    change(manifest)
    file.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
