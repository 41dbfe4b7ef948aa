"""A command run in a process of its own: how long it takes, and the memory that it and its children hold."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_POLL_SECONDS = 0.2
_SAID = 20  # lines of a failed command that are shown


@dataclass(frozen=True)
class Finished:
    """A command that ended by itself: seconds, and the most resident memory that its processes held at once."""

    seconds: float
    peak_rss_bytes: int


def watched(command: Sequence[str | Path], log: Path, cut_off: float) -> Finished | None:
    """Run a command, its output to a log; None when it was stopped after `cut_off` seconds.

    Raises:
        SystemExit: it failed.
    """
    started, peak = time.monotonic(), 0
    with (
        log.open("wb") as output,
        subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, start_new_session=True) as process,
    ):
        while process.poll() is None:
            peak = max(peak, sum(map(_rss, _session(process.pid))))
            if time.monotonic() - started > cut_off:
                _end(process.pid)
                return None
            time.sleep(_POLL_SECONDS)
    if process.returncode:
        said = log.read_text(errors="replace").splitlines()[-_SAID:]
        raise SystemExit("\n".join([*said, f"{command[0]} ended with exit code {process.returncode}"]))
    return Finished(time.monotonic() - started, peak)


def _end(session: int) -> None:
    for process in _session(session):
        try:
            os.kill(int(process.name), signal.SIGKILL)
        except ProcessLookupError:
            continue


def _session(session: int) -> list[Path]:
    """Processes of a session in /proc: those of Python, of the JVM and of its Python workers (Linux only)."""
    return [process for process in Path("/proc").glob("[0-9]*") if _session_of(process) == session]


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
