"""The page of `ct18 link`: that it shows what the summary holds, opens alone, and takes any text for text."""

from __future__ import annotations

import copy
import functools
import math
import re
from pathlib import Path
from typing import Any

import pytest

from jobs.link import page as pages
from jobs.link.page import Scale, page
from tests.jobs.pages import Page, needs_chromium, screenshot

HOSTILE = "</title><script src=http://x/>alert(1)</script>\"' onload=x"


def level(gamma: int, name: str, m: float, u: float) -> dict[str, Any]:
    return {"gamma": gamma, "name": name, "m": m, "u": u, "weight": math.log2(m / u)}


def step(column: str, gamma: int, name: str, weight: float, frequency: float = 0.0) -> dict[str, Any]:
    return {"column": column, "gamma": gamma, "level": name, "weight": weight, "term_frequency": frequency}


def example(why: str, probability: float, steps: list[dict[str, Any]], **whole: float) -> dict[str, Any]:
    weight = -13.0 + sum(one["weight"] + one["term_frequency"] for one in steps) + sum(whole.values())
    return {
        **{"id_l": "rec-12-org", "id_r": "rec-12-dup-0", "why": why, "rule": "surname, date_of_birth"},
        **{"prior": -13.0, "match_weight": weight, "match_probability": probability, "steps": steps},
        "whole": whole,
    }


SUMMARY: dict[str, Any] = {
    "link_type": "dedupe",
    "version": "0.1.0",
    "model_version": "3fa91c00d2e7",
    "inputs": [{"name": "people.parquet", "rows": 5000}],
    "rows": 5000,
    "rows_asked": None,
    "columns": {"given_name": "given_name", "surname": "family_name", "dob": "date", "soc_sec_id": "identifier"},
    "threshold": 0.9,
    "min_probability": 0.01,
    "pairs_possible": 12_497_500,
    "pairs_scored": 68_410,
    "pairs_kept": 2_041,
    "pairs_linked": 1_962,
    "prior_probability": 0.00012,
    "seconds": {"read": 3.21, "blocking": 5.4, "compare": 14.02, "model": 6.5, "clusters": 0.8, "own stage": 72.0},
    "blocking": {
        "estimated_recall": 0.9934,
        "cap": 200,
        "rules": [
            {
                **{"rule": "soc_sec_id", "pairs": 1_630, "first": 1_630, "expected_matches": 1_629.4},
                **{"estimated_recall": 0.83, "blocks_refined": 0, "pairs_cut": 0},
            },
            {
                **{"rule": "surname, dob", "pairs": 60_120, "first": 58_900, "expected_matches": 1_340.2},
                **{"estimated_recall": 0.68, "blocks_refined": 3, "pairs_cut": 412},
            },
            {
                **{"rule": "prefix3(given_name), dob", "pairs": 9_240, "first": 7_880, "expected_matches": 1_288.0},
                **{"estimated_recall": 0.65, "blocks_refined": 1, "pairs_cut": 37},
            },
        ],
    },
    "comparisons": {
        "given_name": {
            "kind": "given_name",
            "term_frequency": True,
            "depends_on": None,
            "repeats": [],
            "equivalents": [("bill", "william"), ("liz", "elizabeth")],
            "levels": [
                level(5, "swapped", 0.02, 0.000002),
                level(4, "exact", 0.71, 0.0045),
                level(3, "close", 0.13, 0.0007),
                level(2, "similar", 0.05, 0.009),
                level(1, "partial", 0.04, 0.02),
                level(0, "different", 0.05, 0.9658),
            ],
        },
        "dob": {
            "kind": "date",
            "term_frequency": False,
            "depends_on": "given_name",
            "repeats": ["full_name"],
            "equivalents": [],
            "levels": [
                level(3, "exact", 0.86, 0.00009),
                level(2, "year", 0.06, 0.011),
                level(1, "same_moon", 0.03, 0.03),
                level(0, "different", 0.05, 0.95891),
            ],
        },
    },
    "related": [
        {
            **{"pairs": 4_321, "own": ["given_name", "dob"], "exact": {"given_name": 0.004, "dob": 0.0313}},
            "exact_in_matches": {"given_name": 0.71, "dob": 0.86},
        }
    ],
    "drift": None,
    "most_drift_bits": 1.0,
    "weights": {"from": -21, "step": 1, "pairs": [3, 90, 30_000, 9_000, 0, 800, 20, 0, 7, 1, *[0] * 20, 4, 40, 900]},
    "examples": [
        example("strongest", 0.99999999, [step("given_name", 4, "exact", 7.3, 2.1), step("dob", 3, "exact", 13.2)]),
        example(
            "near_threshold",
            0.912,
            [step("given_name", 4, "exact", 7.3, -1.1), step("dob", -1, "null", 0.0)],
            related=-2.5,
        ),
        example("own reason", 0.0001, [step("given_name", 0, "different", -4.3), step("dob", 1, "same_moon", 0.0)]),
    ],
    "clusters": {
        **{"count": 3_040, "with_several": 1_500, "largest": 1_234, "bridges_cut": 2},
        "sizes": {"1": 1_540, "2": 1_200, "3": 298, "12": 1, "14": 0, "1234": 1},
    },
    "labels": {
        **{"pairs": 1_000, "precision": 0.981, "precision_interval": [0.962, 0.991], "recall": 0.95, "f1": 0.965},
        "expected_calibration_error": 0.0123,
        "calibration": [
            {"probability": 0.0004, "share": 0.0, "pairs": 610},
            {"probability": 0.55, "share": 0.5, "pairs": 20},
            {"probability": 0.9991, "share": 1.0, "pairs": 370},
        ],
    },
}

