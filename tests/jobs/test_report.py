"""The night's reports: what they show, that nothing personal shows, and that they open alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs import masking, tables
from jobs.errors import UserError
from jobs.report import evidence, numbers, pages, queue, queue_book, words, write_report
from jobs.report.figures import by_province, changes, changes_since
from jobs.report.outcomes import in_words
from jobs.report.printable import MAX_TEXT, clean, one_line
from jobs.settings import ReportSettings
from tests.jobs import a_night
from tests.jobs.pages import Page, needs_chromium, screenshot


@pytest.fixture(scope="module")
def night(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    return a_night.write(spark, str(tmp_path_factory.mktemp("night")))


@pytest.fixture(scope="module")
def out(night: tuple[Any, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake, run = night
    folder = tmp_path_factory.mktemp("reports")
    (folder / "index.html").write_text("the report of yesterday")
    written = write_report(lake, run, str(folder), ReportSettings(), lambda line: None)
    assert written[0] == str(folder / "index.html")
    assert sorted(written) == sorted(str(path) for path in folder.rglob("*") if path.is_file())
    return folder


@pytest.fixture(scope="module")
def cut(night: tuple[Any, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a row a workbook at most, where a workbook of an earlier night lies."""
    lake, run = night
    folder = tmp_path_factory.mktemp("cut")
    corrections = folder / "quality" / "corrections"
    corrections.mkdir(parents=True)
    (corrections / "sellers-01.xlsx").write_text("of the night before")
    write_report(lake, run, str(folder), ReportSettings(max_rows=1), lambda line: None)
    return folder


def page_of(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def rows_of(path: Path, name: str = "Hàng đợi") -> list[dict[str, Any]]:
    sheet = load_workbook(path)[name]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_every_file_of_the_contract_is_there(out: Path) -> None:
    provinces = {path.stem for path in (out / "provinces").iterdir()}
    assert provinces == {*words.PROVINCES, "khac"}
    assert len(words.PROVINCES) == len(pages.TILES) == 34
    assert (out / "quality" / "index.html").is_file()
    assert (out / "flagged_sellers.xlsx").is_file()


@pytest.mark.parametrize("name", ["index.html", "quality/index.html", "quality/sellers.html"])
def test_a_page_refers_only_to_files_of_the_report(out: Path, name: str) -> None:
    page = page_of(out / name)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "form"}
    local = [link for link in page.links if link != "data:,"]
    assert local
    assert all(((out / name).parent / link).resolve().is_file() for link in local)
    text = (out / name).read_text(encoding="utf-8")
    assert "http://" not in text.replace("http://x", "") and "https://" not in text and "url(" not in text


def test_no_identifier_reaches_a_reader(out: Path) -> None:
    for path in out.rglob("*"):
        if path.suffix == ".xlsx":
            with ZipFile(path) as book:
                text = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
        elif path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
        else:
            continue
        assert not [secret for secret in a_night.SECRETS if secret in text], path.name
        assert "0908.777.666" not in text


def test_the_page_says_in_words_how_the_night_went(out: Path) -> None:
    text = page_of(out / "index.html").text
    assert "Đêm 15/11/2026 Suy giảm" in text
    # the party with two cases counts once: 25 million, and the same for the unresolved shop
    assert "Có 4 hồ sơ đang mở của 3 người bán, thuế ước tính sàn chưa khấu trừ 50,00 triệu đồng" in text
    assert "So với đêm 14/11/2026: thêm 2 (trong đó mở lại 1), đã hết lý do 1" in text
    assert "Tài khoản ngân hàng , lượt giao 15/11/2026: giữ lại – fewer than half" in text
    assert "Đêm này dùng bức tranh ngày 14/11/2026" in text
    assert "Thuê bao viễn thông : quá hạn, chưa đến. Chưa có bức tranh nào" in text
    assert "Trần Thị Mẫu" in text and "****1234" in text


def test_text_of_the_data_never_becomes_markup(out: Path) -> None:
    assert "<b>& Bạn</b>" not in (out / "index.html").read_text(encoding="utf-8")
    assert "Công ty TNHH Mẫu <b>& Bạn</b>" in page_of(out / "index.html").text


