"""Resolution on literal records: who of a few people each shop belongs to. All people are invented.

Most shops are ordinary ones, which declare their own id and name, so that the estimate sees what is usual.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from matching import candidates, changes, evidence
from matching.changes import Tracked
from matching.comparisons import CODE, ID, MASKED_PHONE, MODELS, NAME, RELATIONS, SIM, Comparison
from matching.levels import RECORD, SUBJECT, Statistics
from matching.model import start
from matching.records import HOLDER
from matching.resolve import Resolution, resolve

Row = dict[str, Any]

MODEL = "shop_with_sisters"
COUNTRY = Statistics(
    1_000_000, same_accent=0.9, same_given=0.02, same_birth_year=0.016, same_house=1e-6, same_group=1e-5, deceased=0.02
)
HOA, KIEN, BAO, SANG, TUAN, OTHER_TUAN = "R:hoa", "R:kien", "R:bao", "R:sang", "R:tuan", "R:other-tuan"
VINH = "R:vinh"
COMPANY = "T:0301234567"
ORDINARY = 150
HOA_NAMED = {"name": "le thi quynh hoa", "born": dt.date(1988, 4, 12)}
VINH_NAMED = {"name": "dinh cong vinh", "born": dt.date(1951, 5, 6)}

_TYPES = {
    **{"birth_date": "date", "birth_year": "int", "like_person": "boolean", "deceased": "boolean"},
    **{"household_size": "bigint", "n_name": "bigint", "n_sg": "bigint"},
    **{"p_province": "double", "p_kind": "double", "phones": "array<string>", "settled": "boolean"},
}


def _schema(columns: list[str]) -> str:
    kinds = {name: HOLDER if name.startswith("holder_") else _TYPES.get(name, "string") for name in columns}
    return ", ".join(f"{name} {kind}" for name, kind in kinds.items())


def _named(name: str | None, born: dt.date | None) -> Row:
    words = (name or "").split()
    return {
        **{"name_key": name, "name_accent": name, "name_sorted": " ".join(sorted(words)) or None},
        **{"name_sg": f"{words[0]} {words[-1]}" if words else None},
        **{"birth_date": born, "birth_year": born.year if born else None},
    }


def person(subject: str, name: str, born: dt.date, person_id: str, home: str, members: int = 1, **values: Any) -> Row:  # noqa: ANN401
    """A resident of province 79 whose name three of the country bear."""
    known = {"subject": subject, "kind": "resident", "person_id": person_id, "household": home, "deceased": False}
    rates = {"household_size": members, "n_name": 3, "n_sg": 40, "p_province": 0.1, "p_kind": 0.98}
    return {**known, **rates, "province34": "79", **_named(name, born), **values}


def shop(record: str, name: str | None = None, born: dt.date | None = None, **values: Any) -> Row:  # noqa: ANN401
    """A shop; `<relation>=holder` is whom a relation leads to. A name of one word is a brand."""
    led = {f"holder_{relation.name}": values.pop(relation.name, None) for relation in RELATIONS}
    led["holder_masked_phone"] = values.pop("masked_phone", None)
    states = {f"state_{relation.name}": values.pop(f"state_{relation.name}", "missing") for relation in RELATIONS}
    like_person = " " in (name or "")
    return {
        "record": record,
        "settled": False,
        "like_person": like_person,
        **_named(name, born),
        **led,
        **states,
        **values,
    }


def people() -> list[Row]:
    """Those whom the shops are about, and the owners of the ordinary shops."""
    lives = {"home": "h1", "members": 2, "phones": ["0907112233"], "house_key": "5 hang bong"}
    of_hoa = person(HOA, **HOA_NAMED, person_id="079188000012", **lives)
    return [
        of_hoa,
        person(KIEN, "phan duc kien", dt.date(1985, 7, 30), "079085000034", "h1", 2),
        person(BAO, "ta quang bao", dt.date(1977, 2, 3), "079077000056", "h2"),
        person(SANG, "mac van sang", dt.date(1991, 11, 23), "079091000078", "h3"),
        person(TUAN, "khong van tuan", dt.date(1980, 9, 9), "079080000090", "h4"),
        person(VINH, **VINH_NAMED, person_id="079051000099", home="h6", deceased=True),
        person(OTHER_TUAN, "khong van tuan", dt.date(1980, 9, 9), "079080000155", "h5"),
        {"subject": COMPANY, "kind": "organisation", "p_kind": 0.02, "p_province": 0.1, **_named("an phat", None)}
        | {"company_key": "an phat", "n_name": 1, "n_sg": 1, "deceased": False},
        *(
            person(f"R:{i}", f"ho {_word(i)} nam", dt.date(1960, 1, 1) + dt.timedelta(i), f"001060{i:06d}", f"o{i}")
            for i in range(ORDINARY)
        ),
    ]


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) * 2 for digit in f"{number:03d}")


def shops() -> list[Row]:
    """Shops that are each a case of their own, and ordinary ones."""
    of = {HOA: (HOA, "h1"), BAO: (BAO, "h2"), SANG: (SANG, "h3")}
    sangs = {relation: of[SANG] for relation in ("code", "account", "sim")}
    kiens = {relation: (KIEN, "h1") for relation in ("account", "sim")}
    return [
        shop("own_id", "hoa le thi quynh", id=of[HOA]),
        shop("slip_in_id", "le thi quynh hoa", person_id="079188000021", state_id="unknown"),
        shop("masked_id", "le thi quynh hoa", id_prefix="0791", id_suffix="12", province34="79"),
        shop("masked_id_of_another", "le thi quynh hoa", id_prefix="0790", id_suffix="77", province34="79"),
        shop("namesakes", "khong van tuan", dt.date(1980, 9, 9)),
        shop("paid_to_another", "bui huu khoa", account=of[HOA]),
        shop("brand_paid_to_home", "tiembanh", account=of[HOA]),
        shop("brand_with_masked_phone", "tiembanh", account=of[HOA], masked_phone=of[HOA], **_MASKED),
        shop("name_with_masked_phone", "le thi quynh hoa", province34="79", **_MASKED),
        shop("pooled", "tiembanh", account=of[HOA], state_account="shared"),
        shop("sister", "ta bao", sister=of[BAO]),
        shop("email_at_tax_office", "mac sang", email=of[SANG]),
        shop("lent_identity", **HOA_NAMED, id=of[HOA], **sangs),
        shop("name_of_a_relative", "phan duc kien", id=of[HOA], sim=of[HOA]),
        shop("relative_of_that_year", "phan duc kien", birth_year=1985, id=of[HOA], sim=of[HOA]),
        shop("paid_to_one_born_that_day", "bui huu khoa", HOA_NAMED["born"], account=of[HOA]),
        shop("masked_phone_of_a_relative", "phan duc kien", id=of[HOA], masked_phone=(KIEN, "h1"), **_MASKED),
        shop("paid_to_a_helper", "bui huu khoa", person_id="079188000021", state_id="unknown", account=of[HOA]),
        shop("own_identity", **HOA_NAMED, id=of[HOA], sim=of[SANG]),
        *searched(),
        shop("all_of_one_elsewhere", "tiembanh", province34="01", id=of[HOA], sim=of[HOA]),
        shop("brand_with_given_name", "tiem hoa xinh", like_person=False, account=(KIEN, "h1")),
        shop("masked_phone_of_the_house", "tiembanh", id=(KIEN, "h1"), **_MASKED),
        shop("masked_id_of_a_relative", "phan duc kien", id_prefix="0791", id_suffix="12", sim=of[HOA]),
        # Her id, masked, and her birth date under his name.
        shop("masked_id_and_birth_of_a_relative", "phan duc kien", HOA_NAMED["born"], **_HOAS, **kiens),
        shop("id_and_birth_of_another", "mac van sang", HOA_NAMED["born"], id=of[HOA], account=of[SANG]),
        shop("companys_code", "le thi quynh hoa", code=(COMPANY, None), state_code="organisation", sim=of[HOA]),
        shop("left_out_id", person_id="079188000021", sister=of[BAO]),
        shop("id_of_the_dead", VINH_NAMED["name"], id=(VINH, "h6"), account=of[BAO], sim=of[BAO]),
        shop("id_of_the_dead_paid_to", "bui huu khoa", id=(VINH, "h6"), account=of[SANG], sim=of[SANG]),
        shop("id_of_the_dead_and_an_account", "bui huu khoa", id=(VINH, "h6"), account=of[SANG]),
        shop("name_and_birth_of_the_dead", **VINH_NAMED, account=of[BAO], sim=of[BAO], email=of[BAO]),
        shop("name_of_the_dead", VINH_NAMED["name"], account=of[BAO], sim=of[BAO]),
        shop("all_of_the_dead", **VINH_NAMED, id=(VINH, "h6")),
        *(shop(f"ordinary_{i}", f"ho {_word(i)} nam", id=(f"R:{i}", f"o{i}")) for i in range(ORDINARY)),
    ]


def searched() -> list[Row]:
    """Shops that one rule alone leads to somebody; named after the rule."""
    born, ends = HOA_NAMED["born"], _HOAS
    place = {"province34": "79", "house_key": "5 hang bong"}
    return [
        shop("surname_birth_province", "le thi quynh hao", born, province34="79"),
        shop("given_birth", "l t q hoa", born, province34="01"),
        shop("birth_house", "tiembanh", born, **place),
        shop("masked_id_name", "le thi quynh hoa", **ends),
        shop("masked_id_given_province", "l t q hoa", province34="79", **ends),
        shop("masked_id_end_name", "le thi quynh hoa", id_suffix="0012"),
        shop("masked_id_birth", "tiembanh", born, **ends),
        shop("masked_phone_name", "le thi quynh hoa", **_MASKED),
        shop("masked_phone_birth", "tiembanh", born, **_MASKED),
    ]


_MASKED = {"phone_prefix": "09", "phone_suffix": "2233"}
_HOAS = {"id_prefix": "0791", "id_suffix": "012"}

Found = Mapping[str, Mapping[str, Row]]


def frame_of_shops(spark: SparkSession, rows: list[Row]) -> DataFrame:
    relations = [comparison for comparison in MODELS[MODEL] if comparison in RELATIONS]
    columns = [
        *RECORD,
        "settled",
        *(f"{part}_{relation.name}" for relation in relations for part in ("holder", "state")),
    ]
    columns.append("holder_masked_phone")
    return spark.createDataFrame([tuple(row.get(name) for name in columns) for row in rows], _schema(columns))


def frame_of_people(spark: SparkSession, rows: list[Row], cap: int = 50) -> DataFrame:
    known = spark.createDataFrame([tuple(row.get(name) for name in SUBJECT) for row in rows], _schema(list(SUBJECT)))
    return candidates.with_keys(known, [MODEL], cap)


def keep(frame: DataFrame) -> DataFrame:
    return frame.localCheckpoint()


@pytest.fixture(scope="module")
def resolution(spark: SparkSession) -> Resolution:
    """What comes of all the shops."""
    asked, subjects = frame_of_shops(spark, shops()), frame_of_people(spark, people())
    return resolve(asked, subjects, *(MODEL, COUNTRY, 50, 10_000, keep))


@pytest.fixture(scope="module")
def found(resolution: Resolution) -> Found:
    """Shop → subject → scored candidate."""
    scored: dict[str, dict[str, Row]] = {}
    marks = {
        "of_household": evidence.rests_on_household(resolution.parameters),
        "for_people": evidence.is_for_people(resolution.parameters),
        "why": evidence.explanation(resolution.parameters, {}, F.lit(False)),
    }
    for row in resolution.scored.withColumns(marks).collect():
        scored.setdefault(row.record, {})[row.subject] = row.asDict()
    return scored


def _p(found: Found, record: str, subject: str) -> float:
    return float(found[record][subject]["probability"]) if subject in found.get(record, {}) else 0.0


@pytest.mark.parametrize(
    ("record", "subject"),
    [
        ("own_id", HOA),
        ("slip_in_id", HOA),
        ("masked_id", HOA),
        ("name_with_masked_phone", HOA),
        ("sister", BAO),
        ("email_at_tax_office", SANG),
        ("own_identity", HOA),
        ("all_of_one_elsewhere", HOA),
        ("masked_id_end_name", HOA),
    ],
)
def test_evidence_that_agrees_makes_a_link(found: Found, record: str, subject: str) -> None:
    assert _p(found, record, subject) >= 0.95


@pytest.mark.parametrize(
    ("record", "subject"),
    [
        ("masked_id_of_another", HOA),
        ("paid_to_another", HOA),
        ("brand_paid_to_home", HOA),
        ("pooled", HOA),
        ("lent_identity", HOA),
        ("left_out_id", HOA),
    ],
)
def test_evidence_that_contradicts_itself_or_is_thin_makes_none(found: Found, record: str, subject: str) -> None:
    assert _p(found, record, subject) < 0.95


@pytest.mark.parametrize(
    ("record", "trader", "for_people"),
    [
        ("id_of_the_dead", BAO, False),
        ("id_of_the_dead_paid_to", SANG, False),
        ("name_and_birth_of_the_dead", BAO, False),
        ("id_of_the_dead_and_an_account", SANG, True),
        # A namesake of the dead may live, and be paid by somebody else's account.
        ("name_of_the_dead", BAO, True),
        ("all_of_the_dead", VINH, True),
    ],
)
def test_the_dead_do_not_trade_and_whoever_uses_their_identity_does(
    found: Found, record: str, trader: str, for_people: bool
) -> None:
    assert found[record][trader]["place"] == 1
    assert found[record][trader]["for_people"] == for_people


def test_two_who_fit_alike_share_the_probability(found: Found) -> None:
    assert _p(found, "namesakes", TUAN) == pytest.approx(_p(found, "namesakes", OTHER_TUAN))
    assert _p(found, "namesakes", TUAN) > 0.45


def test_a_brand_paid_into_an_account_may_be_anyone_of_its_household(found: Found) -> None:
    assert _p(found, "brand_paid_to_home", HOA) > _p(found, "brand_paid_to_home", KIEN) > 0
    assert "household" in found["brand_paid_to_home"][KIEN]["rules"]
    assert KIEN not in found["own_id"]  # a person's name searches those who bear it


@pytest.mark.parametrize("rule", [row["record"] for row in searched()])
def test_each_rule_leads_to_whom_it_is_made_for(found: Found, rule: str) -> None:
    assert rule in found[rule][HOA]["rules"]


def test_a_brand_with_a_given_name_in_it_tells_the_members_of_a_household_apart(found: Found) -> None:
    shares = {who: found["brand_with_given_name"][who]["probability"] for who in (HOA, KIEN)}
    plain = {who: found["brand_paid_to_home"][who]["probability"] for who in (HOA, KIEN)}
    # One time the account is Kien's, the other time Hoa's.
    assert shares[HOA] / shares[KIEN] > plain[KIEN] / plain[HOA]


def test_a_masked_phone_that_fits_one_of_a_household_is_the_households_for_the_others(found: Found) -> None:
    levels = {who: found["masked_phone_of_the_house"][who]["g_masked_phone"] for who in (HOA, KIEN)}
    assert levels == {HOA: MASKED_PHONE.code("self"), KIEN: MASKED_PHONE.code("household")}
    assert found["name_with_masked_phone"][HOA]["g_masked_phone"] == MASKED_PHONE.code("self")


def test_what_a_shop_lacks_is_as_frequent_in_every_class(resolution: Resolution) -> None:
    for comparison in resolution.parameters.comparisons:
        lacking = [comparison.code(level.name) for level in comparison.levels if level.of_record]
        m = resolution.parameters.m[comparison.name][:, lacking]
        assert m == pytest.approx(np.broadcast_to(m[0], m.shape))


def test_who_is_helped_starts_with_the_numbers_of_the_household() -> None:
    opened, helped, _ = start(MODEL, COUNTRY.subjects).m[SIM.name]
    own, home = SIM.code("self"), SIM.code("household")
    assert helped[home] > helped[own]
    assert helped[own] + helped[home] == pytest.approx(opened[own] + opened[home])
    papers = start(MODEL, COUNTRY.subjects).m[ID.name]
    assert papers[0] == pytest.approx(papers[1])


def test_a_masked_phone_that_fits_the_holder_of_the_account_tells_more(found: Found) -> None:
    assert _p(found, "brand_with_masked_phone", HOA) > _p(found, "brand_paid_to_home", HOA)


def test_an_account_that_a_pool_of_shops_uses_tells_less(found: Found) -> None:
    assert _p(found, "pooled", HOA) < _p(found, "brand_paid_to_home", HOA)


def test_name_and_birth_that_come_with_a_borrowed_id_are_no_evidence_of_their_own(found: Found) -> None:
    assert _p(found, "lent_identity", SANG) > _p(found, "lent_identity", HOA)
    assert found["lent_identity"][SANG]["lending_weight"] > 0
    assert found["lent_identity"][HOA]["lending_weight"] == pytest.approx(0, abs=1e-9)


def test_a_masked_id_with_its_birth_date_is_lent_as_a_whole_one_is(found: Found) -> None:
    relatives = found["masked_id_and_birth_of_a_relative"]
    assert relatives[KIEN]["probability"] > 0.8
    # Whose it is, it is not the household's; to the others of the household it is.
    assert {who: relatives[who]["g_id"] for who in (HOA, KIEN)} == {
        HOA: ID.code("masked_agrees"),
        KIEN: ID.code("household"),
    }
    assert relatives[KIEN]["lending_weight"] > 0
    # Whom a mask fits without that birth date is not known to be its owner.
    assert found["masked_id_of_a_relative"][KIEN]["g_id"] == ID.code("masked_differs")


def test_who_uses_anothers_id_and_birth_date_may_keep_the_own_name(found: Found) -> None:
    shares = found["id_and_birth_of_another"]
    assert shares[SANG]["probability"] > shares[HOA]["probability"]
    assert shares[SANG]["lending_weight"] > 0


def test_a_name_with_ties_to_the_household_alone_is_marked(found: Found) -> None:
    assert found["name_of_a_relative"][KIEN]["of_household"]
    assert not found["name_of_a_relative"][HOA]["of_household"]
    assert not found["masked_phone_of_a_relative"][KIEN]["of_household"]
    assert not found["relative_of_that_year"][KIEN]["of_household"]
    assert not found["namesakes"][TUAN]["of_household"]


def test_a_name_that_contradicts_is_for_people_unless_papers_or_birth_date_are_theirs(found: Found) -> None:
    assert found["paid_to_another"][HOA]["for_people"]
    assert not found["paid_to_one_born_that_day"][HOA]["for_people"]
    assert found["paid_to_a_helper"][HOA]["for_people"]
    assert not found["slip_in_id"][HOA]["for_people"]
    assert found["masked_id_of_a_relative"][HOA]["for_people"]
    assert not found["masked_id"][HOA]["for_people"]
    assert not found["name_of_a_relative"][HOA]["for_people"]


def test_the_name_of_who_signs_for_a_company_is_hardly_held_against_it(found: Found) -> None:
    shown = found["companys_code"]
    assert shown[COMPANY]["g_name"] == NAME.code("contact")
    assert shown[COMPANY]["g_code"] == CODE.code("self")
    assert shown[HOA]["g_code"] == CODE.code("organisation")
    assert shown[HOA]["for_people"]


def test_of_a_company_it_is_not_told_as_of_a_person(found: Found) -> None:
    why = {field["level"]: field["text"] for field in json.loads(found["companys_code"][COMPANY]["why"])["fields"]}
    assert why["self"] == "Mã số thuế: của chính bên bán này"
    assert why["other"] == "Số điện thoại: của người khác, có thể là người đại diện hay nhân viên"
    assert "Số điện thoại: của chính người này" in found["companys_code"][HOA]["why"]


# Levels that a candidate shows → whether people decide.
AGAINST: list[tuple[Mapping[str, str], bool]] = [
    ({"account": "self", "id": "other"}, True),
    ({"account": "shared_self", "sim": "other"}, True),
    ({"id": "near", "account": "other"}, True),
    ({"email": "self", "name": "brand_given", "id": "other"}, True),
    # A given name that agrees counts, but beside the id of another.
    ({"sim": "self", "name": "brand_given", "account": "other"}, False),
    ({"contact": "self", "name": "given", "sim": "other"}, False),
    ({"account": "self", "name": "given", "id": "other"}, True),
    # Nothing speaks for somebody else.
    ({"account": "self"}, False),
    ({"account": "self", "sim": "household"}, False),
    # Two relations against one.
    ({"account": "self", "sim": "self", "id": "other"}, False),
    # A name, a birth date or a paper is no mere relation.
    ({"account": "self", "name": "initials", "id": "other"}, False),
    ({"account": "self", "birth": "year", "id": "other"}, False),
    ({"id": "self", "account": "other"}, False),
    ({"code": "self", "account": "other"}, False),
    # Under another name, and paid to a stranger: the shop may have changed hands.
    ({"id": "self", "birth": "day", "name": "different", "account": "other"}, True),
    ({"id": "self", "birth": "day", "name": "different", "account": "self", "code": "other"}, True),
    ({"code": "self", "name": "different", "id": "other", "sim": "other"}, True),
    ({"code": "self", "account": "self", "name": "different", "id": "other"}, False),
    ({"id": "self", "birth": "day", "name": "different", "account": "household"}, False),
    ({"id": "self", "birth": "day", "name": "typo", "account": "other"}, False),
    ({"subject": "T:0301234567", "code": "self", "name": "different", "account": "other"}, False),
    # Somebody else by name and by birth date, under a tax code that is theirs.
    ({"id": "near", "code": "self", "sim": "self", "name": "different", "birth": "different"}, True),
    ({"id": "near", "code": "self", "sim": "self", "name": "different", "birth": "day"}, False),
    ({"id": "self", "account": "self", "name": "different", "birth": "different"}, False),
    # The company's code is not its director's own.
    ({"code": "organisation", "name": "exact_accent", "sim": "self"}, True),
]


@pytest.fixture(scope="module")
def for_people(spark: SparkSession) -> list[bool]:
    """What becomes of each of these candidates."""
    lacking = {each.name: "missing" if "missing" in _names(each) else _names(each)[0] for each in MODELS[MODEL]}
    rows = [
        (number, shown.get("subject", "R:lan"), *(each.code({**lacking, **shown}[each.name]) for each in MODELS[MODEL]))
        for number, (shown, _) in enumerate(AGAINST)
    ]
    marked = spark.createDataFrame(rows, ["number", "subject", *(f"g_{each.name}" for each in MODELS[MODEL])])
    marked = marked.withColumn("identity_of_dead", F.lit(False))
    asked = evidence.is_for_people(start(MODEL, COUNTRY.subjects)).alias("asked")
    return [row.asked for row in marked.select("number", asked).orderBy("number").collect()]


@pytest.mark.parametrize("number", range(len(AGAINST)))
def test_one_relation_against_another_is_for_people(for_people: list[bool], number: int) -> None:
    shown, expected = AGAINST[number]
    assert for_people[number] is expected, shown


# ── from one night to the next ──

CAP = 2
_TUANS = [person(f"R:tuan{i}", "khong van tuan", dt.date(1980, 9, 9), f"07908000{i}", f"t{i}") for i in (1, 2)]


def people_of_next_night() -> list[Row]:
    """A birth date is corrected, one resident is gone, namesakes of others come: a block outgrows the cap."""
    of_kien = {"birth_date": dt.date(1986, 7, 30), "birth_year": 1986}
    stay = [{**row, **of_kien} if row["subject"] == KIEN else row for row in people() if row["subject"] != SANG]
    return [*stay, *_TUANS, person("R:new", f"ho {_word(5)} nam", dt.date(1999, 1, 1), "001099000001", "o999")]


def shops_of_next_night() -> list[Row]:
    """One is paid to somebody else, a value of one moves to another column, one is gone and one is new."""
    others = {
        "pooled": {"holder_account": (KIEN, "h1")},
        "masked_phone_birth": {"id_prefix": _MASKED["phone_prefix"], "phone_prefix": None},
    }
    stay = [{**row, **others.get(row["record"], {})} for row in shops() if row["record"] != "own_id"]
    return [*stay, shop("new", "le thi quynh hoa", HOA_NAMED["born"])]


def test_what_people_have_decided_is_obeyed(spark: SparkSession, resolution: Resolution) -> None:
    asked, subjects = frame_of_shops(spark, shops()), frame_of_people(spark, people())
    named = {"namesakes": OTHER_TUAN, "paid_to_another": KIEN, "gone": KIEN}
    ruled_out = {"own_id": HOA, "own_identity": HOA, "id_of_the_dead": VINH}
    said = [*((*pair, True) for pair in named.items()), *((*pair, False) for pair in ruled_out.items())]
    decided = spark.createDataFrame(said, "record string, subject string, is_party boolean")
    usual = MODEL, COUNTRY, 50, 10_000, keep
    resolved = resolve(asked, subjects, *usual, frozen=resolution.parameters, decided=decided)
    now, before = ({(row.record, row.subject): row for row in it.scored.collect()} for it in (resolved, resolution))
    # Whom they have ruled out is nobody's candidate any more; whom they have named is the only one, found or not.
    assert before.keys() >= ruled_out.items()
    assert not now.keys() & ruled_out.items()
    found = {shop: {person for record, person in now if record == shop} for shop in named}
    assert found == {"namesakes": {OTHER_TUAN}, "paid_to_another": {KIEN}, "gone": set()}
    assert now["paid_to_another", KIEN].rules == ["named"]
    assert {pair: now[pair] for pair in now if pair[0] not in named | ruled_out} == {
        pair: before[pair] for pair in before if pair[0] not in named | ruled_out
    }
    # They explain the others still: whose name and birth date came with the id, who of them is dead.
    for pair in (("own_identity", SANG), ("id_of_the_dead", BAO)):
        then = before[pair].asDict()
        told = {name: value for name, value in now[pair].asDict().items() if value != then[name]}
        assert told.keys() <= {"probability", "none_probability", "place"}
        assert told["probability"] > then["probability"]
    assert now["id_of_the_dead", BAO].identity_of_dead


@dataclass(frozen=True)
class Scored:
    """A night's shops and people, each shop's answers, and the blocks over the cap."""

    asked: DataFrame
    subjects: DataFrame
    answers: Mapping[str, list[Any]]
    cut: DataFrame


@pytest.fixture(scope="module")
def two_nights(spark: SparkSession, resolution: Resolution) -> tuple[Scored, Scored]:
    def scored(shops: list[Row], people: list[Row]) -> Scored:
        """One of them."""
        asked, subjects = keep(frame_of_shops(spark, shops)), keep(frame_of_people(spark, people, CAP))
        found = resolve(asked, subjects, *(MODEL, COUNTRY, CAP, 10_000, keep), frozen=resolution.parameters)
        answers: dict[str, list[Any]] = {row.record: [] for row in asked.select("record").collect()}
        for row in found.scored.orderBy("record", "place").collect():
            answers[row.record].append(row)
        return Scored(asked, subjects, answers, keep(candidates.cut(found.proposed)))

    return scored(shops(), people()), scored(shops_of_next_night(), people_of_next_night())


@pytest.mark.parametrize("forwards", [True, False])
def test_whoever_nothing_touches_comes_to_what_it_came_to(two_nights: tuple[Scored, Scored], forwards: bool) -> None:
    then, now = two_nights[:: 1 if forwards else -1]
    asked = Tracked(now.asked, keep(changes.moved(now.asked, then.asked, "record")))
    subjects = Tracked(now.subjects, keep(changes.moved(now.subjects, then.subjects, "subject")))
    blocks = keep(candidates.grown(subjects, MODEL))
    still_cut = keep(candidates.still_cut(then.cut, blocks, CAP))
    touched = {row.record for row in candidates.touched(asked, subjects, MODEL, blocks, still_cut).collect()}
    changed = {record for record in now.answers if then.answers.get(record) != now.answers[record]}
    expected = {"relative_of_that_year", "email_at_tax_office", "namesakes", "pooled", "masked_phone_birth"}
    assert {*expected, "new" if forwards else "own_id"} <= changed <= touched
    assert touched >= then.answers.keys() - now.answers.keys()
    assert len(touched) < len(now.answers) / 4
    # What is known of blocks over the cap needs no count of all subjects.
    still, known = _sizes(still_cut), _sizes(now.cut)
    assert known if forwards else _sizes(then.cut)
    assert still.items() <= known.items()
    assert known.keys() - still.keys() <= {row.key for row in blocks.collect()}


def _sizes(cut: DataFrame) -> dict[int, int]:
    return {row.key: row.size for row in cut.collect()}


def _names(comparison: Comparison) -> list[str]:
    return [level.name for level in comparison.levels]


def test_probabilities_of_all_candidates_and_none_are_one(found: Found) -> None:
    for found_of_one in found.values():
        none = next(iter(found_of_one.values()))["none_probability"]
        assert sum(row["probability"] for row in found_of_one.values()) + none == pytest.approx(1)


def test_places_follow_the_probability(found: Found) -> None:
    for found_of_one in found.values():
        ordered = sorted(found_of_one.values(), key=lambda row: row["place"])
        assert [row["place"] for row in ordered] == list(range(1, len(ordered) + 1))
        assert ordered == sorted(ordered, key=lambda row: -row["probability"])


@pytest.mark.parametrize(
    ("levels", "subject", "rests"),
    [
        ({"id": "unknown"}, HOA, True),
        ({"id": "other"}, HOA, True),
        ({"id": "other", "address": "similar"}, HOA, False),
        ({"id": "unknown", "sim": "self"}, HOA, False),
        ({"id": "unknown", "sim": "household"}, HOA, True),
        ({"id": "missing"}, HOA, False),
        ({"id": "near"}, HOA, False),
        ({"id": "other"}, COMPANY, False),
    ],
)
def test_name_and_birth_date_prove_nothing_beside_the_id_of_another(
    spark: SparkSession, levels: dict[str, str], subject: str, rests: bool
) -> None:
    usual = {"name": "exact", "birth": "day", "sim": "missing", "province": "agree", "address": "different"}
    parameters = start("taxpayer", 1_000)
    codes = [F.lit(each.code({**usual, "alive": "alive", **levels}[each.name])) for each in parameters.comparisons]
    names = [f"g_{each.name}" for each in parameters.comparisons]
    pair = spark.range(1).select(F.lit(subject).alias("subject"), *map(Column.alias, codes, names))
    assert pair.select(evidence.rests_on_name_and_birth(parameters)).collect() == [(rests,)]
