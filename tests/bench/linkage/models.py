"""Models of the peer, Splink 5, as its documentation would have a user set it up for data such as those of the bench.

For FEBRL they are those of Splink's examples. The synthetic register has FEBRL's columns: the detailed example and the
street, which finds more than the extended example does, with narrower blocking rules, as the example advises for larger
data; with the birth date alone for a rule it finds more and takes longer. For the others there is no example; of the
comparisons and rules that were tried the best are here. Random pairs are a million where ten give no better model: for
200,000 rows, not for a million.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink.blocking_rule_library import CustomRule, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator as Rule
from splink.internals.comparison_creator import ComparisonCreator
from splink.internals.comparison_level_creator import ComparisonLevelCreator

Level: TypeAlias = ComparisonLevelCreator | dict[str, Any]
Comparison: TypeAlias = ComparisonCreator | dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A linkage model.

    Attributes:
        comparisons: made for the format in which a back end reads dates such as 19870131.
        rules: blocking rules.
        sure: rules that (nearly) only true pairs satisfy; `recall`: the share of the true pairs that do.
        training: blocking rules of the sessions of expectation maximisation.
        derived: SQL of more columns, made from those of the data.
        u_pairs: random pairs at most from which u is estimated.
    """

    comparisons: Callable[[str], Sequence[Comparison]]
    rules: Sequence[Rule]
    sure: Sequence[Rule]
    recall: float
    training: Sequence[Rule]
    derived: Mapping[str, str] = field(default_factory=dict)
    u_pairs: float = 1e6


def _level(condition: str, label: str, **more: object) -> dict[str, Any]:
    return {"sql_condition": condition, "label_for_charts": label, **more}


def _comparison(name: str, *levels: Level) -> dict[str, Any]:
    return {"output_column_name": name, "comparison_levels": [*levels, cll.ElseLevel()]}


def _edits(column: str, *distances: int) -> dict[str, Any]:
    exact = cll.ExactMatchLevel(column, term_frequency_adjustments=True)
    return _comparison(
        column, cll.NullLevel(column), exact, *(cll.DamerauLevenshteinLevel(column, most) for most in distances)
    )


def _names() -> dict[str, Any]:
    """Given name and surname together, in either order: the comparison of the extended FEBRL4 example."""
    crossed = "jaro_winkler_similarity(given_name_l, surname_r) + jaro_winkler_similarity(surname_l, given_name_r)"
    missing = "(given_name_l is null or given_name_r is null) and (surname_l is null or surname_r is null)"
    return _comparison(
        "full_name",
        _level(missing, "missing", is_null_level=True),
        cll.ExactMatchLevel("full_name", term_frequency_adjustments=True),
        cll.JaroWinklerLevel("full_name", 0.9),
        cll.JaroWinklerLevel("full_name", 0.7),
        cll.ColumnsReversedLevel("given_name", "surname"),
        _level(f"{crossed} >= 1.8", "switched, similar"),
        _level(f"{crossed} >= 1.4", "switched, somewhat similar"),
        cll.ExactMatchLevel("given_name", term_frequency_adjustments=True),
        cll.ExactMatchLevel("surname", term_frequency_adjustments=True),
        _level("given_name_l = surname_r or surname_l = given_name_r", "one name, crossed"),
        cll.JaroWinklerLevel("given_name", 0.9),
        cll.JaroWinklerLevel("surname", 0.9),
    )


def _born(form: str) -> ComparisonCreator:
    return cl.DateOfBirthComparison(
        "date_of_birth", input_is_string=True, datetime_format=form, invalid_dates_as_null=True
    )


def _febrl3(dates: str) -> Sequence[Comparison]:
    return [
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format=dates),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
    ]


def _detailed(dates: str) -> Sequence[Comparison]:
    return [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        _born(dates),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
    ]


def _extended(dates: str) -> Sequence[Comparison]:
    return [
        _names(),
        _born(dates),
        _edits("soc_sec_id", 1, 2),
        _edits("street_number", 1),
        _edits("postcode", 1, 2),
    ]


def _register(dates: str) -> Sequence[Comparison]:
    street = cl.JaroWinklerAtThresholds("address_1", [0.92, 0.8]).configure(term_frequency_adjustments=True)
    return [*_detailed(dates), street]


