"""Revenue that taxpayers declare: mostly what they sold, sometimes far less, sometimes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NOBODY, Bools, Floats, Ints, first_day, month_index
from sample_data.parties import ORGANISATION, Parties
from sample_data.registry import ACTIVE_STATUSES, Registry, best_rows
from sample_data.sales import Sales
from sample_data.settings import DeclarationSettings
from sample_data.shops import Shops
from sample_data.streams import Kinds, Streams

MONTH, QUARTER, YEAR = range(3)


@dataclass(frozen=True)
class Declarations:
    """One row a tax code and period.

    Attributes:
        code: row of the registry.
        span: MONTH, QUARTER or YEAR.
        period: months, quarters or years since 1970.
        revenue, tax: đồng.
        filed_on: day number.
    """

    code: Ints
    span: Ints
    period: Ints
    revenue: Ints
    tax: Ints
    filed_on: Ints

    def __len__(self) -> int:
        return len(self.code)


@dataclass(frozen=True)
class _Filers:
    """Codes that file, and what they say: `base` is the true revenue by quarter, `factor` the declared part of it."""

    code: Ints
    habits: Kinds
    factor: Floats
    base: Floats


def due_on(quarter: Ints | int) -> Ints:
    """Day on which a quarter's filing falls due: the last day of the month after the quarter (quarters since 1970)."""
    return first_day(np.asarray(quarter) * 3 + 4) - 1


def draw_declarations(
    streams: Streams,
    parties: Parties,
    shops: Shops,
    sales: Sales,
    registry: Registry,
    rules: DeclarationSettings,
    today: int,
) -> Declarations:
    """Declarations of the year of the business date and the year before, as far as they are in."""
    year = int(month_index(today)) // 12
    quarters = np.arange(year * 4 - 4, year * 4 + 4)
    filers = _filers(streams, parties, shops, sales, registry, rules, quarters)
    n = len(filers.code)
    late = streams.integers("declarations.late", n, 0, 20) - np.where(
        streams.hits("declarations.tardy", n, rules.late), 0, 20
    )
    declared = filers.base * filers.factor[:, None]
    parts = (
        _spread(filers, filers.habits.any_of("right", "both"), QUARTER, quarters, declared, late, today),
        *_monthly(filers, quarters, declared, late, today),
        _yearly(filers, year - 1, declared[:, :4].sum(axis=1), late),
    )
    return Declarations(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _filers(
    streams: Streams,
    parties: Parties,
    shops: Shops,
    sales: Sales,
    registry: Registry,
    rules: DeclarationSettings,
    quarters: Ints,
) -> _Filers:
    owner = registry.party(parties)
    best = best_rows(registry, owner, len(parties))
    business = registry.is_business()
    trading = (best >= 0) & business[best] & (registry.status[best] != 1)
    party = np.flatnonzero(trading)
    others = np.flatnonzero(business & (owner == NOBODY) & np.isin(registry.status, ACTIVE_STATUSES))
    others = others[streams.hits("declarations.others", len(others), rules.codes_without_shops)]
    code = np.concatenate([_filing_code(streams, registry, owner, best, party, rules), others])
    base = quarterly_revenue(parties, shops, sales, quarters)[party]
    size = np.exp(17.5 + streams.normal("declarations.size", len(others)))
    habits = streams.kinds("declarations.habit", len(code), rules.habits)
    return _Filers(
        code=code,
        habits=habits,
        factor=_factors(streams, len(code), rules),
        base=np.concatenate([base, np.repeat(size[:, None], len(quarters), axis=1)]),
    )


def _filing_code(
    streams: Streams, registry: Registry, owner: Ints, best: Ints, party: Ints, rules: DeclarationSettings
) -> Ints:
    """The code under which a party files: its business code, now and then another of its own codes."""
    another = np.full(len(best), NOBODY)
    rows = np.flatnonzero((owner >= 0) & (registry.width == 10))
    another[owner[rows]] = rows
    use = streams.hits("declarations.other_code", len(party), rules.under_another_code) & (another[party] >= 0)
    return np.where(use, another[party], best[party])


def quarterly_revenue(parties: Parties, shops: Shops, sales: Sales, quarters: Ints) -> Floats:
    """Revenue that each party has to declare by quarter: a person's without the rows on which tax was withheld."""
    party = shops.party[sales.shop]
    counts = (parties.kind[party] == ORGANISATION) | (sales.withheld == 0)
    place = sales.month // 3 - quarters[0]
    kept = counts & (place >= 0) & (place < len(quarters))
    cell = party[kept] * len(quarters) + place[kept]
    total = np.bincount(cell, sales.revenue[kept].astype(np.float64), len(parties) * len(quarters))
    return np.maximum(total.reshape(len(parties), len(quarters)), 0.0)


def _factors(streams: Streams, n: int, rules: DeclarationSettings) -> Floats:
    kinds = streams.kinds("declarations.honesty", n, rules.honesty)
    uniform = streams.uniform("declarations.factor", n)
    factor = 0.85 + 0.6 * uniform
    factor = np.where(kinds["low"], 0.02 + 0.4 * uniform, factor)
    factor = np.where(kinds["about_half"], 0.45 + 0.1 * uniform, factor)
    return np.where(kinds["nil"], 0.0, factor)


_Columns = tuple[Ints, Ints, Ints, Ints, Ints, Ints]


def _spread(filers: _Filers, who: Bools, span: int, periods: Ints, amounts: Floats, late: Ints, today: int) -> _Columns:
    """One row a filer and period that has been filed by the business date."""
    due = due_on(periods) if span == QUARTER else first_day(periods + 1) + 19
    filed = due[None, :] + late[:, None]
    row, column = np.nonzero(who[:, None] & (filed < today))
    revenue = (amounts[row, column] / 1000).round().astype(np.int64) * 1000
    n = len(row)
    return filers.code[row], np.full(n, span), periods[column], revenue, revenue * 15 // 1000, filed[row, column]


def _monthly(filers: _Filers, quarters: Ints, declared: Floats, late: Ints, today: int) -> list[_Columns]:
    months = np.arange(quarters[0] * 3, quarters[-1] * 3 + 3)
    by_month = np.repeat(declared / 3, 3, axis=1)
    return [_spread(filers, filers.habits.any_of("monthly", "both"), MONTH, months, by_month, late, today)]


def _yearly(filers: _Filers, year: int, total: Floats, late: Ints) -> _Columns:
    index = np.flatnonzero(filers.habits["yearly"])
    revenue = (total[index] / 1000).round().astype(np.int64) * 1000
    n = len(index)
    filed = first_day(np.full(n, year * 12 + 13)) + 29 + late[index]
    return filers.code[index], np.full(n, YEAR), np.full(n, year), revenue, revenue * 15 // 1000, filed
