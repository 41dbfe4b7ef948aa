"""The law as data: thresholds, rates, status codes and duties, with the time they hold for and the day they were known.

A rule of `jobs/rules/*.csv` has a valid time (`valid_from` … `valid_to`, both included) and a knowledge time
(`known_from`). Of the rules in force on a day, the one made known last counts: tax year 2026 had three thresholds,
depending on when one asked.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.errors import NightFailed
from jobs.sources import CATEGORIES

_RULES = Path(__file__).parent / "rules"

Residence = Literal["resident", "non_resident"]

# The sales and declarations of a tax year still come until this month of the next year is over (contract §2).
_LAST_MONTH_OF_LATE_DATA = 3

# How the source of a rule ends that nobody has held against the document, or its article.
_UNVERIFIED = ("chưa đối chiếu văn bản gốc", "số điều chưa đối chiếu")


@dataclass(frozen=True)
class Rule:
    """One row of a rules table.

    Attributes:
        valid_from: first day for which it holds.
        valid_to: last day for which it holds, None where open.
        known_from: the day it was made known.
        values: the other columns, by name.
    """

    valid_from: dt.date
    valid_to: dt.date | None
    known_from: dt.date
    values: Mapping[str, str]

    def holds(self, on: dt.date, known_on: dt.date) -> bool:
        """Whether the rule, as known on one day, speaks of another."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to) and self.known_from <= known_on


@dataclass(frozen=True)
class Status:
    """What a taxpayer's status code means: `active`, `stopped`, `unmatched` or `problem`, and its name."""

    standing: str
    label: str


@dataclass(frozen=True)
class YearLaw:
    """What holds for a tax year, as known on a business date.

    Attributes:
        tax_year: the calendar year.
        threshold_vnd: revenue up to which a resident owes no tax.
        threshold_basis: document and article of the threshold.
        income_tax_vnd: revenue of a resident above which PIT is due on income, None where the law knew none.
        income_tax_basis: document and article of that.
        rates: (residence, category of sales) → VAT and PIT, in parts of 10,000.
        rates_basis: the same → document and article of the rate.
        duties: (reason, what it applies to) → document and article of the duty; applies to `organisation`, to a detail
            of the reason, or to whatever is not named so (empty).
        due_quarters: quarters whose declaration is due.

    A basis that nobody has held against the document says so.
    """

    tax_year: int
    threshold_vnd: int
    threshold_basis: str
    income_tax_vnd: int | None
    income_tax_basis: str | None
    rates: Mapping[tuple[str, str], tuple[int, int]]
    rates_basis: Mapping[tuple[str, str], str]
    duties: Mapping[tuple[str, str], str]
    due_quarters: tuple[int, ...]


def judged_years(business_date: dt.date) -> tuple[YearLaw, ...]:
    """The tax years that a night looks at: its own and, through 31 March, the one before; newest first.

    Raises:
        NightFailed: no law is on record for such a year.
    """
    years = [business_date.year]
    if business_date.month <= _LAST_MONTH_OF_LATE_DATA:
        years.append(business_date.year - 1)
    return tuple(year_law(year, business_date) for year in years)


def year_law(tax_year: int, business_date: dt.date) -> YearLaw:
    """The law of a tax year as known on the business date; where it changed within the year, as on the year's last day.

    Raises:
        NightFailed: no threshold or rate is on record for the year.
    """
    on = dt.date(tax_year, 12, 31)
    thresholds = _newest(_table("thresholds"), (), on, business_date)
    rates = _newest(_table("rates"), ("residence", "category"), on, business_date)
    duties = _newest(_table("duties"), ("reason", "applies_to"), on, business_date)
    income_tax = _newest(_table("income_tax"), (), on, business_date).get(())
    if () not in thresholds or not rates:
        raise NightFailed(f"no threshold or rate is on record for tax year {tax_year} as known on {business_date}")
    return YearLaw(
        tax_year=tax_year,
        threshold_vnd=int(thresholds[()]["value_vnd"]),
        threshold_basis=_basis(thresholds[()]),
        income_tax_vnd=int(income_tax["revenue_vnd"]) if income_tax else None,
        income_tax_basis=_basis(income_tax) if income_tax else None,
        rates={(r, c): (int(v["vat_per_10000"]), int(v["pit_per_10000"])) for (r, c), v in rates.items()},
        rates_basis={(r, c): _basis(values) for (r, c), values in rates.items()},
        duties={(reason, to): _basis(values) for (reason, to), values in duties.items()},
        due_quarters=due_quarters(tax_year, business_date),
    )


def _basis(values: Mapping[str, str]) -> str:
    """Document and article of a rule; where nobody has held them against the document it says so."""
    unverified = next((f" ({words})" for words in _UNVERIFIED if values["source"].endswith(words)), "")
    return values["legal_basis"] + unverified


def due_quarters(tax_year: int, business_date: dt.date) -> tuple[int, ...]:
    """Quarters whose filing date (the last day of the month after the quarter) lies before the business date."""
    return tuple(quarter for quarter in (1, 2, 3, 4) if business_date > _filing_date(tax_year, quarter))


def statuses(business_date: dt.date) -> Mapping[str, Status]:
    """Status code of a taxpayer → its meaning on the business date."""
    found = _newest(_table("statuses"), ("status",), business_date, business_date)
    return {code: Status(values["standing"], values["label"]) for (code,), values in found.items()}


def by_year(laws: Sequence[YearLaw], value: Callable[[YearLaw], object]) -> Column:
    """A value of the law as Column, chosen by column `tax_year`; null for any other year."""
    return F.coalesce(*(F.when(F.col("tax_year") == law.tax_year, F.lit(value(law))) for law in laws))


def rate_columns(laws: Sequence[YearLaw], residence: Residence, category: Column) -> tuple[Column, Column]:
    """VAT and PIT, in parts of 10,000, of a category of sales; an unknown category bears the highest rates.

    Columns in: tax_year.
    """

    def rate(name: str, part: int) -> Column:
        """One of the two, of a category."""
        return by_year(laws, lambda law: law.rates[residence, name][part])

    vat, pit = (
        F.coalesce(*(F.when(category == name, rate(name, part)) for name in CATEGORIES), rate("undetermined", part))
        for part in (0, 1)
    )
    return vat, pit


def rate_of(laws: Sequence[YearLaw], residence: Residence, category: str) -> Column:
    """VAT and PIT together, in parts of 10,000, of a category of sales that the law names. Columns in: tax_year."""
    return by_year(laws, lambda law: sum(law.rates[residence, category]))


def _filing_date(tax_year: int, quarter: int) -> dt.date:
    year, month = (tax_year + 1, 1) if quarter == 4 else (tax_year, 3 * quarter + 1)
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def _newest(
    rules: Iterable[Rule], key: tuple[str, ...], on: dt.date, known_on: dt.date
) -> dict[tuple[str, ...], Mapping[str, str]]:
    """Of the rules in force, by key, the one made known last (of those the one in force last)."""
    in_force = sorted((r for r in rules if r.holds(on, known_on)), key=lambda r: (r.known_from, r.valid_from))
    return {tuple(rule.values[name] for name in key): rule.values for rule in in_force}


@cache
def _table(name: str) -> tuple[Rule, ...]:
    with (_RULES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_rule(row) for row in csv.DictReader(file))


def _rule(row: dict[str, str]) -> Rule:
    valid_to = dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
    return Rule(dt.date.fromisoformat(row["valid_from"]), valid_to, dt.date.fromisoformat(row["known_from"]), row)
