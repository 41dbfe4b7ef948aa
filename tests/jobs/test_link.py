"""`ct18 link` on a small register: files in, files out, and what its mistakes are answered with."""

from __future__ import annotations

import itertools
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from jobs.errors import UserError
from jobs.link import config as link_config
from jobs.link import inputs
from jobs.link import run as link_run
from jobs.link.run import run
from matching.linkage import engine
from matching.linkage.clusters import Edges, clustered

COLUMNS = {
    "given_name": "given_name",
    "surname": "family_name",
    "birth": "date",
    "street": "address",
    "town": "locality",
    "phone": "phone",
    "name": "full_name",
}
SYLLABLES = ["ba", "mo", "ri", "ten", "lu", "ka", "so", "vin", "de", "har", "po", "nel", "ti", "gra", "ow", "sha"]


def people(seed: int = 5, entities: int = 500, duplicates: int = 200) -> pd.DataFrame:
    """People, some of them twice with a mistake or two; `entity` says who is who."""
    chance = random.Random(seed)

    def word(least: int, most: int) -> str:
        return "".join(chance.choices(SYLLABLES, k=chance.randint(least, most)))

    given, family, towns = ([word(2, 3) for _ in range(n)] for n in (60, 150, 25))
    rows: list[dict[str, Any]] = []
    for entity in range(entities):
        rows.append(
            {
                "entity": entity,
                "given_name": chance.choice(given),
                "surname": chance.choice(family),
                "birth": f"{chance.randint(1930, 2005)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
                "street": f"{chance.randint(1, 200)} {word(2, 3)} street",
                "town": chance.choice(towns),
                "phone": f"09{chance.randint(10_000_000, 99_999_999)}",
            }
        )
    for row in chance.sample(rows, duplicates):
        copy = dict(row)
        for column in chance.sample(["given_name", "surname", "street", "town"], chance.randint(0, 2)):
            at = chance.randrange(1, len(copy[column]))
            copy[column] = copy[column][:at] + chance.choice("aeiou") + copy[column][at + 1 :]
        copy["phone"] = chance.choice([copy["phone"], None, "09" + "".join(chance.choices("0123456789", k=8))])
        rows.append(copy)
    chance.shuffle(rows)
    for row in rows:
        row["name"] = f"{row['given_name']} {row['surname']}".upper()
    return pd.DataFrame(rows).assign(rec_id=[f"r{i}" for i in range(len(rows))])


def linked(
    spark: SparkSession, folder: Path, settings: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    (folder / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    run(spark, link_config.load(folder / "config.yaml"), folder, folder / "out", lambda stage: None)
    pairs = pd.read_parquet(folder / "out" / "pairs.parquet")
    clusters = pd.read_parquet(folder / "out" / "clusters.parquet")
    return pairs, clusters, json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))


def settings(**more: object) -> dict[str, Any]:
    return {"link_type": "dedupe", "inputs": ["people.parquet"], "unique_id": "rec_id", "columns": COLUMNS, **more}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("register")
    table = people()
    table.drop(columns="entity").to_parquet(folder / "people.parquet")
    return folder, table


@pytest.fixture(scope="module")
def deduped(
    spark: SparkSession, register: tuple[Path, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    return linked(spark, register[0], settings())


def with_learned(register: tuple[Path, pd.DataFrame], folder: Path) -> str:
    """What the run on the register learned, as learned.json of a folder too."""
    learned = (register[0] / "out" / "parameters.json").read_text(encoding="utf-8")
    (folder / "learned.json").write_text(learned, encoding="utf-8")
    return learned


def true_pairs(table: pd.DataFrame) -> set[tuple[str, str]]:
    both = table.merge(table, on="entity")
    return set(both.loc[both.rec_id_x < both.rec_id_y, ["rec_id_x", "rec_id_y"]].itertuples(index=False, name=None))


def test_pairs_are_as_the_contract_says(deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]) -> None:
    pairs, _, _ = deduped
    gammas = [f"gamma_{column}" for column in COLUMNS]
    assert list(pairs.columns) == ["id_l", "id_r", "match_weight", "match_probability", *gammas]
    assert (pairs.id_l < pairs.id_r).all()
    assert not pairs.duplicated(["id_l", "id_r"]).any()
    assert (pairs.match_probability >= 0.01).all()
    assert pairs.match_probability.to_numpy() == pytest.approx(1 / (1 + 2 ** -pairs.match_weight.to_numpy()))
    assert pairs[gammas].to_numpy().min() >= -1


def test_who_is_who_is_found_without_being_told_how(
    register: tuple[Path, pd.DataFrame], deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]
) -> None:
    pairs, _, _ = deduped
    truth = true_pairs(register[1])
    found = set(pairs.loc[pairs.match_probability >= 0.5, ["id_l", "id_r"]].itertuples(index=False, name=None))
    assert len(found & truth) >= 0.97 * len(truth)
    assert len(found & truth) >= 0.97 * len(found)


