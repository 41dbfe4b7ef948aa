"""Records of one CSV or JSON-lines file, as Arrow batches of text; runs in Python workers, without Spark.

Spark's own readers give no record numbers, replace bad UTF-8 in silence and cannot split quoted or gzipped text.
A batch holds every column that is due as text, and `_file, _row_number, _raw, _problems, _broken`:
    _problems   codes of `jobs.reasons`, each ended by `;`, empty where the record can be read
    _broken     in a row of its own: why the whole file must be refused
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.reasons import Reason

# Records that are handled together: small enough to stay in the processor's cache.
CHUNK = 2048
# What a packed file may unpack to, times its size: text of tables packs to a tenth or so. And what it always may.
_MOST_PACKED = 100
_ALWAYS_UNPACKED = 16 * 1024 * 1024

ORIGIN_COLUMNS = ("_file", "_row_number", "_raw", "_problems", "_broken")


@dataclass(frozen=True)
class Wanted:
    """What to read from a file.

    Attributes:
        columns: column → `string`, `int`, `date` or `timestamp`.
        rows: file → records that the manifest promises.
        keep_raw: whether the record's own text is handed on.
    """

    columns: dict[str, str]
    rows: dict[str, int]
    keep_raw: bool


class _Broken(Exception):  # noqa: N818 - it names the state of the file
    """The file is not what it claims to be."""


@dataclass
class _Chunk:
    """Some records on their way into a batch.

    Attributes:
        size: how many.
        values: text by column.
        raw: the records' own text, if it is wanted.
        ignored: further text of the records, only looked at for bytes that are no UTF-8.
        empty_is_null: whether an empty text is none.
        problems: codes by position in the chunk.
    """

    size: int
    values: dict[str, Sequence[str | None]]
    raw: Sequence[str | None] | None
    ignored: list[Sequence[str | None]]
    empty_is_null: bool
    problems: dict[int, list[str]] = field(default_factory=dict)

    def blame(self, position: int, reason: Reason, column: str | None = None) -> None:
        """Note what is wrong with a record."""
        self.problems.setdefault(position, []).append(reason.of(column))


def csv_batches(name: str, content: bytes, wanted: Wanted, zipped: bool) -> Iterator[pa.RecordBatch]:
    """Batches of a CSV file: header row, comma, RFC 4180 quotes, UTF-8 with or without a byte order mark."""
    return _batches(name, content, wanted, zipped, _csv_chunks)


def json_batches(name: str, content: bytes, wanted: Wanted, zipped: bool) -> Iterator[pa.RecordBatch]:
    """Batches of a JSON-lines file: one object a line; an absent field is null."""
    return _batches(name, content, wanted, zipped, _json_chunks)


def _batches(
    name: str,
    content: bytes,
    wanted: Wanted,
    zipped: bool,
    chunks: Callable[[io.TextIOWrapper, Wanted], Iterator[_Chunk]],
) -> Iterator[pa.RecordBatch]:
    count = 0
    try:
        for chunk in chunks(_text(content, zipped), wanted):
            yield _batch(name, count, chunk, wanted)
            count += chunk.size
        if count != wanted.rows[name]:
            raise _Broken(f"has {count} records, the manifest says {wanted.rows[name]}")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        yield _broken_batch(name, "is truncated or no gzip", wanted)
    except _Broken as error:
        yield _broken_batch(name, str(error), wanted)


def _text(content: bytes, zipped: bool) -> io.TextIOWrapper:
    """Text of a file; bytes that are no UTF-8 become lone surrogates, which no valid text can hold."""
    stream: Any = _Unpacked(content) if zipped else io.BytesIO(content)
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")


class _Unpacked(gzip.GzipFile):
    """What a packed file holds, as far as it is no more than any table's text packs to."""

    def __init__(self, content: bytes) -> None:
        super().__init__(fileobj=io.BytesIO(content))
        self._left = max(_MOST_PACKED * len(content), _ALWAYS_UNPACKED)

    def read1(self, size: int = -1) -> bytes:
        """Some of it; a file that unpacks to far more than others would take all memory."""
        found = super().read1(size)
        self._left -= len(found)
        if self._left < 0:
            raise _Broken(f"unpacks to more than {_MOST_PACKED} times its size")
        return found


# ── CSV ──

# A line that no file holds, after the last one: if the last record swallows it, the file ended inside quotes.
_END = "\x00end of file\x00\n"


