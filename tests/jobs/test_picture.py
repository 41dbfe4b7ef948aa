"""The picture: of all rows of a key the right one, or none (contract §1)."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from jobs.deliveries import Delivery
from jobs.picture import change, key_count, picture
from jobs.sources import SOURCES
from tests.jobs.zone import UTC7, day, moment

SOURCE = SOURCES["telecom_subscribers"]
MEMBERS = tuple(
    Delivery(SOURCE.name, day(number), f"m{number}", day(number), mode="full" if number == 1 else "delta")
    for number in (1, 2, 3)
)

# Key → its rows: (delivery, updated_at's day, change_type, hash, name) and the name that must stand in the picture.
CASES: dict[str, tuple[list[tuple[int, int, str | None, str, str]], str | None]] = {
    "only in the full": ([(1, 1, None, "a", "x")], "x"),
    "updated": ([(1, 1, None, "a", "x"), (2, 2, "U", "a", "y")], "y"),
    "inserted": ([(2, 2, "I", "a", "x")], "x"),
    "deleted": ([(1, 1, None, "a", "x"), (2, 2, "D", "a", "x")], None),
    "deleted twice": ([(1, 1, None, "a", "x"), (2, 2, "D", "a", "x"), (3, 3, "D", "a", "x")], None),
    "deleted and brought back": ([(1, 1, None, "a", "x"), (2, 2, "D", "a", "x"), (3, 3, "I", "a", "y")], "y"),
    "an older row never brings it back": ([(1, 1, None, "a", "x"), (2, 3, "D", "a", "x"), (3, 2, "U", "a", "y")], None),
    "an older deletion does not win": ([(1, 3, None, "a", "x"), (2, 2, "D", "a", "x")], "x"),
    "an older update does not win": ([(1, 3, None, "a", "x"), (2, 2, "U", "a", "y")], "x"),
    "at equal times the later date": ([(1, 1, None, "z", "x"), (3, 1, "U", "a", "y"), (2, 1, "U", "z", "z")], "y"),
    "at equal dates the greater hash": ([(2, 2, "U", "a", "x"), (2, 2, "I", "b", "y")], "y"),
    "a deletion of the same moment and a later date": ([(1, 1, None, "z", "x"), (2, 1, "D", "a", "x")], None),
    "twice in one delivery": ([(1, 1, None, "z", "x"), (1, 2, None, "a", "y")], "y"),
    "the same row twice": ([(1, 1, None, "a", "x"), (1, 1, None, "a", "x")], "x"),
    "not in a member": ([(9, 9, None, "a", "x")], None),
}


@pytest.fixture(scope="module")
def bronze(spark: SparkSession) -> DataFrame:
    """All rows of all cases."""
    rows = [
        {
            "msisdn": key,
            "activated_on": dt.date(2020, 1, 1),
            "subscriber_name": name,
            "updated_at": moment(updated),
            "_delivery_date": day(delivery),
            "_manifest_sha256": f"m{delivery}",
            "_file": "f",
            "_row_number": number,
            "_change_type": change,
            "_row_hash": digest,
        }
        for key, (versions, _) in CASES.items()
        for number, (delivery, updated, change, digest, name) in enumerate(versions, 1)
    ]
    rest = [name for name in SOURCE.kinds if name not in rows[0]]
    schema = pa.schema([(name, pa.array([value]).type) for name, value in rows[1].items()])
    schema = schema.set(schema.get_field_index("_change_type"), pa.field("_change_type", pa.string()))
    schema = schema.set(schema.get_field_index("updated_at"), pa.field("updated_at", pa.timestamp("us", str(UTC7))))
    frame = spark.createDataFrame(pa.Table.from_pylist(rows, schema))
    return frame.selectExpr("*", *(f"cast(null as string) as {name}" for name in rest)).persist()


@pytest.fixture(scope="module")
def whole(bronze: DataFrame) -> Callable[[tuple[int, ...]], list[Row]]:
    """Numbers of members → the picture that they make."""
    return functools.cache(lambda members: picture(bronze, SOURCE, tuple(MEMBERS[i] for i in members)).collect())


def test_the_right_row_of_each_key(bronze: DataFrame) -> None:
    frame = picture(bronze, SOURCE, MEMBERS)
    assert [(field.name, field.dataType) for field in frame.schema] == [
        (field.name, field.dataType) for field in SOURCE.picture_schema
    ]
    found = {row["msisdn"]: row["subscriber_name"] for row in frame.collect()}
    assert found == {key: expected for key, (_, expected) in CASES.items() if expected is not None}


@pytest.mark.parametrize(
    ("before", "after", "is_whole"),
    [
        pytest.param((0,), (0, 1, 2), False, id="two changes come"),
        pytest.param((0, 1), (0, 1, 2), False, id="one change comes"),
        pytest.param((0, 2), (0, 1, 2), False, id="an earlier one comes late"),
        pytest.param((0, 1, 2), (0, 2), False, id="one is taken back"),
        pytest.param((0, 1), (0, 2), False, id="one replaces another"),
        pytest.param((), (0, 1, 2), True, id="the first picture"),
        pytest.param((1, 2), (0, 1, 2), True, id="a full comes"),
    ],
)
def test_what_changes_makes_the_same_picture_as_all_deliveries(
    bronze: DataFrame,
    whole: Callable[[tuple[int, ...]], list[Row]],
    before: tuple[int, ...],
    after: tuple[int, ...],
    is_whole: bool,
) -> None:
    former, now = (tuple(MEMBERS[i] for i in members) for members in (before, after))
    changed = change(bronze, SOURCE, former, now)
    assert (changed.touched is None) == is_whole
    fields = SOURCE.picture_schema.names
    made = changed.rows.select(*fields).collect()
    if changed.touched is not None:
        stay = picture(bronze, SOURCE, former).join(changed.touched, [*SOURCE.key], "left_anti")
        stays = stay.select(*fields).collect()
        assert stays
        made += stays
    assert sorted(map(str, made)) == sorted(map(str, whole(after)))


def test_keys_are_counted_once(bronze: DataFrame) -> None:
    assert key_count(bronze, SOURCE, MEMBERS[:1]) == sum(
        any(delivery == 1 for delivery, *_ in versions) for versions, _ in CASES.values()
    )
