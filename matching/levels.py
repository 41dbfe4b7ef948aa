"""Levels and u probabilities of a pair: what `comparisons` declares, as native expressions.

Only fuzzy names and addresses leave the JVM.

A frame of pairs holds the record's columns as `r_<column>`, the subject's as `s_<column>` (see `RECORD` and `SUBJECT`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import DoubleType
from rapidfuzz import fuzz

from matching import comparisons as c
from matching.comparisons import Comparison
from matching.expressions import fits_mask, literals
from matching.identifiers import is_one_edit
from matching.name_levels import company_levels, person_levels
from matching.places import group_key

# Columns of a record; relations come beside them as `holder_<relation>` (struct subject, household) and
# `state_<relation>`.
RECORD = (
    *(
        "record",
        "kind",
        "person_id",
        "cmnd",
        "id_prefix",
        "id_suffix",
        "name_accent",
        "name_key",
        "name_sorted",
        "name_sg",
    ),
    *("like_person", "company_key", "birth_date", "birth_year", "province34", "address_key", "house_key"),
    *("phone_prefix", "phone_suffix"),
)
SUBJECT = (
    *("subject", "kind", "person_id", "cmnd"),
    *("name_clean", "name_accent", "name_key", "name_sorted", "name_sg", "company_key"),
    *("birth_date", "birth_year", "province34", "address_key", "house_key", "household", "household_size", "deceased"),
    *("phones", "n_name", "n_sg", "p_province", "p_kind"),
)

ORGANISATION = "organisation"
# Whom a relation leads to.
HOLDER = "struct<subject: string, household: string>"

# Digits that two independent ids share by chance: 63 provinces, two sexes and a century of births are no even dice
# (DOMAIN.md §2.1).
_SAME_ID_HEAD = (1.0, 0.2, 0.12, 0.03, 0.012, 0.003, 0.0006)
# Share of mobile numbers that begin with the same two digits, a zero and another (DOMAIN.md §2.5).
_SAME_PHONE_HEAD = 0.25
# Distinct ids one edit away, and how many ids the structure allows (63 provinces × 2 × 100 years × 10^6); of CMND.
_EDITS_OF_ID, _IDS = 119, 1.26e10
_EDITS_OF_CMND, _CMNDS = 89, 1e9
_SIMILAR_ADDRESS = 85.0
_U_SIMILAR_ADDRESS = 0.003
# A name one or two edits away from a given one: some eight spellings, each about as frequent as the name itself.
_NEIGHBOUR_NAMES = 8.0


@dataclass(frozen=True)
class Statistics:
    """Figures of the subjects that u probabilities follow from in closed form (`subjects.statistics`).

    Attributes:
        subjects: N.
        same_accent: probability that two subjects of one folded name write it with the same accents.
        same_given: that two subjects share the given name.
        same_birth_year: that two share the year of birth.
        same_house: that two share house number, street and province.
        same_group: that two share the whole address, where it names no street.
        deceased: share of the deceased.
    """

    subjects: int
    same_accent: float
    same_given: float
    same_birth_year: float
    same_house: float
    same_group: float
    deceased: float


def compare(pairs: DataFrame, model: str, statistics: Statistics) -> DataFrame:
    """Compare every pair on all comparisons of a model.

    Columns out: record, subject, s_household, rules; `g_<comparison>` and `n_<comparison>` (codes of the pair and of
    "none of these"); `u_<comparison>`; log_u; reused, further, reused_none, further_none; of a model that knows of lent
    identities also `l_<comparison>`, `ul_<comparison>` of what comes with one (see `model.Sample`).
    """
    chosen = c.MODELS[model]
    relations = c.relations_of(model)
    # One step after the other, each on the columns of the one before: what two columns share is computed once.
    fuzzy = pairs.withColumns(_fuzzy(chosen))
    unseen = fuzzy.withColumns({f"n_{comparison.name}": _unseen(comparison) for comparison in chosen})
    compared = unseen.withColumns({f"g_{comparison.name}": _level(comparison) for comparison in chosen})
    weighed = compared.withColumns({f"u_{comparison.name}": _chance(comparison, statistics) for comparison in chosen})
    kept = ["record", "subject", "s_household", "rules", *(f"{p}_{x.name}" for x in chosen for p in ("g", "n", "u"))]
    weighed = _with_name_at_home(weighed)
    if c.MASKED_PHONE in chosen:
        weighed = _with_masked_home(weighed)
    weighed = _with_masked_owner(weighed, statistics, knows=model in c.LENDING)
    log_u = _log_u(chosen) - _again_at_home(relations)
    result = weighed.select(*kept, log_u.alias("log_u"), *_helpers(relations), _owns_id().alias("owns_id"))
    return (_with_lent(result) if model in c.LENDING else result).drop("owns_id")


def _log_u(chosen: Sequence[Comparison]) -> Column:
    return reduce(Column.__add__, [F.log(F.col(f"u_{comparison.name}")) for comparison in chosen])


def _with_name_at_home(weighed: DataFrame) -> DataFrame:
    """A name that contradicts, and is that of another candidate of the subject's household, is the household's.

    Under whose name one of a house sells the others may know.
    """
    theirs = shows(c.NAME, "exact_accent", "exact", "accent_differs", "reordered")
    return _of_the_household(weighed, c.NAME, theirs, shows(c.NAME, "different"))


def _with_masked_home(weighed: DataFrame) -> DataFrame:
    """A masked number that fits another candidate of the subject's household is the household's."""
    # Of one whose numbers are not known none can differ.
    unfit = F.col("g_masked_phone").isin(c.MASKED_PHONE.code("differs"), c.MASKED_PHONE.unseen_code(1))
    return _of_the_household(weighed, c.MASKED_PHONE, shows(c.MASKED_PHONE, "self"), unfit)


def _of_the_household(weighed: DataFrame, comparison: Comparison, theirs: Column, unfit: Column) -> DataFrame:
    """Pairs that a comparison speaks against, with its level `household` where it is another candidate's of that home.

    By the same chance. `theirs`: whether it is the pair's subject's; `unfit`: whether it speaks against the pair.
    """
    level, chance = f"g_{comparison.name}", f"u_{comparison.name}"
    home = F.max(F.when(theirs, F.col(chance))).over(Window.partitionBy("record", "s_household"))
    found = weighed.withColumn("at_home", F.when(unfit & F.col("s_household").isNotNull(), home))
    known = F.col("at_home").isNotNull()
    return found.withColumns(
        {
            level: F.when(known, comparison.code("household")).otherwise(F.col(level)),
            chance: F.coalesce("at_home", chance),
        }
    ).drop("at_home")


def _with_masked_owner(weighed: DataFrame, statistics: Statistics, *, knows: bool) -> DataFrame:
    """A masked id is the one candidate's whom it fits and who was born on the record's day; to others it is a tie.

    Who lends an id lends the birth date that is on it, masked or not. Column out: r_masked_owner (a holder, null where
    nobody is known to be, or the model does not know of lent identities).
    """
    owner = F.struct("subject", F.col("s_household").alias("household"))
    theirs = F.when(shows(c.ID, "masked_agrees") & shows(c.BIRTH, "day"), owner)
    of_record = Window.partitionBy("record")
    least, greatest = F.min(theirs).over(of_record), F.max(theirs).over(of_record)
    alone = F.when(least["subject"] == greatest["subject"], least)
    found = weighed.withColumn("r_masked_owner", alone if knows else F.lit(None).cast(HOLDER))
    owned = F.col("r_masked_owner").isNotNull()
    tie = F.when(owned & shows(c.ID, "masked_differs"), _tie(c.ID, F.col("r_masked_owner"), ""))
    hidden = F.col("n_id") == c.ID.unseen_code(1)
    tied = found.withColumn("tie", tie).withColumns(
        {
            "g_id": F.coalesce("tie", "g_id"),
            "n_id": F.when(owned & hidden, c.ID.unseen_code()).otherwise(F.col("n_id")),
        }
    )
    chance = F.when(F.col("tie").isNotNull(), _chance_relation(c.ID, statistics))
    return tied.withColumn("u_id", F.coalesce(chance, "u_id"))


def _holder(relation: Comparison) -> Column:
    """Whom a relation leads to."""
    holder = F.col(f"r_holder_{relation.name}")
    return F.coalesce(holder, "r_masked_owner") if relation is c.ID else holder


def _again_at_home(relations: Sequence[Comparison]) -> Column:
    """Logarithm of what a member of the household who helps again is more likely than just any member of it."""
    holders = F.array_compact(F.array(*map(_holder, relations)))
    at_home = F.filter(
        holders,
        lambda holder: (holder["household"] == F.col("s_household")) & (holder["subject"] != F.col("subject")),
    )
    members = F.transform(at_home, lambda holder: holder["subject"])
    return (F.size(members) - F.size(F.array_distinct(members))) * F.log(_other_members())


def _other_members() -> Column:
    return F.greatest(F.coalesce(F.col("s_household_size"), F.lit(2)) - 1, F.lit(1))


def _owns_id() -> Column:
    """Whether the declared id is the candidate's own, as far as a masked one shows whose it is."""
    return shows(c.ID, "self") | F.coalesce(F.col("r_masked_owner.subject") == F.col("subject"), F.lit(False))


