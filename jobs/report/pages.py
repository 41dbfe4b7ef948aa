"""The pages of a night: figures in, HTML out. A page refers to nothing outside itself but the night's own files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from pyspark.sql import Row

from expectations.data_docs import sections
from jobs import ledger
from jobs.landing import VIETNAM
from jobs.outcomes import GREEN, YELLOW
from jobs.reasons import sentence
from jobs.report import evidence, numbers, words
from jobs.report.figures import Figures
from jobs.report.mending import Mending
from jobs.report.outcomes import in_words
from jobs.report.printable import templates

# Points of a hundred by which a score must move for an arrow: less would show as the same number.
_STILL = 0.005

# Where each province stands on the tile map: column, row. Rough geography, one tile of the same size for each.
TILES: Mapping[str, tuple[int, int]] = {
    **{"12": (1, 0), "15": (2, 0), "08": (3, 0), "04": (4, 0)},
    **{"11": (0, 1), "14": (1, 1), "25": (2, 1), "19": (3, 1), "20": (4, 1)},
    **{"01": (2, 2), "24": (3, 2), "22": (4, 2)},
    **{"37": (2, 3), "33": (3, 3), "31": (4, 3)},
    **{"38": (2, 4), "40": (2, 5), "42": (2, 6), "44": (3, 7), "46": (3, 8)},
    **{"48": (4, 9), "51": (4, 10), "52": (4, 11), "66": (4, 12)},
    **{"68": (3, 13), "56": (4, 13)},
    **{"80": (1, 14), "75": (2, 14)},
    **{"91": (0, 15), "82": (1, 15), "79": (2, 15)},
    **{"92": (1, 16), "86": (2, 16), "96": (0, 17)},
}


@dataclass(frozen=True)
class Step:
    """A step of the way from shops to cases; `share` is of the step before it that counts the same things."""

    label: str
    size: int
    share: float | None
    note: str


def index(run: Mapping[str, Any], found: Figures, limit: int) -> str:
    """The night at a glance."""
    return _render(
        "index.html.j2",
        **_night(run, found),
        limit=limit,
        totals=_totals(found),
        reasons=_reasons(found),
        several_years=len({row.tax_year for row in found.reasons}) > 1,
        steps=_steps(found),
        tiles=TILES,
        by_province={row.province: row for row in found.provinces},
        decisions=_decisions(found.decisions),
        blocking=[row for row in found.blocking if row.keys_cut],
        between=ledger.between(run) is not None,
        seconds=_duration(run),
    )


def quality(run: Mapping[str, Any], found: Figures, mending: Sequence[Mending]) -> str:
    """The scorecard: sources × dimensions, what failed, what is to be mended, what was refused."""
    documented = {row.source for row in found.findings}
    audited = [(table, title) for table, title in words.AUDITED.items() if table in documented]
    context = {"mending": mending, "documented": documented, "audited": audited}
    return _render("quality.html.j2", **_night(run, found), **context)


def data_docs(run: Mapping[str, Any], found: Figures) -> dict[str, str]:
    """Data Docs of each source that was ever judged: what every expectation of its suite found."""
    pages = {}
    for source, rows in groupby(found.findings, lambda row: row.source):
        findings = list(rows)
        results = Markup(sections(source, [json.loads(row.result) for row in findings]))  # noqa: S704 - escaped there
        pages[source] = _render(
            "data_docs.html.j2",
            **_night(run, found),
            source=source,
            findings=findings,
            results=results,
            rows=max(row.judged for row in findings),
        )
    return pages


def _render(template: str, **context: object) -> str:
    return _environment().get_template(template).render(**context)


def _environment() -> Environment:
    environment = templates(PackageLoader("jobs.report"))
    environment.filters |= {
        "sentences": evidence.sentences,
        "colour": colour,
        "change": change,
        "province": words.province,
        "clock": _clock,
        "failures": failures,
        "trend": trend,
        "sentence": sentence,
        "in_words": in_words,
    }
    environment.globals |= {"words": words, "say": words.say}
    return environment


def _night(run: Mapping[str, Any], found: Figures) -> dict[str, Any]:
    sources = list(run["sources"] or [])
    scores = {(row.source, row.dimension): row for row in found.scores}
    known = [source for source in words.SOURCES if any((source, name) in scores for name in words.DIMENSIONS)]
    return {
        "run": run,
        "night": run["business_date"],
        "status": words.STATUSES[run["status"]],
        "found": found,
        "deliveries": sources,
        "problems": [one for one in sources if one["outcome"] != "taken"],
        "remarks": [one for one in sources if one["outcome"] == "taken" and one["reason"]],
        "scores": scores,
        "scored": [*known, *sorted({source for source, _ in scores} - set(words.SOURCES))],
    }


def _totals(found: Figures) -> dict[str, Any]:
    revenue = found.total("revenue_vnd")

    def changed(*told: str) -> int | None:
        """Cases that changed so; None where that is not known."""
        return None if found.changes is None else sum(row[each] for row in found.changes for each in told)

    return {
        "cases": sum(int(row.cases) for row in found.provinces),
        "parties": sum(int(row.parties) for row in found.provinces),
        "due": sum(int(row.due_vnd or 0) for row in found.provinces),
        "revenue": revenue,
        "covered": found.identified("revenue_vnd") / revenue if revenue > 0 else None,
        "new": changed("new", "reopened"),
        **{each: changed(each) for each in ("reopened", "resolved", "confirmed", "dismissed")},
    }


def _reasons(found: Figures) -> list[dict[str, Any]]:
    """Reasons that have open cases or changed tonight, newest tax year first, in the contract's order."""
    open_ = {(row.tax_year, row.reason): row for row in found.reasons}
    changed = {
        (row.tax_year, row.reason): row for row in found.changes or [] if row.new or row.reopened or row.resolved
    }
    order = list(words.REASONS)
    keys = sorted(
        open_.keys() | changed.keys(), key=lambda key: (-key[0], order.index(key[1]) if key[1] in order else 99)
    )
    return [
        {
            "tax_year": key[0],
            "reason": key[1],
            "open": open_.get(key),
            "change": changed.get(key),
        }  # either may be missing
        for key in keys
    ]