class _Lines:
    """Lines of a text, remembering those handed out since the last `take`."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self._taken.append(line)
        return line

    def take(self) -> str:
        """The lines read since the last call, as they came."""
        record = "".join(self._taken)
        self._taken.clear()
        return record


def _csv_chunks(text: io.TextIOWrapper, wanted: Wanted) -> Iterator[_Chunk]:
    csv.field_size_limit(sys.maxsize)
    lines = _Lines(chain(text, (_END,)))
    # Remembering lines costs as much as parsing them: only where they are wanted.
    reader = csv.reader(lines if wanted.keep_raw else chain(text, (_END,)))
    header = next(reader)
    positions = _positions(header, wanted.columns)
    lines.take()
    records = _with_raw(reader, lines) if wanted.keep_raw else reader
    ended = False
    while found := list(islice(records, CHUNK)):
        ended = found[-1][:1] == [_END.rstrip()]
        chunk = _csv_chunk(found[:-1] if ended else found, header, positions, wanted.keep_raw)
        if chunk.size:
            yield chunk
    if not ended:
        raise _Broken("ends inside a quoted field")


def _with_raw(reader: Iterable[list[str]], lines: _Lines) -> Iterator[list[str]]:
    """Records with their own text as one more field."""
    for fields in reader:
        raw = lines.take().rstrip("\r\n")
        yield [*fields, raw] if fields else []


def _positions(header: list[str], columns: Iterable[str]) -> dict[str, int]:
    for column in columns:
        if header.count(column) != 1:
            raise _Broken(f"has no column {column}" if column not in header else f"has column {column} twice")
    return {column: header.index(column) for column in columns}


def _csv_chunk(found: list[list[str]], header: list[str], positions: dict[str, int], keep_raw: bool) -> _Chunk:
    records: list[list[Any]] = [fields for fields in found if fields]  # an empty line is no record
    chunk = _Chunk(len(records), {}, None, [], empty_is_null=True)
    width = len(header) + keep_raw
    if set(map(len, records)) - {width}:
        for position, fields in enumerate(records):
            if len(fields) != width:
                chunk.blame(position, Reason.FIELD_COUNT)
                records[position] = [None] * len(header) + (fields[-1:] if keep_raw else [])
    columns: list[tuple[Any, ...]] = list(zip(*records, strict=True)) or [()] * width
    chunk.raw = columns[-1] if keep_raw else None
    chunk.values = {column: columns[at] for column, at in positions.items()}
    chunk.ignored = [columns[at] for at in set(range(len(header))) - set(positions.values())]
    return chunk


# ── JSON lines ──


def _no_constant(name: str) -> None:
    raise ValueError(name)


# NaN and Infinity are no JSON; decimals keep their digits.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def _json_chunks(text: io.TextIOWrapper, wanted: Wanted) -> Iterator[_Chunk]:
    total = malformed = 0
    while lines := list(islice(text, CHUNK)):
        records = [line.rstrip("\r\n") for line in lines if not line.isspace()]
        chunk = _json_chunk(records, wanted)
        total += chunk.size
        malformed += sum(codes == [Reason.BAD_RECORD] for codes in chunk.problems.values())
        if chunk.size:
            yield chunk
    # One line alone may be a record that was cut off; of several that are none the file is of another format.
    if total > 1 and malformed == total:
        raise _Broken("holds no JSON object")


def _json_chunk(records: list[str], wanted: Wanted) -> _Chunk:
    chunk = _Chunk(len(records), {}, records if wanted.keep_raw else None, [records], empty_is_null=False)
    objects = [_json_object(record) for record in records]
    for position, found in enumerate(objects):
        if found is None:
            chunk.blame(position, Reason.BAD_RECORD)
    for column, kind in wanted.columns.items():
        chunk.values[column] = _json_column(chunk, column, kind, [(found or {}).get(column) for found in objects])
    return chunk


def _json_object(record: str) -> dict[str, Any] | None:
    try:
        found = _DECODER.decode(record)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return found if isinstance(found, dict) else None


def _json_column(chunk: _Chunk, column: str, kind: str, values: list[Any]) -> list[str | None]:
    if kind != "int" and set(map(type, values)) <= {str, type(None)}:
        return values
    texts: list[str | None] = []
    for position, value in enumerate(values):
        text = _integer_text(value) if kind == "int" else value if isinstance(value, str) else None
        if text is None and value is not None:
            chunk.blame(position, Reason.BAD_TYPE, column)
        texts.append(text)
    return texts


def _integer_text(value: object) -> str | None:
    """Digits of a JSON number that is a whole one (`1`, `1.0`, `1e3`); a string or a boolean is none."""
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal) and value.adjusted() < 20 and value == value.to_integral_value():
        return str(int(value))
    return None


# ── batches ──


def schema(columns: Iterable[str]) -> pa.Schema:
    """Arrow schema of the batches."""
    texts = [(column, pa.string()) for column in columns]
    origin = [(column, pa.int64() if column == "_row_number" else pa.string()) for column in ORIGIN_COLUMNS]
    return pa.schema([*texts, *origin])


def _batch(name: str, start: int, chunk: _Chunk, wanted: Wanted) -> pa.RecordBatch:
    arrays = [_array(chunk, chunk.values[column], column) for column in wanted.columns]
    for values in chunk.ignored:
        _array(chunk, values, None)
    problems = [""] * chunk.size
    for position, codes in chunk.problems.items():
        problems[position] = "".join(f"{code};" for code in codes)
    origin = [
        pa.array([name] * chunk.size, pa.string()),
        pa.array(range(start + 1, start + chunk.size + 1), pa.int64()),
        pa.nulls(chunk.size, pa.string()) if chunk.raw is None else pa.array(map(_printable, chunk.raw), pa.string()),
        pa.array(problems, pa.string()),
        pa.nulls(chunk.size, pa.string()),
    ]
    return pa.RecordBatch.from_arrays([*arrays, *origin], schema=schema(wanted.columns))


def _array(chunk: _Chunk, values: Sequence[str | None], column: str | None) -> pa.Array:
    """Values as Arrow text; those with bytes that are no UTF-8 are blamed and become null."""
    try:
        array = pa.array(values, pa.string())
        return pc.if_else(pc.equal(array, ""), None, array) if chunk.empty_is_null else array
    except UnicodeEncodeError:
        bad = {position for position, value in enumerate(values) if value is not None and not _is_unicode(value)}
    for position in sorted(bad):
        if column is not None or not any(code.startswith(Reason.BAD_UTF8) for code in chunk.problems.get(position, ())):
            chunk.blame(position, Reason.BAD_UTF8, column)
    return _array(chunk, [None if position in bad else value for position, value in enumerate(values)], column)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str | None) -> str | None:
    r"""Text with its bad bytes as `\\xNN`."""
    return None if text is None else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _broken_batch(name: str, why: str, wanted: Wanted) -> pa.RecordBatch:
    row = {"_file": name, "_problems": "", "_broken": f"{name} {why}"}
    return pa.RecordBatch.from_pylist([row], schema=schema(wanted.columns))
