"""What all steps of the night's match share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.memory import Memory
from jobs.settings import MatchSettings
from jobs.sources import SOURCES
from matching import candidates, changes
from matching.changes import Tracked, of
from matching.model import Parameters
from matching.resolve import Resolution, resolve
from matching.training import Training

Silver = Mapping[str, Tracked]
Keep = Callable[[DataFrame], DataFrame]

# The kind of the subjects that are businesses whose person is not known.
BUSINESS = "business"


def blocks_of(kind: str) -> str:
    """Name under which the blocks over the cap that records of a kind ask for are remembered."""
    return f"{kind}_blocks"


def asked_of(kind: str) -> str:
    """Name under which what records of a kind ask is remembered."""
    return f"{kind}_asked"


@dataclass
class Stage:
    """What all steps of the night's match share, and what they have to report at its end.

    Attributes:
        silver: source → its silver table.
        business_date: the only today.
        since: the date of the match of which something is taken over; None where nothing is.
        settings: thresholds and caps.
        progress: told what is being done.
        keep: computes a frame once.
        memory: of the last match what is taken over, for the next what is left.
        training: what evidence weighs.
        decided: what people have said of shops (`candidates.with_named`); None where they never have.
        subjects: whoever can be found, columns of `candidates.with_keys`.
        ids: whose personal ids and CMND are; None where they are looked up for the records that ask.
        parameters: kind of record → what was estimated.
        blocking: reports of blocking rules.
        cut: kind of record → blocks that were over the cap when the last match asked for them, and are.
    """

    silver: Silver
    business_date: dt.date
    since: dt.date | None
    settings: MatchSettings
    progress: Callable[[str], None]
    keep: Keep
    memory: Memory
    training: Training
    decided: DataFrame | None
    subjects: Tracked
    ids: DataFrame | None
    parameters: dict[str, Parameters] = field(default_factory=dict)
    blocking: list[DataFrame] = field(default_factory=list)
    cut: dict[str, DataFrame] = field(default_factory=dict)

    def records(self, source: str) -> Tracked:
        """A silver table with the key of its rows as `record`."""
        return self.silver[source].mapped(lambda table: table.withColumn("record", SOURCES[source].record_key()))

    def people_and_organisations(self) -> Tracked:
        """Subjects without businesses, which are some only where their person is not known."""
        return self.subjects.mapped(lambda subjects: subjects.where(F.col("kind") != BUSINESS))

    def doubtful(
        self, table: Tracked, asks: Mapping[str, Column], changed: Callable[[], Sequence[DataFrame]]
    ) -> DataFrame | None:
        """Records that may not be what they were, for their rows or a key that they ask for; None: any may.

        Columns in: record and what `asks` needs (`changes.reached`, as `changed`). Columns out: record.
        """
        if table.moved is None:
            return None
        reached = changes.reached(table.now, asks, changed())
        return self.keep(table.moved.select("record").unionByName(reached).distinct())

    def rows(self, table: Tracked, those: DataFrame | None) -> DataFrame:
        """Rows of those records, computed once; of all, if None."""
        return table.now if those is None else self.keep(of(table.now, those, "record"))

    def touched(self, kind: str, asked: Tracked, subjects: Tracked) -> DataFrame | None:
        """Records that the last match's answers may be wrong for (`candidates.touched`); None: any."""
        if asked.moved is None or subjects.moved is None:
            self.progress(f"match: {kind}")
            return None
        cap, blocks = self.settings.max_block, self.keep(candidates.grown(subjects, kind))
        before = self.memory.recall(blocks_of(kind), "key", candidates.CUT)
        self.cut[kind] = candidates.still_cut(before, blocks, cap)
        touched = self.keep(candidates.touched(asked, subjects, kind, blocks, self.cut[kind]))
        self.progress(f"match: {kind}: {touched.count():,} of {asked.now.count():,} anew")
        return touched

    def resolve(
        self,
        kind: str,
        asked: DataFrame,
        subjects: DataFrame,
        before: DataFrame | None = None,
        decided: DataFrame | None = None,
        *,
        are_few: bool,
    ) -> Resolution:
        """Resolve records of a kind; remember its parameters and what its blocking cost."""
        cap, sample = self.settings.max_block, self.settings.sample_records
        known, figures = self.training.parameters.get(kind), self.training.statistics
        usual = asked, subjects, kind, figures, cap, sample, self.keep
        found = resolve(*usual, before, known, decided, are_few=are_few)
        self.parameters[kind] = found.parameters
        self.blocking.append(found.blocking.withColumn("model", F.lit(kind)))
        return found

    def leave_blocks(self, kind: str, found: Resolution) -> None:
        """Lay down, for the next match, which blocks are over the cap: those that were and are, and those found."""
        if self.memory.folder is None:
            return
        cut = candidates.cut(found.proposed)
        if kind in self.cut:
            cut = self.cut[kind].join(cut, "key", "left_anti").unionByName(cut)
        self.memory.remember(blocks_of(kind), cut)


def first(links: DataFrame) -> DataFrame:
    """Of the candidates of each record the best."""
    return links.where("place = 1")


def wanted(rows: DataFrame, column: str, those: DataFrame | None) -> DataFrame | None:
    """Keys that a directory is asked for, as `column`; all, if those are all records."""
    return None if those is None else rows.select(column).distinct()
