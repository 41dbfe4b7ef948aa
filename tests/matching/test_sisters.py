"""What a shop's own relations still say where a sister informs it."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from matching import comparisons as c
from matching.evidence import match_type, shared_in_words
from matching.levels import HOLDER
from matching.model import start
from matching.sisters import anchored, named, sisters, without_shared

RELATIONS = ("account", "sim", "sim_now", "contact", "id", "code", "email", "sister")


@pytest.mark.parametrize(
    ("by", "party", "state_of_code", "left"),
    [
        ([], "R:hoa", "unknown", set(RELATIONS)),
        (["phone"], "R:hoa", "unknown", {"account", "id", "code", "email", "sister"}),
        (["account", "id"], "R:hoa", "unknown", {"sim", "sim_now", "contact", "code", "email", "sister"}),
        (["code"], "R:hoa", "unknown", set(RELATIONS) - {"code"}),
        # Whoever signs for an organisation is not its party, however many shops declare its code.
        (["code", "email"], "R:hoa", "organisation", set(RELATIONS) - {"email"}),
        # A party that is known by its code alone: the shop declares it itself.
        (["code"], "T:8000000001", "unknown", set(RELATIONS)),
        (["code", "email"], "T:8000000001", "unknown", set(RELATIONS) - {"email"}),
    ],
)
def test_what_leads_through_a_key_shared_with_the_sister_is_dropped(
    spark: SparkSession, by: list[str], party: str, state_of_code: str, left: set[str]
) -> None:
    held = ", ".join(f"holder_{name} {HOLDER}, state_{name} string" for name in RELATIONS)
    states = {name: state_of_code if name == "code" else "unknown" for name in RELATIONS}
    row = [value for name in RELATIONS for value in ((party, "home"), states[name])]
    shop = without_shared(spark.createDataFrame([(*row, by)], f"{held}, by array<string>")).first()
    assert shop is not None
    assert {name for name in RELATIONS if shop[f"holder_{name}"]} == left
    assert {name for name in RELATIONS if shop[f"state_{name}"] == states[name]} == left


@pytest.mark.parametrize(
    ("sister", "own", "shared", "carrier"),
    [
        ("self", "missing", ["id"], "id"),
        ("self", "missing", ["code", "email"], "tax_code"),
        ("self", "missing", ["account", "phone"], "bank"),
        ("self", "missing", ["phone"], "phone"),
        ("self", "missing", ["email"], "fuzzy"),
        ("other", "missing", ["id"], "fuzzy"),
        ("missing", "missing", None, "fuzzy"),
        # What a shop says itself goes before what it shares.
        ("self", "self", ["phone"], "id"),
    ],
)
def test_what_is_shared_with_the_sister_carries_the_match(
    spark: SparkSession, sister: str, own: str, shared: list[str] | None, carrier: str
) -> None:
    """It was replaced by the sister, but the shop says it (contract: match_type)."""
    parameters = start("shop_with_sisters", 1000)
    codes = {f"g_{each.name}": each.code("missing") for each in c.RELATIONS if each in parameters.comparisons}
    codes |= {"g_sister": c.SISTER.code(sister), "g_id": c.ID.code(own)}
    columns = ", ".join(f"{name} int" for name in codes)
    pair = spark.createDataFrame([(*codes.values(), shared)], f"{columns}, shared array<string>")
    found = pair.select(match_type(parameters, F.col("shared")), shared_in_words(F.col("shared"))).first()
    assert found is not None and found[0] == carrier
    if shared == ["account", "phone"]:
        assert found[1] == "tài khoản, số điện thoại"


@pytest.mark.parametrize(("kind", "shops", "is_theirs"), [("phone", 3, True), ("phone", 4, False), ("code", 4, True)])
def test_a_number_that_many_use_leads_nowhere_whoever_of_them_is_known(
    spark: SparkSession, kind: str, shops: int, is_theirs: bool
) -> None:
    rows = [(f"s{number}", "one for all") for number in range(shops)]
    anchors = spark.createDataFrame([("s0", ("R:hoa", "home"))], f"record string, holder {HOLDER}")
    found = sisters(
        spark.createDataFrame(rows, "record string, key string"), anchors, {kind: F.col("key")}, 3
    ).collect()
    assert {row.record: row.holder.subject for row in found} == {record: "R:hoa" for record, _ in rows[1:] if is_theirs}


def test_who_of_the_shops_whose_party_is_known_tells_its_sisters(spark: SparkSession) -> None:
    levels = [
        # record, id, code, alive
        ("own papers", "self", "missing", "alive"),
        ("of the dead", "self", "missing", "deceased"),
        ("no papers", "missing", "unknown", "alive"),
        ("lent id", "other", "missing", "alive"),
        ("of a company", "missing", "organisation", "alive"),
    ]
    rows = [
        (record, "R:hoa", "home", c.ID.code(paper), c.CODE.code(code), c.TRADING.code(alive))
        for record, paper, code, alive in levels
    ]
    linked = spark.createDataFrame(
        rows, "record string, subject string, household string, g_id int, g_code int, g_alive int"
    )
    told = {of.__name__: {row.record for row in of(linked).collect()} for of in (anchored, named)}
    assert told == {"anchored": {"own papers"}, "named": {"own papers", "no papers"}}
