"""Columns that repeat others: seen in the rows, and compared by what they say beyond them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from matching.linkage.repeated import Repetition, repetitions, said_once

NAMES = {"full_name": "full_name", "first": "given_name", "last": "family_name"}
PEOPLE = [
    ("Sir John William Smith", "John", "Smith"),
    ("Anna Maria Lee", "Anna", "Lee"),
    ("Otto Klein", "Otto", "Klein"),
    ("Ed Young", "Ed", "Young"),
]

Row = Sequence[str | None]


def rows(spark: SparkSession, columns: Mapping[str, str], values: Sequence[Row]) -> DataFrame:
    schema = ", ".join(["source int", "id string", *(f"c{i} string" for i in range(len(columns)))])
    return spark.createDataFrame([(0, str(at), *each) for at, each in enumerate(values)], schema)


def told(spark: SparkSession, columns: Mapping[str, str], values: Sequence[Row]) -> list[Row]:
    """What is left of each row."""
    given = rows(spark, columns, values)
    once = said_once(given, repetitions(given, columns)).orderBy(F.col("id").cast("int")).select(*given.columns[2:])
    return [tuple(row) for row in once.collect()]


def test_a_full_name_keeps_what_its_parts_do_not_say(spark: SparkSession) -> None:
    found = told(spark, NAMES, PEOPLE)
    assert [row[0] for row in found] == ["sir william", "maria", None, None]
    assert [row[1:] for row in found] == [row[1:] for row in PEOPLE]


def test_a_name_that_its_parts_contradict_stays_whole(spark: SparkSession) -> None:
    *_, last = told(spark, NAMES, [*PEOPLE, ("Ada Byron", "Eda", "Biron")])
    assert last == ("Ada Byron", "Eda", "Biron")


def test_missing_parts_are_taken_from_the_full_name(spark: SparkSession) -> None:
    completed: Mapping[Row, Row] = {
        ("Ada King Byron", None, "Byron"): ("king", "ada", "Byron"),
        ("Ada King Byron", "Ada", None): ("king", "Ada", "byron"),
        ("Ada King Byron", None, None): ("king", "ada", "byron"),
        ("BYRON, ADA K", None, None): ("k", "ada", "byron"),
        ("Byron, Ada", "Ada", None): (None, "Ada", "byron"),
        ("Ada Byron, Jr.", None, None): ("jr", "ada", "byron"),
        ("BYRON, ADA JR", None, None): ("jr", "ada", "byron"),
        ("Byron,", None, None): ("Byron,", None, None),
        ("Byron", None, None): ("Byron", None, None),
        ("Byron", None, "Byron"): (None, None, "Byron"),
        (None, None, "Byron"): (None, None, "Byron"),
    }
    found = told(spark, NAMES, [*PEOPLE, *completed])
    assert found[len(PEOPLE) :] == list(completed.values())


def test_the_rows_tell_on_which_side_the_family_name_stands(spark: SparkSession) -> None:
    people = [("Nguyễn Thị Lan", "Lan", "Nguyễn"), ("Trần Văn Minh", "Minh", "Trần"), ("Lê Hoa", "Hoa", "Lê")]
    *_, last = told(spark, NAMES, [*people, ("Phạm Quốc Bảo", None, None)])
    assert last == ("quoc", "bao", "pham")


def test_an_address_keeps_what_town_and_postcode_do_not_say(spark: SparkSession) -> None:
    columns = {"town": "locality", "address": "address", "zip": "postcode"}
    values = [
        ("Hay", "12 Mill Lane, Hay 2711", "2711"),
        ("Bega", "3 High St, Bega 2550", "2550"),
        ("Yass", "1 Yass Road", "2582"),
    ]
    assert [row[1] for row in told(spark, columns, values)] == ["12 mill lane", "3 high st", "1 road"]


def test_of_two_equal_columns_the_later_one_says_nothing(spark: SparkSession) -> None:
    columns = {"name": "full_name", "again": "full_name"}
    values = [("Ada Byron", "ADA BYRON"), ("Otto Klein", "Klein, Otto"), ("Ed Young", "Edward Young")]
    assert told(spark, columns, values) == [("Ada Byron", None), ("Otto Klein", None), ("Ed Young", "Edward Young")]


def test_a_text_that_names_another_at_times_says_it_once_and_keeps_what_it_says_alone(spark: SparkSession) -> None:
    columns = {"title": "text", "album": "text"}
    songs: list[Row] = [(f"Song {at}", f"Album {at % 3}") for at in range(9)]
    *_, named, track = told(spark, columns, [*songs, ("Red - Blue Hours", "Blue Hours"), ("Blue Hours", "Blue Hours")])
    assert (named, track) == (("red", "Blue Hours"), ("Blue Hours", "Blue Hours"))


def test_a_missing_number_is_the_word_of_the_text_that_another_row_declares(spark: SparkSession) -> None:
    columns = {"title": "text", "model": "identifier"}
    declared = [("Ulma DX-450 Camera", "DX-450"), ("Ulma Camera 16GB", "dx451b"), ("Ulma Lens", "L.16")]
    missing: Mapping[Row, Row] = {
        ("Camera DX450 16GB", None): ("camera 16gb", "DX450"),
        ("Camera DX-451B, DX450", None): ("camera dx450", "DX451B"),
        ("Camera DX-452", None): ("Camera DX-452", None),
        ("Lens L16", None): ("Lens L16", None),
        ("DX450", None): ("DX450", "DX450"),
        (None, None): (None, None),
    }
    found = told(spark, columns, [*declared, *missing])
    assert dict(zip(missing, found[len(declared) :], strict=True)) == missing
    tracks = [("Symphony No. 3 in F", "3"), ("Minuet", "4"), ("Trio", "5"), ("Sonata 2", "6")]
    assert told(spark, columns, tracks) == tracks


def test_columns_that_seldom_repeat_each_other_are_left_alone(spark: SparkSession) -> None:
    columns = {"mother": "full_name", "family": "family_name"}
    given = rows(spark, columns, [("Ada Byron", "King"), ("Eva Klein", "Klein"), ("Lea Roth", "Gans")])
    assert repetitions(given, columns) == []


def test_columns_of_one_word_repeat_nothing(spark: SparkSession) -> None:
    columns = {"first": "given_name", "last": "family_name", "born": "date"}
    given = rows(spark, columns, [("Ed", "Ed", "1900"), ("Al", "Al", "1901")])
    assert repetitions(given, columns) == []


def test_what_the_whole_was_is_kept_for_rules_that_name_it(spark: SparkSession) -> None:
    given = rows(spark, NAMES, PEOPLE)
    found = repetitions(given, NAMES)
    assert found == [Repetition(0, (1, 2), given=1, family=2, family_first=False)]
    assert [row.whole0 for row in said_once(given, found).collect()] == [row[0] for row in PEOPLE]
