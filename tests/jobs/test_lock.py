"""Two runs at once: one works, the other ends with one line; a dead one stands in nobody's way."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import lock
from jobs.errors import UserError
from jobs.lock import LOCK, Owner, only_run
from jobs.storage import Files

WORK = "the night 2026-11-15"


@pytest.fixture
def files(spark: SparkSession) -> Files:
    return Files(spark)


def held(root: Path) -> Owner:
    return Owner(**json.loads((root / LOCK).read_text()))


def write(root: Path, owner: Owner) -> None:
    (root / LOCK).parent.mkdir(parents=True)
    (root / LOCK).write_text(json.dumps(asdict(owner)))


@pytest.fixture
def living(files: Files, tmp_path: Path) -> Owner:
    """The lock of this very process."""
    with only_run(files, str(tmp_path / "elsewhere"), WORK):
        return held(tmp_path / "elsewhere")


def test_while_a_run_works_no_other_begins(files: Files, tmp_path: Path) -> None:
    with only_run(files, str(tmp_path), WORK):
        before = held(tmp_path)
        told = f"{WORK} has been running for 0 minutes .process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(UserError, match=told), only_run(files, str(tmp_path), WORK):
            raise AssertionError("two runs at once")
        assert held(tmp_path) == before
    with only_run(files, str(tmp_path), WORK):
        pass
    assert list((tmp_path / "ops").iterdir()) == []


def test_a_run_that_fails_lets_go(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="failed"), only_run(files, str(tmp_path), WORK):
        raise ValueError("failed")
    assert not (tmp_path / LOCK).exists()


def test_a_dead_process_stands_in_nobodys_way(files: Files, tmp_path: Path, living: Owner) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    write(tmp_path, replace(living, process=ended.pid))
    with only_run(files, str(tmp_path), WORK):
        assert held(tmp_path).process == os.getpid()


@pytest.mark.skipif(not lock._began(os.getpid()), reason="this system does not say when a process began")
def test_a_process_of_the_same_number_is_another(files: Files, tmp_path: Path, living: Owner) -> None:
    write(tmp_path, replace(living, began="before the machine was started anew 17"))
    with only_run(files, str(tmp_path), WORK):
        assert held(tmp_path) == replace(living, since=held(tmp_path).since)


def test_of_another_machine_nothing_is_known(files: Files, tmp_path: Path, living: Owner) -> None:
    write(tmp_path, replace(living, host="another-machine", process=1))
    with (
        pytest.raises(UserError, match="on another-machine.*delete .*_running.json"),
        only_run(files, str(tmp_path), WORK),
    ):
        raise AssertionError("it may be at work")
    assert held(tmp_path).host == "another-machine"


def test_of_another_space_of_process_numbers_nothing_is_known(files: Files, tmp_path: Path, living: Owner) -> None:
    write(tmp_path, replace(living, place="a container of the same name", process=1))
    with pytest.raises(UserError, match="delete .*_running.json"), only_run(files, str(tmp_path), WORK):
        raise AssertionError("it may be at work")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"host": 1'])
def test_a_lock_that_cannot_be_read_is_respected(files: Files, tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK).parent.mkdir()
    (tmp_path / LOCK).write_text(content)
    with (
        pytest.raises(UserError, match="another run is at work; if none is, delete"),
        only_run(files, str(tmp_path), WORK),
    ):
        raise AssertionError("it may be at work")


def test_where_nothing_can_be_written_one_line_says_so(files: Files, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    root = str(tmp_path / "taken")
    with pytest.raises(UserError, match=f"^warehouse {root}: cannot be written to"), only_run(files, root, WORK):
        raise AssertionError