def test_a_name_is_not_counted_twice(deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]) -> None:
    pairs, _, summary = deduped
    assert summary["comparisons"]["name"]["repeats"] == ["given_name", "surname"]
    assert summary["comparisons"]["surname"]["repeats"] == []
    assert set(pairs.gamma_name) == {-1}


def test_every_row_has_its_cluster_named_after_its_first_member(
    register: tuple[Path, pd.DataFrame], deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]
) -> None:
    _, clusters, _ = deduped
    assert sorted(clusters.id) == sorted(register[1].rec_id)
    assert set(clusters.source) == {0}
    named = "0:" + clusters.id
    assert (named.groupby(clusters.cluster_id).min() == clusters.cluster_id.drop_duplicates().sort_values().array).all()


def test_the_summary_says_what_was_done_and_chosen(
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]], register: tuple[Path, pd.DataFrame]
) -> None:
    pairs, _, summary = deduped
    assert summary["rows"] == len(register[1])
    assert summary["pairs_kept"] == len(pairs) <= summary["pairs_scored"]
    assert {"read", "blocking", "compare", "model", "clusters", "write"} <= set(summary["seconds"])
    rules = summary["blocking"]["rules"]
    assert sum(rule["first"] for rule in rules) == summary["pairs_scored"]
    assert all(rule["pairs"] >= rule["first"] for rule in rules)
    assert 0 < summary["blocking"]["estimated_recall"] <= 1
    for column in COLUMNS:
        levels = summary["comparisons"][column]["levels"]
        assert sum(level["m"] for level in levels) == pytest.approx(1)
        assert sum(level["u"] for level in levels) == pytest.approx(1)
    page = (register[0] / "out" / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_same_input_same_output_whatever_the_partitions_and_where_records_are(
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    register: tuple[Path, pd.DataFrame],
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]],
) -> None:
    # As if there were too many to be sent to every task.
    monkeypatch.setattr(engine, "_SMALL", 0)
    shuffled = register[1].drop(columns="entity").sample(frac=1, random_state=3)
    spark.createDataFrame(shuffled).repartition(7).write.parquet(str(tmp_path / "people.parquet"))
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        pairs, clusters, summary = linked(spark, tmp_path, settings())
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", str(before))
    pd.testing.assert_frame_equal(pairs, deduped[0])
    pd.testing.assert_frame_equal(clusters, deduped[1])
    assert summary["model_version"] == deduped[2]["model_version"]
    both = [(folder / "out" / "parameters.json").read_text(encoding="utf-8") for folder in (tmp_path, register[0])]
    assert both[0] == both[1]


