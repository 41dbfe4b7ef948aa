"""Prints the tables of `docs/quality.md`: every rule with its dimension, severity, threshold and ground."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from great_expectations.expectations.expectation import Expectation

from expectations import GOLD_SUITES, SUITES


def rules() -> Iterator[str]:
    """Lines of the tables."""
    yield from _tables("Sources", SUITES)
    yield from _tables("Gold", GOLD_SUITES)


def _tables(title: str, suites: Mapping[str, Callable[[], list[Expectation]]]) -> Iterator[str]:
    yield f"\n## {title}"
    for name, expectations in suites.items():
        yield f"\n### {name}\n"
        yield "| rule | dimension | severity | holds for | ground |"
        yield "| --- | --- | --- | --- | --- |"
        for each in expectations():
            told: dict[str, Any] = each.configuration.to_json_dict()
            critical = told["severity"] == "critical"
            cells = (told["description"], told["meta"]["dimension"], "critical" if critical else "warning")
            yield f"| {' | '.join(cells)} | {_share(told)} | {told['meta']['ground']} |"


def _share(told: Mapping[str, Any]) -> str:
    if told["meta"]["scope"] == "table":
        return "the table"
    return f"{100 * told['kwargs'].get('mostly', 1.0):g} % of rows"


if __name__ == "__main__":
    print("\n".join(rules()))
