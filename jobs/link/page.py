"""The page of `ct18 link`: `summary.json` drawn for people. It refers to nothing outside itself."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader

from jobs.report import numbers
from jobs.report.printable import templates

# What is in none of these lists is shown as it is.
LINK_TYPES: Mapping[str, str] = {"dedupe": "tìm bản ghi trùng trong một bảng", "link": "nối bản ghi giữa hai bảng"}
KINDS: Mapping[str, str] = {
    "full_name": "họ tên",
    "given_name": "tên",
    "family_name": "họ",
    "date": "ngày",
    "year": "năm",
    "identifier": "mã định danh",
    "phone": "điện thoại",
    "email": "thư điện tử",
    "address": "địa chỉ",
    "locality": "địa phương",
    "postcode": "mã bưu chính",
    "category": "phân loại",
    "number": "số",
    "text": "văn bản",
}
LEVELS: Mapping[str, str] = {
    "exact": "trùng hẳn",
    "swapped": "đảo chỗ hai cột",
    "reordered": "đảo thứ tự từ",
    "equivalent": "hai giá trị dùng thay cho nhau",
    "days": "cách nhau không quá năm ngày",
    "close": "lệch một lỗi gõ",
    "words": "mọi từ của một bên có ở bên kia",
    "similar": "gần giống",
    "most": "phần lớn các từ giống nhau",
    "numbers": "gần giống, nhưng khác số",
    "contained": "hầu hết từ của một bên có ở bên kia",
    "half": "khoảng nửa số từ giống nhau",
    "some": "một số từ giống nhau",
    "rare": "chung một từ hiếm",
    "partial": "trùng một phần",
    "year_day": "cùng năm và ngày",
    "year_month": "cùng năm và tháng",
    "month_day": "cùng ngày và tháng",
    "year": "cùng năm",
    "near": "gần nhau",
    "different": "khác nhau",
    "null": "không có bằng chứng",
}
WHOLES: Mapping[str, str] = {
    "apart": "số cột khác nhau (apart)",
    "related": "người nhà, cùng nhóm cũng giống vậy (related)",
}
WHYS: Mapping[str, tuple[str, str]] = {
    "strongest": ("Chắc chắn nhất (strongest)", "trọng số khớp cao nhất trong mọi cặp."),
    "near_threshold": (
        "Vừa qua ngưỡng (near threshold)",
        "được nối, nhưng sát ngưỡng nhất: nối nhầm thì thường nằm ở đây.",
    ),
    "below_threshold": (
        "Ngay dưới ngưỡng (below threshold)",
        "không được nối, nhưng sát ngưỡng nhất: bỏ sót thì thường nằm ở đây.",
    ),
}
STAGES: Mapping[str, str] = {
    "read": "đọc dữ liệu",
    "standardise": "chuẩn hóa",
    "blocking": "chọn quy tắc phân khối",
    "frequencies": "đếm tần suất giá trị",
    "compare": "lập và so sánh cặp",
    "model": "ước lượng mô hình",
    "score": "chấm điểm",
    "clusters": "gom cụm",
    "write": "ghi kết quả",
}

_WHY_ORDER = {why: at for at, why in enumerate(WHYS)}
# Weights below are 0,0 on the page.
_VISIBLE = 0.05
# Bars of a histogram that can still be told apart on a telephone.
_MOST_BARS = 100
# Largest sizes of the groups in which clusters are counted; the last group has no end.
_SIZES = (*range(1, 11), 20, 50, 100, 200, 500, 1_000, 10_000)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """An axis; places on it are percent of its length: charts are as wide as their paper, letters keep their size."""

    low: float
    high: float

    @staticmethod
    def around(values: Iterable[float]) -> Scale:
        """An axis on which 0 and all values have room."""
        known = [0.0, *values]
        low, high = min(known), max(known)
        margin = max(0.05 * (high - low), 0.5)
        return Scale(low - margin, high + margin)

    def at(self, value: float) -> float:
        """Place of a value."""
        return round(100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0), 2)

    def span(self, start: float, end: float) -> tuple[float, float]:
        """Place and length of a bar between two values, never too thin to be seen."""
        left, right = sorted((self.at(start), self.at(end)))
        return left, max(round(right - left, 2), 0.3)

    def ticks(self, most: int) -> list[int]:
        """Round values on the axis, evenly spread."""
        steps = (base * 10**power for power in range(9) for base in (1, 2, 5))
        step = next(step for step in steps if (self.high - self.low) / step <= most)
        return [step * n for n in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


@dataclass(frozen=True)
class Bar:
    """A row of a waterfall chart: from the weight before to the weight after."""

    label: str
    note: str
    start: float
    end: float
    colour: str

    @property
    def weight(self) -> float:
        """What the row adds."""
        return self.end - self.start


def page(summary: Mapping[str, Any]) -> str:
    """The page of a run.

    Args:
        summary: content of `summary.json`.
    """
    linked = _weight(summary["threshold"])
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            summary=summary,
            title=" ↔ ".join(each["name"] for each in summary["inputs"]),
            linked=linked,
            scored_share=numbers.share(summary["pairs_scored"], summary["pairs_possible"]),
            total_seconds=sum(summary["seconds"].values()),
            examples=sorted(summary["examples"], key=lambda each: _WHY_ORDER.get(each["why"], len(WHYS))),
            weights=Scale.around(
                level["weight"] for each in summary["comparisons"].values() for level in each["levels"]
            ),
            histogram=histogram(summary["weights"], linked),
            sizes=cluster_sizes(summary["clusters"]["sizes"]),
            calibration=calibration(summary["labels"]["calibration"]) if summary["labels"] else None,
            kinds=KINDS,
            levels=LEVELS,
            whys=WHYS,
            link_types=LINK_TYPES,
            stages=STAGES,
        )
    )


def _environment() -> Environment:
    # The sheet of styles is that of the night's pages, with a few rules of its own.
    environment = templates(ChoiceLoader([PackageLoader("jobs.link"), PackageLoader("jobs.report")]))
    environment.filters |= {
        "as_weight": weight,
        "as_tick": tick,
        "as_scale": scale,
        "as_rate": rate,
        "as_ratio": ratio,
        "as_probability": probability,
        "as_given": given,
        "waterfall": waterfall,
        "room": lambda bars, linked: Scale.around([linked, *(bar.end for bar in bars)]),
        "missing": missing,
        "equivalents": equivalents,
    }
    return environment


def waterfall(example: Mapping[str, Any]) -> list[Bar]:
    """Rows of an example's chart: prior, columns with evidence and their term frequencies, the whole pair, the sum."""
    bars = [Bar("tiên nghiệm (prior)", "", 0.0, example["prior"], "prior")]
    for step in example["steps"]:
        if step["gamma"] >= 0:
            level = LEVELS.get(step["level"], step["level"])
            bars.append(_next(bars, step["column"], level, step["weight"], ""))
        if abs(step["term_frequency"]) >= _VISIBLE:
            note = "↳ giá trị hiếm (TF)" if step["term_frequency"] > 0 else "↳ giá trị phổ biến (TF)"
            bars.append(_next(bars, "", note, step["term_frequency"], "frequency"))
    for name, added in example["whole"].items():
        if abs(added) >= _VISIBLE:
            bars.append(_next(bars, "", WHOLES.get(name, name), added, ""))
    return [*bars, Bar("tổng (match weight)", "", 0.0, example["match_weight"], "sum")]


