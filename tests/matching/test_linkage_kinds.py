"""Kinds of columns as tables of cases: how a value is read, what two values show, which keys blocking has of them.

All cases go through the engine's own steps, records as `standardised` leaves them, in one piece.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from matching.linkage.comparison import NULL, SWAPPED, Wish, compared, comparisons, gamma, prepared
from matching.linkage.kinds import KINDS, rare_words
from matching.linkage.records import atoms, standardised

Written = Mapping[str, str | None]
Levels = dict[str, str]

# A column a kind, named after it.
COLUMNS = {kind: kind for kind in KINDS}

VALUES: list[tuple[str, str | None, str | None]] = [
    # kind, as written, as compared
    ("date", "1990-05-07", "19900507"),
    ("date", "19900507", "19900507"),
    ("date", "07/05/1990", "19900507"),
    ("date", "7/5/1990", "19900507"),
    ("date", "7.5.1990", "19900507"),
    ("date", "07-05-1990", "19900507"),
    ("date", " 1990-5-7 ", "19900507"),
    ("date", "1990-05-07 00:00:00", "19900507"),
    ("date", "1990-05-07T23:59:59Z", "19900507"),
    ("date", "1990-05-00", "19900500"),
    ("date", "1990-05", "19900500"),
    ("date", "1990", "19900000"),
    ("date", "1990-00-00", "19900000"),
    ("date", "1990/5", "19900500"),
    ("date", "0000-00-00", None),
    ("date", "00000000", None),
    ("date", "31/02/1990", "19900231"),
    ("date", "07/05/90", None),
    ("date", "unknown", None),
    ("date", "", None),
    ("date", None, None),
    ("year", "1990", "1990"),
    ("year", "born in 1990", "1990"),
    ("year", "90", "1990"),
    ("year", "'05", "2005"),
    ("year", "190", None),
    ("phone", "0912345678", "0912345678"),
    ("phone", "+84 912 345 678", "0912345678"),
    ("phone", "84912345678", "0912345678"),
    ("phone", "912.345.678", "0912345678"),
    ("phone", "0912 345 678 / 0987 654 321", "0912345678"),
    ("phone", "01234567890", "0834567890"),
    ("phone", "(028) 3829 1234", "02838291234"),
    ("phone", "+1 (415) 555-2671", "14155552671"),
    ("phone", "none", None),
    ("identifier", "079-090 001.234", "079090001234"),
    ("identifier", "ab/12c", "AB12C"),
    ("identifier", "007", "007"),
    ("identifier", "É-1", "E1"),
    ("identifier", unicodedata.normalize("NFD", "É-1"), "E1"),
    ("identifier", " - ", None),
    ("identifier", "https://www.shop.example/", "SHOPEXAMPLE"),
    ("identifier", "www.shop.example", "SHOPEXAMPLE"),
    ("identifier", "shop.example", "SHOPEXAMPLE"),
    ("identifier", "WWW-17", "WWW17"),
    ("identifier", "", None),
    ("postcode", "sw1a 1aa", "SW1A1AA"),
    ("postcode", "SW1A-1AA", "SW1A1AA"),
    ("postcode", "07000", "07000"),
    ("email", " An.Le@Example.COM ", "an.le@example.com"),
    ("email", " ", None),
    ("number", "007", "7"),
    ("number", "7.0", "7"),
    ("number", " 7 ", "7"),
    ("number", "100", "100"),
    ("number", "7.10", "7.1"),
    ("number", "-3.50", "-3.5"),
    ("number", "0.0", "0"),
    ("number", "0.000001", "0.000001"),
    ("number", "1e3", "1000"),
    ("number", "$1,107.00", "1107"),
    ("number", "1.107.250 ₫", "1107250"),
    ("number", "1.107,50 EUR", "1107.5"),
    ("number", "1.107", "1.107"),
    ("number", "12 oz", "12 oz"),
    ("number", "3:56", "236"),
    ("number", "3m 56sec", "236"),
    ("number", "3:99", "3 99"),
    ("number", "", None),
    ("full_name", "Nguyễn Thị Lý", "nguyen thi li"),
    ("full_name", "Huber Maschinenbau G.m.b.H.", "huber maschinenbau"),
    ("full_name", "HUBER MASCHINENBAU GMBH & CO. KG", "huber maschinenbau"),
    ("full_name", "Sirao (UK) Limited", "sirao"),
    ("full_name", "Maria Sá", "maria sa"),
    ("full_name", "Limited", "limited"),
    ("full_name", unicodedata.normalize("NFD", "Nguyễn Thị Lý"), "nguyen thi li"),
    ("full_name", "NGUYEN THI LI", "nguyen thi li"),
    ("full_name", "  Hoàng   Đức\tThịnh ", "hoang duc thinh"),
    ("full_name", "Ông Nguyễn Văn Bình (chủ)", "nguyen van binh"),
    ("full_name", "O'Brien, Seán", "o brien sean"),
    ("full_name", "Иван Петров", "иван петров"),
    ("full_name", "李 明", "李 明"),
    ("full_name", "Иван A", "иван a"),
    ("full_name", "HSI Energie 8 B.V.", "hsi energie 8 b v"),
    ("full_name", "Shop Tạ Thị Ánh", "ta thi anh"),
    ("full_name", "Nguyễn Thị Đình Hằng Boutique", "nguyen thi dinh hang"),
    ("full_name", "TẠP HOÁ Nguyễn Văn Lý", "nguyen van li"),
    ("full_name", "John House", "john house"),
    ("full_name", "Gift Baker", "gift baker"),
    ("full_name", "Shop Hoa Tươi", "shop hoa tuoi"),
    ("full_name", "Ștefan Țepeș", "stefan tepes"),
    ("full_name", "", None),
    ("given_name", " José  María ", "jose maria"),
    ("given_name", "ΝΙΚΟΣ", "νικος"),
    ("given_name", "Đặng", "dang"),
    ("family_name", "Müller-Lüdenscheidt", "muller ludenscheidt"),
    ("family_name", "Huỳnh", "huynh"),
    ("family_name", "Hoàng", "hoang"),
    ("family_name", unicodedata.normalize("NFD", "Hoàng"), "hoang"),
    ("address", "Số 12/3, Đường Lê Lợi", "so 12 3 duong le loi"),
    ("locality", "TP. Hồ Chí Minh", "tp ho chi minh"),
    ("category", "  NỮ ", "nu"),
    ("text", "Tạp-hoá “A”", "tap hoa a"),
    ("text", "Sony Router - CWY-4504QQ", "sony router cwy4504qq"),
    ("text", "24-inch 2010-05", "24 inch 2010 05"),
    ("address", "ул. Ленина, 5", "ул ленина 5"),
    ("locality", "北京市 12", "北京市 12"),
]

# Words that many values have; the others are rare.
FREQUENT = ["hoa", "thi", "van", "nguyen", "street", "house", "red", "of"]

PAIRS: list[tuple[str, str, str, str | None]] = [
    # kind, one, other, level; None: no evidence
    ("given_name", "Minh", "MINH", "exact"),
    ("given_name", "minh", "manh", "close"),
    ("given_name", "minh", "minhh", "close"),
    ("given_name", "minh", "mihn", "close"),
    ("given_name", "katherine", "kathryn", "similar"),
    ("given_name", "lan", "l", "partial"),
    ("given_name", "alexander", "alex", "partial"),
    ("given_name", "lan", "hoa", "different"),
    ("given_name", "lan", "", None),
    ("family_name", "Hoàng", unicodedata.normalize("NFD", "HOÀNG"), "exact"),
    ("family_name", "Hoàng", "Huỳnh", "different"),
    ("family_name", "Võ", "Vũ", "close"),
    ("family_name", "smith", "smyth", "close"),
    ("family_name", "karlsson", "carlson", "similar"),
    ("family_name", "robertson", "robbins", "partial"),
    ("full_name", "Nguyễn Thị Lan", "NGUYEN THI LAN", "exact"),
    ("full_name", "Nguyễn Thị Lan", "Lan Nguyễn Thị", "reordered"),
    ("full_name", "nguyen thi lan", "nguyen thi lna", "close"),
    ("full_name", "nguyen thi lan", "nguyen thi loan", "close"),
    ("full_name", "Weber Beteiligungs 6 SE", "Weber Beteiligungs 8 SE", "numbers"),
    ("full_name", "Weber Beteiligungs 6 SE", "Weber Beteiligungs SE", "numbers"),
    ("full_name", "Goke Ventures III LTD", "GOKE VENTURES VIII LTD", "numbers"),
    ("full_name", "Goke Ventures III LTD", "Goke Ventures 3 LTD", "similar"),
    ("full_name", "John V Smith", "John Smith", "words"),
    ("full_name", "nguyen thi lan", "nguyen lan", "words"),
    ("full_name", "nguyen thi lan", "lan nguyen", "words"),
    ("full_name", "Hoàng Ngọc Lan", "Hoàng Thị Ngọc Lan", "words"),
    ("full_name", "nguyen thi lan", "n t lan", "similar"),
    ("full_name", "nguyen thi lan", "nguyen van lan", "similar"),
    ("full_name", "le thi hoa", "nguyen van hoa", "partial"),
    ("full_name", "le thi khuc", "nguyen van khuc", "rare"),
    ("full_name", "tran van hung", "nguyen thi lan", "different"),
    ("full_name", "Иван Петров", "ИВАН ПЕТРОВ", "exact"),
    ("date", "1990-05-07", "07/05/1990", "exact"),
    ("date", "1990-05-07", "1990-05-08", "days"),
    ("date", "1990-02-28", "1990-03-05", "days"),
    ("date", "1989-12-29", "1990-01-03", "days"),
    ("date", "1990-05-07", "1990-05-27", "close"),
    ("date", "1990-05-12", "1990-05-21", "close"),
    ("date", "1990-05-07", "1990-07-05", "close"),
    ("date", "1990-10-28", "1990-28-10", "close"),
    ("date", "1990-05-17", "1990-05-28", "year_month"),
    ("date", "1990-05-17", "1990-12-17", "year_day"),
    ("date", "1990-05-17", "1972-05-17", "month_day"),
    ("date", "1990-05-17", "1990", "year"),
    ("date", "1990-05-17", "1990-11-28", "year"),
    ("date", "1990-05-17", "1992-11-28", "near"),
    ("date", "1990-05-17", "1993-11-28", "different"),
    ("date", "1990-05-17", "unknown", None),
    ("year", "1990", "1991", "near"),
    ("year", "1990", "1985", "similar"),
    ("year", "1990", "1996", "different"),
    ("identifier", "079 090 001234", "079090001234", "exact"),
    ("identifier", "079090001234", "079090001243", "close"),
    ("identifier", "079090001234", "07909001234", "close"),
    ("identifier", "079090001234", "079090005678", "different"),
    ("phone", "+84 912 345 678", "0912345678", "exact"),
    ("phone", "0912345678", "0912345679", "close"),
    ("phone", "0912345678", "0912345600", "different"),
    ("postcode", "700000", "70000", "close"),
    ("postcode", "700000", "700123", "partial"),
    ("postcode", "700123", "811123", "partial"),
    ("postcode", "700123", "811456", "different"),
    ("email", "an.le@x.vn", "AN.LE@X.VN", "exact"),
    ("email", "an.le@x.vn", "an.el@x.vn", "close"),
    ("email", "an.le@x.vn", "an.le@gmail.com", "partial"),
    ("email", "an.le@x.vn", "hoa@x.vn", "different"),
    ("address", "12 Lê Lợi", "12, Le Loi", "exact"),
    ("address", "12 le loi street", "le loi street 12", "close"),
    ("address", "12 le loi street", "12 le lo stret", "close"),
    ("address", "12 le loi street ward 3", "12 le loi ward 3", "similar"),
    ("address", "12 le loi street", "14 le loi street", "numbers"),
    ("address", "flat 3, 12 le loi street", "flat 4, 12 le loi st", "numbers"),
    ("address", "12/3 le loi street", "3 le loi, 12 street", "close"),
    ("address", "12 le loi street", "le loi street", "similar"),
    ("address", "12 le loi street", "99 hai ba trung street", "partial"),
    ("address", "12 le loi street", "99 loi hai ba trung street", "some"),
    ("address", "12 le loi street", "14 le loi street, hai phong", "half"),
    ("address", "le loi street", "flat 3, le loi street", "most"),
    ("address", "12 le loi street", "flat 3, 12 le loi street", "numbers"),
    ("address", "12 le loi", "flat 3, 12 le loi street, ward 4, hai phong", "contained"),
    ("address", "12 le loi", "99 hai ba trung", "different"),
    ("text", "red brick house", "house, red brick", "close"),
    ("text", "red brick house", "house of red brick", "similar"),
    ("text", "sony router cwy4504qq", "sony router cwy4505qq", "numbers"),
    ("text", "red bri", "red brick house by the sea", "similar"),
    ("text", "red", "red brick house by the sea", "partial"),
    ("text", "red brick house", "house by the sea", "partial"),
    ("text", "red brick house", "brick by the sea", "some"),
    ("text", "old tall brick house", "old tall brick mansion by", "most"),
    ("text", "red house", "house red by", "contained"),
    ("text", "red house of brick", "red house of wood", "half"),
    ("text", "red brick house", "green wooden hut", "different"),
    ("locality", "hải phòng", "hai phogn", "close"),
    ("locality", "buon ma thuot", "ban me thuot", "similar"),
    ("locality", "ho chi minh", "minh khai", "partial"),
    ("locality", "hue", "vinh", "different"),
    ("category", "Nam", "nam", "exact"),
    ("category", "nam", "nu", "different"),
    ("number", "007", "7.0", "exact"),
    ("number", "100", "101", "near"),
    ("number", "-100", "-101", "near"),
    ("number", "100", "109", "similar"),
    ("number", "100", "120", "different"),
    ("number", "100", "-100", "different"),
    ("number", "red", "red ", "exact"),
    ("number", "red", "100", "different"),
    ("number", "NaN", "5", "different"),
    ("number", "Infinity", "5", "different"),
    ("number", "1e400", "2", "different"),
]

# Hashed by the engine: values, of full names words, that stand for one another.
STAND = {
    "category": [("m", "nam")],
    "given_name": [("bill", "william"), ("jon", "john")],
    "full_name": [("bill", "william"), ("6", "8"), ("vu", "vo")],
    "locality": [("sai gon", "tp ho chi minh")],
}
STANDING: list[tuple[str, str, str, str]] = [
    # kind, one, other, level
    ("category", "M", "Nam", "equivalent"),
    ("category", "Nam", "Nam", "exact"),
    ("category", "M", "Nữ", "different"),
    ("given_name", "William", "Bill", "equivalent"),
    ("given_name", "John", "Jon", "equivalent"),
    ("given_name", "Bill", "Jon", "different"),
    ("locality", "Sài Gòn", "TP. Hồ Chí Minh", "equivalent"),
    ("full_name", "William Tailor", "Bill Tailor", "equivalent"),
    ("full_name", "William Henry Tailor", "Bill Tailor", "equivalent"),
    ("full_name", "William Henry Tailor", "Bill James Tailor", "rare"),
    ("full_name", "Vũ Thị Lan", "Võ Thị Lan", "equivalent"),
    ("full_name", "Bill Tailor", "William Baker", "different"),
    ("full_name", "William Henry Tailor", "William James Tailor", "similar"),
    # Companies are numbered: what one number is another is not.
    ("full_name", "Weber Beteiligungs 6", "Weber Beteiligungs 8", "numbers"),
]

NAMED = {"given_name": "Lan", "family_name": "Nguyễn"}
NAMES: list[tuple[Written, Written, Levels]] = [
    # who, who, what both columns show
    (NAMED, {"given_name": "NGUYEN", "family_name": "lan"}, {"given_name": SWAPPED}),
    (NAMED, NAMED, {"given_name": "exact", "family_name": "exact"}),
    (NAMED, {"given_name": "Nguyễn", "family_name": "Thị"}, {"given_name": "different", "family_name": "different"}),
    (NAMED, {"given_name": "Nguyễn"}, {"given_name": "different"}),
    (
        {"given_name": "Lan", "family_name": "Lan"},
        {"given_name": "Lan", "family_name": "Lan"},
        {"given_name": "exact", "family_name": "exact"},
    ),
]


def written(spark: SparkSession, people: Sequence[Written], columns: Mapping[str, str]) -> DataFrame:
    """Rows as `standardised` takes them, of source 0, with the number of each as its id."""
    rows: dict[str, pa.Array] = {
        "source": pa.array([0] * len(people), pa.int32()),
        "id": pa.array([f"{at:05d}" for at in range(len(people))]),
    }
    for i, column in enumerate(columns):
        rows[f"c{i}"] = pa.array([each.get(column) for each in people], pa.string())
    return spark.createDataFrame(pa.table(rows))


def numbered(records: DataFrame) -> list[Row]:
    """Records in the order of their rid (sorted here: Spark would compute them twice to sort them)."""
    return sorted(records.collect(), key=lambda row: int(row["rid"]))


def hashes(spark: SparkSession) -> list[int]:
    """The words of `FREQUENT` as the engine knows them."""
    words = spark.createDataFrame(pa.table({"word": FREQUENT})).select(F.hash("word").alias("hash"))
    return [row["hash"] for row in words.collect()]


def shown(
    records: DataFrame,
    pairs: Iterable[tuple[int, int]],
    columns: Mapping[str, str],
    stand: Mapping[int, Sequence[tuple[int, int]]] = MappingProxyType({}),
) -> list[Levels]:
    """Level of each column in every pair of records (rid), columns without evidence left out."""
    chosen = comparisons(columns, {}, stand)
    no_bits = records.withColumns({f"t{i}": F.lit(0.0) for i in range(len(columns))})
    left, right = zip(*pairs, strict=True)
    drawn = records.sparkSession.createDataFrame(pa.table({"at": range(len(left)), "l": left, "r": right}))
    frequent = dict.fromkeys(range(len(columns)), hashes(records.sparkSession))
    found = compared(drawn, F.broadcast(prepared(no_bits, chosen, frequent)), chosen)
    rows = found.select("at", *(gamma(i).alias(each.column) for i, each in enumerate(chosen))).collect()
    rows.sort(key=lambda row: int(row["at"]))
    return [{each.column: each.levels[row[each.column]] for each in chosen if row[each.column] != NULL} for row in rows]


@pytest.fixture(scope="module")
def records(spark: SparkSession) -> list[Row]:
    """The written values of all cases in compared form, in the order of the cases: values, then pairs, then names."""
    people: list[Written] = [{kind: text} for kind, text, _ in VALUES]
    for kind, one, other, _ in PAIRS:
        people += [{kind: one}, {kind: other}]
    for names in NAMES:
        people += names[:2]
    return numbered(standardised(written(spark, people, COLUMNS), COLUMNS))


@pytest.fixture(scope="module")
def levels(spark: SparkSession, records: list[Row]) -> list[tuple[Levels, Levels]]:
    """What every pair of the cases shows, and what it shows the other way round."""
    of_pairs = records[len(VALUES) :]
    there = [(one.rid, other.rid) for one, other in zip(of_pairs[::2], of_pairs[1::2], strict=True)]
    columns = ["rid", *(f"v{i}" for i in range(len(COLUMNS)))]
    schema = pa.schema([("rid", pa.int64()), *((name, pa.string()) for name in columns[1:])])
    table = pa.Table.from_pylist([{name: row[name] for name in columns} for row in of_pairs], schema)
    frame = spark.createDataFrame(table)
    found = shown(frame, [*there, *((other, one) for one, other in there)], COLUMNS)
    return list(zip(found[: len(there)], found[len(there) :], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_a_kind_are_read_as_the_cases_say(kind: str, records: list[Row]) -> None:
    at = list(COLUMNS).index(kind)
    found = [
        (text, row[f"v{at}"]) for (of, text, _), row in zip(VALUES, records[: len(VALUES)], strict=True) if of == kind
    ]
    assert found == [(text, value) for of, text, value in VALUES if of == kind]
    assert found


@pytest.mark.parametrize("kind", KINDS)
def test_two_values_show_the_level_that_the_cases_say(kind: str, levels: list[tuple[Levels, Levels]]) -> None:
    cases = zip(PAIRS, levels[: len(PAIRS)], strict=True)
    found = [(one, other, pair.get(kind)) for (of, one, other, _), (pair, _) in cases if of == kind]
    assert found == [(one, other, level) for of, one, other, level in PAIRS if of == kind]


def test_every_level_of_every_kind_has_a_case() -> None:
    cases = {(kind, level) for kind, _, _, level in (*PAIRS, *STANDING) if level}
    named = {(kind, level) for kind, of in KINDS.items() for level in of.level_names}
    assert named - cases == {(kind, "exact") for kind in ("year", "postcode", "text", "locality")} | {
        # As of a given name.
        ("family_name", "equivalent")
    }
    assert cases <= named


def test_given_and_family_name_the_wrong_way_round_are_evidence_once(levels: list[tuple[Levels, Levels]]) -> None:
    assert [pair for pair, _ in levels[len(PAIRS) :]] == [expected for _, _, expected in NAMES]


def test_the_order_of_two_records_changes_no_level(levels: list[tuple[Levels, Levels]]) -> None:
    assert [pair for pair, _ in levels] == [turned for _, turned in levels]


def test_a_missing_value_is_no_evidence_in_any_column(levels: list[tuple[Levels, Levels]]) -> None:
    for (kind, _, _, level), (pair, _) in zip(PAIRS, levels[: len(PAIRS)], strict=True):
        assert set(pair) == ({kind} if level else set())


def keys(spark: SparkSession, people: Sequence[Written], columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Blocking keys of records, by name."""
    made = atoms(columns)
    records = standardised(written(spark, people, columns), columns)
    frequent = hashes(spark)
    frame = records.withColumns({f"w{i}": rare_words(F.col(f"v{i}"), frequent) for i in range(len(columns))})
    found = numbered(frame.select("rid", *(atom.key.alias(atom.name) for atom in made)))
    return [{atom.name: row[atom.name] for atom in made} for row in found]


