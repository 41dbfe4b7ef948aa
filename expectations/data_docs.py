"""Great Expectations' own rendering of results (Data Docs), as a part of a page that asks nothing of any network.

Its whole pages load style sheets, scripts and a tracking image from a dozen servers. The sections inside them are plain
tables: they are rendered as they are, in Vietnamese where the words are the library's, and set into a page of ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

# Before the import: it would send usage statistics out.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view import view

import expectations  # noqa: F401 - makes the kinds of our own known to the renderer
from expectations.kinds import TABLE

_WORDS = {
    "Status": "Kết quả",
    "Expectation": "Kỳ vọng",
    "Observed Value": "Quan sát được",
    "Table-Level Expectations": "Cả bảng",
}
_PHRASES = (
    ("% not null", "% có giá trị"),
    ("% unexpected", "% không đạt"),
    (" unexpected values found. ", " giá trị không đạt, "),
    (" total rows.", " dòng."),
    ("$unexpected_percent of ", "$unexpected_percent của "),
)
_POINT_OF_A_SHARE = re.compile(r"(?<=\d)\.(?=\d+%)")
# Columns that are made for judging have names of their own.
DERIVED = {
    "_age_days": "Tuổi của dòng (ngày)",
    "_key": "Khóa",
    "_resident_exists": "Có trong dân cư",
    "_taxpayer_exists": "Có trong đăng ký thuế",
    "_account_exists": "Có trong tài khoản ngân hàng",
    "_seller_exists": "Có trong danh sách gian hàng",
    "_province_known": "Mã tỉnh có trong danh mục",
    "_id_agrees": "Số định danh khớp năm sinh, giới tính",
    "_three_fields": "Số định danh, họ tên, ngày sinh",
    "_holder_agrees": "Tên chủ và số định danh",
    "_holder_alive": "Người đứng tên còn sống",
    "_document_current": "Giấy tờ còn giá trị",
    "_number_current": "Lần kích hoạt mới nhất của số",
    "_province_of_address": "Mã tỉnh và địa chỉ",
    "_not_doubled": "Bản ghi gần trùng",
    "_rows_as_before": "Số dòng so với các đêm trước",
    "_shape_kept": "Phân bố so với các đêm trước",
    "_updates_move": "Cập nhật mới nhất",
    "_on_time": "Giờ xuất dữ liệu",
    "_months_complete": "Các kỳ",
    "_units_kept": "Đơn vị tiền",
    "_platforms_report": "Các sàn",
    "_shops_sell": "Gian hàng có doanh thu",
    "_closed_after_registered": "Ngày đóng và ngày đăng ký",
    "_filed_after_period_began": "Ngày nộp và kỳ kê khai",
    "_person": "Người và năm thuế",
    "_shops_counted": "Số gian hàng",
    "_revenue_kept": "Doanh thu",
    "_explained": "Bằng chứng",
    "_of_shops": "Gian hàng của hồ sơ",
    "_above_threshold": "Doanh thu và ngưỡng",
    "_within_bounds": "Số hồ sơ so với đêm trước",
}


def sections(source: str, results: Sequence[Mapping[str, Any]]) -> str:
    """HTML of the results of one suite, column by column, without scripts, links or images.

    Args:
        source: name of the suite.
        results: results of its expectations, as `to_json_dict` gives them.
    """
    held = sum(bool(result["success"]) for result in results)
    content = {
        "success": held == len(results),
        "results": [_as_judged(result) for result in results],
        "suite_name": source,
        "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(results),
            "successful_expectations": held,
            "unsuccessful_expectations": len(results) - held,
            "success_percent": 100 * held / max(len(results), 1),
        },
        "meta": {"run_id": {"run_name": source, "run_time": "2000-01-01T00:00:00+00:00"}},
    }
    page = ValidationResultsPageRenderer().render(ExpectationSuiteValidationResultSchema().load(content))
    # The first one is an overview with links to pages that are not there.
    drawn = [_in_vietnamese(section.to_json_dict()) for section in page.sections[1:]]
    template = view.DefaultJinjaSectionView()
    return "\n".join(
        str(template.render({"section": section, "section_loop": {"index": place}}))  # type: ignore[no-untyped-call]
        for place, section in enumerate(drawn, start=1)
    )


def _as_judged(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """A result; of what is said of the table as a whole without shares of rows, of which one may have been enough."""
    if result["expectation_config"]["meta"]["scope"] != TABLE:
        return result
    return {**result, "result": {key: value for key, value in result["result"].items() if not key.startswith("unexp")}}


def _in_vietnamese(part: object) -> object:
    """The rendered content with the library's words and decimal points replaced; its templates escape nothing."""
    if isinstance(part, dict):
        return {key: _in_vietnamese(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_in_vietnamese(value) for value in part]
    if not isinstance(part, str):
        return part
    for phrase, ours in _PHRASES:
        part = part.replace(phrase, ours)
    words = _WORDS.get(part) or DERIVED.get(part) or _POINT_OF_A_SHARE.sub(",", part)
    return escape(words, quote=False)
