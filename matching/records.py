"""Records and subjects from normalised tables: every kind of record in one form, with its relations looked up.

Subjects are `R:<personal_id>` (residents) and `T:<tax_code>` (organisations, and businesses whose person is not known).
A *directory* tells whose a key is: key, holder (struct subject, household; null where the key is known and its holder
is not).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from matching.changes import of
from matching.comparisons import relations_of
from matching.expressions import fits_mask
from matching.levels import HOLDER, ORGANISATION, RECORD, SUBJECT

RESIDENT = "resident"
_ADDED = ("household_size", "n_name", "n_sg", "p_province", "p_kind")


# ── subjects ──


def residents(table: DataFrame) -> DataFrame:
    """Residents as subjects. Columns in: normalised residents. Columns out: `SUBJECT` without what frequencies add."""
    return _subjects(
        table,
        subject=by_personal_id(F.col("personal_id")),
        kind=F.lit(RESIDENT),
        household=F.col("household_id"),
        deceased=F.col("status") == "deceased",
    )


def businesses(table: DataFrame, kind: str) -> DataFrame:
    """Taxpayers as subjects of their own: organisations, or businesses whose person is not known.

    Columns as in `residents`.
    """
    alike = {"person_id": None, "cmnd": None, "birth_date": None, "birth_year": None}
    name = {"name_key": F.col("company_key"), "name_sorted": F.col("company_key"), "name_sg": F.col("company_key")}
    return _subjects(
        table,
        subject=by_code(F.col("tax_code")),
        kind=F.lit(kind),
        household=F.lit(None).cast("string"),
        deceased=F.lit(False),
        **{column: F.lit(None).cast(table.schema[column].dataType) for column in alike},
        **(name if kind == ORGANISATION else {}),
    )


def by_code(tax_code: Column) -> Column:
    """The subject that a taxpayer is by its registered code: an organisation, or a business of a person not known."""
    return F.concat(F.lit("T:"), tax_code)


def by_personal_id(personal_id: Column) -> Column:
    """The subject that a resident is."""
    return F.concat(F.lit("R:"), personal_id)


def is_person(subject: Column) -> Column:
    """Whether a subject is a resident, and not known by a tax code alone."""
    return subject.startswith("R:")


def _subjects(table: DataFrame, **columns: Column) -> DataFrame:
    columns["phones"] = F.lit(None).cast("array<string>")
    if "company_key" not in table.columns:
        columns["company_key"] = F.lit(None).cast("string")
    wanted = [name for name in SUBJECT if name not in _ADDED]
    return table.select(*(columns.get(name, F.col(name)).alias(name) for name in wanted))


def with_phones(subjects: DataFrame, numbers: DataFrame) -> DataFrame:
    """Subjects with the numbers that lead to them. Columns in: those of `levels.SUBJECT`; of `numbers` its own."""
    return subjects.drop("phones").join(numbers, "subject", "left").select(*SUBJECT)


def numbers(links: Sequence[DataFrame], cap: int) -> DataFrame:
    """The numbers of each subject; of one with more than `cap` (a switchboard) none.

    Columns in: of each of `links` subject, phone_norm. Columns out: subject, phones (array, sorted).
    """
    known = reduce(DataFrame.unionByName, [link.select("subject", "phone_norm") for link in links])
    known = known.where("subject is not null and phone_norm is not null")
    gathered = known.groupBy("subject").agg(F.array_sort(F.collect_set("phone_norm")).alias("phones"))
    return gathered.where(F.size("phones") <= cap)


# ── directories ──


def id_directory(subjects: DataFrame, those: DataFrame | None = None) -> DataFrame:
    """Whose personal ids and CMND are, all or those. A key of two subjects is left out.

    Columns in: of `subjects` those of `levels.SUBJECT`; of `those` id_key. Columns out: id_key, id_holder,
    id_name_sorted, id_name_sg.
    """
    owned = subjects.select("*", F.explode(F.array_compact(F.array("person_id", "cmnd"))).alias("id_key"))
    owned = of(owned, those, "id_key")
    owner = F.struct(F.struct("subject", "household").alias("id_holder"), "name_sorted", "name_sg")
    keyed = owned.groupBy("id_key").agg(F.min(owner).alias("owner"), F.count("*").alias("owners")).where("owners = 1")
    return keyed.select(
        "id_key",
        "owner.id_holder",
        F.col("owner.name_sorted").alias("id_name_sorted"),
        F.col("owner.name_sg").alias("id_name_sg"),
    )


def directory(links: DataFrame, key: Column, also_unknown: bool = True, those: DataFrame | None = None) -> DataFrame:
    """Whose a key is, all or those, where its records agree on that.

    Columns in: what `key` asks for; subject, household (null where the record's holder is not known); of `those` key.
    Columns out: key, holder; a key whose records name two subjects is known and its holder is not. `also_unknown` keeps
    keys of which no record's holder is known.
    """
    holder = F.when(F.col("subject").isNotNull(), F.struct("subject", "household"))
    keyed = links.select(key.alias("key"), holder.alias("holder")).where(F.col("key").isNotNull())
    found = (
        of(keyed, those, "key").groupBy("key").agg(F.min("holder").alias("least"), F.max("holder").alias("greatest"))
    )
    found = found.select(
        "key", F.when(F.col("least.subject") == F.col("greatest.subject"), F.col("least")).alias("holder")
    )
    return found if also_unknown else found.where(F.col("holder").isNotNull())


def subscriber(asked: DataFrame, sims: DataFrame, date: Column, active_only: bool) -> DataFrame:
    """Holder of a number on a date (contract §2): the row with the latest activation by then; now: of active rows only.

    Columns in: record, phone_norm and what `date` asks for; of `sims` phone_norm, activated_on, status, updated_at,
    subject, household. Columns out: record, holder (null: a row is there, its holder is not known).
    """
    rows = sims.where(F.col("status") == "active") if active_only else sims
    rows = rows.select("phone_norm", "activated_on", "updated_at", "subject", "household")
    reached = asked.select("record", "phone_norm", date.alias("date")).join(rows, "phone_norm")
    holder = F.when(F.col("subject").isNotNull(), F.struct("subject", "household"))
    latest = F.max_by(holder, F.struct("activated_on", "updated_at", F.xxhash64("subject")))
    return reached.where(F.col("activated_on") <= F.col("date")).groupBy("record").agg(latest.alias("holder"))


def masked_holder(records: DataFrame, relations: Sequence[str], numbers: DataFrame) -> DataFrame:
    """Whose number a masked phone is, among the holders that other relations lead to.

    Columns in: record, phone_prefix, phone_suffix, `holder_<relation>`; those of `numbers`. Columns out: record, holder
    (of records whose mask fits one such holder alone).
    """
    held = F.array_compact(F.array_distinct(F.array(*(F.col(f"holder_{relation}") for relation in relations))))
    masked = records.where(F.col("phone_suffix").isNotNull())
    asked = masked.select("record", "phone_prefix", "phone_suffix", F.explode(held).alias("holder"))
    reached = asked.withColumn("subject", F.col("holder.subject")).join(numbers, "subject")
    head, tail = F.col("phone_prefix"), F.col("phone_suffix")
    fits = F.exists("phones", lambda phone: fits_mask(phone, head, tail))
    found = reached.where(fits).groupBy("record").agg(F.min("holder").alias("holder"), F.count("*").alias("holders"))
    return found.where("holders = 1").select("record", "holder")


# ── records ──


def base(table: DataFrame, kind: Column, ids: DataFrame, *details: str, **columns: Column) -> DataFrame:
    """Records in the common form, their declared id looked up.

    Columns in: record and what else the normalised table has (a column of `RECORD` that it lacks is null); those of
    `id_directory`. `columns` replaces columns, `details` are columns that stay as they are.
    Columns out: `RECORD`, details, holder_id, state_id, settled (the holder of the declared id bears the record's
    name).
    """
    given = {"kind": kind, "like_person": F.col("name_like_person"), **columns}
    records = table.select(*(_column(table, name, given).alias(name) for name in RECORD), *details)
    found = records.withColumn("id_key", id_key()).join(ids, "id_key", "left")
    declared = F.col("id_key").isNotNull()
    settled = (F.col("id_name_sorted") == F.col("name_sorted")) | (F.col("id_name_sg") == F.col("name_sg"))
    return found.select(
        *RECORD,
        *details,
        F.col("id_holder").alias("holder_id"),
        F.when(declared, "unknown").otherwise("missing").alias("state_id"),
        F.coalesce(settled, F.lit(False)).alias("settled"),
    )


def id_key() -> Column:
    """The id by which a record's holder is looked up: the personal id, else the CMND."""
    return F.coalesce("person_id", "cmnd")


_TYPES = {"birth_date": "date", "birth_year": "int", "like_person": "boolean"}


def _column(table: DataFrame, name: str, given: dict[str, Column]) -> Column:
    if name in given:
        return given[name]
    return F.col(name) if name in table.columns else F.lit(None).cast(_TYPES.get(name, "string"))


def relate(records: DataFrame, relation: str, held: DataFrame) -> DataFrame:
    """Add a relation: `holder_<relation>`, `state_<relation>`.

    Columns in: record; of `held` record, holder (null: unknown) and, if there, state and cut_key. A record that `held`
    lacks has no such evidence.
    """
    extra = [name for name in ("state", "cut_key") if name in held.columns]
    found = held.select("record", F.col("holder").alias("held"), F.lit(True).alias("known"), *extra)
    joined = records.join(found, "record", "left")
    state = F.when(F.col("known"), "unknown").otherwise("missing")
    added = {
        f"holder_{relation}": F.col("held"),
        f"state_{relation}": F.coalesce(F.col("state"), state) if "state" in extra else state,
        **({f"cut_{relation}": F.col("cut_key")} if "cut_key" in extra else {}),
    }
    return joined.withColumns(added).drop("held", "known", *extra)


def filled(records: DataFrame, relation: str, by: str) -> DataFrame:
    """Take a relation from another where it has no evidence of its own. Columns in: those of both."""
    silent = F.col(f"state_{relation}") == "missing"
    silent = silent & F.col(f"holder_{relation}").isNull()
    return records.withColumns(
        {
            f"{part}_{relation}": F.when(silent, F.col(f"{part}_{by}")).otherwise(F.col(f"{part}_{relation}"))
            for part in ("holder", "state")
        }
    )


def without_repeats(records: DataFrame, relation: str, before: str) -> DataFrame:
    """Drop a relation where it leads to the same holder as the relation `before`. Columns in: those of both."""
    repeated = F.coalesce(F.col(f"holder_{relation}.subject") == F.col(f"holder_{before}.subject"), F.lit(False))
    return records.withColumns(
        {
            f"holder_{relation}": F.when(~repeated, F.col(f"holder_{relation}")),
            f"state_{relation}": F.when(repeated, "missing").otherwise(F.col(f"state_{relation}")),
        }
    )


def complete(records: DataFrame, model: str) -> DataFrame:
    """Add the relations of a model that the records do not have, as missing."""
    absent = [each.name for each in relations_of(model) if f"holder_{each.name}" not in records.columns]
    return records.withColumns(
        {f"holder_{name}": F.lit(None).cast(HOLDER) for name in absent}
        | {f"state_{name}": F.lit("missing") for name in absent}
    )


def holders(
    shops: DataFrame,
    those: DataFrame | None,
    directory_: DataFrame,
    key: Column,
    cap: int | None,
    shared_from: int | None = None,
) -> DataFrame:
    """Whose the key of each shop is, or of those.

    Columns in: record and what `key` asks for; of `those` record; of `directory_` key, holder. Columns out: record,
    holder, state (`shared` from `shared_from` shops on), cut_key (hash of a key that more than `cap` shops use: its
    holder is not named; None: however many).
    """
    keyed = shops.select("record", key.alias("key")).where(F.col("key").isNotNull())
    if cap is None:
        named = of(keyed, those, "record").join(directory_, "key", "left")
        nothing = F.lit(None).cast("string").alias("state"), F.lit(None).cast("bigint").alias("cut_key")
        return named.select("record", "holder", *nothing)
    sizes = keyed.groupBy("key").agg(F.count("*").alias("shops"))
    found = of(keyed, those, "record").join(sizes, "key").join(directory_, "key", "left")
    few = F.col("shops") <= cap
    shared = F.col("shops") >= (shared_from or cap + 1)
    return found.select(
        "record",
        F.when(few, F.col("holder")).alias("holder"),
        F.when(few & F.col("holder").isNotNull() & shared, "shared").alias("state"),
        F.when(~few, F.xxhash64("key")).alias("cut_key"),
    )


def claimants(unheld: DataFrame, declared: DataFrame) -> DataFrame:
    """Who may hold a record of which no holder is certain: those who declare its key as theirs.

    Columns in: of `unheld` record, key, subject (a candidate that is known already, null where there is none); of
    `declared` key, subject, probability (that the subject declared it), by (where). Columns out: record, subject,
    probability, by; one row a record and subject that is no known candidate, of its most probable declaration.
    """
    claims = declared.join(unheld.select("record", "key").distinct(), "key")
    fresh = claims.join(unheld, ["record", "subject"], "left_anti")
    best = F.max(F.struct("probability", "by")).alias("best")
    return fresh.groupBy("record", "subject").agg(best).select("record", "subject", "best.*")
