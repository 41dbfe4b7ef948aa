"""One run at a time: a file in the warehouse names the process that is writing to it."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.errors import UserError
from jobs.storage import Files

LOCK = "ops/_running.json"

_PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """Who holds the lock.

    Attributes:
        host: name of its machine.
        process: number of its process there.
        began: when the process began, as its machine counts; empty where that does not say. Numbers are used again.
        since: when it took the lock, ISO 8601.
        work: what it does, e.g. `the night 2026-11-20`.
        place: machine and namespace in which its number means something: containers and copies of a machine may have
            one name. Empty where a system tells neither.
    """

    host: str
    process: int
    began: str
    since: str
    work: str
    place: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether the process is known to have ended: that of another machine never is."""
        if (self.host, self.place) != (socket.gethostname(), _place()):
            return False
        return not _lives(self.process) or self.began != _began(self.process)


@contextmanager
def only_run(files: Files, root: str, work: str) -> Iterator[None]:
    """Hold the lock of the warehouse `root` for what runs inside; one that a dead process left is taken over.

    Args:
        files: the file system.
        root: the warehouse.
        work: what is done inside, for who comes second.

    Raises:
        UserError: another run holds it, or nothing can be written to the warehouse.
    """
    path = _path(root)
    since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    mine = Owner(socket.gethostname(), os.getpid(), _began(os.getpid()), since, work, _place())
    content = json.dumps(asdict(mine)).encode()
    try:
        if not files.create(path, content):
            _clear_dead(files, path)
            if not files.create(path, content):
                raise UserError(_refusal(files, path))
    except OSError:
        raise UserError(f"warehouse {root}: cannot be written to; look at its owner, permissions and disk") from None
    try:
        yield
    finally:
        if _read(files, path) == mine:
            files.delete(path)


def is_held(files: Files, root: str) -> bool:
    """Whether a run may be at work: the lock is there, and not of a process that is known to have ended."""
    path = _path(root)
    owner = _read(files, path)
    return files.exists(path) and not (owner is not None and owner.is_dead)


def _path(root: str) -> str:
    return f"{root.rstrip('/')}/{LOCK}"


def _clear_dead(files: Files, path: str) -> None:
    owner = _read(files, path)
    if owner is not None and owner.is_dead:
        files.delete(path)


def _refusal(files: Files, path: str) -> str:
    owner = _read(files, path)
    if owner is None:
        return f"another run is at work; if none is, delete {path}"
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(owner.since)
    who = f"process {owner.process} on {owner.host}"
    running = f"{owner.work} has been running for {age.total_seconds() / 60:.0f} minutes ({who})"
    return f"{running}; two runs at once would spoil each other; if that process is gone, delete {path}"


def _read(files: Files, path: str) -> Owner | None:
    """Who holds the lock, None where nobody does or the file is being written."""
    try:
        return Owner(**json.loads(files.read_bytes(path)))
    except (OSError, ValueError, TypeError):
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _place() -> str:
    """Identity of the machine and of its space of process numbers (Linux); empty elsewhere."""
    try:
        return f"{Path('/etc/machine-id').read_text().strip()} {os.stat(_PROCESSES / 'self/ns/pid').st_ino}"
    except OSError:
        return ""


def _began(process: int) -> str:
    """Boot of the machine and clock tick at which a process began (Linux); empty elsewhere."""
    try:
        # pid (name) state ppid … starttime; the name may hold blanks and parentheses
        ticks = (_PROCESSES / str(process) / "stat").read_text().rpartition(")")[2].split()[19]
        return f"{(_PROCESSES / 'sys/kernel/random/boot_id').read_text().strip()} {ticks}"
    except (OSError, IndexError):
        return ""
