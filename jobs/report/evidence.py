"""Evidence in sentences: JSON of any shape, masked and labelled for people by those who wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from jobs.masking import MASK
from jobs.report import numbers
from jobs.report.printable import MAX_TEXT
from jobs.report.words import PROVINCES, SOURCES, VALUES, say
from matching.comparisons import BIRTH, MODELS, PROVINCE

MAX_SENTENCES = 60
# Of a cell's text, for the line that says how many sentences are left.
_ROOM = 100
# Of a field's weight, log2 m/u: what lies below says next to nothing.
MIN_WEIGHT = 0.5
# What may speak against a match, or keeps it for people, is shown whatever it weighs.
_AGAINST = frozenset(
    {
        *("unknown", "household", "other", "shared_household", "shared_other", "organisation", "masked_differs"),
        *("different", "differs", "close", "year", "given", "deceased"),
    }
)
# Comparison → its field and the words of its levels, for evidence that holds the names of levels alone.
_COMPARISONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    comparison.name: (comparison.text, {level.name: level.text for level in comparison.levels})
    for comparison in (one for model in MODELS.values() for one in model)
}
# Labels of what is no personal data, however long a number it is: a shop's code, alone or with its platform.
_KEYS = ("Mã", "Gian hàng khai mã số này")
_SHOPS = "Gian hàng"
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
# Nine digits or more: what should be masked already is masked once more, right before its reader.
_LONG_NUMBER = re.compile(r"\d{5,}(?=\d{4})")


def sentences(evidence: str | None) -> list[str]:
    """One sentence a fact of an evidence JSON; a text that is no JSON is one sentence."""
    return _cut(_all_of(evidence), MAX_SENTENCES)


def lines(evidence: str | None) -> str:
    """The sentences as one text that a cell holds, a line each; those that it does not hold are counted."""
    found = _all_of(evidence)
    ends = accumulate(len(sentence) + 1 for sentence in found)
    fit = sum(end <= MAX_TEXT - _ROOM for end in ends)
    return "\n".join(_cut(found, min(fit, MAX_SENTENCES)))


def _all_of(evidence: str | None) -> list[str]:
    if not evidence:
        return []
    try:
        content = json.loads(evidence)
    except ValueError:
        content = evidence
    return [sentence for sentence in _facts(content) if sentence]


def _cut(found: list[str], most: int) -> list[str]:
    """The first so many sentences, and how many are left."""
    left = len(found) - most
    return [*found[:most], f"… và {numbers.count(left)} câu nữa trong bảng hồ sơ"] if left > 0 else found


def _facts(content: object) -> Iterator[str]:
    """The facts of the outermost level, a list of things giving a fact each."""
    if isinstance(content, dict) and "fields" in content:
        yield from _explained(content)
    elif isinstance(content, dict):
        # Of shops there may be more than a reader sees.
        for label, value in sorted(content.items(), key=lambda item: item[0] == _SHOPS):
            things = value if isinstance(value, list) and any(isinstance(item, dict) for item in value) else [value]
            yield from (f"{say(SOURCES, label)}: {_text(thing)}" for thing in things if _is_said(thing))
    elif isinstance(content, list):
        yield from (_text(item) for item in content)
    else:
        yield _text(content)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list):
        return ", ".join(_inner(item) for item in value if _is_said(item))
    if isinstance(value, bool):
        return "có" if value else "không"
    if isinstance(value, int):
        return numbers.count(value) if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return numbers.probability(value, 3) if 0 <= value <= 1 else numbers.decimal(value)
    return _LONG_NUMBER.sub(MASK, _DATE.sub(r"\3/\2/\1", say(VALUES, str(value))))


def _mapping(content: dict[str, Any]) -> str:
    if "fields" in content:
        return "; ".join(_explained(content))
    if content.keys() <= _COMPARISONS.keys():
        return "; ".join(_agreement(*_COMPARISONS[name], str(level)) for name, level in content.items())
    return _pairs(content)


def _pairs(content: dict[str, Any]) -> str:
    said = {label: item for label, item in content.items() if _is_said(item)}
    return "; ".join(
        f"{say(SOURCES, label)}: {item if label in _KEYS else _inner(item)}" for label, item in said.items()
    )


def _inner(value: object) -> str:
    return f"({_text(value)})" if isinstance(value, dict) else _text(value)


def _is_said(value: object) -> bool:
    return value not in (None, "", [], {})


def _explained(content: dict[str, Any]) -> list[str]:
    """A match's explanation (`matching.evidence`): the fields that count, what weighs most first."""
    said = [_field(one) for one in sorted(filter(_counts, content["fields"]), key=lambda one: -abs(one["weight"]))]
    probability = content.get("probability")
    told = [] if probability is None else [f"xác suất {numbers.probability(probability, 3)}"]
    told += ["cán bộ đã quyết định: đây là người bán"] if content.get("named") else []
    told += [f"cần người quyết định vì {why}" for why in content.get("held") or []]
    return [*told, *said]


def _counts(one: dict[str, Any]) -> bool:
    return abs(one["weight"]) >= MIN_WEIGHT or one.get("level") in _AGAINST


def _field(one: dict[str, Any]) -> str:
    sides = [_side(one["field"], str(one[side])) for side in ("record", "subject") if _is_said(one.get(side))]
    shown = " ↔ ".join(dict.fromkeys(sides))  # once where both are the same
    if one["field"] == BIRTH.text and len(set(sides)) < len(sides) and one["level"] != "day":
        # Of dates the years alone are shown.
        shown = f"cùng năm {shown}"
    weight = f"trọng số {one['weight']:+.1f}".replace(".", ",").replace("+0,0", "0").replace("-0,0", "0")
    return f"{_agreement(one['field'], {}, one['text'])} ({', '.join(filter(None, [shown, weight]))})"


def _side(field: str, value: str) -> str:
    return _LONG_NUMBER.sub(MASK, say(PROVINCES, value) if field == PROVINCE.text else value)


def _agreement(field: str, levels: Mapping[str, str], level: str) -> str:
    """`Họ tên: trùng cả dấu`; some levels name their field themselves."""
    text = levels.get(level, level)
    return text if text.startswith(field) else f"{field}: {text}"