def test_the_funnel_counts_identified_sellers_of_the_nights_year(out: Path) -> None:
    text = page_of(out / "index.html").text
    for step in (
        "Gian hàng các sàn báo cáo 13,00 tỷ đồng 6",
        "Gian hàng đã rõ người bán 10,84 tỷ đồng 4 66,7 %",
        "Người bán đứng sau một người có thể có nhiều gian hàng 3",
        "Doanh thu trên ngưỡng trên 1,00 tỷ đồng 2 66,7 %",
        "Có hồ sơ đang mở ít nhất một lý do 2 66,7 %",
    ):
        assert step in text


def test_quality_page_shows_scores_gates_and_what_failed(out: Path) -> None:
    text = page_of(out / "quality" / "index.html").text
    assert "Gian hàng trên sàn 99,9 % ▲ 81,0 % ! ▼ 90,0 % ▼ 70,0 % ✕ ▼" in text
    assert 'title="giảm 12,00 điểm so với 14/11/2026"' in (out / "quality" / "index.html").read_text(encoding="utf-8")
    assert "cập nhật quá 30 ngày: 300 dòng" in text and "thiếu số giấy tờ: 190 dòng thiếu ngày sinh: 20 dòng" in text
    assert "Gian hàng trên sàn cột khoá bị trống (shop_id) 1" in text


def test_quality_page_shows_what_has_drifted_and_what_was_taken_with_a_warning(out: Path) -> None:
    text = page_of(out / "quality" / "index.html").text
    assert "Gian hàng trên sàn phone độ dài 42,0 % 13,0 % Chưa kiểm, và vì sao" in text
    assert "Dân cư , 15/11/2026: cổng chất lượng cảnh báo: Ngày sinh phải có: 300/1.000 dòng không đạt" in text


def test_data_docs_show_every_expectation_of_the_last_night_that_judged(out: Path) -> None:
    page = page_of(out / "quality" / "sellers.html")
    assert "Tên người bán phải có cảnh báo đạt 1.000 0 0" in page.text
    assert "Số giấy tờ <b>phải có</b> cảnh báo không đạt 1.000 0 195" in page.text
    # Great Expectations' own rendering, a column each, its words in Vietnamese.
    assert "id_number Kết quả Kỳ vọng Quan sát được Số giấy tờ <b>phải có</b>" in page.text
    assert "195 giá trị không đạt, 19,5% của 1000 dòng. 80,5% có giá trị" in page.text
    assert "Của đêm trước" not in page.text
    assert {"sellers.html", "seller_parties.html"} <= set(page_of(out / "quality" / "index.html").links)
    assert "không được công bố" in page_of(out / "quality" / "seller_parties.html").text


def test_each_owner_has_a_workbook_a_province_of_what_to_mend(out: Path) -> None:
    folder = out / "quality" / "corrections"
    books = {path.stem: rows_of(path, "Cần sửa") for path in folder.iterdir()}
    assert {name: [row["Vấn đề"] for row in rows] for name, rows in books.items()} == {
        # What is mended is not asked for again; the surest comes first.
        "telecom_subscribers-79": ["không tìm thấy", "đã cũ"],
        "taxpayers-khac": ["của người đã mất"],
        "sellers-79": ["gõ nhầm"],
        "bank_accounts-79": ["của người khác"],
    }
    sim = books["telecom_subscribers-79"][1]
    assert (sim["Bản ghi"], sim["Giá trị"], sim["Gợi ý"]) == ("****7666|2024-03-01", "****1234", "****5678")
    assert (sim["Tệp"], sim["Dòng"], sim["Độ chắc chắn"]) == ("telecom_subscribers.csv", 17, 0.97)
    assert books["bank_accounts-79"][0]["Bản ghi"] == "970436 ****3456"
    # Text of the data is text, whatever it looks like.
    assert books["sellers-79"][0]["Bản ghi"] == "san_a|=HYPERLINK(1)"
    text = page_of(out / "quality" / "index.html").text
    assert "Thuê bao viễn thông" in text and "id_number không tìm thấy 1 0" in text


def test_workbooks_of_an_earlier_night_go(cut: Path) -> None:
    assert not (cut / "quality" / "corrections" / "sellers-01.xlsx").exists()


