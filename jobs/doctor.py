"""Whether this machine, its settings and its folders are fit for a night."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jobs import bootstrap, ledger, lock, space
from jobs import landing as landing_zone
from jobs.errors import UserError
from jobs.landing import VIETNAM
from jobs.settings import MonitoringSettings, Settings, SparkSettings
from jobs.space import GIB
from jobs.storage import Files, Lake

Level = Literal["ok", "warning", "error"]

_ROOT = Path(__file__).resolve().parent.parent
_MEMORY = Path("/proc/meminfo")
# Python's workers, the JVM beyond its heap and the file cache take about as much as the heap.
_BESIDE_HEAP = 2.0
_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
WORDS: dict[Level, str] = {"ok": "tốt", "warning": "chú ý", "error": "lỗi"}


@dataclass(frozen=True)
class Finding:
    """What was found of one thing: how grave it is, its name, what there is to say."""

    level: Level
    what: str
    told: str


def machine(settings: Settings) -> Iterator[Finding]:
    """What can be seen without Spark: Java, jars, memory, settings, time zone."""
    fault = bootstrap.java_fault(os.environ)
    yield Finding("error" if fault else "ok", "Java", fault or "17 hoặc 21 (17 or 21)")
    yield _jars(settings.spark)
    yield _memory(settings.spark)
    if settings.gold.key_is_public:
        yield Finding(
            "warning", "gold.hash_key", "là khoá phát triển (the development key): đặt khoá riêng (set your own)"
        )
    else:
        yield Finding("ok", "gold.hash_key", "riêng (your own)")
    yield _time_zone(dt.datetime.now().astimezone())
    yield from _told_outside(settings.monitoring)


def places(files: Files, root: str, landing: str | None, today: dt.date) -> Iterator[Finding]:
    """Warehouse and landing zone: there, writable, with room for a night; whether a run is at work; the last one."""
    yield _writable(files, root)
    lake = Lake(files.spark, root)
    last = ledger.last_finished(lake)
    done = last["business_date"] if last else None
    yield Finding("ok", "đêm gần nhất (last night)", f"{done}, {last['status']}" if last else "chưa có (none yet)")
    held = lock.is_held(files, root)
    yield Finding(
        "warning" if held else "ok", "khoá (lock)", "một lượt đang chạy (a run is at work)" if held else "trống"
    )
    if landing is not None:
        yield from _landing(files, root, landing, done, today)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where anything is an error, else 0."""
    return int(any(each.level == "error" for each in findings))


def as_table(findings: Sequence[Finding]) -> str:
    """A line each."""
    return "\n".join(f"{WORDS[each.level]:6} {each.what}: {each.told}" for each in findings)


def _jars(settings: SparkSettings) -> Finding:
    if not settings.jars:
        return Finding("ok", "Delta", "do cụm cung cấp (provided by the cluster)")
    folder = Path(settings.jars)
    missing = bootstrap.missing_jars(_ROOT, folder if folder.is_absolute() else _ROOT / folder)
    if missing:
        return Finding("error", "Delta", f"thiếu hoặc sai (missing or wrong): {', '.join(missing)}; make setup")
    return Finding("ok", "Delta", "đủ hai jar, đúng sha256 (both jars as listed)")


def _memory(settings: SparkSettings) -> Finding:
    what = "bộ nhớ (memory)"
    size = re.fullmatch(r"(\d+)([kmgt])b?", settings.driver_memory.lower())
    found = re.search(r"MemTotal:\s+(\d+) kB", _MEMORY.read_text(encoding="utf-8")) if _MEMORY.exists() else None
    if size is None or found is None:  # no Linux
        return Finding("warning", what, "không rõ (not known)")
    heap, total = int(size[1]) * _UNITS[size[2]], int(found[1]) * 2**10
    told = f"heap {heap / GIB:.1f} GiB / máy (machine) {total / GIB:.1f} GiB"
    if heap >= total:
        return Finding("error", what, f"{told}: spark.driver_memory quá lớn (too large)")
    if _BESIDE_HEAP * heap > total:
        return Finding("warning", what, f"{told}: nên có gấp đôi heap (twice the heap is wanted)")
    return Finding("ok", what, told)


def _told_outside(settings: MonitoringSettings) -> Iterator[Finding]:
    """Whether the log and the metrics can be written, and the command that is called when a night goes wrong be run."""
    for name, file in (("log", settings.log), ("metrics", settings.metrics)):
        if file is not None and not os.access(file.parent, os.W_OK):
            yield Finding("warning", f"monitoring.{name}", f"{file.parent}: không ghi được (cannot be written to)")
    if settings.notify and shutil.which(settings.notify[0]) is None:
        yield Finding("warning", "monitoring.notify", f"{settings.notify[0]}: không chạy được (cannot be run)")


def _time_zone(now: dt.datetime) -> Finding:
    what, told = "múi giờ (time zone)", f"{now:%Z, %H:%M}"
    if now.utcoffset() == VIETNAM.utcoffset(None):
        return Finding("ok", what, told)
    return Finding(
        "warning", what, f"{told}: không phải giờ Việt Nam, hẹn giờ theo UTC+7 (set timers in Vietnam's time)"
    )


def _writable(files: Files, root: str) -> Finding:
    if not files.exists(root):
        return Finding("warning", "kho (warehouse)", f"{root}: chưa có, đêm đầu sẽ tạo (the first night will make it)")
    probe = f"{root.rstrip('/')}/ops/_probe_{os.getpid()}"
    try:
        made = files.create(probe, b"")
    except OSError as error:
        return Finding("error", "kho (warehouse)", f"{root}: không ghi được (not writable): {error}")
    if made:
        files.delete(probe)
    return Finding("ok", "kho (warehouse)", f"{root}: ghi được (writable)")


def _landing(files: Files, root: str, landing: str, done: dt.date | None, today: dt.date) -> Iterator[Finding]:
    what = "vùng nhận (landing zone)"
    try:
        warnings = landing_zone.check(files, landing)
    except UserError as error:
        yield Finding("error", what, str(error))
        return
    yield Finding("warning" if warnings else "ok", what, "; ".join(warnings) or landing)
    wanted, free = space.needed(files, root, landing, done, today), files.free(root)
    told = f"còn (free) {free / GIB:,.1f} GiB, đêm tới cần khoảng (a night needs about) {wanted / GIB:,.1f} GiB"
    yield Finding("error" if free < wanted else "ok", "đĩa (disk)", told)
