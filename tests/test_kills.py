"""A run that is killed, wherever it stands, costs time and nothing else.

Python and the JVM are killed together, with no last word (SIGKILL), at chosen points and at random moments, one run
after another in the same warehouse; then a run goes to its end. Its tables are those of a run that nobody disturbed,
and until then readers see what was there before. `CT18_KILLS=100` draws so many random moments of a night instead of
ten.
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
from typing import Any

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
# Random moments of each run that is no second night.
MOMENTS = 3

State = Mapping[str, Counter[str]]


@dataclass(frozen=True)
class Moment:
    """When a night is killed.

    Attributes:
        name: what people read.
        watch: from when on it is called, tells of a warehouse whether it is time.
        from_start: it is called as the process begins, else when the run has taken back what the one before it, which
            was killed, had left: only this run's own writes count.
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
# Of a first night, in whose warehouse there is nothing to go back to; of a training; of maintenance, before and after
# what it wrote counts.
OF_A_FIRST_NIGHT = (
    *(LOCKED, committed("bronze/residents"), written("silver/sellers"), committed("match/training")),
    *(committed("match/seller_links"), written("gold/flagged_sellers"), committed("gold/corrections")),
)
OF_A_TRAINING = (LOCKED, committed("match/frequencies"), committed("match/training"))
OF_MAINTENANCE = (LOCKED, written("bronze/residents"), committed("bronze/sellers"), committed("ops/deliveries"))


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody disturbed.

    Attributes:
        command: what starts it, but for the warehouse.
        begun: what it says once it has taken back what a run before it had left.
        warehouse: as it is when the run begins; None where there is none yet.
        before: the tables then, by their last finished run.
        after: the tables when it has ended.
        seconds: how long it took.
    """

    command: Sequence[str]
    begun: str
    warehouse: Path | None
    before: State
    after: State
    seconds: float

    def on(self, folder: Path) -> Path:
        """A warehouse in a folder, as the run finds it."""
        warehouse = folder / "warehouse"
        if self.warehouse is not None:
            shutil.copytree(self.warehouse, warehouse)
        return warehouse


def ct18(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "jobs", *command], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def nightly(folder: Path, date: dt.date) -> list[str]:
    config = folder / "follow.yaml"
    # The match of so few rows would follow no changes, and lay nothing down for the next.
    config.write_text("match:\n  follow_from_rows: 0\n", encoding="utf-8")
    return ["nightly", "--landing", f"{folder}/landing", "--business-date", f"{date}", "--config", f"{config}"]


def undisturbed(command: Sequence[str], begun: str, warehouse: Path | None, work: Path) -> Undisturbed:
    """Run a command on a copy of a warehouse, which is left at `work`."""
    if warehouse is not None:
        shutil.copytree(warehouse, work)
    before = state(work)
    began = time.monotonic()
    ct18(*command, "--warehouse", str(work))
    return Undisturbed(command, begun, warehouse, before, state(work), time.monotonic() - began)


@contextmanager
def running(run: Undisturbed, warehouse: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The run in a session of its own; what it says goes to the log."""
    command = [sys.executable, "-m", "jobs", *run.command, "--warehouse", str(warehouse)]
    with (
        log.open("w+b") as said,
        subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True) as process,
    ):
        yield process


def has_begun(run: Undisturbed, log: Path) -> bool:
    """Whether the run has taken back what the one before it, which was killed, had left."""
    return run.begun in log.read_text(encoding="utf-8")


def waits(process: subprocess.Popen[bytes]) -> bool:
    """Let a moment pass; whether the process is still at work."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(POLL_SECONDS)
    return process.poll() is None


def kill(run: Undisturbed, warehouse: Path, moment: Moment, log: Path) -> None:
    """Begin the run and kill it at a moment, or at the latest when it has ended."""
    with running(run, warehouse, log) as process:
        due = moment.watch(warehouse) if moment.from_start else None
        while waits(process) and not (due is not None and due()):
            if due is None and has_begun(run, log):
                due = moment.watch(warehouse)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)


def let_nothing_grow(session: int, most: int) -> None:
    """From now on the processes of a session cannot write more than so many bytes into a file."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, PermissionError):
            if os.getsid(int(folder.name)) == session:
                resource.prlimit(int(folder.name), resource.RLIMIT_FSIZE, (most, most))


def finished(warehouse: Path) -> list[dict[str, Any]]:
    """Rows of the runs that finished, the last one at the end."""
    if not commits(warehouse / RUNS):
        return []
    rows = DeltaTable(str(warehouse / RUNS)).to_pyarrow_table().to_pylist()
    return sorted((row for row in rows if row["status"] in FINISHED), key=lambda row: row["ended_at"])


def state(warehouse: Path) -> State:
    """Rows of every table in the versions of the last finished run: what a reader sees. Nothing before the first."""
    versions = [dict(row["versions"]["tables"]) for row in finished(warehouse)[-1:]]
    return {table: rows(warehouse / table, version) for each in versions for table, version in each.items()}


