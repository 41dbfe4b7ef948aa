"""One night, from the landing zone to flagged sellers.

The warehouse moves from one finished run to the next. A run begins by bringing every table back to where the last
finished run left it, so that a crash at any point costs nothing but time; what it wrote counts once its row in
`ops/runs` says that it finished.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from expectations.derived import REFERENCES
from jobs import (
    audit,
    corrections,
    decisions,
    deliveries,
    drift,
    gate,
    gold,
    intake,
    ledger,
    link_decisions,
    lock,
    memory,
    party_events,
    quality,
    silver,
    space,
    tables,
    training,
)
from jobs import landing as landing_zone
from jobs.deliveries import History
from jobs.errors import NightFailed, UserError
from jobs.intake import Intake
from jobs.law import judged_years
from jobs.ledger import Run, StageRow
from jobs.match import MATCHED, match
from jobs.memory import Memory
from jobs.outcomes import GOLD, Accept, Change, Judged, SourceOutcome
from jobs.picture import picture
from jobs.settings import Settings
from jobs.sources import SOURCES, Source
from jobs.standing import gold_stands, match_stands, means_the_same, reshaped, shaped_by
from jobs.storage import Lake, is_gone
from jobs.together import Clock, side_by_side
from jobs.training import Accepted
from matching import changes
from matching.changes import Tracked, of

# What a night comes to, of which a rebuild says in how many rows it differs.
_DECIDED = (tables.SELLER_LINKS, tables.SELLER_PARTIES, tables.FLAGGED_SELLERS, tables.CORRECTIONS)
# Nights whose seconds say how long a stage usually takes.
_USUAL_NIGHTS = 7


@dataclass
class Night:
    """A run in progress: what the stages share.

    Attributes:
        lake: the warehouse.
        landing: path or URI of the landing zone.
        business_date: the only today.
        settings: of the run.
        accept: an operator's override of a hold.
        full: whether all is computed anew even where nothing has changed.
        progress: told what is being done.
        ended: told of the run's row when it ends, well or not.
        base: row of the last finished run, None where there is none.
        usual: seconds that each stage took in the last finished runs.
        profiles: rows of `gold/quality_profiles` of the nights before.
        remembered: deliveries that the night before knew, by source.
        intakes: result of the intake, by source.
        rows: of all pictures.
        stands: whether nothing has changed that match and corrections rest on.
        since: what the match knows to have changed since the last finished run; None where all may have.
        memory: what tonight's match leaves to the next, None where it was not made anew.
        accepted: what an operator has accepted of gold, None where nothing was to be accepted.
        decided: whether people have decided on cases while it was at work: the next night judges these again.
        stages: seconds and rows of the stages so far.
        clock: times the stages.
    """

    lake: Lake
    landing: str
    business_date: dt.date
    settings: Settings
    accept: Accept | None
    full: bool
    progress: Callable[[str], None]
    ended: Callable[[Run], None]
    base: Mapping[str, Any] | None = None
    usual: Mapping[str, float] = field(default_factory=dict)
    profiles: Sequence[Row] = ()
    remembered: Mapping[str, History] = field(default_factory=dict)
    intakes: dict[str, Intake] = field(default_factory=dict)
    rows: int = 0
    stands: bool = False
    since: corrections.Since | None = None
    memory: Memory | None = None
    accepted: SourceOutcome | None = None
    decided: bool = False
    stages: list[StageRow] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def begin(self, stage: str) -> None:
        """Tell that a stage begins, and how long it usually takes."""
        usual = self.usual.get(stage)
        self.progress(stage if usual is None else f"{stage}: usually {usual:.0f} s")

    def done(self, stage: str, rows_in: int | None = None, rows_out: int | None = None) -> None:
        """Write a stage down."""
        self.stages.append(StageRow(stage, round(self.clock.seconds(stage), 2), rows_in, rows_out))


def run_night(
    lake: Lake,
    landing: str,
    business_date: dt.date,
    settings: Settings,
    accept: Accept | None,
    progress: Callable[[str], None],
    *,
    full: bool = False,
    new_key: bool = False,
    ended: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Run a night; returns its finished row.

    A business date that is done already, of which nothing has changed since, is left as it is; with `full` it is
    computed anew, and `progress` is told in how many rows that makes a difference.

    Raises:
        UserError: no landing folder, a business date before the newest finished one, nothing to accept, another secret
            than the last night's without `new_key`, too little room on the disk, or another run is at work; nothing was
            written.
        NightFailed: the night cannot go on; its row says so, the warehouse is as it was.
    """
    for warning in landing_zone.check(lake.files, landing):
        progress(f"warning: {warning}")
    _check_accept(lake, landing, business_date, accept)
    last = ledger.last_up_to(lake, business_date)
    if not new_key:
        _check_key(last, settings)
    space.check(lake.files, lake.root, landing, last["business_date"] if last else None, business_date)
    with lock.only_run(lake.files, lake.root, f"the night {business_date}"):
        return _run(Night(lake, landing, business_date, settings, accept, full, progress, ended))


