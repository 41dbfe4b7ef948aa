"""Moments at which the agencies last touched a row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.arrays import Arrow, Ints
from sample_data.streams import Streams

ZONE = "Asia/Ho_Chi_Minh"
_DAY, _HOUR = 86_400, 3_600
_OFFSET = 7 * _HOUR  # Vietnam's time has no summer time
_TYPE = pa.timestamp("us", tz=ZONE)


def updated_at(streams: Streams, tag: str, since: Ints, today: int, span: int = 1500) -> Arrow:
    """A moment of each row after `since` (a day), most of them lately, none after the eve of the business date.

    Args:
        streams: random streams.
        tag: name of the stream.
        since: earliest day of each row.
        today: day number of the business date.
        span: days before the business date in which all rows were touched, where `since` allows it.
    """
    n = len(since)
    recent = (span * streams.uniform(f"{tag}.updated_day", n) ** 3).astype(np.int64)
    day = np.clip(today - 1 - recent, np.minimum(since, today - 1), today - 1)
    second = streams.integers(f"{tag}.updated_second", n, 6 * _HOUR, 22 * _HOUR)
    return moments(day, second)


def moments(day: Ints, second: Ints) -> Arrow:
    """Timestamps of local days and seconds of the day."""
    return pa.array((day * _DAY + second - _OFFSET) * 1_000_000, pa.int64()).cast(_TYPE)
