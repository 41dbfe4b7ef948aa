"""A night that is killed, wherever it stands, costs time and nothing else.

Python and the JVM are killed together, with no last word (SIGKILL), at chosen points and at random moments, one night
after another in the same warehouse; then a night runs to its end. Its tables are those of a night that nobody
disturbed, and until then readers see the night before. `CT18_KILLS=100` draws so many random moments instead of ten.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from deltalake import DeltaTable

from jobs.ledger import FINISHED
from jobs.lock import LOCK
from sample_data import generate
from tests.bench.changing import deliver_changes

pytestmark = pytest.mark.slow

RANDOM_KILLS = int(os.environ.get("CT18_KILLS", "10"))
# Nights that are killed in one warehouse before one may end.
IN_A_ROW = 8
RESIDENTS, SEED = 1_000, 7
FIRST = dt.date(2026, 11, 19)
NIGHT = FIRST + dt.timedelta(days=1)
POLL_SECONDS = 0.002
RUNS = "ops/runs"

# Tables after whose commit a night is killed, and tables while whose files it is writing, in the order of a night.
COMMITTED = (
    *(f"bronze/{name}" for name in ("residents", "declarations", "telecom_subscribers", "seller_sales")),
    *(f"silver/{name}" for name in ("residents", "taxpayers", "bank_inflows", "sellers", "seller_sales")),
    *("ops/deliveries", "gold/quality_scorecard", "gold/quality_findings", "gold/broken_rules"),
    *("gold/quality_profiles", "match/holder_links", "match/seller_links", "match/nearest_candidates"),
    *("match/blocking", "match/memory", "gold/flagged_sellers", "gold/seller_parties", "gold/corrections", RUNS),
)
WRITING = (
    *("bronze/taxpayers", "bronze/sellers", "silver/residents", "silver/bank_accounts", "silver/telecom_subscribers"),
    *("ops/deliveries", "gold/broken_rules", "match/seller_links", "gold/flagged_sellers", "gold/corrections", RUNS),
)
# What a match lays down for the next, while it does so.
LAID_DOWN = ("subjects", "account_asked", "shop")

State = Mapping[str, Counter[str]]


@dataclass(frozen=True)
class Moment:
    """When a night is killed.

    Attributes:
        name: what people read.
        watch: from when on it is called, tells of a warehouse whether it is time.
        from_start: it is called as the process begins, else when the night has taken back what the one before it, which
            was killed, had left: only this night's own writes count.
    """

    name: str
    watch: Callable[[Path], Callable[[], bool]]
    from_start: bool = False


def commits(table: Path) -> int:
    log = table / "_delta_log"
    return sum(name.endswith(".json") for name in os.listdir(log)) if log.exists() else 0


def files(table: Path) -> int:
    return sum(name.endswith(".parquet") for _, _, names in os.walk(table) for name in names)


def committed(table: str) -> Moment:
    def watch(warehouse: Path) -> Callable[[], bool]:
        known = commits(warehouse / table)
        return lambda: commits(warehouse / table) > known

    return Moment(f"{table} committed", watch)


def written(table: str) -> Moment:
    """A file of the table is there, its commit most likely not yet."""

    def watch(warehouse: Path) -> Callable[[], bool]:
        known = files(warehouse / table)
        return lambda: files(warehouse / table) > known

    return Moment(f"{table} half written", watch)


def laid_down(frame: str) -> Moment:
    """A file of a frame is there which the next match would take over, the match not over yet."""

    def newest(warehouse: Path) -> int:
        times = [0]
        for file in (warehouse / "_memory").glob(f"*/{frame}/*.parquet"):
            with suppress(OSError):  # what a killed night left is cleared away
                times.append(file.stat().st_mtime_ns)
        return max(times)

    def watch(warehouse: Path) -> Callable[[], bool]:
        known = newest(warehouse)
        return lambda: newest(warehouse) > known

    return Moment(f"_memory/{frame} laid down", watch)


def after(seconds: float) -> Moment:
    def watch(warehouse: Path) -> Callable[[], bool]:
        until = time.monotonic() + seconds
        return lambda: time.monotonic() >= until

    return Moment(f"after {seconds:.1f} s", watch, from_start=True)


LOCKED = Moment("begun", lambda warehouse: (warehouse / LOCK).exists, from_start=True)
CHOSEN = (LOCKED, *map(committed, COMMITTED), *map(written, WRITING), *map(laid_down, LAID_DOWN))


@dataclass(frozen=True)
class Undisturbed:
    """A country with two nights: the landing zone, the warehouse after the first, and what the second comes to."""

    landing: Path
    warehouse: Path
    before: State
    after: State
    seconds: float


def command(landing: Path, warehouse: Path, date: dt.date) -> list[str]:
    config = landing.parent / "follow.yaml"
    # The match of so few rows would follow no changes, and lay nothing down for the next.
    config.write_text("match:\n  follow_from_rows: 0\n", encoding="utf-8")
    where = ["--landing", str(landing), "--warehouse", str(warehouse), "--business-date", str(date)]
    where += ["--config", str(config)]
    return [sys.executable, "-m", "jobs", "nightly", *where]


def night(landing: Path, warehouse: Path, date: dt.date) -> None:
    done = subprocess.run(command(landing, warehouse, date), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def running(landing: Path, warehouse: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The second night in a session of its own; what it says goes to the log."""
    with (
        log.open("w+b") as said,
        subprocess.Popen(command(landing, warehouse, NIGHT), stdout=said, stderr=said, start_new_session=True) as run,
    ):
        yield run