def test_a_cut_of_what_to_mend_is_stated(cut: Path) -> None:
    path = cut / "quality" / "corrections" / "telecom_subscribers-79.xlsx"
    assert [row["Vấn đề"] for row in rows_of(path, "Cần sửa")] == ["không tìm thấy"]
    legend = str(load_workbook(path)["Chú giải"]["B1"].value)
    assert "Chỉ có 1 giá trị cần sửa chắc chắn nhất trong 2; 1 còn lại không nằm trong tệp này" in legend


def test_the_queue_is_sorted_masked_and_in_words(out: Path) -> None:
    rows = rows_of(out / "flagged_sellers.xlsx")
    assert [row["Mã hồ sơ"] for row in rows] == ["b1", "c1", "a1", "a2"]
    first = rows[0]
    assert (first["Lý do"], first["Chi tiết"]) == (
        "Kê khai thiếu doanh thu",
        "không kê khai hoặc kê khai 0 đồng cho các quý đã đến hạn",
    )
    assert (first["Số định danh"], first["Mã số thuế"]) == (None, "****5678")
    assert (first["Doanh thu (đồng)"], first["Thuế ước tính (đồng)"]) == (9_000_000_000, None)
    assert (first["Mã tỉnh"], first["Tỉnh, thành"]) == ("01", "Hà Nội")
    assert rows[2]["Mọi lý do"] == "Chưa đăng ký kinh doanh với thuế, Nhiều gian hàng, từng gian không vượt ngưỡng"
    assert rows[2]["Sàn chưa khấu trừ (đồng)"] == 25_000_000
    assert rows[2]["Bằng chứng"].startswith("Doanh thu: Tổng trên mọi sàn (đồng): 1.800.000.000;")
    assert "Mây Store gọi ****" in rows[2]["Gian hàng"]


def test_a_workbook_can_be_filtered_and_runs_no_formula(out: Path) -> None:
    book = load_workbook(out / "flagged_sellers.xlsx")
    sheet = book["Hàng đợi"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, len(queue_book.COLUMNS)).column_letter}5"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]
    assert '=HYPERLINK("http://x","y")' in str(sheet["T2"].value) and "\x07" not in str(sheet["T2"].value)
    money = next(cell for cell in sheet[2] if sheet.cell(1, cell.column).value == "Doanh thu (đồng)")
    assert money.number_format == "#,##0"
    legend = {row[0]: row[1] for row in book["Chú giải"].iter_rows(values_only=True)}
    assert all(legend[column.title] == column.meaning for column in queue_book.COLUMNS)
    assert all(term.short in legend for term in words.REASONS.values())


def test_a_province_has_its_own_cases_and_the_rest_go_to_khac(out: Path) -> None:
    found = {path.stem: [row["Mã hồ sơ"] for row in rows_of(path)] for path in (out / "provinces").iterdir()}
    assert {code: cases for code, cases in found.items() if cases} == {"79": ["a1", "a2"], "01": ["b1"], "khac": ["c1"]}


def test_a_cut_of_the_queue_is_stated(cut: Path) -> None:
    assert [row["Mã hồ sơ"] for row in rows_of(cut / "flagged_sellers.xlsx")] == ["b1"]
    # a province has its own first cases, also those that the cut kept from the whole queue
    provinces = {path.stem: [row["Mã hồ sơ"] for row in rows_of(path)] for path in (cut / "provinces").iterdir()}
    assert {code: cases for code, cases in provinces.items() if cases} == {"01": ["b1"], "79": ["a1"], "khac": ["c1"]}
    legend = str(load_workbook(cut / "flagged_sellers.xlsx")["Chú giải"]["B1"].value)
    assert "Chỉ có 1 hồ sơ đang mở ưu tiên cao nhất trong 4; 3 còn lại không nằm trong tệp này" in legend
    assert "chỉ 1 trong 4 hồ sơ" in page_of(cut / "index.html").text


def test_cases_that_have_ceased_to_hold_are_in_a_book_of_their_own(out: Path) -> None:
    (ended,) = rows_of(out / "ended.xlsx", "Đã xác nhận, hết lý do")
    assert (ended["Mã hồ sơ"], ended["Tình trạng"], ended["Số định danh"]) == ("d1", "đã hết lý do", "****5678")


