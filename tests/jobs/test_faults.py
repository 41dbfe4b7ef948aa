"""Proof that the intake catches: each fault of the sample on its own source's gate, and a night without any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations import SUITES
from jobs import deliveries, drift, gate, intake, silver, tables
from jobs.intake import Intake
from jobs.outcomes import Judge, Judged
from jobs.settings import IngestSettings
from jobs.sources import SOURCES, Source
from jobs.storage import Lake
from sample_data import faults
from sample_data.faults import FAULTS, Fault, write_faulty
from sample_data.faults.__main__ import as_table
from tests.small_country import DELIVERY, NEXT, NIGHT, Nights

# What a picture is by its making, whatever is delivered; proven on literal pictures in test_gate.
BY_MAKING = {"personal_id.present", "personal_id.unique", "tax_code.present", "tax_code.unique", "key.unique"}


@dataclass(frozen=True)
class Zone:
    """Landing zones of second nights, each with a fault, before a warehouse as the first night left it."""

    nights: Nights
    root: Path

    def take_in(self, name: str, fault: Fault) -> Intake:
        """The fault's source, through its own gate."""
        landing, source = self.root / name, SOURCES[fault.source]
        write_faulty(landing, self.nights.rows, NEXT, DELIVERY, fault)
        left = self.nights.state(self.nights.first)
        before, judge = deliveries.load(left)[source.name], self._judge(left, source)
        return intake.take_in(self.nights.lake, str(landing), source, before, NEXT, IngestSettings(), None, judge)

    def _judge(self, left: Lake, source: Source) -> Judge:
        references = {name: left.read(table) for name, table in tables.SILVER.items()}
        profiles = drift.of_source(left.read(tables.QUALITY_PROFILES).collect(), source.name, 1)

        def judge(picture: DataFrame, produced_after: float | None) -> Judged:
            rows = self.nights.lake.keep(silver.normalise(source.name, picture))
            asked = gate.Asked(NEXT, references, profiles, produced_after)
            return gate.judge(source, rows, asked, self.nights.lake.keep)

        return judge


@pytest.fixture(scope="module")
def zone(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Zone:
    return Zone(nights, tmp_path_factory.mktemp("faults"))


def _sampled() -> set[str]:
    """Faults that every test run sends through its gate: one for each kind of rule, and all that no gate sees.

    Those of the most rules come first, so that they are few.
    """
    met: set[str] = set()
    sampled = set()
    for fault in sorted(FAULTS.values(), key=lambda fault: -len(fault.rules)):
        kinds = {fault.answer} if fault.severity == "contract" else {rule.rpartition(".")[2] for rule in fault.rules}
        if fault.answer in ("refused", "held") or kinds - met:
            sampled.add(fault.name)
            met |= kinds
    return sampled


SAMPLED = _sampled()


def broken(result: Intake) -> set[str]:
    assert result.judged is not None
    return {finding.rule for finding in result.judged.verdict.findings if not finding.success}


@pytest.mark.parametrize(
    "name", [name if name in SAMPLED else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS]
)
def test_a_fault_is_answered(zone: Zone, name: str) -> None:
    fault = FAULTS[name]
    result = zone.take_in(name, fault)
    (outcome,) = [each for each in result.outcomes if each.delivery_date == NEXT]

    outcomes = {"refused": "refused", "held": "held", "hold": "gate_failed", "quarantine": "taken", "warn": "taken"}
    assert outcome.outcome == outcomes[fault.answer]
    assert result.picture_as_of == (NEXT if outcome.outcome == "taken" else NIGHT)
    if fault.answer in ("refused", "held"):
        assert all(words in (outcome.reason or "") for words in fault.rules)
    elif fault.answer == "quarantine":
        assert reasons(zone.nights.lake, fault) >= set(fault.rules)
        assert (outcome.quarantined or 0) > 0
    else:
        assert broken(result) >= set(fault.rules)
        assert (outcome.reason or "").startswith("gate: " if fault.answer == "hold" else "gate warns: ")


def reasons(lake: Lake, fault: Fault) -> set[str]:
    """Why rows of the fault's delivery are in quarantine."""
    ofs = lake.read(tables.QUARANTINE).where((F.col("source") == fault.source) & (F.col("business_date") == NEXT))
    return {row[0] for row in ofs.select(F.explode("reasons")).distinct().collect()}


def test_every_run_sends_enough_faults_through_a_gate() -> None:
    assert len(SAMPLED) >= 40
    assert {FAULTS[name].source for name in SAMPLED} == set(SOURCES)
    assert {FAULTS[name].dimension for name in SAMPLED} == {"dung", "du", "sach", "song"}


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


@pytest.mark.parametrize("source", SOURCES)
def test_a_night_without_fault_raises_no_alarm(zone: Zone, source: str) -> None:
    result = zone.take_in(f"sound-{source}", Fault(source, "sound", "", "dung", "warn", ()))
    assert result.judged is not None
    assert result.judged.verdict.answer == "pass"
    assert broken(result) == set()
    assert not result.degraded
    assert not result.warned


def test_the_readme_has_every_fault() -> None:
    page = Path(faults.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert as_table() in page
