"""Whether what belongs together came together: months without a gap, all platforms, one unit, shops that sell."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# So few rows of a month may be missing, or be unlike the others, by chance.
_FEW_ROWS = 20
# Powers of ten by which the geometric mean of a month's amounts may lie off that of the other months: 30 times.
_POWERS = 1.5
# Groups and periods that are looked at, at most.
_MOST_PERIODS = 20_000
_FACTS = ("_months_complete", "_units_kept", "_platforms_report")
# Days after its end from which a month is asked for: platforms send it one after another.
_DUE_DAYS = 20


@dataclass(frozen=True)
class Series:
    """How a source is counted by period.

    Attributes:
        group: column of those who report, each of whom must report; None where one agency reports all.
        amount: column of amounts in đồng.
    """

    group: str | None
    amount: str


SERIES: Mapping[str, Series] = {
    "declarations": Series(None, "declared_revenue_vnd"),
    "bank_inflows": Series(None, "inflow_vnd"),
    "seller_sales": Series("platform", "gross_revenue_vnd"),
}


@dataclass(frozen=True)
class Period:
    """What a group reported of one period: its number, rows, and the mean power of ten of its amounts."""

    number: int
    rows: int
    power: float | None


def facts(source: str, picture: DataFrame, business_date: dt.date) -> dict[str, bool]:
    """What is said of the whole table, for its suite: `_months_complete`, `_units_kept`, `_platforms_report`.

    Args:
        source: any source; of one without periods nothing is said.
        picture: its contract columns.
        business_date: the night, from which a month is due.
    """
    if source not in SERIES:
        return {}
    groups = _counted(SERIES[source], picture)
    if groups is None:
        return dict.fromkeys(_FACTS, False)
    told = {
        "_months_complete": all(_complete(periods) for periods in groups.values()),
        "_units_kept": all(_one_unit(periods) for periods in groups.values()),
    }
    if SERIES[source].group is not None:
        told["_platforms_report"] = _all_report(list(groups.values()), business_date)
    return told


def selling_share(sales: DataFrame, sellers: DataFrame) -> float:
    """Share of the active shops that have any sales.

    Columns in: platform, shop_id of the sales; platform, shop_id, status of silver/sellers.
    """
    active = sellers.where(F.col("status") == "active").select("platform", "shop_id")
    sold = sales.select("platform", "shop_id").distinct().withColumn("sold", F.lit(True))
    row = active.join(sold, ["platform", "shop_id"], "left").agg(F.count("*"), F.count("sold")).collect()[0]
    return float(row[1] / row[0]) if row[0] else 1.0


def _counted(series: Series, picture: DataFrame) -> dict[tuple[str, str], list[Period]] | None:
    """Periods by group and kind of period (month, quarter, year), in order.

    None where there are more groups and periods than any country has platforms and months: it is something else that
    stands in their place.
    """
    group = F.lit("") if series.group is None else F.col(series.group)
    power = F.when(F.col(series.amount) > 0, F.log10(F.col(series.amount).cast("double")))
    counted = picture.groupBy(group.alias("group"), "period").agg(
        F.count("*").alias("rows"), F.avg(power).alias("power")
    )
    rows = counted.limit(_MOST_PERIODS + 1).collect()
    if len(rows) > _MOST_PERIODS:
        return None
    groups = defaultdict(list)
    for row in rows:
        numbered = _number(row["period"])
        if numbered is not None:
            kind, number = numbered
            groups[row["group"], kind].append(Period(number, row["rows"], row["power"]))
    return {key: sorted(periods, key=lambda period: period.number) for key, periods in groups.items()}


def _number(period: str) -> tuple[str, int] | None:
    """Kind and running number of a period `YYYY-MM`, `YYYY-Qn` or `YYYY`; None where it is none of these."""
    year, _, part = period.partition("-")
    if not year.isdigit() or not part.removeprefix("Q").isdigit() | (part == ""):
        return None
    if part.startswith("Q"):
        return "quarter", 4 * int(year) + int(part[1:]) - 1
    return ("month", 12 * int(year) + int(part) - 1) if part else ("year", int(year))


def _complete(periods: Sequence[Period]) -> bool:
    """Whether no period is missing between two that have many rows."""
    many = [period.number for period in periods if period.rows >= _FEW_ROWS]
    present = {period.number for period in periods}
    return all(number in present for first, last in pairwise(many) for number in range(first + 1, last))


def _one_unit(periods: Sequence[Period]) -> bool:
    """Whether the amounts of each period are of the size of the others."""
    judged = [period for period in periods if period.rows >= _FEW_ROWS and period.power is not None]
    if len(judged) < 2:
        return True
    powers = [period.power or 0.0 for period in judged]
    others = [fmean(powers[:at] + powers[at + 1 :]) for at in range(len(powers))]
    return all(abs(own - other) <= _POWERS for own, other in zip(powers, others, strict=True))


def _all_report(groups: Sequence[Sequence[Period]], business_date: dt.date) -> bool:
    """Whether every group that reported the month before reports the newest month that is due."""
    due = business_date - dt.timedelta(days=_DUE_DAYS)
    last_due = 12 * due.year + due.month - 2
    by_number = [{period.number: period.rows for period in periods} for periods in groups]
    newest = max((number for periods in by_number for number in periods if number <= last_due), default=None)
    if newest is None:
        return True
    return all(newest in periods for periods in by_number if periods.get(newest - 1, 0) >= _FEW_ROWS)
