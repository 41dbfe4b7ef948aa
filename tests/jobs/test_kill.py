"""A night killed at any point: the next run makes every table what an undisturbed run makes it.

Each chain kills one run after another, the later ones while they mend what the earlier ones left, lets the last one
end, and compares. `CT18_KILLS=100` kills at so many random moments instead of ten.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs.tables import STATE
from tests.small_country import COUNTRY, NEXT, NIGHT

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
RANDOM = int(os.environ.get("CT18_KILLS", "10"))
CHAIN = 5
PATIENCE = 600  # seconds that a night may take
LOOK = 0.005  # seconds between two looks at the warehouse

Ready = Callable[[], bool]
Rows = dict[str, list[str]]


@dataclass(frozen=True)
class Scene:
    """A warehouse before a night, and what an undisturbed night makes of it."""

    landing: Path
    before: Path | None
    night: dt.date
    seconds: float
    rows: Rows


def command(landing: Path, warehouse: Path, night: dt.date) -> list[str]:
    places = ["--landing", str(landing), "--warehouse", str(warehouse), "--business-date", str(night)]
    return [sys.executable, "-m", "jobs", "nightly", *places]


def undisturbed(landing: Path, warehouse: Path, night: dt.date) -> float:
    """Run a night to its end; returns its seconds."""
    began = time.monotonic()
    done = subprocess.run(command(landing, warehouse, night), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return time.monotonic() - began


def killed(landing: Path, warehouse: Path, night: dt.date, ready: Ready) -> None:
    """Run a night and kill it, with all that it started, as soon as something is so."""
    run = subprocess.Popen(
        command(landing, warehouse, night), cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + PATIENCE
    while not ready() and run.poll() is None and time.monotonic() < until:
        time.sleep(LOOK)
    assert run.poll() is None, "the night ended before it could be killed"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


def last_finished(warehouse: Path) -> dict[str, int]:
    """Table versions of the last finished run."""
    runs = DeltaTable(str(warehouse / "ops/runs")).to_pyarrow_table().to_pylist()
    newest = max((run for run in runs if run["status"] in ("succeeded", "degraded")), key=lambda run: run["ended_at"])
    assert not [run for run in runs if run["status"] == "running"]
    return dict(newest["versions"]["tables"])


def rows(warehouse: Path) -> Rows:
    """Every row of every table of the night's state, in one order."""
    found = {}
    for path, version in last_finished(warehouse).items():
        table = DeltaTable(str(warehouse / path), version=version).to_pyarrow_table()
        found[path] = sorted(json.dumps(row, default=str, sort_keys=True) for row in _plain(table))
    return found


def _plain(table: pa.Table) -> list[dict[str, object]]:
    return list(table.to_pylist(maps_as_pydicts="strict"))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scene]:
    """The first night of a country, and the next one, to which everything is delivered anew."""
    folder = tmp_path_factory.mktemp("kill")
    landing, first, second = folder / "landing", folder / "first", folder / "second"
    shutil.copytree(COUNTRY / "landing", landing)
    seconds = undisturbed(landing, first, NIGHT)
    for delivery in landing.glob(f"*/business_date={NIGHT}"):
        again = delivery.with_name(f"business_date={NEXT}")
        shutil.copytree(delivery, again)
        manifest = json.loads((again / "_manifest.json").read_text("utf-8"))
        produced = dt.datetime.fromisoformat(manifest["produced_at"]) + dt.timedelta(days=1)
        stated = {**manifest, "business_date": str(NEXT), "produced_at": produced.isoformat()}
        (again / "_manifest.json").write_text(json.dumps(stated), "utf-8")
    shutil.copytree(first, second)
    more = undisturbed(landing, second, NEXT)
    return {
        "first": Scene(landing, None, NIGHT, seconds, rows(first)),
        "second": Scene(landing, first, NEXT, more, rows(second)),
    }


def commits(warehouse: Path, path: str) -> int:
    return len(list((warehouse / path / "_delta_log").glob("*.json")))


def committed(warehouse: Path, path: str) -> Ready:
    """A table has a commit more than now: the night is between it and the next table."""
    before = commits(warehouse, path)
    return lambda: commits(warehouse, path) > before


def writing(warehouse: Path, path: str) -> Ready:
    """A table has a data file more than its commits know: the night is inside the write."""
    before = len(list((warehouse / path).rglob("*.parquet")))
    return lambda: len(list((warehouse / path).rglob("*.parquet"))) > before


def holds(warehouse: Path, name: str) -> Ready:
    return lambda: (warehouse / name).exists()


def later(seconds: float) -> Ready:
    at = time.monotonic() + seconds
    return lambda: time.monotonic() > at


Point = Callable[[Path], Ready]
COMMITTED: list[Point] = [
    lambda warehouse, path=table.path: committed(warehouse, path)
    for table in STATE
    if table.path not in {"gold/broken_rules", "ops/quarantine"}
]
WRITING: list[Point] = [
    lambda warehouse, path=path: writing(warehouse, path)
    for path in ("bronze/residents", "silver/sellers", "match/seller_links", "gold/flagged_sellers")
]
OTHERS: list[Point] = [
    lambda warehouse: holds(warehouse, "ops/_running.json"),
    lambda warehouse: holds(warehouse, "_scratch"),
    lambda warehouse: committed(warehouse, "ops/runs"),
]
CHOSEN = [*COMMITTED, *WRITING, *OTHERS]


def chains(points: list[Point]) -> list[list[Point]]:
    """In another order than that of the night, so that a chain strikes early and late in turn."""
    shuffled = random.Random(18).sample(points, len(points))
    return [shuffled[start : start + CHAIN] for start in range(0, len(shuffled), CHAIN)]


def check(scene: Scene, warehouse: Path, points: list[Point]) -> None:
    if scene.before is not None:
        shutil.copytree(scene.before, warehouse)
    for point in points:
        killed(scene.landing, warehouse, scene.night, point(warehouse))
    undisturbed(scene.landing, warehouse, scene.night)
    found = rows(warehouse)
    assert found.keys() == scene.rows.keys()
    assert not [path for path in found if found[path] != scene.rows[path]]


@pytest.mark.parametrize(("number", "points"), enumerate(chains(CHOSEN)))
def test_killed_at_chosen_points(scenes: dict[str, Scene], tmp_path: Path, number: int, points: list[Point]) -> None:
    check(scenes["second" if number % 2 else "first"], tmp_path / "warehouse", points)


@pytest.mark.parametrize("number", range(-(-RANDOM // CHAIN)))
def test_killed_at_random_moments(scenes: dict[str, Scene], tmp_path: Path, number: int) -> None:
    scene, drawn = scenes["first" if number % 2 else "second"], random.Random(number)
    # A run that mends takes no less than an undisturbed one: none is over before it is killed.
    moments = [drawn.uniform(1, 0.9 * scene.seconds) for _ in range(min(CHAIN, RANDOM - number * CHAIN))]
    check(scene, tmp_path / "warehouse", [lambda _, at=moment: later(at) for moment in moments])
