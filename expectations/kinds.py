"""The kinds of expectation that the suites are made of, each with its dimension, severity and Vietnamese sentence.

Dimensions are those of CV 4856/BCA-TTDLQG: `dung` (agrees with the legal source and with itself), `du` (nothing
missing), `sach` (valid and not duplicated), `song` (up to date). An expectation object belongs to one suite only, so
each kind is a function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet
from great_expectations.expectations.core.expect_column_values_to_be_unique import ExpectColumnValuesToBeUnique
from great_expectations.expectations.core.expect_column_values_to_not_be_null import ExpectColumnValuesToNotBeNull
from great_expectations.expectations.core.expect_table_row_count_to_be_between import ExpectTableRowCountToBeBetween
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.validator.validator import ValidationDependencies

from expectations import derived, vietnamese

# What an expectation speaks of: each row by itself, or the table as a whole (then it holds for all rows or for none).
ROWS, TABLE = "rows", "table"

# Why something is asked for.
_CONTRACT = "hợp đồng dữ liệu §1"
_COMPLETE = "NĐ 252/2026 điều 53.1: đầy đủ các trường"
_KEY = "CV 4856/BCA-TTDLQG: khóa định danh đạt 100 %"
_ALIVE = "NĐ 252/2026 điều 53.1: cập nhật thường xuyên"

# One row is enough. As a share of rows it costs no query of its own, as the greatest value of a column would.
_ANY = 1e-12

E = TypeVar("E", bound=Expectation)


def counts_only(expectation: type[E]) -> type[E]:
    """Let a map expectation count the rows that fail without fetching their values.

    Great Expectations samples failing values for every result format that has counts: a Spark job more for each
    expectation, and personal data in its results. Without that sample all counts of a suite come from one pass.
    """
    inherited = expectation.get_validation_dependencies

    def without_values(
        self: E,
        execution_engine: ExecutionEngine[Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> ValidationDependencies:
        """What the expectation asks for, less the values that fail."""
        dependencies = inherited(self, execution_engine, runtime_configuration)
        for name in [name for name in dependencies.metric_configurations if name.endswith(".unexpected_values")]:
            dependencies.remove_metric_configuration(name)
        return dependencies

    expectation.get_validation_dependencies = without_values  # type: ignore[assignment,method-assign]
    return expectation


@counts_only
class ExpectPresent(ExpectColumnValuesToNotBeNull):
    """The column is not null."""


@counts_only
class ExpectUnique(ExpectColumnValuesToBeUnique):
    """No value of the column stands twice."""


@counts_only
class ExpectInSet(ExpectColumnValuesToBeInSet):
    """The column is null or one of a closed set."""


@counts_only
class ExpectBetween(ExpectColumnValuesToBeBetween):
    """The column is null or lies between two numbers."""


@counts_only
class ExpectForm(ColumnMapExpectation):
    """The column is null or of a form of `vietnamese.FORMS`."""

    map_metric = vietnamese.FORM_METRIC
    success_keys = ("form", "mostly")
    form: str


def not_empty() -> Expectation:
    """The picture has rows; without any it is of no use to anyone, so this one is critical."""
    return ExpectTableRowCountToBeBetween(
        min_value=1,
        description="Bảng phải có dữ liệu",
        severity=FailureSeverity.CRITICAL,
        meta={"dimension": "du", "scope": TABLE, "ground": _CONTRACT},
    )


def present(column: str, what: str, *, critical: bool = False, mostly: float = 0.98) -> Expectation:
    """`column` is there in at least the share `mostly` of rows (all of them where critical)."""
    return ExpectPresent(column=column, **_described(f"{what} phải có", "du", critical, mostly, _COMPLETE))


def unique(column: str, what: str, *, critical: bool = False) -> Expectation:
    """No value of `column` stands twice; for a key of several columns, of `derived.KEY`."""
    return ExpectUnique(
        column=column, **_described(f"{what} không được trùng", "sach", critical, 1.0, _KEY if critical else _CONTRACT)
    )


def in_set(
    column: str, what: str, values: Sequence[str], *, critical: bool = False, mostly: float = 0.99
) -> Expectation:
    """`column` is one of `values`."""
    described = _described(f"{what} phải thuộc danh mục", "sach", critical, mostly, _CONTRACT)
    return ExpectInSet(column=column, value_set=list(values), **described)


def well_formed(column: str, what: str, form: str, *, dimension: str = "sach", mostly: float = 0.95) -> Expectation:
    """`column` has the form named (`vietnamese.FORMS`)."""
    asked = vietnamese.FORMS[form]
    described = _described(f"{what} {asked.sentence}", dimension, False, mostly, asked.ground)
    return ExpectForm(column=column, form=form, **described)


def not_negative(column: str, what: str) -> Expectation:
    """A sum or count is 0 or more."""
    return ExpectBetween(
        column=column, min_value=0, **_described(f"{what} không được âm", "sach", False, 0.99, _CONTRACT)
    )


def holds(
    column: str,
    sentence: str,
    *,
    dimension: str = "dung",
    critical: bool = False,
    mostly: float = 0.95,
    ground: str = "hợp đồng dữ liệu §2",
) -> Expectation:
    """A boolean column that `derived` made is true wherever it is not null."""
    return ExpectInSet(column=column, value_set=[True], **_described(sentence, dimension, critical, mostly, ground))


def fresh(newest_days: int, oldest_days: int) -> list[Expectation]:
    """The source is alive: a change in the last `newest_days`, few unchanged for `oldest_days`, none of the future.

    Days count back from the business date (`derived.AGE`). A change on the day after may be of the night itself.
    """
    age = derived.AGE
    newest = _described(f"phải có cập nhật trong {newest_days} ngày gần nhất", "song", False, _ANY, _ALIVE)
    of_table = {**newest["meta"], "scope": TABLE}
    old = f"mỗi dòng phải được cập nhật trong {oldest_days} ngày"
    future = "ngày cập nhật không được sau ngày nghiệp vụ"
    return [
        ExpectBetween(column=age, max_value=newest_days, **{**newest, "meta": of_table}),
        ExpectBetween(column=age, max_value=oldest_days, **_described(old, "song", False, 0.9, _ALIVE)),
        ExpectBetween(column=age, min_value=-1, **_described(future, "dung", False, 0.99, _CONTRACT)),
    ]


def _described(sentence: str, dimension: str, critical: bool, mostly: float, ground: str) -> dict[str, Any]:
    return {
        "description": sentence[0].upper() + sentence[1:],
        "severity": FailureSeverity.CRITICAL if critical else FailureSeverity.WARNING,
        "mostly": 1.0 if critical else mostly,
        "meta": {"dimension": dimension, "scope": ROWS, "ground": ground},
    }
