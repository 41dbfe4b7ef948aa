"""What platforms write of sales (`seller_sales`), and what taxpayers file (`declarations`)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sample_data.arrays import Ints, Text, chosen, dates, first_day
from sample_data.country import Country
from sample_data.declarations import QUARTER, YEAR
from sample_data.sales import CATEGORIES
from sample_data.times import moments


def month_names(month: Ints) -> Text:
    """`YYYY-MM` of months since January 1970."""
    first = int(month.min())
    names = [f"{1970 + m // 12}-{m % 12 + 1:02d}" for m in range(first, int(month.max()) + 1)]
    return chosen(names, month - first)


def write_sales(country: Country) -> pa.Table:
    """The delivery of `seller_sales`."""
    sales, shops = country.sales, country.shops
    platforms = [platform.name for platform in country.settings.sellers.platforms]
    reported = np.minimum(first_day(sales.month + 1) + 4, country.today - 1)
    return pa.table(
        {
            "platform": chosen(platforms, shops.platform[sales.shop]),
            "shop_id": shops.shop_id.take(pa.array(sales.shop)),
            "period": month_names(sales.month),
            "category": chosen(CATEGORIES, sales.category),
            "gross_revenue_vnd": pa.array(sales.revenue),
            "order_count": pa.array(sales.orders),
            "withheld_vat_vnd": pa.array(sales.vat),
            "withheld_pit_vnd": pa.array(sales.pit),
            "updated_at": moments(reported, 20_000 + sales.shop % 50_000),
        }
    )


def write_declarations(country: Country) -> pa.Table:
    """The delivery of `declarations`."""
    filed = country.declarations
    return pa.table(
        {
            "tax_code": country.registry.codes().take(pa.array(filed.code)),
            "period": _periods(filed.span, filed.period),
            "declared_revenue_vnd": pa.array(filed.revenue),
            "tax_paid_vnd": pa.array(filed.tax),
            "filed_on": dates(filed.filed_on),
            "updated_at": moments(np.minimum(filed.filed_on + 1, country.today - 1), 30_000 + filed.code % 40_000),
        }
    )


def _periods(span: Ints, period: Ints) -> Text:
    spans, index = np.unique(np.stack([span, period], 1), axis=0, return_inverse=True)
    return chosen([_period(int(s), int(p)) for s, p in spans], index.ravel())


def _period(span: int, period: int) -> str:
    if span == YEAR:
        return str(1970 + period)
    if span == QUARTER:
        return f"{1970 + period // 4}-Q{period % 4 + 1}"
    return f"{1970 + period // 12}-{period % 12 + 1:02d}"
