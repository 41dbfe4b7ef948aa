"""The law as data: what was known when, and what holds for which year."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs import law
from jobs.errors import NightFailed
from jobs.flags import Reason
from jobs.sources import CATEGORIES


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("tax_year", "asked_on", "threshold"),
    [
        (2024, "2025-03-31", 100_000_000),
        (2025, "2025-10-01", 100_000_000),
        (2025, "2026-03-31", 100_000_000),
        (2025, "2026-11-15", 100_000_000),
        (2026, "2024-11-25", 100_000_000),
        (2026, "2024-11-26", 200_000_000),
        (2026, "2025-10-01", 200_000_000),
        (2026, "2025-12-09", 200_000_000),
        (2026, "2025-12-10", 500_000_000),
        (2026, "2026-03-31", 500_000_000),
        (2026, "2026-04-28", 500_000_000),
        (2026, "2026-04-29", 1_000_000_000),
        (2026, "2026-04-30", 1_000_000_000),
        (2030, "2030-06-01", 1_000_000_000),
    ],
)
def test_the_threshold_of_a_tax_year_is_the_one_known_on_the_day_of_asking(
    tax_year: int, asked_on: str, threshold: int
) -> None:
    assert law.year_law(tax_year, day(asked_on)).threshold_vnd == threshold


@pytest.mark.parametrize(
    ("business_date", "years"),
    [
        ("2026-01-01", [2026, 2025]),
        ("2026-03-31", [2026, 2025]),
        ("2026-04-01", [2026]),
        ("2026-12-31", [2026]),
        ("2028-02-29", [2028, 2027]),
    ],
)
def test_a_night_looks_at_the_year_before_through_31_march(business_date: str, years: list[int]) -> None:
    assert [found.tax_year for found in law.judged_years(day(business_date))] == years


@pytest.mark.parametrize(
    ("tax_year", "business_date", "quarters"),
    [
        (2026, "2026-04-30", ()),
        (2026, "2026-05-01", (1,)),
        (2026, "2026-07-31", (1,)),
        (2026, "2026-08-01", (1, 2)),
        (2026, "2026-11-01", (1, 2, 3)),
        (2026, "2027-01-31", (1, 2, 3)),
        (2026, "2027-02-01", (1, 2, 3, 4)),
        (2027, "2027-02-01", ()),
    ],
)
def test_a_quarter_is_due_from_the_day_after_its_filing_date(
    tax_year: int, business_date: str, quarters: tuple[int, ...]
) -> None:
    assert law.due_quarters(tax_year, day(business_date)) == quarters


@pytest.mark.parametrize("asked_on", ["2025-03-31", "2025-06-30", "2026-03-31", "2026-11-15"])
def test_rates_are_those_of_the_withholding_table(asked_on: str) -> None:
    rates = law.year_law(day(asked_on).year, day(asked_on)).rates
    # VAT, PIT.
    assert {category: rates["resident", category] for category in CATEGORIES} == {
        "goods": (100, 50),
        "services": (500, 200),
        "transport": (300, 150),
        "undetermined": (500, 200),
    }
    assert {category: rates["non_resident", category] for category in CATEGORIES} == {
        "goods": (100, 100),
        "services": (500, 500),
        "transport": (300, 200),
        "undetermined": (500, 500),
    }


@pytest.mark.parametrize("business_date", ["2015-06-01", "2020-01-01", "2025-02-01", "2026-11-15", "2031-01-01"])
def test_every_reason_has_a_duty_with_document_on_every_night(business_date: str) -> None:
    for found in law.judged_years(day(business_date)):
        assert {reason for reason, applies_to in found.duties if not applies_to} == set(Reason) - {Reason.SPLIT_SHOPS}
        assert all(found.duties.values())
        assert found.threshold_basis


def test_the_basis_of_a_duty_changes_with_what_is_known() -> None:
    before, after = (law.year_law(2026, day(text)).duties["UNREGISTERED", ""] for text in ("2026-06-29", "2026-07-01"))
    assert "38/2019/QH14" in before
    assert "252/2026/NĐ-CP" in after


def test_a_basis_that_nobody_has_held_against_the_document_says_so() -> None:
    assert law.year_law(2025, day("2025-06-30")).duties["UNREGISTERED", ""] == (
        "Luật Quản lý thuế 38/2019/QH14, Điều 30 và Điều 33 (chưa đối chiếu văn bản gốc)"
    )
    assert law.year_law(2025, day("2025-06-30")).threshold_basis.endswith("(số điều chưa đối chiếu)")
    assert "đối chiếu" not in law.year_law(2026, day("2026-11-15")).threshold_basis


def test_income_tax_is_due_from_the_year_of_its_law_on() -> None:
    assert law.year_law(2025, day("2026-02-01")).income_tax_vnd is None
    assert law.year_law(2026, day("2025-12-09")).income_tax_vnd is None
    assert law.year_law(2026, day("2026-01-01")).income_tax_vnd == 3_000_000_000


def test_status_codes_have_their_standing() -> None:
    standings = {code: status.standing for code, status in law.statuses(day("2026-11-15")).items()}
    assert standings == {
        **dict.fromkeys(("00", "02"), "active"),
        **dict.fromkeys(("01", "03", "05"), "stopped"),
        **dict.fromkeys(("04", "06", "07", "08", "09"), "problem"),
        "10": "unmatched",
    }


def test_a_year_without_law_is_refused_in_one_line() -> None:
    with pytest.raises(NightFailed, match="tax year 2010"):
        law.judged_years(day("2010-05-01"))
