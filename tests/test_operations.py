"""What operators copy: units, the example settings, the handbook's commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.__main__ import app
from jobs.settings import load

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "operations"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", sorted(path.name for path in FOLDER.glob("ct18-*")))
def test_systemd_accepts_the_unit(unit: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(FOLDER / unit)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_example_settings_load_and_their_secret_is_no_secret(tmp_path: Path) -> None:
    settings = load(FOLDER / "settings.yaml")
    assert settings.gold.key_is_public
    own = tmp_path / "own.yaml"
    own.write_text("gold: {hash_key: 8d1f0c6e2b7a4953}\n", "utf-8")
    assert not load(own).gold.key_is_public
    assert settings.monitoring.metrics is not None


def test_a_night_that_cannot_begin_is_told_outside_too(tmp_path: Path) -> None:
    told, settings = tmp_path / "told", tmp_path / "settings.yaml"
    settings.write_text(f"monitoring: {{log: {told}}}\nspark: {{jars: {tmp_path}}}\n", "utf-8")
    places = ["--landing", str(tmp_path), "--warehouse", str(tmp_path / "warehouse"), "--config", str(settings)]
    command = [sys.executable, "-m", "jobs", "catch-up", *places, "--to", "2026-11-20"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "ct18: Delta's jars are not in the folder" in done.stderr
    (line,) = map(json.loads, told.read_text("utf-8").splitlines())
    assert (line["event"], line["business_date"]) == ("night refused", "2026-11-20")


@pytest.mark.parametrize("text", [ROOT / "docs" / "operations.md", *FOLDER.glob("ct18*")], ids=lambda path: path.name)
def test_every_command_that_operators_are_told_is_there(text: Path) -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    named = re.findall(r"(?:\bct18|\{CT18\}) ([a-z][a-z-]+) (?=--)", text.read_text("utf-8"))
    assert set(named) <= commands


def test_the_handbook_names_every_command_of_a_night() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for command in ("catch-up", "status", "doctor", "maintain", "decide", "decide-link", "explain", "replay", "report"):
        assert f"ct18 {command}" in text
