"""Parties: every shop in one of them, what each is registered as, what it turned over."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from jobs import parties, revenue
from jobs.law import judged_years, statuses
from jobs.tables import HOLDER_LINKS, SILVER
from tests.jobs.gold_night import Night, country, night
from tests.jobs.gold_world import BILLION, MILLION, World, frame
from tests.jobs.test_law import day


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Night:
    return night(spark)


TAX_STATUS = {
    "no code": "unregistered",
    "individual code": "unregistered",
    "not his": "unregistered",
    "represents a company": "unregistered",
    "partly withheld": "unregistered",
    "fully withheld": "fully_withheld",
    "exactly the threshold": "below_threshold",
    "status 00": "registered_active",
    "status 02": "registered_active",
    "e-commerce code": "registered_active",
    "stopped, then opened anew": "registered_active",
    "status 01": "stopped_selling",
    "status 03": "stopped_selling",
    "status 05": "stopped_selling",
    "stopped, another in review": "stopped_selling",
    "shop of a stopped code": "stopped_selling",
    "company, stopped": "stopped_selling",
    "status 10": "registered_unmatched",
    "company, status 10": "registered_unmatched",
    "in review a": "registered_unmatched",
    "in review b": "registered_unmatched",
    "status 04": "address_problem",
    "status 06": "address_problem",
    "status 07": "address_problem",
    "status 08": "address_problem",
    "status 09": "address_problem",
    "stopped, small": "address_problem",
    "stopped and moved away": "address_problem",
    "company, moved away": "address_problem",
    "company, stopped, nothing sold": "address_problem",
    "shop of a code, small": "registered_active",
    "nobody found": "unresolved",
    "somebody in review": "unresolved",
    "abroad": "foreign",
    "abroad, registered": "foreign",
    "abroad, linked all the same": "foreign",
}


@pytest.mark.parametrize("name", TAX_STATUS)
def test_tax_status_is_the_first_that_holds(found: Night, name: str) -> None:
    assert found.party(name)["tax_status"] == TAX_STATUS[name]


PARTY_TYPE = {
    "no code": "individual",
    "individual code": "individual",
    "in review a": "individual",
    "status 10": "household_business",
    "e-commerce code": "household_business",
    "shop of a stopped code": "household_business",
    "company, stopped": "organisation",
    "somebody in review": "unresolved",
    "abroad": "foreign",
}


@pytest.mark.parametrize("name", PARTY_TYPE)
def test_party_type_follows_own_registrations(found: Night, name: str) -> None:
    assert found.party(name)["party_type"] == PARTY_TYPE[name]


TAX_CODE = {
    "no code": None,
    "in review a": None,
    "represents a company": None,
    "individual code": "8000000001",
    "stopped, then opened anew": "9000000500",  # active, though the stopped one is smaller
    "stopped and moved away": "8000000303",
    "shop of a stopped code": "8100000103",
    "company, stopped": "0310000101",
    "abroad": None,
    "abroad, registered": "9100000100",
    "abroad, registered by passport": "9100000200",
    "abroad, ended, another passport": "9100000303",
    "abroad, registered, another passport": "9100000100",
}


@pytest.mark.parametrize("name", TAX_CODE)
def test_the_tax_code_shown_is_the_smallest_of_the_best_kind(found: Night, name: str) -> None:
    assert found.party(name)["tax_code"] == TAX_CODE[name]


def test_every_shop_counts_in_exactly_one_party(found: Night) -> None:
    assert sum(row["shop_count"] for row in found.parties.values()) == len(found.world.rows["sellers"])
    assert {found.world.keys[str(shop["shop_id"])] for shop in found.world.rows["sellers"]} == set(found.parties)
    assert found.party("nobody found")["personal_id"] is None
    assert found.party("somebody in review")["personal_id"] is None
    assert found.party("company, stopped")["personal_id"] is None


def test_revenue_is_of_all_shops_in_periods_of_the_year_that_have_begun(found: Night) -> None:
    party = found.party("all kinds of sales")
    assert (party["shop_count"], party["revenue_vnd"], party["withheld_vnd"]) == (2, 1_560_000_067, 1_000_000)
    assert found.party("very large")["revenue_vnd"] == 2 * 10**15


def test_declared_revenue_is_of_the_whole_year_and_of_known_parties_only(found: Night) -> None:
    declared = {name: found.party(name)["declared_revenue_vnd"] for name in _DECLARED}
    assert declared == _DECLARED


_DECLARED = {
    "no code": 0,
    "declares half": 600 * MILLION,
    "declares under two codes": 600 * MILLION,
    "declares once, written twice": 300 * MILLION,
    "declares the year too early": 2 * BILLION,
    "declares in a quarter that is not due": 600 * MILLION,
    "company, mostly withheld": 600 * MILLION,
    "nobody found": None,
    "abroad": None,
}


DUE = {  # what a code declared → what counts on the night on which the third and the fourth quarter became due
    "quarter": ({"2026-Q4": 7}, 0, 7),
    "months": ({"2026-10": 2, "2026-12": 3}, 0, 5),
    "quarter beats its months alone": ({"2026-Q1": 7, "2026-02": 100, "2026-05": 1}, 8, 8),
    "year": ({"2026": 9}, 0, 9),
    "year beside a month": ({"2026": 9, "2026-01": 4}, 4, 4),
    "year beside a quarter not due": ({"2026": 9, "2026-Q4": 4}, 0, 4),
    "a zero is a row": ({"2026": 9, "2026-Q1": 0, "2026-01": 5}, 0, 0),
    "another year": ({"2025": 9, "2027-Q1": 4}, 0, 0),
    "taken back": ({"2026-Q1": -3, "2026-Q2": 5}, 2, 2),
}


def test_of_a_code_and_quarter_the_quarter_counts_else_its_months_and_the_year_last(spark: SparkSession) -> None:
    world = World()
    for name, (rows, _, _) in DUE.items():
        for period, vnd in rows.items():
            world.declared(name, period, vnd)
    codes = spark.createDataFrame([(name, name) for name in DUE], "party_key string, code string")
    for night_of, expected in (("2026-11-01", 1), ("2027-02-01", 2)):
        declared = revenue.declared_revenue(world.frame(spark, "declarations"), codes, judged_years(day(night_of)))
        counted = {
            row["party_key"]: int(row["declared_due_vnd"]) for row in declared.collect() if row["tax_year"] == 2026
        }
        assert {name: counted.get(name, 0) for name in DUE} == {name: case[expected] for name, case in DUE.items()}


def test_the_country_of_the_tests_has_no_two_parties_of_one_name() -> None:
    names = [str(shop["shop_id"]) for shop in country().rows["sellers"]]
    assert len(names) == len(set(names))


def test_branches_of_a_company_are_its_own_and_the_company_stands_for_them(spark: SparkSession) -> None:
    registry = {
        "0310000101": ("organisation", "01"),
        "0310000101-001": ("organisation", "00"),
        "0310000205-001": ("organisation", "00"),
        "8001112223": ("household_business", "00"),
        "8001112223-001": ("household_business", "00"),
    }
    taxpayers = frame(
        spark,
        SILVER["taxpayers"],
        [
            {"tax_code": code, "code": code, "taxpayer_type": kind, "status": status, "is_ecommerce_code": False}
            for code, (kind, status) in registry.items()
        ],
    )
    known = [(code, "code", None, code) for code in ("0310000101", "0310000205-001", "8001112223")]
    shops = spark.createDataFrame(known, "party_key string, kind string, personal_id string, tax_code string")
    codes = parties.own_codes(shops, taxpayers, frame(spark, HOLDER_LINKS, []), statuses(day("2026-11-15")))
    own: dict[str, set[str]] = {}
    for row in codes.collect():
        own.setdefault(row.party_key, set()).add(row.tax_code)
    assert own == {
        "0310000101": {"0310000101", "0310000101-001"},
        "0310000205-001": {"0310000205-001"},
        "8001112223": {"8001112223"},
    }
    company = parties.registrations(codes).where("party_key = '0310000101'").first()
    assert company is not None
    assert (company.has_active, company.stopped_only, company.shown.tax_code) == (False, True, "0310000101")
