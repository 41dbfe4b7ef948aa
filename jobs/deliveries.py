"""The memory of what the agencies delivered: one record a delivery, and what follows from them (contract §1).

All functions but `load` and `save` are pure: the history of one source goes in, the next one comes out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Literal

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.landing import YEARS, DeliveryKey
from jobs.outcomes import Accept
from jobs.storage import Lake
from jobs.tables import DELIVERIES


class State(StrEnum):
    """What became of a delivery.

    Held and gate_failed ones count as if they had not come until someone accepts them; of an expired one, which a later
    full has superseded, maintenance has removed the rows.
    """

    TAKEN = "taken"
    REFUSED = "refused"
    HELD = "held"
    GATE_FAILED = "gate_failed"
    REPLACED = "replaced"
    EXPIRED = "expired"


HELD = (State.HELD, State.GATE_FAILED)
OPEN = (State.REFUSED, *HELD)


@dataclass(frozen=True)
class Delivery:
    """A row of `ops/deliveries`; see the table's contract."""

    source: str
    delivery_date: dt.date
    manifest_sha256: str
    decided_on: dt.date
    state: State = State.TAKEN
    mode: str | None = None
    produced_at: dt.datetime | None = None
    reason: str | None = None
    rows: int | None = None
    kept: int | None = None
    quarantined: int | None = None
    keys: int | None = None
    unreadable_keys: int | None = None
    accepted_by: str | None = None
    accepted_reason: str | None = None

    @property
    def key(self) -> DeliveryKey:
        """What tells it apart."""
        return DeliveryKey(self.source, self.delivery_date, self.manifest_sha256)

    @property
    def is_good_full(self) -> bool:
        """Whether it can be the base of a picture."""
        return self.state == State.TAKEN and self.mode == "full"

    @property
    def outcome(self) -> Literal["taken", "refused", "held", "gate_failed"]:
        """Its state as `ops/runs` names it."""
        outcomes: dict[State, Literal["taken", "refused", "held", "gate_failed"]] = {
            State.REFUSED: "refused",
            State.HELD: "held",
            State.GATE_FAILED: "gate_failed",
        }
        return outcomes.get(self.state, "taken")

    def accepted(self, accept: Accept) -> Delivery:
        """The same delivery, taken on an operator's word."""
        reason = f"accepted by {accept.by}: {accept.reason} (was {self.state}: {self.reason})"
        return replace(self, state=State.TAKEN, reason=reason, accepted_by=accept.by, accepted_reason=accept.reason)


# Deliveries of one source, in order of date and hash.
History = tuple[Delivery, ...]


def load(lake: Lake) -> dict[str, History]:
    """All that is remembered, by source; a source of which nothing is remembered has no entry."""
    # Versions before 0.8 let moments in that Python does not know.
    at = F.col("produced_at")
    known = lake.read(DELIVERIES).withColumn("produced_at", F.when(F.year(at).between(YEARS[0], YEARS[-1]), at))
    rows = known.toArrow().to_pylist()
    found = _ordered(Delivery(**{**row, "state": State(row["state"])}) for row in rows)
    return {source: tuple(group) for source, group in groupby(found, lambda each: each.source)}


def save(lake: Lake, histories: Mapping[str, History]) -> None:
    """Replace what is remembered of the sources given, in one commit."""
    if not histories:
        return
    rows = [asdict(each) for history in histories.values() for each in history]
    table = pa.Table.from_pylist(rows, to_arrow_schema(DELIVERIES.schema))
    sources = ", ".join(f"'{source}'" for source in histories)
    lake.write(DELIVERIES, lake.spark.createDataFrame(table), replace_where=f"source in ({sources})")


def admit(history: History, delivery: Delivery) -> History:
    """History with a delivery (in place of its own earlier state).

    One that is taken replaces every other of its date; one that is refused replaces what was refused before it.
    """
    out = {State.TAKEN: tuple(State), State.REFUSED: (State.REFUSED,)}.get(delivery.state, OPEN)
    others = (each for each in history if each.key != delivery.key)
    return _ordered(
        [
            delivery,
            *(
                replace(each, state=State.REPLACED, decided_on=delivery.decided_on)
                if each.delivery_date == delivery.delivery_date and each.state in out and each.state != State.REPLACED
                else each
                for each in others
            ),
        ]
    )


def members(history: History) -> History:
    """Deliveries that make the picture, by date: the latest good full, then the good deltas dated after it."""
    base = max((each for each in history if each.is_good_full), key=lambda each: each.delivery_date, default=None)
    if base is None:
        return ()
    later = (each for each in history if each.state == State.TAKEN and each.delivery_date > base.delivery_date)
    return (base, *later)


def expired(history: History, limit: dt.date) -> History:
    """History in which what was taken of the time before a date is known to have no rows any more."""
    return tuple(
        replace(each, state=State.EXPIRED) if each.state == State.TAKEN and each.delivery_date < limit else each
        for each in history
    )


def unsettled(history: History) -> History:
    """Refused and held deliveries that no later good full has superseded: they keep their source degraded."""
    base = next(iter(members(history)), None)
    return tuple(
        each for each in history if each.state in OPEN and (base is None or each.delivery_date >= base.delivery_date)
    )


def _ordered(deliveries: Iterable[Delivery]) -> History:
    return tuple(sorted(deliveries, key=lambda each: each.key))