def _steps(found: Figures) -> list[Step]:
    shops, linked, parties = found.total("shops"), found.identified("shops"), found.identified("parties")
    above, flagged = found.identified("above"), sum(row.identified_parties for row in found.provinces)
    return [
        Step("Gian hàng các sàn báo cáo", shops, None, numbers.money(found.total("revenue_vnd"))),
        Step(
            *("Gian hàng đã rõ người bán", linked, numbers.share(linked, shops)),
            numbers.money(found.identified("revenue_vnd")),
        ),
        Step("Người bán đứng sau", parties, None, "một người có thể có nhiều gian hàng"),
        Step(
            *("Doanh thu trên ngưỡng", above, numbers.share(above, parties)),
            f"trên {numbers.money(found.law.threshold_vnd)}",
        ),
        Step("Có hồ sơ đang mở", flagged, numbers.share(flagged, parties), "ít nhất một lý do"),
    ]


def _decisions(rows: Sequence[Row]) -> list[dict[str, Any]]:
    total = sum(row.shops for row in rows)
    return [
        {
            "decision": decision,
            "shops": (shops := sum(row.shops for row in rows if row.decision == decision)),
            "share": numbers.share(shops, total),
            "types": [row for row in rows if row.decision == decision and row.match_type != "none"],
        }
        for decision in words.DECISIONS
    ]


def _duration(run: Mapping[str, Any]) -> float | None:
    if ledger.between(run) is not None:
        return sum(float(stage["seconds"]) for stage in run["stages"] if stage["name"] not in ledger.BETWEEN)
    started, ended = run["started_at"], run["ended_at"]
    return (ended - started).total_seconds() if started and ended else None


def _clock(moment: dt.datetime | None) -> str:
    # Collected timestamps are naive, in the time of this machine.
    return numbers.NOTHING if moment is None else f"{moment.astimezone(VIETNAM):%H:%M %d/%m/%Y}"


def colour(score: float | None) -> str:
    """Class of a score: `green`, `yellow`, `red`, `grey` where there is none."""
    if score is None:
        return "grey"
    return "green" if score >= GREEN else "yellow" if score >= YELLOW else "red"


def change(row: Row) -> dict[str, str] | None:
    """Arrow and words of how a score moved since the night before it that has one; None where it stayed or none has."""
    before = [night for night in row.history if night.business_date < row.business_date and night.score is not None]
    moved = 0.0 if not before or row.score is None else 100 * (row.score - before[-1].score)
    if abs(moved) < _STILL:
        return None
    up = moved > 0
    since = numbers.date(before[-1].business_date)
    words_ = f"{'tăng' if up else 'giảm'} {numbers.decimal(abs(moved), 2)} điểm so với {since}"
    return {"arrow": "▲" if up else "▼", "colour": "up" if up else "down", "words": words_}


def failures(text: str | None) -> list[str]:
    """Lines of a scorecard's `top_failures`."""
    return [part.strip() for part in (text or "").split("; ") if part.strip()]


def trend(history: Iterable[Row], width: int = 90, height: int = 20) -> str:
    """Points of an SVG polyline of the scores of some nights, by date; the scale is 0.5 to 1."""
    nights = [night for night in history if night.score is not None]
    if len(nights) < 2:
        return ""
    first, span = nights[0].business_date, max(1, (nights[-1].business_date - nights[0].business_date).days)
    return " ".join(
        f"{width * (night.business_date - first).days / span:.1f},{height * (1 - max(0.0, 2 * night.score - 1)):.1f}"
        for night in nights
    )
