"""The training in force: written by the first night, by one to which a source comes for the first time, or promoted.

Nights in between decide by it as it is. `retrain` trains anew on the last night's tables and says what that would
change; people decide whether it comes into force.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import decisions, ledger, link_decisions, lock, tables
from jobs.errors import UserError
from jobs.match import MATCHED, match
from jobs.memory import Memory
from jobs.report import numbers
from jobs.report.words import DECISIONS, say
from jobs.settings import MatchSettings
from jobs.storage import Lake
from matching.changes import Tracked
from matching.comparisons import CLASSES, LENT_IDENTITY
from matching.model import level_m
from matching.training import Shift, Training, from_json, shifts

STAGE = ledger.RETRAIN

# Levels that a comparison lists at most.
_MOST_SHIFTS = 20
_PARTY = "coalesce(personal_id, tax_code)"


@dataclass(frozen=True)
class Accepted:
    """The training in force.

    Attributes:
        version: its name.
        trained_on: business date of the tables that it was made from.
        sources: those of the match that had ever come by then.
        training: what evidence weighs; None where this code compares otherwise than the one that made it.
    """

    version: str
    trained_on: dt.date
    sources: frozenset[str]
    training: Training | None

    def outdated(self, present: frozenset[str]) -> str | None:
        """Why a night can't decide by it; None where it can."""
        fresh = sorted(present - self.sources)
        if fresh:
            return f"first data of {', '.join(fresh)}"
        return "other comparisons than before" if self.training is None else None


def load(lake: Lake) -> Accepted | None:
    """The training in force, None before the first night."""
    rows = lake.read(tables.TRAINING).collect()
    if not rows:
        return None
    training = from_json({row.model: row.figures for row in rows}, lake.pin(tables.FREQUENCIES))
    return Accepted(rows[0].version, rows[0].trained_on, frozenset(rows[0].sources), training)


def is_used(lake: Lake) -> bool:
    """Whether the links in the warehouse were decided by the training in force."""
    used, in_force = lake.read(tables.MODEL).first(), lake.read(tables.TRAINING).first()
    return used is not None and in_force is not None and used.version == in_force.version


def save(lake: Lake, training: Training, trained_on: dt.date, present: frozenset[str]) -> str:
    """Bring a training into force; returns its version: the date of its data and a hash of what it came to."""
    texts = training.to_json()
    version = f"{trained_on}-{hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:8]}"
    rows = [(model, text, version, trained_on, sorted(present)) for model, text in texts.items()]
    lake.write(tables.FREQUENCIES, training.frequencies)
    lake.write(tables.TRAINING, lake.spark.createDataFrame(rows, tables.TRAINING.schema))
    return version


def write_model(lake: Lake) -> None:
    """Write `match/model`: the m probabilities of the training in force, over all classes of parties."""
    accepted = load(lake)
    assert accepted is not None
    assert accepted.training is not None
    rows: list[tuple[str, str, str, float, int, str]] = []
    for kind, p in accepted.training.parameters.items():
        lent = sum(share * lending for share, lending in zip(p.classes, p.lending, strict=True))
        shown = [
            *(("", name, share) for name, share in zip(CLASSES[1:], p.classes[1:], strict=True)),
            (LENT_IDENTITY.name, "lent", lent),
        ]
        for comparison in p.comparisons:
            m = level_m(p, comparison)
            shown += [(comparison.name, level.name, float(m[i])) for i, level in enumerate(comparison.levels)]
        rows += [(kind, comparison, level, m, p.records, accepted.version) for comparison, level, m in shown]
    lake.write(tables.MODEL, lake.spark.createDataFrame(rows, tables.MODEL.schema))


# ── training anew ──


@dataclass(frozen=True)
class ShopsMoved:
    """So many shops that had one decision have another one, of the same party (or of none) or of another."""

    before: str
    now: str
    same_party: bool
    shops: int


@dataclass(frozen=True)
class Comparison:
    """A new training beside the one in force.

    Attributes:
        before: the one in force.
        subjects: number of subjects then and now.
        shifts: all levels, the one whose weight moves farthest first.
        shops: all shops, by what the new training would make of them.
    """

    before: Accepted
    subjects: tuple[int, int]
    shifts: Sequence[Shift]
    shops: Sequence[ShopsMoved]

    def drifted(self, bits: float) -> list[Shift]:
        """Levels whose weight moves by more than so many bits."""
        return [shift for shift in self.shifts if abs(shift.bits) > bits]


