"""What a shop's own relations still say where a sister informs it."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from matching.records import HOLDER
from matching.sisters import without_shared

RELATIONS = ("account", "sim", "sim_now", "contact", "id", "code", "email")


@pytest.mark.parametrize(
    ("by", "state_of_code", "left"),
    [
        ([], "unknown", set(RELATIONS)),
        (["phone"], "unknown", {"account", "id", "code", "email"}),
        (["account", "id"], "unknown", {"sim", "sim_now", "contact", "code", "email"}),
        (["code"], "unknown", set(RELATIONS) - {"code"}),
        # Whoever signs for an organisation is not its party, however many shops declare its code.
        (["code", "email"], "organisation", set(RELATIONS) - {"email"}),
    ],
)
def test_what_leads_through_a_key_shared_with_the_sister_is_dropped(
    spark: SparkSession, by: list[str], state_of_code: str, left: set[str]
) -> None:
    held = ", ".join(f"holder_{name} {HOLDER}, state_{name} string" for name in RELATIONS)
    states = {name: state_of_code if name == "code" else "unknown" for name in RELATIONS}
    row = [value for name in RELATIONS for value in (("R:hoa", "home"), states[name])]
    shop = without_shared(spark.createDataFrame([(*row, by)], f"{held}, by array<string>")).first()
    assert shop is not None
    assert {name for name in RELATIONS if shop[f"holder_{name}"]} == left
    assert {name for name in RELATIONS if shop[f"state_{name}"] == states[name]} == left
