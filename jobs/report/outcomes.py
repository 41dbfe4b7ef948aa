"""What became of a delivery, in the words of its owner: the reasons of `ops/runs.sources` in Vietnamese."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MANIFEST = "tệp kê khai (_manifest.json)"

# A reason as the intake writes it → the same in Vietnamese; groups are filled in. A reason that is not here is shown
# as it is.
_SENTENCES: Sequence[tuple[str, str]] = (
    # held, absent
    (r"(\d+) keys, the last good picture has (\d+)", "chỉ {0} khoá, bức tranh tốt gần nhất có {1}"),
    (r"(\d+) of (\d+) rows without a readable key", "{0} trên {1} dòng không đọc được khoá"),
    (r"a full delivery without rows", "lượt giao toàn bộ không có dòng nào"),
    (r"a full delivery without a good row", "lượt giao toàn bộ không có dòng nào dùng được"),
    (r"gate: (.*)", "không qua cổng chất lượng: {0}"),
    (r"gate warns: (.*)", "cổng chất lượng cảnh báo: {0}"),
    (r"never delivered", "chưa giao lần nào"),
    (r"nothing since (\d+)-(\d+)-(\d+), due every (\d+) day\(s\)", "không có gì từ {2}/{1}/{0}, hạn {3} ngày một lần"),
    (r"only changes so far, never a full delivery", "mới có danh sách thay đổi, chưa có lượt giao toàn bộ"),
    # refused
    (r"_manifest.json is missing or cannot be read", f"thiếu {_MANIFEST}, hoặc không đọc được"),
    (r"_manifest.json is no JSON(?: object)?", f"{_MANIFEST} không phải JSON"),
    (r"_manifest.json names another source", f"{_MANIFEST} ghi tên nguồn khác"),
    (r"_manifest.json names another business_date", f"{_MANIFEST} ghi ngày nghiệp vụ khác"),
    (r"_manifest.json: mode is neither full nor delta", f"{_MANIFEST}: kiểu giao không phải full hay delta"),
    (r"_manifest.json: produced_at is no ISO 8601 timestamp", f"{_MANIFEST}: thời điểm xuất sai dạng"),
    (
        r"_manifest.json: produced_at lies outside the years (\d+) to (\d+)",
        f"{_MANIFEST}: thời điểm xuất không nằm trong các năm {{0}} đến {{1}}",
    ),
    (r"_manifest.json: files is no list", f"{_MANIFEST}: không có danh sách tệp"),
    (r"_manifest.json lists (.*) twice", f"{_MANIFEST} ghi tệp {{0}} hai lần"),
    (r"_manifest.json: file (\d+) is no object", f"{_MANIFEST}: mục tệp thứ {{0}} sai dạng"),
    (
        r"_manifest.json: file (\d+) lies outside the folder or has no plain name",
        f"{_MANIFEST}: tệp thứ {{0}} nằm ngoài thư mục hoặc có tên lạ",
    ),
    (r"_manifest.json: rows of (.*) is no count", f"{_MANIFEST}: số dòng của {{0}} sai dạng"),
    (r"_manifest.json: sha256 of (.*) is none", f"{_MANIFEST}: mã băm của {{0}} sai dạng"),
    (r"(.*): the name begins with '_' or '\.', which hides the file", "{0}: tên bắt đầu bằng '_' hoặc '.' là tệp ẩn"),
    (r"_manifest.json or its folder is a link", f"{_MANIFEST} hoặc thư mục của nó là một liên kết"),
    (r"(.*) is missing", "thiếu tệp {0}"),
    (r"a file is gone that was there when the manifest was checked", "một tệp đã mất sau khi kiểm tra tệp kê khai"),
    (r"(.*) is a link", "{0} là một liên kết"),
    (r"(.*) is in no format of the contract", "{0} không thuộc định dạng nào của hợp đồng dữ liệu"),
    (r"(.*) is in a second format", "{0} khác định dạng với các tệp kia"),
    (r"(.*) has another sha256 than the manifest says", "nội dung {0} khác mã băm đã kê khai"),
    (r"(.*) cannot be read", "không đọc được {0}"),
    (r"(.*) is larger than 1 GiB: text comes in smaller files", "{0} lớn hơn 1 GiB: cần chia thành tệp nhỏ hơn"),
    (r"(.*) has (\d+) records, the manifest says (\d+)", "{0} có {1} bản ghi, kê khai là {2}"),
    (r"(.*) is not readable as (.*)", "{0} không đọc được theo định dạng {1}"),
    (r"(.*) is truncated or no gzip", "{0} bị cắt cụt hoặc không phải gzip"),
    (r"(.*) unpacks to more than (\d+) times its size", "{0} giải nén ra hơn {1} lần kích thước"),
    (r"(.*) ends inside a quoted field", "{0} kết thúc giữa một trường trong ngoặc kép"),
    (r"(.*) holds no JSON object", "{0} không có đối tượng JSON nào"),
    (r"(.*) has no column (.*)", "{0} thiếu cột {1}"),
    (r"(.*) has column (.*) twice", "{0} có cột {1} hai lần"),
    (r"(.*): column (.*) is (.*), due is (.*)", "{0}: cột {1} có kiểu {2}, phải là {3}"),
)
_PATTERNS = [(re.compile(pattern, re.DOTALL), sentence) for pattern, sentence in _SENTENCES]
_ACCEPTED = re.compile(r"accepted by (.*?): (.*) \(was:? (?:[a-z_]+: )?(.*)\)", re.DOTALL)


def in_words(reason: str) -> str:
    """A reason in Vietnamese: `a.csv is missing` → "thiếu tệp a.csv"."""
    accepted = _ACCEPTED.fullmatch(reason)
    if accepted is not None:
        return f"{accepted[1]} quyết định nhận: {accepted[2]} (trước đó: {in_words(accepted[3])})"
    for pattern, sentence in _PATTERNS:
        found = pattern.fullmatch(reason)
        if found is not None:
            return sentence.format(*found.groups())
    return reason