def _with_lent(compared: DataFrame) -> DataFrame:
    """How name and birth date of the record agree with the holder of its declared id; null where that is nobody.

    Columns in: owns_id beside those that `compare` gives.
    """
    shown = [f"{part}_{x.name}" for part in ("g", "u") for x in c.LENT]
    holder = F.when(F.col("owns_id"), F.struct(*shown))
    lent = compared.withColumn("lent", F.max(holder).over(Window.partitionBy("record")))
    codes = {f"l_{x.name}": F.col(f"lent.g_{x.name}") for x in c.LENT}
    chances = {f"ul_{x.name}": F.col(f"lent.u_{x.name}") for x in c.LENT}
    return lent.withColumns({**codes, **chances}).drop("lent")


def _unseen(comparison: Comparison) -> Column:
    """Code that "none of these" shows: of the record alone."""
    if comparison in c.RELATIONS:
        return _unseen_relation(comparison)
    if comparison is c.NAME:
        return _unseen_name()
    if comparison is c.MASKED_PHONE:
        return _unseen_masked_phone()
    value = _VALUES.get(comparison.name)
    if value is None:
        return F.lit(comparison.unseen_code())
    return F.when(F.col(f"r_{value}").isNull(), comparison.code("missing")).otherwise(comparison.unseen_code())


