"""Reference tables of the package: CSV files in `matching/data`, each with source and date in its header comment."""

import csv
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Any


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of the table `name` (file `data/<name>.csv`), comment lines left out, every value as text."""
    text = resources.files("matching").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))


def values(name: str, column: str, **where: str) -> tuple[str, ...]:
    """One column of a table in the order of the file, of the rows whose other columns have the values in `where`."""
    return tuple(row[column] for row in rows(name) if all(row[key] == value for key, value in where.items()))


def pairs(name: str, key: str, value: str, **where: str) -> tuple[tuple[str, str], ...]:
    """Two columns of a table as (key, value), filtered as in `values`."""
    return tuple(zip(values(name, key, **where), values(name, value, **where), strict=True))


def _literal(letter: str) -> str:
    """The letter as a literal of a Java regular expression."""
    return letter if letter.isalnum() or letter == " " else f"\\x{{{ord(letter):x}}}"


def alternation(words: Iterable[str], literal: Callable[[str], str] = _literal) -> str:
    """Regular expression that matches any of `words`, the longest that fits, with shared beginnings tested once.

    `literal` gives the pattern of a letter; without it a letter stands for itself.
    """
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return f"(?:{_pattern(tree, literal)})"


def _pattern(node: dict[str, Any], literal: Callable[[str], str]) -> str:
    """Regular expression of one node of the prefix tree, in which the key "" marks the end of a word."""
    branches = [literal(letter) + _pattern(child, literal) for letter, child in sorted(node.items()) if letter]
    if not branches:
        return ""
    if len(branches) == 1 and "" not in node:
        return branches[0]
    return f"(?:{'|'.join(branches)})" + ("?" if "" in node else "")