def test_pairs_are_scored_by_the_parameters_of_another_run_and_what_differs_is_told(
    spark: SparkSession,
    register: tuple[Path, pd.DataFrame],
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]],
    tmp_path: Path,
) -> None:
    learned = with_learned(register, tmp_path)
    # A year later the birth dates are of another source, and hardly one is right.
    others = people(seed=6).drop(columns="entity")
    others["birth"] = others["birth"].str.slice(0, 5) + [f"{1 + i % 12:02}-01" for i in range(len(others))]
    others.to_parquet(tmp_path / "people.parquet")
    told: list[str] = []
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump(settings(parameters="learned.json"), sort_keys=False), encoding="utf-8"
    )
    run(spark, link_config.load(tmp_path / "config.yaml"), tmp_path, tmp_path / "out", told.append)
    later = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert later["model_version"] == deduped[2]["model_version"]
    assert later["comparisons"] == deduped[2]["comparisons"]
    assert (tmp_path / "out" / "parameters.json").read_text(encoding="utf-8") == learned
    weights = {
        (column, each["name"]): each["weight"]
        for column, shown in deduped[2]["comparisons"].items()
        for each in shown["levels"]
    }
    moved = {(each["column"], each["level"]): each for each in later["drift"]["levels"]}
    assert {which: each["before"] for which, each in moved.items()} == pytest.approx(
        {which: weights[which] for which in moved}
    )
    assert moved["birth", "exact"]["after"] < moved["birth", "exact"]["before"] - 1
    assert any(line.startswith("warning: drift: birth, exact: weight") for line in told)
    assert "Tham số dùng lại" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def asked(register: tuple[Path, pd.DataFrame]) -> set[str]:
    """Some of the records."""
    return set(register[1].rec_id[::9])


@pytest.fixture(scope="module")
def labelled(register: tuple[Path, pd.DataFrame]) -> list[tuple[str, str]]:
    """Some of the matches."""
    return sorted(true_pairs(register[1]))[:40]


@pytest.fixture(scope="module")
def of_asked(
    spark: SparkSession,
    register: tuple[Path, pd.DataFrame],
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]],
    asked: set[str],
    labelled: list[tuple[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], str]:
    """Those records against all, with labels of these and of others: pairs, clusters, summary, page."""
    folder = tmp_path_factory.mktemp("asked")
    with_learned(register, folder)
    register[1].drop(columns="entity").to_parquet(folder / "people.parquet")
    # One is asked for twice.
    pd.DataFrame({"rec_id": [*sorted(asked), min(asked)]}).to_csv(folder / "new.csv", index=False)
    pd.DataFrame(labelled, columns=["id_l", "id_r"]).assign(match=True).to_csv(folder / "labels.csv", index=False)
    own = settings(parameters="learned.json", only="new.csv", labels="labels.csv")
    return *linked(spark, folder, own), (folder / "out" / "report.html").read_text(encoding="utf-8")


def test_some_records_against_all_gives_the_pairs_that_all_against_all_does(
    register: tuple[Path, pd.DataFrame],
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]],
    asked: set[str],
    of_asked: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], str],
) -> None:
    pairs, clusters, summary, page = of_asked
    every = deduped[0]
    theirs = every[every.id_l.isin(asked) | every.id_r.isin(asked)].reset_index(drop=True)
    assert 0 < len(theirs) < len(every) / 2
    pd.testing.assert_frame_equal(pairs, theirs)
    assert sorted(clusters.id) == sorted(register[1].rec_id)
    assert summary["rows_asked"] == len(asked)
    assert summary["pairs_scored"] < deduped[2]["pairs_scored"] / 2
    assert summary["blocking"]["estimated_recall"] == deduped[2]["blocking"]["estimated_recall"]
    assert summary["drift"] is None
    assert "bản ghi được hỏi" in page


def test_of_labels_only_those_of_records_that_are_asked_for_are_scored(
    asked: set[str],
    labelled: list[tuple[str, str]],
    of_asked: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], str],
) -> None:
    theirs = [pair for pair in labelled if asked & {*pair}]
    assert 0 < len(theirs) < len(labelled)
    assert of_asked[2]["labels"]["pairs"] == len(theirs)


def test_of_nobody_there_are_no_pairs(
    spark: SparkSession,
    register: tuple[Path, pd.DataFrame],
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]],
    tmp_path: Path,
) -> None:
    with_learned(register, tmp_path)
    register[1].drop(columns="entity").to_parquet(tmp_path / "people.parquet")
    pd.DataFrame({"rec_id": []}).to_csv(tmp_path / "new.csv", index=False)
    nobody, clusters, _ = linked(spark, tmp_path, settings(parameters="learned.json", only="new.csv"))
    assert len(nobody) == 0
    assert (clusters.cluster_id == "0:" + clusters.id).all()