def _next(bars: Sequence[Bar], label: str, note: str, added: float, colour: str) -> Bar:
    start = bars[-1].end
    return Bar(label, note, start, start + added, f"{colour} {'against' if added < 0 else 'for'}".strip())


def missing(example: Mapping[str, Any]) -> list[str]:
    """Columns of an example that say nothing."""
    return [step["column"] for step in example["steps"] if step["gamma"] < 0]


def equivalents(comparisons: Mapping[str, Mapping[str, Any]]) -> dict[str, Sequence[tuple[str, str]]]:
    """Column → values that stand for one another, of the columns that have any."""
    return {column: each["equivalents"] for column, each in comparisons.items() if each["equivalents"]}


def histogram(weights: Mapping[str, Any], linked: float) -> dict[str, Any]:
    """The chart of match weights: bars of equal width, heights in percent of a logarithmic axis.

    Args:
        weights: `from`, `step` and `pairs`, the number of pairs in each step.
        linked: match weight from which a pair is linked.
    """
    fold = max(-(-len(weights["pairs"]) // _MOST_BARS), 1)
    width = fold * weights["step"]
    counts = [sum(weights["pairs"][i : i + fold]) for i in range(0, len(weights["pairs"]), fold)]
    starts = [weights["from"] + i * width for i in range(len(counts))]
    top = math.ceil(math.log10(max([*counts, 10])))
    return {
        "scale": Scale.around([linked, *starts, *(start + width for start in starts)]),
        "bars": [
            {"from": start, "to": start + width, "pairs": pairs, "height": _height(pairs, top)}
            for start, pairs in zip(starts, counts, strict=True)
            if pairs
        ],
        "ticks": [(10**power, _height(10**power, top)) for power in range(top + 1)],
    }


def _height(pairs: int, top: int) -> float:
    # A single pair is 0 on a logarithmic axis: a foot under it lets it be seen.
    foot = 0.25
    return round(100 * (math.log10(pairs) + foot) / (top + foot), 2)


def cluster_sizes(sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """Clusters and their records by size; large sizes together, empty groups left out."""
    groups: dict[int, dict[str, Any]] = {}
    for size, clusters in sorted((int(size), clusters) for size, clusters in sizes.items()):
        at = bisect_left(_SIZES, size)
        group = groups.setdefault(at, {"label": _group(at), "clusters": 0, "records": 0})
        group["clusters"] += clusters
        group["records"] += clusters * size
    return [group for group in groups.values() if group["clusters"]]


def _group(at: int) -> str:
    low = _SIZES[at - 1] + 1 if at else 1
    if at == len(_SIZES):
        return f"từ {numbers.count(low)}"
    high = _SIZES[at]
    return numbers.count(high) if low == high else f"{numbers.count(low)} – {numbers.count(high)}"


def calibration(bins: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Points of the reliability chart: area by pairs, Wilson's interval of the share; large ones first, as they lie."""
    most = max((each["pairs"] for each in bins), default=0)
    return [
        {
            **each,
            "radius": round(max(16 * math.sqrt(each["pairs"] / most), 3.0), 1),
            "interval": numbers.wilson(round(each["share"] * each["pairs"]), each["pairs"]),
        }
        for each in sorted(bins, key=lambda each: -each["pairs"])
        if each["pairs"]
    ]


def weight(value: float) -> str:
    """A match weight with its sign: `+8,2`, `−17,2`, `0,0`."""
    shown = round(value, 1)
    sign = "+" if shown > 0 else "−" if shown < 0 else ""
    return sign + numbers.decimal(abs(shown), 1)


def tick(value: float) -> str:
    """A whole number of an axis."""
    return numbers.count(value).replace("-", "−")


def scale(value: int) -> str:
    """A power of ten on an axis, short: `1.000`, `10 triệu`."""
    for size, word in ((1_000_000_000, "tỷ"), (1_000_000, "triệu")):
        if value >= size:
            return f"{numbers.count(value / size)} {word}"
    return numbers.count(value)


def rate(value: float) -> str:
    """An m or u: four places, small ones as a power of ten (`3,1·10⁻⁶`)."""
    return numbers.decimal(value, 4) if value >= 0.001 or value <= 0 else _power(value)


def ratio(bits: float) -> str:
    """What a weight multiplies the odds by: `× 300`, `÷ 20`."""
    times = 2.0 ** min(abs(bits), 1_000)
    shown = numbers.decimal(times, 1) if times < 10 else numbers.count(times) if times < 1e6 else _power(times)
    return f"{'÷' if bits < 0 else '×'} {shown}"


def _power(value: float) -> str:
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits.replace('.', ',')}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def probability(value: float) -> str:
    """A probability that the model gives: never 0 or 1, though a computer's numbers may end there."""
    if value < 0.0005:
        return "< 0,001"
    return "> 0,999" if value >= 0.9995 else numbers.decimal(value, 3)


def given(value: float) -> str:
    """A number as the configuration gives it: `0,9`."""
    return f"{value:g}".replace(".", ",")


def _weight(share: float) -> float:
    """Match weight of a probability; of 0 and 1 one that no pair is beyond in practice."""
    inner = min(max(share, 1e-12), 1 - 1e-12)
    return math.log2(inner / (1 - inner))