def retrain(lake: Lake, settings: MatchSettings, promote: bool, progress: Callable[[str], None]) -> Comparison:
    """Train anew on the tables of the last finished night, and compare.

    With `promote` the new training comes into force, and the next night decides by it.

    Raises:
        UserError: no night has finished yet, its training is none that this version can compare with, or a run is at
            work; nothing was written.
    """
    _require_training(lake, ledger.require_night(lake))
    with lock.only_run(lake.files, lake.root, STAGE):
        if promote:
            decisions.adopt(lake)
            with ledger.between_nights(lake, STAGE) as between:
                comparison, training = _compare(lake, between.last, settings, progress)
                save(lake, training, between.last["business_date"], _known(between.last))
                lake.clear_scratch()
            return comparison
        try:
            return _compare(lake, ledger.require_night(lake), settings, progress)[0]
        finally:
            lake.clear_scratch()


def _known(last: Mapping[str, Any]) -> frozenset[str]:
    """Sources of the match that had ever come by a night."""
    versions = ledger.table_versions(last)
    return frozenset(name for name in MATCHED if tables.SILVER[name].path in versions)


def _require_training(lake: Lake, last: Mapping[str, Any]) -> tuple[Accepted, Training]:
    """What the last night left in force, and the training in it.

    Raises:
        UserError: there is none to compare with.
    """
    accepted = load(ledger.left_by(lake, last))
    if accepted is None or accepted.training is None:
        raise UserError(f"warehouse {lake.root}: its next night trains by itself")
    return accepted, accepted.training


def _compare(
    lake: Lake, last: Mapping[str, Any], settings: MatchSettings, progress: Callable[[str], None]
) -> tuple[Comparison, Training]:
    night, (accepted, old) = ledger.left_by(lake, last), _require_training(lake, last)
    pictures = {name: Tracked(night.pin(tables.SILVER[name])) for name in MATCHED}
    decided = link_decisions.to_obey(night)
    found = match(pictures, last["business_date"], settings, lake.keep, progress, Memory(lake), decided=decided)
    progress("comparing with the training in force")
    comparison = Comparison(
        before=accepted,
        subjects=(old.statistics.subjects, found.training.statistics.subjects),
        shifts=tuple(shifts(old, found.training)),
        shops=_shops(night.read(tables.SELLER_LINKS), found.seller_links),
    )
    return comparison, found.training


def _shops(before: DataFrame, now: DataFrame) -> list[ShopsMoved]:
    """How many shops move from one decision to another, or to another party."""
    keys = ["platform", "shop_id"]
    old = before.select(*keys, F.col("decision").alias("before"), F.expr(_PARTY).alias("old"))
    new = now.select(*keys, F.col("decision").alias("now"), F.expr(_PARTY).alias("new"))
    joined = old.join(new, keys).withColumn("same_party", F.col("old").eqNullSafe(F.col("new")))
    counted = joined.groupBy("before", "now", "same_party").agg(F.count("*").alias("shops"))
    return [ShopsMoved(*row) for row in counted.orderBy("before", "now", "same_party").collect()]


def as_text(comparison: Comparison, bits: float) -> Iterator[str]:
    """The comparison in lines, in Vietnamese."""
    before, (then, now) = comparison.before, comparison.subjects
    yield f"tham số đang dùng: {before.version}, học từ dữ liệu ngày {before.trained_on}"
    yield f"đối tượng: {numbers.count(then)} khi đó, {numbers.count(now)} bây giờ"
    drifted = comparison.drifted(bits)
    yield f"mức so sánh có trọng số đổi quá {numbers.decimal(bits, 1)} bit: {len(drifted)}"
    for shift in drifted[:_MOST_SHIFTS]:
        was, is_now = numbers.percent(shift.before, 2), numbers.percent(shift.after, 2)
        where = f"{shift.model}, {shift.comparison}: {shift.level}"
        yield f"  {where}: {was} → {is_now} ({'+' if shift.bits > 0 else '−'}{numbers.decimal(abs(shift.bits), 1)} bit)"
    moved = [each for each in comparison.shops if each.before != each.now or not each.same_party]
    total = sum(each.shops for each in comparison.shops)
    changed = sum(each.shops for each in moved)
    yield f"gian hàng đổi kết luận nếu dùng tham số mới: {numbers.count(changed)} trên {numbers.count(total)}"
    for each in moved:
        other = "" if each.same_party else ", sang bên khác"
        was, is_now = say(DECISIONS, each.before).lower(), say(DECISIONS, each.now).lower()
        yield f"  {was} → {is_now}{other}: {numbers.count(each.shops)}"
