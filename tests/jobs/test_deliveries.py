"""What follows from the history of a source: its picture, what is settled, what the night reports (contract §1)."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.deliveries import Delivery, History, State, admit, members, unsettled
from jobs.intake import report
from jobs.outcomes import Accept
from jobs.settings import IngestSettings
from jobs.sources import SOURCES
from tests.jobs.zone import day

SOURCE = SOURCES["declarations"]


def delivery(text: str, night: int | None = None) -> Delivery:
    """`full 1`, `delta 2 refused`, `full 1b held`: mode, day (and which manifest of it), state; decided on its day."""
    mode, when, *state = text.split()
    date = day(int(when.rstrip("bc")))
    return Delivery(
        SOURCE.name,
        date,
        manifest_sha256=when,
        decided_on=day(night) if night else date,
        state=State(*state) if state else State.TAKEN,
        mode=mode,
        reason="why" if state else None,
        rows=10,
        kept=9,
        quarantined=1,
    )


def history(*texts: str) -> History:
    found: History = ()
    for text in texts:
        found = admit(found, delivery(text))
    return found


def names(deliveries: History) -> list[str]:
    return [f"{each.mode} {each.manifest_sha256}" for each in deliveries]


PICTURES: dict[str, tuple[list[str], list[str]]] = {
    "nothing": ([], []),
    "a full": (["full 1"], ["full 1"]),
    "a full and the deltas after it": (["full 1", "delta 2", "delta 3"], ["full 1", "delta 2", "delta 3"]),
    "the latest full": (["full 1", "delta 2", "full 3", "delta 4"], ["full 3", "delta 4"]),
    "a late full changes nothing where a later one is": (["full 3", "delta 4", "full 2"], ["full 3", "delta 4"]),
    "a late delta counts": (["full 1", "delta 3", "delta 2"], ["full 1", "delta 2", "delta 3"]),
    "deltas without a full": (["delta 1", "delta 2"], []),
    "refused and held as if they had not come": (
        ["full 1", "full 2 refused", "delta 3 held", "delta 4 gate_failed", "delta 5"],
        ["full 1", "delta 5"],
    ),
    "a changed manifest replaces its date": (["full 1", "delta 2", "delta 2b"], ["full 1", "delta 2b"]),
    "a full in place of a delta": (["full 1", "delta 2", "full 2b", "delta 3"], ["full 2b", "delta 3"]),
    "refused, it leaves the good one": (["full 1", "full 1b refused"], ["full 1"]),
    "held, it leaves the good one": (["full 1", "full 1b held"], ["full 1"]),
}


@pytest.mark.parametrize(("came", "expected"), PICTURES.values(), ids=list(PICTURES))
def test_what_makes_the_picture(came: list[str], expected: list[str]) -> None:
    assert names(members(history(*came))) == expected


SETTLED: dict[str, tuple[list[str], list[str]]] = {
    "refused": (["full 1", "delta 2 refused"], ["delta 2"]),
    "later deltas apply, it stays": (["full 1", "delta 2 refused", "delta 3"], ["delta 2"]),
    "a later good full": (["full 1", "delta 2 refused", "full 3 held", "full 4"], []),
    "an earlier good full does not settle": (["full 2", "full 3 refused", "full 1"], ["full 3"]),
    "a later full that is itself held does not": (["full 1", "delta 2 refused", "full 3 held"], ["delta 2", "full 3"]),
    "sent again": (["full 1", "delta 2 refused", "delta 2b"], []),
    "sent again and refused again": (["full 1", "delta 2 refused", "delta 2b refused"], ["delta 2b"]),
    "beside a good one of its date": (["full 1", "full 1b refused"], ["full 1b"]),
    "the good one sent again": (["full 1", "full 1b refused", "full 1"], []),
    "held, then refused": (["full 1", "full 2 held", "full 2b refused"], ["full 2", "full 2b"]),
    "held, then held": (["full 1", "full 2 held", "full 2b held"], ["full 2b"]),
    "held and nothing else": (["full 1 held"], ["full 1"]),
}


@pytest.mark.parametrize(("came", "expected"), SETTLED.values(), ids=list(SETTLED))
def test_what_keeps_a_source_degraded(came: list[str], expected: list[str]) -> None:
    assert names(unsettled(history(*came))) == expected


def reported(came: History, night: int, cadence: int = 1) -> tuple[list[tuple[str, int | None]], bool, int | None]:
    settings = IngestSettings(cadence_days={SOURCE.name: cadence})
    outcomes, degraded = report(came, SOURCE, day(night), settings)
    (as_of,) = {each.picture_as_of for each in outcomes}
    listed = [(each.outcome, each.delivery_date and each.delivery_date.day) for each in outcomes]
    return listed, degraded, as_of and as_of.day


# History, night, cadence → outcomes, degraded, picture as of.
REPORTS: dict[str, tuple[list[str], int, int, list[tuple[str, int | None]], bool, int | None]] = {
    "tonight's": (["full 1", "delta 2"], 2, 1, [("taken", 2)], False, 2),
    "never came": ([], 2, 1, [("absent", None)], True, None),
    "never came, whatever the cadence": ([], 2, 30, [("absent", None)], True, None),
    "nothing tonight": (["full 1"], 2, 1, [("absent", None)], True, 1),
    "nothing tonight, within its cadence": (["full 1"], 7, 7, [("taken", 1)], False, 1),
    "past its cadence": (["full 1"], 8, 7, [("absent", None)], True, 1),
    "only deltas": (["delta 1"], 1, 1, [("taken", 1), ("absent", None)], True, None),
    "refused tonight": (["full 1", "full 2 refused"], 2, 1, [("refused", 2)], True, 1),
    "refused, the next night": (["full 1", "full 2 refused"], 3, 1, [("refused", 2), ("absent", None)], True, 1),
    "refused, then a delta": (["full 1", "full 2 refused", "delta 3"], 3, 1, [("refused", 2), ("taken", 3)], True, 3),
    "refused, then a full": (["full 1", "full 2 refused", "full 3"], 3, 1, [("taken", 3)], False, 3),
    "failed its gate": (["full 1", "full 2 gate_failed"], 2, 1, [("gate_failed", 2)], True, 1),
    "the first one held": (["full 1 held"], 1, 1, [("held", 1)], True, None),
}


@pytest.mark.parametrize(
    ("came", "night", "cadence", "listed", "degraded", "as_of"), REPORTS.values(), ids=list(REPORTS)
)
def test_what_the_night_reports(
    came: list[str], night: int, cadence: int, listed: list[tuple[str, int | None]], degraded: bool, as_of: int | None
) -> None:
    assert reported(history(*came), night, cadence) == (listed, degraded, as_of)


def test_late_deliveries_are_reported_on_the_night_that_took_them() -> None:
    came = admit(admit(history("full 1"), delivery("delta 2", night=4)), delivery("delta 4"))
    assert reported(came, 4)[0] == [("taken", 2), ("taken", 4)]


def test_accepted_stays_accepted_and_says_who_and_why() -> None:
    accept = Accept(SOURCE.name, day(2), "T. Lan", "đã đối chiếu")
    held = delivery("full 2 held")
    came = admit(history("full 1"), held.accepted(accept))
    assert names(members(came)) == ["full 2"]
    for night, cadence in ((2, 1), (5, 30)):
        (outcome,), degraded = report(came, SOURCE, day(night), IngestSettings(cadence_days={SOURCE.name: cadence}))
        assert (outcome.outcome, degraded) == ("taken", False)
        assert outcome.reason is not None and "T. Lan" in outcome.reason and "đã đối chiếu" in outcome.reason


def test_outcome_carries_the_manifests_rows() -> None:
    (outcome,), _ = report(history("full 1"), SOURCE, day(1), IngestSettings())
    assert (outcome.mode, outcome.rows, outcome.quarantined, outcome.reason) == ("full", 10, 1, None)
    assert isinstance(outcome.picture_as_of, dt.date)