def _homes(dates: str) -> Sequence[Comparison]:
    return [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        _born(dates),
        cl.ExactMatch("sex"),
        cl.JaroWinklerAtThresholds("street", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("phone", [1]),
    ]


def _german(_: str) -> Sequence[Comparison]:
    return [
        cl.DamerauLevenshteinAtThresholds("first_name", 1).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("last_name", 1).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("date_of_birth", 1),
    ]


def _vietnamese(_: str) -> Sequence[Comparison]:
    names = _comparison(
        "name",
        cll.NullLevel("name"),
        cll.ExactMatchLevel("name", term_frequency_adjustments=True),
        cll.ExactMatchLevel("ordered", term_frequency_adjustments=True),
        _level("list_has_all(words_l, words_r) or list_has_all(words_r, words_l)", "words of the other"),
        cll.JaroWinklerLevel("name", 0.92),
        cll.JaroWinklerLevel("name", 0.88),
        cll.JaroWinklerLevel("ordered", 0.88),
    )
    place = _comparison(
        "place",
        cll.And(cll.NullLevel("province"), cll.NullLevel("district")),
        cll.ExactMatchLevel("district", term_frequency_adjustments=True),
        cll.ExactMatchLevel("province", term_frequency_adjustments=True),
    )
    numbers = [cl.DamerauLevenshteinAtThresholds("personal_id", 1), cl.ExactMatch("phone")]
    return [names, *numbers, _born("%Y-%m-%d"), place]


def _historical(_: str) -> Sequence[Comparison]:
    return [
        cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="first_and_surname"),
        cl.DateOfBirthComparison("dob", input_is_string=True, invalid_dates_as_null=True),
        cl.PostcodeComparison("postcode"),
        *(cl.ExactMatch(name).configure(term_frequency_adjustments=True) for name in ("birth_place", "occupation")),
    ]


def _payments(_: str) -> Sequence[Comparison]:
    """Levels of Splink's example of linking payments."""
    sums = _comparison(
        "amount",
        cll.NullLevel("sum"),
        cll.ExactMatchLevel("sum"),
        *(
            _level(f"abs(sum_l - sum_r) <= {share} * greatest(sum_l, sum_r)", f"within {share:.0%}")
            for share in (0.01, 0.03, 0.1, 0.3)
        ),
    )
    memos = _comparison(
        "memo",
        cll.NullLevel("memo"),
        cll.ExactMatchLevel("memo", term_frequency_adjustments=True),
        *(_level(f"substr(memo_l, 1, {n}) = substr(memo_r, 1, {n})", f"first {n} letters") for n in (12, 8, 6, 4)),
    )
    days = _comparison(
        "booked_on",
        cll.NullLevel("day"),
        cll.ExactMatchLevel("day"),
        *(_level(f"abs(day_l - day_r) <= {most}", f"within {most} days") for most in (1, 4, 10, 30)),
    )
    return [sums, memos, days]


_SWAPPED = "l.given_name = r.surname and l.surname = r.given_name"
_PERSON = ("given_name", "surname", "date_of_birth")
_FEBRL4_RULES = (
    block_on("given_name", "surname"),
    CustomRule(_SWAPPED),
    *(block_on("date_of_birth"), block_on("soc_sec_id"), block_on("state", "address_1")),
    *(block_on("street_number", "address_1"), block_on("postcode")),
)
_FEBRL4_SURE = (block_on("soc_sec_id"), block_on(*_PERSON))
_FEBRL4_TRAINING = (block_on("date_of_birth"), block_on("postcode"))
_FULL_NAME = {"full_name": "given_name || '_' || surname"}
_FOLDED = "trim(strip_accents(lower(replace(replace(nfc_normalize(full_name), 'Đ', 'D'), 'đ', 'd'))))"
# The month of a booking, or thirty days from the middle of one to the next; sums to the nearest even unit, or odd one.
_MONTHS = ("substr(booked_on, 1, 7)", "(day + 15) // 30")
_SUMS = ("round(sum / 2) * 2", "round((sum + 1) / 2) * 2")
_REGISTER = Model(
    comparisons=_register,
    rules=[
        block_on("soc_sec_id"),
        block_on("given_name", "surname"),
        CustomRule(_SWAPPED),
        *(block_on(name, "date_of_birth") for name in ("given_name", "surname", "postcode")),
        block_on("street_number", "address_1"),
        *(block_on(name, "postcode") for name in ("given_name", "surname")),
        block_on("address_1", "suburb"),
    ],
    sure=_FEBRL4_SURE,
    recall=0.8,
    training=[block_on("date_of_birth"), block_on("given_name", "surname")],
)
_WIDE = [block_on("date_of_birth"), *_REGISTER.rules]
_HISTORICAL = Model(
    comparisons=_historical,
    rules=[
        block_on("substr(first_name, 1, 3)", "substr(surname, 1, 4)"),
        block_on("substr(first_name, 1, 2)", "substr(surname, 1, 2)", "substr(dob, 1, 4)"),
        *(block_on(name, "dob") for name in ("surname", "first_name", "birth_place", "substr(postcode, 1, 3)")),
        *(
            block_on(name, part)
            for name in ("first_name", "surname")
            for part in ("postcode", "substr(postcode, 1, 3)")
        ),
    ],
    sure=[
        block_on("first_name", "surname", "dob"),
        block_on("substr(first_name, 1, 2)", "surname", "substr(postcode, 1, 2)"),
        block_on("dob", "postcode"),
    ],
    recall=0.6,
    training=[block_on("first_name", "surname"), block_on("dob")],
    derived={"first_and_surname": "first_name || ' ' || surname"},
    u_pairs=5e6,
)
_WIDE_HISTORICAL = [
    *_HISTORICAL.rules,
    *(block_on(name) for name in ("dob", "postcode")),
    *(block_on(name, "birth_place") for name in ("first_name", "surname")),
    block_on("surname", "substr(dob, 1, 4)"),
]