def _run(night: Night) -> Run:
    lake, business_date, settings = night.lake, night.business_date, night.settings
    decisions.adopt(lake)
    # Again: another run may have ended before this one took the lock.
    night.base = ledger.last_up_to(lake, business_date)
    night.usual = ledger.usual_seconds(lake, _USUAL_NIGHTS)
    run = ledger.begin(lake, business_date, shaped_by(settings, {}), night.base, settings.gold.key_check)

    def failed(error: BaseException) -> Run:
        """The run's row where it breaks off."""
        return _told(night, run.ended("failed", _reason(error)))

    with ledger.all_or_nothing(lake, ledger.table_versions(night.base), failed, night.ended):
        _stages(night)
        status = "degraded" if any(result.degraded for result in night.intakes.values()) else "succeeded"
        done = replace(_told(night, run.ended(status)), versions=shaped_by(settings, lake.current_versions()))
    ledger.finish(lake, done)
    night.ended(done)
    if night.memory is not None:
        try:
            night.memory.clear_others()
        except Py4JJavaError:
            # The night has finished; the next match clears them away.
            night.progress("warning: match: what the match before left could not be removed")
    return done


def _check_key(last: Mapping[str, Any] | None, settings: Settings) -> None:
    """By another secret every case would be another one: those dismissed would be opened anew."""
    known = last["key_check"] if last else None
    if known is not None and known != settings.gold.key_check:
        raise UserError(
            "gold.hash_key is not the one of the last run: every case would get another id, and what was decided on it "
            "be lost; give that run's --config, or --new-key if that is meant"
        )


def _check_accept(lake: Lake, landing: str, business_date: dt.date, accept: Accept | None) -> None:
    if accept is None:
        return
    if accept.source != GOLD:
        intake.check_accept(lake, landing, accept)
    elif accept.delivery_date != business_date:
        raise UserError(f"--accept {GOLD}: its date must be the business date, {business_date}")


def _stages(night: Night) -> None:
    """The night, in reading order."""
    usual = sum(night.usual.values())
    night.progress(f"night {night.business_date}" + (f": usually {usual:.0f} s" if usual else ""))
    with night.clock.time("bronze"):
        night.remembered = deliveries.load(night.lake)
    with night.clock.time("gate"):
        night.profiles = quality.profiles_before(night.lake, night.business_date)
    _take_all_in(night)
    _record_intake(night)
    _require_sources(night)
    unchanged = _is_unchanged(night)
    if unchanged and not night.full:
        night.progress(f"nothing has changed since {night.business_date} was done: its tables stay as they are")
        return
    decide(night)
    if unchanged:
        _compare(night)


def decide(night: Night) -> None:
    """From silver to cases: what the night has taken in stands in `night.intakes`, what the one before left in gold."""
    night.stands = not night.full and match_stands(night.lake, night.base, night.business_date, night.settings)
    _match(night)
    with side_by_side(night.lake.spark) as start:
        start(partial(_gold, night))
        start(partial(_corrections, night))
    night.lake.clear_scratch()
    lake = night.lake
    night.done("gold", lake.pin(tables.SELLER_LINKS).count(), lake.pin(tables.FLAGGED_SELLERS).count())
    night.done("audit")
    if night.decided:
        night.done(ledger.DECISIONS)
    night.done("corrections", None, lake.pin(tables.CORRECTIONS).count())


def _is_unchanged(night: Night) -> bool:
    """Whether the last finished run was of this date, on the same deliveries, by the same code, settings and rules."""
    if night.base is None or night.accept is not None or night.base["business_date"] != night.business_date:
        return False
    if ledger.decided_since(night.base, ledger.DECISIONS, ledger.LINK_DECISIONS):
        return False
    if reshaped(night.base, night.settings) or not training.is_used(night.lake):
        return False
    taken = night.intakes.values()
    return all(each.picture is None and each.history == night.remembered.get(each.source, ()) for each in taken)


