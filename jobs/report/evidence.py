"""Evidence in sentences: JSON of any shape, masked and labelled for people by those who wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jobs.masking import MASK
from jobs.report import numbers
from jobs.report.words import FIELDS, VALUES, say

MAX_SENTENCES = 60
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
    return [sentence for sentence in _facts(content) if sentence][:MAX_SENTENCES]


def _facts(content: object) -> Iterator[str]:
    """The facts of the outermost level, a list of things giving a fact each."""
    if isinstance(content, dict):
        for label, value in content.items():
            things = value if isinstance(value, list) and any(isinstance(item, dict) for item in value) else [value]
            yield from (f"{say(FIELDS, label)}: {_text(thing)}" for thing in things if _is_said(thing))
    elif isinstance(content, list):
        yield from (_text(item) for item in content)
    else:
        yield _text(content)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return _comparisons(value["fields"]) if "fields" in value else _pairs(value)
    if isinstance(value, list):
        return ", ".join(_inner(item) for item in value if _is_said(item))
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, int):
        return numbers.count(value) if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return numbers.decimal(value)
    return _LONG_NUMBER.sub(MASK, say(VALUES, str(value)))


def _pairs(content: dict[str, Any]) -> str:
    return "; ".join(f"{say(FIELDS, label)}: {_inner(item)}" for label, item in content.items() if _is_said(item))


def _inner(value: object) -> str:
    return f"({_text(value)})" if isinstance(value, dict) else _text(value)


def _is_said(value: object) -> bool:
    return value not in (None, "", [], {})


def _comparisons(fields: list[dict[str, Any]]) -> str:
    """The fields of a match's explanation (`matching.evidence`), what weighs most first."""
    return "; ".join(_comparison(one) for one in sorted(fields, key=lambda one: -abs(one.get("weight") or 0)))


def _comparison(one: dict[str, Any]) -> str:
    field, text = str(one.get("field") or ""), str(one.get("text") or one.get("level") or "")
    said = text if text.startswith(field) else f"{field} {text}"
    sides = [_text(one[side]) for side in ("record", "subject") if _is_said(one.get(side))]
    weight = one.get("weight")
    notes = [" ↔ ".join(sides), "" if weight is None else f"trọng số {weight:+.1f}".replace(".", ",")]
    shown = ", ".join(note for note in notes if note)
    return f"{said} ({shown})" if shown else said