EMPTY: dict[str, Any] = {
    **SUMMARY,
    **{"inputs": [{"name": "none.csv", "rows": 0}], "rows": 0, "columns": {}, "prior_probability": 0.0, "labels": None},
    **dict.fromkeys(["pairs_possible", "pairs_scored", "pairs_kept", "pairs_linked"], 0),
    **{"seconds": {}, "comparisons": {}, "weights": {"from": 0, "step": 1, "pairs": []}, "examples": []},
    "related": [],
    "blocking": {"estimated_recall": 1.0, "cap": 200, "rules": []},
    "clusters": {"count": 0, "with_several": 0, "largest": 0, "bridges_cut": 0, "sizes": {"1": 0}},
}


def changed(**entries: object) -> dict[str, Any]:
    return {**copy.deepcopy(SUMMARY), **entries}


@functools.cache
def shown() -> str:
    """Text of the page of `SUMMARY`."""
    return Page(page(SUMMARY)).text


@pytest.mark.parametrize(
    "told",
    [
        "Trong 5.000 bản ghi của people.parquet , 1.962 cặp có xác suất khớp (match probability) từ 0,9 trở lên",
        "còn 3.040 đối tượng khác nhau, trong đó 1.500 có từ hai bản ghi",
        "68.410 cặp được chấm điểm (pairs scored), 0,5 % trong 12.497.500 cặp có thể",
        "99,3 % độ bao phủ ước tính của phân khối",
        "1.234 bản ghi ở cụm lớn nhất",
        "1 / 8.333 hai bản ghi bất kỳ là một đối tượng",
        "1 phút 42 giây thời gian chạy",
        "3fa91c00d2e7 · ct18 0.1.0",
        "soc_sec_id mã định danh (identifier)",
    ],
)
def test_the_head_says_what_was_linked_and_how_it_went(told: str) -> None:
    assert told in shown()


def test_two_inputs_are_linked_to_each_other() -> None:
    both = [{"name": "a.parquet", "rows": 10}, {"name": "b.csv", "rows": 20}]
    text = Page(page(changed(link_type="link", inputs=both))).text
    assert "Giữa 10 bản ghi của a.parquet và 20 bản ghi của b.csv" in text
    assert "nối bản ghi giữa hai bảng (link)" in text


def test_an_example_adds_up_row_by_row() -> None:
    shown = [(bar.label, bar.note, round(bar.weight, 1)) for bar in pages.waterfall(SUMMARY["examples"][0])]
    assert shown == [
        ("tiên nghiệm (prior)", "", -13.0),
        ("given_name", "trùng hẳn", 7.3),
        ("", "↳ giá trị hiếm (TF)", 2.1),
        ("dob", "trùng hẳn", 13.2),
        ("tổng (match weight)", "", 9.6),
    ]
    bars = pages.waterfall(SUMMARY["examples"][0])
    assert [bar.start for bar in bars[1:-1]] == [bar.end for bar in bars[:-2]]
    assert bars[-2].end == pytest.approx(bars[-1].end)


def test_examples_say_why_they_were_chosen_and_what_is_missing() -> None:
    text = shown()
    assert text.index("Chắc chắn nhất (strongest)") < text.index("Vừa qua ngưỡng") < text.index("own reason")
    assert "Xác suất khớp > 0,999 · trọng số khớp +9,6 · quy tắc (rule): surname, date_of_birth" in text
    assert "given_name trùng hẳn +7,3 ↳ giá trị phổ biến (TF) −1,1" in text
    assert "Không có bằng chứng (null), tính 0: dob" in text
    assert "dob same_moon 0,0" in text
    assert "người nhà, cùng nhóm cũng giống vậy (related) −2,5" in text
    assert "chỉ nêu mã bản ghi (id), không bao giờ nêu giá trị của một bản ghi" in text