def _compare(night: Night) -> None:
    """Tell in how many rows a rebuild differs from what it replaces: in none, if a night is what it says."""
    before = ledger.left_by(night.lake, night.base)
    for table in filter(before.exists, (*tables.SILVER.values(), *_DECIDED)):
        night.progress(
            f"full: {table.path}: {differing_rows(before.read(table), night.lake.read(table)):,} rows differ"
        )


def differing_rows(one: DataFrame, other: DataFrame) -> int:
    """Rows that stand in only one of two tables of the same columns."""

    def rows(frame: DataFrame, sign: int) -> DataFrame:
        """A number for each row, and a sign for the table that it stands in."""
        return frame.select(F.xxhash64(F.to_json(F.struct(*frame.columns))).alias("row"), F.lit(sign).alias("sign"))

    counted = rows(one, 1).union(rows(other, -1)).groupBy("row").agg(F.abs(F.sum("sign")).alias("apart"))
    (found,) = counted.agg(F.coalesce(F.sum("apart"), F.lit(0))).collect()
    return int(found[0])


# ── landing → bronze → picture → gate → silver ──


def _take_all_in(night: Night) -> None:
    """Every source, side by side; the gate of one waits for the tables that it looks values up in, all before it."""
    taken: dict[str, Future[None]] = {}
    with side_by_side(night.lake.spark) as start:
        for source in SOURCES.values():
            taken[source.name] = start(partial(_take_in, night, source, night.remembered.get(source.name, ()), taken))
    night.intakes = {name: night.intakes[name] for name in SOURCES}


def _take_in(night: Night, source: Source, before: History, taken: Mapping[str, Future[None]]) -> None:
    night.progress(f"bronze: {source.name}")

    def judge(change: Change, produced_after: float | None) -> Judged:
        """The gate's verdict on a picture of this source, on the clocks of silver and gate."""
        if change.rows is None:
            # The table holds what the gate has rejected, where that was asked about a picture with more in it.
            lake.bring_back(table, former)
        if change.rows is None and gate.in_time(source.name, produced_after, night.settings.gate):
            known = intake.verdict_in_force(before)
            if known is not None:
                return Judged(lake.pin(table), known, version=lake.version(table), carried=True)
        with night.clock.time("silver"):
            if change.rows is not None:
                # What the gate rejects is taken back below: written once, most pictures are read often.
                lake.write(table, silver.renew(source, change, ledger.left_by(night.lake, night.base).pin(table)))
            rows = lake.pin(table)
        references = _references(night, source, taken)
        with night.clock.time("gate"):
            profiles = drift.of_source(night.profiles, source.name, night.settings.gate.drift.nights)
            asked = gate.Asked(night.business_date, references, profiles, produced_after, night.settings.gate)
            return replace(
                gate.judge(source, rows, asked, lake.keep), version=lake.version(table), touched=change.touched
            )

    lake, table = night.lake, tables.SILVER[source.name]
    former = lake.version(table)
    accept = night.accept if night.accept and night.accept.source == source.name else None
    with night.clock.time("bronze"):
        result = intake.take_in(
            *(night.lake, night.landing, source, before, night.business_date, night.settings.ingest, accept, judge),
            afresh=_afresh(night),
        )
    night.intakes[source.name] = result
    for warning in _warnings(result):
        night.progress(f"warning: {source.name}: {warning}")
    _require_go(result)
    with night.clock.time("silver"):
        lake.bring_back(table, result.picture.version if result.picture else former)
        if _normalises_anew(night) and result.picture is None and former is not None:
            rows = picture(lake.read(tables.BRONZE[source.name]), source, deliveries.members(result.history))
            lake.write(table, silver.normalise(source.name, rows))


def _references(night: Night, source: Source, taken: Mapping[str, Future[None]]) -> dict[str, DataFrame]:
    """Silver tables that the gate of a source looks values up in, once they are tonight's."""
    names = {reference.source for reference in REFERENCES.get(source.name, ())}
    with night.clock.time(None):
        for name in names:
            taken[name].result()
    return {name: night.lake.pin(tables.SILVER[name]) for name in names if night.lake.exists(tables.SILVER[name])}


def _afresh(night: Night) -> bool:
    """Whether nothing is taken over from the tables of the last run: made anew they might be others."""
    return night.full or night.base is None or bool(reshaped(night.base, night.settings))


