"""Vietnamese forms as an expectation of its own: native Spark conditions, no Python function a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import identifiers, tables

FORM_METRIC = "column_values.vietnamese_form"


@dataclass(frozen=True)
class Form:
    """A form that a value must have.

    Attributes:
        sentence: end of the Vietnamese sentence that names what is asked.
        condition: value as delivered → whether it has the form.
        ground: document or contract that asks for it.
    """

    sentence: str
    condition: Callable[[Column], Column]
    ground: str = "hợp đồng dữ liệu §1"


def _free_of(pattern: str) -> Callable[[Column], Column]:
    return lambda value: ~value.rlike(pattern)


def _matching(pattern: str) -> Callable[[Column], Column]:
    # Java's $ would let a final line break pass.
    return lambda value: value.rlike(f"^(?:{pattern})\\z")


_PERSONAL_ID = "[0-9]{12}"
_CMND = "[0-9]{9}"
_TAX_CODE = "[0-9]{10}(?:-[0-9]{3})?|[0-9]{12}"
_PASSPORT = "(?=[0-9]*[A-Z])[A-Z0-9]{6,9}"
_IDENTITY_NUMBER = f"{_CMND}|{_TAX_CODE}|{_PASSPORT}"
_MASKED_NUMBER = r"(?=.*\*)(?=.*[0-9])[0-9*]+"
_GAP = r"[ .\-()]*"
# With or without +84, mobiles of today, of before 2018 (01x, eleven digits) and land lines (02x), in any grouping.
_PHONE = (
    rf"(?:\(?(?:\+|00)?84\)?|\(?0)?{_GAP}"
    rf"(?:[35789](?:{_GAP}[0-9]){{8}}|1{_GAP}[2689](?:{_GAP}[0-9]){{8}}|2(?:{_GAP}[0-9]){{9}})"
)
_MASKED_PHONE = r"(?=.*\*)(?=.*[0-9])[+0-9*. \-]+"
_ERRORS = "CV 4856/BCA-TTDLQG, nhóm lỗi 1 và 4"
# The sequences of Latin-1 letters that UTF-8 leaves of Vietnamese ones; none of them stands in a name.
_MOJIBAKE = "\ufffd|[ÃÄÅÆ][\u0080-\u00bf‘’“”†‡•–—˜™š›œžŸƒ„…ˆ‰Š‹ŒŽ]|á[º»]"
_FILLER = r"^[\s\W]*(?:test|abc|xyz|xxx+|aaa+|none|null|n/a|không có|chưa rõ)[\s\W\d]*$|^[\W\d]+$"
# Case counts in what a wrong encoding leaves: `ã` before a blank that does not break is a good letter.
_NO_NAME = f"{_MOJIBAKE}|(?iuU:{_FILLER})"
_NO_NUMBER = r"^[^0-9]*(?:([0-9])\1{5,}|0?1234567890?|9876543210?)[^0-9]*$"

# Days that a month can have.
_MONTH_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9])|(?:0[13-9]|1[0-2])-30|(?:0[13578]|1[02])-31)"

# What a value must look like as the agency wrote it. Silver repairs much of what fails here (a lost zero, a hyphen),
# but it remains the agency's to mend. Plain patterns also cost a fraction of what normalising does.
FORMS: dict[str, Form] = {
    "personal_id": Form("phải gồm 12 chữ số", _matching(_PERSONAL_ID), "NĐ 137/2015 điều 13"),
    # The first three digits are the province of birth registration (births abroad: a country).
    "personal_id_province": Form(
        "phải bắt đầu bằng mã tỉnh",
        _matching(f"(?:{'|'.join(tables.values('provinces', 'old_code3'))})[0-9]*"),
        "NĐ 137/2015 điều 13",
    ),
    "cmnd": Form("phải gồm 9 chữ số", _matching(_CMND)),
    "identity_number": Form("phải là CCCD, CMND, hộ chiếu hoặc mã số thuế", _matching(_IDENTITY_NUMBER)),
    # Platforms may mask ids and phones (contract §1).
    "identity_number_or_masked": Form(
        "phải là CCCD, CMND hoặc hộ chiếu", _matching(f"{_IDENTITY_NUMBER}|{_MASKED_NUMBER}")
    ),
    "tax_code": Form("phải gồm 10, 10-3 hoặc 12 chữ số", _matching(_TAX_CODE)),
    # Weights 31 29 23 19 17 13 7 5 3, tenth digit 10 − (sum mod 11).
    "tax_code_check_digit": Form(
        "phải đúng chữ số kiểm tra", lambda value: identifiers.tax_code_grade(value) != "invalid", "TT 105/2020 điều 5"
    ),
    "phone": Form("phải là số điện thoại Việt Nam", _matching(_PHONE)),
    "phone_or_masked": Form("phải là số điện thoại Việt Nam", _matching(f"{_PHONE}|{_MASKED_PHONE}")),
    "birth_date": Form(
        "phải là ngày, hoặc năm với 00-00",
        _matching(f"(?:19|20)[0-9]{{2}}-(?:{_MONTH_DAY}|00-00)"),
    ),
    # What somebody types to get past a form, and text that went through a wrong encoding.
    "real_name": Form("không được là chữ thử, chữ điền tạm hay lỗi phông", _free_of(_NO_NAME), _ERRORS),
    "real_number": Form("không được là số thử hay số điền tạm", _free_of(_NO_NUMBER), _ERRORS),
    "real_date": Form("không được là ngày điền tạm", _free_of("^(?:1900-01-01|9999-.*)$"), _ERRORS),
    "account_number": Form("phải gồm chữ số hoặc chữ cái", _matching("[0-9A-Za-z]{4,34}")),
    "bank_code": Form("phải gồm 6 chữ số", _matching("[0-9]{6}")),
    "country": Form("phải là mã nước 2 chữ cái", _matching("[A-Z]{2}")),
}


class ColumnValuesVietnameseForm(ColumnMapMetricProvider):
    """Whether values have a form of `FORMS`."""

    condition_metric_name = FORM_METRIC
    condition_value_keys = ("form",)

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, form: str, **_: object) -> Column:  # noqa: N805 - a class method by its decorator
        return F.coalesce(FORMS[form].condition(column), F.lit(False))
