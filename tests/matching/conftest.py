"""What tests of the plan and of its sample look at."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from matching.linkage.records import Atom
from tests.matching.registers import Register, named_atoms, register


@pytest.fixture(scope="module")
def atoms(spark: SparkSession) -> list[Atom]:
    return named_atoms()


@pytest.fixture(scope="module", params=[False, True], ids=["dedupe", "link"])
def known(request: pytest.FixtureRequest) -> Register:
    return register(seed=3, link=request.param)