def rows(table: Path, version: int) -> Counter[str]:
    found = DeltaTable(str(table), version=version).to_pyarrow_table().to_pylist()
    return Counter(json.dumps(row, sort_keys=True, default=str) for row in found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A country of which one night's deliveries lie in its landing zone."""
    folder = tmp_path_factory.mktemp("killed") / "country"
    ct18(
        *("sample", "--out", f"{folder}"),
        *("--residents", f"{RESIDENTS}", "--seed", f"{SEED}"),
        f"--business-date={FIRST}",
    )
    return folder


@pytest.fixture(scope="module")
def first_night(folder: Path) -> Undisturbed:
    """It leaves its warehouse in `folder / "first"`."""
    return undisturbed(nightly(folder, FIRST), f" night {FIRST}", None, folder / "first")


@pytest.fixture(scope="module")
def night(folder: Path, first_night: Undisturbed) -> Undisturbed:
    """The second one, which leaves its warehouse in `folder / "second"`."""
    deliver_changes(folder / "landing", generate.draw(RESIDENTS, SEED, FIRST).rows, {NIGHT: 0.05})
    run = undisturbed(nightly(folder, NIGHT), f" night {NIGHT}", folder / "first", folder / "second")
    assert run.before == first_night.after != run.after
    return run


def killed_in_a_row(run: Undisturbed, folder: Path, moments: Sequence[Moment]) -> None:
    warehouse = run.on(folder)
    known = len(finished(warehouse))
    for moment in moments:
        kill(run, warehouse, moment, folder / "said.txt")
        is_over = len(finished(warehouse)) > known
        assert differing(state(warehouse), run.after if is_over else run.before) == [], moment.name
    ct18(*run.command, "--warehouse", str(warehouse))
    assert differing(state(warehouse), run.after) == [], [moment.name for moment in moments]


def differing(one: State, other: State) -> list[str]:
    """Names of the tables that are not equal."""
    return sorted(table for table in one.keys() | other.keys() if one.get(table) != other.get(table))


def at_random(run: Undisturbed, seed: int, count: int) -> list[Moment]:
    drawn = random.Random(seed)
    return [after(drawn.uniform(0, run.seconds)) for _ in range(count)]


@pytest.mark.parametrize("first", range(0, len(CHOSEN), IN_A_ROW))
def test_nights_killed_at_chosen_points_leave_every_table_right(night: Undisturbed, tmp_path: Path, first: int) -> None:
    killed_in_a_row(night, tmp_path, CHOSEN[first : first + IN_A_ROW])


@pytest.mark.parametrize("first", range(0, RANDOM_KILLS, IN_A_ROW))
def test_nights_killed_at_random_moments_leave_every_table_right(
    night: Undisturbed, tmp_path: Path, first: int
) -> None:
    killed_in_a_row(night, tmp_path, at_random(night, first, min(IN_A_ROW, RANDOM_KILLS - first)))


def test_a_first_night_that_is_killed_leaves_no_night_and_the_next_one_is_right(
    first_night: Undisturbed, tmp_path: Path
) -> None:
    killed_in_a_row(first_night, tmp_path, [*OF_A_FIRST_NIGHT, *at_random(first_night, 1, MOMENTS)])


def test_a_training_that_is_killed_leaves_the_one_in_force(night: Undisturbed, folder: Path, tmp_path: Path) -> None:
    retrain = undisturbed(["retrain", "--promote"], " match: subjects", folder / "second", tmp_path / "retrained")
    assert differing(retrain.before, retrain.after) == ["match/frequencies", "match/training"]
    killed_in_a_row(retrain, tmp_path, [*OF_A_TRAINING, *at_random(retrain, 2, MOMENTS)])


def test_maintenance_that_is_killed_leaves_every_table_as_it_was(
    night: Undisturbed, folder: Path, tmp_path: Path
) -> None:
    maintain = undisturbed(["maintain"], " rows past their time", folder / "second", tmp_path / "maintained")
    assert maintain.before == maintain.after
    killed_in_a_row(maintain, tmp_path, [*OF_MAINTENANCE, *at_random(maintain, 3, MOMENTS)])


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system cannot take room from a running process")
def test_a_night_that_finds_no_room_to_write_fails_in_one_line(night: Undisturbed, tmp_path: Path) -> None:
    warehouse, log = night.on(tmp_path), tmp_path / "said.txt"
    with running(night, warehouse, log) as process:
        while waits(process) and not has_begun(night, log):
            continue
        let_nothing_grow(process.pid, 40_000)
    assert process.returncode == 1
    said = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("ct18: ")]
    assert len(said) == 1
    assert "Traceback" not in log.read_text(encoding="utf-8")
    assert differing(state(warehouse), night.before) == []
    ct18(*night.command, "--warehouse", str(warehouse))
    assert differing(state(warehouse), night.after) == []