def _normalises_anew(night: Night) -> bool:
    """Whether pictures to which nothing has come are normalised again: by other code they might be others."""
    return night.full or (night.base is not None and "code" in reshaped(night.base, night.settings))


def _warnings(result: Intake) -> Iterator[str]:
    yield from result.warnings
    if result.judged is not None and result.judged.verdict.answer != "pass":
        yield f"gate: {result.judged.verdict.answer}: {result.judged.verdict.reason}"


def _require_go(result: Intake) -> None:
    """Where the policy says so, a picture that the gate does not pass stops the night, unless someone accepted it."""
    stopped = result.judged is not None and result.judged.verdict.answer == "stop"
    if stopped and any(outcome.outcome == "gate_failed" for outcome in result.outcomes):
        told = result.judged.verdict.reason if result.judged is not None else ""
        raise NightFailed(f"gate of {result.source}: the policy stops the night: {told}")


def _record_intake(night: Night) -> None:
    results = night.intakes.values()
    histories = {result.source: result.history for result in results}
    changed = {k: v for k, v in histories.items() if v != night.remembered.get(k, ())}
    with night.clock.time("gate"), side_by_side(night.lake.spark) as start:
        start(partial(deliveries.save, night.lake, changed))
        if not night.lake.exists(tables.QUARANTINE):
            # Whoever counts refused rows (contract §3) finds that there are none.
            start(partial(night.lake.write, tables.QUARANTINE, night.lake.read(tables.QUARANTINE)))
        quality.write(night.lake, night.business_date, results, start)
    night.lake.clear_scratch()
    kept = sum(result.rows_kept for result in results)
    night.done("bronze", sum(result.rows_in for result in results), kept)
    night.done("gate", kept, None)
    night.rows = sum(frame.count() for frame in _silver(night).values())
    night.done("silver", None, night.rows)


def _require_sources(night: Night) -> None:
    for source in SOURCES.values():
        result = night.intakes[source.name]
        if source.required and result.picture_as_of is None:
            reasons = "; ".join(o.reason for o in result.outcomes if o.reason) or "nothing was ever delivered"
            raise NightFailed(f"source {source.name} has no good picture, and no night can do without it: {reasons}")


def _silver(night: Night) -> dict[str, DataFrame]:
    """Silver tables that were ever written."""
    return {name: night.lake.pin(table) for name, table in tables.SILVER.items() if night.lake.exists(table)}


# ── match ──


def _match(night: Night) -> None:
    night.begin("match")
    lake = night.lake
    with night.clock.time("match"):
        if night.stands:
            night.progress("match: nothing that it rests on has changed")
            links = lake.read(tables.SELLER_LINKS).withColumn("business_date", F.lit(night.business_date))
            lake.write(tables.SELLER_LINKS, links)
        else:
            _match_anew(night)
    night.done("match", lake.pin(tables.SELLERS).count(), lake.pin(tables.SELLER_LINKS).count())


def _match_anew(night: Night) -> None:
    lake, accepted = night.lake, _in_force(night)
    takes_over = not night.full and means_the_same(night.base, night.business_date, night.settings)
    # Each step that follows changes has its price, however few these are.
    follows = night.rows >= night.settings.match.follow_from_rows
    night.memory = memory.of_night(
        lake, accepted.version if accepted and takes_over else None, night.business_date, leaves=follows
    )
    since = None if night.memory.last is None or night.base is None else night.base["business_date"]
    pictures = _pictures(night, is_known=since is not None)
    found = match(
        *(pictures, night.business_date, night.settings.match, lake.keep, night.progress, night.memory),
        accepted.training if accepted else None,
        since,
        link_decisions.to_obey(lake),
    )
    if since is not None and found.relinked is not None:
        before = _corrected_from(ledger.left_by(lake, night.base))
        moved = {name: each.changed for name, each in pictures.items()}
        night.since = corrections.Since(since, before, moved, found.relinked)
    made = {
        tables.HOLDER_LINKS: found.holder_links,
        tables.SELLER_LINKS: _dated(found.seller_links, lake.pin(tables.SELLER_LINKS), night.business_date),
        tables.NEAREST: found.nearest_candidates,
        tables.BLOCKING: found.blocking,
    }
    with side_by_side(lake.spark) as start:
        for table, rows in made.items():
            start(partial(lake.write, table, rows))
    new = found.training, night.business_date, _matched(night)
    night.memory.save(accepted.version if accepted else training.save(lake, *new))
    if not training.is_used(lake):
        training.write_model(lake)