# The column of a record without which it has nothing to compare.
_VALUES = {
    "birth": "birth_year",
    "province": "province34",
    "address": "address_key",
    "kind": "kind",
}


def _level(comparison: Comparison) -> Column:
    """Code that the pair shows; where the subject lacks the value, that of none."""
    if comparison is c.ID:
        return _level_id()
    return _level_relation(comparison) if comparison in c.RELATIONS else _FIELDS[comparison.name][0]()


def _chance(comparison: Comparison, statistics: Statistics) -> Column:
    """The u probability of the level that the pair shows (`g_<comparison>`); 1 where the record alone decides."""
    if comparison is c.ID:
        return _chance_id(statistics)
    if comparison in c.RELATIONS:
        return _chance_relation(comparison, statistics)
    return _FIELDS[comparison.name][1](statistics)


def shows(comparison: Comparison, *levels: str) -> Column:
    """Whether a pair shows one of these levels. Columns in: `g_<comparison>`."""
    return F.col(f"g_{comparison.name}").isin([comparison.code(level) for level in levels])


# ── relations ──


def _unseen_relation(comparison: Comparison) -> Column:
    holder, state = F.col(f"r_holder_{comparison.name}"), F.col(f"r_state_{comparison.name}")
    unknown = F.when(state == "unknown", comparison.code("unknown")).otherwise(comparison.code("missing"))
    known = F.when(holder.isNotNull(), comparison.unseen_code())
    if comparison is c.ACCOUNT:
        known = F.when(holder.isNotNull() & (state == "shared"), comparison.unseen_code(1)).when(
            holder.isNotNull(), comparison.unseen_code()
        )
    if comparison is c.ID:
        known = F.when(_masked(), comparison.unseen_code(1)).when(holder.isNotNull(), comparison.unseen_code())
    if comparison is c.CODE:
        known = F.when(_of_organisation(), comparison.unseen_code(1)).when(holder.isNotNull(), comparison.unseen_code())
    return known.otherwise(unknown)


