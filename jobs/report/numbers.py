"""Numbers and dates as they are written in Vietnam: `1.234.567`, `0,97`, `15/11/2026`."""

from __future__ import annotations

import datetime as dt
import math

NOTHING = "–"
_Z = 1.959963984540054  # 95 %, two-sided
_SCALES = ((1_000_000_000_000, "nghìn tỷ"), (1_000_000_000, "tỷ"), (1_000_000, "triệu"))


def count(value: float | None) -> str:
    """A whole number with dots between the thousands."""
    return NOTHING if value is None else f"{value:,.0f}".replace(",", ".")


def decimal(value: float | None, places: int = 2) -> str:
    """A number with a decimal comma."""
    if value is None:
        return NOTHING
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def money(value: int | None) -> str:
    """An amount in words of scale, as people say it: `1,25 tỷ đồng`."""
    if value is None:
        return NOTHING
    for scale, word in _SCALES:
        if abs(value) >= scale:
            # One place is enough from 100 on, two below: three or four figures in all.
            return f"{decimal(value / scale, 1 if abs(value) >= 100 * scale else 2)} {word} đồng"
    return f"{count(value)} đồng"


def percent(value: float | None, places: int = 1) -> str:
    """A share as a percentage; never 100 % unless it is exactly that."""
    if value is None:
        return NOTHING
    return f"{decimal(short_of(100, 100 * value, places), places)} %"


def probability(value: float | None, places: int = 2) -> str:
    """A probability with a decimal comma; never 1 unless it is exactly that."""
    if value is None:
        return NOTHING
    return decimal(short_of(1, value, places), places)


def short_of(whole: int, value: float, places: int) -> float:
    """The value rounded; what is less than the whole stays less."""
    shown = round(value, places)
    return whole - 10.0**-places if shown >= whole > value else shown


def date(value: dt.date | None) -> str:
    """Day, month, year."""
    return NOTHING if value is None else f"{value:%d/%m/%Y}"


def seconds(value: float | None) -> str:
    """A duration: `8,4 giây`, `3 phút 20 giây`."""
    if value is None:
        return NOTHING
    if value < 60:
        return f"{decimal(value, 1)} giây"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} phút {rest} giây"


def share(part: float, whole: float) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def wilson(part: int, whole: int) -> list[float] | None:
    """Wilson's 95 % interval of a proportion, None where there is nothing to count."""
    if whole == 0:
        return None
    share, spread = part / whole, _Z * _Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / whole + spread / whole / 4)
    # At 0 and 1 the interval ends there; floating point would miss it by a hair.
    low, high = (0.0 if part == 0 else middle - half), (1.0 if part == whole else middle + half)
    return [round(low, 6), round(high, 6)]