def _pictures(night: Night, *, is_known: bool) -> dict[str, Tracked]:
    """The silver tables that the match reads; `is_known`: with what has changed in them."""
    if not is_known:
        return {name: Tracked(night.lake.pin(tables.SILVER[name])) for name in MATCHED}
    found: dict[str, Tracked] = {}

    def track(name: str) -> None:
        """One of them."""
        found[name] = _tracked(night, name)

    with side_by_side(night.lake.spark) as start:
        for name in MATCHED:
            start(partial(track, name))
    return {name: found[name] for name in MATCHED}


def _tracked(night: Night, name: str) -> Tracked:
    """A silver table with what has changed in it since the last finished run, on whose tables the last match rests."""
    source, table, taken = SOURCES[name], tables.SILVER[name], night.intakes[name].picture
    before, now = ledger.left_by(night.lake, night.base), night.lake.pin(table)
    if before.version(table) == night.lake.version(table):
        return changes.still(now)
    then, key = before.pin(table), [*source.key]
    apart = taken.touched if taken and taken.touched is not None else changes.differing(now, then, *key)
    return Tracked(now, night.lake.keep(changes.moved(of(now, apart, *key), of(then, apart, *key), *key)))


def _in_force(night: Night) -> Accepted | None:
    """The training in force; None, which makes the night train anew, where there is none that it can decide by."""
    accepted = training.load(night.lake)
    outdated = accepted.outdated(_matched(night)) if accepted else None
    if outdated:
        night.progress(f"warning: match: trained anew: {outdated}")
    return None if outdated else accepted


def _dated(links: DataFrame, before: DataFrame, business_date: dt.date) -> DataFrame:
    """Seller links with business_date and first_linked_on: the first night of an unbroken link to the same party."""
    old = before.where("decision = 'link'").select(
        "platform",
        "shop_id",
        F.coalesce("personal_id", "tax_code").alias("party_before"),
        F.col("first_linked_on").alias("linked_before"),
    )
    today = F.lit(business_date)
    same = F.coalesce("personal_id", "tax_code") == F.col("party_before")
    first = F.when(F.col("decision") == "link", F.when(same, F.col("linked_before")).otherwise(today))
    joined = links.join(old, ["platform", "shop_id"], "left")
    return joined.withColumns({"business_date": today, "first_linked_on": first})


# ── gold ──


def _gold(night: Night) -> None:
    night.begin("gold")
    lake = night.lake
    with night.clock.time("gold"):
        before = lake.pin(tables.FLAGGED_SELLERS)
        first = not lake.exists(tables.FLAGGED_SELLERS)
        inputs = _gold_inputs(night)
        if _gold_stands(night):
            night.progress("gold: nothing that it rests on has changed")
            flagged = gold.carry_on(inputs, night.business_date)
        else:
            built = gold.build(inputs, night.business_date, night.settings.gold, lake.keep)
            lake.write(tables.SELLER_PARTIES, built.seller_parties)
            flagged = built.flagged_sellers
        rows, night.decided = decisions.meanwhile(lake, night.base, flagged)
        lake.write(tables.FLAGGED_SELLERS, rows)
        _party_events(night)
    with night.clock.time("audit"):
        _audit(night, None if first else before)


def _gold_stands(night: Night) -> bool:
    if not night.stands or night.base is None or not gold_stands(night.lake, night.base, night.business_date):
        return False
    if ledger.decided_since(night.base, ledger.DECISIONS):
        return False
    settings, then = night.settings.ingest, night.base["business_date"]
    before = {
        name: intake.recalled(night.remembered.get(name, ()), source, then, settings)
        for name, source in SOURCES.items()
    }
    return _doubtful(before) == _doubtful(night.intakes)


def _doubtful(intakes: Mapping[str, Intake]) -> frozenset[str]:
    """Sources that evidence is marked with, as degraded or warned of."""
    return frozenset(name for name, result in intakes.items() if result.degraded or result.warned)


