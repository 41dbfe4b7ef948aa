"""What holds of every suite: dimensions, severities, sentences, columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from expectations import GOLD_SUITES, SUITES
from expectations.__main__ import rules
from expectations.data_docs import DERIVED
from expectations.derived import REFERENCES, derived_columns
from jobs.sources import SOURCES
from jobs.tables import SILVER

# Contract and CV 4856/BCA-TTDLQG: identity keys must be complete; nothing else stops a night but an empty picture.
CRITICAL = {
    "residents": {"Bảng phải có dữ liệu", "Số định danh phải có", "Số định danh không được trùng"},
    "taxpayers": {"Bảng phải có dữ liệu", "Mã số thuế phải có", "Mã số thuế không được trùng"},
}


def suite(source: str) -> list[dict[str, Any]]:
    return [expectation.configuration.to_json_dict() for expectation in SUITES[source]()]


def test_every_source_has_a_suite() -> None:
    assert list(SUITES) == list(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_suites_cover_all_dimensions_and_speak_vietnamese(source: str) -> None:
    expectations = suite(source)

    assert {e["meta"]["dimension"] for e in expectations} == {"dung", "du", "sach", "song"}
    sentences = [e["description"] for e in expectations]
    assert len(set(sentences)) == len(sentences)
    assert all(any(word in sentence for word in ("hải ", " không được ")) for sentence in sentences)


@pytest.mark.parametrize("source", SOURCES)
def test_only_identity_keys_and_emptiness_are_critical(source: str) -> None:
    critical = {e["description"] for e in suite(source) if e["severity"] == "critical"}
    assert critical == CRITICAL.get(source, {"Bảng phải có dữ liệu"})


@pytest.mark.parametrize("source", SOURCES)
def test_suites_ask_only_for_columns_that_are_there(source: str) -> None:
    of_rows = [expectation for expectation in suite(source) if expectation["meta"]["scope"] == "rows"]
    asked = {expectation["kwargs"]["column"] for expectation in of_rows}
    assert asked <= {*SOURCES[source].schema.names, *derived_columns(source)}


@pytest.mark.parametrize("name", [*SUITES, *GOLD_SUITES])
def test_columns_made_for_judging_have_words(name: str) -> None:
    columns = {
        str(expectation.configuration.kwargs.get("column", "")) for expectation in (SUITES | GOLD_SUITES)[name]()
    }
    assert {column for column in columns if column.startswith("_")} <= set(DERIVED)


@pytest.mark.parametrize("name", [*SUITES, *GOLD_SUITES])
def test_every_rule_has_a_code_of_its_own(name: str) -> None:
    codes = [expectation.configuration.to_json_dict()["meta"]["rule"] for expectation in (SUITES | GOLD_SUITES)[name]()]
    assert len(set(codes)) == len(codes)


def test_the_page_on_quality_lists_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    assert "\n".join(rules()) in page


def test_references_name_columns_of_silver() -> None:
    for reference in (reference for references in REFERENCES.values() for reference in references):
        assert set(reference.known) <= set(SILVER[reference.source].columns)
