"""A sample country and a night on it, each in a process of its own, as an operator would run them."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

DATE = "2026-11-15"
_PAGE = 4096
_POLL_SECONDS = 0.5
FINISHED = (0, 3)


@dataclass(frozen=True)
class Finished:
    """A command that ran: seconds, and the most memory that its processes held at once."""

    seconds: float
    peak_rss_bytes: int


def sample(folder: Path, residents: int, seed: int) -> Finished:
    """Write a country to `folder/landing` and its truth to `folder/truth`."""
    wanted = ("--residents", str(residents), "--seed", str(seed), "--business-date", DATE)
    return ct18("sample", "--out", str(folder), *wanted)


def night(folder: Path, warehouse: Path, *more: str, date: str = DATE) -> Finished:
    """Run a night on a country."""
    where = ("--landing", str(folder / "landing"), "--warehouse", str(warehouse))
    return ct18("nightly", *where, "--business-date", date, *more)


def ct18(*arguments: str) -> Finished:
    """Run a command of ct18 and watch its memory.

    Raises:
        SystemExit: it did not finish.
    """
    started, peak = time.monotonic(), 0
    with subprocess.Popen([sys.executable, "-m", "jobs", *arguments], start_new_session=True) as process:
        while process.poll() is None:
            peak = max(peak, _session_rss(process.pid))
            time.sleep(_POLL_SECONDS)
    if process.returncode not in FINISHED:
        raise SystemExit(f"ct18 {arguments[0]} ended with exit code {process.returncode}")
    return Finished(time.monotonic() - started, peak)


def last_run(warehouse: Path) -> dict[str, object]:
    """The newest finished row of ops/runs."""
    rows = DeltaTable(str(warehouse / "ops" / "runs")).to_pyarrow_table().to_pylist()
    return max((row for row in rows if row["status"] in ("succeeded", "degraded")), key=lambda row: row["ended_at"])


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def gib(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 2**30:.1f} GiB"


def _session_rss(session: int) -> int:
    """Resident memory of all processes of a session, Python's and the JVM's (Linux only; 0 elsewhere)."""
    return sum(_rss(folder) for folder in Path("/proc").glob("[0-9]*") if _session_of(folder) == session)


def _session_of(process: Path) -> int | None:
    try:
        # pid (name) state ppid pgrp session …; the name may hold blanks and parentheses
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except (OSError, ValueError, IndexError):  # it ended meanwhile
        return None


def _rss(process: Path) -> int:
    try:
        return int((process / "statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
