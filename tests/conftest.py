"""What all tests share: one Spark session, as the pipeline starts it, and the nights of the small country.

Two processes share the tests file by file, each with its session: planning a query, which is what most of them wait
for, keeps one core busy.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from jobs import session
from jobs.settings import SparkSettings
from tests import small_country
from tests.small_country import Nights

# Files that ask for the nights of the small country, which are run once.
OF_NIGHTS = {"test_night.py", "test_explain.py", "test_faults.py", "test_replay.py", "test_retrain.py"}


class ByFile(LoadScopeScheduling):
    """A file's tests stay in one process, for what they share; so do those of all files of the nights."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "nights" if Path(file).name in OF_NIGHTS else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


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


@pytest.fixture(scope="session")
def nights(spark: SparkSession, event_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Three nights of one warehouse; whoever writes to it leaves what they left as it is."""
    (log,) = event_log.iterdir()
    return small_country.run_nights(spark, tmp_path_factory.mktemp("country"), log)