def test_two_inputs_are_linked_one_to_one_by_rules_and_levels_of_the_user(spark: SparkSession, tmp_path: Path) -> None:
    table = people(seed=7)
    right = table.duplicated("entity", keep="first")
    # Columns may be called what the engine calls its own, and have dots in their names.
    names = {"phone": "source", "town": "home.town", "birth": "rid"}
    columns = {names.get(column, column): kind for column, kind in COLUMNS.items()}
    table = table.rename(columns=names)
    table[~right].drop(columns="entity").to_csv(tmp_path / "left.csv", index=False)
    table[right].drop(columns="entity").to_csv(tmp_path / "right.csv", index=False)
    wanted = settings(
        link_type="link",
        inputs=["left.csv", "right.csv"],
        columns=columns,
        one_to_one=True,
        blocking_rules=["rid", "surname, substr(given_name, 1, 2)", "source", "name"],
        comparisons={"street": {"levels": ["close"], "term_frequency": False}},
    )
    pairs, clusters, summary = linked(spark, tmp_path, wanted)
    rules = {rule["rule"]: rule["pairs"] for rule in summary["blocking"]["rules"]}
    assert list(rules) == wanted["blocking_rules"]
    # A rule reads the whole name, of which nothing is left to compare.
    assert rules["name"] > 0
    assert [level["name"] for level in summary["comparisons"]["street"]["levels"]] == ["exact", "close", "different"]
    assert set(pairs.id_l) <= set(table[~right].rec_id)
    assert set(pairs.id_r) <= set(table[right].rec_id)
    several = clusters[clusters.groupby("cluster_id").id.transform("size") > 1]
    assert summary["pairs_linked"] == several.cluster_id.nunique()
    assert all(sorted(sources) == [0, 1] for sources in several.groupby("cluster_id").source.agg(list))
    entity = table.set_index("rec_id").entity
    sides = several.sort_values("source").groupby("cluster_id").id.agg(list)
    right_links = sum(entity[left] == entity[other] for left, other in sides)
    assert right_links >= 0.97 * len(sides)
    assert right_links >= 0.95 * right.sum()


