"""Evidence in sentences: it comes as JSON of any shape, masked and with labels for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from jobs.masking import MASK
from jobs.report import numbers
from jobs.report.words import FIELDS, say

MAX_SENTENCES = 40
# As in `jobs.masking.long_numbers`: what should be masked already is masked once more, right before its reader.
_LONG_NUMBER = re.compile(r"\d{5,}(?=\d{4})")


def sentences(evidence: str | None) -> list[str]:
    """One sentence a fact of an evidence JSON; a text that is no JSON is one sentence."""
    if not evidence:
        return []
    try:
        content = json.loads(evidence)
    except ValueError:
        content = evidence
    return [_LONG_NUMBER.sub(MASK, sentence) for sentence in _facts(content) if sentence][:MAX_SENTENCES]


def _facts(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for label, value in content.items():
            if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
                yield from (f"{say(FIELDS, label)} – {_text(item)}" for item in value)
            elif value is not None:
                yield f"{say(FIELDS, label)}: {_text(value)}"
    elif isinstance(content, list):
        yield from (_text(item) for item in content)
    else:
        yield _text(content)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, dict):
        return "; ".join(f"{say(FIELDS, label)}: {_text(item)}" for label, item in value.items() if item is not None)
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, int):
        return numbers.count(value) if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return numbers.decimal(value)
    return "" if value is None else str(value)