def test_every_level_shows_m_u_and_its_weight() -> None:
    text = shown()
    assert "given_name tên (given_name) có tần suất giá trị đảo chỗ hai cột (swapped) +13,3 × 10.000" in text
    assert "trùng hẳn (exact) +7,3 × 158 0,7100 0,0045" in text
    assert "xét theo given_name không kể phần đã có ở full_name" in text
    assert "trùng hẳn (exact) +13,2 × 9.556 0,8600 9,0·10⁻⁵" in text
    assert "khác nhau (different) −4,3 ÷ 19 0,0500 0,9658" in text
    assert "same_moon 0,0 × 1,0 0,0300 0,0300" in text


def test_values_that_stand_for_one_another_are_told_where_there_are_any() -> None:
    assert "Giá trị dùng thay cho nhau (equivalent)" in shown()
    assert "given_name bill ~ william; liz ~ elizabeth" in shown()
    assert "dùng thay cho nhau" not in Page(page(EMPTY)).text


def test_the_histogram_has_a_logarithmic_axis_and_both_marks() -> None:
    chart = pages.histogram(SUMMARY["weights"], 3.17)
    assert sum(bar["pairs"] for bar in chart["bars"]) == sum(SUMMARY["weights"]["pairs"])
    assert [pairs for pairs, _ in chart["ticks"]] == [1, 10, 100, 1_000, 10_000, 100_000]
    heights = {bar["pairs"]: bar["height"] for bar in chart["bars"]}
    assert 0 < heights[1] < heights[90] < heights[30_000] < 100
    assert chart["scale"].low < -21 and chart["scale"].high > 12
    text = shown()
    assert "ngưỡng: xác suất 0,9" in text and "−19 đến −18: 30.000 cặp" in text
    assert "ngưỡng = xác suất 0,5" in Page(page(changed(threshold=0.5))).text


def test_a_wide_histogram_is_folded_and_loses_no_pair() -> None:
    chart = pages.histogram({"from": -300, "step": 1, "pairs": [1] * 905}, 0.0)
    assert len(chart["bars"]) <= 100
    assert sum(bar["pairs"] for bar in chart["bars"]) == 905
    assert all(one["to"] == other["from"] for one, other in zip(chart["bars"], chart["bars"][1:], strict=False))


def test_blocking_tells_what_each_rule_brings() -> None:
    text = shown()
    assert "surname, dob 60.120 58.900 1.340 68,0 % 3 412" in text
    assert "Mọi quy tắc, mỗi cặp một lần 68.410 99,3 % 4 449" in text
    assert "trên 200 bản ghi được chia nhỏ" in text and "capture–recapture" in text


def test_clusters_are_counted_by_size_large_sizes_together() -> None:
    rows = [(row["label"], row["clusters"], row["records"]) for row in pages.cluster_sizes({"11": 1, "2": 3, "20": 2})]
    assert rows == [("2", 3, 6), ("11 – 20", 3, 51)]
    assert [row["label"] for row in pages.cluster_sizes({"10001": 1})] == ["từ 10.001"]
    text = shown()
    assert "2 1.200 2.400 48,0 %" in text and "1.001 – 10.000 1 1.234 24,7 %" in text
    assert "đã cắt ở 2 nơi" in text


def test_levels_that_moved_show_only_with_parameters_of_another_run() -> None:
    assert "Trôi tham số" not in shown()
    levels = [
        {"column": "dob", "level": "exact", "before": 12.0, "after": 9.75},
        {"column": "dob", "level": "year", "before": 2.0, "after": 2.5},
    ]
    moved = {"prior_before": 0.00012, "prior_after": 0.0015, "levels": levels}
    html = page(changed(drift=moved))
    assert "dob trùng hẳn (exact) +12,0 +9,8 −2,2" in Page(html).text
    assert "<b>−2,2</b>" in html
    assert "<b>+0,5</b>" not in html


def test_calibration_shows_only_with_labels() -> None:
    text = shown()
    assert "98,1 % độ chính xác (precision) ở ngưỡng 0,9; 95 %: 96,2 % – 99,1 %" in text
    assert "95,0 % độ bao phủ (recall) ở ngưỡng 0,9 " in text
    assert "0,012 sai số hiệu chuẩn" in text
    assert "0,550 50,0 % 29,9 % – 70,1 % 20" in text
    assert "Hiệu chuẩn" not in Page(page(changed(labels=None))).text
    without_bins = {**SUMMARY["labels"], "pairs": 0, "precision": None, "calibration": []}
    assert "– độ chính xác (precision)" in Page(page(changed(labels=without_bins))).text