def test_records_share_the_keys_that_a_mistake_leaves_whole(spark: SparkSession) -> None:
    columns = {"given": "given_name", "family": "family_name", "born": "date", "phone": "phone", "name": "full_name"}
    columns["home"] = "address"
    right: Written = {
        **{"given": "Philip", "family": "Nguyễn", "born": "1990-05-17", "phone": "0912345678"},
        **{"name": "Nguyễn Thị Ngọc Lan", "home": "12 Trần Hưng Đạo"},
    }
    wrong: dict[str, tuple[Written, set[str]]] = {
        "vowels": ({"given": "Phelyp"}, {"given.sounds"}),
        "beginning": ({"given": "Filip"}, {"given.sounds", "given.suffix3"}),
        "ending": ({"given": "Philo"}, {"given.prefix3"}),
        "swapped": ({"given": "Nguyễn", "family": "Philip"}, {"given.with.family"}),
        "day": ({"born": "1990-05-28"}, {"born.year_month", "born.year"}),
        "days": ({"born": "1990-05-18"}, {"born.year_month", "born.year", "born.days", "born.days_shifted"}),
        "month": ({"born": "1990-06-17"}, {"born.year_day", "born.year"}),
        "year": ({"born": "1972-05-17"}, {"born.month_day"}),
        "only_year": ({"born": "1990"}, {"born.year"}),
        "first_half": ({"phone": "0911345678"}, {"phone.last_half"}),
        "last_half": ({"phone": "0912345687"}, {"phone.first_half"}),
        "order": ({"name": "Lan Ngọc Nguyễn Thị"}, {"name.sorted", "name.initials"}),
        "middle": ({"name": "Nguyễn Lan"}, {"name.outer_words", "name.first_word", "name.last_word"}),
        "surname": ({"name": "Lê Thị Ngọc Lan"}, {"name.last_word", "name.last_words"}),
        "street": ({"home": "12 Trần Hưng Đạo, Phường 5, Thị xã"}, {"home.number", "home.prefix6"}),
        "house": ({"home": "21 Trần Hưng Đạo"}, {"home.longest_word"}),
    }
    people: list[Written] = [right, *({**{of: right[of] for of in change}, **change} for change, _ in wrong.values())]
    whole, *others = keys(spark, people, columns)
    found = {
        case: {name for name, key in of.items() if key is not None and key == whole[name]}
        for case, of in zip(wrong, others, strict=True)
    }
    assert found == {case: shared for case, (_, shared) in wrong.items()}