def _level_relation(comparison: Comparison) -> Column:
    holder = F.col(f"r_holder_{comparison.name}")
    plain = _tie(comparison, holder, "")
    if comparison is c.ACCOUNT:
        plain = F.when(F.col("r_state_account") == "shared", _tie(comparison, holder, "shared_")).otherwise(plain)
    if comparison is c.CODE:
        theirs = holder["subject"] == F.col("subject")
        plain = F.when(_of_organisation() & ~theirs, comparison.code("organisation")).otherwise(plain)
    return F.when(holder.isNull(), F.col(f"n_{comparison.name}")).otherwise(plain)


def _tie(comparison: Comparison, holder: Column, prefix: str) -> Column:
    return (
        F.when(holder["subject"] == F.col("subject"), comparison.code(f"{prefix}self"))
        .when(holder["household"] == F.col("s_household"), comparison.code(f"{prefix}household"))
        .otherwise(comparison.code(f"{prefix}other"))
    )


def _chance_relation(comparison: Comparison, statistics: Statistics) -> Column:
    shared = ("shared_",) if comparison is c.ACCOUNT else ()
    members, one = _other_members(), 1.0 / statistics.subjects
    return (
        F.when(shows(comparison, *(f"{prefix}self" for prefix in ("", *shared))), one)
        .when(shows(comparison, *(f"{prefix}household" for prefix in ("", *shared))), members * one)
        .otherwise(1.0)
    )


def _of_organisation() -> Column:
    """Whether the tax code is an organisation's: that of its director's company is not his own (contract §2)."""
    return F.coalesce(F.col("r_state_code") == "organisation", F.lit(False))


def _masked() -> Column:
    return F.col("r_id_prefix").isNotNull() | F.col("r_id_suffix").isNotNull()


def _level_id() -> Column:
    itself = F.col("r_holder_id.subject") == F.col("subject")
    # An id that is left out, since a sister shares it, is not held against others' either.
    declared = F.col("r_state_id") != "missing"
    near = is_one_edit(F.col("r_person_id"), F.col("s_person_id")) | is_one_edit(F.col("r_cmnd"), F.col("s_cmnd"))
    fits = [fits_mask(F.col(own), F.col("r_id_prefix"), F.col("r_id_suffix")) for own in ("s_person_id", "s_cmnd")]
    visible = _masked() & F.coalesce(fits[0] | fits[1], F.lit(False))
    return (
        F.when(itself, c.ID.code("self"))
        .when(declared & near, c.ID.code("near"))
        .when(visible, c.ID.code("masked_agrees"))
        .when(_masked() & F.col("s_person_id").isNotNull(), c.ID.code("masked_differs"))
        .otherwise(_level_relation(c.ID))
    )


def _chance_id(statistics: Statistics) -> Column:
    shown, after = (F.length(F.coalesce(part, F.lit(""))) for part in ("r_id_prefix", "r_id_suffix"))
    head = F.get(literals(_SAME_ID_HEAD), F.least(shown, F.lit(len(_SAME_ID_HEAD) - 1)))
    visible = F.greatest(head * F.pow(F.lit(0.1), after), F.lit(1.0 / statistics.subjects))
    # What is somebody's own id is one of so many people's; what is nobody's, one of all that could be.
    people = F.when(F.col("r_holder_id").isNotNull(), float(statistics.subjects))
    near = F.when(F.col("r_person_id").isNotNull(), _EDITS_OF_ID / F.coalesce(people, F.lit(_IDS))).otherwise(
        _EDITS_OF_CMND / F.coalesce(people, F.lit(_CMNDS))
    )
    return (
        F.when(shows(c.ID, "near"), F.least(near, F.lit(1.0)))
        .when(shows(c.ID, "masked_agrees"), visible)
        .otherwise(_chance_relation(c.ID, statistics))
    )


