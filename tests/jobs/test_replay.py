"""`ct18 replay`: a past night from the versions that it recorded is the night that it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs import tables
from jobs.errors import UserError
from jobs.replay import replay
from jobs.settings import Settings
from jobs.storage import Lake
from tests.small_country import Nights


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first", "following", "quiet"])
def test_a_replayed_night_is_equal_to_what_it_was(nights: Nights, tmp_path: Path, name: str) -> None:
    out, run = tmp_path / "replayed", getattr(nights, name)
    told: list[str] = []
    found = replay(nights.lake, run.run_id, Settings(), str(out), told.append)
    assert set(found.values()) == {0}
    assert {"silver/sellers", "match/seller_links", "gold/flagged_sellers"} <= found.keys()
    was = nights.state(run).read(tables.FLAGGED_SELLERS).count()
    assert Lake(nights.lake.spark, str(out)).read(tables.FLAGGED_SELLERS).count() == was > 0


def test_what_cannot_be_replayed_is_one_line_and_writes_nothing(nights: Nights, tmp_path: Path) -> None:
    out = tmp_path / "replayed"
    other = Settings.model_validate({"match": {"link_threshold": 0.95}})
    with pytest.raises(UserError, match="no finished run nobody"):
        replay(nights.lake, "nobody", Settings(), str(out), print)
    with pytest.raises(UserError, match="was made with other settings: give its --config"):
        replay(nights.lake, nights.first.run_id, other, str(out), print)
    assert not out.exists()
    out.mkdir()
    with pytest.raises(UserError, match="is there already"):
        replay(nights.lake, nights.first.run_id, Settings(), str(out), print)
