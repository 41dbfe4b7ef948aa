"""Text of the data as it may stand on a page or in a cell."""

from __future__ import annotations

import re

from jinja2 import BaseLoader, Environment, StrictUndefined

from jobs.report import numbers

# Of Excel's limit of 32,767 characters a cell, which counts some letters twice.
MAX_TEXT = 16_000
# What XML forbids, and marks that turn the direction of text around so that it reads as something else.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


# What ends a line or a page, moves a terminal's cursor, turns text around or cannot be seen at all.
_BREAKING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)


def one_line(text: str) -> str:
    """A text that a terminal shows as it stands, in one line whatever it holds."""
    return _BREAKING.sub(" ", text)


def clean(text: str) -> str:
    """A text without control characters, cut to what a cell holds and a person reads."""
    printable = _UNPRINTABLE.sub("", text.replace("\r\n", "\n"))
    return printable if len(printable) <= MAX_TEXT else printable[: MAX_TEXT - 1] + "…"


def templates(loader: BaseLoader) -> Environment:
    """Templates of pages: text of the data stands in them as text, numbers as they are written in Vietnam."""
    environment = Environment(
        loader=loader,
        finalize=lambda value: clean(value) if type(value) is str else value,  # not of what is markup already
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("count", "decimal", "money", "percent", "probability", "date", "seconds"):
        environment.filters[f"as_{name}"] = getattr(numbers, name)
    return environment
