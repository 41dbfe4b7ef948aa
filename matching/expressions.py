"""Small building blocks of Column expressions that every module of normalisation shares."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F


def bind(c: Column, use: Callable[[Column], Column]) -> Column:
    """`use(c)` with `c` evaluated once, however often `use` names it (Spark evaluates it at each mention)."""
    return F.transform(F.array(c), use)[0]


def without_nulls(values: Column) -> Column:
    """Array of the values that are not null, each once, in their order.

    `array_compact` would do, but Spark interprets it, and whatever its array is made of.
    """
    return F.array_except(values, F.array(F.lit(None)))


def empty_to_null(c: Column) -> Column:
    """Null for an empty text."""
    return F.nullif(c, F.lit(""))


def extracted(c: Column, pattern: str, group: int = 1) -> Column:
    """Group of the first match of `pattern` in `c`; null where nothing matches or the group is empty."""
    return empty_to_null(F.regexp_extract(c, pattern, group))


def translated(c: Column, table: Mapping[str, str]) -> Column:
    """`c` with each character replaced as the table says; a character that maps to nothing is deleted."""
    kept = {left: right for left, right in table.items() if right}
    deleted = "".join(left for left, right in table.items() if not right)
    return F.translate(c, "".join(kept) + deleted, "".join(kept.values()))


def lookup(pairs: Iterable[tuple[str, str]], key: Column) -> Column:
    """Value of a literal text map for `key`, null where the map has no such key.

    The map travels as one string literal that the optimiser folds, so a table of hundreds of rows costs no plan size.
    Keys and values must not contain `;` or `=`.
    """
    entries = ";".join(f"{left}={right}" for left, right in pairs)
    return F.try_element_at(F.str_to_map(F.lit(entries), F.lit(";"), F.lit("=")), key)


def literals(values: Sequence[str] | Sequence[float]) -> Column:
    """A literal array of texts or of doubles.

    Of one piece of SQL: a `lit` each, and `array` of them, are five calls into the JVM a value.
    """
    return F.expr(f"array({', '.join(map(_literal, values))})")


def _literal(value: str | float) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"{float(value)!r}D" if math.isfinite(value) else f"double('{value}')"


def fits_mask(value: Column, prefix: Column, suffix: Column) -> Column:
    """Whether `value` begins and ends as a masked text shows it; a null prefix or suffix shows nothing."""
    return value.startswith(F.coalesce(prefix, F.lit(""))) & value.endswith(F.coalesce(suffix, F.lit("")))