def test_dates_some_days_apart_and_numbers_that_differ_by_little_share_one_of_two_keys(spark: SparkSession) -> None:
    columns = {"day": "date", "sum": "number"}
    first, start = dt.date(2019, 12, 20), 3.7
    pairs = [
        (
            {"day": str(first + dt.timedelta(n)), "sum": f"{start * 1.31**n:.6f}"},
            {"day": str(later), "sum": f"{more:.6f}"},
        )
        for n in range(40)
        for later, more in [(first + dt.timedelta(n + 5), start * 1.31**n / 0.9001)]
    ]
    found = keys(spark, [each for pair in pairs for each in pair], columns)
    for one, other in zip(found[::2], found[1::2], strict=True):
        for key in ("day.days", "sum.similar"):
            assert one[key] == other[key] or one[f"{key}_shifted"] == other[f"{key}_shifted"]
    numbers = keys(spark, [{"sum": text} for text in ("1000", "-1000", "1009", "1120", "0", "red")], columns)
    of = [{name for name, key in each.items() if key is not None and key == numbers[0][name]} for each in numbers[1:]]
    assert of[0] == set()
    assert {"sum.near", "sum.near_shifted"} & of[1]
    assert not {"sum.near", "sum.near_shifted"} & of[2]
    assert [{name for name, key in each.items() if key is not None} for each in numbers[4:]] == [{"sum"}, {"sum"}]


