"""Whole nights on the committed country: what each leaves behind, and what becomes of what is wrong in it."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import ledger, lock, tables
from jobs.errors import NightFailed, UserError
from jobs.evaluate import evaluate
from jobs.report import write_report
from jobs.settings import ReportSettings, Settings
from jobs.storage import Lake
from matching.text import LONGEST
from sample_data.faults import FAULTS, write_faulty
from tests.small_country import (
    COUNTRY,
    DELIVERY,
    FOLLOWING,
    HOSTILE,
    LAST,
    NEXT,
    NIGHT,
    SHOPS_BY_CODE,
    Nights,
    Plan,
    operators,
    run,
)

ROOT = Path(__file__).resolve().parent.parent

# What a night dates or orders anew although nothing changed.
DATED = {"business_date"}


def _rows(frame: DataFrame) -> set[str]:
    kept = [name for name in frame.columns if name not in DATED]
    return {row[0] for row in frame.select(F.to_json(F.struct(*sorted(kept)))).collect()}


def test_the_first_night_succeeds_and_no_row_is_lost(nights: Nights) -> None:
    assert nights.first.status == "succeeded"
    assert {(outcome.outcome, outcome.reason) for outcome in nights.first.sources} == {("taken", None)}
    bronze = next(stage for stage in nights.first.stages if stage.name == "bronze")
    quarantined = sum(outcome.quarantined or 0 for outcome in nights.first.sources)
    assert bronze.rows_in == (bronze.rows_out or 0) + quarantined
    assert bronze.rows_in == sum(outcome.rows or 0 for outcome in nights.first.sources)


def test_links_and_flags_agree_with_the_truth(nights: Nights) -> None:
    scores = evaluate(nights.state(nights.first), str(COUNTRY / "truth"))
    links, flags = scores["links"], scores["flags"]
    assert links["precision"] >= 0.98  # type: ignore[index]
    assert links["recall"] >= 0.90  # type: ignore[index]
    assert flags["UNREGISTERED"]["precision"] >= 0.9  # type: ignore[index]


def test_no_plan_multiplies_two_tables(nights: Nights) -> None:
    names = {operator["nodeName"] for plan in nights.plans for operator in operators(plan)}
    assert "SortMergeJoin" in names or "BroadcastHashJoin" in names
    assert not names & {"CartesianProduct", "BroadcastNestedLoopJoin"}


def test_no_window_gathers_a_whole_table(nights: Nights) -> None:
    windows = [operator for plan in nights.plans for operator in operators(plan) if operator["nodeName"] == "Window"]
    assert windows
    gathered = [_first_exchange(window) for window in windows]
    assert not [exchange for exchange in gathered if "SinglePartition" in exchange]


def _first_exchange(operator: Plan) -> str:
    """How the rows that an operator sees were spread: the nearest exchange below it, empty where there is none."""
    return next((below["simpleString"] for below in operators(operator) if below["nodeName"] == "Exchange"), "")


def test_every_shop_has_one_link_and_counts_in_one_party(nights: Nights) -> None:
    state = nights.state(nights.first)
    shops = state.read(tables.SELLERS).count()
    assert state.read(tables.SELLER_LINKS).select("platform", "shop_id").distinct().count() == shops
    parties = state.read(tables.SELLER_PARTIES).where("tax_year = 2026")
    assert parties.agg(F.sum("shop_count")).first()[0] == shops  # type: ignore[index]


def test_every_link_says_why(nights: Nights) -> None:
    links = nights.state(nights.first).read(tables.SELLER_LINKS).where("decision != 'none'")
    for row in links.limit(50).collect():
        why = json.loads(row["evidence"])
        assert 0 <= row["match_probability"] <= 1
        assert why["fields"]
        assert row["personal_id"] is None or row["personal_id"] not in row["evidence"]


def test_of_a_shop_that_nobody_is_linked_with_the_nearest_candidate_is_told_without_a_name(nights: Nights) -> None:
    state = nights.state(nights.first)
    nearest = state.read(tables.NEAREST)
    links = nearest.join(state.read(tables.SELLER_LINKS).drop("match_probability", "evidence"), ["platform", "shop_id"])
    assert {row.decision for row in links.select("decision").distinct().collect()} == {"none"}
    rows = nearest.collect()
    assert rows
    assert all(0 <= row.match_probability < Settings().match.review_threshold for row in rows)
    assert all(json.loads(row.evidence)["fields"] for row in rows)
    assert "Mã số thuế" in {text for row in rows for text in row.missing}
    assert not [row for row in rows if re.search("[0-9]{7}", row.evidence)]


@pytest.mark.parametrize(
    "table",
    [tables.HOLDER_LINKS, tables.SELLER_LINKS, tables.FLAGGED_SELLERS, tables.SELLER_PARTIES, tables.CORRECTIONS],
    ids=lambda t: t.path,
)
def test_what_nights_left_uncomputed_is_what_a_rebuild_makes(nights: Nights, table: tables.Table) -> None:
    assert _rows(nights.state(nights.again).read(table)) == _rows(nights.state(nights.quiet).read(table))


def test_a_rebuild_tells_in_how_many_rows_it_differs(nights: Nights) -> None:
    compared = [line for line in nights.told["again"] if line.startswith("full: ")]
    decided = ["match/seller_links", "gold/seller_parties", "gold/flagged_sellers", "gold/corrections"]
    assert compared == [
        f"full: {name}: 0 rows differ" for name in (*(table.path for table in tables.SILVER.values()), *decided)
    ]


def test_a_night_resolves_only_what_has_been_touched(nights: Nights) -> None:
    told = "\n".join(nights.told["following"])
    found = re.findall(r"match: (\w+): ([\d,]+) of ([\d,]+) anew", told)
    resolved = {kind: (int(anew.replace(",", "")), int(of.replace(",", ""))) for kind, anew, of in found}
    assert resolved.keys() == {"sim", "taxpayer", "account", "shop"}
    assert all(anew < of / 2 for anew, of in resolved.values())
    # Somebody has registered; what came of most other sources is held.
    assert resolved["taxpayer"][0] > 0
    assert " anew" not in "\n".join(nights.told["again"])


def test_a_night_on_which_nothing_changed_does_not_match_again(nights: Nights) -> None:
    assert "match: nothing that it rests on has changed" in nights.told["quiet"]
    assert not any("match: nothing" in line for line in nights.told["again"])
    quiet, following = nights.state(nights.quiet), nights.state(nights.following)
    for table in (*tables.SILVER.values(), tables.HOLDER_LINKS, tables.TRAINING):
        assert quiet.version(table) == following.version(table)
    links = quiet.read(tables.SELLER_LINKS)
    assert {row.business_date for row in links.select("business_date").distinct().collect()} == {LAST}
    assert _rows(links.drop("business_date")) == _rows(following.read(tables.SELLER_LINKS).drop("business_date"))


def test_a_night_that_is_done_is_left_alone(nights: Nights) -> None:
    assert nights.idle.status == nights.again.status
    assert nights.idle.sources == nights.again.sources
    assert [stage.name for stage in nights.idle.stages] == ["bronze", "gate", "silver"]
    assert nights.idle.versions["tables"] == nights.again.versions["tables"]


def test_scores_are_those_of_what_was_found(nights: Nights) -> None:
    state = nights.state(nights.first)
    key = ["business_date", "source", "dimension"]
    found = state.read(tables.QUALITY_FINDINGS)
    summed = found.groupBy(*key).agg(
        (1 - F.sum("failed") / F.sum("judged")).alias("held"), F.max("failed").alias("most")
    )
    # A row that breaks several rules of a dimension fails once.
    broken = state.read(tables.BROKEN_RULES).withColumn("rule", F.explode("rules")).join(found, [*key[:2], "rule"])
    failing = broken.groupBy(*key).agg(F.count_distinct("record_key").alias("failing"))
    scored = state.read(tables.QUALITY_SCORECARD).join(summed, key, "left").join(failing, key, "left")
    rows = scored.collect()
    assert len(rows) == 4 * 8
    assert all(abs(row.score - (1.0 if row.held is None else row.held)) < 1e-9 for row in rows)
    assert all(row.failed_rows == max(row.most or 0, row.failing or 0) for row in rows)
    assert any(row.failed_rows > row.most for row in rows if row.most)
    # No value of the data is in what Great Expectations left behind.
    assert found.where("result like '%partial_unexpected_list\": [\"%'").isEmpty()


def test_rows_that_break_a_rule_are_as_many_as_its_finding_says(nights: Nights) -> None:
    state = nights.state(nights.first)
    broken = state.read(tables.BROKEN_RULES).select("source", F.explode("rules").alias("rule"))
    rows = {(row.source, row.rule): row["count"] for row in broken.groupBy("source", "rule").count().collect()}
    found = state.read(tables.QUALITY_FINDINGS).where('result like \'%"scope": "rows"%\' and failed > 0')
    of_sources = found.where(F.col("source").isin(*tables.SILVER))
    assert rows == {(row.source, row.rule): row.failed for row in of_sources.collect()}
    assert len(rows) > 20


def test_what_owners_should_mend_is_told_once_and_masked(nights: Nights) -> None:
    corrections = nights.state(nights.first).read(tables.CORRECTIONS)
    rows = corrections.collect()
    assert {row.source for row in rows} == {
        *("residents", "taxpayers", "bank_accounts", "telecom_subscribers", "sellers")
    }
    assert len({(row.source, row.record_key, row.field) for row in rows}) == len(rows)
    assert all(0 <= row.confidence <= 1 and row.status == "open" for row in rows)
    shown = [text for row in rows for text in (row.value_masked, row.suggestion_masked) if text]
    assert not [text for text in shown if re.search("[0-9]{7}", text)]


def test_a_next_night_takes_changes_in_and_resolves_what_no_longer_holds(nights: Nights) -> None:
    cases = nights.state(nights.following).read(tables.FLAGGED_SELLERS)
    resolved = cases.where(F.col("case_id").isin(*nights.registered)).collect()
    told = [(row["status"], row["business_date"], row["first_flagged_on"]) for row in resolved]
    assert told == [("resolved", NEXT, NIGHT)] * len(nights.registered)
    before = nights.state(nights.first).read(tables.FLAGGED_SELLERS)
    assert before.join(cases, "case_id", "left_anti").isEmpty()


def test_a_shop_that_declares_a_business_code_of_nobody_known_is_a_party_by_that_code(nights: Nights) -> None:
    links = nights.state(nights.following).read(tables.SELLER_LINKS).where("platform = 'by_code'").orderBy("shop_id")
    found = [(row["decision"], row["personal_id"], row["tax_code"], row["match_type"]) for row in links.collect()]
    assert found == [("link", None, shop["tax_code"], "tax_code") for shop in SHOPS_BY_CODE]


def test_what_analysts_decide_stays_whatever_nights_follow(nights: Nights) -> None:
    for night in (nights.following, nights.quiet, nights.again, nights.idle):
        cases = nights.state(night).read(tables.FLAGGED_SELLERS).where(F.col("case_id").isin(*nights.decided))
        found = {row["case_id"]: (row["status"], row["evidence"]) for row in cases.collect()}
        assert {case: status for case, (status, _) in found.items()} == nights.decided
        assert all(
            json.loads(evidence)["Quyết định của cán bộ"] == nights.decided[case]
            for case, (_, evidence) in found.items()
        )


def test_who_analysts_say_trades_in_a_shop_does_whatever_nights_follow(nights: Nights) -> None:
    for night in (nights.following, nights.quiet, nights.again):
        state = nights.state(night)
        links = {(row.platform, row.shop_id): row for row in state.read(tables.SELLER_LINKS).collect()}
        for shop, person in nights.named.items():
            link = links[shop]
            assert (link.decision, link.personal_id, link.match_probability) == ("link", person, 1.0)
            assert (json.loads(link.evidence)["named"], json.loads(link.evidence).get("held")) == (True, None)
            assert link.first_linked_on == NEXT
        (ruled_out,) = nights.ruled_out.items()
        assert links[ruled_out[0]].personal_id != ruled_out[1]
        # What had been found of the party rested on that shop alone.
        cases = state.read(tables.FLAGGED_SELLERS).where(F.col("personal_id") == ruled_out[1])
        assert {row.status for row in cases.collect()} == {"resolved"}


def test_what_analysts_take_back_counts_no_more_though_nothing_else_has_changed(nights: Nights) -> None:
    links = {
        night: {(row.platform, row.shop_id): row for row in nights.state(run).read(tables.SELLER_LINKS).collect()}
        for night, run in (("before", nights.again), ("now", nights.reopened))
    }
    assert links["before"].keys() == links["now"].keys()
    changed = {shop for shop, link in links["now"].items() if link != links["before"][shop]}
    assert changed == set(nights.named)
    assert {(links["now"][shop].decision, links["now"][shop].personal_id) for shop in changed} == {
        ("review", person) for person in nights.named.values()
    }


def test_faults_of_a_night_are_answered_and_evidence_on_them_is_marked(nights: Nights) -> None:
    assert nights.following.status == "degraded"
    outcomes = {outcome.source: outcome for outcome in nights.following.sources}
    assert {source: outcome.outcome for source, outcome in outcomes.items()} == {
        "residents": "held",
        "taxpayers": "taken",
        "declarations": "taken",
        "bank_accounts": "refused",
        "bank_inflows": "absent",
        "telecom_subscribers": "absent",
        "sellers": "taken",
        "seller_sales": "absent",
    }
    assert (outcomes["declarations"].reason or "").startswith("gate warns: ")
    # Held and refused: the night stands on what was delivered before.
    following, first = nights.state(nights.following), nights.state(nights.first)
    for table in (tables.RESIDENTS, tables.BANK_ACCOUNTS):
        assert _rows(following.read(table)) == _rows(first.read(table))
    cases = following.read(tables.FLAGGED_SELLERS).where(F.col("business_date") == NEXT).select("evidence", "quality")
    told = [json.loads(row.evidence)["Nguồn"] for row in cases.where("status = 'open'").collect()]
    good = {"taxpayers", "sellers"}
    assert all(state == ("good" if source in good else "degraded") for rests in told for source, state in rests.items())
    assert {source for rests in told for source in rests} > {"residents", "declarations", "bank_accounts"}
    # Sales, on which every case rests, came from no platform.
    assert cases.where("status = 'open' and quality = 'good'").isEmpty()


def test_hostile_text_is_shown_as_text(nights: Nights, tmp_path: Path) -> None:
    state, ended = ledger.night_of(nights.lake, NEXT)
    names = {row.shop_name for row in state.read(tables.SELLERS).select("shop_name").collect()}
    assert {text[:LONGEST] for text in HOSTILE} <= names
    write_report(state, ended, str(tmp_path), ReportSettings(), lambda line: None)
    pages = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")]
    assert not [page for page in pages if "<img src=x" in page or "<script>document" in page]
    book = load_workbook(tmp_path / "flagged_sellers.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    shown = "\n".join(str(cell.value) for cell in cells)
    assert all(text in shown for text in ("=HYPERLINK", "<script>", "Nhà Mây", "cmd|"))


def test_finished_nights_are_in_the_ledger_and_going_back_is_refused(nights: Nights) -> None:
    last = ledger.last_finished(nights.lake)
    assert last is not None
    assert last["run_id"] == nights.reopened.run_id
    with pytest.raises(Exception, match="lies before the newest finished one"):
        run(nights.lake, str(COUNTRY / "landing"), NIGHT - dt.timedelta(days=1))


def test_where_the_policy_says_so_a_bad_picture_stops_the_night(nights: Nights, tmp_path: Path) -> None:
    write_faulty(tmp_path / "landing", nights.rows, NEXT, DELIVERY, FAULTS["residents-mojibake"])
    lake = Lake(nights.lake.spark, str(tmp_path / "warehouse"))
    settings = Settings.model_validate({"gate": {"policy": {"residents": {"warning": "stop"}}}})

    with pytest.raises(NightFailed, match="gate of residents: the policy stops the night: Họ và tên không được là"):
        run(lake, str(tmp_path / "landing"), NEXT, settings)
    (row,) = lake.read(tables.RUNS).collect()
    assert (row.status, row.error[:17]) == ("failed", "gate of residents")
    assert lake.read(tables.RESIDENTS).isEmpty()
    assert ledger.last_finished(lake) is None


def test_two_runs_at_once_are_refused_and_leave_no_trace(nights: Nights) -> None:
    before = nights.lake.current_versions()
    with (
        lock.only_run(nights.lake.files, nights.lake.root, f"the night {LAST}"),
        pytest.raises(UserError, match="two runs at once would spoil each other"),
    ):
        run(nights.lake, str(COUNTRY / "landing"), LAST)
    assert nights.lake.current_versions() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--business-date", "2026-02-31"], "not a date"),
        (["--business-date", "2026-11-20", "--accept", "nobody:2026-11-20"], "--accept"),
        (["--business-date", "2026-11-20", "--config", "no-such-file.yaml"], "no-such-file.yaml"),
        ([], "--business-date"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(arguments: list[str], told: str, tmp_path: Path) -> None:
    places = ["--landing", str(COUNTRY / "landing"), "--warehouse", str(tmp_path / "warehouse")]
    command = [sys.executable, "-m", "jobs", "nightly", *places, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "warehouse").exists()


def test_a_night_by_another_secret_is_refused(nights: Nights) -> None:
    before = nights.lake.current_versions()
    other = FOLLOWING.model_copy(update={"gold": FOLLOWING.gold.model_copy(update={"hash_key": "another secret"})})
    with pytest.raises(UserError, match=r"gold\.hash_key is not the one of the last run"):
        run(nights.lake, str(COUNTRY / "landing"), LAST, other)
    assert nights.lake.current_versions() == before
    assert nights.idle.key_check == nights.first.key_check != other.gold.key_check


def test_what_a_night_leaves_is_its_owners_alone_to_read(nights: Nights) -> None:
    silver = Path(nights.lake.root) / "silver"
    modes = {path.stat().st_mode & 0o077 for path in silver.rglob("*")}
    assert modes == {0}