@pytest.mark.parametrize("count", [40, 70])
def test_a_long_evidence_is_cut_between_sentences_and_says_so(count: int) -> None:
    shops = [{"Sàn": "a", "Mã": str(number), "Tên": "x" * 900} for number in range(count)]
    *whole, last = evidence.lines(json.dumps({"Gian hàng": shops})).split("\n")
    assert all(line.endswith("x" * 900) for line in whole)
    assert last == f"… và {count - len(whole)} câu nữa trong bảng hồ sơ"
    assert len("\n".join([*whole, last])) <= MAX_TEXT


def test_a_file_in_the_way_is_the_users_mistake(night: tuple[Any, dict[str, Any]], tmp_path: Path) -> None:
    lake, run = night
    (tmp_path / "reports").write_text("")
    with pytest.raises(UserError, match="report folder"):
        write_report(lake, run, str(tmp_path / "reports"), ReportSettings(), lambda line: None)


def test_a_uri_is_no_report_folder(
    night: tuple[Any, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no URI"):
        write_report(*night, "s3a://bucket/reports", ReportSettings(), lambda line: None)
    assert not list(tmp_path.iterdir())


def test_changes_of_a_night(spark: SparkSession) -> None:
    cases = (
        # status after, status before → new, reopened, resolved, confirmed, dismissed
        ("open", None, (1, 0, 0, 0, 0)),
        ("open", "open", (0, 0, 0, 0, 0)),
        ("open", "resolved", (0, 1, 0, 0, 0)),
        ("resolved", "open", (0, 0, 1, 0, 0)),
        ("resolved", "confirmed", (0, 0, 1, 0, 0)),
        ("resolved", "resolved", (0, 0, 0, 0, 0)),
        ("dismissed", "dismissed", (0, 0, 0, 0, 0)),
        ("resolved", None, (0, 0, 0, 0, 0)),
        ("confirmed", "open", (0, 0, 0, 1, 0)),
        ("dismissed", "open", (0, 0, 0, 0, 1)),
    )
    columns = "case_id string, tax_year int, reason string, status string"
    now = [(f"case {n}", n, "UNREGISTERED", status) for n, (status, _, _) in enumerate(cases)]
    then = [(f"case {n}", n, "UNREGISTERED", was) for n, (_, was, _) in enumerate(cases) if was]
    found = changes(spark.createDataFrame(now, columns), spark.createDataFrame(then, columns)).collect()
    assert {row.tax_year: tuple(row)[2:] for row in found} == {n: expected for n, (_, _, expected) in enumerate(cases)}


def test_a_night_before_that_is_gone_is_said(night: tuple[Any, dict[str, Any]]) -> None:
    lake, run = night
    gone = {"versions": {"tables": {tables.FLAGGED_SELLERS.path: 99}}}
    assert changes_since(lake, lake.read(tables.FLAGGED_SELLERS), gone) is None


def test_shops_that_wait_for_people_stand_in_a_workbook_of_their_own(out: Path) -> None:
    (shop,) = rows_of(out / "review.xlsx", "Chờ xem xét")
    assert (shop["Sàn"], shop["Mã gian hàng"], shop["Doanh thu (đồng)"]) == ("san_a", "S0004", 1_999_000_000)
    assert (shop["Ứng viên"], shop["Số định danh"], shop["Mã số thuế"]) == ("Lê Văn Thử", "****5678", None)
    assert (shop["Tên gian hàng"], shop["Tỉnh, thành"]) == ("Mây gọi ****7.666", "TP Hồ Chí Minh")
    assert shop["Vì sao"] == "xác suất 0,400\ncần người quyết định vì người này đã mất"
    assert shop["Đã quyết"] == "không phải người bán"
    legend = str(load_workbook(out / "review.xlsx")["Chú giải"]["B1"].value)
    assert "Đủ 1 gian hàng chờ xem xét." in legend


def test_a_party_counts_once_however_many_years_and_cases_it_has(spark: SparkSession) -> None:
    columns = "province string, party string, party_type string, tax_year int, revenue_vnd bigint, due_vnd bigint"
    rows = [
        *(("79", "a", "individual", 2026, 10, 3), ("79", "a", "individual", 2026, 10, 3)),
        *(("79", "a", "individual", 2025, 7, 2), ("79", "b", "foreign", 2026, 5, None)),
        ("01", "c", "individual", 2025, 4, 1),
    ]
    found = by_province(spark.createDataFrame(rows, columns), 2026).collect()
    told = {row.province: (row.cases, row.parties, row.revenue_vnd, row.due_vnd) for row in found}
    assert told == {"79": (4, 2, 22, 5), "01": (1, 1, 4, 1)}
    assert {row.province: row.identified_parties for row in found} == {"79": 1, "01": 0}


def test_the_queue_streams_in_order_whatever_its_parts(spark: SparkSession) -> None:
    rows = [(f"case {n}", None if n == 9 else n % 4 / 4, n) for n in range(10)]
    frame = spark.createDataFrame(rows, "case_id string, priority double, revenue_vnd bigint")
    expected = ["7", "3", "6", "2", "5", "1", "8", "4", "0", "9"]
    found = [row.case_id.removeprefix("case ") for row in queue.stream(frame, 100, 3)]
    assert found == expected
    assert [row.case_id.removeprefix("case ") for row in queue.stream(frame, 4, 2)] == expected[:4]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("2000 keys, the last good picture has 5000", "chỉ 2000 khoá, bức tranh tốt gần nhất có 5000"),
        ("nothing since 2026-11-09, due every 7 day(s)", "không có gì từ 09/11/2026, hạn 7 ngày một lần"),
        ("a.csv has 3 records, the manifest says 17", "a.csv có 3 bản ghi, kê khai là 17"),
        ("gate: Bảng phải có dữ liệu", "không qua cổng chất lượng: Bảng phải có dữ liệu"),
        (
            "accepted by Lan: đã gọi ngân hàng (was held: a full delivery without rows)",
            "Lan quyết định nhận: đã gọi ngân hàng (trước đó: lượt giao toàn bộ không có dòng nào)",
        ),
        ("accepted by Lan: mùa cao điểm (was: cases: {x})", "Lan quyết định nhận: mùa cao điểm (trước đó: {x})"),
        ("something new", "something new"),
    ],
)
def test_what_became_of_a_delivery_is_told_in_vietnamese(reason: str, told: str) -> None:
    assert in_words(reason) == told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            json.dumps(a_night.EVIDENCE),
            [
                "Doanh thu: Tổng trên mọi sàn (đồng): 1.800.000.000; Ngưỡng (đồng): 1.000.000.000",
                "Nguồn: Gian hàng trên sàn: tốt; Dân cư: suy giảm",
                "Gian hàng: Sàn: san_a; Mã: S0001; Quyết định: Đã gắn; Vì sao: "
                "(xác suất 0,998; Số giấy tờ: của chính người này (****1234, trọng số +19,0); "
                "Họ tên: trùng, đảo thứ tự (Mẫu Trần ↔ Trần Mẫu, trọng số +4,2); "
                "Tỉnh, thành: trùng (Phú Thọ, trọng số +2,1))",
            ],
        ),
        ('{"Họ tên": "khớp", "độ giống": 0.93}', ["Họ tên: khớp", "độ giống: 0,930"]),
        (
            '{"Vì sao": {"name": "exact", "sim": "self"}}',
            ["Vì sao: Họ tên: trùng khi bỏ dấu; Số điện thoại: của chính người này"],
        ),
        ('{"Quý": [1, 2, 3], "Trống": []}', ["Quý: 1, 2, 3"]),
        ('["một", "hai"]', ["một", "hai"]),
        (
            '{"Doanh thu sau khi ngừng": 1250000000, "Năm": 2026, "Quá hạn": true}',
            ["Doanh thu sau khi ngừng: 1.250.000.000", "Năm: 2026", "Quá hạn: có"],
        ),
        ('{"Số giấy tờ": "079188001234"}', ["Số giấy tờ: ****1234"]),
        ('{"Gian hàng": {"Mã": "7000000000641439"}}', ["Gian hàng: Mã: 7000000000641439"]),
        ('{"Ngày ngừng": "2026-11-05"}', ["Ngày ngừng: 05/11/2026"]),
        ('{"Quyết định của cán bộ": "dismissed"}', ["Quyết định của cán bộ: đã bác"]),
        (
            '{"Vì sao": {"probability": 0.99, "held": ["người này đã mất"], "fields": []}}',
            ["Vì sao: xác suất 0,990; cần người quyết định vì người này đã mất"],
        ),
        (
            json.dumps([f"câu {n}" for n in range(62)]),
            [*(f"câu {n}" for n in range(60)), "… và 2 câu nữa trong bảng hồ sơ"],
        ),
        ("không phải JSON {", ["không phải JSON {"]),
        ("", []),
        (None, []),
    ],
)
def test_evidence_of_any_shape_becomes_sentences(text: str | None, expected: list[str]) -> None:
    assert evidence.sentences(text) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (numbers.count(1_234_567), "1.234.567"),
        (numbers.money(1_250_000_000), "1,25 tỷ đồng"),
        (numbers.money(350_000_000), "350,0 triệu đồng"),
        (numbers.money(-2_500_000), "-2,50 triệu đồng"),
        (numbers.money(2_400_000_000_000), "2,40 nghìn tỷ đồng"),
        (numbers.money(999), "999 đồng"),
        (numbers.money(None), "–"),
        (numbers.percent(0.99999), "99,9 %"),
        (numbers.percent(1.0), "100,0 %"),
        (numbers.seconds(200.4), "3 phút 20 giây"),
        (numbers.seconds(8.25), "8,2 giây"),
    ],
)
def test_numbers_read_as_in_vietnam(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (1.0, "green"),
        (0.9, "green"),
        (0.8999, "yellow"),
        (0.75, "yellow"),
        (0.7499, "red"),
        (0.0, "red"),
        (None, "grey"),
    ],
)
def test_colour_of_a_score(score: float | None, expected: str) -> None:
    assert pages.colour(score) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x1fc\ud7ff", "abc\ud7ff"),
        ("hai\r\ndòng", "hai\ndòng"),
        ("ngược \u202etxt", "ngược txt"),
        ("x" * 17_000, "x" * 15_999 + "…"),
    ],
)
def test_cell_text_is_clean_and_bounded(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_masking_leaves_the_last_four(spark: SparkSession) -> None:
    cases = {
        "079188001234": ("****1234", "****1234", "****1234"),
        "0312345678-888": ("****-888", "****5678-888", "****8-888"),
        "B123": ("****", "****", "B123"),
        " C1234567 ": ("****4567", "****4567", "C1234567"),
        "gọi 0908.777.666 nhé": ("**** nhé", "**** nhé", "gọi ****7.666 nhé"),
        "(091) 234–5678": ("****5678", "****5678", "(****5678"),
        "0912. 345. 678": ("**** 678", "**** 678", "****5. 678"),
        "Shop 2024": ("****2024", "****2024", "Shop 2024"),
    }
    frame = spark.createDataFrame([(text,) for text in cases], "text string")
    text = F.col("text")
    found = frame.select(text, masking.last_four(text), masking.tax_code(text), masking.free_name(text)).collect()
    assert {row[0]: tuple(row[1:]) for row in found} == cases
    assert frame.select(masking.last_four(F.lit(None).cast("string"))).first() == (None,)


@needs_chromium
def test_a_browser_without_a_network_draws_the_page(out: Path, tmp_path: Path) -> None:
    # an empty page of that size is a few kB
    assert screenshot(out / "index.html", tmp_path, "1200,3000").stat().st_size > 50_000


def test_a_name_is_one_line_of_letters_that_can_be_seen(spark: SparkSession) -> None:
    name = "Tiệm\r\n  trạng thái: bị bác\u202e\u200b\x1b[2J\u2028x "
    (row,) = spark.createDataFrame([(name,)], "name string").select(masking.free_name(F.col("name"))).collect()
    assert row[0] == "Tiệm   trạng thái: bị bác [2J x"
    assert one_line(name) == "Tiệm   trạng thái: bị bác [2J x "