def test_texts_that_share_most_rare_words_share_a_drawn_one(spark: SparkSession) -> None:
    titles = [f"red {' '.join(f'w{n}x{word}' for word in range(6))} of" for n in range(40)]
    others = [f"of {title.replace(f'w{n}x3', f'other{n}')} street" for n, title in enumerate(titles)]
    found = keys(spark, [{"title": title} for title in [*titles, *others, "red street of"]], {"title": "text"})
    drawn = [[each[f"title.word{number}"] for number in (1, 2, 3)] for each in found]
    shared = [
        sum(a == b for a, b in zip(one, other, strict=True)) for one, other in zip(drawn, drawn[40:], strict=False)
    ]
    assert sum(count > 0 for count in shared) >= 38
    # Each with a chance of five in seven.
    assert sum(shared) == pytest.approx(40 * 3 * 5 / 7, rel=0.15)
    assert len({key for each in drawn[:40] for key in each}) > 80
    assert drawn[-1] == [None, None, None]


@pytest.mark.usefixtures("spark")
def test_of_too_many_keys_every_column_has_its_whole_value_and_then_its_first() -> None:
    columns = {"born": "date", "died": "date", "paid": "number"}
    kept = [atom.name for atom in atoms(columns, most=7)]
    assert kept == ["born", "born.year_month", "born.year_day", "died", "died.year_month", "paid", "paid.near"]


