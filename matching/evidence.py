"""Why: the explanation of a match, made from the same levels and weights as its probability.

In words that a person can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import comparisons as c
from matching.comparisons import Comparison
from matching.expressions import literals
from matching.levels import shows
from matching.model import Parameters, level_m
from matching.records import is_person


def explanation(parameters: Parameters, values: dict[str, tuple[Column, Column]], is_named: Column) -> Column:
    """JSON of a scored pair: its fields one by one, the rules that proposed it, its rivals.

    Columns in: those of `resolve.Resolution.scored`. `values` gives for some comparisons the two values compared,
    masked already; `is_named` says of which pairs people have decided that they match.

    Returns:
        `{"model", "probability", "none_probability", "rules", "named", "held", "fields": [{"field", "level", "text",
        "weight", "record", "subject"}]}`; probability is what the evidence alone comes to, named is true where people
        have decided; held is why they are to decide on it however probable it is, in words; weight is log2 m/u over all
        classes of parties; fields that the record lacks are left out.
    """
    held = F.array_compact(F.array(*(F.when(holds, why) for why, holds in _held(parameters).items())))
    compared = [_field(parameters, comparison, values) for comparison in parameters.comparisons]
    fields = F.filter(
        F.array(*compared, _lent_identity()),
        lambda field: field["level"].isNotNull() & (field["level"] != "missing"),
    )
    return F.to_json(
        F.struct(
            F.lit(parameters.model).alias("model"),
            told(F.col("probability")).alias("probability"),
            F.round("none_probability", 6).alias("none_probability"),
            F.col("rules"),
            F.when(is_named, F.lit(True)).alias("named"),
            F.when(~is_named, held).alias("held"),
            fields.alias("fields"),
        )
    )


def told(probability: Column) -> Column:
    """A probability with six places; what is not certain is not told as 1."""
    rounded = F.round(probability, 6)
    return F.when((rounded == 1) & (probability < 1), 1 - 1e-6).otherwise(rounded)


def missing(parameters: Parameters, said: Mapping[str, Column]) -> Column:
    """Names of the comparisons for which a scored pair's record has nothing to compare, an array.

    `said`: comparison → whether the record says it all the same, which then only repeated something else.
    """
    absent = [
        F.when(shows(comparison, "missing") & ~said.get(comparison.name, F.lit(False)), F.lit(comparison.text))
        for comparison in parameters.comparisons
        if any(level.name == "missing" for level in comparison.levels)
    ]
    return F.array_compact(F.array(*absent))


def level_names(parameters: Parameters) -> Column:
    """JSON of a scored pair with the level names alone: `{"<comparison>": "<level>", …}`.

    For the millions of holders.
    """
    return F.to_json(F.struct(*(_level(comparison).alias(comparison.name) for comparison in parameters.comparisons)))


def _field(parameters: Parameters, comparison: Comparison, values: dict[str, tuple[Column, Column]]) -> Column:
    nothing = F.lit(None).cast("string")
    record, subject = values.get(comparison.name, (nothing, nothing))
    return F.struct(
        F.lit(comparison.text).alias("field"),
        _level(comparison).alias("level"),
        _text(comparison).alias("text"),
        F.round(_weight(parameters, comparison), 2).alias("weight"),
        record.alias("record"),
        subject.alias("subject"),
    )


def _text(comparison: Comparison) -> Column:
    """Words of the level; an organisation is nobody, and acts through people, whose papers are not against it."""
    of_person = [level.text for level in comparison.levels]
    of_organisation = [
        text.replace("người này", "bên bán này")
        + (_MAY_ACT if comparison in c.RELATIONS and level.name in _OTHERS else "")
        for level, text in zip(comparison.levels, of_person, strict=True)
    ]
    if of_organisation == of_person:
        return _pick(of_person, comparison)
    return F.when(is_person(F.col("subject")), _pick(of_person, comparison)).otherwise(
        _pick(of_organisation, comparison)
    )


def _lent_identity() -> Column:
    """That the shop's name and birth date came with another's id, where that makes the pair more likely."""
    nothing = F.lit(None).cast("string")
    weight = F.round("lending_weight", 2)
    return F.struct(
        F.lit(c.LENT_IDENTITY.text).alias("field"),
        F.when(weight > 0, c.LENT_IDENTITY.levels[0].name).alias("level"),
        F.lit(c.LENT_IDENTITY.levels[0].text).alias("text"),
        weight.alias("weight"),
        nothing.alias("record"),
        nothing.alias("subject"),
    )


def _level(comparison: Comparison) -> Column:
    return _pick([level.name for level in comparison.levels], comparison)


def _weight(parameters: Parameters, comparison: Comparison) -> Column:
    log_m = literals(np.log2(level_m(parameters, comparison)).tolist())
    known = F.get(log_m, F.col(f"g_{comparison.name}"))
    of_record = [i for i, level in enumerate(comparison.levels) if level.of_record]
    weight = known - F.log2(F.col(f"u_{comparison.name}"))
    if comparison is c.MASKED_PHONE:
        # Whose number it is another relation tells: then it speaks for its holder against others, not against chance.
        told = shows(comparison, "self", "household", "other") & (F.col("u_masked_phone") == 1)
        weight = F.when(told, known - F.get(log_m, F.lit(comparison.code("other")))).otherwise(weight)
    return F.when(F.col(f"g_{comparison.name}").isin(of_record), 0.0).otherwise(weight)


def _pick(texts: list[str], comparison: Comparison) -> Column:
    return F.get(literals(texts), F.col(f"g_{comparison.name}"))


# Levels of a name that is the subject's, if perhaps not written in full.
_SAME_NAME = ("exact_accent", "exact", "accent_differs", "reordered", "subset", "initials", "typo", "partial")

# Levels of a name that contradicts.
_OTHER_NAME = ("household", "different")

_OTHERS = ("other", "shared_other")
_MAY_ACT = ", có thể là người đại diện hay nhân viên"

# Why people decide, in words.
_CONTRADICTED = "họ tên trái với người này, mà số giấy tờ, mã số thuế và ngày sinh đều không phải của người này"
_OTHER_PERSON = "họ tên và ngày sinh đều trái với người này, và không có số giấy tờ nào là của người này"
_CHANGED_HANDS = (
    "họ tên trái với người này, mà tài khoản, mã số thuế, hay cả số giấy tờ lẫn số điện thoại là của người khác: có "
    "thể đã đổi chủ"
)
_DECEASED = "người này đã mất"
_BY_HOUSEHOLD = "chỉ biết họ tên và các mối liên hệ của người cùng hộ"
_BY_ONE_RELATION = "chỉ dựa vào một liên hệ, trong khi liên hệ khác dẫn tới người khác"
_OF_ORGANISATION = "gian hàng khai mã số thuế của một tổ chức, không phải mã của riêng người đại diện"

# What a key is of that a sister shop shares, by kind: of what kind the match is which it carries, and in words.
_SHARED = {
    "id": ("id", "số giấy tờ"),
    "code": ("tax_code", "mã số thuế"),
    "account": ("bank", "tài khoản"),
    "phone": ("phone", "số điện thoại"),
    "email": ("fuzzy", "thư điện tử"),
}

# The first of these that holds carries the match (contract: match_type).
_CARRIERS = (
    ("id", c.ID, ("self", "near", "masked_agrees")),
    ("tax_code", c.CODE, ("self",)),
    ("bank", c.ACCOUNT, ("self", "shared_self")),
    ("phone", c.SIM, ("self",)),
    ("phone", c.SIM_NOW, ("self",)),
    ("phone", c.CONTACT, ("self",)),
)


def shared_in_words(shared: Column) -> Column:
    """Which keys a shop shares with its sister (an array of their kinds): `số giấy tờ, tài khoản`."""
    named = (F.when(F.array_contains(shared, kind), text) for kind, (_, text) in _SHARED.items())
    return F.concat_ws(", ", *named)


def match_type(parameters: Parameters, shared: Column | None = None) -> Column:
    """`id`, `tax_code`, `bank`, `phone` or `fuzzy`: the evidence that carries a scored pair.

    `shared`: kinds of the keys through which a sister shop tells whose it is, an array; null where none does. The
    relations through these were replaced by the sister (`sisters.without_shared`), and are what carries the pair.
    """
    carrier = F.lit("fuzzy")
    if shared is not None and c.SISTER in parameters.comparisons:
        told = (F.when(F.array_contains(shared, kind), F.lit(of)) for kind, (of, _) in _SHARED.items())
        carrier = F.when(shows(c.SISTER, "self"), F.coalesce(*told, carrier)).otherwise(carrier)
    for name, comparison, levels in reversed(_CARRIERS):
        if comparison in parameters.comparisons:
            carrier = F.when(shows(comparison, *levels), name).otherwise(carrier)
    return carrier


def is_for_people(parameters: Parameters) -> Column:
    """Whether people decide on a scored pair, however probable it is.

    One whose name contradicts the record's, where neither the declared id nor the tax code nor the birth date is
    theirs: a payout account, a SIM, an id that is theirs but for one digit or a masked one, whose head relatives share,
    may be a helper's; one whose name and birth date contradict, whatever the tax code (`is_another_person`); one whose
    name contradicts while account or tax code lead to a stranger (`changed_hands`); one of the dead, who trade no more:
    somebody uses their identity; one of whom only name and household are known (`rests_on_household`), or one relation
    against another (`rests_on_one_relation`); a person whose shop declares an organisation's tax code, which is not its
    representative's own (contract §2).

    Where the declared identity is of one who is dead (`is_of_the_dead`), that its name contradicts says nothing against
    whoever the account and the numbers lead to.
    """
    return F.greatest(*_held(parameters).values())


def _held(parameters: Parameters) -> dict[str, Column]:
    """Why people decide on a scored pair (`is_for_people`), in words: whether each holds."""
    theirs = shows(c.ID, "self") | shows(c.CODE, "self") | shows(c.BIRTH, "day", "swapped")
    of_the_living = ~F.col("identity_of_dead")
    return {
        _CONTRADICTED: shows(c.NAME, *_OTHER_NAME) & ~theirs & of_the_living,
        _OTHER_PERSON: is_another_person() & of_the_living,
        _CHANGED_HANDS: changed_hands() & of_the_living,
        _DECEASED: shows(c.TRADING, "deceased"),
        _BY_HOUSEHOLD: rests_on_household(parameters),
        _BY_ONE_RELATION: rests_on_one_relation(parameters),
        _OF_ORGANISATION: _shows_any(c.CODE, "organisation"),
    }


def is_of_the_dead(parameters: Parameters) -> Column:
    """Whether the identity that a shop declares is that of a candidate who is dead: somebody else uses it.

    Its id is theirs; or its name is, and with it the birth date, a masked id or one that differs by one digit.
    """
    if c.TRADING not in parameters.comparisons:
        return F.lit(False)
    named = shows(c.NAME, *_SAME_NAME) & (shows(c.BIRTH, "day") | shows(c.ID, "near", "masked_agrees"))
    return shows(c.TRADING, "deceased") & (shows(c.ID, "self") | named)


def is_another_person() -> Column:
    """Whether name and birth date of a shop both contradict, and its declared id is not the candidate's.

    A tax code and a number that are theirs may then be those of somebody who lends them.
    """
    return shows(c.NAME, *_OTHER_NAME) & shows(c.BIRTH, "different") & ~shows(c.ID, "self")


def changed_hands() -> Column:
    """Whether a shop may have been sold: its name contradicts, and its account or tax code leads to a stranger.

    Or its declared id and its number do. What platforms know of id, address and number is often that of whoever
    registered the shop; a declared id is the strongest evidence where it agrees in name (contract §2). Of people alone:
    a company has many names and accounts.
    """
    account, code, number, paper = (
        _shows_any(path, "other", "shared_other") for path in (c.ACCOUNT, c.CODE, c.SIM, c.ID)
    )
    elsewhere = account | code | (paper & number)
    return is_person(F.col("subject")) & shows(c.NAME, *_OTHER_NAME) & elsewhere


def rests_on_household(parameters: Parameters) -> Column:
    """Whether a scored pair rests on its name and on ties that lead to its household, not to itself.

    Its relative, who holds the paper or the number, may as well trade under its name; a birth date that agrees, be it
    only in its year, tells them apart, and so does a masked number.
    """
    ties = [tie for tie in (*c.RELATIONS, c.MASKED_PHONE) if tie in parameters.comparisons]
    homes = [shows(tie, "household") for tie in ties]
    own = [shows(tie, "self") for tie in ties]
    same_birth = shows(c.BIRTH, "day", "swapped", "close", "year")
    return (match_type(parameters) == "fuzzy") & F.greatest(*homes) & ~F.greatest(*own, same_birth)


def rests_on_one_relation(parameters: Parameters) -> Column:
    """Whether a scored pair rests on one relation alone while another relation leads to somebody else.

    An account, a number, an e-mail address, a sister shop or an id that is theirs but for one digit is a relation to a
    person, never an identity by itself (contract §2): where no name, birth date or paper agrees, one against another
    tells nobody apart. A given name alone does, but of who declares somebody else's id.
    """
    ties = [tie for tie in (*c.RELATIONS, c.MASKED_PHONE) if tie in parameters.comparisons]
    named = shows(c.NAME, *_SAME_NAME) | shows(c.NAME, "given", "brand_given") & ~shows(c.ID, "other")
    identified = named | shows(c.BIRTH, "day", "swapped", "close", "year")
    identified = identified | shows(c.ID, "self", "masked_agrees") | shows(c.CODE, "self")
    theirs = [_shows_any(tie, "self", "shared_self", "near").cast("int") for tie in ties]
    others = [_shows_any(tie, "other", "shared_other") for tie in ties]
    return ~identified & (sum(theirs[1:], theirs[0]) == 1) & F.greatest(*others)


def rests_on_name_and_birth(parameters: Parameters) -> Column:
    """Whether a scored pair rests on name and birth date alone, while its record gives an id of another or of nobody.

    Name and birth date together do not prove identity (contract §2): an address, a number or a code that agrees must
    come to them.
    """
    known = parameters.comparisons
    ties = [tie for tie in (*c.RELATIONS, c.MASKED_PHONE) if tie in known and tie is not c.ID]
    theirs = [_shows_any(tie, "self", "shared_self") for tie in ties]
    home = [shows(c.ADDRESS, "house", "same", "similar")] if c.ADDRESS in known else []
    elsewhere = is_person(F.col("subject")) & shows(c.ID, "other", "unknown")
    return elsewhere & ~reduce(or_, [*theirs, *home], F.lit(False))


def _shows_any(comparison: Comparison, *levels: str) -> Column:
    """Whether a pair shows one of these levels, of those that the comparison has."""
    known = {level.name for level in comparison.levels}
    return shows(comparison, *(level for level in levels if level in known))