def _party_events(night: Night) -> None:
    """Against the night before: of a date that is done once more, its first run's events are among these."""
    before = None if night.stands else ledger.last_of_earlier_date(night.lake, night.business_date)
    if before is None:
        return
    now, key = night.lake.pin(tables.SELLER_LINKS), night.settings.gold.hash_key
    try:
        links = ledger.left_by(night.lake, before).read(tables.SELLER_LINKS)
        moved = party_events.events(links, now, key, night.business_date)
        night.lake.write(tables.PARTY_EVENTS, moved, f"business_date = '{night.business_date}'")
    except (AnalysisException, Py4JJavaError) as error:
        if not is_gone(error):
            raise
        told = f"the links of {before['business_date']} are no longer kept: which shops changed hands is not told"
        night.progress(f"warning: gold: {told}")


def _audit(night: Night, flagged_before: DataFrame | None) -> None:
    """What gold came to must add up and stay within bounds, or the night is not published."""
    lake, years = night.lake, [law.tax_year for law in judged_years(night.business_date)]
    sellers, sales = lake.pin(tables.SELLERS), lake.pin(tables.SELLER_SALES)
    expected = audit.totals(sellers, sales, years, night.business_date)
    open_before = None if flagged_before is None else audit.open_cases(flagged_before, years).count()
    growth = night.settings.gold.most_growth
    audited = {
        "seller_parties": audit.parties(lake.pin(tables.SELLER_PARTIES), expected),
        "flagged_sellers": audit.cases(lake.pin(tables.FLAGGED_SELLERS), years, open_before, growth),
    }
    verdicts = {name: gate.audit(name, it.rows, night.settings.gate, it.facts) for name, it in audited.items()}
    night.accepted = audit.settle(verdicts, night.accept, night.business_date)
    if night.accepted is not None:
        night.progress(f"warning: gold: {night.accepted.reason}")
    quality.write_findings(night.lake, night.business_date, verdicts)


def _gold_inputs(night: Night) -> gold.GoldInputs:
    lake = night.lake
    needed = ("residents", "taxpayers", "declarations", "bank_accounts", "sellers", "seller_sales")
    return gold.GoldInputs(
        **{name: lake.pin(tables.SILVER[name]) for name in needed},
        seller_links=lake.pin(tables.SELLER_LINKS),
        nearest_candidates=lake.pin(tables.NEAREST),
        holder_links=lake.pin(tables.HOLDER_LINKS),
        previous_flagged=lake.pin(tables.FLAGGED_SELLERS),
        previous_parties=lake.pin(tables.SELLER_PARTIES),
        present=_present(night),
        degraded=_doubtful(night.intakes),
    )


def _present(night: Night) -> frozenset[str]:
    """Sources that ever came."""
    return frozenset(name for name, result in night.intakes.items() if result.picture_as_of is not None)


def _matched(night: Night) -> frozenset[str]:
    """Sources of the match that ever came."""
    return _present(night) & set(MATCHED)


def _corrections(night: Night) -> None:
    night.begin("corrections")
    with night.clock.time("corrections"):
        night.lake.write(tables.CORRECTIONS, _corrected(night))


def _corrected(night: Night) -> DataFrame:
    """Rows of `gold/corrections`; only records that a change has reached are looked at again."""
    lake, since, today = night.lake, night.since, night.business_date
    inputs, previous, present = _corrected_from(lake), lake.pin(tables.CORRECTIONS), _present(night)
    if night.stands:
        return corrections.still_open(previous, today)
    if since is None or corrections.is_another_law(since.business_date, today):
        return corrections.carry_on(previous, corrections.find(inputs, today, present, lake.keep), today)
    those = lake.keep(corrections.reached(inputs, since, today))
    return corrections.renew(previous, corrections.find(inputs, today, present, lake.keep, those), those, today)


def _corrected_from(lake: Lake) -> corrections.Corrected:
    return corrections.Corrected(
        **{name: lake.pin(tables.SILVER[name]) for name in MATCHED},
        holder_links=lake.pin(tables.HOLDER_LINKS),
        seller_links=lake.pin(tables.SELLER_LINKS),
    )


# ── the ledger's figures ──


def _told(night: Night, run: Run) -> Run:
    """The run with what its stages and sources came to."""
    intakes = [night.intakes[name] for name in SOURCES if name in night.intakes]
    outcomes = [outcome for result in intakes for outcome in result.outcomes]
    if night.accepted is not None:
        outcomes.append(night.accepted)
    return replace(run, stages=tuple(night.stages), sources=tuple(outcomes))


def _reason(error: BaseException) -> str:
    """What went wrong, in words that hold no data: texts of libraries may quote values, so only their kind is kept."""
    if isinstance(error, NightFailed | UserError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return f"unexpected {type(error).__name__}"
