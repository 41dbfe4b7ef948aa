"""Monthly sales of shops, and the tax that platforms withhold of them (DOMAIN 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NEVER, Floats, Ints, first_day, month_index
from sample_data.parties import FOREIGNER, ORGANISATION, Parties
from sample_data.settings import SalesSettings, SellerSettings
from sample_data.shops import Shops
from sample_data.streams import Streams

CATEGORIES = ("goods", "services", "transport", "undetermined")
# tax in thousandths of the revenue, NĐ 117/2025: VAT, PIT of residents, PIT of non-residents, by category
VAT = np.array([10, 50, 30, 50])
PIT_RESIDENT = np.array([5, 20, 15, 20])
PIT_FOREIGN = np.array([10, 50, 20, 50])
_WITHHOLDING_FROM = 666  # July 2025, months since January 1970
_SEASONS = np.array([1.25, 0.7, 0.9, 0.92, 0.95, 1.0, 0.95, 0.98, 1.02, 1.05, 1.2, 1.3])
_ROUND = 1000  # đồng: prices end on thousands


@dataclass(frozen=True)
class Sales:
    """One row a shop, month and category; month counts from January 1970, money is đồng."""

    shop: Ints
    month: Ints
    category: Ints
    revenue: Ints
    orders: Ints
    vat: Ints
    pit: Ints

    @property
    def withheld(self) -> Ints:
        """VAT and PIT withheld."""
        return self.vat + self.pit


def draw_sales(
    streams: Streams, parties: Parties, shops: Shops, sellers: SellerSettings, rules: SalesSettings, today: int
) -> Sales:
    """Sales from January of the year before the business date to its month."""
    last = int(month_index(today))
    months = np.arange(last // 12 * 12 - 12, last + 1)
    shop, month = _months_with_sales(streams, shops, rules, months, today)
    revenue = _revenue(streams, parties, shops, rules, shop, month, today)
    category = streams.pick("sales.category", len(shops), rules.categories)[shop]
    second = streams.hits("sales.second_category", len(shops), rules.second_category)[shop]
    other = (category + 1 + streams.integers("sales.other_category", len(shops), 0, 3)[shop]) % 4
    shop, month = np.concatenate([shop, shop[second]]), np.concatenate([month, month[second]])
    category = np.concatenate([category, other[second]])
    revenue = np.concatenate([np.where(second, 0.75, 1.0) * revenue, 0.25 * revenue[second]])
    amount = _with_returns(streams, rules, (revenue / _ROUND).round().astype(np.int64) * _ROUND)
    price = 40_000 + 400_000 * streams.uniform("sales.price", len(shops))[shop]
    vat, pit = _withheld(streams, parties, shops, sellers, rules, shop, month, category, amount)
    return Sales(shop, month, category, amount, np.maximum(np.abs(amount) / price, 1).astype(np.int64), vat, pit)


def _months_with_sales(
    streams: Streams, shops: Shops, rules: SalesSettings, months: Ints, today: int
) -> tuple[Ints, Ints]:
    opened, closed = (
        month_index(shops.registered_on),
        month_index(np.where(shops.closed_on == NEVER, today, shops.closed_on)),
    )
    sold = streams.rng("sales.sold").random((len(shops), len(months))) < rules.months_with_sales
    trading = (months >= opened[:, None]) & (months <= closed[:, None]) & sold
    shop, at = np.nonzero(trading)
    return shop, months[at]


def _revenue(
    streams: Streams, parties: Parties, shops: Shops, rules: SalesSettings, shop: Ints, month: Ints, today: int
) -> Floats:
    party = shops.party[shop]
    spread = np.where(parties.splits[party], 0.1, rules.month_spread)
    swing = np.exp(spread * streams.normal("sales.swing", len(shop)))
    part = np.minimum((today - first_day(month) + 1) / 30.0, 1.0)  # the month of the business date is not over
    season = np.where(parties.splits[party], 1.0, _SEASONS[month % 12])
    usual = parties.year_revenue[party] / 12 * shops.share[shop] / rules.months_with_sales
    return usual * season * swing * part


def _with_returns(streams: Streams, rules: SalesSettings, amount: Ints) -> Ints:
    returns = streams.hits("sales.returns", len(amount), rules.negative_months)
    return np.where(returns, -amount // (5 * _ROUND) * _ROUND, amount)


def _withheld(
    streams: Streams,
    parties: Parties,
    shops: Shops,
    sellers: SellerSettings,
    rules: SalesSettings,
    shop: Ints,
    month: Ints,
    category: Ints,
    amount: Ints,
) -> tuple[Ints, Ints]:
    """VAT and PIT withheld of each row, as the platform does it: in full, in part or not; never of organisations."""
    kind = parties.kind[shops.party[shop]]
    duty = (month >= _WITHHOLDING_FROM) & (amount > 0) & (kind != ORGANISATION)
    rate = np.array([platform.withholds for platform in sellers.platforms])[shops.platform]
    mode = streams.uniform("sales.withholding", len(shops))
    full = (mode < rate)[shop] & duty
    some = ((mode >= rate) & (mode < rate + rules.partly_withheld) & (rate > 0))[shop] & duty
    some &= streams.hits("sales.withheld_month", len(shop), 0.6)
    part = np.where(full, 1000, np.where(some, 1000 - 400 * (month % 2), 0))
    pit = np.where(kind == FOREIGNER, PIT_FOREIGN[category], PIT_RESIDENT[category])
    return _tax(amount, VAT[category], part), _tax(amount, pit, part)


def _tax(amount: Ints, rate: Ints, part: Ints) -> Ints:
    """Tax rounded up to the đồng, so that a full withholding is never below its rate."""
    return np.where(part > 0, -(-np.maximum(amount, 0) * rate * part // 1_000_000), 0)
