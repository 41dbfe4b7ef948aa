"""The kinds of expectation that the suites are made of, each with its dimension, severity and Vietnamese sentence.

Dimensions are those of CV 4856/BCA-TTDLQG: `dung` (agrees with the legal source and with itself), `du` (nothing
missing), `sach` (valid and not duplicated), `song` (up to date). An expectation object belongs to one suite only, so
each kind is a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from pyspark.sql import Column
from pyspark.sql import functions as F

from expectations import derived, vietnamese
from matching.expressions import without_nulls

# What an expectation speaks of: each row by itself, or the table as a whole (then it holds for all rows or for none).
ROWS, TABLE = "rows", "table"

# Why something is asked for.
_CONTRACT = "hợp đồng dữ liệu §1"
_SOURCES = "hợp đồng dữ liệu §2"
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

    def broken(self) -> Column:
        """Whether a row breaks it."""
        return F.col(self.column).isNull()


@counts_only
class ExpectUnique(ExpectColumnValuesToBeUnique):
    """No value of the column stands twice."""


@counts_only
class ExpectInSet(ExpectColumnValuesToBeInSet):
    """The column is null or one of a closed set."""

    def broken(self) -> Column:
        """Whether a row breaks it; null where the column is."""
        return ~F.col(self.column).isin(self.value_set)


@counts_only
class ExpectBetween(ExpectColumnValuesToBeBetween):
    """The column is null or lies between two numbers."""

    def broken(self) -> Column:
        """Whether a row breaks it; null where the column is."""
        value, never = F.col(self.column), F.lit(False)
        below = never if self.min_value is None else value < F.lit(self.min_value)
        above = never if self.max_value is None else value > F.lit(self.max_value)
        return below | above


@counts_only
class ExpectForm(ColumnMapExpectation):
    """The column is null or of a form of `vietnamese.FORMS`."""

    map_metric = vietnamese.FORM_METRIC
    success_keys = ("form", "mostly")
    form: str

    def broken(self) -> Column:
        """Whether a row breaks it; null where the column is."""
        value = F.col(self.column)
        return value.isNotNull() & ~F.coalesce(vietnamese.FORMS[self.form].condition(value), F.lit(False))


def broken_rules(suite: Iterable[Expectation]) -> Column:
    """Codes of the rules of a suite that a row breaks, in the order of the suite; empty where it breaks none.

    Of rules on single rows. That a key stands once is of more rows than one; a picture has each key once by its making.
    """
    rules = [each for each in suite if isinstance(each, ExpectPresent | ExpectInSet | ExpectBetween | ExpectForm)]
    told = [(each, each.meta or {}) for each in rules]
    codes = [F.when(each.broken(), F.lit(meta["rule"])) for each, meta in told if meta["scope"] == ROWS]
    return without_nulls(F.array(*codes))


def not_empty() -> Expectation:
    """The picture has rows; without any it is of no use to anyone, so this one is critical."""
    asked = _described("table.not_empty", "bảng phải có dữ liệu", "du", critical=True, mostly=1.0, ground=_CONTRACT)
    return ExpectTableRowCountToBeBetween(
        min_value=1, description=asked["description"], severity=asked["severity"], meta=_of_table(asked["meta"])
    )


def present(column: str, what: str, *, critical: bool = False, mostly: float = 0.98) -> Expectation:
    """`column` is there in at least the share `mostly` of rows (all of them where critical)."""
    rule = _code(column, "present")
    return ExpectPresent(column=column, **_described(rule, f"{what} phải có", "du", critical, mostly, _COMPLETE))


def unique(column: str, what: str, *, critical: bool = False) -> Expectation:
    """No value of `column` stands twice; for a key of several columns, of `derived.KEY`."""
    rule, ground = _code(column, "unique"), _KEY if critical else _CONTRACT
    return ExpectUnique(column=column, **_described(rule, f"{what} không được trùng", "sach", critical, 1.0, ground))


def in_set(
    column: str, what: str, values: Sequence[str], *, critical: bool = False, mostly: float = 0.99
) -> Expectation:
    """`column` is one of `values`."""
    rule = _code(column, "in_set")
    described = _described(rule, f"{what} phải thuộc danh mục", "sach", critical, mostly, _CONTRACT)
    return ExpectInSet(column=column, value_set=list(values), **described)


def well_formed(column: str, what: str, form: str, *, dimension: str = "sach", mostly: float = 0.9) -> Expectation:
    """`column` has the form named (`vietnamese.FORMS`)."""
    asked = vietnamese.FORMS[form]
    described = _described(_code(column, form), f"{what} {asked.sentence}", dimension, False, mostly, asked.ground)
    return ExpectForm(column=column, form=form, **described)


def not_negative(column: str, what: str) -> Expectation:
    """A sum or count is 0 or more."""
    rule = _code(column, "not_negative")
    return ExpectBetween(
        column=column, min_value=0, **_described(rule, f"{what} không được âm", "sach", False, 0.99, _CONTRACT)
    )


def holds(
    column: str,
    sentence: str,
    *,
    dimension: str = "dung",
    critical: bool = False,
    mostly: float = 0.95,
    ground: str = _SOURCES,
) -> Expectation:
    """A boolean column that `derived` made is true wherever it is not null."""
    described = _described(_code(column), sentence, dimension, critical, mostly, ground)
    return ExpectInSet(column=column, value_set=[True], **described)


def kept(column: str, sentence: str, *, dimension: str, ground: str = _SOURCES) -> Expectation:
    """A boolean column that says the same of every row, for it speaks of the table; null where nothing can be said."""
    described = _described(_code(column), sentence, dimension, False, 1.0, ground)
    return ExpectInSet(column=column, value_set=[True], **{**described, "meta": _of_table(described["meta"])})


def usual() -> list[Expectation]:
    """The picture is like those of the last accepted nights: rows, distributions; its updates move, it came in time."""
    return [
        kept("_rows_as_before", "số dòng phải gần bằng các đêm trước", dimension="du"),
        kept("_shape_kept", "phân bố giá trị các cột phải giống các đêm trước", dimension="dung"),
        kept("_updates_move", "lượt giao toàn bộ phải có cập nhật mới hơn lượt trước", dimension="song", ground=_ALIVE),
        kept("_on_time", "lượt giao phải được xuất đúng giờ đã hẹn", dimension="song", ground=_ALIVE),
    ]


def fresh(newest_days: int, oldest_days: int) -> list[Expectation]:
    """The source is alive: a change in the last `newest_days`, few unchanged for `oldest_days`, none of the future.

    Days count back from the business date (`derived.AGE`). A change on the day after may be of the night itself.
    """
    age = derived.AGE
    newest = _described(
        "updated_at.recent", f"phải có cập nhật trong {newest_days} ngày gần nhất", "song", False, _ANY, _ALIVE
    )
    of_table = {**newest, "meta": _of_table(newest["meta"])}
    old = f"mỗi dòng phải được cập nhật trong {oldest_days} ngày"
    future = "ngày cập nhật không được sau ngày nghiệp vụ"
    return [
        ExpectBetween(column=age, max_value=newest_days, **of_table),
        ExpectBetween(
            column=age, max_value=oldest_days, **_described("updated_at.not_old", old, "song", False, 0.9, _ALIVE)
        ),
        ExpectBetween(
            column=age, min_value=-1, **_described("updated_at.not_future", future, "dung", False, 0.99, _CONTRACT)
        ),
    ]


def _code(column: str, kind: str = "") -> str:
    """Code of a rule: the column, less the mark of a derived one, and what is asked of it."""
    return f"{column.lstrip('_')}.{kind}" if kind else column.lstrip("_")


def _of_table(meta: dict[str, str]) -> dict[str, str]:
    return {**meta, "scope": TABLE}


def _described(rule: str, sentence: str, dimension: str, critical: bool, mostly: float, ground: str) -> dict[str, Any]:
    return {
        "description": sentence[0].upper() + sentence[1:],
        "severity": FailureSeverity.CRITICAL if critical else FailureSeverity.WARNING,
        "mostly": 1.0 if critical else mostly,
        "meta": {"rule": rule, "dimension": dimension, "scope": ROWS, "ground": ground},
    }