def _helpers(relations: Sequence[Comparison]) -> list[Column]:
    """How many relations lead to strangers, and how many of these to one counted already, for the pair and for none."""
    holders = F.array_compact(F.array(*map(_holder, relations)))
    strangers = F.filter(
        holders,
        lambda holder: (
            (holder["subject"] != F.col("subject"))
            & ~F.coalesce(holder["household"] == F.col("s_household"), F.lit(False))
        ),
    )
    return [*_reuse(strangers, ""), *_reuse(holders, "_none")]


def _reuse(holders: Column, end: str) -> list[Column]:
    subjects = F.transform(holders, lambda holder: holder["subject"])
    distinct = F.size(F.array_distinct(subjects))
    further = F.greatest(F.size(subjects) - 1, F.lit(0))
    return [(F.size(subjects) - distinct).alias(f"reused{end}"), further.alias(f"further{end}")]


# ── fields ──


def _fuzzy(chosen: tuple[Comparison, ...]) -> dict[str, Column]:
    """Columns fuzzy_person, fuzzy_company and, for addresses, same_address; null where equal keys tell all."""
    company = F.col("s_kind") == ORGANISATION
    undecided = F.col("r_name_sorted") != F.col("s_name_sorted")
    differs = F.col("r_company_key") != F.col("s_company_key")
    columns = {
        "fuzzy_person": person_levels(F.when(~company & undecided, F.col("r_name_key")), F.col("s_name_key")),
        "fuzzy_company": company_levels(F.when(company & differs, F.col("r_company_key")), F.col("s_company_key")),
    }
    if c.ADDRESS in chosen:
        same = F.coalesce(_same_house() | _same_group(), F.lit(False))
        near = (F.col("r_province34") == F.col("s_province34")) & ~same
        columns["same_address"] = _address_similarity(F.when(near, F.col("r_address_key")), F.col("s_address_key"))
    return columns


@arrow_udf(DoubleType())  # type: ignore[call-overload, untyped-decorator]
def _address_similarity(records: pa.Array, subjects: pa.Array) -> pa.Array:
    pairs = zip(records.to_pylist(), subjects.to_pylist(), strict=True)
    return pa.array([None if a is None or b is None else fuzz.token_set_ratio(a, b) for a, b in pairs], pa.float64())


def _unseen_name() -> Column:
    nobody = ~F.coalesce(F.col("r_like_person"), F.lit(False)) & F.coalesce(
        F.col("r_kind") != ORGANISATION, F.lit(True)
    )
    missing = F.col("r_name_key").isNull()
    known = F.when(nobody, c.NAME.unseen_code(1)).otherwise(c.NAME.unseen_code())
    return F.when(missing, c.NAME.code("missing")).otherwise(known)


def _level_name() -> Column:
    accented = (F.col("r_name_accent") != F.col("r_name_key")) & (F.col("s_name_accent") != F.col("s_name_key"))
    same_accents = F.col("r_name_accent") == F.col("s_name_accent")
    ordered = F.col("r_name_key") == F.col("s_name_key")
    fuzzy = F.coalesce(F.when(F.col("s_kind") == ORGANISATION, _company()), F.col("fuzzy_person"), F.lit("different"))
    names = literals([level.name for level in c.NAME.levels])
    by_letters = F.array_position(names, fuzzy).cast("int") - 1
    brand = (F.col("n_name") == c.NAME.unseen_code(1)) & fuzzy.isin("given", "different")
    told = F.array_contains(F.split("r_name_key", " "), F.element_at(F.split("s_name_key", " "), -1))
    # Organisations are reported under the name of whoever signs for them too.
    somebody = (F.col("s_kind") == ORGANISATION) & F.coalesce("r_like_person", F.lit(False)) & (fuzzy == "different")
    return (
        F.when(F.col("r_name_key").isNull(), F.col("n_name"))
        .when(ordered & accented & same_accents, c.NAME.code("exact_accent"))
        .when(ordered & accented, c.NAME.code("accent_differs"))
        .when(ordered, c.NAME.code("exact"))
        .when(F.col("r_name_sorted") == F.col("s_name_sorted"), c.NAME.code("reordered"))
        .when(somebody, c.NAME.code("contact"))
        .when(brand & told, c.NAME.code("brand_given"))
        .when(brand, c.NAME.code("brand"))
        .otherwise(by_letters)
    )