def test_labels_bind_the_clusters_and_measure_the_scores(
    spark: SparkSession, tmp_path: Path, register: tuple[Path, pd.DataFrame]
) -> None:
    folder, table = register
    truth = sorted(true_pairs(table))
    labels = pd.DataFrame(truth[:40], columns=["id_l", "id_r"]).assign(match=True)
    labels.loc[0, "match"] = False  # what people decided stands, whatever the evidence
    # Of two that nothing would bring together too; as pandas writes it where there was a gap once.
    other = next(rec_id for rec_id in table.rec_id if rec_id not in {each for pair in truth for each in pair})
    labels.loc[40] = [other, truth[41][0], True]
    labels["match"] = labels["match"].astype(float)
    labels.to_parquet(tmp_path / "labels.parquet")
    table.drop(columns="entity").to_parquet(tmp_path / "people.parquet")
    _, clusters, summary = linked(spark, tmp_path, settings(labels="labels.parquet"))
    cluster = clusters.set_index("id").cluster_id
    assert cluster[labels.id_l[0]] != cluster[labels.id_r[0]]
    assert all(cluster[left] == cluster[right] for left, right in [*truth[1:40], (other, truth[41][0])])
    assert summary["labels"]["pairs"] == 41
    assert 0 <= summary["labels"]["expected_calibration_error"] <= 1


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"treshold": 0.9}, "treshold: no such key; there are link_type, inputs"),
    ({"columns": {"birth": "birthday"}}, "birth: no kind 'birthday'"),
    ({"columns": {"born": "date"}}, "people.parquet: no column born"),
    ({"columns": {}}, "columns"),
    ({"unique_id": "number"}, "people.parquet: no column number"),
    ({"unique_id": "town", "columns": {"birth": "date"}}, "stand on more than one row"),
    ({"unique_id": "phone", "columns": {"birth": "date"}}, "rows without phone"),
    ({"inputs": ["nobody.parquet"]}, "nobody.parquet: not there"),
    ({"inputs": ["people.parquet", "people.parquet"]}, "takes 1, not 2"),
    ({"inputs": ["empty.parquet"]}, "empty.parquet: no rows"),
    ({"tresholds": 0.5}, "tresholds"),
    ({"threshold": 2}, "threshold"),
    ({"one_to_one": True}, "one_to_one"),
    ({"comparisons": {"birth": {"levels": ["soundex"]}}}, "no level soundex"),
    ({"comparisons": {"age": {}}}, "comparisons: not among columns: age"),
    ({"comparisons": {"birth": {"thresholds": {"close": 1}}}}, "birth: no threshold of close; levels that have one: "),
    ({"comparisons": {"birth": {"thresholds": {"days": -1}}}}, "comparisons.birth.thresholds.days"),
    ({"seed": 2**64}, "seed"),
    ({"inputs": ["shelf://people.parquet"]}, "shelf://people.parquet: not readable"),
    ({"labels": "odd_labels.csv"}, "odd_labels.csv: not readable as the Parquet or CSV that it is called"),
    ({"parameters": "folder"}, "folder: not there, or not readable"),
    ({"inputs": ["odd.csv"]}, "odd.csv: not readable as the Parquet or CSV that it is called"),
    ({"inputs": ["text.parquet"]}, "text.parquet: not readable as the Parquet or CSV that it is called"),
    ({"columns": {f"c{i}": "text" for i in range(61)}}, "61 columns; at most 60 can be compared"),
    ({"labels": "maybe.csv"}, "maybe.csv: 1 values of match are neither true nor false"),
    ({"labels": "both.csv"}, "both.csv: 1 pairs are labelled both ways"),
    ({"blocking_rules": ["shoe_size"]}, "blocking rule 'shoe_size': no expression of the columns"),
    ({"labels": "nothing.parquet"}, "nothing.parquet: not there"),
    ({"parameters": "nothing.json"}, "nothing.json: not there"),
    ({"parameters": "people.parquet"}, "people.parquet: not parameters that ct18 link wrote"),
    ({"parameters": "changed.json"}, "changed.json: not parameters that ct18 link wrote, or changed since"),
    ({"parameters": "learned.json", "columns": {"birth": "date"}}, "learned.json: learned for other columns"),
    ({"only": "people.parquet"}, "only: some pairs teach no model"),
    ({"parameters": "learned.json", "only": "nobody.csv"}, "nobody.csv: not there"),
    ({"parameters": "learned.json", "only": "others.csv"}, "others.csv: no column rec_id"),
    ({"parameters": "learned.json", "only": "unknown.csv"}, "unknown.csv: 2 ids that no input has"),
]


