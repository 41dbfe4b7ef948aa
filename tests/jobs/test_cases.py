"""The life of a case: opened, kept, resolved, opened again; what the night does not look at stays as it was."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from pyspark.sql import Row, SparkSession

from jobs import cases, gold
from jobs.flags import Reason, judged_reasons
from jobs.law import judged_years
from jobs.tables import FLAGGED_SELLERS, SELLER_PARTIES
from tests.jobs import gold_world
from tests.jobs.gold_world import EVERY_SOURCE, MILLION, SETTINGS, World, keep

TONIGHT, EARLIER = dt.date(2026, 11, 15), dt.date(2026, 11, 14)
FIRST = dt.date(2026, 9, 1)
KEPT = '{"Doanh thu":{"a":1},"Quyết định của cán bộ":"confirmed"}'
PLAIN = '{"Doanh thu":{"a":1}}'


# name → status before (None: no case), evidence before, holds tonight → status, decision that the evidence remembers
LIFE: dict[str, tuple[str | None, str, bool, str, str | None]] = {
    "new": (None, "", True, "open", None),
    "still open": ("open", PLAIN, True, "open", None),
    "no longer holds": ("open", PLAIN, False, "resolved", None),
    "still resolved": ("resolved", PLAIN, False, "resolved", None),
    "holds again": ("resolved", PLAIN, True, "open", None),
    "confirmed": ("confirmed", PLAIN, True, "confirmed", "confirmed"),
    "confirmed, no longer holds": ("confirmed", PLAIN, False, "resolved", "confirmed"),
    "confirmed once, still resolved": ("resolved", KEPT, False, "resolved", "confirmed"),
    "confirmed once, holds again": ("resolved", KEPT, True, "open", "confirmed"),
    "confirmed once, then dismissed": ("dismissed", KEPT, True, "dismissed", "dismissed"),
    "dismissed": ("dismissed", PLAIN, True, "dismissed", "dismissed"),
    "dismissed, no longer holds": ("dismissed", PLAIN, False, "dismissed", "dismissed"),
}


def case(name: str, **values: gold_world.Value) -> gold_world.Row:
    row: gold_world.Row = {"case_id": name, "tax_year": 2026, "reason": "UNREGISTERED", "reasons_all": ["UNREGISTERED"]}
    return {**row, "priority": 0.5, "quality": "good", **values}


def lives(spark: SparkSession) -> tuple[list[gold_world.Row], list[gold_world.Row]]:
    """Cases before the night, and those that hold on it."""
    dates: gold_world.Row = {"first_flagged_on": FIRST, "business_date": EARLIER}
    before = [
        case(name, status=status, evidence=evidence, revenue_vnd=1, **dates)
        for name, (status, evidence, _, _, _) in LIFE.items()
        if status
    ]
    aside = [
        case("of an older year", status="open", evidence=PLAIN, tax_year=2025, **dates),
        case("of a reason that is not judged", status="open", evidence=PLAIN, **{**dates, "reason": "UNDER_DECLARED"}),
    ]
    return [*before, *aside], [case(name, evidence=PLAIN, revenue_vnd=2) for name, life in LIFE.items() if life[2]]


@pytest.fixture(scope="module")
def nights(spark: SparkSession) -> tuple[dict[str, Row], dict[str, Row]]:
    """The table of cases after the night, and after the same night once more."""
    rows_before, rows_found = lives(spark)
    found = gold_world.frame(spark, FLAGGED_SELLERS, rows_found).drop("status", "business_date", "first_flagged_on")
    frame, after = gold_world.frame(spark, FLAGGED_SELLERS, rows_before), []
    for _ in range(2):
        frame = cases.carry_on(
            frame, found, judged_years(TONIGHT), judged_reasons(EVERY_SOURCE - {"declarations"}), TONIGHT
        )
        after.append({row["case_id"]: row for row in frame.collect()})
    return after[0], after[1]


@pytest.mark.parametrize("name", LIFE)
def test_a_case_lives_on(nights: tuple[dict[str, Row], dict[str, Row]], name: str) -> None:
    before, _, holds, status, decision = LIFE[name]
    row = nights[0][name]
    assert row["status"] == status
    assert row["business_date"] == TONIGHT
    assert row["first_flagged_on"] == (FIRST if before else TONIGHT)
    assert row["revenue_vnd"] == (2 if holds else 1)
    assert json.loads(row["evidence"]).get("Quyết định của cán bộ") == decision
    assert json.loads(row["evidence"])["Doanh thu"] == {"a": 1}


@pytest.mark.parametrize("name", ["of an older year", "of a reason that is not judged"])
def test_what_the_night_does_not_look_at_stays_untouched(
    nights: tuple[dict[str, Row], dict[str, Row]], name: str
) -> None:
    row = nights[0][name]
    assert (row["status"], row["business_date"], row["evidence"]) == ("open", EARLIER, PLAIN)


def test_the_same_night_again_changes_nothing(nights: tuple[dict[str, Row], dict[str, Row]]) -> None:
    assert nights[0] == nights[1]


@pytest.mark.parametrize(
    ("missing", "not_judged"),
    [
        (set(), set()),
        ({"declarations"}, {Reason.UNDER_DECLARED}),
        ({"bank_accounts", "bank_inflows", "telecom_subscribers"}, set()),
    ],
)
def test_a_reason_is_not_judged_where_a_source_that_it_needs_never_came(
    missing: set[str], not_judged: set[Reason]
) -> None:
    assert set(Reason) - {Reason.SPLIT_SHOPS} - set(judged_reasons(EVERY_SOURCE - missing)) == not_judged


def spring() -> World:
    """Sellers of two tax years: 600 million in each, above the thresholds of 2025 and, until 28 April, of 2026."""
    world = World()
    for name in ("stays", "registers", "corrected", "leaves", "loses the link"):
        world.seller(name, 600 * MILLION, "2026-02", by="phone" if name == "stays" else "id")
        world.sale(name, 600 * MILLION, "2025-12")
    world.taxpayer("8000000101", "household_business", "00", world.seller("active", 600 * MILLION, "2026-01"))
    return world


def summer() -> World:
    """The same a night later: one has registered, one revenue is corrected, one shop is gone, one link in review."""
    world = spring()
    world.taxpayer("8000000202", "household_business", "00", world.ids["registers"])
    for name in ("corrected", "leaves"):
        world.rows["seller_sales"] = [row for row in world.rows["seller_sales"] if row["shop_id"] != name]
    world.rows["sellers"] = [row for row in world.rows["sellers"] if row["shop_id"] != "leaves"]
    next(row for row in world.rows["seller_links"] if row["shop_id"] == "loses the link")["decision"] = "review"
    return world


@pytest.fixture(scope="module")
def seasons(spark: SparkSession) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """Cases and parties of 31 March 2026 and, going on from there, of 1 April."""
    old_case = case("of 2023", status="open", evidence=PLAIN, tax_year=2023)
    old_party: gold_world.Row = {"party_key": "of 2023", "tax_year": 2023, "revenue_vnd": 7, "tax_status": "unresolved"}
    first = gold.build(
        spring().inputs(
            spark,
            EVERY_SOURCE - {"declarations", "bank_inflows"},
            frozenset({"telecom_subscribers"}),
            gold_world.frame(spark, FLAGGED_SELLERS, [old_case]),
            gold_world.frame(spark, SELLER_PARTIES, [old_party]),
        ),
        dt.date(2026, 3, 31),
        SETTINGS,
        keep,
    )
    march = first.flagged_sellers.collect(), first.seller_parties.collect()
    flagged = spark.createDataFrame(march[0], FLAGGED_SELLERS.schema)
    parties = spark.createDataFrame(march[1], SELLER_PARTIES.schema)
    second = gold.build(
        summer().inputs(spark, previous_flagged=flagged, previous_parties=parties), dt.date(2026, 4, 1), SETTINGS, keep
    )
    april = second.flagged_sellers.collect(), second.seller_parties.collect()
    return *march, *april


def of_shop(rows: list[Row], name: str, tax_year: int) -> dict[str, Row]:
    return {
        row["reason"]: row
        for row in rows
        if row["tax_year"] == tax_year and row["shops"] and name in {shop["shop_id"] for shop in row["shops"]}
    }


def test_through_31_march_two_tax_years_are_judged_each_by_its_own_threshold(
    seasons: tuple[list[Row], ...],
) -> None:
    march = seasons[0]
    for year, threshold in ((2025, 100 * MILLION), (2026, 500 * MILLION)):
        found = of_shop(march, "stays", year)["UNREGISTERED"]
        assert (found["threshold_vnd"], found["revenue_vnd"]) == (threshold, 600 * MILLION)


def test_without_declarations_and_with_degraded_sources(seasons: tuple[list[Row], ...]) -> None:
    march, parties = seasons[0], seasons[1]
    assert {row["reason"] for row in march} == {"UNREGISTERED"}
    assert of_shop(march, "stays", 2026)["UNREGISTERED"]["quality"] == "degraded"  # linked by its phone
    assert of_shop(march, "leaves", 2026)["UNREGISTERED"]["quality"] == "good"
    assert {row["declared_revenue_vnd"] for row in parties if row["tax_year"] == 2026} == {None}


def test_from_1_april_the_year_before_stays_as_it_was(seasons: tuple[list[Row], ...]) -> None:
    march, march_parties, april, april_parties = seasons
    for before, after in ((march, april), (march_parties, april_parties)):
        older = [sorted(map(repr, (row for row in rows if row["tax_year"] < 2026))) for rows in (before, after)]
        assert older[0] == older[1]
        assert len(older[0]) > 1


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("stays", "open"),
        ("registers", "resolved"),
        ("corrected", "resolved"),
        ("leaves", "resolved"),
        ("loses the link", "resolved"),
    ],
)
def test_a_case_keeps_its_id_and_is_resolved_with_its_last_figures(
    seasons: tuple[list[Row], ...], name: str, status: str
) -> None:
    before, after = (of_shop(rows, name, 2026)["UNREGISTERED"] for rows in (seasons[0], seasons[2]))
    assert after["case_id"] == before["case_id"]
    assert (after["status"], str(after["business_date"])) == (status, "2026-04-01")
    assert (str(after["first_flagged_on"]), after["revenue_vnd"]) == ("2026-03-31", 600 * MILLION)


def test_a_withdrawn_link_opens_a_case_of_the_shop_alone(seasons: tuple[list[Row], ...]) -> None:
    found = of_shop(seasons[2], "loses the link", 2026)["UNRESOLVED_HIGH_REVENUE"]
    assert (found["status"], found["detail"], str(found["first_flagged_on"])) == ("open", "review", "2026-04-01")


def test_tables_have_the_columns_of_their_contract(seasons: tuple[list[Row], ...]) -> None:
    assert set(seasons[2][0].asDict()) == set(FLAGGED_SELLERS.columns)
    assert set(seasons[3][0].asDict()) == set(SELLER_PARTIES.columns)


def test_a_night_that_judges_as_the_one_before_did_takes_its_cases_over(
    spark: SparkSession, seasons: tuple[list[Row], ...]
) -> None:
    """Analysts have decided on some of them meanwhile."""
    next_day = dt.date(2026, 4, 2)
    decided = ("open", "confirmed", "dismissed")
    rows = [
        {**row.asDict(), "status": row["status"] if row["status"] == "resolved" else decided[number % 3]}
        for number, row in enumerate(sorted(seasons[2], key=lambda row: str(row["case_id"])))
    ]
    assert {row["status"] for row in rows} == {"resolved", *decided}
    flagged = spark.createDataFrame([Row(**row) for row in rows], FLAGGED_SELLERS.schema)
    parties = spark.createDataFrame(seasons[3], SELLER_PARTIES.schema)
    inputs = summer().inputs(spark, previous_flagged=flagged, previous_parties=parties)
    built = gold.build(inputs, next_day, SETTINGS, keep)
    made_anew = built.flagged_sellers.select(*FLAGGED_SELLERS.columns)
    taken_over = gold.carry_on(inputs, next_day).select(*FLAGGED_SELLERS.columns)
    assert sorted(map(repr, taken_over.collect())) == sorted(map(repr, made_anew.collect()))
    assert sorted(map(repr, built.seller_parties.collect())) == sorted(map(repr, seasons[3]))
