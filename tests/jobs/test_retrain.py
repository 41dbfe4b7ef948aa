"""What evidence weighs is found once, and stays until people bring something else into force."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import ledger, tables, training
from jobs.errors import UserError
from jobs.night import run_night
from jobs.settings import MatchSettings, Settings
from jobs.storage import Lake
from tests.small_country import LAST, Nights


@pytest.fixture(scope="module")
def warehouse(nights: Nights, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The three nights' warehouse, to be written to."""
    folder = tmp_path_factory.mktemp("training") / "warehouse"
    shutil.copytree(nights.lake.root, folder)
    return Lake(spark, str(folder))


def test_a_night_after_the_first_decides_by_the_first_ones_training(nights: Nights) -> None:
    first, following = nights.state(nights.first), nights.state(nights.following)
    assert first.version(tables.TRAINING) == following.version(tables.TRAINING)
    assert first.version(tables.FREQUENCIES) == following.version(tables.FREQUENCIES)
    accepted = training.load(following)
    assert accepted is not None
    assert accepted.trained_on == nights.first.business_date
    assert {row.version for row in following.read(tables.MODEL).select("version").distinct().collect()} == {
        accepted.version
    }


def test_a_source_that_comes_for_the_first_time_makes_the_training_outdated(nights: Nights) -> None:
    accepted = training.load(nights.state(nights.following))
    assert accepted is not None
    assert accepted.outdated(accepted.sources) is None
    assert accepted.outdated(accepted.sources | {"weather"}) == "first data of weather"
    unread = training.Accepted(accepted.version, accepted.trained_on, accepted.sources, None)
    assert unread.outdated(accepted.sources) == "other comparisons than before"


@pytest.mark.slow
def test_retrain_compares_and_promotes_and_the_next_night_decides_by_it(nights: Nights, warehouse: Lake) -> None:
    before = training.load(warehouse)
    comparison = training.retrain(warehouse, MatchSettings(), promote=True, progress=lambda line: None)
    assert before is not None
    assert comparison.before.version == before.version
    assert sum(each.shops for each in comparison.shops) == warehouse.read(tables.SELLER_LINKS).count()
    stay = sum(each.shops for each in comparison.shops if each.same_party and each.before == each.now)
    assert stay > 0.95 * sum(each.shops for each in comparison.shops)

    promoted = training.load(warehouse)
    assert promoted is not None
    assert (promoted.trained_on, promoted.version == before.version) == (LAST, False)
    assert not training.is_used(warehouse)
    run = ledger.last_finished(warehouse)
    assert run is not None
    assert [stage["name"] for stage in run["stages"]][-1] == training.STAGE
    # What the last night came to still stands, under both rows.
    links = (tables.SELLER_LINKS, tables.FLAGGED_SELLERS, tables.MODEL)
    assert [run["versions"]["tables"][table.path] for table in links] == [
        nights.idle.versions["tables"][table.path] for table in links
    ]


def test_a_comparison_is_told_in_vietnamese(nights: Nights) -> None:
    accepted = training.load(nights.state(nights.following))
    assert accepted is not None
    moved = training.Shift("shop", "name", "typo", 0.02, 0.08, 2.0)
    shops = [training.ShopsMoved("link", "link", True, 995), training.ShopsMoved("review", "link", False, 5)]
    told = list(training.as_text(training.Comparison(accepted, (1_000, 1_200), [moved], shops), 1.0))
    assert told[1:] == [
        "đối tượng: 1.000 khi đó, 1.200 bây giờ",
        "mức so sánh có trọng số đổi quá 1,0 bit: 1",
        "  shop, name: typo: 2,00 % → 8,00 % (+2,0 bit)",
        "gian hàng đổi kết luận nếu dùng tham số mới: 5 trên 1.000",
        "  chờ xem xét → đã gắn, sang bên khác: 5",
    ]


def test_without_a_night_there_is_nothing_to_retrain(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no finished run yet"):
        training.retrain(Lake(spark, str(tmp_path)), MatchSettings(), promote=False, progress=lambda line: None)


@pytest.mark.slow
def test_a_date_that_is_done_is_done_anew_by_a_promoted_training(warehouse: Lake, tmp_path: Path) -> None:
    """After the test above; nothing new lies in the landing zone."""
    landing = tmp_path / "landing"
    landing.mkdir()
    told: list[str] = []
    run_night(warehouse, str(landing), LAST, Settings(), None, told.append)
    assert not any("nothing has changed" in line for line in told)
    assert training.is_used(warehouse)