def test_a_text_of_many_words_is_one_as_any_other(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("word " * 50_000,)], "c string")
    row = frame.select(F.length(KINDS["text"].value(F.col("c")))).first()
    assert row is not None and row[0] == 5 * 50_000 - 1


def test_what_is_unknown_of_a_value_is_no_key(spark: SparkSession) -> None:
    columns = {"given": "given_name", "family": "family_name", "born": "date", "code": "identifier"}
    people = [{"born": "1990"}, {"born": "1990-05"}, {"given": "Lý", "code": "123"}, {}]
    found = [{name for name, key in each.items() if key is not None} for each in keys(spark, people, columns)]
    assert found == [
        {"born", "born.year"},
        {"born", "born.year", "born.year_month"},
        {"given", "given.sounds", "code"},
        set(),
    ]


def test_records_are_numbered_by_source_and_id_and_the_second_row_of_an_id_is_told(spark: SparkSession) -> None:
    ids = [(1, "a"), (0, "c"), (0, "a"), (1, "b"), (0, "b"), (0, "a"), (1, "c"), (0, "a")]
    frame = spark.createDataFrame([(*each, "Lan") for each in ids], "source int, id string, c0 string")
    rows = numbered(standardised(frame, {"name": "category"}))
    assert [(row.source, row.id) for row in rows] == sorted(ids)
    assert [row.repetition for row in rows] == [1, 2, 3, 1, 1, 1, 1, 1]
    assert len({row.rid for row in rows}) == len(ids)


