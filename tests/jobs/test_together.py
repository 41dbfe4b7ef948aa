"""Steps side by side: each ends, one waits for another, one that fails stops the others; their clock."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest
from pyspark.sql import SparkSession

from jobs.together import Clock, side_by_side


def test_all_steps_have_ended_when_the_block_ends(spark: SparkSession) -> None:
    counts: list[int] = []
    with side_by_side(spark) as start:
        for size in range(1, 6):
            start(lambda size=size: counts.append(spark.range(size).count()))  # type: ignore[misc]
    assert sorted(counts) == [1, 2, 3, 4, 5]


def test_every_step_may_wait_for_all_before_it(spark: SparkSession) -> None:
    order: list[int] = []
    before: list[Future[None]] = []

    def step(number: int) -> None:
        for each in before[:number]:
            each.result()
        order.append(number)

    with side_by_side(spark) as start:
        for number in range(8):
            before.append(start(lambda number=number: step(number)))  # type: ignore[misc]
    assert order == list(range(8))


def test_of_several_errors_that_of_the_earliest_step_is_raised(spark: SparkSession) -> None:
    second_failed = threading.Event()

    def first() -> None:
        second_failed.wait()
        raise ValueError("first")

    def second() -> None:
        second_failed.set()
        raise ValueError("second")

    with pytest.raises(ValueError, match="first"), side_by_side(spark) as start:
        start(first)
        start(second)
    assert spark.range(3).count() == 3


class Seconds:
    """A clock's source that tests move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def test_a_stage_inside_another_pauses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = Seconds(monkeypatch)
    clock = Clock()
    with clock.time("outer"):
        moment.now = 2.0
        with clock.time("inner"):
            moment.now = 5.0
        moment.now = 6.0
        with clock.time(None):
            moment.now = 100.0
    assert (clock.seconds("outer"), clock.seconds("inner"), clock.seconds("never")) == (3.0, 3.0, 0.0)


def test_stages_at_once_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = Seconds(monkeypatch)
    clock = Clock()
    begun, over = threading.Event(), threading.Event()

    def other() -> None:
        with clock.time("other"):
            begun.set()
            over.wait()

    with clock.time("one"):
        moment.now = 1.0
        thread = threading.Thread(target=other)
        thread.start()
        begun.wait()
        moment.now = 5.0
        over.set()
        thread.join()
        moment.now = 6.0
    assert (clock.seconds("one"), clock.seconds("other")) == (4.0, 2.0)
