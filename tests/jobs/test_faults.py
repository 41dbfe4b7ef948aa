"""Proof that the intake catches: each fault of the sample on its own source's gate, and a night without any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from expectations import SUITES
from jobs import deliveries, drift, gate, intake, silver, tables
from jobs.deliveries import History
from jobs.intake import Intake
from jobs.outcomes import Change, Judged
from jobs.report.outcomes import in_words
from jobs.settings import IngestSettings
from jobs.sources import SOURCES
from jobs.storage import Lake
from sample_data import faults
from sample_data.faults import FAULTS, Fault, write_faulty
from sample_data.faults.__main__ import as_table
from tests.small_country import DELIVERY, NEXT, NIGHT, Nights

Taken = dict[str, Future[Intake]]

# What a picture is by its making, whatever is delivered; proven on literal pictures in test_gate.
BY_MAKING = {"personal_id.present", "personal_id.unique", "tax_code.present", "tax_code.unique", "key.unique"}


# What every test run sends: faults that no gate sees (they cost little), and those that real life has most of.
SAMPLED = {
    *(fault.name for fault in FAULTS.values() if fault.answer in ("refused", "held")),
    *("residents-shifted-columns", "residents-mojibake", "residents-all-deleted", "taxpayers-rolled-names"),
    *("bank_accounts-made-up", "telecom_subscribers-reissued-still-open", "sellers-of-the-dead", "sellers-odd-values"),
    *("declarations-old-backup", "bank_inflows-clock-ahead", "seller_sales-unknown-category"),
    "seller_sales-thousandfold",
}

# A night on which nothing is wrong with a source.
SOUND = {source: Fault(source, "sound", "", "dung", "warn", ()) for source in SOURCES}


@dataclass(frozen=True)
class Left:
    """What the first night of the small country left behind for the intake of the second."""

    lake: Lake
    rows: Mapping[str, Callable[[], pa.Table]]
    histories: Mapping[str, History]
    references: Mapping[str, DataFrame]
    profiles: Sequence[Row]

    def take_in(self, landing: Path, fault: Fault) -> Intake:
        """The second night of a fault's source, through its own gate."""
        source = SOURCES[fault.source]
        write_faulty(landing, self.rows, NEXT, DELIVERY, fault)
        profiles = drift.of_source(self.profiles, source.name, 1)

        def judge(change: Change, produced_after: float | None) -> Judged:
            rows = self.lake.keep(silver.renew(source, change, self.references[source.name]))
            asked = gate.Asked(NEXT, self.references, profiles, produced_after)
            return gate.judge(source, rows, asked, self.lake.keep)

        before = self.histories[source.name]
        night = (self.lake, str(landing), source, before, NEXT, IngestSettings(), None, judge)
        return intake.take_in(*night, afresh=False)


@pytest.fixture(scope="module")
def left(nights: Nights) -> Left:
    state = nights.state(nights.first)
    references = {name: state.read(table) for name, table in tables.SILVER.items()}
    profiles = state.read(tables.QUALITY_PROFILES).collect()
    return Left(nights.lake, nights.rows, deliveries.load(state), references, profiles)


@pytest.fixture(scope="module")
def taken(request: pytest.FixtureRequest, left: Left, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """What became of each fault that this run asks about, by name; two sources at a time, for most of it is waiting."""
    asked = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    faults_asked = [fault for fault in (*FAULTS.values(), *SOUND.values()) if fault.name in asked]
    taken = {fault.name: Future[Intake]() for fault in faults_asked}
    root = tmp_path_factory.mktemp("faults")

    def of_source(source: str) -> None:
        for fault in (fault for fault in faults_asked if fault.source == source):
            try:
                taken[fault.name].set_result(left.take_in(root / fault.name, fault))
            except Exception as error:
                taken[fault.name].set_exception(error)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(of_source, SOURCES))
    return taken


def broken(result: Intake) -> set[str]:
    assert result.judged is not None
    return {finding.rule for finding in result.judged.verdict.findings if not finding.success}


@pytest.mark.parametrize(
    "name", [name if name in SAMPLED else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS]
)
def test_a_fault_is_answered(taken: Taken, nights: Nights, name: str) -> None:
    fault = FAULTS[name]
    result = taken[name].result()
    (outcome,) = [each for each in result.outcomes if each.delivery_date == NEXT]

    outcomes = {"refused": "refused", "held": "held", "hold": "gate_failed", "quarantine": "taken", "warn": "taken"}
    assert outcome.outcome == outcomes[fault.answer]
    assert result.picture_as_of == (NEXT if outcome.outcome == "taken" else NIGHT)
    assert in_words(outcome.reason or "") != outcome.reason
    if fault.answer in ("refused", "held"):
        assert all(words in (outcome.reason or "") for words in fault.rules)
    elif fault.answer == "quarantine":
        assert reasons(nights.lake, fault) >= set(fault.rules)
        assert (outcome.quarantined or 0) > 0
    else:
        assert broken(result) >= set(fault.rules)
        assert (outcome.reason or "").startswith("gate: " if fault.answer == "hold" else "gate warns: ")


def reasons(lake: Lake, fault: Fault) -> set[str]:
    """Why rows of the fault's delivery are in quarantine."""
    ofs = lake.read(tables.QUARANTINE).where((F.col("source") == fault.source) & (F.col("business_date") == NEXT))
    return {row[0] for row in ofs.select(F.explode("reasons")).distinct().collect()}


def test_every_run_sends_faults_of_every_kind() -> None:
    sampled = [FAULTS[name] for name in SAMPLED]
    assert {fault.source for fault in sampled} == set(SOURCES)
    assert {fault.dimension for fault in sampled} == {"dung", "du", "sach", "song"}
    assert {fault.answer for fault in sampled} == {fault.answer for fault in FAULTS.values()}
    assert len(sampled) >= 25


def test_every_rule_of_a_source_is_broken_by_some_fault() -> None:
    rules = {(source, expectation.meta["rule"]) for source, suite in SUITES.items() for expectation in suite()}  # type: ignore[index]
    caught = {(fault.source, rule) for fault in FAULTS.values() for rule in fault.rules}
    assert {each for each in rules - caught if each[1] not in BY_MAKING} == set()


def test_a_fault_is_named_by_a_dimension_that_one_of_its_rules_has() -> None:
    of_rule = {
        (source, expectation.meta["rule"]): expectation.meta["dimension"]  # type: ignore[index]
        for source, suite in SUITES.items()
        for expectation in suite()
    }
    for fault in FAULTS.values():
        judged = {of_rule[fault.source, rule] for rule in fault.rules if (fault.source, rule) in of_rule}
        assert fault.dimension in (judged or {fault.dimension}), fault.name


@pytest.mark.parametrize("name", [fault.name for fault in SOUND.values()])
def test_a_night_without_fault_raises_no_alarm(taken: Taken, name: str) -> None:
    result = taken[name].result()
    assert result.judged is not None
    assert result.judged.verdict.answer == "pass"
    assert broken(result) == set()
    assert not result.degraded
    assert not result.warned


def test_the_readme_has_every_fault() -> None:
    page = Path(faults.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert as_table() in page
