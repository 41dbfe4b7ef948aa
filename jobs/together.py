"""Steps of a night that need not wait for one another, side by side, and a clock that times them fairly.

Of a small query most of the time goes into planning it and compiling its code, which keeps one core busy.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from pyspark.sql import SparkSession

# Steps at once; one of them often waits for another.
_AT_ONCE = 3

Step = Callable[[], None]


@contextmanager
def side_by_side(spark: SparkSession) -> Iterator[Callable[[Step], Future[None]]]:
    """Gives a function that starts a step; all have ended when the block ends.

    Steps begin in the order in which they are given, so that each may wait for those before it. Where one fails, those
    not begun are left out and Spark's jobs are broken off; of several errors that of the earliest step is raised.
    """
    started: list[Future[None]] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:

        def start(step: Step) -> Future[None]:
            """Begin a step once there is room for it."""
            started.append(pool.submit(step))
            return started[-1]

        try:
            yield start
            for each in started:
                each.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            spark.sparkContext.cancelAllJobs()
            raise


class Clock:
    """Seconds of each stage. While several stages run at once each gets its share, so that all add up to the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = time.monotonic()
        self._running: dict[int, list[str | None]] = defaultdict(list)
        self._seconds: dict[str, float] = defaultdict(float)

    def seconds(self, stage: str) -> float:
        """Seconds that a stage has taken."""
        return self._seconds.get(stage, 0.0)

    @contextmanager
    def time(self, stage: str | None) -> Iterator[None]:
        """Time what runs inside for a stage (None: for none); pauses the stage around it."""
        with self._turn():
            running = self._running[threading.get_ident()]
            running.append(stage)
        try:
            yield
        finally:
            with self._turn():
                running.pop()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """What has passed is shared out, then what runs may change."""
        with self._lock:
            now = time.monotonic()
            stages = [stage for stack in self._running.values() for stage in stack[-1:] if stage is not None]
            for stage in stages:
                self._seconds[stage] += (now - self._since) / len(stages)
            self._since = now
            yield