@pytest.fixture(scope="module")
def mistaken(
    register: tuple[Path, pd.DataFrame],
    deduped: tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with all files that `WRONG` names: a good register, and what is wrong in one way or another."""
    folder = tmp_path_factory.mktemp("mistaken")
    learned = with_learned(register, folder)
    prior = deduped[2]["prior_probability"]
    (folder / "changed.json").write_text(learned.replace(str(prior), str(2 * prior)), encoding="utf-8")
    table = register[1].drop(columns="entity")
    table.to_parquet(folder / "people.parquet")
    table.head(0).to_parquet(folder / "empty.parquet")
    header = ",".join(["rec_id", *COLUMNS])
    (folder / "odd.csv").write_text(f"{header}\nr1{',x' * len(COLUMNS)}\nr2{',x' * (len(COLUMNS) + 2)}\n", "utf-8")
    (folder / "text.parquet").write_text("rec_id\nr1\n", "utf-8")
    (folder / "maybe.csv").write_text("id_l,id_r,match\nr1,r2,perhaps\n", "utf-8")
    (folder / "both.csv").write_text("id_l,id_r,match\nr1,r2,1\nr2,r1,no\n", "utf-8")
    (folder / "odd_labels.csv").write_text("id_l,id_r,match\nr1,r2,1\nr1,r3,1,0\n", "utf-8")
    (folder / "folder").mkdir()
    pd.DataFrame({"name": ["r1"]}).to_csv(folder / "others.csv", index=False)
    pd.DataFrame({"rec_id": ["r1", "none", None]}).to_csv(folder / "unknown.csv", index=False)
    return folder


@pytest.mark.parametrize(("wrong", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    spark: SparkSession, capfd: pytest.CaptureFixture[str], mistaken: Path, wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError) as error:
        linked(spark, mistaken, settings(**wrong))
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    # Nor do libraries add a word: their errors quote values.
    assert "Exception" not in capfd.readouterr().err
    assert not (mistaken / "out").exists()


RULES = {
    "count(surname)": "no expression of the columns",
    "rand()": "no expression of the columns",
    "cast(surname as int)": "fails on some values",
}


def test_a_rule_that_can_be_no_key_is_told(spark: SparkSession, tmp_path: Path) -> None:
    people().drop(columns="entity").head(20).to_parquet(tmp_path / "people.parquet")
    plain = link_config.LinkConfig.model_validate(settings())
    given = link_run._given(spark, plain, tmp_path, None, link_run._Frames())
    for rule, why in RULES.items():
        with pytest.raises(UserError, match=re.escape(f"blocking rule {rule!r}: {why}")):
            link_run._check_rules(given, plain.model_copy(update={"blocking_rules": (rule,)}))


def test_what_pandas_writes_is_read_as_it_says(spark: SparkSession, tmp_path: Path) -> None:
    born = pd.to_datetime(pd.Series(["1990-05-12 23:30", "2001-01-01 00:00"]))
    table = pd.DataFrame({"rec_id": born, "born": born, "seen": born.dt.tz_localize("UTC"), "n": [7, 8], "at": born})
    # A folder whose name Spark would take for a pattern, and tell otherwise than it is written.
    folder = tmp_path / "a b[1]"
    folder.mkdir()
    table.to_parquet(folder / "a.parquet")
    spark.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
    columns = {"born": "date", "seen": "date", "n": "number", "at": "text"}
    rows = inputs.read(spark, [str(folder / "a.parquet")], "rec_id", columns).orderBy("id").collect()
    # A moment is told in the session's time zone, Vietnam's.
    assert [tuple(row)[1:] for row in rows] == [
        ("1990-05-12 23:30:00", "1990-05-12", "1990-05-13", "7", "1990-05-12 23:30:00"),
        ("2001-01-01 00:00:00", "2001-01-01", "2001-01-01", "8", "2001-01-01 00:00:00"),
    ]


def test_decided_pairs_hold_among_any_number_that_speak_otherwise() -> None:
    left, right = np.array(list(itertools.combinations(range(150), 2)), dtype=np.int64).T
    one_pair, chain = (left == 0) & (right == 1), right == left + 1
    # All are alike, but two are decided to be others; all differ, but a chain of decisions joins them.
    apart = np.where(one_pair, -link_run._CERTAIN, 25.0)
    together = np.where(chain, link_run._CERTAIN, -25.0)
    for weight, same in ((apart, False), (together, True)):
        records, cluster, _ = clustered(Edges(left, right, weight), 0.0)
        of = dict(zip(records.tolist(), cluster.tolist(), strict=True))
        assert (of[0] == of[1]) == same
        assert len(set(of.values())) == (1 if same else 2)


def test_the_command_ends_a_mistake_with_exit_2(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "jobs",
        "link",
        "--config",
        str(tmp_path / "none.yaml"),
        "--out",
        str(tmp_path / "o"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().startswith("ct18: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_rows_that_are_alike_in_all_are_one_however_many(spark: SparkSession, tmp_path: Path) -> None:
    table = people(entities=300, duplicates=100)
    many = pd.concat([table.iloc[[0]]] * 300).assign(rec_id=[f"same{number:03}" for number in range(300)])
    pd.concat([table, many]).drop(columns="entity").to_parquet(tmp_path / "people.parquet")
    _, clusters, summary = linked(spark, tmp_path, settings())
    cluster = clusters.set_index("id").cluster_id
    assert cluster[many.rec_id].nunique() == 1
    assert cluster[table.rec_id[0]] == cluster["same000"]
    assert sum(rule["pairs_cut"] for rule in summary["blocking"]["rules"]) > 0
    # No others are drawn into it.
    assert (cluster == cluster["same000"]).sum() <= 300 + (table.entity == table.entity[0]).sum()


def test_a_csv_of_another_encoding_is_told(spark: SparkSession, tmp_path: Path) -> None:
    rows = "id,name,town\n1,José,Cádiz\n2,Jose,Cadiz\n"
    for encoding in ("utf-8", "latin-1"):
        (tmp_path / f"{encoding}.csv").write_bytes(rows.encode(encoding))
    assert inputs.garbled(spark, str(tmp_path / "utf-8.csv"), ["name", "town"]) == 0
    assert inputs.garbled(spark, str(tmp_path / "latin-1.csv"), ["name", "town"]) == 1


def test_a_list_of_names_alone_is_linked_and_told_of(spark: SparkSession, tmp_path: Path) -> None:
    chance = random.Random(7)
    words = ["".join(chance.choices("abdeghiklmnoprstuv", k=chance.randint(4, 8))) for _ in range(250)]
    trades = ["Trading", "Services", "Foods", "Transport", "Textile"]
    once = sorted({f"{chance.choice(words)} {chance.choice(words)} {chance.choice(trades)}" for _ in range(400)})
    twice = once[::4]
    misspelt = [f"{name[:2]}x{name[3:]}" for name in twice[::2]]
    names = [*once, *twice[1::2], *misspelt]
    rows = pd.DataFrame({"rec_id": [f"r{i:03}" for i in range(len(names))], "company": names})
    rows.to_parquet(tmp_path / "people.parquet")
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({**settings(), "columns": {"company": "text"}}), encoding="utf-8"
    )
    told: list[str] = []
    run(spark, link_config.load(tmp_path / "config.yaml"), tmp_path, tmp_path / "out", told.append)
    pairs = pd.read_parquet(tmp_path / "out" / "pairs.parquet")
    found = set(pairs.loc[pairs.match_probability >= 0.5, ["id_l", "id_r"]].itertuples(index=False, name=None))
    again = [*twice[1::2], *twice[::2]]
    truth = {(f"r{once.index(name):03}", f"r{len(once) + i:03}") for i, name in enumerate(again)}
    assert len(found & truth) >= 0.8 * len(truth)
    assert len(found & truth) >= 0.9 * len(found)
    assert any("one column alone" in line for line in told)


def test_codes_and_short_names_that_stand_for_one_another_are_learned_and_told(
    spark: SparkSession, tmp_path: Path
) -> None:
    """One register writes `M` and `Bill`, the other `male` and `William`: no list says so, the other columns do."""
    table = people(11, 400, 0).assign(sex=lambda rows: np.where(rows.index % 2, "F", "M"))
    names = table.given_name.value_counts().index[:3]
    other = table.assign(
        sex=table.sex.map({"F": "female", "M": "male"}),
        given_name=[f"{n[::-1]}x" if n in names and at % 3 else n for at, n in enumerate(table.given_name)],
        phone=[p if at % 2 else None for at, p in enumerate(table.phone)],
    )
    for name, rows in (("one", table), ("two", other.sample(frac=1, random_state=1))):
        rows.drop(columns=["entity", "name"]).to_parquet(tmp_path / f"{name}.parquet")
    columns = {name: kind for name, kind in COLUMNS.items() if name != "name"} | {"sex": "category"}
    wanted = settings(link_type="link", inputs=["one.parquet", "two.parquet"], columns=columns)
    pairs, _, summary = linked(spark, tmp_path, wanted)
    compared = summary["comparisons"]
    told = {column: {frozenset(pair) for pair in compared[column]["equivalents"]} for column in columns}
    assert told["sex"] == {frozenset({"f", "female"}), frozenset({"m", "male"})}
    assert told["given_name"] == {frozenset({name, f"{name[::-1]}x"}) for name in names}
    assert not any(told[column] for column in ("surname", "birth", "street", "town", "phone"))
    right = pairs[(pairs.id_l == pairs.id_r) & (pairs.match_probability >= 0.5)]
    levels = [level["name"] for level in reversed(compared["sex"]["levels"])]
    assert len(right) == len(table)
    assert set(right.gamma_sex) == {levels.index("equivalent")}
    # The same by what was learned: which values these are is a part of it.
    learned = json.loads((tmp_path / "out" / "parameters.json").read_text(encoding="utf-8"))
    (tmp_path / "learned.json").write_text(json.dumps(learned), encoding="utf-8")
    again, _, _ = linked(spark, tmp_path, {**wanted, "parameters": "learned.json"})
    pd.testing.assert_frame_equal(again, pairs)
