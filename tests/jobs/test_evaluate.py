"""Links and flags against a truth of literal rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs import evaluate, tables
from jobs.errors import UserError
from jobs.report import numbers
from jobs.storage import Lake
from tests.jobs.a_night import case, fill, link, shop

ANNA, BINH, COMPANY = "079188001234", "079190005678", "0312345678"

# shop, decision, match type, probability, what the row says (person, code), who it is (person, code), is that right
SHOPS: tuple[
    tuple[int, str, str, float | None, tuple[str | None, str | None], tuple[str | None, str | None], bool], ...
] = (
    (1, "link", "id", 0.99, (ANNA, None), (ANNA, None), True),
    (2, "link", "id", 0.98, (ANNA, COMPANY), (ANNA, COMPANY), True),
    (3, "link", "phone", 0.97, (BINH, None), (ANNA, None), False),
    (4, "link", "tax_code", 0.99, (None, COMPANY), (None, COMPANY), True),
    # a person on a company's shop is wrong, even beside the company's own code
    (5, "link", "bank", 0.96, (ANNA, COMPANY), (None, COMPANY), False),
    # a resident's shop is not found by a code alone
    (6, "link", "tax_code", 0.95, (None, COMPANY), (ANNA, COMPANY), False),
    # someone abroad: every link is wrong
    (7, "link", "fuzzy", 0.95, (BINH, None), (None, None), False),
    (8, "review", "bank", 0.44, (BINH, None), (BINH, None), True),
    (9, "review", "fuzzy", 0.31, (ANNA, None), (BINH, None), False),
    (10, "none", "none", None, (None, None), (None, None), False),
    (11, "none", "none", None, (None, None), (BINH, ""), False),
)

FLAGS = (
    {"tax_year": 2026, "personal_id": ANNA, "reason": "UNREGISTERED"},
    {"tax_year": 2026, "personal_id": BINH, "reason": "UNREGISTERED"},
    {"tax_year": 2026, "tax_code": COMPANY, "reason": "UNDER_DECLARED"},
    {"tax_year": 2026, "platform": "san_a", "shop_id": "S0007", "reason": "FOREIGN_UNREGISTERED"},
    {"tax_year": 2026, "platform": "san_a", "shop_id": "S0010", "reason": "FOREIGN_UNREGISTERED"},
    # the truth may know a supplier's code that its shop does not declare
    {"tax_year": 2026, "tax_code": "9", "platform": "san_a", "shop_id": "S0012", "reason": "FOREIGN_UNREGISTERED"},
    {"tax_year": 2026, "personal_id": ANNA, "reason": "SPLIT_SHOPS"},
)
CASES = (
    case("right", personal_id=ANNA),
    case("other-person", personal_id="079190009999"),
    case("other-year", personal_id=BINH, tax_year=2025),
    case("no-longer", personal_id=BINH, status="resolved"),
    case("company", personal_id=None, tax_code=COMPANY, reason="UNDER_DECLARED"),
    case("foreign", personal_id=None, reason="FOREIGN_UNREGISTERED", shops=[shop(7, 1)]),
    case("supplier", personal_id=None, reason="FOREIGN_UNREGISTERED", shops=[shop(12, 1)]),
    case("unscored", personal_id=None, reason="UNRESOLVED_HIGH_REVENUE"),
    case("reason-not-in-truth", reason="BORROWED_IDENTITY"),
)


def write_truth(folder: Path, shops: list[dict[str, Any]], flags: tuple[dict[str, Any], ...]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    text = {name: pa.string() for name in (*evaluate.SHOP_COLUMNS, "reason")}
    for name, rows, columns in (
        ("shops", shops, evaluate.SHOP_COLUMNS),
        ("flags", list(flags), evaluate.FLAG_COLUMNS),
    ):
        schema = pa.schema([(column, text.get(column, pa.int32())) for column in columns])
        filled = [{column: row.get(column) for column in columns} for row in rows]
        pq.write_table(pa.Table.from_pylist(filled, schema), folder / f"{name}.parquet")
    return str(folder)


@pytest.fixture(scope="module")
def result(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("evaluate")
    lake = Lake(spark, str(folder / "warehouse"))
    rows = [
        link(number, decision, kind, probability, personal_id=said[0], tax_code=said[1])
        for number, decision, kind, probability, said, _, _ in SHOPS
    ]
    fill(lake, tables.SELLER_LINKS, tuple(rows))
    fill(lake, tables.FLAGGED_SELLERS, CASES)
    shops = [
        {"platform": "san_a", "shop_id": f"S{number:04d}", "personal_id": true[0], "tax_code": true[1]}
        for number, *_, true, _ in SHOPS
    ]
    # a shop that the night never saw still counts for recall
    shops.append({"platform": "san_a", "shop_id": "S9999", "personal_id": BINH})
    return evaluate.evaluate(lake, write_truth(folder / "truth", shops, FLAGS))


def test_each_row_is_judged_as_the_contract_says(spark: SparkSession) -> None:
    columns = "platform string, shop_id string, personal_id string, tax_code string"
    links = spark.createDataFrame(
        [("p", str(n), *said, kind, p, decision) for n, decision, kind, p, said, _, _ in SHOPS],
        f"{columns}, match_type string, match_probability double, decision string",
    )
    truth = spark.createDataFrame([("p", str(n), *true) for n, *_, true, _ in SHOPS], columns)
    judged = {row.shop_id: row.right for row in evaluate.judge_links(links, truth).collect()}
    assert judged == {str(number): right for number, *_, right in SHOPS}


def test_links_count_right_rows_and_recall_is_over_residents(result: dict[str, Any]) -> None:
    links = result["links"]
    assert links["precision"] == pytest.approx(3 / 7)
    # residents in truth: shops 1, 2, 3, 6, 8, 9, 11 and the one never seen; links found 1 and 2
    assert links["recall"] == pytest.approx(2 / 8)
    assert links["f1"] == pytest.approx(2 * (3 / 7) * (1 / 4) / (3 / 7 + 1 / 4))
    assert (links["tp"], links["fp"], links["fn"]) == (3, 4, 6)
    assert (links["review"], links["review_right"]) == (2, 1)


def test_match_types_are_of_links_and_their_recalls_add_up(result: dict[str, Any]) -> None:
    kinds = result["match_types"]
    assert {kind: (entry["tp"], entry["fp"]) for kind, entry in kinds.items()} == {
        "id": (2, 0),
        "phone": (0, 1),
        "tax_code": (1, 1),
        "bank": (0, 1),
        "fuzzy": (0, 1),
    }
    assert sum(entry["recall"] for entry in kinds.values()) == pytest.approx(result["links"]["recall"])


def test_decisions_stand_beside_each_other(result: dict[str, Any]) -> None:
    decisions = result["decisions"]
    assert {name: entry["rows"] for name, entry in decisions.items()} == {
        "link": 7,
        "review": 2,
        "none": 2,
        "absent": 1,
    }
    assert decisions["review"]["precision"] == pytest.approx(1 / 2)
    assert decisions["none"]["precision"] is None
    assert decisions["none"]["residents"] == 1


def test_flags_are_scored_by_reason_party_and_year(result: dict[str, Any]) -> None:
    counts = {reason: (entry["tp"], entry["fp"], entry["fn"]) for reason, entry in result["flags"].items()}
    assert counts == {"UNREGISTERED": (1, 1, 1), "UNDER_DECLARED": (1, 0, 0), "FOREIGN_UNREGISTERED": (2, 0, 1)}
    assert result["flags"]["UNREGISTERED"]["precision"] == pytest.approx(0.5)


def test_calibration_compares_probability_and_truth(result: dict[str, Any]) -> None:
    bins = {one["from"]: one for one in result["calibration"]["bins"]}
    assert set(bins) == {0.3, 0.4, 0.9}
    assert (bins[0.9]["rows"], bins[0.9]["right"]) == (7, pytest.approx(3 / 7))
    gaps = (abs(0.31 - 0), abs(0.44 - 1), 7 * abs(sum(p or 0 for _, d, _, p, *_ in SHOPS if d == "link") / 7 - 3 / 7))
    assert result["calibration"]["ece"] == pytest.approx(sum(gaps) / 9)


def test_result_is_json_and_a_table_in_words(result: dict[str, Any]) -> None:
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    table = evaluate.as_table(result)
    assert "UNREGISTERED (Chưa đăng ký kinh doanh với thuế)" in table
    assert ANNA not in table


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Wilson 1927, as in any table of binomial intervals
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (995, 1000, 0.9883, 0.9979),
    ],
)
def test_wilson_interval(part: int, whole: int, low: float, high: float) -> None:
    found = numbers.wilson(part, whole)
    assert found == [pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4)]


def test_nothing_to_count_gives_no_ratio() -> None:
    assert numbers.wilson(0, 0) is None
    scores = evaluate.scores(0, 0, 0, 0)
    assert scores["precision"] is None and scores["recall"] is None and scores["f1"] is None
    assert not any(isinstance(value, float) and math.isnan(value) for value in scores.values())


@pytest.mark.parametrize("wrong", ["missing", "no parquet", "no column"])
def test_wrong_truth_is_one_clear_line(spark: SparkSession, tmp_path: Path, wrong: str) -> None:
    truth = tmp_path / "truth"
    write_truth(truth, [], ())
    if wrong == "missing":
        (truth / "flags.parquet").unlink()
    elif wrong == "no parquet":
        (truth / "flags.parquet").write_text("no parquet")
    else:
        pq.write_table(pa.table({"tax_year": [2026]}), truth / "flags.parquet")
    with pytest.raises(UserError, match=r"flags\.parquet") as caught:
        evaluate.evaluate(Lake(spark, str(tmp_path / "warehouse")), str(truth))
    assert "\n" not in str(caught.value)
