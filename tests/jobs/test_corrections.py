"""gold/corrections on literal rows, one a clause. All people and numbers are invented."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs import corrections, night, silver, tables
from jobs.match import MATCHED
from jobs.sources import SOURCES
from matching import changes
from tests.jobs.gold_world import frame, keep
from tests.jobs.pictures import NIGHT, picture

THUY, THUY_CMND = "079190000011", "023456789"
OTHER, DEAD, NOBODY = "001085222333", "036055444999", "040299123456"
# THUY's with one digit off, in the middle.
SLIPPED = "079190100011"

PEOPLE: list[dict[str, Any]] = [
    {},
    {"personal_id": OTHER, "old_id_number": None, "full_name": "Trần Văn Bảo", "date_of_birth": "1985-02-03"}
    | {"gender": "M"},
    {"personal_id": DEAD, "old_id_number": None, "full_name": "Lê Văn Cường", "date_of_birth": "1955-07-08"}
    | {"gender": "M", "status": "deceased"},
    # Born in 1991 by her number, in 1990 by the row; a code of Bình Dương, which is part of 79 now.
    {"personal_id": "079191000022", "old_id_number": None, "province_code": "74", "province_code_version": "63"}
    | {"permanent_address": "Số 9, đường Hùng Vương"},
    # Labelled as of the 34, which have no 74.
    {"personal_id": "079190000033", "old_id_number": None, "province_code": "74"},
]
SIMS: list[dict[str, Any]] = [
    {"msisdn": "0900000001"},
    {"msisdn": "0900000002", "id_number": THUY_CMND},
    {"msisdn": "0900000003", "id_number": SLIPPED},
    {"msisdn": "0900000004", "id_number": SLIPPED, "subscriber_name": "Nguyễn Thúy"},
    {"msisdn": "0900000005", "id_number": NOBODY},
    {"msisdn": "0900000006", "id_number": OTHER},
    {"msisdn": "0900000007", "id_number": DEAD, "subscriber_name": "Lê Văn Cường", "date_of_birth": None},
    {"msisdn": "0900000008", "date_of_birth": "1990-12-20"},
    {"msisdn": "0900000009", "id_number": OTHER, "subscriber_name": "TRAN VAN BAO", "date_of_birth": "1985-00-00"},
    {"msisdn": "0900000010", "id_number": OTHER, "subscriber_name": None, "date_of_birth": None},
    {"msisdn": "0900000011", "id_number": None},
    {"msisdn": "0900000012", "id_number": DEAD, "subscriber_name": "Lê Văn Cường", "date_of_birth": None}
    | {"status": "closed"},
]
# Whom the night found for each of these numbers: candidate, decision, probability.
FOUND = {
    **{number: (THUY, "link", 0.99) for number in (1, 2, 3, 4, 8)},
    7: (DEAD, "link", 0.98),
    6: (OTHER, "review", 0.3),
}
SHOPS: list[dict[str, Any]] = [
    {"shop_id": "s1"},
    {"shop_id": "s2", "id_number": DEAD, "seller_name": "Le Van Cuong", "date_of_birth": None},
    {"shop_id": "s3", "tax_code": "0109999991"},
    {"shop_id": "s4", "id_number": "0790******11"},
    {"shop_id": "s5", "id_number": NOBODY, "country": "CN", "tax_code": "0109999991"},
    {"shop_id": "s6", "province_code": "01"},
    {"shop_id": "s7", "province_code": "01", "address": "Số 1, phố Lê Lợi, Hà Tĩnh"},
    {"shop_id": "s8", "id_number": DEAD, "seller_name": "Le Van Cuong", "date_of_birth": None},
]
SHOP_LINKS = {"s1": THUY, "s3": THUY, "s4": THUY, "s8": DEAD}


@pytest.fixture(scope="module")
def inputs(spark: SparkSession) -> corrections.Corrected:
    """The silver tables, with the links of `FOUND` and `SHOP_LINKS`."""

    def table(source: str, rows: list[dict[str, Any]]) -> DataFrame:
        return keep(silver.normalise(source, picture(spark, source, *rows)))

    holders = [
        {"source": "telecom_subscribers", "record_key": f"09000000{number:02}|2024-03-01", "personal_id": person}
        | {"decision": decision, "match_probability": p}
        for number, (person, decision, p) in FOUND.items()
    ]
    # Where several may hold a code the best one counts.
    holders += [
        {"source": "taxpayers", "record_key": "0100233488", "personal_id": person, "decision": "review"}
        | {"match_probability": p}
        for person, p in ((THUY, 0.6), (OTHER, 0.2))
    ]
    holders.append(
        {"source": "bank_accounts", "record_key": "970436|00999", "personal_id": DEAD, "decision": "link"}
        | {"match_probability": 0.98}
    )
    shops = [
        {"platform": "san-a", "shop_id": shop, "personal_id": person, "decision": "link", "match_probability": 0.97}
        for shop, person in SHOP_LINKS.items()
    ]
    return corrections.Corrected(
        residents=table("residents", PEOPLE),
        taxpayers=table("taxpayers", [{}, {"tax_code": "0100233499", "taxpayer_type": None, "id_number": NOBODY}]),
        bank_accounts=table(
            "bank_accounts",
            [
                {"holder_id_number": NOBODY},
                {
                    "account_number": "00999",
                    "holder_type": None,
                    "holder_id_number": DEAD,
                    "holder_name": "LE VAN CUONG",
                },
            ],
        ),
        telecom_subscribers=table("telecom_subscribers", SIMS),
        sellers=table("sellers", SHOPS),
        holder_links=frame(spark, tables.HOLDER_LINKS, holders),
        seller_links=frame(spark, tables.SELLER_LINKS, shops),
    )


@pytest.fixture(scope="module")
def first(inputs: corrections.Corrected) -> DataFrame:
    """What the first night finds."""
    return keep(corrections.find(inputs, NIGHT, SOURCES, keep))


@pytest.fixture(scope="module")
def found(first: DataFrame) -> dict[tuple[str, str, str], Row]:
    rows = first.collect()
    keyed = {(row.source, row.record_key, row.field): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


def of(found: dict[tuple[str, str, str], Row], source: str, key: str) -> dict[str, tuple[Any, ...]]:
    """Field → problem, value, suggestion, confidence of one record."""
    return {
        field: (row.problem, row.value_masked, row.suggestion_masked, row.confidence)
        for (of_source, record, field), row in found.items()
        if (of_source, record) == (source, key)
    }


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(1, {}, id="his own id"),
        pytest.param(2, {"id_number": ("stale", "****6789", "****0011", 0.99)}, id="an old CMND"),
        pytest.param(3, {"id_number": ("mistyped", "******1*0011", "******0*0011", 0.99)}, id="one digit off"),
        pytest.param(4, {"id_number": ("mistyped", "****0011", None, 0.99)}, id="one digit off, another name"),
        pytest.param(5, {"id_number": ("not_found", "****3456", None, 1.0)}, id="an id that no one has"),
        pytest.param(6, {"id_number": ("other_person", "****2333", None, 0.7)}, id="an id of another name"),
        pytest.param(7, {"status": ("deceased", "active", None, 0.98)}, id="of someone who died"),
        pytest.param(8, {"date_of_birth": ("inconsistent", "****-12-**", "****-05-**", 0.99)}, id="another birth date"),
        pytest.param(9, {}, id="no link, but nothing contradicts"),
        pytest.param(10, {}, id="neither name nor birth date to contradict"),
        pytest.param(11, {}, id="no id"),
        pytest.param(12, {}, id="of someone who died, closed"),
    ],
)
def test_what_a_sim_says_of_its_person(
    found: dict[tuple[str, str, str], Row], number: int, expected: dict[str, Any]
) -> None:
    assert of(found, "telecom_subscribers", f"09000000{number:02}|2024-03-01") == expected


def test_what_a_shop_declares(found: dict[tuple[str, str, str], Row]) -> None:
    told = {shop["shop_id"]: of(found, "sellers", f"san-a|{shop['shop_id']}") for shop in SHOPS}
    assert told["s1"] == {}
    assert told["s2"] == {"id_number": ("deceased", "****4999", None, 1.0)}
    # Whom people have named as the seller is dead all the same.
    assert told["s8"]["id_number"][:3] == ("deceased", "****4999", None)
    assert told["s3"] == {"tax_code": ("not_found", "****9991", None, 1.0)}
    assert told["s4"] == told["s5"] == {}
    # The code says Hà Nội, the address Hồ Chí Minh or Hà Tĩnh: one of the two is wrong.
    assert told["s6"] == told["s7"] == {"province_code": ("inconsistent", "01", None, 0.5)}


def test_what_has_no_type_may_be_a_persons(found: dict[tuple[str, str, str], Row]) -> None:
    assert of(found, "taxpayers", "0100233499")["id_number"] == ("not_found", "****3456", None, 1.0)
    assert of(found, "bank_accounts", "970436|00999")["status"][0] == "deceased"


def test_what_the_population_database_says_of_itself(found: dict[tuple[str, str, str], Row]) -> None:
    assert of(found, "residents", THUY) == {}
    assert of(found, "residents", "079191000022") == {
        "date_of_birth": ("inconsistent", "1990-**-**", None, 0.5),
        "province_code": ("stale", "74", "79", 1.0),
    }
    assert of(found, "residents", "079190000033") == {"province_code": ("inconsistent", "74", "79", 1.0)}


def test_candidates_in_review_give_no_suggestion(found: dict[tuple[str, str, str], Row]) -> None:
    assert of(found, "taxpayers", "0100233488") == {}


def test_its_owner_finds_the_record(found: dict[tuple[str, str, str], Row]) -> None:
    row = found["telecom_subscribers", "0900000003|2024-03-01", "id_number"]
    # By delivery, file and row; the province is that of the person.
    assert (row.delivery_date, row.file, row.row_number, row.province_code) == (NIGHT, "part-0.parquet", 3, "79")
    assert found["bank_accounts", "970436|0011223344556", "holder_id_number"].province_code is None


def test_no_whole_identifier_is_shown(found: dict[tuple[str, str, str], Row]) -> None:
    shown = " ".join(f"{row.value_masked} {row.suggestion_masked}" for row in found.values())
    assert not [number for number in (THUY, THUY_CMND, OTHER, DEAD, NOBODY, SLIPPED) if number in shown]


def test_what_is_mended_is_told_and_stays_told(spark: SparkSession) -> None:
    # One value is doubtful on the first night, mended on the second and wrong again on the fourth.
    key: Any = {"source": "sellers", "record_key": "san-a|s1", "field": "id_number", "problem": "stale"}
    doubtful = frame(spark, tables.CORRECTIONS, [{**key, "confidence": 0.9}])
    told, table = [], doubtful.limit(0)
    for day, tonight in enumerate([doubtful, doubtful.limit(0), doubtful.limit(0), doubtful]):
        table = keep(corrections.carry_on(table, tonight, NIGHT + dt.timedelta(days=day)))
        (row,) = table.collect()
        told.append((row.status, (row.business_date - NIGHT).days, (row.first_seen_on - NIGHT).days, row.problem))
    assert told == [("open", 0, 0, "stale"), *[("mended", 1, 0, "stale")] * 2, ("open", 3, 0, "stale")]


# A change of each kind that may reach a record: its own row (another, gone), the holder of its id (another name, alive
# again, a number that comes to be), whom its link leads to (born on another day, moved), its tax code, its place.
CHANGED: dict[str, list[dict[str, Any]]] = {
    "telecom_subscribers": [SIMS[10] | {"id_number": OTHER}, SIMS[5] | {"status": "gone"}],
    "residents": [
        {"date_of_birth": "1990-12-20", "old_id_number": None, "province_code": "01"},
        PEOPLE[1] | {"full_name": "Đỗ Văn Bảo"},
        PEOPLE[2] | {"status": "alive"},
        {"personal_id": NOBODY, "old_id_number": None},
    ],
    "taxpayers": [{"tax_code": "0109999991"}],
    "sellers": [SHOPS[5] | {"province_code": "79"}],
}

MENDED = {"0900000006|2024-03-01", "0900000005|2024-03-01", "970436|0011223344556", "san-a|s2", "san-a|s3"}


def test_a_night_looks_again_only_at_what_a_change_reaches(
    spark: SparkSession, inputs: corrections.Corrected, first: DataFrame
) -> None:
    following, day = inputs, NIGHT + dt.timedelta(days=1)
    for source, rows in CHANGED.items():
        fresh = silver.normalise(source, picture(spark, source, *rows))
        stays = getattr(inputs, source).join(fresh, [*SOURCES[source].key], "left_anti")
        following = replace(following, **{source: keep(stays.unionByName(fresh.where("status <> 'gone'")))})
    moved = {
        name: keep(changes.moved(getattr(following, name), getattr(inputs, name), *SOURCES[name].key))
        for name in MATCHED
    }
    previous = keep(corrections.carry_on(frame(spark, tables.CORRECTIONS, []), first, NIGHT))
    nobody = frame(spark, tables.CORRECTIONS, []).select("source", "record_key")
    those = keep(corrections.reached(following, corrections.Since(NIGHT, inputs, moved, nobody), day))
    renewed = keep(corrections.renew(previous, corrections.find(following, day, SOURCES, keep, those), those, day))
    anew = keep(corrections.carry_on(previous, corrections.find(following, day, SOURCES, keep), day))
    assert night.differing_rows(renewed, anew) == 0
    # There is something to be equal: of each kind of change something is found, or is no more.
    assert {row.record_key for row in anew.where("status = 'mended'").collect()} >= MENDED
    assert those.where("record_key in ('079191000022', '079190000033')").isEmpty()


def test_a_link_that_has_changed_is_looked_at_again(spark: SparkSession, inputs: corrections.Corrected) -> None:
    links = {
        "holder_links": keep(inputs.holder_links.withColumn("match_probability", F.lit(0.96))),
        "seller_links": keep(inputs.seller_links.where("shop_id <> 's1'")),
    }
    still = {name: changes.still(getattr(inputs, name)).changed for name in MATCHED}
    relinked = spark.createDataFrame([("bank_accounts", "a1")], "source string, record_key string")
    since = corrections.Since(NIGHT, inputs, still, relinked)
    those = {tuple(row) for row in corrections.reached(replace(inputs, **links), since, NIGHT).collect()}
    assert those == {("bank_accounts", "a1"), ("taxpayers", "0100233488"), ("sellers", "san-a|s1")}


def test_nothing_is_said_of_sources_that_never_came_and_no_code_is_stale_before_the_merger(
    inputs: corrections.Corrected,
) -> None:
    rows = corrections.find(inputs, dt.date(2025, 6, 30), {"residents", "taxpayers", "sellers"}, keep).collect()
    assert {row.source for row in rows} == {"residents", "sellers", "taxpayers"}
    assert "stale" not in {row.problem for row in rows}
