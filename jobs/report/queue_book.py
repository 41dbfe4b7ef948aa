"""The workbook of the queue: one row a case, masked, and what every column, reason and detail means."""

from __future__ import annotations

from pyspark.sql import Row

from jobs.report import evidence, numbers, words
from jobs.report.workbook import DATE, MONEY, SHARE, TEXT, WHOLE, Column, Layout


def _shops(case: Row) -> str:
    lines = [
        f"{shop.platform} {shop.shop_id} · {shop.shop_name or 'không tên'} · {numbers.money(shop.revenue_vnd)}"
        f" · {words.say(words.MATCH_TYPES, shop.match_type)} {numbers.probability(shop.match_probability, 3)}"
        for shop in case.shops or []
    ]
    hidden = case.shop_count - len(lines)
    return "\n".join([*lines, f"… và {numbers.count(hidden)} gian hàng nữa"] if hidden > 0 else lines)


def _reasons(case: Row) -> str:
    return ", ".join(words.say(words.REASONS, reason) for reason in case.reasons_all or [])


COLUMNS = (
    Column(
        "Ưu tiên",
        "0–1, càng lớn càng nên xem trước: xác suất × t / (t + 50 triệu), t là thuế sàn chưa khấu trừ, với tổ chức là "
        "5 % doanh thu; có thể chỉ là gõ nhầm thì 0.",
        9,
        SHARE,
        lambda c: c.priority,
    ),
    Column("Mã hồ sơ", "Giữ nguyên qua các đêm; không suy ngược ra người.", 20, TEXT, lambda c: c.case_id),
    Column("Năm thuế", "Năm dương lịch của doanh thu.", 9, WHOLE, lambda c: c.tax_year),
    Column(
        "Lý do",
        "Lý do của hồ sơ này; xem bảng lý do bên dưới.",
        24,
        TEXT,
        lambda c: words.say(words.REASONS, c.reason),
    ),
    Column("Chi tiết", "Dạng cụ thể của lý do.", 24, TEXT, lambda c: words.say(words.DETAILS, c.detail)),
    Column("Mọi lý do", "Tất cả lý do đang đúng với người bán này.", 24, TEXT, _reasons),
    Column(
        "Loại người bán",
        "Cá nhân, hộ kinh doanh, tổ chức, nước ngoài, chưa xác định.",
        16,
        TEXT,
        lambda c: words.say(words.PARTY_TYPES, c.party_type),
    ),
    Column("Tên", "Tên người bán; trống khi chưa xác định.", 26, TEXT, lambda c: c.party_name),
    Column("Số định danh", "Che, chỉ còn bốn ký tự cuối.", 13, TEXT, lambda c: c.personal_id),
    Column("Mã số thuế", "Che, chỉ còn bốn ký tự cuối.", 13, TEXT, lambda c: c.tax_code),
    Column(
        "Mã tỉnh",
        "Mã 34 tỉnh, thành: nơi cư trú hoặc trụ sở, nếu không rõ thì nơi lấy hàng.",
        8,
        TEXT,
        lambda c: c.province_code,
    ),
    Column("Tỉnh, thành", "Tên theo mã tỉnh.", 15, TEXT, lambda c: words.province(c.province_code)),
    Column(
        "Doanh thu (đồng)",
        "Cả năm thuế đến đêm này, mọi sàn, mọi nhóm, đã trừ hủy và trả lại.",
        17,
        MONEY,
        lambda c: c.revenue_vnd,
    ),
    Column(
        "Ngưỡng (đồng)",
        "Ngưỡng của năm thuế; trống khi lý do tính mọi doanh thu.",
        17,
        MONEY,
        lambda c: c.threshold_vnd,
    ),
    Column(
        "Thuế ước tính (đồng)",
        "GTGT và TNCN theo tỷ lệ trên doanh thu từng nhóm; trống với tổ chức.",
        17,
        MONEY,
        lambda c: c.estimated_tax_vnd,
    ),
    Column("Sàn đã khấu trừ (đồng)", "Thuế các sàn đã khấu trừ trong năm.", 17, MONEY, lambda c: c.withheld_vnd),
    Column(
        "Sàn chưa khấu trừ (đồng)",
        "Thuế ước tính trừ phần sàn đã khấu trừ, không âm; chưa trừ thuế đã nộp theo tờ khai (ở bằng chứng).",
        17,
        MONEY,
        lambda c: c.due_vnd,
    ),
    Column(
        "Xác suất khớp",
        "Độ chắc chắn rằng đúng người và đúng doanh thu; trống khi chưa rõ chủ.",
        11,
        SHARE,
        lambda c: c.match_probability,
    ),
    Column("Số gian hàng", "Mọi gian hàng của người bán.", 9, MONEY, lambda c: c.shop_count),
    Column("Gian hàng", "Sàn, mã, tên, doanh thu, bằng chứng và xác suất; lớn trước.", 50, TEXT, _shops),
    Column("Bằng chứng", "Từng trường: vì sao; giá trị đã che.", 60, TEXT, lambda c: evidence.lines(c.evidence)),
    Column("Căn cứ pháp lý", "Văn bản của ngưỡng và nghĩa vụ.", 36, TEXT, lambda c: c.legal_basis),
    Column("Phát hiện từ", "Đêm đầu tiên hồ sơ được mở.", 12, DATE, lambda c: c.first_flagged_on),
    Column("Xem lại ngày", "Đêm gần nhất đã xét hồ sơ.", 12, DATE, lambda c: c.business_date),
    Column(
        "Chất lượng nguồn",
        "Chất lượng đêm đó của các nguồn làm bằng chứng: tốt hoặc suy giảm.",
        12,
        TEXT,
        lambda c: words.say(words.EVIDENCE_QUALITY, c.quality),
    ),
)

_LEGEND = (
    ("", ""),
    *(
        ("Các lý do", "Khi nào"),
        *((term.short, f"{term.meaning} ({code})") for code, term in words.REASONS.items()),
    ),
    ("", ""),
    *(("Các chi tiết", "Mã"), *((meaning, code) for code, meaning in words.DETAILS.items())),
    ("", ""),
    ("Trọng số (trong bằng chứng)", words.WEIGHT),
)

LAYOUT = Layout(
    sheet="Hàng đợi",
    columns=COLUMNS,
    legend=_LEGEND,
    rows="hồ sơ đang mở",
    first="ưu tiên cao nhất",
    height=48,
)

# Of cases that are no longer in the queue.
ENDED = Layout(
    sheet="Đã xác nhận, hết lý do",
    columns=(
        Column(
            "Tình trạng",
            "Đã xác nhận: cán bộ đã quyết định. Hết lý do: đến đêm này lý do không còn đúng; số liệu là của lần cuối.",
            16,
            TEXT,
            lambda c: words.say(words.CASE_STATUSES, c.status),
        ),
        *COLUMNS[1:],
    ),
    legend=_LEGEND,
    rows="hồ sơ đã xác nhận hoặc vừa hết lý do",
    first="doanh thu lớn nhất",
    height=48,
)