def _company() -> Column:
    same = F.col("r_company_key") == F.col("s_company_key")
    return F.when(same, "exact").otherwise(F.coalesce(F.col("fuzzy_company"), F.lit("different")))


def _chance_name(statistics: Statistics) -> Column:
    """The rarer the name, the more its agreement tells."""
    total = float(statistics.subjects)
    full, short = (F.col("s_n_name") + 0.5) / total, (F.col("s_n_sg") + 0.5) / total
    return (
        F.when(shows(c.NAME, "exact_accent"), full * statistics.same_accent)
        .when(shows(c.NAME, "exact", "reordered"), full)
        .when(shows(c.NAME, "accent_differs"), full * (1.0 - min(statistics.same_accent, 0.9)))
        .when(shows(c.NAME, "subset", "partial"), short)
        .when(shows(c.NAME, "typo"), F.least((F.col("s_n_name") + 1) * _NEIGHBOUR_NAMES / total, F.lit(0.1)))
        # Same given name; surname and middle names begin with the same letters by chance about once in ten.
        .when(shows(c.NAME, "initials"), statistics.same_given * 0.1)
        .when(shows(c.NAME, "given"), statistics.same_given)
        # Each word of a brand may be somebody's given name.
        .when(shows(c.NAME, "brand_given"), statistics.same_given * F.size(F.split("r_name_key", " ")))
        # None but organisations show it.
        .when(shows(c.NAME, "contact"), F.col("s_p_kind"))
        .otherwise(1.0)
    )


def _level_birth() -> Column:
    left, right = F.col("r_birth_date"), F.col("s_birth_date")
    same = [F.coalesce(part(left) == part(right), F.lit(False)).cast("int") for part in (F.year, F.month, F.dayofmonth)]
    year = F.col("r_birth_year") == F.col("s_birth_year")
    swapped = year & (F.month(left) == F.dayofmonth(right)) & (F.dayofmonth(left) == F.month(right))
    # 1 January is written where the day is not known.
    vague = left.isNull() | right.isNull() | ((F.month(left) == 1) & (F.dayofmonth(left) == 1))
    return (
        F.when(F.col("r_birth_year").isNull() | F.col("s_birth_year").isNull(), F.col("n_birth"))
        .when(left == right, c.BIRTH.code("day"))
        .when(swapped, c.BIRTH.code("swapped"))
        .when(vague & year, c.BIRTH.code("year"))
        .when(reduce(Column.__add__, same) == 2, c.BIRTH.code("close"))
        .otherwise(c.BIRTH.code("different"))
    )


def _chance_birth(statistics: Statistics) -> Column:
    year = statistics.same_birth_year
    return (
        F.when(shows(c.BIRTH, "day", "swapped"), year / 365)
        .when(shows(c.BIRTH, "year"), year)
        # Two of day, month and year agree.
        .when(shows(c.BIRTH, "close"), year * (1 / 12 + 1 / 30) + 1 / 365)
        .otherwise(1.0)
    )


def _level_province() -> Column:
    agree = F.col("r_province34") == F.col("s_province34")
    return (
        F.when(agree, c.PROVINCE.code("agree"))
        .when(agree.isNull(), F.col("n_province"))
        .otherwise(c.PROVINCE.code("different"))
    )


def _chance_province(statistics: Statistics) -> Column:
    return _chance_by_share(c.PROVINCE, F.col("s_p_province"), statistics)


def _chance_by_share(comparison: Comparison, share: Column, statistics: Statistics) -> Column:
    """Share of the subjects that agree, or that differ; where all are alike, that of one: nothing is impossible."""
    others = F.greatest(1 - share, F.lit(1 / statistics.subjects))
    return F.when(shows(comparison, "agree"), share).when(shows(comparison, "different"), others).otherwise(1.0)


def _same_house() -> Column:
    return (F.col("r_house_key") == F.col("s_house_key")) & (F.col("r_province34") == F.col("s_province34"))


