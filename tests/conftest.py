"""What all tests share: one Spark session, as the pipeline starts it."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from jobs import session
from jobs.settings import SparkSettings


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    started = session.start(SparkSettings(master="local[2]", driver_memory="2g", shuffle_partitions=2))
    yield started
    started.stop()
