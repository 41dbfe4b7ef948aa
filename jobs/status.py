"""How the last nights went, for the operator's terminal and for monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import functions as F

from jobs.errors import UserError
from jobs.ledger import EXIT_CODES, between, is_night, is_whole, mean_seconds
from jobs.lock import is_held
from jobs.report.words import STAGES, say
from jobs.storage import Lake
from jobs.tables import RUNS

# Nights before, with which the newest is compared.
TREND_NIGHTS = 7

Run = Mapping[str, Any]


def last_runs(lake: Lake, count: int) -> list[Run]:
    """The last nights, and as many of the runs between nights, the newest first (rows of `ops/runs`).

    Decisions of analysts, of which a day may have many, push no night out. One that is no longer at work and never said
    how it ended has `died`.

    Raises:
        UserError: there was none.
    """
    all_runs = lake.read(RUNS)
    nights = all_runs.where(is_night()).orderBy(F.desc("started_at")).limit(count)
    between = all_runs.where(~is_night()).orderBy(F.desc("started_at")).limit(count)
    rows = sorted([*nights.collect(), *between.collect()], key=lambda row: row.started_at, reverse=True)
    if not rows:
        raise UserError(f"warehouse {lake.root}: no run yet")
    runs = [row.asDict(recursive=True) for row in rows]
    at_work = is_held(lake.files, lake.root)
    return [{**run, "status": "died"} if run["status"] == "running" and not at_work else run for run in runs]


def exit_code(runs: Sequence[Run]) -> int:
    """That of the newest run that is not at work: 0 succeeded, 3 degraded, 1 failed, died or none yet."""
    ended = [run["status"] for run in runs if run["status"] != "running"]
    return EXIT_CODES.get(ended[0], 1) if ended else 1


def as_table(runs: Sequence[Run]) -> str:
    """A line a run, then the stages of the newest finished one beside those of the nights before."""
    lines = [f"{'đêm':10}  {'lượt':17}  {'kết quả':9}  {'bắt đầu':16}  {'giây':>8}  {'dòng vào':>11}  nguồn cần xử lý"]
    lines += [_line(run) for run in runs]
    finished = [run for run in runs if is_whole(run)]
    if finished:
        lines += ["", f"công đoạn của đêm {finished[0]['business_date']}:", *_stages(finished)]
    return "\n".join(lines)


def _line(run: Run) -> str:
    problems = [one for one in run["sources"] or [] if one["outcome"] != "taken"]
    told = run["error"] or ", ".join(f"{one['source']} {one['outcome']}" for one in problems) or "-"
    seconds = f"{(run['ended_at'] - run['started_at']).total_seconds():,.0f}" if run["ended_at"] else "-"
    rows = f"{sum(one['rows'] or 0 for one in run['sources'] or []):,}"
    if (stage := between(run)) is not None:
        # What it repeats of the last night was told there.
        rows, told = "-", say(STAGES, stage)
    began = f"{run['started_at']:%Y-%m-%d %H:%M}"
    return (
        f"{run['business_date']!s:10}  {run['run_id']:17}  {run['status']:9}  {began}  {seconds:>8}  {rows:>11}  {told}"
    )


def _stages(finished: Sequence[Run]) -> list[str]:
    """Seconds and rows of each stage of the newest night, and how its seconds compare with the nights before."""
    usual = mean_seconds(finished[1 : 1 + TREND_NIGHTS])
    lines = []
    for stage in finished[0]["stages"] or []:
        before = usual.get(stage["name"])
        trend = f"{stage['seconds'] / before - 1:+.0%}" if before else ""
        rows = " → ".join("-" if stage[key] is None else f"{stage[key]:,}" for key in ("rows_in", "rows_out"))
        lines.append(f"  {stage['name']:12}{stage['seconds']:>8.1f} s  {trend:>6}  {rows}")
    return lines
