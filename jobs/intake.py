"""The intake of one source for one night: landing zone → bronze → picture, and what became of each delivery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jobs import bronze, deliveries, landing
from jobs.deliveries import HELD, OPEN, Delivery, History, State
from jobs.errors import UserError
from jobs.landing import VIETNAM, Arrival, DeliveryKey, Refused
from jobs.outcomes import Accept, Judge, Judged, SourceOutcome, Verdict
from jobs.picture import change, key_count, picture
from jobs.settings import IngestSettings
from jobs.sources import SOURCES, Source
from jobs.storage import Lake
from jobs.tables import BRONZE

# How the reason of a delivery begins that was taken with a warning.
_WARNED = "gate warns: "


@dataclass(frozen=True)
class Intake:
    """One source after the night's intake.

    Attributes:
        source: its name.
        outcomes: rows for `ops/runs.sources`; at least one.
        picture: the new picture as the gate gave it back, None where nothing changed since the last finished run.
        picture_as_of: business date of the newest delivery in the picture in force, None where there never was one.
        degraded: a delivery is refused, held or absent and not settled.
        warned: the gate warns of the picture in force.
        history: all that is now remembered of its deliveries; for the caller to save.
        judged: the picture with all that is new, as the gate saw it, None where it was not asked.
        warnings: lines for the operator (unlisted files, null countries …).
        rows_in: rows read from the landing zone this night; rows_kept: those that are in bronze now.
    """

    source: str
    outcomes: tuple[SourceOutcome, ...]
    picture: Judged | None
    picture_as_of: dt.date | None
    degraded: bool
    warned: bool
    history: History
    judged: Judged | None = None
    warnings: tuple[str, ...] = ()
    rows_in: int = 0
    rows_kept: int = 0


def check_accept(lake: Lake, landing_zone: str, accept: Accept) -> None:
    """Whether there is anything that an operator's `--accept` could mean.

    Raises:
        UserError: an unknown source, or a date of which nothing was held and nothing new lies in the landing zone.
    """
    source = SOURCES.get(accept.source)
    if source is None:
        raise UserError(f"--accept: {accept.source} is no source")
    history = deliveries.load(lake).get(source.name, ())
    known = {each.delivery_date for each in history if each.state in HELD or each.accepted_by}
    arrived, _ = landing.arrivals(lake.files, landing_zone, source, accept.delivery_date)
    in_hand = {each.key for each in history if _is_in_hand(each)}
    waiting = {each.delivery_date for each in arrived if each.key not in in_hand}
    if accept.delivery_date not in known | waiting:
        raise UserError(f"--accept: no delivery of {accept.source} of {accept.delivery_date} is held or waiting")


def take_in(
    lake: Lake,
    landing_zone: str,
    source: Source,
    before: History,
    business_date: dt.date,
    settings: IngestSettings,
    accept: Accept | None,
    judge: Judge,
    *,
    afresh: bool,
) -> Intake:
    """Take in what a source has delivered up to a night; writes its bronze and `ops/quarantine`.

    Args:
        lake: the warehouse, in the state of the last finished night.
        landing_zone: path or URI.
        source: which one.
        before: what is remembered of its deliveries.
        business_date: the night.
        settings: cadence and the limits of a hold.
        accept: an operator's word on a held delivery of this or another source.
        judge: the gate.
        afresh: whether a new picture is made of all its deliveries, and not of the former one and what has changed.

    Returns:
        What became of every delivery. `judged` is the picture with all that is new; where it failed, `picture` is one
        that passed (or None).

    Raises:
        NightFailed: rows got lost.
    """
    arrived, warnings = landing.arrivals(lake.files, landing_zone, source, business_date)
    mine = accept if accept is not None and accept.source == source.name else None
    former = () if afresh else deliveries.members(before)
    night = _Night(lake, source, business_date, settings, mine, judge, former)
    received = _receive_all(night, before, arrived)
    decided = _decide(night, received)
    _forget_replaced(lake, before, decided.history)
    return replace(
        recalled(decided.history, source, business_date, settings),
        picture=decided.picture,
        judged=decided.judged,
        warnings=(*warnings, *received.warnings, *_repeated(decided), *_in_vain(mine, decided.history)),
        rows_in=sum(each.rows or 0 for each in received.read),
        rows_kept=sum(each.kept or 0 for each in received.read),
    )


def recalled(history: History, source: Source, business_date: dt.date, settings: IngestSettings) -> Intake:
    """What a night makes of a source of which it knows no more than what is remembered."""
    outcomes, degraded = report(history, source, business_date, settings)
    return Intake(
        source=source.name,
        outcomes=outcomes,
        picture=None,
        picture_as_of=_as_of(history),
        degraded=degraded,
        warned=_warned(history),
        history=history,
    )


@dataclass(frozen=True)
class _Night:
    lake: Lake
    source: Source
    business_date: dt.date
    settings: IngestSettings
    accept: Accept | None
    judge: Judge
    former: History


# ── receiving: what is new is verified and written to bronze ──


@dataclass(frozen=True)
class _Received:
    """History with all that needs no decision; `fresh` still does; `read` are those whose files were read."""

    history: History
    fresh: tuple[Delivery, ...] = ()
    read: tuple[Delivery, ...] = ()
    warnings: tuple[str, ...] = ()


def _receive_all(night: _Night, history: History, arrived: Iterable[Arrival]) -> _Received:
    received = _Received(history, fresh=tuple(each for each in history if _is_accepted_now(night, each)))
    for arrival in arrived:
        received = _receive(night, received, arrival)
    return received


def _is_accepted_now(night: _Night, delivery: Delivery) -> bool:
    return delivery.state in HELD and night.accept is not None and night.accept.delivery_date == delivery.delivery_date


def _receive(night: _Night, received: _Received, arrival: Arrival) -> _Received:
    """One folder of the landing zone: known already, or read and up for decision, or refused."""
    in_hand = [each for each in received.history if _is_in_hand(each) and each.delivery_date == arrival.delivery_date]
    same = next((each for each in in_hand if each.key == arrival.key), None)
    if same is not None:
        return replace(received, history=_sent_again(received.history, same))
    if arrival.manifest_bytes is None and in_hand:
        return replace(received, warnings=(*received.warnings, *_left_over(arrival)))
    delivery, warnings = _read(night, arrival)
    warned = replace(received, warnings=(*received.warnings, *warnings))
    if delivery.state == State.REFUSED:
        known = next((each for each in warned.history if each.key == delivery.key), None)
        is_news = known is None or (known.state, known.reason) != (delivery.state, delivery.reason)
        return replace(warned, history=deliveries.admit(warned.history, delivery)) if is_news else warned
    return replace(warned, fresh=(*warned.fresh, delivery), read=(*warned.read, delivery))


def _is_in_hand(delivery: Delivery) -> bool:
    return delivery.state in (State.TAKEN, State.EXPIRED, *HELD)


def _sent_again(history: History, same: Delivery) -> History:
    """A good delivery that lies there (again) settles what was refused or held of its date."""
    is_open = any(each.state in OPEN and each.delivery_date == same.delivery_date for each in history)
    return deliveries.admit(history, same) if is_open and same.state == State.TAKEN else history


def _left_over(arrival: Arrival) -> list[str]:
    """The landing zone may be cleared of what was taken; a warning where only the manifest is gone."""
    return [f"{arrival.key.title}: files without manifest, ignored; what was taken stays"] if arrival.entries else []


def _read(night: _Night, arrival: Arrival) -> tuple[Delivery, list[str]]:
    """Verify and read a delivery: refused, or taken for the time being."""
    blank = Delivery(night.source.name, arrival.delivery_date, arrival.manifest_sha256, night.business_date)
    warnings: list[str] = []
    try:
        manifest = landing.read_manifest(night.lake.files, arrival)
        blank = replace(blank, mode=manifest.mode, produced_at=manifest.produced_at, rows=manifest.rows)
        warnings = landing.unlisted(arrival, manifest)
        landing.verify(night.lake.files, arrival, manifest)
        counts = bronze.take(night.lake, arrival, manifest)
    except Refused as error:
        return replace(blank, state=State.REFUSED, reason=str(error)), warnings
    if counts.null_countries:
        warnings.append(f"{arrival.key.title}: {counts.null_countries} rows without country, taken as VN")
    kept, quarantined, unreadable = counts.kept, counts.quarantined, counts.unreadable_keys
    return replace(blank, kept=kept, quarantined=quarantined, unreadable_keys=unreadable), warnings


def _forget_replaced(lake: Lake, before: History, after: History) -> None:
    gone = {each.key for each in before if each.state == State.REPLACED}
    for each in after:
        if each.state == State.REPLACED and each.kept is not None and each.key not in gone:
            bronze.forget(lake, each.key)


# ── deciding: taken or held ──


@dataclass(frozen=True)
class _Decided:
    history: History
    picture: Judged | None = None
    judged: Judged | None = None


@dataclass(frozen=True)
class _Pictures:
    """Pictures of the night, each made and judged once."""

    night: _Night
    known: dict[tuple[DeliveryKey, ...], Judged] = field(default_factory=dict)

    def verdict(self, history: History) -> Verdict:
        """What the gate says of the picture that a history makes."""
        return self.judged(history).verdict

    def judged(self, history: History) -> Judged:
        """That picture, as the gate saw it."""
        keys, members = _keys(history), deliveries.members(history)
        if keys not in self.known:
            table = self.night.lake.read(BRONZE[self.night.source.name])
            changed = change(table, self.night.source, self.night.former, members)
            self.known[keys] = self.night.judge(changed, _produced_after(members))
        return self.known[keys]


def _produced_after(members: History) -> float | None:
    """Hours from the start of its business date in Vietnam to when the newest delivery was produced."""
    newest = members[-1] if members else None
    if newest is None or newest.produced_at is None:
        return None
    start = dt.datetime.combine(newest.delivery_date, dt.time(), VIETNAM)
    produced = newest.produced_at if newest.produced_at.tzinfo else newest.produced_at.astimezone()
    return (produced - start).total_seconds() / 3600


def _keys(history: History) -> tuple[DeliveryKey, ...]:
    return tuple(each.key for each in deliveries.members(history))


def _decide(night: _Night, received: _Received) -> _Decided:
    """Hold what must be held. The gate sees the picture with all that is new; single deliveries only if that fails."""
    history, pictures = received.history, _Pictures(night)
    for delivery in received.fresh:
        history = deliveries.admit(history, _taken_or_held(night, history, delivery))
    if _keys(history) == _keys(received.history):
        return _Decided(history)
    judged = pictures.judged(history)
    if not judged.verdict.passed:
        history = _one_by_one(night, received, pictures)
    if _keys(history) == _keys(received.history):
        return _Decided(history, None, judged)
    accepted = pictures.judged(history)
    counted = _with_key_count(history, accepted.rows.count())
    return _Decided(_with_warning(counted, received, accepted.verdict), accepted, judged)


def _with_warning(history: History, received: _Received, verdict: Verdict) -> History:
    """What the gate warns of is told of the newest of tonight's deliveries in the picture, and stands with its last.

    The last by date may be an older one, where a late delivery came; what was told of it then counts no more.
    """
    fresh, members = {each.key for each in received.fresh}, deliveries.members(history)
    newest = next((each for each in reversed(members) if each.key in fresh), None)
    warned = verdict.answer == "warn"

    def told(each: Delivery) -> Delivery:
        """The delivery with what the gate says now; who has accepted one stays named."""
        if each.accepted_by or each not in (newest, members[-1]):
            return each
        if warned:
            return replace(each, reason=f"{_WARNED}{verdict.reason}")
        return replace(each, reason=None) if (each.reason or "").startswith(_WARNED) else each

    return tuple(map(told, history))


def _warned(history: History) -> bool:
    """Whether the gate warned of the picture in force when its newest delivery came."""
    newest = deliveries.members(history)[-1:]
    return any((each.reason or "").startswith(_WARNED) for each in newest)


def verdict_in_force(history: History) -> Verdict | None:
    """What the gate said of the picture in force; None where people accepted it against the gate, or there is none."""
    inside = deliveries.members(history)
    if not inside or any(each.accepted_by for each in inside):
        return None
    return Verdict("warn", (inside[-1].reason or "").removeprefix(_WARNED)) if _warned(history) else Verdict("pass", "")


def _one_by_one(night: _Night, received: _Received, pictures: _Pictures) -> History:
    history = received.history
    for delivery in received.fresh:
        decided = _taken_or_held(night, history, delivery)
        tried = deliveries.admit(history, decided)
        # Whoever accepts what was held accepts its picture: what it was held for is what he was told.
        new = not decided.accepted_by and _keys(tried) != _keys(history)
        if new and not _passes(history, tried, pictures):
            reason = f"gate: {pictures.verdict(tried).reason}"
            tried = deliveries.admit(history, _hold(night, delivery, State.GATE_FAILED, reason))
        history = tried
    return history


def _passes(history: History, tried: History, pictures: _Pictures) -> bool:
    """Whether a delivery leaves the picture good, or no worse than the accepted one on which it stands."""
    stands_on_accepted = any(each.accepted_by for each in deliveries.members(history))
    return pictures.verdict(tried).passed or (stands_on_accepted and not pictures.verdict(history).passed)


def _taken_or_held(night: _Night, history: History, delivery: Delivery) -> Delivery:
    if delivery.state in HELD:
        return _hold(night, delivery, delivery.state, delivery.reason)
    reason = _hold_reason(night, history, delivery) if delivery.mode == "full" else None
    return _hold(night, delivery, State.HELD, reason) if reason else delivery


def _hold(night: _Night, delivery: Delivery, state: State, reason: str | None) -> Delivery:
    """The delivery held, unless an operator accepts it."""
    held = replace(delivery, state=state, reason=reason, decided_on=night.business_date)
    accept = night.accept
    return held.accepted(accept) if accept and accept.delivery_date == delivery.delivery_date else held


def _hold_reason(night: _Night, history: History, full: Delivery) -> str | None:
    """Why a full delivery must be held before any gate."""
    limits, rows, unreadable = night.settings, full.rows or 0, full.unreadable_keys or 0
    if not full.kept:
        return "a full delivery without rows" if not rows else "a full delivery without a good row"
    if unreadable > limits.max_unreadable_keys_share * rows:
        return f"{unreadable} of {rows} rows without a readable key"
    last = deliveries.members(history)
    if not last:
        return None
    had, has = _keys_of_picture(night, last), _count(night, full)
    return f"{has} keys, the last good picture has {had}" if has < limits.min_keys_share * had else None


def _count(night: _Night, full: Delivery) -> int:
    return key_count(night.lake.read(BRONZE[night.source.name]), night.source, (full,))


def _keys_of_picture(night: _Night, members: History) -> int:
    """Keys of the picture that deliveries make: told with all of them where the gate has seen it, else counted."""
    first, *others = (each.keys for each in members)
    if first is not None and all(keys == first for keys in others):
        return first
    return picture(night.lake.read(BRONZE[night.source.name]), night.source, members).count()


def _repeated(decided: _Decided) -> list[str]:
    """A warning where keys stand twice in the full delivery that alone makes the new picture.

    Of each the newest row counts; whoever sent the others should know.
    """
    members = deliveries.members(decided.history) if decided.picture else ()
    if len(members) != 1:
        return []
    (full,) = members
    more = (full.kept or 0) - (full.keys or 0)
    return [f"{full.key.title}: {more} rows repeat a key, of each key the newest row counts"] if more else []


def _in_vain(accept: Accept | None, history: History) -> list[str]:
    """A warning where somebody accepts what was not held: it was good anyway, or refused, which nobody can accept."""
    if accept is None or any(each.delivery_date == accept.delivery_date and each.accepted_by for each in history):
        return []
    return [f"--accept {accept.source}:{accept.delivery_date}: nothing of that date was held, so nothing was accepted"]


def _with_key_count(history: History, keys: int) -> History:
    inside = set(_keys(history))
    return tuple(replace(each, keys=keys) if each.key in inside else each for each in history)


# ── reporting ──


def report(
    history: History, source: Source, business_date: dt.date, settings: IngestSettings
) -> tuple[tuple[SourceOutcome, ...], bool]:
    """Rows for `ops/runs.sources`, and whether the source is degraded.

    Listed are the deliveries decided this night, those that keep the source degraded, and accepted ones in force; where
    there is none of these, the newest delivery in force.
    """
    members, unsettled = deliveries.members(history), deliveries.unsettled(history)
    absent = _absence(history, source, business_date, settings)
    listed = [
        each
        for each in history
        if each in unsettled
        or (each.decided_on == business_date and each.state != State.REPLACED)
        or (each in members and each.accepted_by)
    ]
    as_of = _as_of(history)
    rows = [_outcome(each, as_of) for each in listed or (() if absent else members[-1:])]
    if absent:
        rows.append(SourceOutcome(source.name, None, None, "absent", absent, None, None, as_of))
    return tuple(rows), bool(unsettled or absent)


def _absence(history: History, source: Source, business_date: dt.date, settings: IngestSettings) -> str | None:
    """Why a source counts as absent: nothing of it came within its cadence, or never a full delivery."""
    newest = max((each.delivery_date for each in history if each.state != State.REPLACED), default=None)
    if newest is None:
        return "never delivered"
    cadence = settings.cadence_days.get(source.name, 1)
    if (business_date - newest).days >= cadence:
        return f"nothing since {newest}, due every {cadence} day(s)"
    if not any(each.is_good_full or each.state in OPEN for each in history):
        return "only changes so far, never a full delivery"
    return None


def _outcome(delivery: Delivery, as_of: dt.date | None) -> SourceOutcome:
    return SourceOutcome(
        delivery.source,
        delivery.delivery_date,
        delivery.mode,
        delivery.outcome,
        delivery.reason,
        delivery.rows,
        delivery.quarantined,
        as_of,
    )


def _as_of(history: History) -> dt.date | None:
    return max((each.delivery_date for each in deliveries.members(history)), default=None)
