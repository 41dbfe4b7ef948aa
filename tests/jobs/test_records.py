"""CSV and JSON lines, record by record: what is read, what is blamed, what makes a whole file unreadable."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from jobs import records
from jobs.records import Wanted

COLUMNS = {"id": "string", "n": "int", "name": "string"}


def parse(content: bytes, rows: int, kind: str = "csv", keep_raw: bool = False) -> list[dict[str, Any]]:
    wanted = Wanted(COLUMNS, {"f": rows}, keep_raw)
    read = records.csv_batches if kind.startswith("csv") else records.json_batches
    batches: Iterator[pa.RecordBatch] = read("f", content, wanted, kind.endswith("gz"))
    return [row for batch in batches for row in batch.to_pylist()]


def values(content: bytes, rows: int, kind: str = "csv") -> list[tuple[Any, ...]]:
    found = parse(content, rows, kind)
    assert [row["_broken"] or row["_problems"] for row in found] == [""] * rows
    assert [row["_row_number"] for row in found] == list(range(1, rows + 1))
    return [tuple(row[column] for column in COLUMNS) for row in found]


ONE = [("1", "2", "An")]
CSV: dict[str, tuple[bytes, list[tuple[Any, ...]]]] = {
    "plain": (b"id,n,name\n1,2,An\n", ONE),
    "no line break at the end": (b"id,n,name\n1,2,An", ONE),
    "windows line breaks": (b"id,n,name\r\n1,2,An\r\n", ONE),
    "old line breaks": (b"id,n,name\r1,2,An\r", ONE),
    "a byte order mark": (b"\xef\xbb\xbfid,n,name\n1,2,An\n", ONE),
    "a quoted byte order mark": (b'\xef\xbb\xbf"id",n,name\n1,2,An\n', ONE),
    "columns in another order, and more of them": (b"x,name,id,y,n\n9,An,1,9,2\n", ONE),
    "quotes": (b'id,n,name\n"1","2","An"\n', ONE),
    "a comma, quotes and line breaks inside quotes": (
        b'id,n,name\n1,2,"a, ""b""\r\nc\nd"\n2,2,An\n',
        [("1", "2", 'a, "b"\r\nc\nd'), ("2", "2", "An")],
    ),
    "a quote inside an unquoted field": (b'id,n,name\n1,2,5" tv\n', [("1", "2", '5" tv')]),
    "empty fields are null, quoted or not": (b'id,n,name\n1,,""\n', [("1", None, None)]),
    "blanks stay": (b"id,n,name\n 1 ,2, \n", [(" 1 ", "2", " ")]),
    "empty lines are no records": (b"id,n,name\n\n1,2,An\n\r\n\n", ONE),
    "composed and decomposed letters stay as typed": (
        "id,n,name\n1,2,Ấ\n2,2,Ấ\n".encode(),
        [("1", "2", "Ấ"), ("2", "2", "Ấ")],
    ),
    "only a header": (b"id,n,name\n", []),
    "leading zeros": (b"id,n,name\n001,002,An\n", [("001", "002", "An")]),
}


@pytest.mark.parametrize(("content", "expected"), CSV.values(), ids=list(CSV))
def test_csv(content: bytes, expected: list[tuple[Any, ...]]) -> None:
    assert values(content, len(expected)) == expected
    assert values(gzip.compress(content), len(expected), "csv.gz") == expected


JSON: dict[str, tuple[bytes, list[tuple[Any, ...]]]] = {
    "plain": (b'{"id": "1", "n": 2, "name": "An"}\n', ONE),
    "windows line breaks, blank lines, none at the end": (
        b'\r\n{"id": "1", "n": 2, "name": "An"}\r\n\r\n{"id": "2"}',
        [*ONE, ("2", None, None)],
    ),
    "a byte order mark": (b'\xef\xbb\xbf{"id": "1", "n": 2, "name": "An"}\n', ONE),
    "absent and null": (b'{"id": "1", "n": null}\n', [("1", None, None)]),
    "an empty text is a text": (b'{"id": "1", "name": ""}\n', [("1", None, "")]),
    "more fields": (b'{"x": {"y": [1]}, "id": "1", "n": 2, "name": "An"}\n', ONE),
    "whole numbers in any notation": (
        b'{"n": 2.0}\n{"n": 2e1}\n{"n": -0}\n',
        [(None, "2", None), (None, "20", None), (None, "0", None)],
    ),
    "escapes": (b'{"id": "\\u00e1\\n\\ud83d\\ude00"}\n', [("á\n😀", None, None)]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("content", "expected"), JSON.values(), ids=list(JSON))
def test_json_lines(content: bytes, expected: list[tuple[Any, ...]]) -> None:
    assert values(content, len(expected), "jsonl") == expected
    assert values(gzip.compress(content), len(expected), "jsonl.gz") == expected


# Second record of three → its codes, its id, its text.
BLAMED: dict[str, tuple[str, bytes, str, str | None, str]] = {
    "too few fields": ("csv", b"2,2", "field_count;", None, "2,2"),
    "too many fields": ("csv", b"2,2,An,x", "field_count;", None, "2,2,An,x"),
    "only blanks": ("csv", b" ", "field_count;", None, " "),
    "bad bytes outside the key": ("csv", b"2,2,A\xffn", "bad_utf8:name;", "2", "2,2,A\\xffn"),
    "bad bytes in the key": ("csv", b"\xc3,2,An", "bad_utf8:id;", None, "\\xc3,2,An"),
    "bad bytes in quotes": ("csv", b'2,2,"A\n\xff"', "bad_utf8:name;", "2", '2,2,"A\n\\xff"'),
    "an overlong form": ("csv", b"2,2,\xc0\xaf", "bad_utf8:name;", "2", "2,2,\\xc0\\xaf"),
    "bad bytes in a line of JSON": (
        "jsonl",
        b'{"id": "2", "name": "\xff"}',
        "bad_utf8:name;",
        "2",
        '{"id": "2", "name": "\\xff"}',
    ),
    "bad bytes in a field that is not due": (
        "jsonl",
        b'{"id": "2", "x": "\xff"}',
        "bad_utf8;",
        "2",
        '{"id": "2", "x": "\\xff"}',
    ),
    "half a character escaped": (
        "jsonl",
        b'{"id": "2", "name": "\\ud83d"}',
        "bad_utf8:name;",
        "2",
        '{"id": "2", "name": "\\ud83d"}',
    ),
    "no JSON": ("jsonl", b'{"id": "2"', "bad_record;", None, '{"id": "2"'),
    "no JSON, with bad bytes": ("jsonl", b"\xff", "bad_record;bad_utf8;", None, "\\xff"),
    "no object": ("jsonl", b'["2"]', "bad_record;", None, '["2"]'),
    "not a number": ("jsonl", b'{"id": "2", "n": NaN}', "bad_record;", None, '{"id": "2", "n": NaN}'),
    "a number for a string": ("jsonl", b'{"id": 2}', "bad_type:id;", None, '{"id": 2}'),
    "a string for a number": ("jsonl", b'{"id": "2", "n": "2"}', "bad_type:n;", "2", '{"id": "2", "n": "2"}'),
    "a boolean for a number": ("jsonl", b'{"id": "2", "n": true}', "bad_type:n;", "2", '{"id": "2", "n": true}'),
    "a broken number": ("jsonl", b'{"id": "2", "n": 1.5}', "bad_type:n;", "2", '{"id": "2", "n": 1.5}'),
    "a number that no computer holds": (
        *("jsonl", b'{"id": "2", "n": 1e99999999999999999999}', "bad_record;", None),
        '{"id": "2", "n": 1e99999999999999999999}',
    ),
    "a huge number": ("jsonl", b'{"id": "2", "n": 1e999999}', "bad_type:n;", "2", '{"id": "2", "n": 1e999999}'),
    "an object for a string": ("jsonl", b'{"id": "2", "name": {}}', "bad_type:name;", "2", '{"id": "2", "name": {}}'),
    "two faults": ("jsonl", b'{"id": 2, "n": "x"}', "bad_type:id;bad_type:n;", None, '{"id": 2, "n": "x"}'),
}
AROUND = {"csv": (b"id,n,name\n1,2,An\n", b"3,2,An\n"), "jsonl": (b'{"id": "1"}\n', b'{"id": "3"}\n')}


@pytest.mark.parametrize(("kind", "record", "problems", "key", "raw"), BLAMED.values(), ids=list(BLAMED))
def test_one_bad_record(kind: str, record: bytes, problems: str, key: str | None, raw: str) -> None:
    before, after = AROUND[kind]
    content = before + record + b"\n" + after
    for keep_raw in (False, True):
        first, second, third = parse(content, 3, kind, keep_raw)
        assert (second["_problems"], second["id"], second["_row_number"]) == (problems, key, 2)
        assert second["_raw"] == (raw if keep_raw else None)
        assert [(row["_problems"], row["id"]) for row in (first, third)] == [("", "1"), ("", "3")]


def test_bad_bytes_in_a_csv_column_that_is_not_due() -> None:
    (row,) = parse(b"id,n,name,x\n1,2,An,\xff\n", 1)
    assert (row["_problems"], row["id"]) == ("bad_utf8;", "1")


def test_one_line_that_is_cut_off_is_a_record_that_cannot_be_read() -> None:
    (row,) = parse(b'{"id": "1", "na', 1, "jsonl")
    assert (row["_broken"], row["_problems"]) == (None, "bad_record;")


WHOLE = b"id,n,name\n1,2,An\n2,2,An\n"
BROKEN: dict[str, tuple[str, bytes, int, str]] = {
    "fewer records": ("csv", WHOLE, 3, "f has 2 records, the manifest says 3"),
    "more records": ("csv", WHOLE, 1, "f has 2 records, the manifest says 1"),
    "no header": ("csv", b"", 0, "f has no column id"),
    "a column missing": ("csv", b"id,name\n1,An\n", 1, "f has no column n"),
    "a column twice": ("csv", b"id,n,name,n\n1,2,An,3\n", 1, "f has column n twice"),
    "names in capitals": ("csv", b"ID,n,name\n1,2,An\n", 1, "f has no column id"),
    "semicolons": ("csv", b"id;n;name\n1;2;An\n", 1, "f has no column id"),
    "two bytes a letter": ("csv", WHOLE.decode().encode("utf-16"), 2, "f has no column id"),
    "a quote that is never closed": ("csv", b'id,n,name\n1,2,"An\n', 1, "f ends inside a quoted field"),
    "truncated gzip": ("csv.gz", gzip.compress(WHOLE * 100)[:-9], 2, "f is truncated or no gzip"),
    "gzip without its end": ("jsonl.gz", gzip.compress(b'{"id": "1"}\n')[:-8], 1, "f is truncated or no gzip"),
    "no gzip": ("csv.gz", WHOLE, 2, "f is truncated or no gzip"),
    "a bomb": (
        *("csv.gz", gzip.compress(b"id,n,name\n1,2," + b"a" * 40_000_000 + b"\n"), 1),
        "f unpacks to more than 100 times its size",
    ),
    "no line is JSON": ("jsonl", WHOLE, 3, "f holds no JSON object"),
    "lines missing": ("jsonl", b'{"id": "1"}\n', 2, "f has 1 records, the manifest says 2"),
}


@pytest.mark.parametrize(("kind", "content", "rows", "reason"), BROKEN.values(), ids=list(BROKEN))
def test_file_that_is_not_what_it_claims(kind: str, content: bytes, rows: int, reason: str) -> None:
    assert [row["_broken"] for row in parse(content, rows, kind) if row["_broken"]] == [reason]


def test_many_chunks() -> None:
    rows = 3 * records.CHUNK + 1
    content = b"id,n,name\n" + b"".join(b'%d,1,"a\nb"\n' % number for number in range(rows))
    found = parse(content, rows)
    assert [row["id"] for row in found] == [str(number) for number in range(rows)]
    assert found[-1]["_row_number"] == rows
