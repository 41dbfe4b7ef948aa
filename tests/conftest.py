"""What all tests share: one Spark session, as the pipeline starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import session
from jobs.settings import SparkSettings


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which Spark writes down what it runs, plans included, a JSON object a line."""
    return tmp_path_factory.mktemp("event_log")


@pytest.fixture(scope="session")
def spark(event_log: Path) -> Iterator[SparkSession]:
    log = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": event_log.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    started = session.start(SparkSettings(master="local[2]", driver_memory="2g", shuffle_partitions=2, conf=log))
    yield started
    started.stop()
