"""Schemas from DDL text without a Spark session (Spark's own parser needs one).

So that table contracts are plain constants.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import types as t

_PRIMITIVES: dict[str, t.DataType] = {
    "string": t.StringType(),
    "boolean": t.BooleanType(),
    "int": t.IntegerType(),
    "bigint": t.LongType(),
    "double": t.DoubleType(),
    "date": t.DateType(),
    "timestamp": t.TimestampType(),
}


def schema(ddl: str) -> t.StructType:
    """Schema of `name type, name type, …`; types: primitives, `array<…>`, `map<…,…>`, `struct<name: type, …>`."""
    return t.StructType([_field(part) for part in _split(ddl)])


def _field(text: str) -> t.StructField:
    name, _, kind = text.replace(": ", " ", 1).partition(" ")
    return t.StructField(name, _type(kind.strip()))


def _type(kind: str) -> t.DataType:
    outer, _, inner = kind.partition("<")
    parts = list(_split(inner.removesuffix(">")))
    if outer == "array":
        return t.ArrayType(_type(parts[0]))
    if outer == "map":
        return t.MapType(_type(parts[0]), _type(parts[1]))
    if outer == "struct":
        return t.StructType([_field(part) for part in parts])
    return _PRIMITIVES[kind]


def _split(text: str) -> Iterator[str]:
    """Parts between the commas that stand outside every `<…>`."""
    depth, start = 0, 0
    for position, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            yield text[start:position].strip()
            start = position + 1
    if text[start:].strip():
        yield text[start:].strip()