def _same_group() -> Column:
    return group_key(F.col("r_address_key"), F.col("r_house_key")) == F.col("s_address_key")


def _level_address() -> Column:
    silent = F.col("r_address_key").isNull() | F.col("s_address_key").isNull()
    return (
        F.when(silent, F.col("n_address"))
        .when(_same_house(), c.ADDRESS.code("house"))
        .when(_same_group(), c.ADDRESS.code("same"))
        .when(F.col("same_address") >= _SIMILAR_ADDRESS, c.ADDRESS.code("similar"))
        .otherwise(c.ADDRESS.code("different"))
    )


def _chance_address(statistics: Statistics) -> Column:
    return (
        F.when(shows(c.ADDRESS, "house"), statistics.same_house)
        .when(shows(c.ADDRESS, "same"), statistics.same_group)
        .when(shows(c.ADDRESS, "similar"), _U_SIMILAR_ADDRESS)
        .otherwise(1.0)
    )


def _unseen_masked_phone() -> Column:
    masked, known = F.col("r_phone_suffix").isNotNull(), F.col("r_holder_masked_phone").isNotNull()
    code = F.when(known, c.MASKED_PHONE.unseen_code(0)).otherwise(c.MASKED_PHONE.unseen_code(1))
    return F.when(masked, code).otherwise(c.MASKED_PHONE.code("missing"))


def _level_masked_phone() -> Column:
    """Whose number fits the mask: a holder's that another relation leads to, else one of the subject's own."""
    holder = F.col("r_holder_masked_phone")
    head, tail = F.col("r_phone_prefix"), F.col("r_phone_suffix")
    fits = F.exists("s_phones", lambda phone: fits_mask(phone, head, tail))
    return (
        F.when(holder.isNotNull(), _tie(c.MASKED_PHONE, holder, ""))
        .when(tail.isNull() | F.col("s_phones").isNull(), F.col("n_masked_phone"))
        .when(fits, c.MASKED_PHONE.code("self"))
        .otherwise(c.MASKED_PHONE.code("differs"))
    )


def _chance_masked_phone(_: Statistics) -> Column:
    """By chance one of the subject's numbers begins and ends as the masked one.

    Where the holder is known by another relation, the fit is no chance under any hypothesis: all that counts is who
    the holder is to the subject.
    """
    further = F.greatest(F.length(F.coalesce("r_phone_prefix", F.lit(""))) - 2, F.lit(0)) + F.length("r_phone_suffix")
    head = F.when(F.length("r_phone_prefix") >= 2, _SAME_PHONE_HEAD).otherwise(1.0)
    chance = F.least(F.size("s_phones") * head * F.pow(F.lit(0.1), further), F.lit(1.0))
    return F.when(F.col("r_holder_masked_phone").isNull() & shows(c.MASKED_PHONE, "self"), chance).otherwise(1.0)


def _level_kind() -> Column:
    agree = (F.col("s_kind") == ORGANISATION) == (F.col("r_kind") == ORGANISATION)
    return (
        F.when(agree, c.KIND.code("agree"))
        .when(F.col("r_kind").isNull(), F.col("n_kind"))
        .otherwise(c.KIND.code("different"))
    )


def _chance_kind(statistics: Statistics) -> Column:
    return _chance_by_share(c.KIND, F.col("s_p_kind"), statistics)


def _level_alive() -> Column:
    return F.when(F.col("s_deceased"), c.ALIVE.code("deceased")).otherwise(c.ALIVE.code("alive"))


def _chance_alive(statistics: Statistics) -> Column:
    return F.when(shows(c.ALIVE, "deceased"), max(statistics.deceased, 0.001)).otherwise(1.0)


_FIELDS: dict[str, tuple[Callable[[], Column], Callable[[Statistics], Column]]] = {
    "name": (_level_name, _chance_name),
    "birth": (_level_birth, _chance_birth),
    "province": (_level_province, _chance_province),
    "address": (_level_address, _chance_address),
    "masked_phone": (_level_masked_phone, _chance_masked_phone),
    "kind": (_level_kind, _chance_kind),
    "alive": (_level_alive, _chance_alive),
}
