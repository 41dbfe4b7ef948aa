"""The rules of the truth on hand-made parties: one shop each unless a case says otherwise."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest

from sample_data import truth
from sample_data.arrays import NOBODY, Ints, days
from sample_data.declarations import MONTH, QUARTER, YEAR, due_on
from sample_data.parties import FOREIGNER, ORGANISATION, PERSON
from sample_data.settings import load_settings

TODAY = days(datetime.date(2026, 11, 20))
JANUARY = (2026 - 1970) * 12
BOUND = 1_000
ANNA, BINH, DEAD = 0, 1, 2  # residents
IDS = np.array([79_190_000_001, 79_090_000_002, 79_040_000_003])
CMNDS = np.array([123_456_789, 0, 0])


def ints(*values: int) -> Ints:
    return np.array(values, np.int64)


def facts(**changes: object) -> truth.Facts:
    """One resident party (Anna) with one shop that sold 2,000 in January; declared nothing, owns no code."""
    plain = truth.Facts(
        today=TODAY,
        personal_id=IDS,
        cmnd=CMNDS,
        deceased=np.array([False, False, True]),
        party_kind=ints(PERSON),
        party_person=ints(ANNA),
        shop_party=ints(0),
        shop_id_number=ints(0),
        shop_id_width=ints(0),
        shop_account_person=ints(NOBODY),
        shop_account_firm=ints(NOBODY),
        shop_supplier_registered=np.array([False]),
        code_party=ints(),
        code_business=np.array([], np.bool_),
        code_status=ints(),
        declared_code=ints(),
        declared_span=ints(),
        declared_period=ints(),
        declared_revenue=ints(),
        sale_shop=ints(0),
        sale_month=ints(JANUARY),
        sale_revenue=ints(2 * BOUND),
        sale_withheld=ints(0),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def codes(*own: tuple[bool, int]) -> dict[str, object]:
    """Own codes of the party, each (business, status)."""
    return {
        "code_party": ints(*([0] * len(own))),
        "code_business": np.array([business for business, _ in own], np.bool_),
        "code_status": ints(*(status for _, status in own)),
    }


ACTIVE = codes((True, 0))
FIRM = {"party_kind": ints(ORGANISATION), "party_person": ints(NOBODY)}
NO_RECORD = {"party_person": ints(NOBODY)}
FOREIGN = {"party_kind": ints(FOREIGNER), "party_person": ints(NOBODY)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        (codes((False, 0)), True),  # an individual's code is no registration for business
        (codes((True, 0)), False),
        (codes((True, 1)), False),  # of whatever status
        (codes((True, 10)), False),
        ({"sale_revenue": ints(BOUND)}, False),  # "above" is strictly greater
        ({"sale_month": ints(JANUARY - 1)}, False),  # the year before is not looked at
        ({"sale_month": ints(JANUARY + 10)}, True),  # November began before the business date
        ({"sale_month": ints(JANUARY + 11)}, False),  # December has not begun
        (FIRM, False),
        (NO_RECORD, False),
        (FOREIGN, False),
    ],
)
def test_unregistered(changes: dict[str, object], expected: bool) -> None:
    assert truth.unregistered(facts(**changes), 2026, BOUND).tolist() == [expected]


def test_revenue_is_summed_over_shops_and_negative_months() -> None:
    shops = {name: np.repeat(getattr(facts(), name), 2) for name in facts().__dict__ if name.startswith("shop_")}
    sold = {"sale_shop": ints(0, 1, 1), "sale_month": ints(*[JANUARY] * 3), "sale_withheld": ints(0, 0, 0)}
    both = facts(**shops, **sold, sale_revenue=ints(700, 500, -100))
    assert truth.revenue(both, 2026).tolist() == [1_100]
    assert truth.unregistered(both, 2026, BOUND).tolist() == [True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        (codes((True, 3)), True),
        (codes((True, 5), (True, 1)), True),
        (codes((True, 3), (True, 2)), False),  # another code is active
        (codes((False, 3)), False),  # an individual's code
        (codes((True, 6)), False),  # address problem: a tax status, no case
        (codes((True, 3)) | {"sale_revenue": ints(BOUND)}, False),
        (codes((True, 3)) | FIRM | {"sale_revenue": ints(1)}, True),  # organisations: any revenue above 0
        (codes((True, 3)) | FIRM | {"sale_revenue": ints(0)}, False),
    ],
)
def test_stopped_but_selling(changes: dict[str, object], expected: bool) -> None:
    assert truth.stopped_but_selling(facts(**changes), 2026, BOUND).tolist() == [expected]


def filed(*rows: tuple[int, int, int]) -> dict[str, object]:
    """Declarations of the only code: (span, period, revenue)."""
    spans, periods, revenues = zip(*rows, strict=True)
    return {
        "declared_code": ints(*([0] * len(rows))),
        "declared_span": ints(*spans),
        "declared_period": ints(*periods),
        "declared_revenue": ints(*revenues),
    }


Q1, Q4 = JANUARY // 3, JANUARY // 3 + 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (ACTIVE, True),  # no declaration counts as 0
        (ACTIVE | filed((QUARTER, Q1, 1_000)), False),  # exactly half is not below
        (ACTIVE | filed((QUARTER, Q1, 999)), True),
        (ACTIVE | filed((MONTH, JANUARY, 600), (MONTH, JANUARY + 1, 400)), False),
        (ACTIVE | filed((QUARTER, Q1, 999), (MONTH, JANUARY, 5_000)), True),  # the quarter's row counts
        (ACTIVE | filed((QUARTER, Q4, 9_000)), True),  # a quarter that is not due
        (ACTIVE | filed((YEAR, 2026 - 1970, 9_000)), True),  # a year's row only where all quarters are due
        (ACTIVE | filed((QUARTER, Q1 - 4, 9_000)), True),  # last year's
        (ACTIVE | {"sale_withheld": ints(1)}, False),  # rows with withheld tax do not count for people
        (ACTIVE | FIRM | {"sale_withheld": ints(1)}, True),  # but do for organisations
        (ACTIVE | {"sale_month": ints(JANUARY + 9)}, False),  # sold in a quarter that is not due
        (ACTIVE | {"sale_revenue": ints(BOUND)}, False),
        (ACTIVE | NO_RECORD, True),  # a party by its code
        (codes((True, 3)), False),
        ({}, False),
    ],
)
def test_under_declared(changes: dict[str, object], expected: bool) -> None:
    assert truth.under_declared(facts(**changes), 2026, BOUND, 0.5).tolist() == [expected]


def test_a_years_declaration_counts_once_all_quarters_are_due() -> None:
    later = facts(**ACTIVE, **filed((YEAR, 56, 9_000)), today=days(datetime.date(2027, 2, 1)))
    assert truth.declared(later, 2026).tolist() == [9_000]
    finer = facts(**ACTIVE, **filed((YEAR, 56, 9_000), (MONTH, JANUARY, 1)), today=days(datetime.date(2027, 2, 1)))
    assert truth.declared(finer, 2026).tolist() == [1]


def test_quarters_are_due_from_the_day_after_the_filing_date() -> None:
    assert int(due_on(Q1)) == days(datetime.date(2026, 4, 30))
    assert truth.due_quarters(days(datetime.date(2026, 4, 30)), 2026).tolist() == []
    assert truth.due_quarters(days(datetime.date(2026, 5, 1)), 2026).tolist() == [Q1]
    assert truth.due_quarters(days(datetime.date(2026, 11, 1)), 2026).tolist() == [Q1, Q1 + 1, Q1 + 2]


def declares(number: int, width: int = 12) -> dict[str, object]:
    return {"shop_id_number": ints(number), "shop_id_width": ints(width)}


MISTYPED = int(IDS[ANNA]) + 40
SWAPPED = 79_910_000_001  # 079190000001 with the neighbours 1 and 9 swapped


@pytest.mark.parametrize(
    ("changes", "borrowed", "invalid"),
    [
        ({}, False, False),
        (declares(int(IDS[ANNA])), False, False),
        (declares(int(CMNDS[ANNA]), 9), False, False),  # the own CMND is own
        (declares(int(IDS[BINH])), True, False),
        (declares(int(IDS[DEAD])), False, True),
        (declares(MISTYPED), False, False),
        (declares(SWAPPED), False, False),
        (declares(MISTYPED + 1_000), False, True),  # two digits wrong: no one's
        (declares(int(CMNDS[ANNA]) - 1, 9), False, False),
        (declares(999_999_999, 9), False, True),
        (declares(int(IDS[BINH]), 0), False, False),  # masked ids and passports give neither reason
        ({"shop_account_person": ints(ANNA)}, False, False),
        ({"shop_account_person": ints(BINH)}, True, False),
        ({"shop_account_firm": ints(4)}, True, False),  # an organisation is another
        ({"shop_account_person": ints(7)}, False, False),  # a holder without a record is not known
        (declares(int(IDS[BINH])) | {"sale_revenue": ints(BOUND)}, False, False),
        (declares(int(IDS[BINH])) | FIRM, False, False),
        (declares(999_999_999, 9) | NO_RECORD, False, False),
    ],
)
def test_identity(changes: dict[str, object], borrowed: bool, invalid: bool) -> None:
    assert truth.borrowed_identity(facts(**changes), 2026, BOUND).tolist() == [borrowed]
    assert truth.invalid_identity(facts(**changes), 2026, BOUND).tolist() == [invalid]


def test_an_id_mistyped_into_anothers_is_borrowed() -> None:
    near = np.array([IDS[ANNA], MISTYPED, IDS[DEAD]])
    assert truth.borrowed_identity(facts(**declares(MISTYPED), personal_id=near), 2026, BOUND).tolist() == [True]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (FOREIGN, True),
        (FOREIGN | {"sale_revenue": ints(1)}, True),  # any revenue above 0
        (FOREIGN | {"sale_revenue": ints(0)}, False),
        (FOREIGN | {"shop_supplier_registered": np.array([True])}, False),
        ({}, False),
    ],
)
def test_foreign_unregistered(changes: dict[str, object], expected: bool) -> None:
    assert truth.foreign_unregistered(facts(**changes), 2026).tolist() == [expected]


def test_flags_name_year_party_shop_and_reason() -> None:
    found = truth.flags(facts(**FOREIGN, sale_month=ints(JANUARY - 1)), {2025: BOUND, 2026: BOUND}, 0.5)
    assert (found.year.tolist(), found.party.tolist(), found.shop.tolist()) == ([2025], [0], [0])
    assert [truth.REASONS[code] for code in found.reason] == ["FOREIGN_UNREGISTERED"]


@pytest.mark.parametrize(
    ("date", "years"),
    [("2026-03-31", (2025, 2026)), ("2026-04-01", (2026,)), ("2026-11-20", (2026,)), ("2027-01-01", (2026, 2027))],
)
def test_tax_years_of_a_night(date: str, years: tuple[int, ...]) -> None:
    assert truth.tax_years(datetime.date.fromisoformat(date)) == years


@pytest.mark.parametrize(
    ("year", "date", "vnd"),
    [
        (2025, "2026-03-31", 100_000_000),
        (2026, "2025-10-01", 200_000_000),
        (2026, "2026-03-31", 500_000_000),
        (2026, "2026-04-28", 500_000_000),
        (2026, "2026-04-29", 1_000_000_000),
        (2027, "2027-02-01", 1_000_000_000),
    ],
)
def test_threshold_as_known_on_the_business_date(year: int, date: str, vnd: int) -> None:
    assert truth.threshold(load_settings().thresholds, year, datetime.date.fromisoformat(date)) == vnd
