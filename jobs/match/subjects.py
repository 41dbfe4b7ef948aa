"""Whoever can be found: residents, organisations, and businesses by their codes."""

from __future__ import annotations

import datetime as dt
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs import law
from jobs.match.stage import BUSINESS, Keep, Silver, Stage
from matching import changes, records
from matching.changes import Tracked, of
from matching.identifiers import tax_code_root
from matching.levels import ORGANISATION


def subjects(silver: Silver, business_date: dt.date) -> Tracked:
    """Whoever can be found, without what frequencies add; of organisations the companies, not their branches.

    A branch whose company the registry does not list is a subject itself.
    """

    def known(residents: DataFrame, organisations: DataFrame, taxpayers: DataFrame) -> DataFrame:
        """Subjects of rows of the two registers."""
        kinds = [
            records.residents(residents),
            records.businesses(organisations, ORGANISATION),
            records.businesses(taxpayers.where(trades_by_code(business_date)), BUSINESS),
        ]
        return reduce(DataFrame.unionByName, kinds)

    residents, taxpayers = silver["residents"], silver["taxpayers"]
    branch = F.coalesce(F.col("code") != _root(), F.lit(False))
    registered = taxpayers.now.where(of_organisation())
    companies, branches = registered.where(~branch), registered.where(branch).withColumn("root", _root())
    alone = branches.join(companies.select(F.col("code").alias("root")), "root", "left_anti").drop("root")
    moved = None
    if residents.moved is not None:
        gone_or_come = taxpayers.changed.where(of_organisation())
        theirs = of(branches, gone_or_come.select(_root().alias("root")).distinct(), "root").drop("root")
        touched = gone_or_come.select(*theirs.columns).unionByName(theirs)
        moved = known(residents.moved, touched, taxpayers.changed)
    return Tracked(known(residents.now, companies.unionByName(alone), taxpayers.now), moved)


def _root() -> Column:
    return tax_code_root(F.col("code"))


def of_person() -> Column:
    """Whether a registration is a person's: of an individual, a household business, or a code of either for e-commerce.

    Such a code (`-888`) is a person's whatever type it is registered as (contract §2).
    """
    of_type = F.col("taxpayer_type").isin("individual", "household_business")
    return F.coalesce(of_type, F.lit(False)) | F.col("is_ecommerce_code")


def of_organisation() -> Column:
    """Whether a registration is an organisation's, or a branch's."""
    return F.coalesce(F.col("taxpayer_type") == "organisation", F.lit(False)) & ~F.col("is_ecommerce_code")


def doubtful_subjects(known: Tracked, keep: Keep) -> DataFrame | None:
    """Subjects that may not be what they were: those whose rows have changed, and all of their households."""
    if known.moved is None:
        return None
    members = of(known.now, known.moved.select("household"), "household").select("subject")
    return keep(known.moved.select("subject").unionByName(members).distinct())


def people(subjects: DataFrame) -> DataFrame:
    """Residents among subjects."""
    return subjects.where(F.col("kind") == records.RESIDENT)


def holders_of_ids(stage: Stage, asked: DataFrame) -> DataFrame:
    """Whose the ids of records are. Columns in: those that `records.id_key` asks for."""
    if stage.ids is not None:
        return stage.ids
    wanted = asked.select(records.id_key().alias("id_key")).where("id_key is not null").distinct()
    return records.id_directory(people(stage.subjects.now), wanted)


def changed_ids(stage: Stage) -> DataFrame:
    """Personal ids and CMND whose holder may be another, or bear another name (`changes.keys`)."""
    moved = people(stage.subjects.changed)
    return changes.keys("id", (moved, F.col("person_id")), (moved, F.col("cmnd")))


def trades_by_code(business_date: dt.date) -> Column:
    """Business codes of persons, active or stopped: a shop may be a party by such a code (contract §2)."""
    standing = [
        code for code, status in law.statuses(business_date).items() if status.standing in ("active", "stopped")
    ]
    business = F.coalesce(F.col("taxpayer_type") == "household_business", F.lit(False)) | F.col("is_ecommerce_code")
    return business & F.col("status").isin(standing)