def has_begun(log: Path) -> bool:
    """Whether the night has taken back what the one before it, which was killed, had left."""
    return f" night {NIGHT}" in log.read_text(encoding="utf-8")


def waits(run: subprocess.Popen[bytes]) -> bool:
    """Let a moment pass; whether the process is still at work."""
    with suppress(subprocess.TimeoutExpired):
        run.wait(POLL_SECONDS)
    return run.poll() is None


def kill(landing: Path, warehouse: Path, moment: Moment, log: Path) -> None:
    """Begin the second night and kill it at a moment, or at the latest when it has ended."""
    with running(landing, warehouse, log) as run:
        due = moment.watch(warehouse) if moment.from_start else None
        while waits(run) and not (due is not None and due()):
            if due is None and has_begun(log):
                due = moment.watch(warehouse)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(run.pid, signal.SIGKILL)


def let_nothing_grow(session: int, most: int) -> None:
    """From now on the processes of a session cannot write more than so many bytes into a file."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, PermissionError):
            if os.getsid(int(folder.name)) == session:
                resource.prlimit(int(folder.name), resource.RLIMIT_FSIZE, (most, most))


def last_finished(warehouse: Path) -> dict[str, object]:
    rows = DeltaTable(str(warehouse / RUNS)).to_pyarrow_table().to_pylist()
    return max((row for row in rows if row["status"] in FINISHED), key=lambda row: row["ended_at"])


def state(warehouse: Path) -> State:
    """Rows of every table in the versions of the last finished run: what a reader sees."""
    versions = dict(last_finished(warehouse)["versions"]["tables"])  # type: ignore[index]
    return {table: rows(warehouse / table, version) for table, version in versions.items()}


def rows(table: Path, version: int) -> Counter[str]:
    found = DeltaTable(str(table), version=version).to_pyarrow_table().to_pylist()
    return Counter(json.dumps(row, sort_keys=True, default=str) for row in found)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("killed") / "country"
    wanted = ["--out", str(folder), "--residents", str(RESIDENTS), "--seed", str(SEED), "--business-date", str(FIRST)]
    subprocess.run([sys.executable, "-m", "jobs", "sample", *wanted], check=True, capture_output=True)
    landing, warehouse, other = folder / "landing", folder / "warehouse", folder / "undisturbed"
    night(landing, warehouse, FIRST)
    deliver_changes(landing, generate.draw(RESIDENTS, SEED, FIRST).rows, {NIGHT: 0.05})
    shutil.copytree(warehouse, other)
    began = time.monotonic()
    night(landing, other, NIGHT)
    seconds = time.monotonic() - began
    before, after = state(warehouse), state(other)
    assert before != after
    return Undisturbed(landing, warehouse, before, after, seconds)


def killed_in_a_row(country: Undisturbed, folder: Path, moments: Sequence[Moment]) -> None:
    warehouse = folder / "warehouse"
    shutil.copytree(country.warehouse, warehouse)
    for moment in moments:
        kill(country.landing, warehouse, moment, folder / "said.txt")
        seen = state(warehouse)
        over = last_finished(warehouse)["business_date"] == NIGHT
        assert differing(seen, country.after if over else country.before) == [], moment.name
    night(country.landing, warehouse, NIGHT)
    assert differing(state(warehouse), country.after) == [], [moment.name for moment in moments]


def differing(one: State, other: State) -> list[str]:
    """Names of the tables that are not equal."""
    return sorted(table for table in one.keys() | other.keys() if one.get(table) != other.get(table))


@pytest.mark.parametrize("first", range(0, len(CHOSEN), IN_A_ROW))
def test_nights_killed_at_chosen_points_leave_every_table_right(
    country: Undisturbed, tmp_path: Path, first: int
) -> None:
    killed_in_a_row(country, tmp_path, CHOSEN[first : first + IN_A_ROW])


@pytest.mark.parametrize("first", range(0, RANDOM_KILLS, IN_A_ROW))
def test_nights_killed_at_random_moments_leave_every_table_right(
    country: Undisturbed, tmp_path: Path, first: int
) -> None:
    drawn = random.Random(first)
    count = min(IN_A_ROW, RANDOM_KILLS - first)
    killed_in_a_row(country, tmp_path, [after(drawn.uniform(0, country.seconds)) for _ in range(count)])


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system cannot take room from a running process")
def test_a_night_that_finds_no_room_to_write_fails_in_one_line(country: Undisturbed, tmp_path: Path) -> None:
    warehouse, log = tmp_path / "warehouse", tmp_path / "said.txt"
    shutil.copytree(country.warehouse, warehouse)
    with running(country.landing, warehouse, log) as run:
        while waits(run) and not has_begun(log):
            continue
        let_nothing_grow(run.pid, 40_000)
    assert run.returncode == 1
    said = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("ct18: ")]
    assert len(said) == 1
    assert "Traceback" not in log.read_text(encoding="utf-8")
    assert differing(state(warehouse), country.before) == []
    night(country.landing, warehouse, NIGHT)
    assert differing(state(warehouse), country.after) == []
