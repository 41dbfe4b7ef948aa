"""What is expected of each source's picture and of gold: one suite a table, run by `jobs.gate`."""

from __future__ import annotations

from collections.abc import Callable

from great_expectations.expectations.expectation import Expectation

from expectations import (
    bank_accounts,
    bank_inflows,
    declarations,
    flagged_sellers,
    residents,
    seller_parties,
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

# Tables of gold, judged before a night is published.
GOLD_SUITES: dict[str, Callable[[], list[Expectation]]] = {
    "seller_parties": seller_parties.expectations,
    "flagged_sellers": flagged_sellers.expectations,
}
