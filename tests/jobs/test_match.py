"""Match: what becomes of links that steps before have made, on literal rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs import tables
from jobs.match.by_people import searched_for_others
from jobs.match.holders import codes, taxpayer_holders
from jobs.match.stage import Stage
from jobs.memory import Memory
from jobs.settings import MatchSettings
from jobs.storage import Lake
from matching.changes import Tracked
from tests.jobs.gold_world import Row, frame, keep

_LINKS = (
    "record string, decision string, probability double, possible string, match_type string, evidence string, "
    "code string"
)


# Codes of the registry → type, and the person whose they are, if he is known.
_REGISTRY = {
    "0301234567": ("organisation", None),
    "0309876543": ("organisation", None),
    "0309876543-001": ("organisation", None),
    "8001112223": ("household_business", "hoa"),
    "8001112223-888": ("individual", "hoa"),
    "8004445556-001": ("household_business", "bao"),
    "8007778889-001": ("household_business", "sang"),
    "8007778889-002": ("household_business", "tuan"),
}

# What is declared → whose it is; None: nobody's.
_DECLARED = {
    "0301234567": "T:0301234567",
    "0301234567-001": "T:0301234567",
    "0309876543-001": "T:0309876543",
    "0309876543-002": "T:0309876543",
    "8001112223-888": "R:hoa",
    "8001112223-001": "R:hoa",
    "8004445556": "R:bao",
    "8004445556-888": "R:bao",
    "8007778889": None,
    "8007778889-888": None,
    "0312345678-001": None,
}


@pytest.fixture
def registry(spark: SparkSession, tmp_path: Path) -> Callable[[list[str], bool], dict[str, Any]]:
    rows: list[Row] = [
        {"tax_code": code, "code": code, "taxpayer_type": kind, "status": "00", "is_ecommerce_code": "888" in code}
        for code, (kind, _) in _REGISTRY.items()
    ]
    taxpayers = frame(spark, tables.SILVER["taxpayers"], rows)
    people = [(code, 1, f"R:{person}" if person else None, "home") for code, (_, person) in _REGISTRY.items()]
    held: DataFrame = spark.createDataFrame(people, "code string, place int, subject string, household string")
    shared: tuple[Any, ...] = ({"taxpayers": Tracked(taxpayers)}, dt.date(2026, 11, 20), None, MatchSettings(), print)
    stage = Stage(*shared, keep, Memory(Lake(spark, str(tmp_path))), *[None] * 4)

    def held_by(declared: list[str], is_part: bool) -> dict[str, Any]:
        """Whose the declared codes are."""
        asked = spark.createDataFrame([(code,) for code in declared], "key string")
        found = codes(stage, held, asked, is_part=is_part).collect()
        assert len({row.key for row in found}) == len(found)
        return {row.key: row.holder.subject for row in found if row.holder and row.key in declared}

    return held_by


@pytest.mark.parametrize("is_part", [False, True])
def test_a_code_is_its_holders_and_a_branch_that_no_register_lists_its_taxpayers(
    registry: Callable[[list[str], bool], dict[str, Any]], is_part: bool
) -> None:
    expected = {code: subject for code, subject in _DECLARED.items() if subject is not None}
    assert registry([*_DECLARED], is_part) == expected


def test_whose_shop_declares_a_code_that_nobody_certainly_holds_is_held_in_review(spark: SparkSession) -> None:
    taxpayers = spark.createDataFrame(
        [
            ("known", "link", 0.99, "R:owner", "id", "{}", "01"),
            ("unknown", "none", None, None, "none", None, "02"),
            ("undeclared", "none", None, None, "none", None, "03"),
            ("doubtful", "review", 0.4, "R:namesake", "fuzzy", "{}", "04"),
            ("by its branch", "none", None, None, "none", None, "8001112223"),
        ],
        _LINKS,
    )
    shops = spark.createDataFrame(
        [(f"shop{code}", "trader", "link", 0.95) for code in ("01", "02", "04")]
        + [("shop03", "trader", "review", 0.5), ("shop8001112223-001", "trader", "link", 0.95)],
        "shop_id string, personal_id string, decision string, match_probability double",
    ).selectExpr("'platform' platform", "*")
    sellers = shops.selectExpr("platform", "shop_id", "substring(shop_id, 5) code")
    found = taxpayer_holders(taxpayers, shops, sellers).collect()
    assert {(row.record_key, row.personal_id, row.decision, row.match_probability) for row in found} == {
        ("known", "owner", "link", 0.99),
        ("unknown", "trader", "review", 0.95),
        ("undeclared", None, "none", None),
        ("doubtful", "namesake", "review", 0.4),
        ("doubtful", "trader", "review", 0.95),
        ("by its branch", "trader", "review", 0.95),
    }
    assert {row.evidence for row in found if row.personal_id == "trader"} == {
        '{"Gian hàng khai mã số này":"platform|shop02"}',
        '{"Gian hàng khai mã số này":"platform|shop04"}',
        '{"Gian hàng khai mã số này":"platform|shop8001112223-001"}',
    }


def test_whose_id_a_shop_declares_settles_it_no_more_once_people_have_ruled_them_out(spark: SparkSession) -> None:
    shops = [("a", "R:1", True), ("b", "R:1", True), ("c", "R:2", True), ("d", None, False)]
    rows = spark.createDataFrame(
        [(record, (holder, "home") if holder else None, settled) for record, holder, settled in shops],
        "record string, holder_id struct<subject: string, household: string>, settled boolean",
    )
    said = [("a", "R:1", False), ("b", "R:1", True), ("c", "R:1", False), ("d", "R:1", False)]
    decided = spark.createDataFrame(said, "record string, subject string, is_party boolean")
    found = searched_for_others(rows, decided)
    assert found.columns == rows.columns
    assert {row.record: row.settled for row in found.collect()} == {"a": False, "b": True, "c": True, "d": False}