MODELS: Mapping[str, Model] = {
    "febrl3": Model(
        comparisons=_febrl3,
        rules=[block_on(name) for name in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")],
        sure=[*_FEBRL4_SURE, CustomRule(f"{_SWAPPED} and l.date_of_birth = r.date_of_birth")],
        recall=0.9,
        training=_FEBRL4_TRAINING,
    ),
    "febrl4-detailed": Model(_detailed, _FEBRL4_RULES, _FEBRL4_SURE, 0.8, _FEBRL4_TRAINING),
    "febrl4-extended": Model(_extended, _FEBRL4_RULES, _FEBRL4_SURE, 0.8, _FEBRL4_TRAINING, _FULL_NAME, u_pairs=1e7),
    "rl10000": Model(
        comparisons=_german,
        rules=[
            block_on("first_name", "last_name"),
            block_on("date_of_birth"),
            *(block_on("last_name", part) for part in ("birth_year", "birth_month", "birth_day")),
            *(block_on("first_name", *parts) for parts in (("birth_year",), ("birth_month", "birth_day"))),
        ],
        sure=[block_on("first_name", "last_name", "date_of_birth"), block_on("last_name", "date_of_birth")],
        recall=0.7,
        training=[block_on("date_of_birth"), block_on("first_name", "last_name")],
        derived={
            "birth_year": "substr(date_of_birth, 1, 4)",
            "birth_month": "substr(date_of_birth, 6, 2)",
            "birth_day": "substr(date_of_birth, 9, 2)",
        },
        u_pairs=1e7,
    ),
    "historical": _HISTORICAL,
    "historical-wide": replace(_HISTORICAL, rules=_WIDE_HISTORICAL),
    "register": _REGISTER,
    "register-wide": replace(_REGISTER, rules=_WIDE),
    "large-register": replace(_REGISTER, u_pairs=1e7),
    "large-register-wide": replace(_REGISTER, rules=_WIDE, u_pairs=1e7),
    "homes": Model(
        comparisons=_homes,
        rules=[
            block_on("given_name", "surname"),
            *(block_on(name, "date_of_birth") for name in ("given_name", "surname", "postcode", "phone")),
            *(block_on("given_name", place) for place in ("street", "phone", "postcode")),
        ],
        sure=[block_on(*_PERSON)],
        recall=0.6,
        training=[block_on("given_name", "surname"), block_on("date_of_birth")],
    ),
    "payments": Model(
        comparisons=_payments,
        rules=[
            *(block_on(month, "substr(memo, 1, 3)", "round(ln(sum) * 3)") for month in _MONTHS),
            block_on("substr(memo, 1, 9)"),
            *(block_on(month, total) for month in _MONTHS for total in _SUMS),
            block_on("day", "round(ln(sum) * 10)"),
        ],
        sure=[block_on("memo", "booked_on", "amount")],
        recall=0.15,
        training=[block_on("memo"), block_on("amount", "booked_on")],
        derived={
            "sum": "cast(amount as double)",
            "day": "date_diff('day', date '2022-01-01', cast(booked_on as date))",
        },
        u_pairs=1e7,
    ),
    "vn": Model(
        comparisons=_vietnamese,
        rules=[
            block_on("personal_id"),
            block_on("phone"),
            *(block_on("ordered", place) for place in ("date_of_birth", "province", "district")),
            block_on("date_of_birth", "province"),
            *(block_on(word, "date_of_birth") for word in ("words[1]", "words[-1]")),
            block_on("words[1]", "words[-1]", "district"),
        ],
        sure=[block_on("personal_id"), block_on("ordered", "date_of_birth", "province")],
        recall=0.6,
        training=[block_on("personal_id"), block_on("ordered", "date_of_birth")],
        derived={
            "name": _FOLDED,
            "words": f"string_split({_FOLDED}, ' ')",
            "ordered": f"array_to_string(list_sort(string_split({_FOLDED}, ' ')), ' ')",
        },
        u_pairs=1e7,
    ),
}
