"""Vietnamese forms: what agencies may write and what counts as a fault."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.vietnamese import FORMS

# Form, values that have it, values that do not.
CASES = (
    ("personal_id", ("079190000011", "001300123456"), ("79190000011", "079 190 000 011", "07919000001x", "")),
    ("personal_id_province", ("079190000011", "096090000011"), ("000190000011", "999190000011")),
    ("cmnd", ("023456789",), ("23456789", "079190000011")),
    (
        "identity_number",
        ("079190000011", "023456789", "C1234567", "K0123456", "0100233488", "0100233488-001"),
        ("0790******12", "12345", "không có", ""),
    ),
    ("identity_number_or_masked", ("0790******12", "079190000011"), ("12345", "***", "ab*")),
    ("tax_code", ("0100233488", "0100233488-888", "079190000011"), ("0100233488888", "100233488", "010023348A")),
    ("tax_code_check_digit", ("0100233488", "0100233488-001", "079190000011", "214136634490"), ("0100233489", "123")),
    (
        "phone",
        (
            "0912345678",
            "+84 912 345 678",
            "84912345678",
            "912345678",
            "01621234567",
            "0912.345.678",
            "02838123456",
            "(024) 38251234",
        ),
        ("09123456", "0012345678", "09****1234", "091234567890", "abc"),
    ),
    ("phone_or_masked", ("09****1234", "0912345678"), ("abc", "0123")),
    (
        "birth_date",
        ("1990-05-20", "1990-00-00"),
        ("20/05/1990", "1990-13-01", "1890-01-01", "1990-05-00", "1990", "1990-02-30", "1990-04-31", "1990-05-20\n"),
    ),
    (
        "real_name",
        ("Nguyễn Thị Thúy", "NGÃ VĂN BÃO", "Ý", "Lê Thu Hiền", "TEST STUDIO VIỆT", "Abc Trần", "Lã\u00a0Thị Hoa"),
        ("test", "Test 1", "abc", "XXXX", "123", "...", "không có")
        + ("Nguyá»…n Thá»‹ ThÃºy", "\u00c4\u0090\u00c3\u00a0o", "Nguy\ufffdn"),
    ),
    (
        "real_number",
        ("079190000011", "0912345678", "012345678", "0790******12"),
        ("0123456789", "000000000", "1111111"),
    ),
    ("real_date", ("1990-05-20", "1990-00-00", "1970-01-01"), ("1900-01-01", "9999-12-31")),
    ("account_number", ("0011223344556", "SHOPTHUY88"), ("001 122", "")),
    ("bank_code", ("970436",), ("VCB", "97043")),
    ("country", ("VN", "CN"), ("vn", "VNM")),
)


def test_forms_tell_good_values_from_bad_ones(spark: SparkSession) -> None:
    expected = [(form, value, holds) for form, good, bad in CASES for value, holds in _labelled(good, bad)]
    frame = spark.createDataFrame(expected, "form string, value string, expected boolean")
    ladder = F.lit(None).cast("boolean")
    for name, form in FORMS.items():
        ladder = F.when(F.col("form") == name, form.condition(F.col("value"))).otherwise(ladder)

    wrong = frame.where(~F.coalesce(ladder, F.lit(False)).eqNullSafe(F.col("expected"))).collect()

    assert wrong == []


def test_every_form_has_cases() -> None:
    assert {form for form, _, _ in CASES} == set(FORMS)


def _labelled(good: tuple[str, ...], bad: tuple[str, ...]) -> list[tuple[str, bool]]:
    return [(value, True) for value in good] + [(value, False) for value in bad]