def test_stages_are_in_words_and_unknown_ones_as_they_are() -> None:
    text = shown()
    assert "lập và so sánh cặp (compare) 14,0 giây" in text and "own stage 1 phút 12 giây" in text


@pytest.mark.parametrize("summary", [SUMMARY, EMPTY], ids=["full", "empty"])
def test_nothing_outside_the_page_is_referred_to(summary: dict[str, Any]) -> None:
    html = page(summary)
    assert not re.search(r"src=|href=[\"']?http|https?:|url\(|@import|\bon\w+=", html)
    read = Page(html)
    assert not read.tags & {"script", "img", "iframe", "object", "embed", "form"}
    assert {link[1:] for link in read.links if link.startswith("#")} <= read.ids
    assert all(link == "data:," or link.startswith("#") for link in read.links)


def test_a_run_that_found_nothing_has_a_page() -> None:
    text = Page(page(EMPTY)).text
    for shown in (
        "Không có cặp nào để nêu làm ví dụ.",
        "Không có cột nào được so sánh.",
        "Không có cặp nào được chấm điểm.",
        "Không có quy tắc nào.",
        "Không có cụm nào.",
        "Không đo khâu nào.",
        "không phải cắt ở nơi nào",
    ):
        assert shown in text


def test_text_of_the_data_never_becomes_markup() -> None:
    summary = changed(columns={HOSTILE: HOSTILE}, comparisons={HOSTILE: SUMMARY["comparisons"]["dob"]})
    summary["inputs"][0]["name"] = summary["model_version"] = HOSTILE
    summary["comparisons"][HOSTILE] = {
        **{"kind": HOSTILE, "term_frequency": True, "depends_on": HOSTILE, "repeats": [HOSTILE]},
        "equivalents": [(HOSTILE, HOSTILE)],
        "levels": [level(0, HOSTILE, 0.1, 0.2)],
    }
    summary["blocking"]["rules"][0]["rule"] = HOSTILE
    summary["seconds"][HOSTILE] = 1.0
    summary["examples"] = [example(HOSTILE, 0.5, [step(HOSTILE, 1, HOSTILE, 1.0, 0.5), step(HOSTILE, -1, "null", 0.0)])]
    summary["examples"][0] |= dict.fromkeys(["id_l", "id_r", "rule"], HOSTILE)
    html = page(summary)
    read, plain = Page(html), Page(page(SUMMARY))
    assert read.tags == plain.tags and read.names == plain.names
    assert read.text.count("<script src=http://x/>") >= 15
    assert "<script" not in html


def test_no_number_of_any_size_leaves_the_chart() -> None:
    scale = Scale.around([-13.0, 40.0])
    assert 0 < scale.at(-13.0) < scale.at(0) < scale.at(40.0) < 100
    assert (scale.at(-1e9), scale.at(1e9)) == (0, 100)
    assert scale.span(0.0, 0.0)[1] > 0
    assert scale.ticks(6) == [-10, 0, 10, 20, 30, 40]
    assert Scale.around([]).ticks(6) == [0]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (pages.weight(-17.24), "−17,2"),
        (pages.weight(8.25), "+8,2"),
        (pages.weight(-0.04), "0,0"),
        (pages.scale(100_000), "100.000"),
        (pages.scale(10**10), "10 tỷ"),
        (pages.rate(0.9), "0,9000"),
        (pages.rate(3.14e-6), "3,1·10⁻⁶"),
        (pages.rate(0.0), "0,0000"),
        (pages.ratio(3.0), "× 8,0"),
        (pages.ratio(-4.3), "÷ 20"),
        (pages.ratio(40.0), "× 1,1·10¹²"),
        (pages.probability(0.99996), "> 0,999"),
        (pages.probability(1e-9), "< 0,001"),
        (pages.probability(1.0), "> 0,999"),
        (pages.probability(0.0), "< 0,001"),
        (pages.given(0.5), "0,5"),
    ],
)
def test_numbers_of_the_model_as_people_read_them(shown: str, expected: str) -> None:
    assert shown == expected


@needs_chromium
def test_a_browser_without_a_network_draws_the_page(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(page(SUMMARY), encoding="utf-8")
    # an empty page of that size is a few kB
    assert screenshot(report, tmp_path, "500,4000").stat().st_size > 100_000