def test_of_texts_of_hundreds_of_words_it_counts_which_they_share(spark: SparkSession) -> None:
    words = [f"word{chr(97 + at // 26 % 26)}{chr(97 + at % 26)}" for at in range(600)]
    text, other = words[:200], words[300:500]
    nearly = [*text[:196], *words[500:504]]
    half = [*text[:120], *words[500:580]]
    written_as: list[Written] = [{"text": " ".join(each)} for each in (text, nearly, half, other)]
    columns = {"text": "text"}
    found = shown(standardised(written(spark, written_as, columns), columns), [(0, 1), (0, 2), (0, 3)], columns)
    assert [pair["text"] for pair in found] == ["similar", "half", "different"]


def test_values_that_stand_for_one_another_are_a_level_of_their_own(spark: SparkSession) -> None:
    words = sorted({word for pairs in STAND.values() for pair in pairs for word in pair})
    rows = spark.createDataFrame(pa.table({"word": words})).select("word", F.xxhash64("word").alias("hash")).collect()
    hashed = {row["word"]: int(row["hash"]) for row in rows}
    stand = {
        i: [(hashed[one], hashed[other]) for one, other in STAND[kind]]
        for i, kind in enumerate(COLUMNS)
        if kind in STAND
    }
    people = [{kind: text} for kind, one, other, _ in STANDING for text in (one, other)]
    records = standardised(written(spark, people, COLUMNS), COLUMNS).persist()
    rids = [row["rid"] for row in numbered(records)]
    there = list(zip(rids[::2], rids[1::2], strict=True))
    found = shown(records, [*there, *((other, one) for one, other in there)], COLUMNS, stand)
    told = [{kind: level} for kind, _, _, level in STANDING]
    assert found[: len(there)] == told
    assert found[len(there) :] == told


def test_without_any_there_is_no_such_level_and_a_user_may_leave_it_out() -> None:
    assert all("equivalent" not in each.levels for each in comparisons(COLUMNS, {}))
    place = list(COLUMNS).index("category")
    (known,) = (each for each in comparisons(COLUMNS, {}, {place: [(1, 2)]}) if "equivalent" in each.levels)
    assert (known.column, known.levels, known.equivalents) == (
        "category",
        ("different", "equivalent", "exact"),
        ((1, 2),),
    )
    without = comparisons(COLUMNS, {"category": Wish(levels=())}, {place: [(1, 2)]})[place]
    assert (without.levels, without.equivalents) == (("different", "exact"), ())
