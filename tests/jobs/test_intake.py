"""Nights of one source, one after another: what is taken, refused, held, and what the picture then is (contract §1)."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import deliveries, intake
from jobs.errors import UserError
from jobs.intake import Intake
from jobs.outcomes import Accept, Change, Judge, Judged, Verdict
from jobs.settings import IngestSettings
from jobs.sources import SOURCES
from jobs.storage import Lake
from jobs.tables import BRONZE, QUARANTINE
from tests.jobs.zone import Zone, day, moment, person


def passes(change: Change, produced_after: float | None) -> Judged:
    return Judged(change.rows, Verdict("pass", ""))


@dataclass
class Gate:
    """Fails a picture that holds someone called `bad`; remembers how often it was asked."""

    asked: list[int] = field(default_factory=list)

    def __call__(self, change: Change, produced_after: float | None) -> Judged:
        bad = change.rows.where("full_name = 'bad'").count()
        self.asked.append(bad)
        return Judged(change.rows, Verdict("hold" if bad else "pass", "names" if bad else ""))


@dataclass
class Nights:
    """A landing zone and a warehouse, one source of which is taken in."""

    zone: Zone
    lake: Lake
    source: str = "residents"

    def run(self, night: int, judge: Judge = passes, accept: Accept | None = None) -> Intake:
        source, settings = SOURCES[self.source], IngestSettings()
        before = deliveries.load(self.lake).get(source.name, ())
        night_of = (self.lake, str(self.zone.root), source, before, day(night), settings, accept, judge)
        result = intake.take_in(*night_of, afresh=True)
        deliveries.save(self.lake, {source.name: result.history})
        return result

    def bronze(self, *columns: str) -> list[tuple[object, ...]]:
        return sorted(tuple(row) for row in self.lake.read(BRONZE[self.source]).select(*columns).collect())


@pytest.fixture
def nights(spark: SparkSession, tmp_path: Path) -> Nights:
    return Nights(Zone(tmp_path / "landing"), Lake(spark, str(tmp_path / "warehouse")))


def people(result: Intake) -> dict[str, str]:
    """Key → name in the new picture."""
    assert result.picture is not None
    return {row["personal_id"]: row["full_name"] for row in result.picture.rows.collect()}


def outcomes(result: Intake) -> list[tuple[str, int | None]]:
    return [(each.outcome, each.delivery_date and each.delivery_date.day) for each in result.outcomes]


def test_deliveries_from_night_to_night(nights: Nights) -> None:
    zone = nights.zone
    first = zone.rows("residents", day(1), person("1"), person("2"), person("3"))
    zone.rows("residents", day(9), person("9"))
    result = nights.run(1)
    assert people(result) == {"1": "A", "2": "A", "3": "A"}
    assert (outcomes(result), result.degraded, result.picture_as_of) == ([("taken", 1)], False, day(1))
    assert (result.rows_in, result.rows_kept) == (3, 3)

    again = nights.run(1)
    assert (again.picture, again.judged, again.rows_in) == (None, None, 0)
    assert again.outcomes == result.outcomes

    # The landing zone is cleared of what was taken; a late delivery comes, in another format.
    shutil.rmtree(first)
    late = [person("2", updated_at=moment(2), change_type="D"), person("4", "B", moment(2), change_type="I")]
    zone.rows("residents", day(2), *late, mode="delta", kind="csv.gz")
    zone.rows("residents", day(3), person("1", "C", moment(3)), person(None), mode="delta", kind="jsonl")
    result = nights.run(3)
    assert people(result) == {"1": "C", "3": "A", "4": "B"}
    assert (outcomes(result), result.picture_as_of) == ([("taken", 2), ("taken", 3)], day(3))
    assert [(each.rows, each.quarantined) for each in result.outcomes] == [(2, 0), (2, 1)]
    assert nights.lake.read(QUARANTINE).count() == 1

    # The third is sent again, and its file does not fit: the good one stays in force.
    part = zone.rows("residents", day(3), person("1", "E", moment(3)), mode="delta", kind="jsonl") / "part.jsonl"
    part.write_bytes((whole := part.read_bytes())[:-5])
    result = nights.run(3)
    assert (result.picture, result.picture_as_of, result.degraded) == (None, day(3), True)
    assert {("refused", 3), ("taken", 3)} <= set(outcomes(result))

    # Its file arrives whole: it replaces what was taken of that date, rows and quarantine.
    part.write_bytes(whole)
    result = nights.run(4)
    assert people(result) == {"1": "E", "3": "A", "4": "B"}
    assert outcomes(result) == [("taken", 3), ("absent", None)]
    kept = nights.bronze("_delivery_date", "personal_id", "full_name")
    assert (len(kept), kept[-1], nights.lake.read(QUARANTINE).count()) == (6, (day(3), "1", "E"), 0)


def test_what_is_held_and_accepted(nights: Nights) -> None:
    nights.zone.rows("residents", day(1))
    result = nights.run(1)
    assert (outcomes(result), result.picture_as_of, result.degraded) == ([("held", 1)], None, True)

    crowd = [person(str(number)) for number in range(98)]
    nights.zone.rows("residents", day(1), *crowd, person(None), person(None))
    result = nights.run(1)
    assert outcomes(result) == [("held", 1)] and "2 of 100" in str(result.outcomes[0].reason)

    nights.zone.rows("residents", day(1), *crowd, person("98"), person(None))
    result = nights.run(1)
    assert len(people(result)) == 99 and not result.degraded

    nights.zone.rows("residents", day(2), *crowd[:49])
    result = nights.run(2)
    assert (outcomes(result), result.picture, result.picture_as_of) == ([("held", 2)], None, day(1))
    assert result.outcomes[0].reason == "49 keys, the last good picture has 99"
    assert nights.run(2).outcomes == result.outcomes

    accept = Accept("residents", day(2), "T. Lan", "đã đối chiếu")
    intake.check_accept(nights.lake, str(nights.zone.root), accept)
    result = nights.run(2, accept=accept)
    assert len(people(result)) == 49 and (outcomes(result), result.degraded) == ([("taken", 2)], False)
    assert "T. Lan" in str(result.outcomes[0].reason) and "đã đối chiếu" in str(result.outcomes[0].reason)
    assert nights.run(2).outcomes == result.outcomes

    # Half is not under half; and what was held beside a good one of its date does not touch it.
    nights.zone.rows("residents", day(2), *crowd[:24])
    result = nights.run(2)
    assert sorted(outcomes(result)) == [("held", 2), ("taken", 2)]
    nights.zone.rows("residents", day(3), *crowd[:25])
    assert len(people(nights.run(3))) == 25


def test_of_several_in_one_night_each_is_held_against_the_picture_of_those_before_it(nights: Nights) -> None:
    crowd = [person(str(number)) for number in range(10)]
    nights.zone.rows("residents", day(1), *crowd)
    gone = [{**each, "updated_at": moment(2), "change_type": "D"} for each in crowd[:6]]
    nights.zone.rows("residents", day(2), *gone, mode="delta")
    nights.zone.rows("residents", day(3), *crowd[6:])
    result = nights.run(3)
    assert (len(people(result)), result.picture_as_of, result.degraded) == (4, day(3), False)


def test_a_picture_that_fails_its_gate(nights: Nights) -> None:
    gate, zone = Gate(), nights.zone
    zone.rows("residents", day(1), person("1"), person("2"))
    assert len(people(nights.run(1, gate))) == 2
    zone.rows("residents", day(2), person("3", updated_at=moment(2)), mode="delta")
    zone.rows("residents", day(3), person("4", "bad", moment(3)), mode="delta")
    zone.rows("residents", day(4), person("5", updated_at=moment(4)), mode="delta")
    gate.asked.clear()
    result = nights.run(4, gate)
    assert people(result) == {"1": "A", "2": "A", "3": "A", "5": "A"}
    assert outcomes(result) == [("taken", 2), ("gate_failed", 3), ("taken", 4)] and result.degraded
    assert result.outcomes[1].reason == "gate: names"
    assert result.judged is not None and result.judged.verdict == Verdict("hold", "names")
    assert gate.asked == [1, 0, 1, 0]

    # Nothing new: the gate is not asked. Accepted: it stands, and what comes on top is not held for it.
    assert nights.run(4, gate).judged is None
    result = nights.run(4, gate, Accept("residents", day(3), "T. Lan", "đúng"))
    assert people(result)["4"] == "bad" and not result.degraded
    zone.rows("residents", day(5), person("6", updated_at=moment(5)), mode="delta")
    result = nights.run(5, gate)
    assert people(result).keys() == {"1", "2", "3", "4", "5", "6"} and not result.degraded


def test_the_first_picture_fails_its_gate(nights: Nights) -> None:
    nights.zone.rows("residents", day(1), person("1", "bad"))
    result = nights.run(1, Gate())
    assert (outcomes(result), result.picture, result.picture_as_of) == ([("gate_failed", 1)], None, None)


def test_warnings(nights: Nights) -> None:
    nights.source = "sellers"
    shops = [{"platform": "P", "shop_id": "1"}, {"platform": "P", "shop_id": "2", "country": "CN"}]
    folder = nights.zone.rows("sellers", day(1), *shops)
    (folder / "notes.txt").write_text("x")
    (nights.zone.root / "sellers" / "old").mkdir()
    result = nights.run(1)
    assert not result.degraded and len(result.warnings) == 3
    assert any("1 not in the manifest" in line for line in result.warnings)
    assert any("old" in line for line in result.warnings)
    assert any("1 rows without country" in line for line in result.warnings)


def test_rows_of_a_full_delivery_that_repeat_a_key_are_told(nights: Nights) -> None:
    again = [person("1", "B", moment(1)), person("1", "C", moment(2)), person("2")]
    nights.zone.rows("residents", day(1), *again)
    result = nights.run(1)
    assert people(result) == {"1": "C", "2": "A"}
    assert result.warnings == ("residents of 2026-11-01: 1 rows repeat a key, of each key the newest row counts",)
    # A list of changes may well name one twice.
    nights.zone.rows("residents", day(2), person("2", "D", moment(2)), person("2", "E", moment(3)), mode="delta")
    assert nights.run(2).warnings == ()


def test_accepting_what_is_not_held_is_told(nights: Nights) -> None:
    nights.zone.rows("residents", day(1), person("1"))
    accept = Accept("residents", day(1), "T. Lan", "x")
    intake.check_accept(nights.lake, str(nights.zone.root), accept)
    told = "--accept residents:2026-11-01: nothing of that date was held, so nothing was accepted"
    assert nights.run(1, accept=accept).warnings == (told,)
    # Taken long ago: nothing waits.
    with pytest.raises(UserError, match="no delivery of residents of 2026-11-01 is held or waiting"):
        intake.check_accept(nights.lake, str(nights.zone.root), accept)


def test_what_a_delivery_was_held_for_stays_told_where_its_picture_fails_too(nights: Nights) -> None:
    gate = Gate()
    nights.zone.rows("residents", day(1), *(person(str(number)) for number in range(4)))
    nights.run(1, gate)
    nights.zone.rows("residents", day(2), person("1", "bad"))
    assert nights.run(2, gate).outcomes[0].reason == "1 keys, the last good picture has 4"
    result = nights.run(2, gate, Accept("residents", day(2), "T. Lan", "đúng"))
    assert people(result) == {"1": "bad"}
    assert "was held: 1 keys, the last good picture has 4" in str(result.outcomes[0].reason)


@pytest.mark.parametrize(("source", "number"), [("vehicles", 1), ("residents", 1)])
def test_what_there_is_no_accepting(nights: Nights, source: str, number: int) -> None:
    nights.zone.rows("residents", day(9), person("1"))
    accept = Accept(source, day(number), "T. Lan", "x")
    with pytest.raises(UserError, match="--accept"):
        intake.check_accept(nights.lake, str(nights.zone.root), accept)


def test_a_cleared_folder_is_no_refusal(nights: Nights) -> None:
    folder = nights.zone.rows("residents", day(1), person("1"))
    assert not nights.run(1).degraded
    (folder / "_manifest.json").unlink()
    result = nights.run(1)
    assert not result.degraded and any("without manifest" in line for line in result.warnings)
    shutil.rmtree(folder)
    folder.mkdir()
    assert (nights.run(1).degraded, nights.run(1).warnings) == (False, ())


def test_no_manifest(nights: Nights) -> None:
    folder = nights.zone.rows("residents", day(1), person("1"))
    manifest = json.loads((folder / "_manifest.json").read_text())
    (folder / "_manifest.json").unlink()
    result = nights.run(1)
    assert (outcomes(result), result.picture_as_of) == ([("refused", 1)], None)
    assert result.outcomes[0].mode is None and result.outcomes[0].rows is None
    (folder / "_manifest.json").write_text(json.dumps(manifest))
    assert outcomes(nights.run(1)) == [("taken", 1)]


def test_what_the_gate_warns_of_is_in_force_until_it_passes(nights: Nights) -> None:
    def warns(change: Change, produced_after: float | None) -> Judged:
        return Judged(change.rows, Verdict("warn", "names"))

    nights.zone.rows("residents", day(1), person("1"))
    nights.zone.rows("residents", day(3), person("2"), mode="delta")
    assert not nights.run(3).warned
    # One of before comes late: it is not the last of the picture by its date.
    nights.zone.rows("residents", day(2), person("3"), mode="delta")
    late = nights.run(4, warns)
    assert late.warned
    assert [each.reason for each in late.outcomes if each.delivery_date == day(2)] == ["gate warns: names"]
    nights.zone.rows("residents", day(2), person("4"), mode="delta")
    assert not nights.run(5).warned
