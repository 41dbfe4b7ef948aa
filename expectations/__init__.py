"""What is expected of a source's picture: one suite a source, run by `jobs.gate` through Great Expectations."""

from __future__ import annotations

from collections.abc import Callable

from great_expectations.expectations.expectation import Expectation

from expectations import (
    bank_accounts,
    bank_inflows,
    declarations,
    residents,
    seller_sales,
    sellers,
    taxpayers,
    telecom_subscribers,
)

SUITES: dict[str, Callable[[], list[Expectation]]] = {
    "residents": residents.expectations,
    "taxpayers": taxpayers.expectations,
    "declarations": declarations.expectations,
    "bank_accounts": bank_accounts.expectations,
    "bank_inflows": bank_inflows.expectations,
    "telecom_subscribers": telecom_subscribers.expectations,
    "sellers": sellers.expectations,
    "seller_sales": seller_sales.expectations,
}
